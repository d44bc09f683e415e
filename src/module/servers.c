/* See servers.h. */
#include "servers.h"
#include "address.h"
#include "turns.h"

/* nginx takes as much of the zone for a server at least. */
#define LEAST_PEER 768
/* --- under both locks ------------------------------------------------------------------------ */

static void begin_change(struct servers *s)
{
	ngx_rwlock_wlock(&s->peers->rwlock);
	ngx_rwlock_wlock(&s->peers->next->rwlock);
	s->version++;
	ngx_memory_barrier();
}

static void unlock(struct servers *s)
{
	ngx_rwlock_unlock(&s->peers->next->rwlock);
	ngx_rwlock_unlock(&s->peers->rwlock);
}

static void end_change(struct servers *s)
{
	ngx_memory_barrier();
	s->version++;
	unlock(s);
}

static NGX_UPSTREAM(rr_peers_t) *list_of(struct servers *s, bool backup)
{
	return backup ? s->peers->next : s->peers;
}

/* What nginx derives from the lists when it reads its configuration. */
static void derive(struct servers *s)
{
	const struct half *primary = &s->half[0], *backup = &s->half[1];

	s->peers->number = primary->number;
	s->peers->total_weight = primary->weight;
	s->peers->weighted = primary->weight != primary->number;
	s->peers->single = primary->number == 1 && !backup->number;
	/* an empty list is never divided by */
	s->peers->next->total_weight = backup->weight ? backup->weight : 1;
	s->peers->next->weighted = backup->weight != backup->number;
}

static void count_in(struct servers *s, struct entry *e)
{
	struct module_server server = entry_describe(e);
	struct half *half = &s->half[e->backup];

	e->digest = module_server_digest(&server);
	s->digest += e->digest;
	half->number++;
	half->weight += server.weight;
	if (!server.down)
		list_of(s, e->backup)->tries++;
	if (!e->backup)
		s->text += server.name.size;
}

static void count_out(struct servers *s, const struct entry *e)
{
	struct half *half = &s->half[e->backup];

	s->digest -= e->digest;
	half->number--;
	half->weight -= (size_t)e->peer->weight;
	if (!e->peer->down)
		list_of(s, e->backup)->tries--;
	if (!e->backup)
		s->text -= e->peer->server.len;
}

static void link_entry(struct servers *s, struct entry *e, struct entry *before)
{
	struct half *half = &s->half[e->backup];

	e->prev = before;
	e->next = before ? before->next : half->first;
	if (e->next)
		e->next->prev = e;
	else
		half->last = e;
	e->peer->next = e->next ? e->next->peer : NULL;
	if (before) {
		before->next = e;
		before->peer->next = e->peer;
	} else {
		half->first = e;
		list_of(s, e->backup)->peer = e->peer;
	}
	e->live = true;
	count_in(s, e);
	derive(s);
}

/* The turns that a server is owed go to its neighbour, so that their sum stays what it was: else
 * it would grow with each removal, and a new server would begin far ahead or behind. */
static void leave_turns(struct entry *e)
{
	struct entry *heir = e->next ? e->next : e->prev;

	if (heir)
		heir->peer->current_weight += e->peer->current_weight;
	e->peer->current_weight = 0;
}

static void unlink_entry(struct servers *s, struct entry *e)
{
	struct half *half = &s->half[e->backup];

	count_out(s, e);
	leave_turns(e);
	if (e->next)
		e->next->prev = e->prev;
	else
		half->last = e->prev;
	if (e->prev) {
		e->prev->next = e->next;
		e->prev->peer->next = e->peer->next;
	} else {
		half->first = e->next;
		list_of(s, e->backup)->peer = e->peer->next;
	}
	/* a worker may still find it in data of its own, and then passes it over */
	e->peer->next = NULL;
	e->peer->down = 1;
	derive(s);
}

static void fill(struct entry *e, const struct module_server *server)
{
	NGX_UPSTREAM(rr_peer_t) *p = e->peer;

	p->weight = p->effective_weight = (ngx_int_t)server->weight;
	p->max_conns = server->max_conns;
	p->max_fails = server->max_fails;
	p->fail_timeout = (time_t)server->fail_timeout;
	p->down = server->down;
}

