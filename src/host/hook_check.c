/*
 * Can only root and this daemon's user change the file that would be run?
 *
 * The path is walked from / down. Each name is opened below the directory that was checked before,
 * never through a path; a symbolic link is read and its target walked in the same way. So `at` is
 * always the real path of `fd`. As every directory on the way belongs to root or to us and nobody
 * else can write it, the path means the same file afterwards: a script needs that, since its
 * interpreter opens it once more. A directory that everybody can write, with the sticky bit, such
 * as /tmp, is refused too: anybody may put a file there.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/buf.h>

#include "hook_check.h"

#define LINKS_MAX 40 /* as the kernel's */

struct walk {
	int fd;        /* of the file or directory that `at` names */
	struct buf at; /* "" is / */
	char *rest;    /* the names that are still to be walked */
	struct stat st;
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
	return err_set(e, ERR_INPUT, "%s: %s", at(w), strerrordesc_np(errno) ?: "error");
}

/* --- one file or directory -------------------------------------------------------------------- */

static int check_owner(const struct walk *w, struct err *e)
{
	if (w->st.st_uid == 0 || w->st.st_uid == geteuid())
		return 0;
	return err_set(e, ERR_INPUT,
		       "%s belongs to user %u, who can change it; give it to root: "
		       "chown root %s",
		       at(w), (unsigned)w->st.st_uid, at(w));
}

static int check_writers(const struct walk *w, struct err *e)
{
	mode_t mode = w->st.st_mode;

	if (!(mode & (S_IWGRP | S_IWOTH)))
		return 0;
	if (S_ISDIR(mode) && mode & S_ISVTX)
		return err_set(e, ERR_INPUT,
			       "%s is a directory that other users may write (mode %04o); move the "
			       "command to one that only root may write, such as /usr/local/sbin",
			       at(w), (unsigned)mode & 07777);
	return err_set(e, ERR_INPUT,
		       "%s may be written by users other than its owner (mode %04o): chmod go-w %s",
		       at(w), (unsigned)mode & 07777, at(w));
}

static int check_executable(const struct walk *w, struct err *e)
{
	if (!(w->st.st_mode & 0111))
		return err_set(e, ERR_INPUT, "%s is not executable: chmod 755 %s", at(w), at(w));
	if (faccessat(w->fd, "", X_OK, AT_EACCESS | AT_EMPTY_PATH) < 0 && errno == EACCES)
		return err_set(
			e, ERR_INPUT,
			"%s may not be executed by the user of zknginxd, or is on a file system "
			"that is mounted with noexec",
			at(w));
	return 0;
}

static int check_one(const struct walk *w, struct err *e)
{
	return check_owner(w, e) < 0 || check_writers(w, e) < 0 ? -1 : 0;
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
	if (enter(w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), e) < 0)
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

	if (enter(w, openat(w->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC), e) < 0)
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
	buf_printf(&w->at, "/%s", name);
	rc = enter(w, openat(below, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), e);
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
	if (rc == 0 && !S_ISREG(w->st.st_mode))
		rc = err_set(e, ERR_INPUT, "%s is not a file", at(w));
	return rc < 0 ? rc : check_executable(w, e);
}

/* Has the file a "#!" line? False also when it cannot be read: then no interpreter could read it.
 */
static bool has_interpreter_line(int fd)
{
	char path[64], mark[2] = { 0 };
	ssize_t got;
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	if (again < 0)
		return false;
	got = read(again, mark, sizeof(mark));
	close(again);
	return got == sizeof(mark) && mark[0] == '#' && mark[1] == '!';
}

int hook_open(const char *path, int *fd, struct err *e)
{
	CLEANUP(walk_fini) struct walk w = { .fd = -1, .rest = xstrdup(path) };
	struct err inner;

	*fd = -1;
	if (path[0] != '/')
		return err_set(e, ERR_INPUT, "%s is not an absolute path", path);
	if (walk(&w, &inner) < 0) {
		if (e)
			*e = inner;
		return strcmp(at(&w), path) == 0 ? -1 : err_wrap(e, "%s", path);
	}
	if (!has_interpreter_line(w.fd)) {
		*fd = w.fd;
		w.fd = -1;
	}
	return 0;
}

int hook_check(const char *path, struct err *e)
{
	int fd, rc = hook_open(path, &fd, e);

	if (fd >= 0)
		close(fd);
	return rc;
}
