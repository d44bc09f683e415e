/*
 * A lock of fcntl(2) on STATE/lock: it ends with the process, so no crash leaves it locked.
 * flock(2) would live on in a child that has not been killed yet, and the next daemon would not
 * start. Closing any descriptor of the file ends the lock, so nothing else opens it.
 *
 * The state directory itself may be a symbolic link: that is the administrator's choice. What is
 * in it may not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "statedir.h"

#define LOCK "lock"

static int refuse(struct place root, int fd, struct err *e)
{
	char pid[32];
	ssize_t size;

	if (errno != EAGAIN && errno != EACCES)
		return err_sys(e, "lock %s/" LOCK, root.where);
	size = read(fd, pid, sizeof(pid) - 1);
	pid[size > 0 ? size : 0] = '\0';
	return err_set(e, ERR_REFUSED, "another zknginxd (process %ld) uses %s",
		       strtol(pid, NULL, 10), root.where);
}

/* Only for the message above. */
static void write_pid(struct place root, int fd)
{
	char pid[32];
	int size = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) < 0 || write(fd, pid, (size_t)size) < 0)
		log_debug("%s/" LOCK ": %s", root.where, strerrordesc_np(errno));
}

static int take_lock(struct statedir *s, struct err *e)
{
	struct place root = statedir_root(s);
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	s->lock = openat(s->fd, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return err_sys(e, "open %s/" LOCK, s->path);
	if (fcntl(s->lock, F_SETLK, &whole) < 0)
		return refuse(root, s->lock, e);
	write_pid(root, s->lock);
	return 0;
}

static int make(const char *path, struct err *e)
{
	if (mkdir(path, 0755) < 0)
		return errno == EEXIST ? 0 : err_sys(e, "mkdir %s", path);
	/* mkdir is subject to the umask */
	return chmod(path, 0755) < 0 ? err_sys(e, "chmod %s", path) : 0;
}

int statedir_open(struct statedir *s, const char *path, struct err *e)
{
	CLEANUP(disk_close) int cache = -1;

	*s = (struct statedir){
		.path = xstrdup(path),
		.live = xasprintf("%s/live", path),
		.cache = xasprintf("%s/cache", path),
		.generations = xasprintf("%s/generations", path),
		.fd = -1,
		.generations_fd = -1,
		.lock = -1,
	};
	if (make(path, e) < 0)
		return -1;
	s->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0)
		return err_sys(e, "open %s", path);
	if (take_lock(s, e) < 0 ||
	    disk_make_directory(statedir_root(s), "generations", 0755, &s->generations_fd, e) < 0)
		return -1;
	return disk_make_directory(statedir_root(s), "cache", 0755, &cache, e);
}

void statedir_close(struct statedir *s)
{
	disk_close(&s->generations_fd);
	disk_close(&s->fd);
	disk_close(&s->lock);
	free(s->path);
	free(s->live);
	free(s->cache);
	free(s->generations);
}
