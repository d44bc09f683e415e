/*
 * All servers that an upstream has or had, by their names: an entry for each peer of nginx, in the
 * shared memory of the zone. A removed one is never given back to the zone, because a request or a
 * worker may still point to it. It is used again: for the same server at once, for another server
 * when no request is on it.
 */
#ifndef ZKNGINX_MODULE_REGISTRY_H
#define ZKNGINX_MODULE_REGISTRY_H

#include <stdbool.h>

#include "flavour.h"

/* Room for the text of any server with an IPv4 address. */
#define REGISTRY_TEXT 32

struct entry {
	NGX_UPSTREAM(rr_peer_t) *peer;
	struct entry *prev, *next; /* in nginx's list; of a removed one, among the removed ones */
	struct entry *chain;       /* of the same bucket */
	uint64_t digest;
	size_t room;   /* for the text of the server */
	u_char *spare; /* room for REGISTRY_TEXT, where nginx had less; NULL: taken, or not needed
			*/
	uint32_t hash;
	bool backup, live;
};

struct registry {
	ngx_slab_pool_t *pool;
	struct entry *oldest, *newest; /* removed ones */
	size_t mask;
	struct entry **buckets;
};

struct module_text entry_name(const struct entry *e);
struct module_server entry_describe(const struct entry *e);

/* In a zone of nginx. False: no memory. */
bool registry_init(struct registry *r, ngx_slab_pool_t *pool, size_t capacity);
/* NULL: there is none. */
struct entry *registry_find(const struct registry *r, struct module_text name);
/* A new one, with a peer of this address, not yet registered. NULL: no memory. */
struct entry *registry_new(struct registry *r, const struct module_server *server,
			   const ngx_addr_t *address);

/* Under both locks of the lists: */
void registry_put(struct registry *r, struct entry *e);
/* The entry left its list. */
void registry_remove(struct registry *r, struct entry *e);
/* A removed one, for this server. NULL: none can be used. *session, if any, has to be given back to
 * the zone after the locks. */
struct entry *registry_use_again(struct registry *r, const struct module_server *server,
				 const ngx_addr_t *address, void **session);

#endif
