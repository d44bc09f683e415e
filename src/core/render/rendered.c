/*
 * Two lists in the order of rendering: that of the last run, which is read from its begin to its
 * end, and that of this run, which takes its place. An entry keeps what was decoded, so the same
 * address is the same upstream. The items of a list are groups, which are taken over whole where
 * nothing in them has changed.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "bundle_parts.h"
#include "core/decode/decode_cache.h"
#include "rendered.h"

struct entry {
	const struct decoded *decoded; /* NULL: it is rendered in each run */
	size_t zone_size;              /* is no part of what was decoded */
};

/* A group of pieces, and what each was rendered from. */
struct kept {
	struct bundle_group *group;
	struct entry *entries;
	/* The upstreams that are just what was decoded, with the size of zone of then: the entries
	 * keep them, so one at such an address is the same. NULL: it has to be looked at. */
	const struct upstream **same;
	size_t count;
	bool is_closed; /* its last upstream ends a group, wherever it is */
};

struct list {
	struct kept *items;
	size_t count, room;
};

struct rendered {
	struct list last, next;
	size_t at, entry; /* in the last list: what is before is before the upstream of now */
	struct digest options;
};

static void list_add(struct list *l, struct kept k)
{
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->items = xrealloc(l->items, l->room * sizeof(*l->items));
	}
	l->items[l->count++] = k;
}

static void list_clear(struct list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct kept *k = &l->items[i];

		for (size_t j = 0; j < k->count; j++)
			decoded_unref(k->entries[j].decoded);
		free(k->entries);
		free(k->same);
		bundle_group_unref(k->group);
	}
	l->count = 0;
}

struct rendered *rendered_new(void)
{
	return xcalloc(1, sizeof(struct rendered));
}

void rendered_free(struct rendered *c)
{
	if (!c)
		return;
	list_clear(&c->last);
	list_clear(&c->next);
	free(c->last.items);
	free(c->next.items);
	free(c);
}

static void add_text(struct digester *d, const char *text)
{
	digester_add(d, text ? "+" : "-", 1);
	digester_add_field(d, text ?: "", text ? strlen(text) : 0);
}

static struct digest digest_options(const struct render_options *o)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	unsigned char flags[] = { o->probe_lacks_status, o->has_quic, o->lacks_zones[PROTOCOL_HTTP],
				  o->lacks_zones[PROTOCOL_STREAM] };

	add_text(d, o->log_directory);
	add_text(d, o->cache_directory);
	add_text(d, o->probe);
	add_text(d, o->http_log);
	add_text(d, o->trusted_ca);
	digester_add(d, &o->nginx_version, sizeof(o->nginx_version));
	digester_add(d, flags, sizeof(flags));
	return digester_finish(d);
}

void rendered_begin(struct rendered *c, const struct render_options *options)
{
	struct digest now;

	if (!c)
		return;
	now = digest_options(options);
	if (!digest_equal(&now, &c->options))
		list_clear(&c->last);
	c->options = now;
	c->at = c->entry = 0;
}

void rendered_end(struct rendered *c)
{
	struct list last;

	if (!c)
		return;
	last = c->last;
	list_clear(&last);
	c->last = c->next;
	c->next = last;
}

/* First those of http, then those of stream, each by name. */
static int compare(const struct upstream *a, const struct upstream *b)
{
	if (a->protocol != b->protocol)
		return a->protocol == PROTOCOL_HTTP ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* FNV-1a: a name ends a group in one case of 32. */
bool rendered_ends_group(const struct upstream *u)
{
	uint32_t hash = 2166136261u;

	for (const char *at = u->name; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	return (hash ^ hash >> 16) % 32 == 0;
}

static void step(struct rendered *c)
{
	if (++c->entry < c->last.items[c->at].count)
		return;
	c->at++;
	c->entry = 0;
}

/* Moves to the upstream, or past all that come before it. NULL: there is nothing more. */
static const struct entry *seek(struct rendered *c, const struct upstream *u)
{
	for (; c && c->at < c->last.count; step(c)) {
		const struct entry *e = &c->last.items[c->at].entries[c->entry];

		if (e->decoded &&
		    (e->decoded == u->decoded || compare(&e->decoded->upstream, u) >= 0))
			return e;
	}
	return NULL;
}

static bool is_entry_of(const struct entry *e, const struct upstream *u)
{
	return e->decoded && e->decoded == u->decoded && e->zone_size == u->zone_size;
}

/* Does the next group of the last list begin with the very same upstream? */
static bool is_next_group(const struct rendered *c, const struct upstream *u)
{
	return c && !c->entry && c->at < c->last.count && c->last.items[c->at].count &&
	       c->last.items[c->at].same[0] == u;
}

struct bundle_group *rendered_find_group(struct rendered *c, const struct upstream *const *list,
					 size_t count)
{
	struct kept *k;

	if (!is_next_group(c, list[0]) && (!seek(c, list[0]) || c->entry))
		return NULL;
	k = &c->last.items[c->at];
	if (k->count > count || (!k->is_closed && k->count < count))
		return NULL;
	for (size_t i = 0; i < k->count; i++) {
		if (k->same[i] != list[i] && !is_entry_of(&k->entries[i], list[i]))
			return NULL;
	}
	list_add(&c->next, *k);
	k->entries = NULL;
	k->same = NULL;
	k->count = 0;
	k->group = NULL;
	c->at++;
	return c->next.items[c->next.count - 1].group;
}

struct bundle_piece *rendered_find(struct rendered *c, const struct upstream *u)
{
	const struct entry *e = seek(c, u);
	struct bundle_piece *p;

	if (!e || !is_entry_of(e, u))
		return NULL;
	p = c->last.items[c->at].group->pieces[c->entry];
	step(c);
	return p;
}

void rendered_add(struct rendered *c, const struct upstream *const *list, struct bundle_group *g)
{
	struct kept k = { .count = g->count };

	if (!c)
		return;
	k.group = bundle_group_ref(g);
	k.entries = xcalloc(k.count, sizeof(*k.entries));
	k.same = xcalloc(k.count, sizeof(const struct upstream *));
	for (size_t i = 0; i < k.count; i++) {
		const struct decoded *d = list[i]->decoded;

		k.entries[i] = (struct entry){ d ? decoded_ref(d) : NULL, list[i]->zone_size };
		k.same[i] = d && list[i] == &d->upstream ? list[i] : NULL;
	}
	k.is_closed = rendered_ends_group(list[k.count - 1]);
	list_add(&c->next, k);
}
