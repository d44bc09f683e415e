/*
 * The relay: the library connects to a port of ours on loopback, and the relay connects to the
 * servers. Nothing that a server sends reaches the library before core/wire has checked it.
 *
 * There is one thread for all ports; it begins with the first port and lives as long as the
 * process. The other threads give it orders through a list, and it answers through the queue of a
 * port's owner: NOTE_SERVER (text: the server of the connection, "127.0.0.1:2181"; "": there is
 * none), NOTE_DISTRUST (text: the server and what is wrong with it), NOTE_SLOW (text: how much of a
 * large answer has arrived), NOTE_STALE (text: why renewed files of TLS cannot be used).
 *
 * A port takes connections only of this process. For each it tries the servers one after the other,
 * beginning with another one than the last, with pauses that grow while that comes to nothing:
 * however often the library connects, the servers see no storm.
 */
#ifndef ZKNGINX_ZK_RELAY_H
#define ZKNGINX_ZK_RELAY_H

#include <sys/socket.h>

#include <zknginx/settings.h>

#include "core/wire/wire.h"
#include "queue.h"

struct relay_port;

/* Listens on a free port of 127.0.0.1. The port keeps a reference to the queue. It has no servers
 * yet: connections wait. */
int relay_open(struct queue *q, const struct wire_limits *limits, const struct tls_settings *tls,
	       struct relay_port **out, struct err *e);
/* Connections end. The port is no longer the caller's; a note may still be on its way. */
void relay_close(struct relay_port *p);

/* Addresses as from the resolver: "127.0.0.1:2181 zk1,::1:2181 zk1". For the next connections; one
 * to a server that is no longer listed stays. */
void relay_set_servers(struct relay_port *p, const char *addresses);
/* "127.0.0.1:45123", for the library. The caller frees. */
char *relay_address(const struct relay_port *p);

#endif
