/* Resolves and connects; each address of the name in turn. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor_tcp.h"
#include "sys/disk.h"
#include "sys/timing.h"

/* Both ends have one address: the server is on this host. */
static bool is_local(int fd)
{
	struct sockaddr_storage near = { 0 }, far = { 0 };
	socklen_t near_size = sizeof(near), far_size = sizeof(far);

	if (getsockname(fd, (struct sockaddr *)&near, &near_size) < 0 ||
	    getpeername(fd, (struct sockaddr *)&far, &far_size) < 0 ||
	    near.ss_family != far.ss_family)
		return false;
	if (near.ss_family == AF_INET)
		return ((struct sockaddr_in *)&near)->sin_addr.s_addr ==
		       ((struct sockaddr_in *)&far)->sin_addr.s_addr;
	return memcmp(&((struct sockaddr_in6 *)&near)->sin6_addr,
		      &((struct sockaddr_in6 *)&far)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

/* 0, or an errno. */
static int wait_for(int fd, uint64_t timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof(error);

	if (poll(&p, 1, (int)(timeout / USEC_PER_MSEC)) <= 0)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

static int try_address(const struct addrinfo *a, uint64_t timeout, bool *is_here)
{
	CLEANUP(disk_close)
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return errno;
	error = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
	if (error == EINPROGRESS)
		error = wait_for(fd, timeout);
	if (error == 0)
		*is_here = is_local(fd);
	return error;
}

int doctor_tcp_try(const char *server, uint64_t timeout, bool *is_here, struct err *e)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(server, ':'), *begin = server + (*server == '[');
	char host[256];
	struct addrinfo *found;
	int rc, error = EADDRNOTAVAIL;

	if (!colon)
		return err_set(e, ERR_INPUT, "no port");
	snprintf(host, sizeof(host), "%.*s", (int)(colon - begin - (*server == '[')), begin);
	rc = getaddrinfo(host, colon + 1, &hints, &found);
	if (rc != 0)
		return err_set(e, ERR_UNAVAILABLE, "the name does not resolve: %s",
			       gai_strerror(rc));
	for (const struct addrinfo *a = found; a && error != 0; a = a->ai_next)
		error = try_address(a, timeout, is_here);
	freeaddrinfo(found);
	return error == 0 ? 0 : err_set(e, ERR_UNAVAILABLE, "%s", strerrordesc_np(error));
}
