/* Pieces, groups of them, and the texts that are put together from them. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "bundle_parts.h"

struct bundle_piece *bundle_piece_ref(struct bundle_piece *p)
{
	p->refs++;
	return p;
}

void bundle_piece_unref(struct bundle_piece *p)
{
	if (!p || --p->refs)
		return;
	arena_free(p->arena);
	buf_fini(&p->text);
	free(p->origins);
	free(p);
}

/* --- groups ----------------------------------------------------------------------------------- */

static void group_add(struct bundle_group *g, struct bundle_piece *p, struct digester *rest)
{
	g->digests[g->count] = p->digest;
	g->pieces[g->count++] = bundle_piece_ref(p);
	g->lines += p->lines;
	g->size += p->text.size;
	g->origin_count += p->origin_count;
	if (p->origin_count)
		g->last = p->origins[p->origin_count - 1].znode;
	digester_add(rest, p->rest.bytes, DIGEST_SIZE);
}

struct bundle_group *bundle_group_new(struct bundle_piece *const *pieces, size_t count)
{
	CLEANUP(digester_freep) struct digester *rest = digester_new();
	struct bundle_group *g = xcalloc(1, sizeof(*g));

	g->refs = 1;
	g->pieces = xcalloc(count + 1, sizeof(struct bundle_piece *));
	g->digests = xcalloc(count + 1, sizeof(*g->digests));
	for (size_t i = 0; i < count; i++)
		group_add(g, pieces[i], rest);
	g->rest = digester_finish(rest);
	return g;
}

struct bundle_group *bundle_group_ref(struct bundle_group *g)
{
	g->refs++;
	return g;
}

void bundle_group_unref(struct bundle_group *g)
{
	if (!g || --g->refs)
		return;
	for (size_t i = 0; i < g->count; i++)
		bundle_piece_unref(g->pieces[i]);
	free(g->pieces);
	free(g->digests);
	free(g);
}

size_t bundle_group_count(const struct bundle_group *g)
{
	return g->count;
}

/* --- parts ------------------------------------------------------------------------------------ */

void bundle_parts_fini(struct bundle_parts *p)
{
	buf_fini(&p->own);
	free(p->origins);
	for (size_t i = 0; i < p->insert_count; i++)
		bundle_group_unref(p->inserts[i].group);
	free(p->inserts);
}

struct origin *bundle_parts_origin(struct bundle_parts *p)
{
	p->origins = xgrow(p->origins, p->origin_count, &p->origin_room, sizeof(*p->origins));
	return &p->origins[p->origin_count++];
}

void bundle_parts_insert(struct bundle_parts *p, struct bundle_group *group, unsigned lines)
{
	p->inserts = xgrow(p->inserts, p->insert_count, &p->insert_room, sizeof(*p->inserts));
	p->inserts[p->insert_count++] = (struct bundle_insert){
		.group = bundle_group_ref(group),
		.bytes = p->own.size,
		.origins = p->origin_count,
		.lines = lines,
	};
	p->size += group->size;
	p->piece_origins += group->origin_count;
}

const char *bundle_parts_last(const struct bundle_parts *p)
{
	const struct bundle_insert *last =
		p->insert_count ? &p->inserts[p->insert_count - 1] : NULL;

	if (last && last->origins == p->origin_count && last->group->origin_count)
		return last->group->last;
	return p->origin_count ? p->origins[p->origin_count - 1].znode : NULL;
}

/* --- texts ------------------------------------------------------------------------------------ */

/* In place of one that got no line. */
static void put_origin(struct bundle_text *t, struct origin o, unsigned before)
{
	o.line += before;
	if (o.data)
		o.data += before;
	if (t->origin_count && t->origins[t->origin_count - 1].line == o.line)
		t->origin_count--;
	t->origins[t->origin_count++] = o;
}

static void put_own(const struct bundle_parts *p, size_t from, size_t to, struct bundle_text *t)
{
	for (size_t i = from; i < to; i++)
		put_origin(t, p->origins[i], 0);
}

static void put_piece(const struct bundle_piece *p, unsigned before, struct bundle_text *t)
{
	for (size_t i = 0; i < p->origin_count; i++)
		put_origin(t, p->origins[i], before);
	if (p->text.size)
		memcpy(t->data + t->size, p->text.data, p->text.size);
	t->size += p->text.size;
}

static void put_group(const struct bundle_insert *at, struct bundle_text *t)
{
	unsigned before = at->lines;

	for (size_t i = 0; i < at->group->count; i++) {
		const struct bundle_piece *p = at->group->pieces[i];

		put_piece(p, before, t);
		before += p->lines;
	}
}

static void put_bytes(const struct bundle_parts *p, size_t from, size_t to, struct bundle_text *t)
{
	if (to > from)
		memcpy(t->data + t->size, p->own.data + from, to - from);
	t->size += to - from;
}

struct bundle_text bundle_parts_text(const struct bundle_parts *p)
{
	struct bundle_text t = { .data = xmalloc(p->size + 1) };
	size_t bytes = 0, origins = 0;

	t.origins = xmalloc((p->origin_count + p->piece_origins + 1) * sizeof(*t.origins));
	for (size_t i = 0; i < p->insert_count; i++) {
		const struct bundle_insert *at = &p->inserts[i];

		put_bytes(p, bytes, at->bytes, &t);
		put_own(p, origins, at->origins, &t);
		put_group(at, &t);
		bytes = at->bytes;
		origins = at->origins;
	}
	put_bytes(p, bytes, p->own.size, &t);
	put_own(p, origins, p->origin_count, &t);
	t.data[t.size] = '\0';
	return t;
}
