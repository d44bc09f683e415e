/*
 * See states.h. The numbers are copied first, because what reads the lists may be called again, and
 * written to the daemon after that.
 */
#include "states.h"

struct known {
	u_char name[MODULE_NAME_MAX];
	size_t size; /* of the name */
	uint32_t connections, failures;
	bool available;
};

struct copy {
	struct known *items;
	size_t count, room;
};

/* As nginx does before it chooses a server. Failures are forgotten after fail_timeout. */
static bool has_failed(const NGX_UPSTREAM(rr_peer_t) *p)
{
	return p->max_fails && p->fails >= p->max_fails &&
	       ngx_time() - p->checked <= p->fail_timeout;
}

static void copy_server(const struct entry *e, struct known *out)
{
	const NGX_UPSTREAM(rr_peer_t) *p = e->peer;

	*out = (struct known){
		.size = ngx_min(p->server.len, MODULE_NAME_MAX),
		.connections = (uint32_t)p->conns,
		.failures = (uint32_t)p->fails,
		.available = !p->down && !has_failed(p),
	};
	ngx_memcpy(out->name, p->server.data, out->size);
}

static void copy_servers(struct servers *s, void *data)
{
	struct copy *c = data;

	c->count = 0;
	for (size_t i = 0; i < 2; i++) {
		for (const struct entry *e = s->half[i].first; e && c->count < c->room; e = e->next)
			copy_server(e, &c->items[c->count++]);
	}
}

static void put_server(const struct upstream *u, const struct known *k, struct outbox *out)
{
	const struct module_state state = {
		.upstream = { (const char *)u->us->host.data, u->us->host.len },
		.server = { (const char *)k->name, k->size },
		.connections = k->connections,
		.failures = k->failures,
		.available = k->available,
	};

	module_put_state(outbox_begin(out, MODULE_STATE, 2 * (size_t)(MODULE_NAME_MAX + 16)),
			 &state);
	outbox_end(out);
}

/* Returns how many servers were put. */
static size_t put_upstream(const struct upstream *u, size_t most, struct outbox *out)
{
	struct copy c = { .room = ngx_min(u->servers->capacity, most) };

	c.items = malloc(c.room * sizeof(*c.items));
	if (!c.items)
		return 0;
	servers_read(u->servers, copy_servers, &c);
	for (size_t i = 0; i < c.count; i++)
		put_server(u, &c.items[i], out);
	free(c.items);
	return c.count;
}

void states_put(const struct upstreams *all, size_t most, struct outbox *out)
{
	struct upstream **each = all->each.elts;
	size_t count = 0;

	for (ngx_uint_t i = 0; i < all->each.nelts && count < most; i++) {
		size_t length = each[i]->us->host.len;

		if (each[i]->servers && length && length <= MODULE_NAME_MAX)
			count += put_upstream(each[i], most - count, out);
	}
	module_put_id(outbox_begin(out, MODULE_STATE_END, 4), (uint32_t)count);
	outbox_end(out);
}
