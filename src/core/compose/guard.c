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
	bool served; /* nginx has run it with servers */
};

enum mark {
	STILL = 1, /* in this run: it is the calm one, and nginx runs it */
	SEEN = 2,
	LISTED = 4,     /* in ZooKeeper, at this run … */
	WAS_LISTED = 8, /* … and at the last one */
};

struct guard {
	struct slot *slots; /* sorted by name */
	/* By slot, in lists of their own, as each run reads them all: the upstream of the last run,
	 * if the guard was calm then, and the marks. */
	const struct upstream **calm;
	unsigned char *marks;
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
	free(g->calm);
	free(g->marks);
	free(g);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* --- servers -------------------------------------------------------------------------------- */

static void make_room(struct guard *g)
{
	if (g->count < g->room)
		return;
	g->room = g->room ? 2 * g->room : 16;
	g->slots = xrealloc(g->slots, g->room * sizeof(*g->slots));
	g->calm = xrealloc(g->calm, g->room * sizeof(*g->calm));
	g->marks = xrealloc(g->marks, g->room * sizeof(*g->marks));
}

static void add_slot(struct guard *g, const char *name, size_t at)
{
	size_t after = g->count - at;

	make_room(g);
	memmove(&g->slots[at + 1], &g->slots[at], after * sizeof(*g->slots));
	memmove(&g->calm[at + 1], &g->calm[at], after * sizeof(*g->calm));
	memmove(&g->marks[at + 1], &g->marks[at], after * sizeof(*g->marks));
	g->count++;
	g->slots[at] = (struct slot){ .name = xstrdup(name), .guard = servers_guard_new() };
	g->calm[at] = NULL;
	g->marks[at] = 0;
}

/* The index, from `at` on, of the slot of this name, or that where it would be. */
static size_t slot_index(const struct guard *g, const char *name, size_t at)
{
	while (at < g->count && strcmp(g->slots[at].name, name) < 0)
		at++;
	return at;
}

static bool is_slot(const struct guard *g, const char *name, size_t at)
{
	return at < g->count && strcmp(g->slots[at].name, name) == 0;
}

/* The index of the slot, which is made. Names are asked for in their order; at: that of the name
 * before, and 1. */
static size_t slot_for(struct guard *g, const char *name, size_t at)
{
	at = slot_index(g, name, at);
	if (!is_slot(g, name, at))
		add_slot(g, name, at);
	return at;
}

static void move_slot(struct guard *g, size_t from, size_t to)
{
	if (from == to)
		return;
	g->slots[to] = g->slots[from];
	g->calm[to] = g->calm[from];
	g->marks[to] = g->marks[from];
}

static void drop_unseen_slots(struct guard *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->count; i++) {
		if (g->marks[i] & SEEN)
			move_slot(g, i, kept++);
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

static const struct upstream *at_index(const struct model *m, size_t i)
{
	return i < m->upstream_count ? m->upstreams[i] : NULL;
}

/* Past the upstream of this name. */
static size_t pass(const struct model *m, const struct upstream *u, size_t at)
{
	return model_next_upstream(m, u, &at) ? at + 1 : at;
}

/* A run begins. */
static void clear_marks(struct guard *g)
{
	for (size_t i = 0; i < g->count; i++)
		g->marks[i] = g->marks[i] & LISTED ? WAS_LISTED : 0;
}

/*
 * Marks the slots of upstreams that have not changed: the calm one of the last run is the one that
 * nginx runs now. Nobody keeps an upstream of the last run that nginx does not run, so its address
 * may be that of another one of now; but not if nginx's model has it. One that is not marked is
 * looked at, and comes to the same.
 */
static void mark_still(struct guard *g, const struct guard_input *in, const struct model *next)
{
	size_t at = 0, good = 0, live = 0;

	clear_marks(g);
	for (size_t i = 0; i < next->upstream_count; i++) {
		const struct upstream *u = next->upstreams[i];

		if (at < g->count && g->calm[at] == u && at_index(in->good, good) == u &&
		    (!in->live || at_index(in->live, live) == u)) {
			g->marks[at++] |= STILL | SEEN;
			good++;
			live++;
			continue;
		}
		at = slot_index(g, u->name, at);
		at += is_slot(g, u->name, at);
		good = pass(in->good, u, good);
		live = in->live ? pass(in->live, u, live) : 0;
	}
}

/* Is slot `at` that of the upstream, which has not changed? */
static bool is_still(const struct guard *g, const struct upstream *u, size_t at)
{
	return at < g->count && g->marks[at] & STILL && g->calm[at] == u;
}

static void notice(struct guard *g, const struct guard_input *in, const struct model *next)
{
	size_t at = 0, good_at = 0, live_at = 0;

	for (size_t i = 0; i < next->upstream_count; i++, at++) {
		const struct upstream *u = next->upstreams[i];
		struct servers_served served;
		struct slot *slot;

		if (is_still(g, u, at))
			continue;
		served.good = model_next_upstream(in->good, u, &good_at);
		served.live = in->live ? model_next_upstream(in->live, u, &live_at) : NULL;
		at = slot_for(g, u->name, at);
		slot = &g->slots[at];
		g->marks[at] |= SEEN;
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
	for (size_t i = 0; i < next->upstream_count; i++, at++) {
		const struct upstream *u = next->upstreams[i];
		struct slot *slot;

		if (is_still(g, u, at))
			continue;
		at = slot_for(g, u->name, at);
		slot = &g->slots[at];
		due = earlier(due, servers_guard_apply(slot->guard, in, next, i, g->last_deletion,
						       problems));
		u = next->upstreams[i];
		g->calm[at] = servers_guard_is_calm(slot->guard, u) ? u : NULL;
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

	for (size_t i = 0; i < next->upstream_count; i++, at++) {
		const struct upstream *u = next->upstreams[i];

		if (!is_still(g, u, at))
			at = slot_for(g, u->name, at);
		g->marks[at] |= LISTED;
	}
	for (size_t i = 0; i < g->count; i++)
		same &= !(g->marks[i] & LISTED) == !(g->marks[i] & WAS_LISTED);
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
