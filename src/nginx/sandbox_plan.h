/*
 * What the sandbox's file system is made of, as a flat list of steps that the child
 * carries out between fork and exec without allocating or formatting anything.
 *
 * Everything is read-only. A directory in which nginx creates something (pid file,
 * logs, temporary directories) is covered with a tmpfs. What was in it stays
 * readable: a clone of the original is attached inside as ".host", and each entry is
 * a symbolic link into it. Of a log directory only the tree of directories is
 * recreated, for the log files are to be written. The directory which holds `live` is
 * covered likewise, with a real directory in place of the link: there the staged
 * generation is attached, out of reach of whoever renames the link meanwhile.
 */
#ifndef ZKNGINX_NGINX_SANDBOX_PLAN_H
#define ZKNGINX_NGINX_SANDBOX_PLAN_H

#include <zknginx/arena.h>
#include <zknginx/err.h>

enum step_kind {
	STEP_COVER,  /* clone `path`, mount a tmpfs over it, attach the clone as `target` */
	STEP_MAKE,   /* make the directory `path` */
	STEP_LINK,   /* make the symbolic link `path` to `target` */
	STEP_ATTACH, /* make the directory `path` and attach the staged one to it */
};

struct step {
	enum step_kind kind;
	const char *path, *target;
};

struct cover;

struct plan {
	struct arena *arena; /* borrowed */
	struct cover *covers;
	size_t cover_count;
	const char **omitted; /* paths that do not show through */
	size_t omitted_count;
	struct step *steps;
	size_t step_count, step_room;
};

void plan_init(struct plan *p, struct arena *a);
void plan_fini(struct plan *p);

/* A directory whose entries show through; that of a file, which itself does not. Paths that do
 * not exist are left out. */
void plan_cover(struct plan *p, const char *directory);
void plan_cover_of(struct plan *p, const char *file);
/* A directory of which only the directories are kept; not honoured where `kept` lies in it. */
void plan_cover_logs(struct plan *p, const char *directory, const char *const kept[],
		     size_t kept_count);

/* Work out the steps. live: the path that the staged directory takes. */
int plan_finish(struct plan *p, const char *live, struct err *e);

#endif
