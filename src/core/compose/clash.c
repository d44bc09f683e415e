/*
 * See clash.h. Objects are placed one by one. One that prevents a live claim is removed again and
 * placed in its last good form. So the order matters only among claims that are all new.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "clash.h"

/* --- objects ---------------------------------------------------------------------------------- */

static struct object *add_object(struct clash *c, enum object_kind kind, const void *item,
				 const struct znode *source, const void *good)
{
	struct object *o = arena_new_of(c->next->arena, struct object);

	if (c->count == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->objects = xrealloc(c->objects, c->room * sizeof(struct object *));
	}
	*o = (struct object){
		.kind = kind, .path = source->path ?: "", .good = good, .czxid = source->czxid
	};
	o->item.any = item;
	c->objects[c->count++] = o;
	return o;
}

/* Bytes that nginx runs already are the good form, not a new one. */
static void set_form(const struct clash *c, struct object *o, bool retained,
		     const struct znode *now, const struct znode *good)
{
	o->weak = retained;
	if (c->in->is_live ||
	    (!retained && good && now->path && good->path && znode_same(now, good)))
		o->form = FORM_GOOD;
}

void clash_init(struct clash *c)
{
	struct model *m = c->next;
	size_t at = 0;

	for (size_t i = 0; i < m->upstream_count; i++) {
		const struct upstream *u = m->upstreams[i];
		const struct upstream *good = model_next_upstream(c->good, u, &at);
		struct object *o = add_object(c, OBJECT_UPSTREAM, u, &u->source, good);

		set_form(c, o, u->retained, &u->source, good ? &good->source : NULL);
	}
	for (size_t i = 0; i < m->site_count; i++) {
		struct site *s = &m->sites[i];
		const struct site *good = model_site(c->good, s->name);
		struct object *o = add_object(c, OBJECT_SITE, s, &s->source, good);

		set_form(c, o, s->retained, &s->source, good ? &good->source : NULL);
	}
	for (size_t i = 0; i < m->snippet_count; i++) {
		struct snippet *s = &m->snippets[i];
		const struct snippet *good = model_text(c->good, s->kind, s->name);
		struct object *o = add_object(c, OBJECT_SNIPPET, s, &s->source, good);

		set_form(c, o, s->retained, &s->source, good ? &good->source : NULL);
	}
	c->ledger = ledger_new(m->arena, c->in->host ? host_claims_list(c->in->host) : NULL);
}

void clash_fini(struct clash *c)
{
	ledger_free(c->ledger);
	free(c->objects);
}

/* --- problems --------------------------------------------------------------------------------- */

struct problem *clash_report(struct clash *c, struct object *o, const char *field, const char *fmt,
			     ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	if (!o->problem)
		o->problem = c->problems->count + 1;
	return problems_add(c->problems, o->path, PROBLEM_FIELD, field, "%s", text);
}

bool clash_needs_report(const struct object *o)
{
	return !o->weak && (!o->problem || o->form == FORM_NEW);
}

/* An object has one problem of this kind; what only a guard keeps has none. */
static bool may_be_reported(const struct object *o)
{
	return !o->weak && !o->problem;
}

static void report_rival(struct clash *c, struct object *o, const struct claim *claim,
			 const struct rival *rival)
{
	if (may_be_reported(o))
		clash_report(c, o, clash_field(o, claim), "%s", clash_explain(c, claim, rival))
			->line = claim->line;
}

static void report_shadow(struct clash *c, struct object *o, const struct claim *claim,
			  const struct hold *host)
{
	if (may_be_reported(o))
		clash_report(c, o, clash_field(o, claim), "%s",
			     clash_explain_shadow(c, claim, host))
			->line = claim->line;
}

/* --- placing ---------------------------------------------------------------------------------- */

static void take_off(struct object *o)
{
	if (o->placed)
		ledger_release(o->holds, o->claims->count);
	o->placed = false;
}

/* Other models may have the upstream that falls, so another one takes its place. */
static bool retain_pool(struct clash *c, struct object *o)
{
	struct upstream *kept = arena_new_of(c->next->arena, struct upstream);

	if (!retain_upstream(c->next->arena, o->good, c->in->policy, kept))
		return false;
	kept->retained = o->extra;
	if (!o->extra)
		model_put_upstream(c->next, kept);
	o->item.upstream = kept;
	return true;
}

static bool retain(struct clash *c, struct object *o)
{
	struct arena *a = c->next->arena;

	if (o->kind == OBJECT_UPSTREAM)
		return retain_pool(c, o);
	if (o->kind == OBJECT_SITE)
		return retain_site(a, o->good, c->in->policy, o->item.site);
	return retain_snippet(a, o->good, c->in->policy, o->item.snippet);
}

