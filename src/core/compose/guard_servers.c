/*
 * The guard of one upstream's servers.
 *
 * A server that nginx runs, from its files or because its workers were given it, and that ZooKeeper
 * no longer has is `lost`. It is remembered, with its znode, for the window. There are two rules,
 *because the two kinds of loss mean different things:
 *
 *	a registration (ephemeral) that vanishes may be a crash, a network split or a
 *	deploy: when too many are lost at once they are held, and stay in force, until
 *	enough servers are back, an operator confirms, or `hold` has passed;
 *
 *	a persistent znode was deleted on purpose: nginx stops using the server, but the
 *	deletion is postponed for GUARD_GRACE while a mass deletion is running.
 *
 * "Too many" compares counts and not names, so a rolling replacement (new addresses in, old ones
 * out) never triggers it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/discover/discover.h"
#include "guard_lost.h"
#include "guard_servers.h"
#include "retain.h"
#include "samples.h"

struct servers_guard {
	struct losses losses;
	struct samples served; /* how many servers were served, and when */
	uint64_t held_since;   /* 0 = not held */
	size_t held_base;      /* servers before the loss that is held */
};

struct servers_guard *servers_guard_new(void)
{
	return xcalloc(1, sizeof(struct servers_guard));
}

void servers_guard_free(struct servers_guard *g)
{
	if (!g)
		return;
	losses_fini(&g->losses);
	samples_fini(&g->served);
	free(g);
}

/* --- what was lost ------------------------------------------------------------------------- */

static bool has_server(const struct upstream *u, const char *address)
{
	return u && upstream_server(u, address);
}

/*
 * A loss is remembered for the window, while it is held, and as long as nginx still runs the server
 * (otherwise it would be noticed as lost again).
 */
static bool is_forgettable(const struct servers_guard *g, const struct guard_input *in,
			   const struct lost *l, const struct servers_served *served, bool here)
{
	const struct guard_rules *r = in->rules;
	uint64_t memory = r->window > r->readmit ? r->window : r->readmit;

	if (here)
		return l->served || in->now - l->back >= r->readmit;
	if (has_server(served->good, l->server.address) ||
	    has_server(served->live, l->server.address))
		return false;
	/* What was let go on purpose is subtracted from the count of the window, so it is
	 * remembered for as long. */
	return (l->let_go && !l->unwanted) || (!g->held_since && in->now - l->when >= memory);
}

static void forget_lost(struct servers_guard *g, const struct guard_input *in,
			const struct upstream *u, const struct servers_served *served,
			uint64_t *last_deletion)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->losses.count; i++) {
		struct lost *l = &g->losses.items[i];
		bool here = upstream_server(u, l->server.address) != NULL;

		if (here && !l->back) {
			l->back = in->now;
		} else if (!here && l->back) {
			l->when = in->now;
			if (l->server.source->owner == 0)
				*last_deletion = in->now;
			l->back = 0;
			l->served = l->let_go = l->unwanted = false;
		}
		if (is_forgettable(g, in, l, served, here))
			losses_drop(l);
		else
			g->losses.items[kept++] = *l;
	}
	losses_cut(&g->losses, kept);
}

static bool is_wanted(const struct server *s, const struct policy *policy, const struct upstream *u)
{
	return (!s->discover || discover_find(u, s->discover->key)) &&
	       !server_is_refused(policy, s);
}

/*
 * When the operator removes a discover, or no longer admits an address, its servers go on purpose:
 * they are not held, and do not count as lost.
 */
static void let_go_unwanted(struct servers_guard *g, const struct policy *policy,
			    const struct upstream *u)
{
	for (size_t i = 0; i < g->losses.count; i++) {
		struct lost *l = &g->losses.items[i];

		if (l->back || l->unwanted || is_wanted(&l->server, policy, u))
			continue;
		if (g->held_since && !l->let_go && g->held_base)
			g->held_base--;
		l->let_go = l->unwanted = true;
	}
}

static size_t count_unwanted(const struct servers_guard *g, uint64_t since)
{
	size_t n = 0;

	for (size_t i = 0; i < g->losses.count; i++)
		n += g->losses.items[i].unwanted && !g->losses.items[i].back &&
		     g->losses.items[i].when >= since;
	return n;
}

static size_t count_lost(const struct servers_guard *g, bool persistent, uint64_t since)
{
	size_t n = 0;

	for (size_t i = 0; i < g->losses.count; i++) {
		const struct lost *l = &g->losses.items[i];

		n += !l->back && !l->let_go && l->when >= since &&
		     (l->server.source->owner == 0) == persistent;
	}
	return n;
}

