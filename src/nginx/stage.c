/*
 * Generations on disk: write, make durable, publish, prune. Opening and putting right what
 * a crash left is in stage_open.c; what goes beside a generation in stage_record.c.
 *
 * A generation is complete once its manifest is there and its files hold what that says;
 * the manifest is written last and removed first. `live` is only ever replaced by a rename,
 * and only names a complete, durable generation.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "proc.h"
#include "stage_disk.h"

#define LINK_NAME "live"
#define LINK_TEMPORARY ".live.tmp"

void stage_configure(struct stage *s, const struct state_settings *settings)
{
	s->keep = settings->keep;
}

unsigned long stage_live(const struct stage *s)
{
	return s->live.generation;
}

const struct digest *stage_live_digest(const struct stage *s)
{
	return &s->live.digest;
}

const char *stage_live_revision(const struct stage *s)
{
	return s->live.revision;
}

const char *stage_live_directory(const struct stage *s)
{
	return s->live_path;
}

const char *stage_cache_directory(const struct stage *s)
{
	return s->cache_path;
}

char *stage_generation_directory(const struct stage *s, unsigned long n)
{
	return xasprintf("%s/%lu", s->generations_path, n);
}

static void forget_written(struct stage *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->written_files); i++)
		disk_close(&s->written_files[i]);
	disk_close(&s->written_directory);
	s->has_written = false;
}

/* A fresh directory under the next number that is free. */
static int make_directory(struct stage *s, unsigned long *n, struct err *e)
{
	for (int tries = 0; tries < 16; tries++) {
		struct generation_name name = generation_name(s->next);

		*n = s->next++;
		if (mkdirat(s->generations, name.text, 0755) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(e, "mkdir %s/%s", s->generations_path, name.text);
		log_warning("%s/%s exists already and is not ours; taking the next number",
			    s->generations_path, name.text);
	}
	return err_set(e, ERR_INPUT, "%s is full of things that are not ours", s->generations_path);
}

static int open_written(struct stage *s, const char *where, struct err *e)
{
	struct generation_name name = generation_name(s->written.generation);

	if (disk_open_directory(stage_shelf(s), name.text, &s->written_directory, e) < 0)
		return -1;
	/* mkdir is subject to the umask, and nginx may be anybody */
	if (fchmod(s->written_directory, 0755) < 0)
		return err_sys(e, "chmod %s", where);
	return 0;
}

static int write_files(struct stage *s, const struct bundle *b, const char *where, struct err *e)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct place at = { s->written_directory, where };

	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		if (disk_create(at, bundle_file_name((enum bundle_file)f), 0644, b->files[f].data,
				b->files[f].size, &s->written_files[f], e) < 0)
			return -1;
	}
	manifest_print(&s->written, b, time(NULL), &text);
	return disk_create(at, MANIFEST_NAME, 0644, text.data, text.size,
			   &s->written_files[BUNDLE_FILE_N], e);
}

int stage_write(struct stage *s, const struct bundle *b, const char *revision, unsigned long *n,
		struct err *e)
{
	CLEANUP(freep) char *where = NULL;

	forget_written(s);
	if (make_directory(s, n, e) < 0)
		return -1;
	s->has_written = true;
	s->written = manifest_of(b, *n, revision);
	where = stage_generation_directory(s, *n);
	if (open_written(s, where, e) == 0 && write_files(s, b, where, e) == 0)
		return 0;
	stage_discard(s, *n);
	return -1;
}

int stage_sync(struct stage *s, unsigned long n, struct err *e)
{
	CLEANUP(freep) char *where = stage_generation_directory(s, n);
	struct place at = { s->written_directory, where };

	if (!s->has_written || s->written.generation != n)
		return err_set(e, ERR_INPUT, "generation %lu was not just written", n);
	for (int f = 0; f <= BUNDLE_FILE_N; f++) {
		const char *name =
			f < BUNDLE_FILE_N ? bundle_file_name((enum bundle_file)f) : MANIFEST_NAME;

		if (disk_sync(at, name, s->written_files[f], e) < 0)
			return -1;
		disk_close(&s->written_files[f]);
	}
	if (disk_sync(at, ".", s->written_directory, e) < 0)
		return -1;
	return disk_sync(stage_root(s), "generations", s->generations, e);
}

bool stage_read_link(const struct stage *s, unsigned long *n)
{
	static const char start[] = "generations/";
	char target[64];
	ssize_t size = readlinkat(s->directory, LINK_NAME, target, sizeof(target) - 1);

	if (size < 0)
		return false;
	target[size] = '\0';
	return strncmp(target, start, strlen(start)) == 0 &&
	       generation_parse(target + strlen(start), n);
}

