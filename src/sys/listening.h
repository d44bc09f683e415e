/* The socket of a server: what metrics.listen names, or --listen. */
#ifndef ZKNGINX_SYS_LISTENING_H
#define ZKNGINX_SYS_LISTENING_H

#include <stdbool.h>
#include <zknginx/err.h>

struct listening {
	int fd;
	bool is_local; /* only this host reaches it */
	char *path;    /* of a unix socket, which its owner removes; else NULL */
	char *host,
		*port; /* as in a URL: "127.0.0.1" or "[::1]", and the port; NULL: unix socket */
};

#define LISTENING_UNIX "unix:"

/* text: "127.0.0.1:9641", "[::1]:9641" or "unix:/run/zknginxd/metrics.sock"; port 0 is any free
 * port. name: of the setting or option, for errors. ERR_INPUT: it is none of these; ERR_SYS:
 * another program has it. A unix socket that a killed daemon has left is replaced. */
int listening_open(const char *name, const char *text, struct listening *out, struct err *e);
/* Its descriptor is the caller's now. */
int listening_take(struct listening *l);
void listening_fini(struct listening *l);

#endif
