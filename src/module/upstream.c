/* See upstream.h. */
#include "upstream.h"

/* --- the data of this process ---------------------------------------------------------------- */

static struct upstreams *all_of(NGX_SESSION *session)
{
	return NGX_PART(get_module_main_conf)(session, ZKNGINX_MODULE);
}

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* A ring takes its time, and an old one is safe: this worker spends at most a twentieth of its time
 * on it. False: it stays old for now. */
static bool renew_ring(struct upstream *u, const struct balancers *b, ngx_log_t *log)
{
	struct points **place = balancers_points(b, u->us);
	uint64_t begin = now_usec();
	bool renewed;

	if (begin < u->rest_until)
		return false;
	renewed = ring_renew(&u->ring, u->servers, log);
	if (renewed)
		*place = u->ring.points;
	u->rest_until = begin + 20 * (now_usec() - begin);
	return renewed;
}

/* nginx would make its own, too small, where it finds none. */
static ngx_int_t renew_ranges(struct upstream *u, const struct balancers *b, ngx_log_t *log)
{
	if (!u->ranges)
		u->ranges = ranges_new(u->servers, log);
	if (!u->ranges)
		return NGX_ERROR;
	ranges_renew(u->ranges, u->servers);
	*balancers_ranges(b, u->us) = u->ranges;
	return NGX_OK;
}

/* Does this process have to look at the servers again? The version is read first: a change after
 * that makes the next request look again. */
static ngx_int_t renew(struct upstream *u, const struct balancers *b, ngx_log_t *log)
{
	ngx_atomic_uint_t version = u->servers->version;

	if (version == u->version)
		return NGX_OK;
	if (u->method == HASH_CONSISTENT && !renew_ring(u, b, log))
		return NGX_OK;
	if ((u->method == RANDOM || u->method == RANDOM_TWO) && renew_ranges(u, b, log) != NGX_OK)
		return NGX_ERROR;
	u->version = version;
	return NGX_OK;
}

/* --- for each request ------------------------------------------------------------------------ */

struct copy {
	struct copy *before; /* of the server that was tried before */
	ngx_str_t name;
	u_char text[NGX_SOCKADDR_STRLEN];
};

/* Stands between the method and what wraps it, if anything does. */
struct pick {
	NGX_UPSTREAM(rr_peer_data_t) *data; /* each method has it first in its own */
	ngx_event_get_peer_pt get;
	ngx_event_free_peer_pt free;
	ngx_event_notify_peer_pt notify;
#if (NGX_SSL || NGX_COMPAT)
	ngx_event_set_peer_session_pt set_session;
	ngx_event_save_peer_session_pt save_session;
#endif
	ngx_pool_t *pool;
	const struct upstreams *all;
	struct upstream *upstream;
	ngx_atomic_uint_t version; /* of the servers when the bits were right */
	ngx_sockaddr_t address;    /* one is enough: nginx forgets the one before */
	struct copy first;         /* the log has a name for each server that was tried */
	struct copy *last;         /* NULL: none was tried */
	bool expected;             /* `data` are what they should be */
};

static struct copy *next_copy(struct pick *p)
{
	return p->last ? ngx_palloc(p->pool, sizeof(struct copy)) : &p->first;
}

static ngx_int_t keep_copy(struct pick *p, ngx_peer_connection_t *pc)
{
	struct copy *copy = next_copy(p);

	if (!copy || pc->name->len > sizeof(copy->text) || pc->socklen > sizeof(p->address))
		return NGX_ERROR;
	copy->before = p->last;
	p->last = copy;
	copy->name.len = pc->name->len;
	copy->name.data = copy->text;
	ngx_memcpy(copy->text, pc->name->data, pc->name->len);
	ngx_memcpy(&p->address, pc->sockaddr, pc->socklen);
	pc->name = &copy->name;
	pc->sockaddr = &p->address.sockaddr;
	return NGX_OK;
}

static bool was_tried(const struct pick *p, const ngx_str_t *name)
{
	const struct copy *c = p->last;

	while (c &&
	       (c->name.len != name->len || ngx_memcmp(c->name.data, name->data, name->len) != 0))
		c = c->before;
	return c != NULL;
}

/* A request has a bit for the place of each server that it tried. After a change, other servers
 * have these places. */
