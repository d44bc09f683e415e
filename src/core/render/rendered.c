/*
 * Two lists in the order of rendering: that of the last run, which is read from its begin to its
 * end, and that of this run, which takes its place. An entry keeps what was decoded, so the same
 * address is the same upstream.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/decode/decode_cache.h"
#include "rendered.h"

struct entry {
	const struct decoded *decoded;
	size_t zone_size; /* is no part of what was decoded */
	struct bundle_piece *piece;
};

struct list {
	struct entry *items;
	size_t count, room;
};

struct rendered {
	struct list last, next;
	size_t at; /* in the last list: what is before it is before the upstream of now */
	struct digest options;
};

/* Takes over the entry's references. */
static void list_add(struct list *l, struct entry e)
{
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->items = xrealloc(l->items, l->room * sizeof(*l->items));
	}
	l->items[l->count++] = e;
}

static void list_clear(struct list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		decoded_unref(l->items[i].decoded);
		bundle_piece_unref(l->items[i].piece);
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
	c->at = 0;
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

struct bundle_piece *rendered_find(struct rendered *c, const struct upstream *u)
{
	struct entry *e;

	while (c && c->at < c->last.count && c->last.items[c->at].decoded != u->decoded &&
	       compare(&c->last.items[c->at].decoded->upstream, u) < 0)
		c->at++;
	if (!c || c->at == c->last.count || !u->decoded)
		return NULL;
	e = &c->last.items[c->at];
	if (e->decoded != u->decoded || e->zone_size != u->zone_size)
		return NULL;
	c->at++;
	list_add(&c->next, *e);
	*e = (struct entry){ 0 };
	return c->next.items[c->next.count - 1].piece;
}

void rendered_add(struct rendered *c, const struct upstream *u, struct bundle_piece *p)
{
	if (c && u->decoded)
		list_add(&c->next, (struct entry){ .decoded = decoded_ref(u->decoded),
						   .zone_size = u->zone_size,
						   .piece = bundle_piece_ref(p) });
}
