/*
 * The servers of zookeeper.hosts: parsed once, resolved as often as needed on a thread of its own,
 * because a name server may be slow and the library's I/O thread must not wait for it.
 */
#ifndef ZKNGINX_ZK_RESOLVER_H
#define ZKNGINX_ZK_RESOLVER_H

#include "queue.h"

struct hosts;

/* "name:port,…[/chroot]". The default port is 2181; IPv6 addresses are in brackets. */
int hosts_parse(const char *text, struct hosts **out, struct err *e);
void hosts_free(struct hosts *h);
DEFINE_CLEANUP(struct hosts *, hosts_free)

/* The path in zookeeper.hosts below which all paths of the session are: "" or "/chroot". */
const char *hosts_chroot(const char *text);

/* Resolves all names. A NOTE_RESOLVED follows; its addresses ("127.0.0.1:2181 zk1", each with the
 * host that has it) are sorted and unique. */
int resolver_start(const struct hosts *h, struct queue *q, struct err *e);

/* The path below which all paths of the session are: "" or "/chroot". */
const char *hosts_path(const struct hosts *h);

#endif
