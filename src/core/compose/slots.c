/* See slots.h: hash tables of keys and ports, and the lists of holders. */
#include <string.h>

#include <zknginx/err.h>

#define HASH_FUNCTION HASH_FNV /* the default one falls through its switches */
#include <uthash.h>

#include "slots.h"

#undef uthash_fatal
#define uthash_fatal(message) die("uthash: %s", message)

struct entry {
	struct slot slot;
	UT_hash_handle hh;
};

struct port {
	const char *key;
	struct slot *first;
	UT_hash_handle hh;
};

struct slots {
	struct arena *arena;
	struct entry *entries;
	struct port *ports;
};

struct slots *slots_new(struct arena *a)
{
	struct slots *s = arena_new_of(a, struct slots);

	s->arena = a;
	return s;
}

void slots_free(struct slots *s)
{
	HASH_CLEAR(hh, s->entries);
	HASH_CLEAR(hh, s->ports);
}

struct slot *slots_find(const struct slots *s, const char *key)
{
	struct entry *e = NULL;

	HASH_FIND_STR(s->entries, key, e);
	return e ? &e->slot : NULL;
}

static struct port *find_port(const struct slots *s, const char *key)
{
	struct port *p = NULL;

	HASH_FIND_STR(s->ports, key, p);
	return p;
}

struct slot *slots_on_port(const struct slots *s, const char *port)
{
	struct port *p = port ? find_port(s, port) : NULL;

	return p ? p->first : NULL;
}

static void join_port(struct slots *s, struct slot *slot, const char *key)
{
	struct port *p = find_port(s, key);

	if (!p) {
		p = arena_new_of(s->arena, struct port);
		p->key = key;
		HASH_ADD_KEYPTR(hh, s->ports, p->key, strlen(p->key), p);
	}
	slot->next = p->first;
	p->first = slot;
}

static struct slot *slot_for(struct slots *s, const struct claim *c)
{
	size_t size = strlen(c->key);
	struct entry *e = NULL;
	struct slot *slot;
	unsigned hash;

	HASH_VALUE(c->key, size, hash);
	HASH_FIND_BYHASHVALUE(hh, s->entries, c->key, size, hash, e);
	if (e)
		return &e->slot;
	e = arena_new_of(s->arena, struct entry);
	slot = &e->slot;
	slot->key = c->key;
	slot->list_count = c->kind == CLAIM_LISTEN ? LISTEN_SIGNATURES : 2;
	slot->lists = arena_array(s->arena, struct hold *, slot->list_count);
	slot->wildcard = c->listen & LISTEN_WILDCARD;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, s->entries, slot->key, size, hash, e);
	if (c->kind == CLAIM_LISTEN && c->port)
		join_port(s, slot, c->port);
	return slot;
}

static unsigned signature(const struct claim *c)
{
	if (c->kind != CLAIM_LISTEN)
		return c->live;
	return c->listen & (LISTEN_SIGNATURES - 1);
}

/* After the first of the list: nginx.conf's holds are entered first and have to stay there. */
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

void slots_enter(struct slots *s, struct hold *h, const void *owner, struct claim *c)
{
	struct slot *slot = slot_for(s, c);
	unsigned at = signature(c);

	*h = (struct hold){ .claim = c, .owner = owner, .list = &slot->lists[at] };
	slot->used |= UINT64_C(1) << at;
	c->slot = slot;
	insert(h);
}

void slots_leave(struct hold *h)
{
	if (h->prev)
		h->prev->next = h->next;
	else
		*h->list = h->next;
	if (h->next)
		h->next->prev = h->prev;
}
