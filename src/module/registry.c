/* See registry.h. */
#include "registry.h"

/* So many removed servers are looked at for one that can be used again. */
#define LOOKS 8
/* With it a block of this file takes 256 bytes of the zone. */
#define ROOM (256 - sizeof(ngx_sockaddr_t) - NGX_SOCKADDR_STRLEN)

struct module_text entry_name(const struct entry *e)
{
	return (struct module_text){ (const char *)e->peer->server.data, e->peer->server.len };
}

struct module_server entry_describe(const struct entry *e)
{
	const NGX_UPSTREAM(rr_peer_t) *p = e->peer;

	return (struct module_server){
		.name = entry_name(e),
		.weight = (uint32_t)p->weight,
		.max_conns = (uint32_t)p->max_conns,
		.max_fails = (uint32_t)p->max_fails,
		.fail_timeout = (uint32_t)p->fail_timeout,
		.backup = e->backup,
		.down = p->down != 0,
	};
}

/* --- by name --------------------------------------------------------------------------------- */

bool registry_init(struct registry *r, ngx_slab_pool_t *pool, size_t capacity)
{
	size_t buckets = 64;

	while (buckets < capacity)
		buckets *= 2;
	*r = (struct registry){ .pool = pool, .mask = buckets - 1 };
	r->buckets = ngx_slab_calloc(pool, buckets * sizeof(*r->buckets));
	return r->buckets != NULL;
}

static uint32_t hash_name(struct module_text name)
{
	return ngx_murmur_hash2((u_char *)name.data, name.size);
}

static bool is_named(const struct entry *e, uint32_t hash, struct module_text name)
{
	return e->hash == hash && e->peer->server.len == name.size &&
	       ngx_memcmp(e->peer->server.data, name.data, name.size) == 0;
}

struct entry *registry_find(const struct registry *r, struct module_text name)
{
	uint32_t hash = hash_name(name);
	struct entry *e = r->buckets[hash & r->mask];

	while (e && !(e->live && is_named(e, hash, name)))
		e = e->chain;
	return e;
}

/* Only of the same list: requests on it count themselves under the lock of that list. */
static struct entry *find_removed(const struct registry *r, const struct module_server *server)
{
	uint32_t hash = hash_name(server->name);
	struct entry *e = r->buckets[hash & r->mask];

	while (e && (e->live || e->backup != server->backup || !is_named(e, hash, server->name)))
		e = e->chain;
	return e;
}

void registry_put(struct registry *r, struct entry *e)
{
	struct entry **bucket;

	e->hash = hash_name(entry_name(e));
	bucket = &r->buckets[e->hash & r->mask];
	e->chain = *bucket;
	*bucket = e;
}

static void take_from_bucket(struct registry *r, struct entry *e)
{
	struct entry **at = &r->buckets[e->hash & r->mask];

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
}

/* --- removed ones, the oldest first ---------------------------------------------------------- */

void registry_remove(struct registry *r, struct entry *e)
{
	e->live = false;
	e->prev = r->newest;
	e->next = NULL;
	if (r->newest)
		r->newest->next = e;
	else
		r->oldest = e;
	r->newest = e;
}

static void unlink_removed(struct registry *r, struct entry *e)
{
	if (e->prev)
		e->prev->next = e->next;
	else
		r->oldest = e->next;
	if (e->next)
		e->next->prev = e->prev;
	else
		r->newest = e->prev;
}

static bool has_room(const struct entry *e, size_t text)
{
	return e->room >= text || (e->spare && text <= REGISTRY_TEXT);
}

/* One that no request is on: under both locks no count changes. */
static struct entry *take_unused(struct registry *r, size_t text)
{
	struct entry *e;

	for (unsigned i = 0; i < LOOKS && (e = r->oldest); i++) {
		unlink_removed(r, e);
		if (!e->peer->conns && has_room(e, text))
			return e;
		registry_remove(r, e);
	}
	return NULL;
}

/* --- memory of the zone ---------------------------------------------------------------------- */

static void fill_address(struct entry *e, const struct module_server *server,
			 const ngx_addr_t *address)
{
	NGX_UPSTREAM(rr_peer_t) *p = e->peer;

	if (e->room < server->name.size) {
		p->server.data = e->spare;
		e->room = REGISTRY_TEXT;
		e->spare = NULL;
	}
	ngx_memcpy(p->sockaddr, address->sockaddr, address->socklen);
	p->socklen = address->socklen;
	ngx_memcpy(p->name.data, address->name.data, address->name.len);
	p->name.len = address->name.len;
	ngx_memcpy(p->server.data, server->name.data, server->name.size);
	p->server.len = server->name.size;
}

struct entry *registry_use_again(struct registry *r, const struct module_server *server,
				 const ngx_addr_t *address, void **session)
{
	struct entry *e = find_removed(r, server);

	*session = NULL;
	if (e) {
		unlink_removed(r, e);
		return e;
	}
	e = take_unused(r, server->name.size);
	if (!e)
		return NULL;
	*session = e->peer->ssl_session;
	e->peer->ssl_session = NULL;
	e->peer->ssl_session_len = 0;
	take_from_bucket(r, e);
	fill_address(e, server, address);
	registry_put(r, e);
	return e;
}

static void entry_free(struct registry *r, struct entry *e)
{
	if (e->peer)
		ngx_slab_free(r->pool, e->peer);
	ngx_slab_free(r->pool, e);
}

/* One block has the address, its text, and the text of the server. */
static bool bring_block(struct registry *r, struct entry *e, size_t text)
{
	size_t fixed = sizeof(ngx_sockaddr_t) + NGX_SOCKADDR_STRLEN;
	u_char *block;

	e->room = text > ROOM ? text : ROOM;
	block = ngx_slab_calloc(r->pool, fixed + e->room);
	if (!block)
		return false;
	e->peer->sockaddr = (struct sockaddr *)block;
	e->peer->name.data = block + sizeof(ngx_sockaddr_t);
	e->peer->server.data = block + fixed;
	return true;
}

struct entry *registry_new(struct registry *r, const struct module_server *server,
			   const ngx_addr_t *address)
{
	struct entry *e = ngx_slab_calloc(r->pool, sizeof(*e));

	if (!e)
		return NULL;
	e->peer = ngx_slab_calloc(r->pool, sizeof(*e->peer));
	if (!e->peer || !bring_block(r, e, server->name.size)) {
		entry_free(r, e);
		return NULL;
	}
	fill_address(e, server, address);
	return e;
}