static void mark_tried(struct servers *s, void *data)
{
	const struct pick *p = data;
	const NGX_UPSTREAM(rr_peer_t) *peer = p->data->peers->peer;
	const size_t bits = 8 * sizeof(uintptr_t);

	ngx_memzero(p->data->tried, (s->capacity + bits - 1) / bits * sizeof(uintptr_t));
	for (size_t at = 0; peer && at < s->capacity; at++) {
		if (was_tried(p, &peer->name))
			p->data->tried[at / bits] |= (uintptr_t)1 << at % bits;
		peer = peer->next;
	}
}

static void renew_tried(struct pick *p, ngx_log_t *log)
{
	struct servers *s = p->upstream->servers;

	p->version = s->version;
	renew(p->upstream, &p->all->balancers, log); /* old data are safe */
	servers_read(s, mark_tried, p);
}

static ngx_int_t get(ngx_peer_connection_t *pc, void *data)
{
	struct pick *p = data;
	ngx_int_t rc;

	if (p->last && p->expected && p->version != p->upstream->servers->version)
		renew_tried(p, pc->log);
	rc = p->get(pc, p->data);
	if ((rc != NGX_OK && rc != NGX_DONE) || !pc->sockaddr || !pc->name)
		return rc;
	if (keep_copy(p, pc) != NGX_OK) {
		p->free(pc, p->data, 0);
		pc->sockaddr = NULL;
		return NGX_ERROR;
	}
	return rc;
}

static void give_back(ngx_peer_connection_t *pc, void *data, ngx_uint_t state)
{
	struct pick *p = data;
	ngx_uint_t tries = pc->tries;

	p->free(pc, p->data, state);
	/* nginx takes all tries where there is an only server; there may have been others */
	if (tries > 1)
		pc->tries = tries - 1;
}

static void notify(ngx_peer_connection_t *pc, void *data, ngx_uint_t type)
{
	struct pick *p = data;

	p->notify(pc, p->data, type);
}

#if (NGX_SSL || NGX_COMPAT)
static ngx_int_t set_session(ngx_peer_connection_t *pc, void *data)
{
	struct pick *p = data;

	return p->set_session(pc, p->data);
}

static void save_session(ngx_peer_connection_t *pc, void *data)
{
	struct pick *p = data;

	p->save_session(pc, p->data);
}
#endif

static void wrap_peer(struct pick *p, ngx_peer_connection_t *pc)
{
	p->data = pc->data;
	p->get = pc->get;
	p->free = pc->free;
	p->notify = pc->notify;
	pc->data = p;
	pc->get = get;
	pc->free = give_back;
	if (pc->notify)
		pc->notify = notify;
#if (NGX_SSL || NGX_COMPAT)
	p->set_session = pc->set_session;
	p->save_session = pc->save_session;
	if (pc->set_session)
		pc->set_session = set_session;
	if (pc->save_session)
		pc->save_session = save_session;
#endif
}

static ngx_int_t init_peer(NGX_SESSION *session, NGX_UPSTREAM(srv_conf_t) *us)
{
	struct upstream *u = us->srv_conf[ZKNGINX_MODULE.ctx_index];
	const struct upstreams *all = all_of(session);
	struct pick *p;

	if (!u->servers)
		return u->init(session, us);
	if (renew(u, &all->balancers, session->connection->log) != NGX_OK)
		return NGX_ERROR;
	p = ngx_palloc(SESSION_POOL(session), sizeof(*p));
	if (!p)
		return NGX_ERROR;
	p->pool = SESSION_POOL(session);
	p->all = all;
	p->upstream = u;
	p->version = u->servers->version;
	p->last = NULL;
	if (u->init(session, us) != NGX_OK)
		return NGX_ERROR;
	wrap_peer(p, &session->upstream->peer);
	p->expected = p->data->peers == u->servers->peers;
	return NGX_OK;
}

/* --- when a zone is made --------------------------------------------------------------------- */

/* Stands in a zone's data until the zone is made. */
struct zone_hook {
	ngx_shm_zone_init_pt init;
	void *data;
	struct upstreams *all;
};

static void take_upstream(struct upstream *u, ngx_shm_zone_t *zone)
{
	struct servers *servers = NULL;

	if (u->reason != MODULE_DYNAMIC)
		return;
	u->reason =
		zone->shm.exists ? MODULE_ZONE_KEPT : servers_new(zone, u->us->peer.data, &servers);
	if (u->reason != MODULE_DYNAMIC)
		return;
	u->servers = servers;
	/* nginx made the ring of the configuration, and no ranges */
	u->version = u->method == HASH_CONSISTENT ? servers->version : 0;
}

