/*
 * The path is walked from / down. Each name is opened below the directory that was checked before,
 * never through a path; a symbolic link is read and its target walked in the same way. So `at` is
 * always the real path of `fd`. As every directory on the way belongs to root or to us and nobody
 * else can write it, the path means the same file afterwards, also to a program that opens it once
 * more.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/buf.h>

#include "trusted_path.h"

#define LINKS_MAX 40 /* as the kernel's */
#define OPEN_FLAGS (O_PATH | O_CLOEXEC)

struct walk {
	int fd;        /* of the file or directory that `at` names */
	struct buf at; /* "" is / */
	char *rest;    /* the names that are still to be walked */
	struct stat st;
	enum trusted_sticky sticky;
	bool is_shared; /* the directory of the last name is a sticky one that others may write */
	unsigned links;
};

static const char *at(const struct walk *w)
{
	return w->at.size ? buf_str(&w->at) : "/";
}

static void walk_fini(struct walk *w)
{
	if (w->fd >= 0)
		close(w->fd);
	buf_fini(&w->at);
	free(w->rest);
}

static int refuse_errno(const struct walk *w, struct err *e)
{
	return err_sys(e, "%s", at(w));
}

/* --- one file or directory -------------------------------------------------------------------- */

static int check_owner(const struct walk *w, struct err *e)
{
	if (w->st.st_uid == 0 || w->st.st_uid == geteuid())
		return 0;
	return err_set(e, ERR_REFUSED,
		       "%s belongs to user %u, who can change it; give it to root: "
		       "chown %sroot %s",
		       at(w), (unsigned)w->st.st_uid, S_ISLNK(w->st.st_mode) ? "-h " : "", at(w));
}

static bool others_may_write(const struct walk *w)
{
	return w->st.st_mode & (S_IWGRP | S_IWOTH);
}

static bool is_sticky(const struct walk *w)
{
	return S_ISDIR(w->st.st_mode) && w->st.st_mode & S_ISVTX;
}

static int refuse_writers(const struct walk *w, struct err *e)
{
	unsigned mode = (unsigned)w->st.st_mode & 07777;

	if (is_sticky(w))
		return err_set(
			e, ERR_REFUSED,
			"%s is a directory that other users may write (mode %04o); %s", at(w), mode,
			w->sticky == STICKY_FORBIDDEN
				? "move the command to one that only root may write, such as "
				  "/usr/local/sbin"
				: "use one that only root may write");
	return err_set(e, ERR_REFUSED,
		       "%s may be written by users other than its owner (mode %04o): chmod %o %s",
		       at(w), mode, mode & ~(unsigned)(S_IWGRP | S_IWOTH), at(w));
}

static int check_one(const struct walk *w, struct err *e)
{
	if (check_owner(w, e) < 0)
		return -1;
	if (!others_may_write(w) || (w->sticky == STICKY_ALLOWED && is_sticky(w)))
		return 0;
	return refuse_writers(w, e);
}

/* --- the way ---------------------------------------------------------------------------------- */

/* Takes the descriptor, and checks the file or directory. */
static int enter(struct walk *w, int fd, struct err *e)
{
	if (fd < 0)
		return refuse_errno(w, e);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = fd;
	return fstat(fd, &w->st) < 0 ? refuse_errno(w, e) : 0;
}

static int begin(struct walk *w, struct err *e)
{
	buf_clear(&w->at);
	if (enter(w, open("/", OPEN_FLAGS | O_DIRECTORY), e) < 0)
		return -1;
	return check_one(w, e);
}

