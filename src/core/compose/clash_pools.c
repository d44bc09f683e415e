/*
 * Variables that name an upstream: `proxy_pass http://$pool`.
 *
 * Whatever such a variable may name is in use, and is not removed. Under the policy "safe" the
 * values must be known altogether: else a client might choose where nginx connects to. So each
 * definition of the variable is a map, geo or split of a znode or a snippet, and each value an
 * upstream.
 */
#include <string.h>

#include "clash.h"
#include "core/policy/policy_pools.h"

#define CHAIN 8 /* a value may be another variable; so many in a row are followed */

static const struct pools *pools_of(const struct object *o)
{
	if (o->kind == OBJECT_SITE)
		return o->item.site->pools;
	return o->kind == OBJECT_SNIPPET ? o->item.snippet->pools : NULL;
}

static enum protocol protocol_of(const struct object *o)
{
	return o->kind == OBJECT_SITE ? o->item.site->protocol : o->item.snippet->context;
}

/* A use that is being followed. */
struct tracing {
	struct clash *clash;
	struct object *user;
	const struct pool_use *use;
	void (*on_upstream)(struct clash *c, const struct object *user, const char *name);
	const char *why; /* the rest of a sentence about $variable; NULL: nothing is wrong */
};

static void trace(struct tracing *t, const char *variable, unsigned depth);

/* --- what is in use -------------------------------------------------------------------------- */

static void trace_value(struct tracing *t, const struct pool_value *v, unsigned depth)
{
	struct arena *a = t->clash->next->arena;

	if (v->follow) {
		trace(t, v->follow, depth + 1);
		return;
	}
	if (v->name)
		t->on_upstream(t->clash, t->user, v->name);
	if (t->why)
		return;
	if (!v->name || !v->plain)
		t->why = arena_printf(a, "$%s has a value that is not the name of an upstream",
				      v->variable);
	else if (!ledger_holder(t->clash->ledger,
				claims_upstream_key(a, protocol_of(t->user), v->name)))
		t->why = arena_printf(a, "$%s may be \"%s\", which is no upstream of this protocol",
				      v->variable, v->name);
}

static void trace(struct tracing *t, const char *variable, unsigned depth)
{
	struct clash *c = t->clash;

	for (size_t i = 0; depth < CHAIN && i < c->count; i++) {
		const struct pools *p = c->objects[i]->placed ? pools_of(c->objects[i]) : NULL;

		for (size_t j = 0;
		     p && protocol_of(c->objects[i]) == protocol_of(t->user) && j < p->value_count;
		     j++) {
			if (strcmp(p->values[j].variable, variable) == 0)
				trace_value(t, &p->values[j], depth);
		}
	}
}

void clash_keep_pools(struct clash *c, struct object *o,
		      void (*on_upstream)(struct clash *c, const struct object *user,
					  const char *name))
{
	const struct pools *p = o->placed ? pools_of(o) : NULL;

	for (size_t i = 0; p && i < p->use_count; i++) {
		struct tracing t = {
			.clash = c, .user = o, .use = &p->uses[i], .on_upstream = on_upstream
		};

		trace(&t, p->uses[i].variable, 0);
	}
}

/* --- what is safe ---------------------------------------------------------------------------- */

static size_t count_definitions(const struct claims *claims, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; claims && i < claims->count; i++)
		n += claims->items[i].kind == CLAIM_DEFINITION &&
		     strcmp(claims->items[i].key, key) == 0;
	return n;
}

/* Definitions of all kinds, with those of nginx.conf. */
static size_t count_all(const struct clash *c, const char *key)
{
	size_t n = c->in->host ? count_definitions(host_claims_list(c->in->host), key) : 0;

	for (size_t i = 0; i < c->count; i++) {
		if (c->objects[i]->placed)
			n += count_definitions(c->objects[i]->claims, key);
	}
	return n;
}

static bool is_mapped(const struct clash *c, enum protocol protocol, const char *variable)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct pools *p = c->objects[i]->placed ? pools_of(c->objects[i]) : NULL;

		for (size_t j = 0;
		     p && protocol_of(c->objects[i]) == protocol && j < p->value_count; j++) {
			if (p->values[j].mapped && strcmp(p->values[j].variable, variable) == 0)
				return true;
		}
	}
	return false;
}

static void check_definitions(struct tracing *t, const char *variable, unsigned depth);

/* Checks the definitions of each variable that a value refers to. */
static void check_followed(struct tracing *t, const struct pools *p, const char *variable,
			   unsigned depth)
{
	for (size_t j = 0; p && !t->why && j < p->value_count; j++) {
		if (p->values[j].follow && strcmp(p->values[j].variable, variable) == 0)
			check_definitions(t, p->values[j].follow, depth + 1);
	}
}

static void check_definitions(struct tracing *t, const char *variable, unsigned depth)
{
	struct clash *c = t->clash;
	struct arena *a = c->next->arena;
	enum protocol protocol = protocol_of(t->user);
	const char *key = claims_definition_key(a, protocol, variable, strlen(variable));

	if (depth == CHAIN)
		t->why = arena_printf(a, "$%s is defined by too many variables in a row", variable);
	else if (!is_mapped(c, protocol, variable))
		t->why = arena_printf(a, "$%s is not defined by a map", variable);
	else if (count_all(c, key) != 1)
		t->why = arena_printf(a, "$%s is also set elsewhere", variable);
	for (size_t i = 0; !t->why && i < c->count; i++) {
		if (c->objects[i]->placed && pools_of(c->objects[i]) &&
		    protocol_of(c->objects[i]) == protocol)
			check_followed(t, pools_of(c->objects[i]), variable, depth);
	}
}

static void report(const struct tracing *t)
{
	clash_report(t->clash, t->user, t->user->kind == OBJECT_SITE ? "directives" : NULL,
		     "the address of a directive is the variable $%s, and %s. Expected: one map, "
		     "geo or split_clients that defines it, with only upstreams as values "
		     "(snippets.policy is \"safe\")",
		     t->use->variable, t->why)
		->line = t->user->kind == OBJECT_SITE ? 0 : t->use->line;
}

/* nginx runs this text already, and what it may refer to of nginx.conf is not known yet. */
static bool is_taken_over(const struct clash *c, const struct object *o)
{
	return c->in->is_live || (!c->in->host && o->form == FORM_GOOD);
}

bool clash_has_pools(struct clash *c, struct object *o,
		     void (*on_upstream)(struct clash *c, const struct object *user,
					 const char *name))
{
	const struct pools *p = pools_of(o);
	bool ok = true;

	if (!p || is_taken_over(c, o) || c->in->policy->level != POLICY_SAFE)
		return true;
	for (size_t i = 0; i < p->use_count; i++) {
		struct tracing t = {
			.clash = c, .user = o, .use = &p->uses[i], .on_upstream = on_upstream
		};

		check_definitions(&t, t.use->variable, 0);
		trace(&t, t.use->variable, 0);
		if (!t.why)
			continue;
		ok = false;
		if (clash_needs_report(o))
			report(&t);
	}
	return ok;
}
