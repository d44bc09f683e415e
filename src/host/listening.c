/* A socket of our own, so that an error says which address and why. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listening.h"

#define BACKLOG 64

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

/* --- addresses -------------------------------------------------------------------------------- */

static int parse_local(const char *path, union address *out, socklen_t *size, struct err *e)
{
	if (*path != '/' || strlen(path) >= sizeof(out->local.sun_path))
		return err_set(
			e, ERR_INPUT,
			"metrics.listen: \"%s\" is not an absolute path of %zu bytes at most", path,
			sizeof(out->local.sun_path) - 1);
	out->local.sun_family = AF_UNIX;
	memcpy(out->local.sun_path, path, strlen(path) + 1);
	*size = sizeof(out->local);
	return 0;
}

static int parse_numeric(const char *text, union address *out, socklen_t *size, struct err *e)
{
	const char *colon = strrchr(text, ':');
	bool v6 = text[0] == '[';
	char host[64];
	size_t length = colon ? (size_t)(colon - text) : 0;
	long port = colon ? strtol(colon + 1, NULL, 10) : 0;

	if (v6 && length >= 2 && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length == 0 || length >= sizeof(host) || port < 1 || port > 65535)
		return err_set(e, ERR_INPUT, "metrics.listen: \"%s\" is not an address and a port",
			       text);
	memcpy(host, text, length);
	host[length] = '\0';
	out->any.sa_family = v6 ? AF_INET6 : AF_INET;
	*size = v6 ? sizeof(out->v6) : sizeof(out->v4);
	if (v6)
		out->v6.sin6_port = htons((uint16_t)port);
	else
		out->v4.sin_port = htons((uint16_t)port);
	if (inet_pton(out->any.sa_family, host,
		      v6 ? (void *)&out->v6.sin6_addr : (void *)&out->v4.sin_addr) != 1)
		return err_set(e, ERR_INPUT, "metrics.listen: \"%s\" is not a numeric address",
			       host);
	return 0;
}

static bool is_local(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return a->any.sa_family == AF_UNIX || IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

/* --- sockets ---------------------------------------------------------------------------------- */

/* Nobody listens on it: the daemon that made it was killed. */
static void remove_left_over(const union address *a, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd >= 0 && connect(fd, &a->any, size) < 0 && errno == ECONNREFUSED &&
	    lstat(a->local.sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(a->local.sun_path);
	if (fd >= 0)
		close(fd);
}

/* Every local user may connect to it, as to a port on loopback; the directory may restrict that. */
static int bind_local(int fd, const union address *a, socklen_t size)
{
	remove_left_over(a, size);
	if (bind(fd, &a->any, size) < 0)
		return -1;
	return chmod(a->local.sun_path, 0666);
}

static int bind_numeric(int fd, const union address *a, socklen_t size)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	if (a->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -1;
	return bind(fd, &a->any, size);
}

int listening_open(const char *text, struct listening *out, struct err *e)
{
	bool local = strncmp(text, LISTENING_UNIX, strlen(LISTENING_UNIX)) == 0;
	const char *path = text + strlen(LISTENING_UNIX);
	union address a = { 0 };
	socklen_t size = 0;

	*out = (struct listening){ .fd = -1 };
	if ((local ? parse_local(path, &a, &size, e) : parse_numeric(text, &a, &size, e)) < 0)
		return -1;
	out->is_local = is_local(&a);
	out->fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out->fd < 0)
		return err_sys(e, "metrics.listen: socket for %s", text);
	if ((local ? bind_local(out->fd, &a, size) : bind_numeric(out->fd, &a, size)) < 0 ||
	    listen(out->fd, BACKLOG) < 0) {
		err_sys(e, "metrics.listen: %s", text);
		listening_fini(out);
		return -1;
	}
	out->path = local ? xstrdup(path) : NULL;
	return 0;
}

int listening_take(struct listening *l)
{
	int fd = l->fd;

	l->fd = -1;
	return fd;
}

void listening_fini(struct listening *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	free(TAKE(l->path));
}
