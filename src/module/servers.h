/*
 * The servers of one upstream, in the shared memory of its zone: nginx's own lists of peers, and an
 * entry for each peer so that a change needs no walk.
 *
 * How a change is safe while requests run, in nginx 1.22:
 *
 * - nginx walks the lists under the locks of the lists. A change takes both locks for writing, and
 *   between lock and unlock there are plain stores only: nothing that can fail, wait or allocate. A
 *   process that dies inside the lock stops all workers.
 * - A request keeps a pointer to its peer while the peer's `conns` counts it. A removed peer is
 *   never given back to the zone. It is used again only for this upstream, and for another server
 *   only when its `conns` is 0.
 * - A request has a bit for each peer that it tried, as many as the longer list had peers when it
 *   began. The list of backup servers, which is there even when it is empty, says that it has
 *   `capacity` peers: so the bits suffice for every list that this file can make.
 * - hash and ip_hash walk until the weights are used up: the sum of the weights is right at each
 *   unlock, and never 0. So the last server cannot be deleted.
 */
#ifndef ZKNGINX_MODULE_SERVERS_H
#define ZKNGINX_MODULE_SERVERS_H

#include "registry.h"

/* One of the two lists. */
struct half {
	struct entry *first, *last;
	size_t number, weight;
	size_t turns; /* the weight that turns.h brought them to; 0: none yet */
};

struct servers {
	ngx_atomic_t editor;  /* the pid of the worker that changes them; 0: none */
	ngx_atomic_t version; /* two more with each change; odd: one is being made */
	uint64_t digest;
	NGX_UPSTREAM(rr_peers_t) *peers;
	size_t capacity;
	size_t text;         /* of the names of all primary servers, in bytes */
	struct half half[2]; /* primary, backup */
	struct registry registry;
};

/* For a zone that nginx has just filled. Takes memory of the zone. */
enum module_reason servers_new(ngx_shm_zone_t *zone, NGX_UPSTREAM(rr_peers_t) *peers,
			       struct servers **out);

/* One worker changes them at a time. False: another one does. A change ends with servers_end(). */
bool servers_begin(struct servers *s);
void servers_end(struct servers *s);

/* Between the two: */
enum module_result servers_add(struct servers *s, const struct module_op *op, ngx_log_t *log);
enum module_result servers_set(struct servers *s, const struct module_server *server);
enum module_result servers_delete(struct servers *s, struct module_text name);

/*
 * At any time: call `read` until no change was made meanwhile. A long list is read without the
 * locks, so that a process that dies then does not stop the others. What `read` finds may be of two
 * lists, but all of it is readable memory: it takes no more than `capacity` servers, and no text
 * longer than its own room. When changes come too fast, the last call is made under the locks.
 */
void servers_read(struct servers *s, void (*read)(struct servers *s, void *data), void *data);
/* A digest of their order: all primary ones, then all backup ones. For `read`. */
uint64_t servers_order(const struct servers *s);

#endif
