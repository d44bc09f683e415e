/*
 * Opening a state directory and putting right what a crash or somebody left in it. After
 * stage_open() the lock is held, `live` names a generation whose bytes match its manifest,
 * and what was never published is gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "stage_disk.h"

#define NO_GENERATION ULONG_MAX

void numbers_fini(struct numbers *n)
{
	free(n->items);
	*n = (struct numbers){ 0 };
}

struct generation_name generation_name(unsigned long n)
{
	struct generation_name name;

	snprintf(name.text, sizeof(name.text), "%lu", n);
	return name;
}

bool generation_parse(const char *name, unsigned long *n)
{
	if (strspn(name, "0123456789") != strlen(name) || strlen(name) > 18 || !*name)
		return false;
	if (name[0] == '0' && name[1])
		return false;
	*n = strtoul(name, NULL, 10);
	return true;
}

static int compare_numbers(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

int stage_list(const struct stage *s, struct numbers *out, struct err *e)
{
	int copy = openat(s->generations, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;
	unsigned long n;

	if (!dir) {
		disk_close(&copy);
		return err_sys(e, "read %s", s->generations_path);
	}
	while ((entry = readdir(dir))) {
		if (!generation_parse(entry->d_name, &n))
			continue;
		out->items = xrealloc(out->items, (out->count + 1) * sizeof(*out->items));
		out->items[out->count++] = n;
	}
	closedir(dir);
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), compare_numbers);
	return 0;
}

static int check_files(struct place at, const struct manifest *m, struct err *e)
{
	struct digest found;

	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		const char *name = bundle_file_name((enum bundle_file)f);

		if (disk_digest(at, name, &found, e) < 0)
			return -1;
		if (!digest_equal(&found, &m->files[f]))
			return err_set(e, ERR_INPUT,
				       "%s/%s does not hold the bytes of its manifest", at.where,
				       name);
	}
	return 0;
}

/* … and, with `bytes`, what its files hold. */
static int read_generation(const struct stage *s, unsigned long n, bool bytes, struct manifest *m,
			   struct err *e)
{
	CLEANUP(freep) char *where = stage_generation_directory(s, n);
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(disk_close) int fd = -1;
	struct place at;

	if (disk_open_directory(stage_shelf(s), generation_name(n).text, &fd, e) < 0)
		return -1;
	at = (struct place){ fd, where };
	if (disk_read(at, MANIFEST_NAME, &text, e) < 0)
		return -1;
	if (manifest_parse(buf_str(&text), text.size, m, e) < 0)
		return err_wrap(e, "%s", where);
	if (m->generation != n)
		return err_set(e, ERR_INPUT, "%s: the manifest is of generation %lu", where,
			       m->generation);
	return bytes ? check_files(at, m, e) : 0;
}

int stage_verify(const struct stage *s, unsigned long n, struct manifest *m, struct err *e)
{
	return read_generation(s, n, true, m, e);
}

static int take_lock(struct stage *s, struct err *e)
{
	char pid[32];
	int size;

	s->lock = openat(s->directory, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return err_sys(e, "open %s/lock", s->path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(e, "lock %s/lock", s->path);
		size = (int)read(s->lock, pid, sizeof(pid) - 1);
		pid[size > 0 ? size : 0] = '\0';
		return err_set(e, ERR_REFUSED, "another zknginxd (process %ld) uses %s",
			       strtol(pid, NULL, 10), s->path);
	}
	/* for the sentence above, no more */
	size = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(s->lock, 0) < 0 || write(s->lock, pid, (size_t)size) < 0)
		log_debug("%s/lock: %s", s->path, strerrordesc_np(errno));
	return 0;
}

static int open_directories(struct stage *s, struct err *e)
{
	int cache = -1;

	if (mkdir(s->path, 0755) == 0) {
		if (chmod(s->path, 0755) < 0)
			return err_sys(e, "chmod %s", s->path);
	} else if (errno != EEXIST) {
		return err_sys(e, "mkdir %s", s->path);
	}
	/* the state directory itself may be a link: that is the administrator's choice */
	s->directory = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->directory < 0)
		return err_sys(e, "open %s", s->path);
	if (take_lock(s, e) < 0)
		return -1;
	if (disk_make_directory(stage_root(s), "generations", 0755, &s->generations, e) < 0 ||
	    disk_make_directory(stage_root(s), "cache", 0755, &cache, e) < 0)
		return -1;
	disk_close(&cache);
	return 0;
}

