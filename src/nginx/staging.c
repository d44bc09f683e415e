/* Writing one generation, file by file. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "generation.h"
#include "staging.h"

void staging_init(struct staging *s)
{
	*s = (struct staging){ .directory = -1 };
	for (size_t i = 0; i < ARRAY_SIZE(s->files); i++)
		s->files[i] = -1;
}

void staging_forget(struct staging *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->files); i++)
		disk_close(&s->files[i]);
	disk_close(&s->directory);
	bundle_unref(TAKE(s->bundle));
	s->has_written = s->is_durable = false;
}

bool staging_has(const struct staging *s, unsigned long n)
{
	return s->has_written && s->written.generation == n;
}

bool staging_is_durable(const struct staging *s, unsigned long n)
{
	return staging_has(s, n) && s->is_durable;
}

/* A new directory under the next number that is free. */
static int make_directory(struct staging *s, struct place all, unsigned long *n, struct err *e)
{
	for (int tries = 0; tries < 16; tries++) {
		struct generation_name name = generation_name(s->next);

		*n = s->next++;
		if (mkdirat(all.fd, name.text, 0755) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(e, "mkdir %s/%s", all.where, name.text);
		log_warning("%s/%s exists already and was not made by zknginxd; using the next "
			    "number",
			    all.where, name.text);
	}
	return err_set(e, ERR_INPUT, "%s holds too many entries that zknginxd did not make",
		       all.where);
}

static int open_directory(struct staging *s, struct place all, const char *where, struct err *e)
{
	if (generation_open(all, s->written.generation, &s->directory, e) < 0)
		return -1;
	/* mkdir is subject to the umask, and nginx may run as any user */
	if (fchmod(s->directory, 0755) < 0)
		return err_sys(e, "chmod %s", where);
	return 0;
}

static int write_files(struct staging *s, const struct bundle *b, const char *where, struct err *e)
{
	struct place at = { s->directory, where };

	/* the master reads them as root, and the sandbox may read every file */
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		if (disk_create(at, bundle_file_name((enum bundle_file)f), 0640,
				bundle_text(b, (enum bundle_file)f)->data,
				bundle_text(b, (enum bundle_file)f)->size, &s->files[f], e) < 0)
			return -1;
	}
	return 0;
}

static int write_manifest(struct staging *s, struct place at, struct err *e)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	manifest_add_digests(&s->written, s->bundle);
	manifest_print(&s->written, s->bundle, time(NULL), &text);
	if (disk_create(at, MANIFEST_NAME, 0644, text.data, text.size, &s->files[BUNDLE_FILE_N],
			e) < 0)
		return -1;
	bundle_unref(TAKE(s->bundle));
	return 0;
}

int staging_write(struct staging *s, struct place all, struct bundle *b, const char *revision,
		  unsigned long *n, struct err *e)
{
	CLEANUP(freep) char *where = NULL;
	struct err why;

	staging_forget(s);
	if (make_directory(s, all, n, e) < 0)
		return -1;
	s->has_written = true;
	s->written = manifest_of(b, *n, revision);
	s->bundle = bundle_ref(b);
	where = generation_path(all, *n);
	if (open_directory(s, all, where, e) == 0 && write_files(s, b, where, e) == 0)
		return 0;
	staging_forget(s);
	if (disk_remove(all, generation_name(*n).text, MANIFEST_NAME, &why) < 0)
		log_warning("%s", why.text);
	return -1;
}

struct bundle *staging_empty_bundle(void)
{
	struct bundle_builder empty;
	struct bundle *b;

	bundle_builder_init(&empty);
	b = bundle_builder_finish(&empty);
	bundle_builder_fini(&empty);
	return b;
}

int staging_complete(struct place all, unsigned long n, struct manifest *m, struct err *e)
{
	CLEANUP(freep) char *where = generation_path(all, n);
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(disk_close) int fd = -1;
	struct bundle *empty = staging_empty_bundle();

	*m = manifest_of(empty, n, "");
	manifest_add_digests(m, empty);
	manifest_print(m, empty, time(NULL), &text);
	bundle_unref(empty);
	if (generation_open(all, n, &fd, e) < 0)
		return -1;
	return disk_replace((struct place){ fd, where }, MANIFEST_NAME, 0644, text.data, text.size,
			    DISK_DURABLE, e);
}

int staging_sync(struct staging *s, struct place all, unsigned long n, struct err *e)
{
	CLEANUP(freep) char *where = generation_path(all, n);
	struct place at = { s->directory, where };

	if (!staging_has(s, n))
		return err_set(e, ERR_INPUT, "generation %lu was not just written", n);
	if (s->bundle && write_manifest(s, at, e) < 0)
		return -1;
	for (int f = 0; f <= BUNDLE_FILE_N; f++) {
		const char *name =
			f < BUNDLE_FILE_N ? bundle_file_name((enum bundle_file)f) : MANIFEST_NAME;

		if (disk_sync(at, name, s->files[f], e) < 0)
			return -1;
		disk_close(&s->files[f]);
	}
	if (disk_sync(at, ".", s->directory, e) < 0)
		return -1;
	if (disk_sync(all, ".", all.fd, e) < 0)
		return -1;
	s->is_durable = true;
	return 0;
}
