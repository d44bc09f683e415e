/* The socket of --listen. */
#ifndef ZKNGINX_CTL_UI_LISTEN_H
#define ZKNGINX_CTL_UI_LISTEN_H

#include <stdbool.h>
#include <zknginx/err.h>

struct listen_socket {
	int fd;
	bool loopback;     /* only this host reaches it */
	char *host, *port; /* as a URL has them: "127.0.0.1" or "[::1]", and the real port */
};

/* text: "127.0.0.1:9643" or "[::1]:9643"; port 0 is any free port. ERR_INPUT: it is not such an
 * address. End it with listen_close(). */
int listen_open(const char *text, struct listen_socket *out, struct err *e);
void listen_close(struct listen_socket *s);

/* Is the host of this "HOST[:PORT]" (a header) a numeric address or "localhost"? */
bool listen_is_address(const char *host);

#endif
