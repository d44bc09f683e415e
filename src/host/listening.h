/* The socket that metrics.listen names. */
#ifndef ZKNGINX_HOST_LISTENING_H
#define ZKNGINX_HOST_LISTENING_H

#include <stdbool.h>
#include <zknginx/err.h>

struct listening {
	int fd;
	bool is_local; /* only this host reaches it */
	char *path;    /* of a unix socket, which its owner removes; else NULL */
};

#define LISTENING_UNIX "unix:"

/* "127.0.0.1:9641", "[::1]:9641", "unix:/run/zknginxd/metrics.sock". ERR_INPUT: it is none of
 * these; ERR_SYS: another program has it. A unix socket that a killed daemon has left is replaced.
 */
int listening_open(const char *text, struct listening *out, struct err *e);
/* Its descriptor is the caller's now. */
int listening_take(struct listening *l);
void listening_fini(struct listening *l);

#endif
