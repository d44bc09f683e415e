/* See guarded.h. The list is in the order of the models, so all walks are over both. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "guarded.h"

static void fini(struct guarded *s)
{
	free(s->name);
	servers_guard_free(s->guard);
}

void guarded_fini(struct guarded_list *g)
{
	for (size_t i = 0; i < g->count; i++)
		fini(&g->items[i]);
	free(g->items);
	free(g->calm);
	free(g->marks);
	*g = (struct guarded_list){ 0 };
}

/* --- by name ---------------------------------------------------------------------------------- */

/* The index, from `at` on, of the one of this name, or that where it would be. */
static size_t find(const struct guarded_list *g, const char *name, size_t at)
{
	while (at < g->count && strcmp(g->items[at].name, name) < 0)
		at++;
	return at;
}

static bool is_named(const struct guarded_list *g, const char *name, size_t at)
{
	return at < g->count && strcmp(g->items[at].name, name) == 0;
}

static void make_room(struct guarded_list *g)
{
	if (g->count < g->room)
		return;
	g->room = g->room ? 2 * g->room : 16;
	g->items = xrealloc(g->items, g->room * sizeof(*g->items));
	g->calm = xrealloc(g->calm, g->room * sizeof(*g->calm));
	g->marks = xrealloc(g->marks, g->room * sizeof(*g->marks));
}

static void add(struct guarded_list *g, const char *name, size_t at)
{
	size_t after = g->count - at;

	make_room(g);
	memmove(&g->items[at + 1], &g->items[at], after * sizeof(*g->items));
	memmove(&g->calm[at + 1], &g->calm[at], after * sizeof(*g->calm));
	memmove(&g->marks[at + 1], &g->marks[at], after * sizeof(*g->marks));
	g->count++;
	g->items[at] = (struct guarded){ .name = xstrdup(name), .guard = servers_guard_new() };
	g->calm[at] = NULL;
	g->marks[at] = 0;
}

size_t guarded_for(struct guarded_list *g, const char *name, size_t at)
{
	at = find(g, name, at);
	if (!is_named(g, name, at))
		add(g, name, at);
	return at;
}

static void move(struct guarded_list *g, size_t from, size_t to)
{
	if (from == to)
		return;
	g->items[to] = g->items[from];
	g->calm[to] = g->calm[from];
	g->marks[to] = g->marks[from];
}

void guarded_drop_unseen(struct guarded_list *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->count; i++) {
		if (g->marks[i] & GUARDED_SEEN)
			move(g, i, kept++);
		else
			fini(&g->items[i]);
	}
	g->count = kept;
}

bool guarded_are_listed_alike(const struct guarded_list *g)
{
	bool alike = true;

	for (size_t i = 0; i < g->count; i++)
		alike &= !(g->marks[i] & GUARDED_LISTED) == !(g->marks[i] & GUARDED_WAS_LISTED);
	return alike;
}

/* --- which are still -------------------------------------------------------------------------- */

static void clear_marks(struct guarded_list *g)
{
	for (size_t i = 0; i < g->count; i++)
		g->marks[i] = g->marks[i] & GUARDED_LISTED ? GUARDED_WAS_LISTED : 0;
}

static const struct upstream *at_index(const struct model *m, size_t i)
{
	return i < m->upstream_count ? m->upstreams[i] : NULL;
}

/*
 * Nobody keeps an upstream of the last run that nginx does not run, so its address may be that of
 * another one of now; but not if nginx's model has it.
 */
static bool is_calm(const struct guarded_list *g, const struct guard_input *in,
		    const struct upstream *u, const struct guarded_place *p)
{
	return p->own < g->count && g->calm[p->own] == u && at_index(in->good, p->good) == u &&
	       (!in->live || at_index(in->live, p->live) == u);
}

/* Past the upstream of this name. */
static size_t pass(const struct model *m, const struct upstream *u, size_t at)
{
	return model_next_upstream(m, u, &at) ? at + 1 : at;
}

static void pass_all(const struct guarded_list *g, const struct guard_input *in,
		     const struct upstream *u, struct guarded_place *p)
{
	p->own = find(g, u->name, p->own);
	p->own += is_named(g, u->name, p->own);
	p->good = pass(in->good, u, p->good);
	p->live = in->live ? pass(in->live, u, p->live) : 0;
}

void guarded_mark(struct guarded_list *g, const struct guard_input *in, const struct model *next)
{
	struct guarded_place p = { 0 };

	clear_marks(g);
	g->first = p;
	g->end = 0;
	for (; p.next < next->upstream_count; p.next++) {
		const struct upstream *u = next->upstreams[p.next];

		if (is_calm(g, in, u, &p)) {
			g->marks[p.own++] |= GUARDED_STILL | GUARDED_SEEN | GUARDED_LISTED;
			p.good++;
			p.live++;
			continue;
		}
		if (!g->end)
			g->first = p;
		g->end = p.next + 1;
		pass_all(g, in, u, &p);
	}
}

void guarded_change_all(struct guarded_list *g, const struct model *next)
{
	g->first = (struct guarded_place){ 0 };
	g->end = next->upstream_count;
}

bool guarded_is_still(const struct guarded_list *g, const struct upstream *u, size_t at)
{
	return at < g->count && g->marks[at] & GUARDED_STILL && g->calm[at] == u;
}
