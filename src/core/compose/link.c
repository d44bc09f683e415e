/*
 * Link: references, and the order in which everything that objects say about each other is settled.
 *
 * Clashes come first (clash.h). Then each upstream that a site uses has to exist and each variable
 * to be defined, nginx has to be able to exchange its sockets, and no new object may become a
 * default server by its place alone.
 * An object that breaks one of these rules falls back to its last good form, or is left out, and
 * all rules are checked again.
 */
#include <stdio.h>
#include <string.h>

#include "clash.h"
#include "core/data/layout.h"
#include "link_definitions.h"
#include "linked.h"

/* --- references ----------------------------------------------------------------------------- */

/* A field of a site that names an upstream. */
struct reference {
	struct object *site;
	char field[160];
	const char *upstream;
};

/* How many upstreams a location names: that of `proxy`, and those that `split` chooses from. */
static size_t reference_count(const struct location *l)
{
	return location_passes(l) ? 1 + (l->split ? l->split->target_count : 0) : 0;
}

static void describe_reference(const struct location *l, size_t index, size_t at,
			       struct reference *r)
{
	char whole[40];

	snprintf(whole, sizeof(whole), "locations[%zu]", index);
	if (!at) {
		r->upstream = l->proxy;
		snprintf(r->field, sizeof(r->field), "%s.%s", l->field ?: whole,
			 location_module(l));
		return;
	}
	r->upstream = l->split->targets[at - 1].proxy;
	snprintf(r->field, sizeof(r->field), "%s.split.to[%zu].proxy", l->field ?: whole, at - 1);
}

/* `proxy`, and then the upstreams of names. */
static bool next_of_stream(const struct site *s, size_t *at, struct reference *r)
{
	size_t i = s->proxy ? *at : *at + 1;

	if (i > s->stream.sni_count)
		return false;
	r->upstream = i ? s->stream.sni[i - 1].upstream : s->proxy;
	snprintf(r->field, sizeof(r->field), i ? "sni.%.50s" : "proxy",
		 i ? s->stream.sni[i - 1].name : "");
	++*at;
	return true;
}

/* The next reference of the site, from number *at on; false past the last one. */
static bool next_reference(struct object *o, size_t *at, struct reference *r)
{
	const struct site *s = o->item.site;
	size_t before = 0;

	r->site = o;
	if (s->protocol == PROTOCOL_STREAM)
		return next_of_stream(s, at, r);
	for (size_t i = 0; i < s->location_count; i++) {
		size_t count = reference_count(&s->locations[i]);

		if (*at < before + count) {
			describe_reference(&s->locations[i], i, *at - before, r);
			++*at;
			return true;
		}
		before += count;
	}
	return false;
}

/*
 * Adds an upstream that was deleted, in its last good form. NULL: it was not deleted, or that form
 * has no place any more.
 */
static struct object *restore_upstream(struct clash *c, const char *name)
{
	const struct upstream *good = model_upstream(c->good, name);

	if (!good || clash_upstream(c, name))
		return NULL;
	return clash_bring_back(c, OBJECT_UPSTREAM, good);
}

static void restore_used_upstream(struct clash *c, const struct object *user, const char *field,
				  const char *name)
{
	if (restore_upstream(c, name) && !user->weak)
		problems_add(c->problems, user->path, PROBLEM_FIELD, field,
			     "upstream \"%s\" was deleted but is still used here: its last good "
			     "form stays in force",
			     name)
			->serving = SERVING_PREVIOUS;
}

static void report_reference(struct clash *c, const struct reference *r)
{
	const struct object *u = clash_upstream(c, r->upstream);
	const char *wrong = u ? NULL : clash_wrong(c, CONFIG_UPSTREAM, r->upstream);

	if (u && u->form != FORM_OUT)
		clash_report(c, r->site, r->field,
			     "upstream \"%s\" has the other protocol (http or stream)",
			     r->upstream);
	else if ((u && (!u->extra || u->problem)) || wrong)
		clash_report(c, r->site, r->field,
			     "upstream \"%s\" is not served: see the problem of %s", r->upstream,
			     u ? u->path : wrong);
	else
		clash_report(c, r->site, r->field, "upstream \"%s\" does not exist", r->upstream);
}

static bool is_met(const struct clash *c, const struct reference *r)
{
	const struct object *u = clash_upstream(c, r->upstream);

	return u && u->form != FORM_OUT &&
	       u->item.upstream->protocol == r->site->item.site->protocol;
}

/* Brings back deleted upstreams that the site uses; reports other broken references. */
static bool settle_references(struct clash *c, struct object *site)
{
	struct reference r;
	size_t at = 0;
	bool ok = true;

	while (next_reference(site, &at, &r)) {
		restore_used_upstream(c, site, r.field, r.upstream);
		if (is_met(c, &r))
			continue;
		ok = false;
		if (clash_needs_report(site))
			report_reference(c, &r);
	}
	return ok;
}

