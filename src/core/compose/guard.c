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
#include "guarded.h"
#include "retain.h"

struct guard {
	struct guarded_list upstreams;
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

void guard_free(struct guard *g)
{
	if (!g)
		return;
	guarded_fini(&g->upstreams);
	buf_fini(&g->objects);
	free(g);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* --- servers -------------------------------------------------------------------------------- */

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

static void notice(struct guard *g, const struct guard_input *in, const struct model *next)
{
	struct guarded_list *all = &g->upstreams;
	struct guarded_place p = all->first;

	for (; p.next < all->end; p.next++, p.own++) {
		const struct upstream *u = next->upstreams[p.next];
		struct servers_served served;
		struct guarded *own;

		if (guarded_is_still(all, u, p.own))
			continue;
		served.good = model_next_upstream(in->good, u, &p.good);
		served.live = in->live ? model_next_upstream(in->live, u, &p.live) : NULL;
		p.own = guarded_for(all, u->name, p.own);
		own = &all->items[p.own];
		all->marks[p.own] |= GUARDED_SEEN;
		own->served = own->served || has_servers(served.good) || has_servers(served.live);
		servers_guard_notice(own->guard, in, u, &served, &g->last_deletion);
	}
}

static uint64_t guard_servers(struct guard *g, const struct guard_input *in, struct model *next,
			      struct problems *problems)
{
	struct guarded_list *all = &g->upstreams;
	size_t at = all->first.own;
	uint64_t due = NEVER;

	notice(g, in, next);
	for (size_t i = all->first.next; i < all->end; i++, at++) {
		const struct upstream *u = next->upstreams[i];
		struct guarded *own;

		if (guarded_is_still(all, u, at))
			continue;
		at = guarded_for(all, u->name, at);
		own = &all->items[at];
		due = earlier(due, servers_guard_apply(own->guard, in, next, i, g->last_deletion,
						       problems));
		u = next->upstreams[i];
		all->calm[at] = servers_guard_is_calm(own->guard, u) ? u : NULL;
		report_unavailable(u, own->served, problems);
	}
	guarded_drop_unseen(all);
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
static bool note_upstreams(struct guarded_list *all, const struct model *next)
{
	size_t at = all->first.own;

	for (size_t i = all->first.next; i < all->end; i++, at++) {
		const struct upstream *u = next->upstreams[i];

		if (!guarded_is_still(all, u, at))
			at = guarded_for(all, u->name, at);
		all->marks[at] |= GUARDED_LISTED;
	}
	return guarded_are_listed_alike(all);
}

static void note_names(struct guard *g, const struct guard_input *in, const struct model *next)
{
	CLEANUP(buf_fini) struct buf names = BUF_INIT;
	bool same = note_upstreams(&g->upstreams, next);

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

	guarded_mark(&g->upstreams, in, next);
	if (objects_must_stay(g, in, next, &later)) {
		retain_missing(next, in->good, in->policy);
		guarded_change_all(&g->upstreams, next);
		next->pending = true;
		report_wiped(g, in, problems);
		due = later;
	}
	return earlier(due, guard_servers(g, in, next, problems));
}
