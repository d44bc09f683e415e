/*
 * Sockets that nginx cannot exchange in one step.
 *
 * nginx binds new sockets before it closes old ones. A wildcard ("*:80") cannot be bound while an
 * address of its port ("127.0.0.1:80") is bound, nor the other way round; `nginx -t` does not
 * notice that, and the reload fails. A socket that stays is inherited, also when another server
 * listens on it. While a wildcard stays, nginx does not bind addresses of its port.
 *
 * Only ports matter on which something has changed.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "clash.h"

/* A listen of the live model that its object no longer has, or has with other options. */
struct lost {
	struct object *object; /* NULL: it is not in the next model */
	enum object_kind kind;
	const void *good;
	const struct claim *claim;
};

struct look {
	struct clash *clash;
	struct lost *lost;
	size_t lost_count, lost_room;
	const char **ports; /* on which something has changed; with repetitions */
	size_t port_count, port_room;
};

static void add_port(struct look *l, const struct claim *claim)
{
	if (claim->kind != CLAIM_LISTEN || !claim->port)
		return;
	if (l->port_count == l->port_room) {
		l->port_room = l->port_room ? 2 * l->port_room : 16;
		l->ports = xrealloc(l->ports, l->port_room * sizeof(*l->ports));
	}
	l->ports[l->port_count++] = claim->port;
}

static void add_lost(struct look *l, struct lost lost, const struct claims *claims)
{
	for (size_t i = 0; claims && i < claims->count; i++) {
		lost.claim = &claims->items[i];
		if (lost.claim->kind != CLAIM_LISTEN)
			continue;
		if (l->lost_count == l->lost_room) {
			l->lost_room = l->lost_room ? 2 * l->lost_room : 16;
			l->lost = xrealloc(l->lost, l->lost_room * sizeof(*l->lost));
		}
		l->lost[l->lost_count++] = lost;
		add_port(l, lost.claim);
	}
}

static void look_at_objects(struct look *l)
{
	struct clash *c = l->clash;

	for (size_t i = 0; i < c->count; i++) {
		struct object *o = c->objects[i];
		struct lost lost = { .object = o, .kind = o->kind, .good = o->good };

		if (o->kind == OBJECT_UPSTREAM || (o->form == FORM_GOOD && o->placed))
			continue;
		for (size_t j = 0; o->placed && j < o->claims->count; j++)
			add_port(l, &o->claims->items[j]);
		if (o->good)
			add_lost(l, lost, clash_good_claims(c, o));
	}
}

/* Has the next model all sites and snippets of the live one? */
static bool has_all(const struct clash *c)
{
	size_t found = 0;

	for (size_t i = 0; i < c->count; i++)
		found += c->objects[i]->kind != OBJECT_UPSTREAM && c->objects[i]->good;
	return found >= c->good->site_count + c->good->snippet_count;
}

/* Objects of the live model that the next one does not have. */
static void look_at_deleted(struct look *l)
{
	struct clash *c = l->clash;

	if (has_all(c))
		return;
	for (size_t i = 0; i < c->good->site_count; i++) {
		const struct site *s = &c->good->sites[i];
		struct object probe = { .kind = OBJECT_SITE, .good = s };

		if (!model_site(c->next, s->name))
			add_lost(l, (struct lost){ .kind = OBJECT_SITE, .good = s },
				 clash_good_claims(c, &probe));
	}
	for (size_t i = 0; i < c->good->snippet_count; i++) {
		const struct snippet *s = &c->good->snippets[i];
		struct object probe = { .kind = OBJECT_SNIPPET, .good = s };

		if (!model_text(c->next, s->kind, s->name))
			add_lost(l, (struct lost){ .kind = OBJECT_SNIPPET, .good = s },
				 clash_good_claims(c, &probe));
	}
}

static const struct lost *find_lost(const struct look *l, const char *port, bool wildcard)
{
	for (size_t i = 0; i < l->lost_count; i++) {
		const struct claim *claim = l->lost[i].claim;

		if (claim->port && strcmp(claim->port, port) == 0 &&
		    !(claim->listen & LISTEN_WILDCARD) == !wildcard)
			return &l->lost[i];
	}
	return NULL;
}

