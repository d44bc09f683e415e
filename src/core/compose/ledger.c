/* See ledger.h: entering claims, and taking them out again. */
#include <stdlib.h>
#include <string.h>

#include "ledger_parts.h"

struct slot *ledger_slot(const struct ledger *l, const char *key)
{
	struct slot *s = NULL;

	HASH_FIND_STR(l->slots, key, s);
	return s;
}

struct port *ledger_port(const struct ledger *l, const char *key)
{
	struct port *p = NULL;

	if (key)
		HASH_FIND_STR(l->ports, key, p);
	return p;
}

static void join_port(struct ledger *l, struct slot *s, const char *key)
{
	struct port *p = ledger_port(l, key);

	if (!p) {
		p = arena_new_of(l->arena, struct port);
		p->key = key;
		HASH_ADD_KEYPTR(hh, l->ports, p->key, strlen(p->key), p);
	}
	s->port = p;
	s->next = p->slots;
	p->slots = s;
}

static struct slot *slot_for(struct ledger *l, const struct claim *c)
{
	struct slot *s = ledger_slot(l, c->key);

	if (s)
		return s;
	s = arena_new_of(l->arena, struct slot);
	s->key = c->key;
	s->list_count = c->kind == CLAIM_LISTEN ? LISTEN_SIGNATURES : 2;
	s->lists = arena_array(l->arena, struct hold *, s->list_count);
	s->wildcard = c->listen & LISTEN_WILDCARD;
	HASH_ADD_KEYPTR(hh, l->slots, s->key, strlen(s->key), s);
	if (c->kind == CLAIM_LISTEN && c->port)
		join_port(l, s, c->port);
	return s;
}

static unsigned signature(const struct claim *c)
{
	if (c->kind != CLAIM_LISTEN)
		return c->live;
	return c->listen & (LISTEN_SIGNATURES - 1);
}

/* Behind the first of the list: nginx.conf's came first, and is found there. */
static void insert(struct hold *h)
{
	struct hold *first = *h->list;

	if (!first) {
		*h->list = h;
		return;
	}
	h->prev = first;
	h->next = first->next;
	if (h->next)
		h->next->prev = h;
	first->next = h;
}

static void enter(struct ledger *l, struct hold *h, const void *owner, const struct claim *c)
{
	struct slot *s = slot_for(l, c);
	unsigned at = signature(c);

	*h = (struct hold){ .claim = c, .owner = owner, .slot = s, .list = &s->lists[at] };
	s->used |= UINT64_C(1) << at;
	insert(h);
}

struct hold *ledger_take(struct ledger *l, const void *owner, const struct claims *claims)
{
	struct hold *holds = arena_array(l->arena, struct hold, claims->count);

	for (size_t i = 0; i < claims->count; i++)
		enter(l, &holds[i], owner, &claims->items[i]);
	return holds;
}

void ledger_release(struct hold *holds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct hold *h = &holds[i];

		if (h->prev)
			h->prev->next = h->next;
		else
			*h->list = h->next;
		if (h->next)
			h->next->prev = h->prev;
	}
}

struct ledger *ledger_new(struct arena *a, const struct claims *host)
{
	struct ledger *l = arena_new_of(a, struct ledger);
	struct claims *claims;

	l->arena = a;
	l->host = l;
	if (!host)
		return l;
	claims = claims_copy(a, host);
	for (size_t i = 0; i < claims->count; i++) {
		claims->items[i].live = true;
		if (claims->items[i].kind == CLAIM_LISTEN)
			claims->items[i].listen |= LISTEN_LIVE;
	}
	ledger_take(l, l->host, claims);
	return l;
}

void ledger_free(struct ledger *l)
{
	HASH_CLEAR(hh, l->slots);
	HASH_CLEAR(hh, l->ports);
}

bool ledger_is_host(const struct ledger *l, const struct hold *h)
{
	return h->owner == l->host;
}