/* A server that comes begins without failures. Its connections, if it had any, go on counting. */
static void fill_new(struct entry *e, const struct module_server *server)
{
	NGX_UPSTREAM(rr_peer_t) *p = e->peer;

	fill(e, server);
	e->backup = server->backup;
	p->current_weight = 0;
	p->fails = 0;
	p->accessed = p->checked = 0;
}

/* --- changes --------------------------------------------------------------------------------- */

static bool add_again(struct servers *s, const struct module_server *server,
		      const ngx_addr_t *address, struct entry *before)
{
	struct entry *e;
	void *session;

	begin_change(s);
	e = registry_use_again(&s->registry, server, address, &session);
	if (e) {
		fill_new(e, server);
		link_entry(s, e, before);
	}
	end_change(s);
	if (session)
		ngx_slab_free(s->registry.pool, session);
	return e != NULL;
}

static bool add_new(struct servers *s, const struct module_server *server,
		    const ngx_addr_t *address, struct entry *before)
{
	struct entry *e = registry_new(&s->registry, server, address);

	if (!e)
		return false;
	fill_new(e, server);
	begin_change(s);
	registry_put(&s->registry, e);
	link_entry(s, e, before);
	end_change(s);
	return true;
}

enum module_result servers_add(struct servers *s, const struct module_op *op, ngx_log_t *log)
{
	const struct module_server *server = &op->server;
	struct entry *before = op->after.size ? registry_find(&s->registry, op->after) : NULL;
	ngx_addr_t address;
	ngx_pool_t *pool;
	enum module_result result;

	if (registry_find(&s->registry, server->name))
		return MODULE_EXISTS;
	if (op->after.size && (!before || before->backup != server->backup))
		return MODULE_NO_SERVER;
	if (s->half[0].number + s->half[1].number >= s->capacity)
		return MODULE_NO_MEMORY;
	pool = ngx_create_pool(1024, log);
	if (!pool)
		return MODULE_NO_MEMORY;
	if (!address_parse(server->name, pool, &address))
		result = MODULE_BAD_ADDRESS;
	else if (add_again(s, server, &address, before) || add_new(s, server, &address, before))
		result = MODULE_DONE;
	else
		result = MODULE_NO_MEMORY;
	ngx_destroy_pool(pool);
	return result;
}

enum module_result servers_set(struct servers *s, const struct module_server *server)
{
	struct entry *e = registry_find(&s->registry, server->name);

	if (!e || e->backup != server->backup)
		return MODULE_NO_SERVER;
	begin_change(s);
	count_out(s, e);
	fill(e, server);
	count_in(s, e);
	derive(s);
	end_change(s);
	return MODULE_DONE;
}

enum module_result servers_delete(struct servers *s, struct module_text name)
{
	struct entry *e = registry_find(&s->registry, name);

	if (!e)
		return MODULE_NO_SERVER;
	if (!e->backup && s->half[0].number == 1)
		return MODULE_LAST;
	begin_change(s);
	unlink_entry(s, e);
	registry_remove(&s->registry, e);
	end_change(s);
	return MODULE_DONE;
}

bool servers_begin(struct servers *s)
{
	return ngx_atomic_cmp_set(&s->editor, 0, (ngx_atomic_uint_t)ngx_pid);
}

void servers_end(struct servers *s)
{
	if (turns_are_old(s->half)) {
		begin_change(s);
		turns_scale(s->half);
		end_change(s);
	}
	ngx_memory_barrier();
	s->editor = 0;
}

#define READS 3

/* False: a change was made meanwhile. */
static bool read_without_lock(struct servers *s, void (*read)(struct servers *s, void *data),
			      void *data)
{
	ngx_atomic_uint_t version = s->version;

	if (version & 1)
		return false;
	ngx_memory_barrier();
	read(s, data);
	ngx_memory_barrier();
	return s->version == version;
}

