/* See dump.h. */
#include "dump.h"

#ifdef ZKNGINX_MODULE_TEST

static uint64_t fold_text(uint64_t digest, const ngx_str_t *text)
{
	for (size_t i = 0; i < text->len; i++)
		digest = module_order_digest(digest, text->data[i]);
	return digest;
}

static uint64_t ring_digest(const struct points *points)
{
	uint64_t digest = points->number;

	for (ngx_uint_t i = 0; i < points->number; i++) {
		digest = module_order_digest(digest, points->point[i].hash);
		digest = fold_text(digest, points->point[i].server);
	}
	return digest;
}

/* Those after the last server are endless. */
static uint64_t ranges_digest(const struct range *ranges, const struct servers *s)
{
	uint64_t digest = s->half[0].number;

	for (size_t i = 0; i <= s->capacity; i++) {
		digest = module_order_digest(digest, ranges[i].begin);
		if (i < s->half[0].number)
			digest = fold_text(digest, &ranges[i].peer->server);
	}
	return digest;
}

static uint64_t own_digest(const struct upstreams *all, struct upstream *u)
{
	if (u->method != HASH_CONSISTENT && u->method != RANDOM && u->method != RANDOM_TWO)
		return 1;
	if (u->version != u->servers->version)
		return 0;
	return u->method == HASH_CONSISTENT
		       ? ring_digest(*balancers_points(&all->balancers, u->us))
		       : ranges_digest(*balancers_ranges(&all->balancers, u->us), u->servers);
}

static uint32_t count_entries(const struct registry *r)
{
	uint32_t count = 0;

	for (size_t i = 0; i <= r->mask; i++) {
		for (const struct entry *e = r->buckets[i]; e; e = e->chain)
			count++;
	}
	return count;
}

/* Of the zone, in whole pages. */
static uint32_t used_memory(const ngx_slab_pool_t *pool)
{
	return (uint32_t)(((size_t)(pool->last - pool->pages) - pool->pfree) * ngx_pagesize);
}

static void put_list(const NGX_UPSTREAM(rr_peers_t) *list, const struct servers *s, uint64_t own,
		     struct outbox *out)
{
	const struct module_dump d = {
		.number = (uint32_t)list->number,
		.total_weight = (uint32_t)list->total_weight,
		.tries = (uint32_t)list->tries,
		.single = list->single,
		.weighted = list->weighted,
		.backups = (uint32_t)s->half[1].number,
		.backup_tries = (uint32_t)list->next->tries,
		.entries = count_entries(&s->registry),
		.room = (uint32_t)ngx_max(list->number, list->next->number),
		.memory = used_memory(s->registry.pool),
		.own = own,
	};

	module_put_dump(outbox_begin(out, MODULE_DUMP_LIST, 64), &d);
	outbox_end(out);
}

/* From nginx's lists, not from the entries; then the number of connections. */
static void put_servers(const NGX_UPSTREAM(rr_peers_t) *list, bool backup, struct outbox *out)
{
	for (const NGX_UPSTREAM(rr_peer_t) *p = list->peer; p; p = p->next) {
		const struct entry e = { .peer = (NGX_UPSTREAM(rr_peer_t) *)p, .backup = backup };
		const struct module_server server = entry_describe(&e);
		struct module_writer *w = outbox_begin(out, MODULE_DUMP_SERVER, 512);

		module_put_server(w, &server);
		module_put_id(w, (uint32_t)p->conns);
		outbox_end(out);
	}
}

bool dump_run(const struct upstreams *all, const void *frame, size_t size, struct outbox *out)
{
	struct module_reader r = module_reader(frame, size);
	struct upstream *u = upstreams_find(all, module_get_text(&r));

	if (!module_is_read(&r))
		return false;
	/* its reader makes no changes meanwhile */
	if (u && u->servers) {
		put_list(u->servers->peers, u->servers, own_digest(all, u), out);
		put_servers(u->servers->peers, false, out);
		put_servers(u->servers->peers->next, true, out);
	}
	module_put_id(outbox_begin(out, MODULE_DUMP_END, 4), 0);
	outbox_end(out);
	return true;
}

#endif