#define WHAT_HELPS                                                                                 \
	"nginx opens new sockets before it closes old ones. Change it in two steps: first remove " \
	"every listen on that port, and after that is applied add the new one; or stop nginx, "    \
	"wait until this problem is gone, and start nginx"

/* A new wildcard where nginx listens on an address of the port: all objects with it fall. */
static bool refuse_wildcard(struct look *l, const char *port, const char *old)
{
	struct clash *c = l->clash;
	const struct hold *h = ledger_on_port(c->ledger, port, true, false);
	bool fell = false;

	while (h && !ledger_is_host(c->ledger, h)) {
		struct object *o = (struct object *)h->owner;

		if (!o->weak && !o->problem)
			clash_report(c, o, o->kind == OBJECT_SITE ? "listen" : NULL,
				     "%s cannot be bound while nginx listens on %s: " WHAT_HELPS,
				     h->claim->address, old)
				->line = h->claim->line;
		clash_fall(c, o);
		fell = true;
		h = ledger_on_port(c->ledger, port, true, false);
	}
	return fell;
}

static bool keep_wildcard(struct look *l, const struct lost *lost, const struct hold *wanted)
{
	struct clash *c = l->clash;
	struct object *o = lost->object;
	const struct object *other = wanted->owner;
	const char *path = ledger_is_host(c->ledger, wanted) ? wanted->claim->file : other->path;

	if (o && o->form != FORM_NEW)
		return false;
	if (!o) {
		o = clash_bring_back(c, lost->kind, lost->good);
		if (!o)
			return false;
	}
	if (!o->problem)
		clash_report(c, o, o->kind == OBJECT_SITE ? "listen" : NULL,
			     "%s stays in force, because %s (of %s) cannot be bound while nginx "
			     "listens on it: " WHAT_HELPS,
			     lost->claim->address, wanted->claim->address, path);
	if (o->form == FORM_NEW)
		clash_fall(c, o);
	return true;
}

/* The wildcard goes while an address of the port stays: every object with the wildcard keeps it. */
static bool keep_wildcards(struct look *l, const char *port)
{
	struct clash *c = l->clash;
	const struct hold *wanted = ledger_on_port(c->ledger, port, false, false);
	bool kept = false;

	for (size_t i = 0; wanted && i < l->lost_count; i++) {
		const struct claim *claim = l->lost[i].claim;

		if (claim->port && strcmp(claim->port, port) == 0 &&
		    (claim->listen & LISTEN_WILDCARD))
			kept = keep_wildcard(l, &l->lost[i], wanted) || kept;
		wanted = ledger_on_port(c->ledger, port, false, false);
	}
	return kept;
}

static bool check_port(struct look *l, const char *port)
{
	const struct ledger *ledger = l->clash->ledger;
	const struct hold *live_wildcard = ledger_on_port(ledger, port, true, true);
	const struct hold *live_address = ledger_on_port(ledger, port, false, true);
	const struct lost *lost_wildcard = find_lost(l, port, true);
	const struct lost *lost_address = find_lost(l, port, false);
	const char *old = live_address   ? live_address->claim->address
			  : lost_address ? lost_address->claim->address
					 : NULL;

	if (live_wildcard)
		return false;
	if (lost_wildcard)
		return !ledger_on_port(ledger, port, true, false) && keep_wildcards(l, port);
	return old && refuse_wildcard(l, port, old);
}

bool clash_check_sockets(struct clash *c)
{
	struct look l = { .clash = c };
	bool fell = false;

	if (c->in->sockets_are_free)
		return false;
	look_at_objects(&l);
	look_at_deleted(&l);
	for (size_t i = 0; !fell && i < l.port_count; i++)
		fell = check_port(&l, l.ports[i]);
	free(l.lost);
	free(l.ports);
	return fell;
}