/* A snippet's names are in small letters; nginx finds an upstream in any case. */
static const char *name_as_accepted(const struct clash *c, const char *name)
{
	const struct upstream *good = model_upstream_of_nginx(c->good, name);

	return good ? good->name : name;
}

static void restore_named_upstream(struct clash *c, const struct object *user, const char *name)
{
	restore_used_upstream(c, user, NULL, name_as_accepted(c, name));
}

static bool settle(struct clash *c, struct object *o)
{
	bool ok = o->kind != OBJECT_SITE || settle_references(c, o);

	if (o->kind == OBJECT_SITE && !(definitions_settle(c, o) && clash_may_include(c, o)))
		ok = false;
	ok &= clash_has_pools(c, o, restore_named_upstream);
	return clash_has_variables(c, o) && ok;
}

/* True: an object fell, so everything has to be checked again. */
static bool check_references(struct clash *c)
{
	size_t count = c->count;
	bool fell = false;

	c->again = false;
	for (size_t i = 0; i < count; i++) {
		struct object *o = c->objects[i];

		while (o->placed && !settle(c, o)) {
			clash_fall(c, o);
			fell = true;
		}
	}
	return fell || c->again;
}

/* The names in the *_pass directives of a text of the object. */
static size_t named_upstreams(const struct object *o, const char *const **names)
{
	*names = NULL;
	if (o->kind == OBJECT_UPSTREAM)
		return 0;
	*names = o->kind == OBJECT_SITE ? o->item.site->named : o->item.snippet->upstreams;
	return o->kind == OBJECT_SITE ? o->item.site->named_count : o->item.snippet->upstream_count;
}

/*
 * A name in a snippet may also be an upstream of nginx.conf, or a host name. So only an upstream
 * that was deleted is added again.
 */
static void restore_upstreams_of_snippets(struct clash *c)
{
	size_t count = c->count;

	for (size_t i = 0; i < count; i++) {
		struct object *o = c->objects[i];
		const char *const *names;
		size_t named = o->placed ? named_upstreams(o, &names) : 0;

		for (size_t j = 0; j < named; j++)
			restore_named_upstream(c, o, names[j]);
		clash_keep_pools(c, o, restore_named_upstream);
	}
}

/* An upstream that a site uses is live, even where only a guard has postponed its deletion. */
static void keep_used_by_site(struct clash *c, struct object *site)
{
	struct reference r;
	size_t at = 0;

	while (next_reference(site, &at, &r)) {
		struct object *u;

		restore_used_upstream(c, site, r.field, r.upstream);
		u = clash_upstream(c, r.upstream);
		if (!u || !u->weak)
			continue;
		u->weak = false;
		u->form = FORM_GOOD;
	}
}

/*
 * Runs before any object is placed: a deleted upstream that is still used keeps its name, also
 * against a new object that wants the same name.
 */
static void keep_used_upstreams(struct clash *c)
{
	size_t count = c->count;

	for (size_t i = 0; i < count; i++) {
		if (c->objects[i]->kind != OBJECT_SITE || c->objects[i]->weak)
			continue;
		keep_used_by_site(c, c->objects[i]);
		definitions_keep_used(c, c->objects[i]);
	}
}

static void link_all(struct clash *c)
{
	keep_used_upstreams(c);
	definitions_restore_for_texts(c);
	clash_place_all(c);
	do {
		while (check_references(c))
			continue;
		definitions_restore_for_texts(c);
		restore_upstreams_of_snippets(c);
	} while (clash_check_sockets(c) || defaults_check(c));
	defaults_note(c);
	clash_finish(c);
}

/* Is there nothing that only a guard keeps? */
static bool is_all_wanted(const struct clash *c)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->objects[i]->weak)
			return false;
	}
	return true;
}

static bool stays_default(const struct object *o)
{
	for (size_t i = 0; o->kind == OBJECT_SITE && i < o->item.site->listen_count; i++) {
		if (o->item.site->listens[i].stay_default)
			return true;
	}
	return false;
}

/* Are all objects as they were before, and no others there? */
static bool is_untouched(const struct clash *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct object *o = c->objects[i];

		if (o->extra || o->form == FORM_OUT || stays_default(o))
			return false;
	}
	return true;
}

/* An object that falls without a problem is one that a guard keeps. */
void link_model(struct model *next, const struct link_input *in, struct problems *problems)
{
	struct clash c = { .next = next, .good = in->good, .in = in, .problems = problems };
	size_t before = problems->count;
	bool is_clean;

	if (linked_repeat(in->linked, next, in))
		return;
	clash_init(&c);
	is_clean = is_all_wanted(&c);
	link_all(&c);
	if (is_clean && problems->count == before && is_untouched(&c))
		linked_keep(in->linked, next, in);
	else
		linked_drop(in->linked);
	clash_fini(&c);
}
