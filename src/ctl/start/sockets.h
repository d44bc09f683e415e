/* The TCP sockets of this network namespace that listen, and the processes that have them open. */
#ifndef ZKNGINX_CTL_SOCKETS_H
#define ZKNGINX_CTL_SOCKETS_H

#include <zknginx/arena.h>

#include "core/text/listen_address.h"

struct socket {
	enum family family;
	const char *host; /* "127.0.0.1", "[::1]", "*" */
	long port;
	unsigned long inode;
	pid_t owner; /* a process that has it open; 0: not known (only root sees all) */
};

/* In the arena. */
struct socket *sockets_read(struct arena *a, size_t *count);
/* Does a `listen` of this address want what the socket has? */
bool socket_conflicts(const struct socket *s, const struct listen_address *a, long port);

#endif
