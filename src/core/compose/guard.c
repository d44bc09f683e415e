/*
 * Guard: the servers of each upstream (guard_servers.c), and the objects of the config as a whole.
 *
 * Objects (upstreams, sites, definitions, snippets) that are deleted stay in force for GUARD_GRACE
 * after the last deletion, because a deletion of the whole config looks the same until its root is
 * gone. When nginx runs something, a root that is missing or empty is not treated as a request to
 * delete everything: all objects stay in force until the config has been rewritten and then left
 * unchanged for the window.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/discover/discover.h"
#include "guard_servers.h"
#include "retain.h"

struct slot {
	char *name; /* of an upstream */
	struct servers_guard *guard;
	const struct upstream *calm; /* the upstream of the last run, if the guard was calm then */
	bool still;                  /* in this run: it is the same, and nginx runs it */
	bool seen;
	bool listed, was_listed; /* in ZooKeeper, at this run and at the last one */
	bool served;             /* nginx has run it with servers */
};

struct guard {
	struct slot *slots; /* sorted by name */
	size_t count, room;
	bool wiped;         /* the config was gone; what was there is kept */
	struct buf objects; /* names of sites and texts in ZooKeeper at the last change … */
	uint64_t changed; /* … of these or of the upstreams that are listed; and when that was */
	uint64_t last_deletion;
	size_t missing; /* objects that nginx runs and ZooKeeper did not have at the last run */
};

struct guard *guard_new(void)
{
	return xcalloc(1, sizeof(struct guard));
}

static void slot_fini(struct slot *s)
{
	free(s->name);
	servers_guard_free(s->guard);
}

void guard_free(struct guard *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->count; i++)
		slot_fini(&g->slots[i]);
	buf_fini(&g->objects);
	free(g->slots);
	free(g);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* --- servers -------------------------------------------------------------------------------- */

static struct slot *add_slot(struct guard *g, const char *name, size_t at)
{
	if (g->count == g->room) {
		g->room = g->room ? 2 * g->room : 16;
		g->slots = xrealloc(g->slots, g->room * sizeof(*g->slots));
	}
	memmove(&g->slots[at + 1], &g->slots[at], (g->count - at) * sizeof(*g->slots));
	g->count++;
	g->slots[at] = (struct slot){ .name = xstrdup(name), .guard = servers_guard_new() };
	return &g->slots[at];
}

/* The index, from `at` on, of the slot of this name, or that where it would be. */
static size_t slot_index(const struct guard *g, const char *name, size_t at)
{
	while (at < g->count && strcmp(g->slots[at].name, name) < 0)
		at++;
	return at;
}

/* Names are asked for in their order; *at: 0 at first. */
static struct slot *slot_for(struct guard *g, const char *name, size_t *at)
{
	*at = slot_index(g, name, *at);
	if (*at < g->count && strcmp(g->slots[*at].name, name) == 0)
		return &g->slots[*at];
	return add_slot(g, name, *at);
}

/*
 * The slot from *at on whose calm upstream is this one; NULL: it is not the next one. Nobody keeps
 * an upstream of the last run that nginx does not run, so its address may be that of another one of
 * now. So *at is as it was until the upstream is known to be the same.
 */
static struct slot *calm_slot(struct guard *g, const struct upstream *u, size_t at)
{
	for (size_t i = at; i < g->count && i <= at + 1; i++) {
		if (g->slots[i].calm == u)
			return &g->slots[i];
	}
	return NULL;
}

static void drop_unseen_slots(struct guard *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->count; i++) {
		if (g->slots[i].seen)
			g->slots[kept++] = g->slots[i];
		else
			slot_fini(&g->slots[i]);
	}
	g->count = kept;
}

/*
 * nginx refuses an upstream without a server, so it is rendered with one that answers 502 at once.
 * When nginx never had a server of it nothing is lost: its applications have not registered yet.
 */
static void report_unavailable(const struct upstream *u, bool served, struct problems *problems)
{
	CLEANUP(buf_fini) struct buf why = BUF_INIT;

	if (!u->unavailable)
		return;
	discover_explain(u, &why);
	problems_add(problems, u->source.path, served ? PROBLEM_GUARD : PROBLEM_DISCOVERY, NULL,
		     "the upstream has no server: nginx answers requests to it with 502%s%s",
		     why.size ? "; " : "", buf_str(&why));
}

static bool has_servers(const struct upstream *u)
{
	return u && u->server_count;
}

/*
 * Marks the slots of upstreams that have not changed: the calm one of the last run is the one that
 * nginx runs now. Its address cannot be that of another one, as nginx's model has it.
 */
static void mark_still(struct guard *g, const struct guard_input *in, const struct model *next)
{
	size_t at = 0, good_at = 0, live_at = 0;

	for (size_t i = 0; i < g->count; i++)
		g->slots[i].still = g->slots[i].seen = false;
	for (size_t i = 0; i < next->upstream_count; i++) {
		const struct upstream *u = next->upstreams[i];
		struct slot *slot = calm_slot(g, u, at);

		if (!slot || model_next_upstream(in->good, u, &good_at) != u ||
		    (in->live && model_next_upstream(in->live, u, &live_at) != u)) {
			at = slot_index(g, u->name, at);
			continue;
		}
		slot->still = slot->seen = true;
		at = (size_t)(slot - g->slots);
	}
}

static bool is_still(struct guard *g, const struct upstream *u, size_t *at)
{
	const struct slot *slot = calm_slot(g, u, *at);

	if (!slot || !slot->still)
		return false;
	*at = (size_t)(slot - g->slots);
	return true;
}