/* It is in ZooKeeper, in another form. */
static void clear_retained(const struct object *o)
{
	if (o->kind == OBJECT_SITE)
		o->item.site->retained = false;
	else if (o->kind == OBJECT_SNIPPET)
		o->item.snippet->retained = false;
}

/*
 * Removes all objects that prevent a live claim of this one. One of these may, in its last good
 * form, make this one fall.
 */
static void clear_the_way(struct clash *c, struct object *o)
{
	const struct claims *claims = o->claims;

	for (size_t i = 0; o->placed && o->claims == claims && i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		struct rival r;

		while (o->placed && o->claims == claims &&
		       (r = ledger_weaker(c->ledger, o, claim)).discord) {
			struct object *other = (struct object *)r.hold->owner;
			struct hold ours = { .claim = claim, .owner = o };
			struct rival us = { r.discord, &ours };

			report_rival(c, other, r.hold->claim, &us);
			take_off(other);
			clash_fall(c, other);
		}
	}
}

static bool is_possible(struct clash *c, struct object *o)
{
	for (size_t i = 0; i < o->claims->count; i++) {
		const struct claim *claim = &o->claims->items[i];
		struct rival r = ledger_stronger(c->ledger, o, claim);

		if (!r.discord)
			continue;
		report_rival(c, o, claim, &r);
		return false;
	}
	return true;
}

static void report_shadows(struct clash *c, struct object *o)
{
	for (size_t i = 0; !o->problem && i < o->claims->count; i++) {
		const struct hold *h = ledger_shadow(c->ledger, &o->claims->items[i]);

		if (h)
			report_shadow(c, o, &o->claims->items[i], h);
	}
}

static void place(struct clash *c, struct object *o)
{
	clash_set_claims(c, o);
	if (!is_possible(c, o)) {
		clash_fall(c, o);
		return;
	}
	o->holds = ledger_take(c->ledger, o, o->claims);
	o->placed = true;
	clear_the_way(c, o);
	report_shadows(c, o);
}

void clash_fall(struct clash *c, struct object *o)
{
	take_off(o);
	if (o->form != FORM_NEW || !o->good || o->weak || !retain(c, o)) {
		o->form = FORM_OUT;
		return;
	}
	o->form = FORM_GOOD;
	clear_retained(o);
	place(c, o);
}

/* Live and unchanged objects first, then the others by age, then those that only a guard keeps. */
static int rank(const struct object *o)
{
	if (o->weak)
		return 2;
	return o->form == FORM_GOOD ? 0 : 1;
}

static int by_turn(const void *a, const void *b)
{
	const struct object *x = *(const struct object *const *)a;
	const struct object *y = *(const struct object *const *)b;

	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	if (x->czxid != y->czxid)
		return x->czxid < y->czxid ? -1 : 1;
	return strcmp(x->path, y->path);
}

void clash_place_all(struct clash *c)
{
	struct object **turns = xcalloc(c->count + 1, sizeof(struct object *));
	size_t count = c->count;

	if (count)
		memcpy(turns, c->objects, count * sizeof(struct object *));
	qsort(turns, count, sizeof(struct object *), by_turn);
	for (size_t i = 0; i < count; i++) {
		if (!turns[i]->extra)
			place(c, turns[i]);
	}
	free(turns);
}

/* Memory for an object that is brought back; retain_pool() gets that of an upstream itself. */
static void *item_of(struct arena *a, enum object_kind kind)
{
	if (kind == OBJECT_UPSTREAM)
		return NULL;
	return arena_alloc(a, kind == OBJECT_SITE ? sizeof(struct site) : sizeof(struct snippet));
}

struct object *clash_bring_back(struct clash *c, enum object_kind kind, const void *good)
{
	const struct znode *source =
		kind == OBJECT_UPSTREAM ? &((const struct upstream *)good)->source
		: kind == OBJECT_SITE   ? &((const struct site *)good)->source
					: &((const struct snippet *)good)->source;
	struct object *o = add_object(c, kind, item_of(c->next->arena, kind), source, good);

	o->path = arena_strdup(c->next->arena, o->path);
	o->extra = true;
	o->form = FORM_OUT;
	if (!retain(c, o)) {
		c->count--; /* it has no name */
		return NULL;
	}
	o->form = FORM_GOOD;
	place(c, o);
	return o->form == FORM_OUT ? NULL : o;
}
