/*
 * Link: references, and the order in which all that objects say about each other is settled.
 *
 * Clashes first (clash.h). Then each site's upstreams have to be there, sockets have to be
 * exchangeable, and no newcomer may become a default server by its place; whoever does not keep to
 * that falls, and everything is looked at once more.
 */
#include <stdio.h>
#include <string.h>

#include "clash.h"
#include "core/data/layout.h"

/* --- references ----------------------------------------------------------------------------- */

/* The upstream, if need be brought back from the last good model. */
static struct object *find_upstream(struct clash *c, struct object *from, const char *field,
				    const char *name)
{
	const struct upstream *good = model_upstream(c->good, name);
	struct object *u = clash_upstream(c, name, true);

	if (u || !good)
		return u;
	u = clash_bring_back(c, OBJECT_UPSTREAM, good);
	if (u && !from->weak)
		problems_add(
			c->problems, from->path, PROBLEM_FIELD, field,
			"upstream \"%s\" was deleted but is still used here: its last good form "
			"is served on",
			name)
			->serving = SERVING_PREVIOUS;
	return u;
}

/* The znode of an upstream that is wrong, or that nginx refuses; NULL: there is no such problem. */
static const char *find_wrong_upstream(const struct clash *c, const char *name)
{
	for (size_t i = 0; i < c->problems->count; i++) {
		const char *path = c->problems->items[i].znode;

		if (config_kind_at_end(path, NULL) == CONFIG_UPSTREAM &&
		    strcmp(path_name(path), name) == 0)
			return path;
	}
	return NULL;
}

static void report_missing(struct clash *c, struct object *from, const char *field,
			   const char *name)
{
	const char *wrong = find_wrong_upstream(c, name);

	if (wrong)
		clash_report(c, from, field, "upstream \"%s\" is not served: see the problem of %s",
			     name, wrong);
	else
		clash_report(c, from, field, "upstream \"%s\" does not exist", name);
}

static bool refer(struct clash *c, struct object *from, const char *field, const char *name,
		  enum protocol protocol)
{
	struct object *u = find_upstream(c, from, field, name);

	if (u && u->form != FORM_OUT && u->item.upstream->protocol == protocol)
		return true;
	if (from->weak || (from->problem && from->form != FORM_NEW))
		return false;
	if (!u)
		report_missing(c, from, field, name);
	else if (u->form == FORM_OUT)
		clash_report(c, from, field, "upstream \"%s\" is not served: see the problem of %s",
			     name, u->path);
	else
		clash_report(c, from, field,
			     "upstream \"%s\" has the other protocol (http or stream)", name);
	return false;
}

static bool references_hold(struct clash *c, struct object *o)
{
	const struct site *s = o->item.site;
	char field[64];
	bool ok = true;

	if (s->protocol == PROTOCOL_STREAM)
		return refer(c, o, "proxy", s->proxy, PROTOCOL_STREAM);
	for (size_t i = 0; i < s->location_count; i++) {
		if (s->locations[i].kind != LOCATION_PROXY)
			continue;
		snprintf(field, sizeof(field), "locations[%zu].proxy", i);
		ok = refer(c, o, field, s->locations[i].proxy, PROTOCOL_HTTP) && ok;
	}
	return ok;
}

/* True: somebody fell. */
static bool check_references(struct clash *c)
{
	size_t count = c->count;
	bool fell = false;

	for (size_t i = 0; i < count; i++) {
		struct object *o = c->objects[i];

		while (o->kind == OBJECT_SITE && o->placed && !references_hold(c, o)) {
			clash_fall(c, o);
			fell = true;
		}
	}
	return fell;
}

/* What a snippet names may also be defined in nginx.conf: only what was deleted is ours to mend. */
static void keep_upstreams_of_snippets(struct clash *c)
{
	size_t count = c->count;

	for (size_t i = 0; i < count; i++) {
		struct object *o = c->objects[i];

		if (o->kind != OBJECT_SNIPPET || !o->placed)
			continue;
		for (size_t j = 0; j < o->item.snippet->upstream_count; j++)
			find_upstream(c, o, NULL, o->item.snippet->upstreams[j]);
	}
}

/* Somebody uses it, so it is live, and not only put off by the guard. */
static void keep_used(struct clash *c, struct object *from, const char *field, const char *name)
{
	struct object *u = name ? find_upstream(c, from, field, name) : NULL;

	if (!u || !u->weak)
		return;
	u->weak = false;
	u->form = FORM_GOOD;
}

static void keep_used_by_site(struct clash *c, struct object *o)
{
	const struct site *s = o->item.site;
	char field[64];

	if (s->protocol == PROTOCOL_STREAM)
		keep_used(c, o, "proxy", s->proxy);
	for (size_t i = 0; i < s->location_count; i++) {
		snprintf(field, sizeof(field), "locations[%zu].proxy", i);
		if (s->locations[i].kind == LOCATION_PROXY)
			keep_used(c, o, field, s->locations[i].proxy);
	}
}

/*
 * Before anybody is placed: a deleted upstream that is still used keeps its name, also against a
 * newcomer that would take it over.
 */
static void keep_used_upstreams(struct clash *c)
{
	size_t count = c->count;

	for (size_t i = 0; i < count; i++) {
		if (c->objects[i]->kind == OBJECT_SITE && !c->objects[i]->weak)
			keep_used_by_site(c, c->objects[i]);
	}
}

void link_model(struct model *next, const struct link_input *in, struct problems *problems)
{
	struct clash c = { .next = next, .good = in->good, .in = in, .problems = problems };

	clash_init(&c);
	keep_used_upstreams(&c);
	clash_place_all(&c);
	do {
		while (check_references(&c))
			continue;
		keep_upstreams_of_snippets(&c);
	} while (clash_check_sockets(&c) || defaults_check(&c));
	defaults_note(&c);
	clash_finish(&c);
	clash_fini(&c);
}
