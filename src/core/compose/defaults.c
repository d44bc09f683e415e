/*
 * Default servers: the server that answers on an address for host names that no server has.
 *
 * nginx takes the server with `default_server`, else the first one that it reads. Snippets are
 * rendered before sites, and sites by age, so a new site does not become the first one. Where the
 * order would still change the default server (there is a new snippet with a server, or an older
 * site has one more listen), the present one is rendered with `default_server`. This is not done
 * where nginx.conf has a server on the address, as that one comes first.
 */
#include <stdlib.h>
#include <string.h>

#define HASH_FUNCTION HASH_FNV /* the default one falls through its switches */
#include <uthash.h>

#include <zknginx/err.h>

#include "clash.h"

#undef uthash_fatal
#define uthash_fatal(message) die("uthash: %s", message)

struct entry {
	const char *address;
	struct object *first;   /* the first object in the order in which they are rendered … */
	const struct claim *by; /* … and its listen */
	const char *znode;      /* the default server; NULL: not known */
	UT_hash_handle hh;
};

struct table {
	struct arena *arena;
	struct entry *entries;
};

static bool is_first_of_http(const struct claim *claim)
{
	return claim->kind == CLAIM_LISTEN && claim->protocol == PROTOCOL_HTTP &&
	       !(claim->listen & LISTEN_UDP);
}

static struct entry *find_entry(const struct table *t, const char *address)
{
	struct entry *e = NULL;

	HASH_FIND_STR(t->entries, address, e);
	return e;
}

static struct entry *entry_for(struct table *t, const char *address)
{
	struct entry *e = find_entry(t, address);

	if (e)
		return e;
	e = arena_new_of(t->arena, struct entry);
	e->address = address;
	HASH_ADD_KEYPTR(hh, t->entries, e->address, strlen(e->address), e);
	return e;
}

/* As render does it: snippets by name, then sites by age. */
static int by_place(const void *a, const void *b)
{
	const struct object *x = *(const struct object *const *)a;
	const struct object *y = *(const struct object *const *)b;

	if (x->kind != y->kind)
		return x->kind == OBJECT_SNIPPET ? -1 : 1;
	if (x->kind == OBJECT_SITE && x->czxid != y->czxid)
		return x->czxid < y->czxid ? -1 : 1;
	return strcmp(x->path, y->path);
}

static struct object **in_order(const struct clash *c, size_t *count)
{
	struct object **list = xcalloc(c->count + 1, sizeof(struct object *));

	*count = 0;
	for (size_t i = 0; i < c->count; i++) {
		if (c->objects[i]->placed && c->objects[i]->kind != OBJECT_UPSTREAM)
			list[(*count)++] = c->objects[i];
	}
	qsort(list, *count, sizeof(struct object *), by_place);
	return list;
}

static void find_first(const struct clash *c, struct table *t)
{
	size_t count;
	struct object **list = in_order(c, &count);

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < list[i]->claims->count; j++) {
			const struct claim *claim = &list[i]->claims->items[j];
			struct entry *e;

			if (!is_first_of_http(claim))
				continue;
			e = entry_for(t, claim->address);
			if (!e->first) {
				e->first = list[i];
				e->by = claim;
			}
		}
	}
	free(list);
}

/* The object of this path with a listen on the address, and that listen. */
static struct object *find_listening(const struct clash *c, const char *znode, const char *address,
				     const struct claim **by)
{
	for (size_t i = 0; i < c->count; i++) {
		struct object *o = c->objects[i];

		if (!o->placed || strcmp(o->path, znode) != 0)
			continue;
		for (size_t j = 0; j < o->claims->count; j++) {
			*by = &o->claims->items[j];
			if (is_first_of_http(*by) && strcmp((*by)->address, address) == 0)
				return o;
		}
	}
	return NULL;
}

static const struct hold *said(const struct clash *c, const char *address)
{
	const char *key = arena_printf(c->next->arena, "default %s", address);

	return ledger_holder(c->ledger, key);
}

/* The present default server, where it needs `default_server` to stay it; else NULL. */
static struct object *who_stays(const struct clash *c, const struct table *t,
				const struct default_server *now, struct entry **e,
				const struct claim **by)
{
	*e = find_entry(t, now->address);
	if (!*e || strcmp((*e)->first->path, now->znode) == 0 || said(c, now->address) ||
	    ledger_host_serves(c->ledger, now->address))
		return NULL;
	return find_listening(c, now->znode, now->address, by);
}

/*
 * No `default_server` can be added to a snippet's text. So another snippet must not come before it.
 */
