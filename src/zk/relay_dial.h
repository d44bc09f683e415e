/* Dialling: from the address of a server to a connection that can be used, over TCP and then TLS
 * where there is any. The steps are taken when the stream's descriptor is ready. */
#ifndef ZKNGINX_ZK_RELAY_DIAL_H
#define ZKNGINX_ZK_RELAY_DIAL_H

#include "relay_parts.h"
#include "relay_stream.h"

enum dial_result {
	DIAL_WAITS,
	DIAL_DONE,
	DIAL_UNREACHABLE, /* no TCP connection */
	DIAL_REFUSED,     /* no TLS */
};

/* All zero to begin with. */
struct dial {
	bool reached; /* the TCP connection is there */
	char *why;    /* of UNREACHABLE and REFUSED: the rest of a sentence that begins with the
			 server */
	char *stale;  /* why renewed files of TLS could not be used; NULL: they could, or there are
			 none */
};
void dial_fini(struct dial *d);

/* Opens s->fd. WAITS or UNREACHABLE. */
enum dial_result dial_begin(struct dial *d, struct stream *s, const struct relay_server *server);
/* The descriptor is ready. After WAITS: for what, says dial_events(). */
enum dial_result dial_continue(struct dial *d, struct stream *s, struct relay_tls *tls,
			       const struct relay_server *server);
/* What to wait for, as of epoll. */
uint32_t dial_events(const struct dial *d, const struct stream *s);

#endif