/* Temporary names of ours, left by a crash. */
static void sweep_temporaries(const struct stage *s)
{
	static const char *const names[] = { ".live.tmp", ".applied.json.tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlinkat(s->directory, names[i], 0);
}

/* What stands above the live one was never published, or was taken back. */
static void sweep_generations(struct stage *s, const struct numbers *all)
{
	unsigned long good;
	struct manifest m;

	for (size_t i = 0; i < all->count; i++) {
		unsigned long n = all->items[i];

		if (n > s->live.generation || stage_verify(s, n, &m, NULL) < 0)
			stage_discard(s, n);
	}
	/* whoever is killed again and again never comes to prune otherwise */
	if (!stage_last_good(s, s->live.generation, &good))
		good = s->live.generation;
	stage_prune(s, good);
}

static int make_first(struct stage *s, struct err *e)
{
	struct bundle_builder empty;
	struct bundle *b;
	unsigned long n;
	int rc;

	bundle_builder_init(&empty);
	b = bundle_builder_finish(&empty);
	bundle_builder_fini(&empty);
	rc = stage_write(s, b, "", &n, e);
	if (rc == 0 && stage_sync(s, n, e) == 0 && stage_publish(s, n, e) == 0)
		log_notice("%s: made an empty generation %lu", s->path, n);
	else if (rc == 0)
		rc = -1;
	bundle_unref(b);
	return rc;
}

/* Are the files there at all, whatever they hold? */
static bool has_files(const struct stage *s, unsigned long n)
{
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		char path[64];

		snprintf(path, sizeof(path), "%lu/%s", n, bundle_file_name((enum bundle_file)f));
		if (faccessat(s->generations, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return false;
	}
	return true;
}

static int recover(struct stage *s, unsigned long broken, const char *why, struct err *e)
{
	unsigned long good;

	if (stage_last_good(s, broken, &good)) {
		log_error("the live generation cannot be used (%s); going back to generation %lu",
			  why, good);
		return stage_publish(s, good, e);
	}
	log_error("the live generation cannot be used (%s) and there is no other one", why);
	if (broken == NO_GENERATION || !has_files(s, broken))
		return make_first(s, e);
	/* an empty configuration would be worse than a damaged one: until the next deployment */
	s->live = (struct manifest){ .generation = broken };
	return 0;
}

/* What was live stays live, whatever somebody has made of its files; false: not even its manifest
 * is left. */
static bool adopt_as_it_is(struct stage *s)
{
	const struct stage_record *r = &s->record;
	unsigned long n = r->published;
	const char *name;

	if (!stage_read_link(s, &n) && !r->has_published)
		return false;
	if (read_generation(s, n, false, &s->live, NULL) < 0)
		return false;
	if (!stage_live_is_intact(s, &name))
		log_warning("%s of the live generation %lu is not as we left it", name, n);
	return true;
}

static int adopt(struct stage *s, const struct numbers *all, struct err *e)
{
	char why[sizeof(e->text)];
	unsigned long n = 0;
	struct err bad;

	if (!stage_read_link(s, &n)) {
		if (!all->count && faccessat(s->directory, "live", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return make_first(s, e);
		snprintf(why, sizeof(why), "%s does not lead to a generation", s->live_path);
		return recover(s, NO_GENERATION, why, e);
	}
	if (stage_verify(s, n, &s->live, &bad) < 0) {
		memcpy(why, bad.text, sizeof(why));
		return recover(s, n, why, e);
	}
	return 0;
}

/* Numbers never go back, so that no record of an old generation can be about a new one. */
static void find_next(struct stage *s, const struct numbers *all)
{
	const struct stage_record *r = &s->record;
	unsigned long linked;

	if (all->count)
		s->next = all->items[all->count - 1] + 1;
	if (stage_read_link(s, &linked) && linked >= s->next)
		s->next = linked + 1;
	if (r->has_applied && r->applied.generation >= s->next)
		s->next = r->applied.generation + 1;
	if (r->has_published && r->published >= s->next)
		s->next = r->published + 1;
}

static int open_stage(const struct state_settings *settings, bool as_it_is, struct stage **out,
		      struct err *e)
{
	CLEANUP(numbers_fini) struct numbers all = { 0 };
	CLEANUP(stage_closep) struct stage *s = xcalloc(1, sizeof(*s));

	s->directory = s->generations = s->lock = s->written_directory = -1;
	for (size_t i = 0; i < ARRAY_SIZE(s->written_files); i++)
		s->written_files[i] = -1;
	s->keep = settings->keep;
	s->path = xstrdup(settings->directory);
	s->live_path = xasprintf("%s/live", s->path);
	s->cache_path = xasprintf("%s/cache", s->path);
	s->generations_path = xasprintf("%s/generations", s->path);
	if (open_directories(s, e) < 0)
		return -1;
	stage_record_load(s);
	sweep_temporaries(s);
	if (stage_list(s, &all, e) < 0)
		return -1;
	find_next(s, &all);
	if (!(as_it_is && adopt_as_it_is(s)) && adopt(s, &all, e) < 0)
		return -1;
	sweep_generations(s, &all);
	*out = TAKE(s);
	return 0;
}

int stage_open(const struct state_settings *settings, struct stage **out, struct err *e)
{
	return open_stage(settings, false, out, e);
}

int stage_open_as_it_is(const struct state_settings *settings, struct stage **out, struct err *e)
{
	return open_stage(settings, true, out, e);
}

void stage_close(struct stage *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(s->written_files); i++)
		disk_close(&s->written_files[i]);
	disk_close(&s->written_directory);
	disk_close(&s->generations);
	disk_close(&s->directory);
	/* explicitly: a child that is just being killed may hold the descriptor, too */
	if (s->lock >= 0)
		flock(s->lock, LOCK_UN);
	disk_close(&s->lock);
	free(s->path);
	free(s->live_path);
	free(s->cache_path);
	free(s->generations_path);
	free(s);
}
