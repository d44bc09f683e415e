/*
 * The servers of zookeeper.hosts: parsed once, looked up as often as needed on a
 * thread of their own, since a name server may take its time and the library's
 * I/O thread may not wait for it.
 */
#ifndef ZKNGINX_ZK_RESOLVER_H
#define ZKNGINX_ZK_RESOLVER_H

#include "queue.h"

struct hosts;

/* "name:port,…[/chroot]". Port 2181 where none is given; IPv6 addresses stand in brackets. */
int hosts_parse(const char *text, struct hosts **out, struct err *e);
void hosts_free(struct hosts *h);
DEFINE_CLEANUP(struct hosts *, hosts_free)

/* Where the path below which the session lives begins in zookeeper.hosts: "" or "/chroot". */
const char *hosts_chroot(const char *text);

/* Looks all names up; a NOTE_RESOLVED follows, its addresses sorted, without doubles. */
int resolver_start(const struct hosts *h, struct queue *q, struct err *e);

/*
 * What the library is given: the addresses in random order, not beginning with `last` where there
 * is another (NULL: with any), and an odd number of them (of an even number it would try every
 * other one only), with the chroot behind. The caller frees.
 */
char *resolver_connect_string(const struct hosts *h, const char *addresses, const char *last);

#endif
