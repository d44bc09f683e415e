/* See servers_socket.h. The directory belongs to the daemon, so nobody else can put a socket there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "servers_socket.h"
#include "sys/disk.h"

#define DIRECTORY "/run/zknginxd"

/* systemd separates several by colons. */
static char *runtime_directory(void)
{
	const char *set = getenv("RUNTIME_DIRECTORY");

	if (!set || *set != '/')
		return xstrdup(DIRECTORY);
	return xasprintf("%.*s", (int)strcspn(set, ":"), set);
}

static int open_directory(const char *path, struct err *e)
{
	struct stat st;
	int fd;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "mkdir %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fstat(fd, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	close(fd);
	return err_set(e, ERR_SETTINGS, "%s can be changed by another user", path);
}

static int take_lock(int directory, const char *path, int *lock, struct err *e)
{
	*lock = openat(directory, "nginx.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*lock < 0)
		return err_sys(e, "open %s/nginx.lock", path);
	if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(e, ERR_UNAVAILABLE, "another zknginxd uses %s", path);
	return err_sys(e, "flock %s/nginx.lock", path);
}

/* Every user may connect: whether it is a worker of nginx is seen then. */
static int listen_at(int directory, struct servers_socket *s, struct err *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(s->path) >= sizeof(address.sun_path))
		return err_set(e, ERR_SETTINGS, "%s is too long for a socket", s->path);
	strcpy(address.sun_path, s->path);
	if (unlinkat(directory, "nginx.sock", 0) < 0 && errno != ENOENT)
		return err_sys(e, "unlink %s", s->path);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->listener < 0 ||
	    bind(s->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(directory, "nginx.sock", 0666, 0) < 0 || listen(s->listener, SOMAXCONN) < 0)
		return err_sys(e, "listen on %s", s->path);
	return 0;
}

int servers_socket_open(struct servers_socket *s, struct err *e)
{
	CLEANUP(freep) char *path = runtime_directory();
	int directory = open_directory(path, e), rc;

	*s = SERVERS_SOCKET_CLOSED;
	if (directory < 0)
		return -1;
	rc = take_lock(directory, path, &s->lock, e);
	if (rc == 0) {
		s->path = xasprintf("%s/nginx.sock", path);
		rc = listen_at(directory, s, e);
	}
	close(directory);
	if (rc < 0)
		servers_socket_close(s);
	return rc;
}

void servers_socket_close(struct servers_socket *s)
{
	if (s->listener >= 0)
		unlink(s->path);
	disk_close(&s->listener);
	disk_close(&s->lock);
	free(s->path);
	*s = SERVERS_SOCKET_CLOSED;
}