static int point(const struct stage *s, unsigned long n, struct err *e)
{
	char target[64];

	snprintf(target, sizeof(target), "generations/%lu", n);
	unlinkat(s->directory, LINK_TEMPORARY, 0);
	if (symlinkat(target, s->directory, LINK_TEMPORARY) < 0)
		return err_sys(e, "symlink %s/" LINK_TEMPORARY, s->path);
	if (renameat(s->directory, LINK_TEMPORARY, s->directory, LINK_NAME) == 0)
		return 0;
	err_sys(e, "rename to %s", s->live_path);
	unlinkat(s->directory, LINK_TEMPORARY, 0);
	return -1;
}

int stage_switch(struct stage *s, unsigned long n, struct err *e)
{
	struct manifest m;

	if (s->has_written && s->written.generation == n) {
		m = s->written;
		forget_written(s);
	} else if (stage_verify(s, n, &m, e) < 0) {
		return err_wrap(e, "generation %lu", n);
	}
	if (point(s, n, e) < 0)
		return -1;
	s->live = m;
	s->has_seen = false;
	s->record.has_published = true;
	s->record.published = n;
	s->record.published_at = proc_ticks();
	return 0;
}

int stage_settle(struct stage *s, struct err *e)
{
	/* it only saves a reload after a restart: not worth failing for */
	stage_record_save(s, NULL);
	return disk_sync(stage_root(s), ".", s->directory, e);
}

int stage_publish(struct stage *s, unsigned long n, struct err *e)
{
	struct manifest before = s->live;
	struct stage_record record = s->record;
	unsigned long old;
	bool had = stage_read_link(s, &old);

	if (stage_switch(s, n, e) < 0)
		return -1;
	if (stage_settle(s, e) == 0)
		return 0;
	/* either is whole; but nobody may go on as if this one were published */
	if (had)
		point(s, old, NULL);
	s->live = before;
	s->record = record;
	return -1;
}

void stage_discard(struct stage *s, unsigned long n)
{
	unsigned long live;
	struct err e;

	if (s->has_written && s->written.generation == n)
		forget_written(s);
	/* what the link says counts, should it differ from what we believe */
	if (n == s->live.generation || (stage_read_link(s, &live) && n == live))
		return;
	if (disk_remove(stage_shelf(s), generation_name(n).text, MANIFEST_NAME, &e) < 0)
		log_warning("%s", e.text);
}

/* What the live files are now; false when one of them is not there. */
static bool look(const struct stage *s, struct fingerprint now[BUNDLE_FILE_N], const char **name)
{
	memset(now, 0, BUNDLE_FILE_N * sizeof(*now));
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		char path[64];
		struct stat st;

		*name = bundle_file_name((enum bundle_file)f);
		snprintf(path, sizeof(path), "generations/%lu/%s", s->live.generation, *name);
		if (fstatat(s->directory, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return false;
		now[f] = fingerprint_of(&st);
	}
	return true;
}

static bool files_match(const struct stage *s, const char **name)
{
	CLEANUP(freep) char *where = stage_generation_directory(s, s->live.generation);
	CLEANUP(disk_close) int fd = -1;
	struct digest found;

	*name = LINK_NAME;
	if (disk_open_directory(stage_shelf(s), generation_name(s->live.generation).text, &fd,
				NULL) < 0)
		return false;
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		*name = bundle_file_name((enum bundle_file)f);
		if (disk_digest((struct place){ fd, where }, *name, &found, NULL) < 0 ||
		    !digest_equal(&found, &s->live.files[f]))
			return false;
	}
	return true;
}

static uint64_t reread_ticks(void)
{
	return 3600 * (uint64_t)sysconf(_SC_CLK_TCK);
}

bool stage_live_is_intact(struct stage *s, const char **name)
{
	struct fingerprint now[BUNDLE_FILE_N];
	unsigned long linked;
	/* a failing disk changes no time: the bytes are read again now and then */
	bool same = s->has_seen && proc_ticks() - s->seen_at < reread_ticks();

	*name = LINK_NAME;
	if (!stage_read_link(s, &linked) || linked != s->live.generation || !look(s, now, name))
		return false;
	for (int f = 0; f < BUNDLE_FILE_N; f++)
		same = same && fingerprint_same(&now[f], &s->seen[f]);
	if (same)
		return true;
	s->has_seen = files_match(s, name);
	/* taken before the bytes were read: a later change shows */
	memcpy(s->seen, now, sizeof(now));
	s->seen_at = proc_ticks();
	return s->has_seen;
}

static bool is_spared(const struct stage *s, unsigned long n)
{
	const struct stage_record *r = &s->record;

	return n == s->live.generation || (r->has_applied && n == r->applied.generation);
}

void stage_prune(struct stage *s, unsigned long spare)
{
	CLEANUP(numbers_fini) struct numbers all = { 0 };
	long kept = 0;

	if (stage_list(s, &all, NULL) < 0)
		return;
	for (size_t i = all.count; i-- > 0;) {
		unsigned long n = all.items[i];

		if (n != spare && !is_spared(s, n) && ++kept > s->keep)
			stage_discard(s, n);
	}
}