static bool refuse_first(struct clash *c, const struct object *stays, const struct entry *e)
{
	struct object *o = e->first;

	if (stays->kind != OBJECT_SNIPPET || (e->by->listen & LISTEN_LIVE) || o->weak)
		return false;
	if (!o->problem)
		clash_report(c, o, NULL,
			     "the server on %s would become the default server there, which is now "
			     "that of %s: expected a snippet with a name that sorts after it, or "
			     "default_server in one of the two",
			     e->address, stays->path)
			->line = e->by->line;
	clash_fall(c, o);
	return true;
}

static void table_fini(struct table *t)
{
	HASH_CLEAR(hh, t->entries);
}

bool defaults_check(struct clash *c)
{
	struct table t = { .arena = c->next->arena };
	bool fell = false;

	if (!c->good->default_count)
		return false;
	find_first(c, &t);
	for (size_t i = 0; !fell && i < c->good->default_count; i++) {
		const struct claim *by;
		struct entry *e;
		struct object *o = who_stays(c, &t, &c->good->defaults[i], &e, &by);

		fell = o && refuse_first(c, o, e);
	}
	table_fini(&t);
	return fell;
}

/* Marks the listen of the site that made the claim: the site's listen claims are in their order. */
static void keep(struct object *o, const struct claim *by)
{
	size_t at = 0;

	for (const struct claim *claim = o->claims->items; claim < by; claim++)
		at += claim->kind == CLAIM_LISTEN;
	o->item.site->listens[at].stay_default = true;
}

static void keep_defaults(struct clash *c, const struct table *t)
{
	for (size_t i = 0; i < c->good->default_count; i++) {
		const struct default_server *now = &c->good->defaults[i];
		const struct claim *by;
		struct entry *e;
		struct object *o = who_stays(c, t, now, &e, &by);

		if (!o || o->kind != OBJECT_SITE)
			continue;
		keep(o, by);
		e->znode = now->znode;
	}
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct default_server *)a)->address,
		      ((const struct default_server *)b)->address);
}

static void note(struct model *m, const struct table *t)
{
	m->default_count = 0;
	m->defaults = arena_array(m->arena, struct default_server, HASH_COUNT(t->entries));
	for (const struct entry *e = t->entries; e; e = e->hh.next) {
		if (e->znode)
			m->defaults[m->default_count++] =
				(struct default_server){ arena_strdup(m->arena, e->address),
							 arena_strdup(m->arena, e->znode) };
	}
	qsort(m->defaults, m->default_count, sizeof(*m->defaults), by_address);
}

static const char *who_is_it(const struct clash *c, const struct entry *e)
{
	const struct hold *h = said(c, e->address);

	if (h)
		return ledger_is_host(c->ledger, h) ? NULL
						    : ((const struct object *)h->owner)->path;
	return ledger_host_serves(c->ledger, e->address) ? NULL : e->first->path;
}

void defaults_note(struct clash *c)
{
	struct table t = { .arena = c->next->arena };

	find_first(c, &t);
	keep_defaults(c, &t);
	for (struct entry *e = t.entries; e; e = e->hh.next) {
		if (!e->znode)
			e->znode = who_is_it(c, e);
	}
	note(c->next, &t);
	table_fini(&t);
}

/* --- a live file ------------------------------------------------------------------------------ */

/* Each block is headed by "# ZNODE", which begins its line. */
struct heading {
	unsigned line;
	const char *znode;
};

static size_t read_headings(struct arena *a, const char *text, size_t size, struct heading **out)
{
	const char *end = text + size;
	size_t count = 0, room = 0;

	*out = NULL;
	for (unsigned line = 1; text < end; line++) {
		const char *eol = memchr(text, '\n', (size_t)(end - text)) ?: end;
		size_t length = (size_t)(eol - text);

		if (length > 3 && (memcmp(text, "# /", 3) == 0 || memcmp(text, "# n", 3) == 0)) {
			if (count == room) {
				room = room ? 2 * room : 64;
				*out = xrealloc(*out, room * sizeof(**out));
			}
			(*out)[count++] =
				(struct heading){ line, arena_copy(a, text + 2, length - 2) };
		}
		text = eol + 1;
	}
	return count;
}

static const char *heading_of(const struct heading *headings, size_t count, unsigned line)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (headings[middle].line <= line)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? headings[low - 1].znode : NULL;
}

void link_adopt_defaults(struct model *good, const char *text, size_t size)
{
	CLEANUP(freep) struct heading *headings = NULL;
	struct table t = { .arena = good->arena };
	struct claims *claims = claims_of_text(good->arena, PROTOCOL_HTTP, text, size);
	size_t count = read_headings(good->arena, text, size, &headings);

	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		bool first = is_first_of_http(claim);
		struct entry *e;

		if (!first && claim->kind != CLAIM_DEFAULT)
			continue;
		e = entry_for(&t, claim->address);
		if (!e->znode || !first)
			e->znode = heading_of(headings, count, claim->line);
	}
	note(good, &t);
	table_fini(&t);
}
