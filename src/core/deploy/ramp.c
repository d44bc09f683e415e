/* See ramp.h. */
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "core/data/traits.h"
#include "core/render/server_line.h"
#include "ramp.h"

void ramps_fini(struct ramps *r)
{
	if (r->arena)
		arena_free(r->arena);
	*r = (struct ramps){ 0 };
}

/* --- steps ----------------------------------------------------------------------------------- */

/* From step k of n on, counted from 0, the weight is (k + 1) / (n + 1) of the whole. */
struct steps {
	uint64_t length; /* of all steps */
	long count;
};

static struct steps steps_of(uint64_t slow_start)
{
	uint64_t count = slow_start / RAMP_STEP_LEAST;

	return (struct steps){
		.length = slow_start,
		.count = count < 1                 ? 1
			 : count > RAMP_STEPS_MOST ? RAMP_STEPS_MOST
						   : (long)count,
	};
}

static long step_at(const struct steps *s, uint64_t elapsed)
{
	return elapsed >= s->length ? s->count : (long)(elapsed * (uint64_t)s->count / s->length);
}

unsigned ramp_percent(uint64_t slow_start, uint64_t elapsed)
{
	struct steps s = steps_of(slow_start);

	return (unsigned)(100 * (step_at(&s, elapsed) + 1) / (s.count + 1));
}

static uint64_t elapsed_of(const struct ramp *r, uint64_t at)
{
	return at > r->began ? at - r->began : 0;
}

/* --- which upstreams ------------------------------------------------------------------------- */

static bool forbids(const char *method)
{
	static const char *const words[] = { "hash", "ip_hash", "random" };
	size_t size = strcspn(method, " \t\r\n;");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == size && memcmp(words[i], method, size) == 0)
			return true;
	}
	return false;
}

/* A part of its weight would be the weight 1 of all others. */
static bool is_too_coarse(const struct upstream *u)
{
	if (u->server_count <= RAMP_SERVERS_MOST)
		return false;
	for (size_t i = 0; i < u->server_count; i++) {
		if (u->servers[i].params.weight > 1)
			return false;
	}
	return true;
}

const char *ramp_why_not(const struct upstream *u)
{
	const char *why = "it is not possible with the balancing methods hash, ip_hash and random, "
			  "nor with \"sticky\"";

	if (u->balance && forbids(u->balance))
		return why;
	for (size_t i = 0; i < u->raw.directive_count; i++) {
		if (forbids(u->raw.directives[i]))
			return why;
	}
	if (is_too_coarse(u))
		return "it has more than 1,000 servers, all of the weight 1: give them larger "
		       "weights";
	return apply_why_reload(u);
}

/* --- which servers --------------------------------------------------------------------------- */

static bool is_used(const struct server *s, bool backups)
{
	return !(s->params.backup && backups) && !s->params.down && !s->drained && !s->failing;
}