/* --- too much? ------------------------------------------------------------------------------ */

/* One server may always go, unless that takes the upstream below min_servers. */
static bool is_too_little(const struct upstream *u, const struct guard_rules *rules, size_t base,
			  size_t now)
{
	long percent = u->max_shrink == UNSET ? rules->max_shrink : u->max_shrink;
	size_t loss = base > now ? base - now : 0;

	if (!loss)
		return false;
	if (now == 0)
		return u->on_empty == ON_EMPTY_KEEP;
	if ((long)now < u->min_servers)
		return true;
	return loss > 1 && loss * 100 > (size_t)percent * base;
}

/* Requests to a TLS port among plain ones would fail, so a server that differs is left out. */
static bool merge_one(struct lost *l, struct model *next, struct upstream *u,
		      const struct policy *policy, bool none_left, struct server *out)
{
	if (!retain_server(next->arena, &l->server, policy, u, out))
		return false;
	if (none_left && out->discover)
		u->tls = out->tls;
	if (out->discover && out->tls != u->tls)
		return false;
	retain_context(next->arena, u, &l->server);
	out->held = l->served = true;
	return true;
}

static bool is_lost(const struct lost *l)
{
	return !l->back && !l->let_go;
}

static bool is_lost_registration(const struct lost *l)
{
	return is_lost(l) && l->server.source->owner != 0;
}

static bool is_postponed_deletion(const struct lost *l)
{
	return is_lost(l) && l->server.source->owner == 0;
}

/* Merges lost servers that are `chosen` into the upstream's servers, sorted by address. */
static void bring_back(struct servers_guard *g, const struct policy *policy, struct model *next,
		       size_t at, bool (*chosen)(const struct lost *))
{
	struct upstream *u = model_own_upstream(next, at);
	struct server *merged =
		arena_array(next->arena, struct server, u->server_count + g->losses.count);
	size_t count = 0, j = 0;

	for (size_t i = 0; i < g->losses.count; i++) {
		struct lost *l = &g->losses.items[i];

		if (!chosen(l))
			continue;
		while (j < u->server_count && strcmp(u->servers[j].address, l->server.address) < 0)
			merged[count++] = u->servers[j++];
		count += merge_one(l, next, u, policy, !u->server_count && !count, &merged[count]);
	}
	while (j < u->server_count)
		merged[count++] = u->servers[j++];
	u->servers = merged;
	u->server_count = count;
}

/* Returned servers are left out until they have been stable, unless no other server is left. */
static uint64_t postpone_returned(struct servers_guard *g, const struct guard_input *in,
				  struct model *next, size_t at)
{
	struct upstream *u;
	uint64_t due = NEVER;
	size_t kept = 0, waiting = 0;
	bool found;

	for (size_t i = 0; i < g->losses.count; i++)
		waiting += g->losses.items[i].back != 0;
	if (!waiting || waiting >= next->upstreams[at]->server_count)
		return NEVER;
	u = model_own_upstream(next, at);
	for (size_t i = 0; i < u->server_count; i++) {
		size_t lost = losses_find(&g->losses, u->servers[i].address, &found);

		if (found && g->losses.items[lost].back) {
			uint64_t when = g->losses.items[lost].back + in->rules->readmit;

			due = when < due ? when : due;
		} else {
			u->servers[kept++] = u->servers[i];
		}
	}
	u->server_count = kept;
	return due;
}

/* Accepts the loss: from now on losses are counted from the servers that are left. */
static void release(struct servers_guard *g, const struct guard_input *in, size_t alive)
{
	for (size_t i = 0; i < g->losses.count; i++)
		g->losses.items[i].let_go = g->losses.items[i].let_go || !g->losses.items[i].back;
	g->held_since = 0;
	samples_restart(&g->served, alive, in->now);
}

static bool is_released(const struct servers_guard *g, const struct guard_input *in,
			const struct upstream *u)
{
	if (!is_too_little(u, in->rules, g->held_base, u->server_count))
		return true;
	if (in->rules->hold != NEVER && in->now - g->held_since >= in->rules->hold)
		return true;
	return in->confirmed && in->confirmed(in->ctx, u->name) > g->held_since;
}

