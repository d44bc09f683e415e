/* What relay.c (the thread and its ports), relay_link.c (one connection) and relay_peer.c share.
 * The first calls the others; a link calls back through its ops. */
#ifndef ZKNGINX_ZK_RELAY_PARTS_H
#define ZKNGINX_ZK_RELAY_PARTS_H

#include <systemd/sd-event.h>
#include <zknginx/buf.h>

#include "relay.h"
#include "relay_tls.h"

struct relay_server {
	struct sockaddr_storage address;
	socklen_t size;
	char name[64];  /* "127.0.0.1:2181" */
	char host[256]; /* as in zookeeper.hosts, for TLS */
};

/* --- relay_server.c --------------------------------------------------------------------------- */

/* In random order, so that the fleet's hosts spread over the servers. `addresses` as of
 * relay_set_servers(); it is taken apart. The caller frees. */
struct relay_server *relay_servers(char *addresses, size_t *count);

/* --- relay_peer.c ----------------------------------------------------------------------------- */

/* Accepts some of the connections that wait, and closes those of other processes. Returns the
 * newest of this process; -1: there is none. */
int relay_accept_own(int listening);

/* --- relay_link.c ----------------------------------------------------------------------------- */

struct relay_link;

enum link_end {
	LINK_CLIENT_LEFT, /* the library closed it */
	LINK_UNREACHABLE, /* no connection to the server */
	LINK_SERVER_LEFT, /* the server closed it */
	LINK_SILENT,      /* the server accepts the connection and does not answer the handshake */
	LINK_DISTRUSTED,  /* TLS failed, or the server sent what no healthy one sends; the text says
			     what */
};

struct link_ops {
	/* The server accepts the connection. */
	void (*on_server)(void *ctx, struct relay_link *l);
	/* A session was granted. */
	void (*on_granted)(void *ctx, struct relay_link *l);
	/* Renewed files of TLS cannot be used; the old ones stay in force. */
	void (*on_stale)(void *ctx, struct relay_link *l, const char *why);
	/* A frame arrives slowly: `got` of `size` bytes; 0 of 0: it is complete now. */
	void (*on_slow)(void *ctx, struct relay_link *l, size_t got, size_t size);
	/* It is over, and its owner frees it, later: not from within the call. After
	 * LINK_UNREACHABLE the library still waits, and another server can be tried. */
	void (*on_end)(void *ctx, struct relay_link *l, enum link_end end, const char *why);
};

/* Takes the library's connection. tls (NULL: plain text) outlives it. */
struct relay_link *relay_link_new(sd_event *loop, int client, const struct wire_limits *limits,
				  struct relay_tls *tls, const struct link_ops *ops, void *ctx);
void relay_link_free(struct relay_link *l);
/* Begin to connect to a server; once, or again after LINK_UNREACHABLE. */
void relay_link_connect(struct relay_link *l, const struct relay_server *server);
const struct relay_server *relay_link_server(const struct relay_link *l);
/* Does it wait for a server to be chosen? */
bool relay_link_is_waiting(const struct relay_link *l);

#endif