static void notice(struct guard *g, const struct guard_input *in, const struct model *next)
{
	size_t at = 0, good_at = 0, live_at = 0;

	for (size_t i = 0; i < next->upstream_count; i++) {
		const struct upstream *u = next->upstreams[i];
		struct servers_served served;
		struct slot *slot;

		if (is_still(g, u, &at))
			continue;
		served.good = model_next_upstream(in->good, u, &good_at);
		served.live = in->live ? model_next_upstream(in->live, u, &live_at) : NULL;
		slot = slot_for(g, u->name, &at);
		slot->seen = true;
		slot->served = slot->served || has_servers(served.good) || has_servers(served.live);
		servers_guard_notice(slot->guard, in, u, &served, &g->last_deletion);
	}
}

static uint64_t guard_servers(struct guard *g, const struct guard_input *in, struct model *next,
			      struct problems *problems)
{
	uint64_t due = NEVER;
	size_t at = 0;

	notice(g, in, next);
	for (size_t i = 0; i < next->upstream_count; i++) {
		const struct upstream *u = next->upstreams[i];
		struct slot *slot;

		if (is_still(g, u, &at))
			continue;
		slot = slot_for(g, u->name, &at);
		due = earlier(due, servers_guard_apply(slot->guard, in, next, i, g->last_deletion,
						       problems));
		u = next->upstreams[i];
		slot->calm = servers_guard_is_calm(slot->guard, u) ? u : NULL;
		report_unavailable(u, slot->served, problems);
	}
	drop_unseen_slots(g);
	return due;
}

/* --- objects -------------------------------------------------------------------------------- */

static size_t object_count(const struct model *m)
{
	return m->upstream_count + m->site_count + m->snippet_count;
}

static void put_name(struct buf *out, const char *name)
{
	buf_put(out, name, strlen(name) + 1);
}

static void object_names(const struct model *m, struct buf *out)
{
	for (size_t i = 0; i < m->site_count; i++)
		put_name(out, m->sites[i].name);
	put_name(out, "/");
	for (size_t i = 0; i < m->snippet_count; i++)
		put_name(out, m->snippets[i].source.path);
}

/* Are the same upstreams listed as at the last run? */
static bool note_upstreams(struct guard *g, const struct model *next)
{
	bool same = true;
	size_t at = 0;

	for (size_t i = 0; i < g->count; i++) {
		g->slots[i].was_listed = g->slots[i].listed;
		g->slots[i].listed = false;
	}
	for (size_t i = 0; i < next->upstream_count; i++) {
		const struct upstream *u = next->upstreams[i];
		struct slot *slot = is_still(g, u, &at) ? &g->slots[at] : slot_for(g, u->name, &at);

		slot->listed = true;
	}
	for (size_t i = 0; same && i < g->count; i++)
		same = g->slots[i].listed == g->slots[i].was_listed;
	return same;
}

static void note_names(struct guard *g, const struct guard_input *in, const struct model *next)
{
	CLEANUP(buf_fini) struct buf names = BUF_INIT;
	bool same = note_upstreams(g, next);

	object_names(next, &names);
	if (same && names.size == g->objects.size &&
	    memcmp(buf_str(&names), buf_str(&g->objects), names.size) == 0)
		return;
	buf_clear(&g->objects);
	buf_put(&g->objects, buf_str(&names), names.size);
	g->changed = in->now;
}

static size_t count_missing(const struct model *good, const struct model *next)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < good->upstream_count; i++)
		n += !model_next_upstream(next, good->upstreams[i], &at);
	for (size_t i = 0; i < good->site_count; i++)
		n += !model_site(next, good->sites[i].name);
	for (size_t i = 0; i < good->snippet_count; i++) {
		const struct snippet *s = &good->snippets[i];

		n += !model_text(next, s->kind, s->name);
	}
	return n;
}

static bool objects_must_stay(struct guard *g, const struct guard_input *in,
			      const struct model *next, uint64_t *due)
{
	size_t missing = count_missing(in->good, next);
	bool empty = in->root_missing || !object_count(next);

	note_names(g, in, next);
	if (missing > g->missing)
		g->last_deletion = in->now;
	g->missing = missing;
	if (empty && object_count(in->good))
		g->wiped = true;
	if (g->wiped && !empty && in->now - g->changed >= in->rules->window)
		g->wiped = false;
	if (!missing)
		return false;
	if (g->wiped) {
		*due = empty ? NEVER : g->changed + in->rules->window;
		return true;
	}
	*due = g->last_deletion + GUARD_GRACE;
	return in->now < *due;
}

static void report_wiped(const struct guard *g, const struct guard_input *in,
			 struct problems *problems)
{
	if (!g->wiped || !g->missing)
		return;
	problems_add(problems, in->root, PROBLEM_GUARD, NULL,
		     "the config root %s; zknginxd does not treat that as a request to delete "
		     "everything: %zu object%s last good form until the config has been rewritten "
		     "and then left unchanged for guard.window",
		     in->root_missing ? "is missing" : "lost all of its objects", g->missing,
		     g->missing == 1 ? " keeps its" : "s keep their")
		->serving = SERVING_PREVIOUS;
}

uint64_t guard_apply(struct guard *g, const struct guard_input *in, struct model *next,
		     struct problems *problems)
{
	uint64_t due = NEVER, later = NEVER;

	mark_still(g, in, next);
	if (objects_must_stay(g, in, next, &later)) {
		retain_missing(next, in->good, in->policy);
		next->pending = true;
		report_wiped(g, in, problems);
		due = later;
	}
	return earlier(due, guard_servers(g, in, next, problems));
}
