/*
 * Who is at the other end of a loopback connection: this process, or another. Any process of this
 * host can connect to the port, thousands of times a second, so what waits is accepted and looked
 * at as a batch: the descriptors of this process are listed once for all of them.
 */
#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay_parts.h"

#define BATCH 64

struct ends {
	struct sockaddr_in near, far;
};

struct batch {
	int fds[BATCH];
	struct ends ends[BATCH];
	size_t count;
	int own; /* index of the newest one of this process; -1: none */
};

static bool ends_of(int fd, struct ends *out)
{
	socklen_t near_size = sizeof(out->near), far_size = sizeof(out->far);

	*out = (struct ends){ 0 };
	return getsockname(fd, (struct sockaddr *)&out->near, &near_size) == 0 &&
	       getpeername(fd, (struct sockaddr *)&out->far, &far_size) == 0 &&
	       out->near.sin_family == AF_INET && out->far.sin_family == AF_INET;
}

static bool is_same(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

static void accept_batch(int listening, struct batch *b)
{
	b->own = -1;
	for (int i = 0; i < BATCH; i++) {
		/* cppcheck-suppress nullPointer ; accept4(2) gives no address then */
		int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		b->fds[b->count] = fd;
		if (ends_of(fd, &b->ends[b->count]))
			b->count++;
		else
			close(fd);
	}
}

/* A connection has two descriptors; ours is the one whose ends are the other way round. The system
 * gives both ends of a connection to nobody else while they are open. */
static void compare(struct batch *b, int fd)
{
	struct ends ends;

	if (!ends_of(fd, &ends))
		return;
	for (size_t i = 0; i < b->count; i++) {
		if (is_same(&ends.near, &b->ends[i].far) && is_same(&ends.far, &b->ends[i].near) &&
		    (int)i > b->own)
			b->own = (int)i;
	}
}

static void find_own(struct batch *b)
{
	DIR *dir = b->count ? opendir("/proc/self/fd") : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name != '.')
			compare(b, atoi(entry->d_name));
	}
	if (dir)
		closedir(dir);
}

int relay_accept_own(int listening)
{
	struct batch b = { .count = 0 };

	accept_batch(listening, &b);
	find_own(&b);
	for (size_t i = 0; i < b.count; i++) {
		if ((int)i != b.own)
			close(b.fds[i]);
	}
	return b.own < 0 ? -1 : b.fds[b.own];
}
