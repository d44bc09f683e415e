/*
 * The mounts of the sandbox: a flat list of steps that the child carries out between fork and exec
 * without allocating or formatting anything.
 *
 * Everything is read-only. A directory in which nginx creates something (pid file, logs, temporary
 * directories) is covered with a tmpfs. Its entries stay readable: a clone of the original is
 * attached inside as ".host", and each entry is a symbolic link into it. Of a log directory only
 * the tree of directories is recreated, because nginx writes the log files. The directory that
 * holds `live` is covered in the same way, with a real directory in place of the link. The staged
 * generation is attached there, so a rename of the link meanwhile does not change the test.
 */
#ifndef ZKNGINX_NGINX_SANDBOX_MOUNTS_H
#define ZKNGINX_NGINX_SANDBOX_MOUNTS_H

#include <zknginx/arena.h>
#include <zknginx/err.h>

enum mount_kind {
	MOUNT_COVER,  /* clone `path`, mount a tmpfs over it, attach the clone as `target` */
	MOUNT_MAKE,   /* make the directory `path` */
	MOUNT_LINK,   /* make the symbolic link `path` to `target` */
	MOUNT_ATTACH, /* make the directory `path` and attach the staged one to it */
};

struct mount_step {
	enum mount_kind kind;
	const char *path, *target;
};

struct cover;

struct mounts {
	struct arena *arena; /* borrowed */
	struct cover *covers;
	size_t cover_count;
	const char **omitted; /* paths that are hidden */
	size_t omitted_count;
	struct mount_step *steps;
	size_t step_count, step_room;
};

void mounts_init(struct mounts *m, struct arena *a);
void mounts_fini(struct mounts *m);

/* Cover a directory: its entries stay visible. _of: cover the directory of a file; the file itself
 * is hidden. Paths that do not exist are left out. */
void mounts_cover(struct mounts *m, const char *directory);
void mounts_cover_of(struct mounts *m, const char *file);
/* Cover a log directory: only its directories stay visible. If one of `kept` lies in it, all its
 * entries stay visible. */
void mounts_cover_logs(struct mounts *m, const char *directory, const char *const kept[],
		       size_t kept_count);

/* Compute the steps. live: the path at which the staged directory is attached. */
int mounts_finish(struct mounts *m, const char *live, struct err *e);
/* The same, where nothing is attached. */
void mounts_finish_covers(struct mounts *m);

#endif