static ngx_int_t init_zone(ngx_shm_zone_t *zone, void *data)
{
	struct zone_hook *hook = zone->data;
	struct upstream **each = hook->all->each.elts;

	zone->data = hook->data;
	zone->init = hook->init;
	if (zone->init(zone, data) != NGX_OK)
		return NGX_ERROR;
	for (ngx_uint_t i = 0; i < hook->all->each.nelts; i++) {
		if (each[i]->us->shm_zone == zone)
			take_upstream(each[i], zone);
	}
	return NGX_OK;
}

/* Several upstreams may have one zone. */
static ngx_int_t wrap_zone(struct upstreams *all, ngx_shm_zone_t *zone, ngx_pool_t *pool)
{
	struct zone_hook *hook;

	if (zone->init == init_zone)
		return NGX_OK;
	hook = ngx_palloc(pool, sizeof(*hook));
	if (!hook)
		return NGX_ERROR;
	*hook = (struct zone_hook){ zone->init, zone->data, all };
	zone->init = init_zone;
	zone->data = hook;
	return NGX_OK;
}

/* --- when the configuration is read ---------------------------------------------------------- */

/* From this version on nginx changes the lists itself, and keeps more in them. */
#define FIRST_UNKNOWN 1027003

static enum module_reason reason_of(const struct balancers *b, enum balancer method)
{
	if (nginx_version >= FIRST_UNKNOWN)
		return MODULE_UNKNOWN_NGINX;
	if (method == BALANCER_COUNT)
		return MODULE_UNKNOWN_BALANCER;
	return b->each[method].expected ? MODULE_DYNAMIC : MODULE_PRIVATE_LAYOUT;
}

/* Stand in front of the method. What cannot be changed is left as it is. */
static void wrap_method(struct upstream *u, const struct balancers *b)
{
	NGX_UPSTREAM(init_peer_pt) *place = balancers_init_peer(b, u->us, u->method);

	if (!place) {
		u->reason = MODULE_UNKNOWN_BALANCER;
		return;
	}
	u->init = *place;
	*place = init_peer;
}

static ngx_int_t attach(struct upstreams *all, NGX_UPSTREAM(srv_conf_t) *us, ngx_pool_t *pool)
{
	struct upstream *u = us->srv_conf[ZKNGINX_MODULE.ctx_index], **place;

	place = ngx_array_push(&all->each);
	if (!place)
		return NGX_ERROR;
	*place = u;
	u->us = us;
	u->method = balancers_of(&all->balancers, us);
	u->reason = reason_of(&all->balancers, u->method);
	if (u->reason != MODULE_DYNAMIC)
		return NGX_OK;
	wrap_method(u, &all->balancers);
	return wrap_zone(all, us->shm_zone, pool);
}

static int compare(const u_char *a, size_t a_size, const u_char *b, size_t b_size)
{
	int order = ngx_memcmp(a, b, ngx_min(a_size, b_size));

	return order ? order : (a_size > b_size) - (a_size < b_size);
}

static int by_name(const void *a, const void *b)
{
	const ngx_str_t *one = &(*(struct upstream *const *)a)->us->host;
	const ngx_str_t *other = &(*(struct upstream *const *)b)->us->host;

	return compare(one->data, one->len, other->data, other->len);
}

ngx_int_t upstreams_attach(struct upstreams *all, ngx_conf_t *cf)
{
	NGX_UPSTREAM(main_conf_t) *main =
		NGX_PART(conf_get_module_main_conf)(cf, NGX_UPSTREAM(module));
	NGX_UPSTREAM(srv_conf_t) **each = main->upstreams.elts;

	if ((nginx_version < FIRST_UNKNOWN && balancers_init(&all->balancers, cf) != NGX_OK) ||
	    ngx_array_init(&all->each, cf->pool, 16, sizeof(struct upstream *)) != NGX_OK)
		return NGX_ERROR;
	for (ngx_uint_t i = 0; i < main->upstreams.nelts; i++) {
		if (each[i]->shm_zone && each[i]->srv_conf &&
		    attach(all, each[i], cf->pool) != NGX_OK)
			return NGX_ERROR;
	}
	ngx_qsort(all->each.elts, all->each.nelts, sizeof(struct upstream *), by_name);
	return NGX_OK;
}

struct upstream *upstreams_find(const struct upstreams *all, struct module_text name)
{
	struct upstream **each = all->each.elts;
	size_t low = 0, high = all->each.nelts;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const ngx_str_t *host = &each[middle]->us->host;
		int order = compare((const u_char *)name.data, name.size, host->data, host->len);

		if (order == 0)
			return each[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