static void report_held(const struct servers_guard *g, const struct guard_input *in,
			const struct upstream *u, size_t alive, struct problems *problems)
{
	size_t lost = g->held_base - alive;
	char until[96] = "";

	if (in->rules->hold != NEVER)
		snprintf(until, sizeof(until), ", or the loss is %" PRIu64 " s old",
			 in->rules->hold / USEC_PER_SEC);
	problems_add(
		problems, u->source.path, PROBLEM_GUARD, NULL,
		"%zu of %zu server%s %s lost at once (max_shrink %ld%%, min_servers %ld): the lost "
		"ones are held until enough servers are back, an operator confirms the loss%s",
		lost, g->held_base, PLURAL(g->held_base), lost == 1 ? "was" : "were",
		u->max_shrink == UNSET ? in->rules->max_shrink : u->max_shrink, u->min_servers,
		until)
		->serving = SERVING_PREVIOUS;
}

/* Registrations that vanished: holds them, goes on holding them, or releases them. */
static uint64_t guard_registrations(struct servers_guard *g, const struct guard_input *in,
				    struct model *next, size_t at, size_t base,
				    struct problems *problems)
{
	const struct upstream *u = next->upstreams[at];
	size_t alive = u->server_count;
	uint64_t since = in->now > in->rules->window ? in->now - in->rules->window : 0;

	if (g->held_since && is_released(g, in, u)) {
		release(g, in, alive);
		return NEVER;
	}
	if (!g->held_since) {
		size_t deleted = count_lost(g, true, since) + count_unwanted(g, since);

		base = base > deleted ? base - deleted : 0;
		if (!count_lost(g, false, since) || !is_too_little(u, in->rules, base, alive))
			return NEVER;
		g->held_since = in->now ? in->now : 1;
		g->held_base = base;
	}
	bring_back(g, in->policy, next, at, is_lost_registration);
	report_held(g, in, u, alive, problems);
	return in->rules->hold == NEVER ? NEVER : g->held_since + in->rules->hold;
}

/* Until when a deletion that began at `when` is postponed. */
static uint64_t grace_end(uint64_t when, uint64_t last_deletion)
{
	uint64_t quiet = last_deletion + GUARD_GRACE, longest = when + GUARD_GRACE_MAX;

	return quiet < longest ? quiet : longest;
}

/* Persistent znodes that were deleted: postponed while the whole config may be being deleted. */
static uint64_t guard_deletions(struct servers_guard *g, const struct guard_input *in,
				struct model *next, size_t at, size_t base, uint64_t last_deletion)
{
	const struct upstream *u = next->upstreams[at];
	uint64_t due = NEVER;

	if (!count_lost(g, true, 0) ||
	    (u->server_count && !is_too_little(u, in->rules, base, u->server_count)))
		return NEVER;
	for (size_t i = 0; i < g->losses.count; i++) {
		struct lost *l = &g->losses.items[i];
		uint64_t end = grace_end(l->when, last_deletion);

		if (l->back || l->let_go || l->server.source->owner != 0)
			continue;
		if (in->now >= end)
			l->let_go = true;
		else
			due = end < due ? end : due;
	}
	if (due != NEVER)
		bring_back(g, in->policy, next, at, is_postponed_deletion);
	return due;
}

void servers_guard_notice(struct servers_guard *g, const struct guard_input *in,
			  const struct upstream *u, const struct servers_served *served,
			  uint64_t *last_deletion)
{
	if (served->good) {
		if (!g->served.count)
			samples_add(&g->served, served->good->server_count, in->now);
		losses_notice(&g->losses, served->good, u, in->now, last_deletion);
	}
	if (served->live && served->live != served->good)
		losses_notice(&g->losses, served->live, u, in->now, last_deletion);
	forget_lost(g, in, u, served, last_deletion);
	let_go_unwanted(g, in->policy, u);
}

/* Weights and availability follow from the servers; those of decoded servers are right. */
static void weigh_again(struct model *next, size_t at)
{
	if (next->owned && next->owned[at]) {
		struct upstream *u = model_own_upstream(next, at);

		discover_weigh(u);
		u->unavailable = u->server_count == 0;
	}
}

uint64_t servers_guard_apply(struct servers_guard *g, const struct guard_input *in,
			     struct model *next, size_t at, uint64_t last_deletion,
			     struct problems *problems)
{
	size_t base = samples_max(&g->served, in->now, in->rules->window);
	uint64_t due = postpone_returned(g, in, next, at), later;

	later = guard_registrations(g, in, next, at, base, problems);
	due = later < due ? later : due;
	later = guard_deletions(g, in, next, at, base, last_deletion);
	due = later < due ? later : due;
	weigh_again(next, at);
	samples_add(&g->served, next->upstreams[at]->server_count, in->now);
	return due;
}

bool servers_guard_is_calm(const struct servers_guard *g, const struct upstream *u)
{
	return !g->losses.count && !g->held_since && u->server_count &&
	       samples_are_only(&g->served, u->server_count);
}