void servers_read(struct servers *s, void (*read)(struct servers *s, void *data), void *data)
{
	for (unsigned i = 0; i < READS; i++) {
		if (read_without_lock(s, read, data))
			return;
	}
	ngx_rwlock_rlock(&s->peers->rwlock);
	ngx_rwlock_rlock(&s->peers->next->rwlock);
	read(s, data);
	unlock(s);
}

uint64_t servers_order(const struct servers *s)
{
	uint64_t order = 0;
	size_t left = s->capacity;

	for (unsigned i = 0; i < 2; i++) {
		for (const struct entry *e = s->half[i].first; e && left; e = e->next, left--)
			order = module_order_digest(order, e->digest);
	}
	return order;
}

/* --- a new zone ------------------------------------------------------------------------------ */

/* The list of backup servers, which is there from now on. */
static bool bring_backup(struct servers *s)
{
	NGX_UPSTREAM(rr_peers_t) *backup = s->peers->next;

	if (!backup) {
		backup = ngx_slab_calloc(s->registry.pool, sizeof(*backup));
		if (!backup)
			return false;
		backup->shpool = s->registry.pool;
		backup->name = s->peers->name;
		backup->total_weight = 1;
		s->peers->next = backup;
	}
	backup->number = s->capacity;
	return true;
}

static size_t count_peers(const NGX_UPSTREAM(rr_peers_t) *list)
{
	size_t count = 0;

	for (const NGX_UPSTREAM(rr_peer_t) *p = list ? list->peer : NULL; p; p = p->next)
		count++;
	return count;
}

/* Entries for the peers that nginx made, with so much text to spare for each. False: one is listed
 * twice. */
static bool adopt(struct servers *s, bool backup, struct entry *e, u_char *spare)
{
	NGX_UPSTREAM(rr_peers_t) *list = list_of(s, backup);
	struct half *half = &s->half[backup];

	for (NGX_UPSTREAM(rr_peer_t) *p = list->peer; p; p = p->next, e++) {
		*e = (struct entry){ .peer = p,
				     .prev = half->last,
				     .room = p->server.len,
				     .spare = spare,
				     .backup = backup };
		spare += REGISTRY_TEXT;
		if (registry_find(&s->registry, entry_name(e)))
			return false;
		if (half->last)
			half->last->next = e;
		else
			half->first = e;
		half->last = e;
		e->live = true;
		registry_put(&s->registry, e);
		count_in(s, e);
	}
	return true;
}

/* What nginx made of its configuration stays as it is, and so a reload shows what nginx itself
 * makes of the servers. */
static enum module_reason take_over(struct servers *s)
{
	size_t primary = count_peers(s->peers), backup = count_peers(s->peers->next);
	size_t all = primary + backup;
	struct entry *entries =
		ngx_slab_calloc(s->registry.pool, all * (sizeof(*entries) + REGISTRY_TEXT));
	u_char *spare = (u_char *)(entries + all);
	ngx_uint_t tries = s->peers->tries, backup_tries;
	bool adopted;

	if (!entries || !bring_backup(s))
		return MODULE_ZONE_FULL;
	backup_tries = s->peers->next->tries;
	adopted = adopt(s, false, entries, spare) &&
		  adopt(s, true, entries + primary, spare + primary * REGISTRY_TEXT);
	s->peers->tries = tries;
	s->peers->next->tries = backup_tries;
	return adopted ? MODULE_DYNAMIC : MODULE_LISTED_TWICE;
}

enum module_reason servers_new(ngx_shm_zone_t *zone, NGX_UPSTREAM(rr_peers_t) *peers,
			       struct servers **out)
{
	ngx_slab_pool_t *pool = (ngx_slab_pool_t *)zone->shm.addr;
	struct servers *s = ngx_slab_calloc(pool, sizeof(*s));

	if (!s)
		return MODULE_ZONE_FULL;
	s->peers = peers;
	s->version = 2;
	s->capacity = zone->shm.size / LEAST_PEER;
	if (!registry_init(&s->registry, pool, s->capacity))
		return MODULE_ZONE_FULL;
	*out = s;
	return take_over(s);
}
