/* See guard_slots.h. The slots are in the order of the models, so all walks are over both. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "guard_slots.h"

static void slot_fini(struct slot *s)
{
	free(s->name);
	servers_guard_free(s->guard);
}

void guard_slots_fini(struct guard_slots *g)
{
	for (size_t i = 0; i < g->count; i++)
		slot_fini(&g->items[i]);
	free(g->items);
	free(g->calm);
	free(g->marks);
	*g = (struct guard_slots){ 0 };
}

/* --- by name ---------------------------------------------------------------------------------- */

/* The index, from `at` on, of the slot of this name, or that where it would be. */
static size_t find(const struct guard_slots *g, const char *name, size_t at)
{
	while (at < g->count && strcmp(g->items[at].name, name) < 0)
		at++;
	return at;
}

static bool is_slot(const struct guard_slots *g, const char *name, size_t at)
{
	return at < g->count && strcmp(g->items[at].name, name) == 0;
}

static void make_room(struct guard_slots *g)
{
	if (g->count < g->room)
		return;
	g->room = g->room ? 2 * g->room : 16;
	g->items = xrealloc(g->items, g->room * sizeof(*g->items));
	g->calm = xrealloc(g->calm, g->room * sizeof(*g->calm));
	g->marks = xrealloc(g->marks, g->room * sizeof(*g->marks));
}

static void add_slot(struct guard_slots *g, const char *name, size_t at)
{
	size_t after = g->count - at;

	make_room(g);
	memmove(&g->items[at + 1], &g->items[at], after * sizeof(*g->items));
	memmove(&g->calm[at + 1], &g->calm[at], after * sizeof(*g->calm));
	memmove(&g->marks[at + 1], &g->marks[at], after * sizeof(*g->marks));
	g->count++;
	g->items[at] = (struct slot){ .name = xstrdup(name), .guard = servers_guard_new() };
	g->calm[at] = NULL;
	g->marks[at] = 0;
}

size_t guard_slots_for(struct guard_slots *g, const char *name, size_t at)
{
	at = find(g, name, at);
	if (!is_slot(g, name, at))
		add_slot(g, name, at);
	return at;
}

static void move_slot(struct guard_slots *g, size_t from, size_t to)
{
	if (from == to)
		return;
	g->items[to] = g->items[from];
	g->calm[to] = g->calm[from];
	g->marks[to] = g->marks[from];
}

void guard_slots_drop_unseen(struct guard_slots *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->count; i++) {
		if (g->marks[i] & SLOT_SEEN)
			move_slot(g, i, kept++);
		else
			slot_fini(&g->items[i]);
	}
	g->count = kept;
}

bool guard_slots_are_listed_alike(const struct guard_slots *g)
{
	bool alike = true;

	for (size_t i = 0; i < g->count; i++)
		alike &= !(g->marks[i] & SLOT_LISTED) == !(g->marks[i] & SLOT_WAS_LISTED);
	return alike;
}

/* --- which are still -------------------------------------------------------------------------- */

static void clear_marks(struct guard_slots *g)
{
	for (size_t i = 0; i < g->count; i++)
		g->marks[i] = g->marks[i] & SLOT_LISTED ? SLOT_WAS_LISTED : 0;
}

static const struct upstream *at_index(const struct model *m, size_t i)
{
	return i < m->upstream_count ? m->upstreams[i] : NULL;
}

/*
 * Nobody keeps an upstream of the last run that nginx does not run, so its address may be that of
 * another one of now; but not if nginx's model has it.
 */
static bool is_calm(const struct guard_slots *g, const struct guard_input *in,
		    const struct upstream *u, const struct slot_place *p)
{
	return p->slot < g->count && g->calm[p->slot] == u && at_index(in->good, p->good) == u &&
	       (!in->live || at_index(in->live, p->live) == u);
}

/* Past the upstream of this name. */
static size_t pass(const struct model *m, const struct upstream *u, size_t at)
{
	return model_next_upstream(m, u, &at) ? at + 1 : at;
}

static void pass_all(const struct guard_slots *g, const struct guard_input *in,
		     const struct upstream *u, struct slot_place *p)
{
	p->slot = find(g, u->name, p->slot);
	p->slot += is_slot(g, u->name, p->slot);
	p->good = pass(in->good, u, p->good);
	p->live = in->live ? pass(in->live, u, p->live) : 0;
}

void guard_slots_mark(struct guard_slots *g, const struct guard_input *in, const struct model *next)
{
	struct slot_place p = { 0 };

	clear_marks(g);
	g->first = p;
	g->end = 0;
	for (; p.next < next->upstream_count; p.next++) {
		const struct upstream *u = next->upstreams[p.next];

		if (is_calm(g, in, u, &p)) {
			g->marks[p.slot++] |= SLOT_STILL | SLOT_SEEN | SLOT_LISTED;
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

void guard_slots_change_all(struct guard_slots *g, const struct model *next)
{
	g->first = (struct slot_place){ 0 };
	g->end = next->upstream_count;
}

bool guard_slots_is_still(const struct guard_slots *g, const struct upstream *u, size_t at)
{
	return at < g->count && g->marks[at] & SLOT_STILL && g->calm[at] == u;
}
