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
	struct weighted_name *moved; /* the same server in the next list; NULL: none */
};

/*
 * The ring of a worker, with what it takes to make the next one: only the points of servers that
 * changed are computed and sorted, and merged with the others.
 */
struct ring {
	struct points *points; /* what nginx reads; NULL: nginx has its own */
	struct point *all;     /* also those that an equal one in front of them hides */
	size_t count;          /* of `all` */
	struct weighted_name *names;
	size_t name_count;
};

/* A ring of these names, from an old one or from an empty one. Takes the names when it succeeds;
 * false: no memory. The old one has to be freed after that. */
bool ring_make(const struct ring *old, struct weighted_name *names, size_t count, struct ring *out,
	       ngx_log_t *log);
void ring_fini(struct ring *ring);

/* False: the ring is as old as it was. */
bool ring_renew(struct ring *ring, struct servers *s, ngx_log_t *log);

#endif
