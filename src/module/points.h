/*
 * The ring of "hash … consistent": 160 points for each unit of a server's weight. nginx makes it
 * once, when it reads the configuration, in memory of its own process; each worker has to make it
 * again after a change.
 *
 * A worker's ring may be older than the servers: nginx compares the text of a point with the
 * servers of now, and passes over a point without a server.
 */
#ifndef ZKNGINX_MODULE_POINTS_H
#define ZKNGINX_MODULE_POINTS_H

#include "servers.h"

struct point {
	uint32_t hash;
	ngx_str_t *server;
};

/* As nginx 1.22 keeps it, which no header says: balancers.c compares it with one that nginx made.
 */
struct points {
	ngx_uint_t number;
	struct point point[];
};

struct weighted_name {
	ngx_str_t name;
	ngx_uint_t weight;
};

/* NULL: no memory. The names have to live as long as the points. For free(). */
struct points *points_new(const struct weighted_name *names, size_t count, ngx_log_t *log);

/* The ring of a worker. */
struct ring {
	struct points *points; /* what nginx reads: its own, or ours */
	void *memory;          /* of the names; NULL: the points are nginx's */
};

/* False: the ring is as old as it was. */
bool ring_renew(struct ring *ring, struct servers *s, ngx_log_t *log);

#endif
