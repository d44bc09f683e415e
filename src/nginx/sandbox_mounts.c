/*
 * Turns the directories that nginx writes to into steps.
 *
 * Covers never nest: one tmpfs is mounted over the outermost directory, and a cover further inside
 * is a real directory in it. All paths are resolved first, so that no step follows a symbolic link
 * of the host.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/log.h>
#include <zknginx/tree.h>

#include "sandbox_mounts.h"

#define HOST_NAME ".host"
#define DEPTH_MAX 3         /* of the directories recreated in a log directory */
#define DIRECTORIES_MAX 256 /* … and how many */
#define STEPS_MAX 16384

struct cover {
	const char *path;
	bool logs;
};

/* The covered directory that is being turned into steps. */
struct region {
	struct mounts *mounts;
	const char *root; /* the covered directory */
	const char *host; /* its clone inside itself */
	unsigned recreated;
};

void mounts_init(struct mounts *m, struct arena *a)
{
	*m = (struct mounts){ .arena = a };
}

void mounts_fini(struct mounts *m)
{
	free(m->covers);
	free(m->omitted);
	free(m->steps);
}

static void add_step(struct mounts *m, enum mount_kind kind, const char *path, const char *target)
{
	if (m->step_count == m->step_room) {
		m->step_room = m->step_room ? 2 * m->step_room : 64;
		m->steps = xrealloc(m->steps, m->step_room * sizeof(*m->steps));
	}
	m->steps[m->step_count++] = (struct mount_step){ kind, path, target };
}

/* --- covers ----------------------------------------------------------------------------------- */

/* The root cannot be covered: a process whose root it is already does not see a mount on it. */
static const char *resolve(struct mounts *m, const char *path)
{
	CLEANUP(freep) char *real = path[0] == '/' ? realpath(path, NULL) : NULL;

	return real && strcmp(real, "/") != 0 ? arena_strdup(m->arena, real) : NULL;
}

static void add_cover(struct mounts *m, const char *real, bool logs)
{
	for (size_t i = 0; i < m->cover_count; i++) {
		if (strcmp(m->covers[i].path, real) == 0) {
			m->covers[i].logs |= logs;
			return;
		}
	}
	m->covers = xrealloc(m->covers, (m->cover_count + 1) * sizeof(*m->covers));
	m->covers[m->cover_count++] = (struct cover){ real, logs };
}

void mounts_cover(struct mounts *m, const char *directory)
{
	const char *real = resolve(m, directory);

	if (real)
		add_cover(m, real, false);
}

/* "DIRECTORY/name" with its directory resolved. */
static const char *resolve_parent(struct mounts *m, const char *file, const char **parent)
{
	const char *slash = strrchr(file, '/');
	const char *directory;

	*parent = NULL;
	if (!slash || slash == file)
		return NULL;
	directory = arena_copy(m->arena, file, (size_t)(slash - file));
	*parent = resolve(m, directory);
	return *parent ? arena_printf(m->arena, "%s%s", *parent, slash) : NULL;
}

void mounts_cover_of(struct mounts *m, const char *file)
{
	const char *parent;
	const char *real = resolve_parent(m, file, &parent);

	if (!real)
		return;
	add_cover(m, parent, false);
	m->omitted = xrealloc(m->omitted, (m->omitted_count + 1) * sizeof(*m->omitted));
	m->omitted[m->omitted_count++] = real;
}

void mounts_cover_logs(struct mounts *m, const char *directory, const char *const kept[],
		       size_t kept_count)
{
	const char *real = resolve(m, directory);
	bool logs = true;

	for (size_t i = 0; real && i < kept_count; i++) {
		const char *inside = resolve(m, kept[i]);

		logs = logs && !(inside && path_is_within(inside, real));
	}
	if (real)
		add_cover(m, real, logs);
}

/* --- steps ------------------------------------------------------------------------------------ */

static bool is_omitted(const struct mounts *m, const char *path)
{
	for (size_t i = 0; i < m->omitted_count; i++) {
		if (strcmp(m->omitted[i], path) == 0)
			return true;
	}
	return false;
}

/* Is there a cover at or below the path? *at: the one at the path itself. */
static bool holds_cover(const struct mounts *m, const char *path, const struct cover **at)
{
	bool holds = false;

	*at = NULL;
	for (size_t i = 0; i < m->cover_count; i++) {
		if (strcmp(m->covers[i].path, path) == 0)
			*at = &m->covers[i];
		holds = holds || path_is_within(m->covers[i].path, path);
	}
	return holds;
}

static void fill(struct region *r, const char *directory, bool logs, unsigned depth);

static void recreate(struct region *r, const char *path, bool logs, unsigned depth)
{
	add_step(r->mounts, MOUNT_MAKE, path, NULL);
	fill(r, path, logs, depth);
}

/* Directories and links to directories are kept; log files are left out. */
static void place_log_entry(struct region *r, const char *path, unsigned depth)
{
	struct stat st;
	char target[4096];
	ssize_t size;

	if (depth >= DEPTH_MAX || r->recreated >= DIRECTORIES_MAX || stat(path, &st) < 0 ||
	    !S_ISDIR(st.st_mode))
		return;
	r->recreated++;
	size = readlink(path, target, sizeof(target));
	if (size < 0)
		recreate(r, path, true, depth + 1);
	else if ((size_t)size < sizeof(target))
		add_step(r->mounts, MOUNT_LINK, path,
			 arena_copy(r->mounts->arena, target, (size_t)size));
}

static void place(struct region *r, const char *path, bool logs, unsigned depth)
{
	struct arena *a = r->mounts->arena;
	const struct cover *cover;

	if (is_omitted(r->mounts, path))
		return;
	if (holds_cover(r->mounts, path, &cover))
		recreate(r, path, cover ? cover->logs : logs, 0);
	else if (logs)
		place_log_entry(r, path, depth);
	else
		add_step(r->mounts, MOUNT_LINK, path,
			 arena_printf(a, "%s%s", r->host, path + strlen(r->root)));
}

static void fill(struct region *r, const char *directory, bool logs, unsigned depth)
{
	struct mounts *m = r->mounts;
	DIR *d = opendir(directory);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    strcmp(name, HOST_NAME) == 0)
			continue;
		if (m->step_count >= STEPS_MAX) {
			log_warning("nginx -t will not see all of %s: it has too many entries",
				    directory);
			break;
		}
		place(r, arena_printf(m->arena, "%s/%s", directory, name), logs, depth);
	}
	closedir(d);
}

static bool is_outermost(const struct mounts *m, const struct cover *c)
{
	for (size_t i = 0; i < m->cover_count; i++) {
		if (path_is_below(c->path, m->covers[i].path))
			return false;
	}
	return true;
}

static void cover_region(struct mounts *m, const struct cover *c)
{
	struct region r = { .mounts = m,
			    .root = c->path,
			    .host = arena_printf(m->arena, "%s/" HOST_NAME, c->path) };

	add_step(m, MOUNT_COVER, r.root, r.host);
	fill(&r, r.root, c->logs, 0);
}

void mounts_finish_covers(struct mounts *m)
{
	for (size_t i = 0; i < m->cover_count; i++) {
		if (is_outermost(m, &m->covers[i]))
			cover_region(m, &m->covers[i]);
	}
}

int mounts_finish(struct mounts *m, const char *live, struct err *e)
{
	const char *parent;
	const char *real = resolve_parent(m, live, &parent);

	if (!real)
		return err_sys(e, "sandbox: %s", live);
	mounts_cover_of(m, live);
	mounts_finish_covers(m);
	add_step(m, MOUNT_ATTACH, real, NULL);
	return 0;
}
