/*
 * A socket of our own, so that an error says which address and why. Only numeric addresses: a name
 * could lead to another host later.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listening.h"

#define BACKLOG 512
#define HOST_SIZE 64

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

/* --- addresses -------------------------------------------------------------------------------- */

static int parse_local(const char *name, const char *path, union address *out, struct err *e)
{
	if (*path != '/' || strlen(path) >= sizeof(out->local.sun_path))
		return err_set(e, ERR_INPUT,
			       "%s: \"%s\" is not an absolute path of %zu bytes at most", name,
			       path, sizeof(out->local.sun_path) - 1);
	out->local.sun_family = AF_UNIX;
	memcpy(out->local.sun_path, path, strlen(path) + 1);
	return 0;
}

/* "127.0.0.1:9643" and "[::1]:9643" in two: the host without brackets, and the port. False: it has
 * another form. */
static bool split(const char *text, char host[static HOST_SIZE], const char **port)
{
	bool bracket = text[0] == '[';
	const char *begin = text + bracket;
	const char *end = bracket ? strchr(begin, ']') : begin + strcspn(begin, ":");
	size_t size = end ? (size_t)(end - begin) : 0;

	if (size == 0 || size >= HOST_SIZE || end[bracket] != ':')
		return false;
	memcpy(host, begin, size);
	host[size] = '\0';
	*port = end + bracket + 1;
	return true;
}

static bool parse_host(const char *host, bool v6, union address *out)
{
	out->any.sa_family = v6 ? AF_INET6 : AF_INET;
	return inet_pton(out->any.sa_family, host,
			 v6 ? (void *)&out->v6.sin6_addr : (void *)&out->v4.sin_addr) == 1;
}

static bool parse_port(const char *text, union address *out)
{
	unsigned long port = strtoul(text, NULL, 10);

	if (!*text || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text) ||
	    port > 65535)
		return false;
	if (out->any.sa_family == AF_INET6)
		out->v6.sin6_port = htons((uint16_t)port);
	else
		out->v4.sin_port = htons((uint16_t)port);
	return true;
}

static int parse_numeric(const char *name, const char *text, union address *out, struct err *e)
{
	char host[HOST_SIZE];
	const char *port;

	if (split(text, host, &port) && parse_host(host, text[0] == '[', out) &&
	    parse_port(port, out))
		return 0;
	return err_set(e, ERR_INPUT,
		       "%s: \"%s\" is not a numeric address and a port, such as 127.0.0.1:9643 or "
		       "[::1]:9643",
		       name, text);
}

static socklen_t size_of(const union address *a)
{
	if (a->any.sa_family == AF_UNIX)
		return sizeof(a->local);
	return a->any.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

static bool is_local(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return a->any.sa_family == AF_UNIX || IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

/* --- sockets ---------------------------------------------------------------------------------- */

/* Nobody listens on it: the daemon that made it was killed. */
static void remove_left_over(const union address *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd >= 0 && connect(fd, &a->any, size_of(a)) < 0 && errno == ECONNREFUSED &&
	    lstat(a->local.sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(a->local.sun_path);
	if (fd >= 0)
		close(fd);
}

/* Every local user may connect to it, as to a port on loopback; the directory may restrict that. */
static int bind_local(int fd, const union address *a)
{
	remove_left_over(a);
	if (bind(fd, &a->any, size_of(a)) < 0)
		return -1;
	return chmod(a->local.sun_path, 0666);
}

static int bind_numeric(int fd, const union address *a)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	if (a->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -1;
	return bind(fd, &a->any, size_of(a));
}

static int name_socket(const char *name, struct listening *l, struct err *e)
{
	union address a = { 0 };
	socklen_t size = sizeof(a);
	char host[HOST_SIZE], port[8];

	if (getsockname(l->fd, &a.any, &size) < 0 ||
	    getnameinfo(&a.any, size, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return err_sys(e, "%s: the socket has no address", name);
	l->host = xasprintf(a.any.sa_family == AF_INET6 ? "[%s]" : "%s", host);
	l->port = xstrdup(port);
	return 0;
}

static int listen_on(const char *name, const char *text, const union address *a,
		     struct listening *l, struct err *e)
{
	bool local = a->any.sa_family == AF_UNIX;

	l->fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return err_sys(e, "%s: socket for %s", name, text);
	if ((local ? bind_local(l->fd, a) : bind_numeric(l->fd, a)) < 0 ||
	    listen(l->fd, BACKLOG) < 0)
		return err_sys(e, "%s: %s", name, text);
	if (local)
		l->path = xstrdup(a->local.sun_path);
	return local ? 0 : name_socket(name, l, e);
}

int listening_open(const char *name, const char *text, struct listening *out, struct err *e)
{
	bool local = strncmp(text, LISTENING_UNIX, strlen(LISTENING_UNIX)) == 0;
	union address a = { 0 };

	*out = (struct listening){ .fd = -1 };
	if ((local ? parse_local(name, text + strlen(LISTENING_UNIX), &a, e)
		   : parse_numeric(name, text, &a, e)) < 0)
		return -1;
	out->is_local = is_local(&a);
	if (listen_on(name, text, &a, out, e) == 0)
		return 0;
	listening_fini(out);
	return -1;
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
	free(TAKE(l->host));
	free(TAKE(l->port));
}