/* `w->fd` is a symbolic link: its target is walked first, from the directory of the link. */
static int follow(struct walk *w, int below, struct err *e)
{
	char target[PATH_MAX];
	ssize_t size = readlinkat(w->fd, "", target, sizeof(target) - 1);
	char *rest;

	if (size < 0)
		return refuse_errno(w, e);
	target[size] = '\0';
	if (w->is_shared && check_owner(w, e) < 0)
		return -1;
	if (++w->links > LINKS_MAX)
		return err_set(e, ERR_INPUT, "%s: too many symbolic links", at(w));
	rest = xasprintf("%s/%s", target, w->rest);
	free(w->rest);
	w->rest = rest;
	if (target[0] == '/')
		return begin(w, e);
	w->at.size = (size_t)(strrchr(w->at.data, '/') - w->at.data);
	w->at.data[w->at.size] = '\0';
	return enter(w, fcntl(below, F_DUPFD_CLOEXEC, 0), e);
}

static int step_up(struct walk *w, struct err *e)
{
	char *slash = w->at.size ? strrchr(w->at.data, '/') : NULL;

	if (enter(w, openat(w->fd, "..", OPEN_FLAGS | O_DIRECTORY), e) < 0)
		return -1;
	if (slash) {
		*slash = '\0';
		w->at.size = (size_t)(slash - w->at.data);
	}
	return check_one(w, e);
}

static int step_down(struct walk *w, const char *name, struct err *e)
{
	int below = fcntl(w->fd, F_DUPFD_CLOEXEC, 0), rc;

	if (below < 0)
		return refuse_errno(w, e);
	w->is_shared = others_may_write(w);
	buf_printf(&w->at, "/%s", name);
	rc = enter(w, openat(below, name, OPEN_FLAGS | O_NOFOLLOW), e);
	if (rc == 0)
		rc = S_ISLNK(w->st.st_mode) ? follow(w, below, e) : check_one(w, e);
	close(below);
	return rc;
}

/* Removes and returns the first of the names that are still to be walked; NULL: there is none. */
static char *next_name(struct walk *w)
{
	size_t blank = strspn(w->rest, "/"), size = strcspn(w->rest + blank, "/");
	char *name = size ? strndup(w->rest + blank, size) : NULL;

	memmove(w->rest, w->rest + blank + size, strlen(w->rest + blank + size) + 1);
	return name;
}

static int walk(struct walk *w, struct err *e)
{
	char *name;
	int rc = begin(w, e);

	while (rc == 0 && (name = next_name(w))) {
		if (!S_ISDIR(w->st.st_mode))
			rc = err_set(e, ERR_INPUT, "%s is not a directory", at(w));
		else if (strcmp(name, "..") == 0)
			rc = step_up(w, e);
		else if (strcmp(name, ".") != 0)
			rc = step_down(w, name, e);
		free(name);
	}
	/* a sticky directory may be on the way, and not the end of it */
	return rc == 0 && others_may_write(w) ? refuse_writers(w, e) : rc;
}

static char *absolute(const char *path)
{
	CLEANUP(freep) char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);

	return here ? xasprintf("%s/%s", here, path) : xstrdup(path);
}

int trusted_path_open(const char *path, enum trusted_sticky sticky, int *fd, struct stat *st,
		      struct err *e)
{
	CLEANUP(freep) char *wanted = absolute(path);
	CLEANUP(walk_fini) struct walk w = { .fd = -1, .rest = xstrdup(wanted), .sticky = sticky };
	struct err inner;

	*fd = -1;
	if (walk(&w, &inner) < 0) {
		if (e)
			*e = inner;
		return strcmp(at(&w), wanted) == 0 ? -1 : err_wrap(e, "%s", path);
	}
	*st = w.st;
	*fd = w.fd;
	w.fd = -1;
	return 0;
}

int trusted_path_check(const char *path, enum trusted_sticky sticky, struct err *e)
{
	struct err why = { 0 };
	struct stat st;
	int fd;

	if (trusted_path_open(path, sticky, &fd, &st, &why) == 0)
		return close(fd);
	if (why.code == ERR_SYS && why.sys == ENOENT)
		return 0;
	if (e)
		*e = why;
	return -1;
}
