/* Only numeric addresses: a name could lead to another host later. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"

#define BACKLOG 64
#define HOST_SIZE 64

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "127.0.0.1:9643" and "[::1]:9643" in two: the host without brackets, and the port ("" = there is
 * none). False: it has another form. */
static bool split(const char *text, char host[static HOST_SIZE], const char **port)
{
	bool bracket = text[0] == '[';
	const char *begin = text + bracket;
	const char *end = bracket ? strchr(begin, ']') : begin + strcspn(begin, ":");
	size_t size = end ? (size_t)(end - begin) : 0;

	if (size == 0 || size >= HOST_SIZE)
		return false;
	memcpy(host, begin, size);
	host[size] = '\0';
	end += bracket;
	*port = *end == ':' ? end + 1 : "";
	return *end == ':' || *end == '\0';
}

static bool parse_host(const char *host, union address *out)
{
	*out = (union address){ 0 };
	out->any.sa_family = strchr(host, ':') ? AF_INET6 : AF_INET;
	return inet_pton(out->any.sa_family, host,
			 out->any.sa_family == AF_INET6 ? (void *)&out->v6.sin6_addr
							: (void *)&out->v4.sin_addr) == 1;
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

static bool is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

static socklen_t size_of(const union address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

static int bind_to(int fd, const union address *a)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	if (a->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -1;
	if (bind(fd, &a->any, size_of(a)) < 0)
		return -1;
	return listen(fd, BACKLOG);
}

static int name_socket(struct listen_socket *s, struct err *e)
{
	union address a = { 0 };
	socklen_t size = sizeof(a);
	char host[HOST_SIZE], port[8];

	if (getsockname(s->fd, &a.any, &size) < 0 ||
	    getnameinfo(&a.any, size, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return err_sys(e, "--listen: the socket has no address");
	s->host = xasprintf(a.any.sa_family == AF_INET6 ? "[%s]" : "%s", host);
	s->port = xstrdup(port);
	return 0;
}

int listen_open(const char *text, struct listen_socket *out, struct err *e)
{
	union address a;
	char host[HOST_SIZE];
	const char *port;

	*out = (struct listen_socket){ .fd = -1 };
	if (!split(text, host, &port) || !parse_host(host, &a) || !parse_port(port, &a))
		return err_set(e, ERR_INPUT,
			       "\"%s\" is not a numeric address and a port, such as "
			       "127.0.0.1:9643 or [::1]:9643",
			       text);
	out->loopback = is_loopback(&a);
	out->fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out->fd < 0)
		return err_sys(e, "--listen: socket for %s", text);
	if (bind_to(out->fd, &a) < 0)
		return err_sys(e, "--listen: %s", text);
	return name_socket(out, e);
}

void listen_close(struct listen_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->host);
	free(s->port);
	*s = (struct listen_socket){ .fd = -1 };
}

bool listen_is_address(const char *text)
{
	union address a;
	char host[HOST_SIZE];
	const char *port;

	if (!split(text, host, &port) || (*port && strspn(port, "0123456789") != strlen(port)))
		return false;
	return strcasecmp(host, "localhost") == 0 || parse_host(host, &a);
}
