/*
 * One fingerprint per file; a call compares a few hundred of them, and nginx.conf each time. A file
 * that is not there has the empty fingerprint.
 *
 * A file that was changed while nginx -T ran may have been read before or after the change. It gets
 * no fingerprint, so the next look finds it changed and one more test follows. Times in the future
 * (the clock was set back) do not count as changes, because the tests would never end.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zknginx/err.h>

#include "conffiles.h"
#include "fingerprint.h"

#define BATCH 256
#define RESTLESS (30 * USEC_PER_SEC)

struct conffile {
	char *path;
	struct fingerprint tested;
};

struct conffiles {
	struct conffile *items;
	size_t count, room;
	size_t next;           /* where the next look goes on */
	struct timespec began; /* the test; the clock of the file system */
	bool changed;          /* since the last test */
	bool reported;
	uint64_t first_at, changed_at; /* the first and the last change that was not reported yet */
};

struct conffiles *conffiles_new(void)
{
	return xcalloc(1, sizeof(struct conffiles));
}

static void forget(struct conffiles *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->items[i].path);
	c->count = c->next = 0;
}

void conffiles_free(struct conffiles *c)
{
	if (!c)
		return;
	forget(c);
	free(c->items);
	free(c);
}

static void add(struct conffiles *c, const char *path, size_t size)
{
	if (c->count == c->room) {
		c->room = c->room ? 2 * c->room : 16;
		c->items = xrealloc(c->items, c->room * sizeof(*c->items));
	}
	c->items[c->count++] = (struct conffile){ .path = strndup(path, size) };
}

static bool is_below(const char *path, size_t size, const char *directory)
{
	size_t prefix = strlen(directory);

	return size > prefix && strncmp(path, directory, prefix) == 0 && path[prefix] == '/';
}

static void list(struct conffiles *c, const char *files, const char *ours)
{
	forget(c);
	while (*files) {
		size_t size = strcspn(files, "\n");

		if (size && !is_below(files, size, ours))
			add(c, files, size);
		files += size + (files[size] == '\n');
	}
}

static struct fingerprint look_at(const struct conffile *f)
{
	struct stat st;

	/* through links: it is the text that counts */
	return stat(f->path, &st) == 0 ? fingerprint_of(&st) : (struct fingerprint){ 0 };
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static struct timespec file_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now;
}

void conffiles_begin(struct conffiles *c)
{
	c->began = file_time();
}

void conffiles_tested(struct conffiles *c, const char *files, const char *ours)
{
	struct timespec ended = file_time();

	if (files)
		list(c, files, ours);
	for (size_t i = 0; i < c->count; i++) {
		struct fingerprint now = look_at(&c->items[i]);

		if (!is_before(&now.changed, &c->began) && !is_before(&ended, &now.changed))
			now = (struct fingerprint){ .size = -1 };
		c->items[i].tested = now;
	}
	c->changed = c->reported = false;
}

static bool has_changed(struct conffile *f)
{
	struct fingerprint now = look_at(f);

	if (fingerprint_same(&now, &f->tested))
		return false;
	f->tested = now;
	return true;
}

static void note_change(struct conffiles *c, uint64_t now)
{
	if (!c->changed || c->reported)
		c->first_at = now;
	c->changed = true;
	c->reported = false;
	c->changed_at = now;
}

bool conffiles_have_changed(struct conffiles *c, uint64_t now, uint64_t rest)
{
	bool changed = c->count > 0 && has_changed(&c->items[0]);

	for (size_t i = 0; i < BATCH && i < c->count; i++, c->next++)
		changed = has_changed(&c->items[c->next % c->count]) || changed;
	if (changed)
		note_change(c, now);
	if (!c->changed || c->reported ||
	    (now < c->changed_at + rest && now < c->first_at + RESTLESS))
		return false;
	c->reported = true;
	return true;
}

bool conffiles_are_tested(const struct conffiles *c)
{
	return !c->changed;
}
