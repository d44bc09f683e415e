/*
 * From the directories that nginx writes to, to steps.
 *
 * Covers never nest in mounts: one tmpfs stands over the outermost directory, and a
 * cover further inside is a real directory in it. All paths are resolved first, so
 * that no step walks through a symbolic link of the host's.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/log.h>
#include <zknginx/tree.h>

#include "sandbox_plan.h"

#define HOST_NAME ".host"
#define DEPTH_MAX 3         /* of the directories recreated in a log directory */
#define DIRECTORIES_MAX 256 /* … and how many */
#define STEPS_MAX 16384

struct cover {
	const char *path;
	bool logs;
};

/* The part of the host that is being turned into steps. */
struct region {
	struct plan *plan;
	const char *root; /* the covered directory */
	const char *host; /* its clone inside itself */
	unsigned recreated;
};

void plan_init(struct plan *p, struct arena *a)
{
	*p = (struct plan){ .arena = a };
}

void plan_fini(struct plan *p)
{
	free(p->covers);
	free(p->omitted);
	free(p->steps);
}

static void add_step(struct plan *p, enum step_kind kind, const char *path, const char *target)
{
	if (p->step_count == p->step_room) {
		p->step_room = p->step_room ? 2 * p->step_room : 64;
		p->steps = xrealloc(p->steps, p->step_room * sizeof(*p->steps));
	}
	p->steps[p->step_count++] = (struct step){ kind, path, target };
}

/* --- covers ----------------------------------------------------------------------------------- */

static bool is_at_or_below(const char *path, const char *ancestor)
{
	return strcmp(path, ancestor) == 0 || path_is_below(path, ancestor);
}

/* The root itself cannot be covered: a mount on it is not seen by who already stands in it. */
static const char *resolve(struct plan *p, const char *path)
{
	CLEANUP(freep) char *real = path[0] == '/' ? realpath(path, NULL) : NULL;

	return real && strcmp(real, "/") != 0 ? arena_strdup(p->arena, real) : NULL;
}

static void add_cover(struct plan *p, const char *real, bool logs)
{
	for (size_t i = 0; i < p->cover_count; i++) {
		if (strcmp(p->covers[i].path, real) == 0) {
			p->covers[i].logs |= logs;
			return;
		}
	}
	p->covers = xrealloc(p->covers, (p->cover_count + 1) * sizeof(*p->covers));
	p->covers[p->cover_count++] = (struct cover){ real, logs };
}

void plan_cover(struct plan *p, const char *directory)
{
	const char *real = resolve(p, directory);

	if (real)
		add_cover(p, real, false);
}

/* "DIRECTORY/name" with its directory resolved. */
static const char *resolve_parent(struct plan *p, const char *file, const char **parent)
{
	const char *slash = strrchr(file, '/');
	const char *directory;

	*parent = NULL;
	if (!slash || slash == file)
		return NULL;
	directory = arena_copy(p->arena, file, (size_t)(slash - file));
	*parent = resolve(p, directory);
	return *parent ? arena_printf(p->arena, "%s%s", *parent, slash) : NULL;
}

void plan_cover_of(struct plan *p, const char *file)
{
	const char *parent;
	const char *real = resolve_parent(p, file, &parent);

	if (!real)
		return;
	add_cover(p, parent, false);
	p->omitted = xrealloc(p->omitted, (p->omitted_count + 1) * sizeof(*p->omitted));
	p->omitted[p->omitted_count++] = real;
}

void plan_cover_logs(struct plan *p, const char *directory, const char *const kept[],
		     size_t kept_count)
{
	const char *real = resolve(p, directory);
	bool logs = true;

	for (size_t i = 0; real && i < kept_count; i++) {
		const char *inside = resolve(p, kept[i]);

		logs = logs && !(inside && is_at_or_below(inside, real));
	}
	if (real)
		add_cover(p, real, logs);
}

/* --- steps ------------------------------------------------------------------------------------ */

static bool is_omitted(const struct plan *p, const char *path)
{
	for (size_t i = 0; i < p->omitted_count; i++) {
		if (strcmp(p->omitted[i], path) == 0)
			return true;
	}
	return false;
}

/* Is there a cover at or below the path? *at: the one that is just there. */
static bool holds_cover(const struct plan *p, const char *path, const struct cover **at)
{
	bool holds = false;

	*at = NULL;
	for (size_t i = 0; i < p->cover_count; i++) {
		if (strcmp(p->covers[i].path, path) == 0)
			*at = &p->covers[i];
		holds = holds || is_at_or_below(p->covers[i].path, path);
	}
	return holds;
}

static void fill(struct region *r, const char *directory, bool logs, unsigned depth);

static void recreate(struct region *r, const char *path, bool logs, unsigned depth)
{
	add_step(r->plan, STEP_MAKE, path, NULL);
	fill(r, path, logs, depth);
}

/* Directories stay, and links to directories; log files go. */
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
		add_step(r->plan, STEP_LINK, path,
			 arena_copy(r->plan->arena, target, (size_t)size));
}

static void place(struct region *r, const char *path, bool logs, unsigned depth)
{
	struct arena *a = r->plan->arena;
	const struct cover *cover;

	if (is_omitted(r->plan, path))
		return;
	if (holds_cover(r->plan, path, &cover))
		recreate(r, path, cover ? cover->logs : logs, 0);
	else if (logs)
		place_log_entry(r, path, depth);
	else
		add_step(r->plan, STEP_LINK, path,
			 arena_printf(a, "%s%s", r->host, path + strlen(r->root)));
}

static void fill(struct region *r, const char *directory, bool logs, unsigned depth)
{
	struct plan *p = r->plan;
	DIR *d = opendir(directory);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    strcmp(name, HOST_NAME) == 0)
			continue;
		if (p->step_count >= STEPS_MAX) {
			log_warning("nginx -t will not see all of %s: it has too many entries",
				    directory);
			break;
		}
		place(r, arena_printf(p->arena, "%s/%s", directory, name), logs, depth);
	}
	closedir(d);
}

static bool is_outermost(const struct plan *p, const struct cover *c)
{
	for (size_t i = 0; i < p->cover_count; i++) {
		if (path_is_below(c->path, p->covers[i].path))
			return false;
	}
	return true;
}

static void cover_region(struct plan *p, const struct cover *c)
{
	struct region r = { .plan = p,
			    .root = c->path,
			    .host = arena_printf(p->arena, "%s/" HOST_NAME, c->path) };

	add_step(p, STEP_COVER, r.root, r.host);
	fill(&r, r.root, c->logs, 0);
}

int plan_finish(struct plan *p, const char *live, struct err *e)
{
	const char *parent;
	const char *real = resolve_parent(p, live, &parent);

	if (!real)
		return err_sys(e, "sandbox: %s", live);
	plan_cover_of(p, live);
	for (size_t i = 0; i < p->cover_count; i++) {
		if (is_outermost(p, &p->covers[i]))
			cover_region(p, &p->covers[i]);
	}
	add_step(p, STEP_ATTACH, real, NULL);
	return 0;
}
