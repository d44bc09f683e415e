/*
 * Variables that are not nginx's own: an object may use those that others define.
 *
 * A new use needs a definition that is in force. A use that nginx runs already does not lose its
 * object by a change elsewhere: while the live model or an unknown nginx.conf has the definition,
 * its removal is what nginx refuses.
 */
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "clash.h"
#include "core/data/layout.h"
#include "core/text/secret.h"
#include "core/text/variable.h"
#include "variables.h"

struct look {
	struct clash *clash;
	struct object *object;
	bool ok;
};

static bool visit(enum object_kind kind, const void *item,
		  bool (*on_use)(void *ctx, const struct variable_use *u), void *ctx)
{
	if (kind == OBJECT_SITE)
		return variables_of_site(item, on_use, ctx);
	if (kind == OBJECT_SNIPPET)
		return variables_of_definition(item, on_use, ctx);
	return kind == OBJECT_UPSTREAM && variables_of_upstream(item, on_use, ctx);
}

/* --- is it defined? -------------------------------------------------------------------------- */

static bool is_in_live_model(const struct clash *c, const char *key)
{
	for (size_t i = 0; i < c->good->snippet_count; i++) {
		const struct claims *claims = c->good->snippets[i].claims;

		if (claims && claims_define(claims, key))
			return true;
	}
	return false;
}

static bool is_same(void *ctx, const struct variable_use *u)
{
	const struct variable_use *wanted = ctx;

	return u->size == wanted->size && strncasecmp(u->name, wanted->name, u->size) == 0;
}

/* Does nginx run this use of the variable? */
static bool is_live(const struct object *o, const struct variable_use *u)
{
	struct variable_use wanted = *u;

	return o->weak || o->form == FORM_GOOD ||
	       (o->good && visit(o->kind, o->good, is_same, &wanted));
}

/* A definition that was deleted under its users stays in force. */
static bool restore(const struct look *l, const struct variable_use *u, const char *key)
{
	struct clash *c = l->clash;

	for (size_t i = 0; i < c->good->snippet_count; i++) {
		const struct snippet *good = &c->good->snippets[i];

		if (!good->definition || !good->claims || !claims_define(good->claims, key) ||
		    clash_text(c, good->kind, good->name) ||
		    !clash_bring_back(c, OBJECT_SNIPPET, good))
			continue;
		if (!l->object->weak)
			problems_add(c->problems, l->object->path, PROBLEM_FIELD,
				     variable_use_field(c->next->arena, u),
				     "%s/%s was deleted but its variable is still used here: its "
				     "last good form stays in force",
				     config_directory(good->kind), good->name)
				->serving = SERVING_PREVIOUS;
		return true;
	}
	return false;
}

static bool is_defined(const struct look *l, const struct variable_use *u)
{
	const struct clash *c = l->clash;
	const char *key = claims_definition_key(c->next->arena, u->protocol, u->name, u->size);

	return ledger_holder(c->ledger, key) || restore(l, u, key) || c->in->host_may_define ||
	       (is_live(l->object, u) && (!c->in->host || is_in_live_model(c, key)));
}

/* --- the nearest name ------------------------------------------------------------------------- */

struct nearest {
	const struct variable_use *use;
	const char *name; /* NULL: none */
	unsigned distance;
};

static void compare(struct nearest *n, const char *name)
{
	unsigned d = variable_distance(n->use->name, n->use->size, name);

	if (d >= n->distance)
		return;
	n->distance = d;
	n->name = name;
}

static void compare_all(struct nearest *n, const struct claims *claims)
{
	for (size_t i = 0; i < claims->count; i++) {
		if (claims->items[i].kind == CLAIM_DEFINITION &&
		    claims->items[i].protocol == n->use->protocol)
			compare(n, claims->items[i].name);
	}
}

static const char *find_nearest(const struct clash *c, const struct variable_use *u)
{
	struct nearest n = { .use = u, .distance = UINT_MAX };
	const char *own = u->protocol == PROTOCOL_STREAM
				  ? variable_nearest_in_stream(u->name, u->size)
				  : variable_nearest(u->name, u->size);

	if (own)
		compare(&n, own);
	for (size_t i = 0; i < c->count; i++) {
		if (c->objects[i]->placed)
			compare_all(&n, c->objects[i]->claims);
	}
	if (c->in->host)
		compare_all(&n, host_claims_list(c->in->host));
	return n.name;
}

/* --- the check -------------------------------------------------------------------------------- */

static const char *where_defined(const struct clash *c, enum protocol protocol)
{
	if (protocol == PROTOCOL_STREAM)
		return c->in->host ? "maps/, geo/, split/ of that protocol, a stream snippet or "
				     "nginx.conf"
				   : "maps/, geo/, split/ of that protocol or a stream snippet "
				     "(nginx.conf is not known here)";
	return c->in->host ? "maps/, geo/, split/, a set, a snippet or nginx.conf"
			   : "maps/, geo/, split/, a set or a snippet (nginx.conf is not known "
			     "here)";
}

/* A `$` in a password makes a variable of the rest. */
static void put_name(struct buf *out, const char *field, const struct variable_use *u)
{
	if (secret_is_in_field(field) && !secret_is_plain_name(u->name, u->size))
		secret_put_masked(u->name, u->size, out);
	else
		buf_put(out, u->name, u->size);
}

static void report(const struct look *l, const struct variable_use *u)
{
	struct clash *c = l->clash;
	const char *field = variable_use_field(c->next->arena, u), *near = find_nearest(c, u);
	CLEANUP(buf_fini) struct buf name = BUF_INIT;

	put_name(&name, field, u);
	clash_report(c, l->object, field,
		     "uses $%s, which is neither a variable that nginx has%s nor defined by "
		     "%s%s%s%s",
		     buf_str(&name),
		     u->protocol == PROTOCOL_STREAM ? " for the stream protocol" : "",
		     where_defined(c, u->protocol), near ? "; is it $" : "", near ?: "",
		     near ? "?" : "");
}

static bool on_use(void *ctx, const struct variable_use *u)
{
	struct look *l = ctx;

	if (variable_use_is_of_nginx(u) || is_defined(l, u))
		return false;
	l->ok = false;
	if (clash_needs_report(l->object))
		report(l, u);
	return false;
}

bool clash_has_variables(struct clash *c, struct object *o)
{
	struct look l = { .clash = c, .object = o, .ok = true };

	if (!c->in->is_live)
		visit(o->kind, o->item.any, on_use, &l);
	return l.ok;
}