static bool has_used(const struct upstream *u)
{
	bool backups = server_line_has_backups(u);

	for (size_t i = 0; i < u->server_count; i++) {
		if (is_used(&u->servers[i], backups))
			return true;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	const struct ramp *one = a, *other = b;
	int order = strcmp(one->upstream, other->upstream);

	return order ? order : strcmp(one->server, other->server);
}

static const struct ramp *find(const struct ramps *r, const char *upstream, const char *server)
{
	const struct ramp key = { .upstream = upstream, .server = server };

	return r->count ? bsearch(&key, r->items, r->count, sizeof(key), by_name) : NULL;
}

struct walk {
	const struct ramps *old;
	const struct upstream *before; /* NULL: no server of it was used */
	bool backups_before;
	uint64_t now;
	bool begin;
	struct arena *arena;
	struct ramp *items;
	size_t count, room;
};

static bool was_used(const struct walk *w, const char *address)
{
	const struct server *s = upstream_server(w->before, address);

	return s && is_used(s, w->backups_before);
}

/* NEVER: it has its full weight. */
static uint64_t began(const struct walk *w, const struct upstream *u, const struct server *s)
{
	const struct ramp *old = find(w->old, u->name, s->address);

	if (old)
		return w->now < old->began + u->slow_start_time ? old->began : NEVER;
	return w->begin && w->before && !was_used(w, s->address) ? w->now : NEVER;
}

static void put(struct walk *w, const struct upstream *u, const struct server *s, uint64_t when)
{
	w->items = arena_grow(w->arena, w->items, w->count, &w->room, sizeof(*w->items));
	w->items[w->count++] = (struct ramp){ arena_strdup(w->arena, u->name),
					      arena_strdup(w->arena, s->address), when };
}

static void walk_servers(struct walk *w, const struct upstream *u)
{
	bool backups = server_line_has_backups(u), any_full = false;
	size_t first = w->count;

	for (size_t i = 0; i < u->server_count; i++) {
		const struct server *s = &u->servers[i];
		uint64_t when = is_used(s, backups) ? began(w, u, s) : 0;

		if (when == NEVER)
			any_full = true;
		else if (when)
			put(w, u, s, when);
	}
	if (!any_full)
		w->count = first;
}

static void walk_upstream(struct walk *w, const struct model *before, const struct upstream *u)
{
	const struct upstream *was = model_upstream(before, u->name);

	if (was && was->decoded && was->decoded == u->decoded && !w->old->count)
		return;
	w->before = was && has_used(was) ? was : NULL;
	w->backups_before = was && server_line_has_backups(was);
	if (!ramp_why_not(u))
		walk_servers(w, u);
}

struct ramps ramps_next(const struct ramps *r, const struct model *before,
			const struct model *after, uint64_t now, bool begin)
{
	struct walk w = { .old = r, .now = now, .begin = begin, .arena = arena_new() };

	for (size_t i = 0; i < after->upstream_count; i++) {
		if (model_may_have(after, i, TRAIT_SLOW_START) &&
		    after->upstreams[i]->slow_start_time)
			walk_upstream(&w, before, after->upstreams[i]);
	}
	if (w.count)
		return (struct ramps){ w.arena, w.items, w.count };
	arena_free(w.arena);
	return (struct ramps){ 0 };
}

/* --- their weights --------------------------------------------------------------------------- */

/* Those of one upstream: items[0] to items[count - 1]. */
static size_t count_of_upstream(const struct ramp *items, size_t left)
{
	size_t count = 1;

	while (count < left && strcmp(items[count].upstream, items[0].upstream) == 0)
		count++;
	return count;
}

static long own_weight(const struct upstream *u, const struct ramp *r)
{
	const struct server *s = upstream_server(u, r->server);

	return s && s->params.weight > 1 ? s->params.weight : 1;
}

/* The least one that makes each step of each server another number. */
static long scale_of(const struct upstream *u, const struct ramp *items, size_t count)
{
	long scale = 1, parts = steps_of(u->slow_start_time).count + 1;

	if (u->server_count > RAMP_SERVERS_MOST)
		return 1;
	for (size_t i = 0; i < count; i++) {
		long weight = own_weight(u, &items[i]), needed = (parts + weight - 1) / weight;

		if (needed > scale)
			scale = needed;
	}
	return scale;
}

static struct weights_upstream weights_in(const struct upstream *u, const struct ramp *items,
					  size_t count, uint64_t at, struct arena *a)
{
	struct steps steps = steps_of(u->slow_start_time);
	struct weights_server *list = arena_array(a, struct weights_server, count);
	struct weights_upstream out = { .upstream = arena_strdup(a, u->name),
					.scale = scale_of(u, items, count),
					.servers = list };

	for (size_t i = 0; i < count; i++) {
		long step = step_at(&steps, elapsed_of(&items[i], at));
		long whole = own_weight(u, &items[i]) * out.scale;
		long weight = whole * (step + 1) / (steps.count + 1);

		list[i] = (struct weights_server){ arena_strdup(a, items[i].server),
						   weight > 1 ? weight : 1 };
	}
	out.count = count;
	return out;
}

struct weights ramps_weights(const struct ramps *r, const struct model *m, uint64_t at,
			     struct arena *a)
{
	struct weights_upstream *items = arena_array(a, struct weights_upstream, r->count);
	size_t count = 0;

	for (size_t i = 0, n; i < r->count; i += n) {
		const struct upstream *u = model_upstream(m, r->items[i].upstream);

		n = count_of_upstream(&r->items[i], r->count - i);
		if (u && u->slow_start_time)
			items[count++] = weights_in(u, &r->items[i], n, at, a);
	}
	return (struct weights){ items, count };
}

static uint64_t due_of(const struct ramp *r, const struct upstream *u, uint64_t at)
{
	struct steps s = steps_of(u->slow_start_time);
	long next = step_at(&s, elapsed_of(r, at)) + 1;

	return r->began + (s.length * (uint64_t)next + (uint64_t)s.count - 1) / (uint64_t)s.count;
}

uint64_t ramps_due(const struct ramps *r, const struct model *m, uint64_t at)
{
	uint64_t due = NEVER;

	for (size_t i = 0; i < r->count; i++) {
		const struct upstream *u = model_upstream(m, r->items[i].upstream);
		uint64_t one = u && u->slow_start_time ? due_of(&r->items[i], u, at) : at;

		if (one < due)
			due = one;
	}
	return due;
}
