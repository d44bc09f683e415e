/*
 * Can only root and this daemon's user change the file that would be run, and can it be run?
 *
 * A script is opened once more, by its interpreter: as nobody else can change the way to it, the
 * path means the same file then. A directory that everybody can write, with the sticky bit, such as
 * /tmp, is refused too: anybody may put a file there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "hook_check.h"
#include "sys/trusted_path.h"

static int check_executable(const char *path, int fd, const struct stat *st, struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_INPUT, "%s is not a file", path);
	if (!(st->st_mode & 0111))
		return err_set(e, ERR_INPUT, "%s is not executable: chmod 755 %s", path, path);
	if (faccessat(fd, "", X_OK, AT_EACCESS | AT_EMPTY_PATH) < 0 && errno == EACCES)
		return err_set(
			e, ERR_INPUT,
			"%s may not be executed by the user of zknginxd, or is on a file system "
			"that is mounted with noexec",
			path);
	return 0;
}

/* Has the file a "#!" line? False when it is unreadable: an interpreter could not read it. */
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

static void close_file(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int hook_open(const char *path, int *fd, struct err *e)
{
	struct stat st;

	*fd = -1;
	if (path[0] != '/')
		return err_set(e, ERR_INPUT, "%s is not an absolute path", path);
	if (trusted_path_open(path, STICKY_FORBIDDEN, fd, &st, e) < 0) {
		if (e)
			e->code = ERR_INPUT;
		return -1;
	}
	if (check_executable(path, *fd, &st, e) < 0) {
		close_file(fd);
		return -1;
	}
	if (has_interpreter_line(*fd))
		close_file(fd);
	return 0;
}

int hook_check(const char *path, struct err *e)
{
	int fd, rc = hook_open(path, &fd, e);

	close_file(&fd);
	return rc;
}
