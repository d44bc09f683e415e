/*
 * Two lists in tree order: that of the last run, which is read from its begin to its end, and that
 * of this run, which takes its place. Unchanged znodes are mostly the very same ones (tree.h), so a
 * comparison is one of addresses.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/endpoint/endpoint.h"
#include "decode_cache.h"
#include "expand.h"

struct list {
	struct decoded **items;
	size_t count, room;
};

struct decode_cache {
	struct list last, next;
	size_t at; /* in the last list: what is before it is before the znodes of now */
	struct tree_walk walk;
	struct digest settings;
};

/* --- decoded upstreams ------------------------------------------------------------------------ */

struct decoded *decoded_new(void)
{
	struct decoded *d = xcalloc(1, sizeof(*d));

	d->refs = 1;
	d->arena = arena_new();
	return d;
}

/* The count is no part of the value. */
static struct decoded *counted(const void *d)
{
	return (struct decoded *)(uintptr_t)d;
}

const struct decoded *decoded_ref(const struct decoded *d)
{
	counted(d)->refs++;
	return d;
}

void decoded_unref(const struct decoded *d)
{
	if (!d || --counted(d)->refs)
		return;
	arena_free(d->arena);
	free(counted(d));
}

static void release(const void *decoded)
{
	decoded_unref(decoded);
}

void decoded_keep_in(struct arena *a, struct decoded *d)
{
	d->refs++;
	arena_own(a, d, release);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void list_add(struct list *l, struct decoded *d)
{
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->items = xrealloc(l->items, l->room * sizeof(struct decoded *));
	}
	d->refs++;
	l->items[l->count++] = d;
}

static void list_clear(struct list *l)
{
	for (size_t i = 0; i < l->count; i++)
		decoded_unref(l->items[i]);
	l->count = 0;
}

struct decode_cache *decode_cache_new(void)
{
	return xcalloc(1, sizeof(struct decode_cache));
}

void decode_cache_free(struct decode_cache *c)
{
	if (!c)
		return;
	list_clear(&c->last);
	list_clear(&c->next);
	free(c->last.items);
	free(c->next.items);
	free(c);
}

static struct digest digest_settings(const struct decode_input *in)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	struct digest policy = policy_digest(in->policy);

	digester_add(d, policy.bytes, DIGEST_SIZE);
	digester_add_field(d, in->root, strlen(in->root));
	return digester_finish(d);
}

void decode_cache_begin(struct decode_cache *c, const struct decode_input *in)
{
	struct digest settings;

	if (!c)
		return;
	settings = digest_settings(in);
	if (!digest_equal(&settings, &c->settings))
		list_clear(&c->last);
	c->settings = settings;
	c->at = 0;
	c->walk = tree_walk_from(in->tree, 0);
}

size_t decode_cache_count(const struct decode_cache *c)
{
	return c ? c->last.count : 0;
}

void decode_cache_end(struct decode_cache *c)
{
	struct list last;

	if (!c)
		return;
	last = c->last;
	list_clear(&last);
	c->last = c->next;
	c->next = last;
}

/* --- is it as it was? ------------------------------------------------------------------------- */

static bool has_same_znodes(const struct decoded_source *s, const struct tree *t, size_t i)
{
	for (size_t j = 0; j < s->count; j++) {
		if (!znode_equal(tree_at(t, i + j), s->znodes[j]))
			return false;
	}
	return true;
}

/* Is the subtree where the walk is what it was? */
static bool is_same(const struct decoded_source *s, struct tree_walk *w)
{
	const struct tree *t = w->tree;
	size_t end = w->at + s->count;

	if (end > tree_count(t) ||
	    !((s->block && tree_walk_block(w) == s->block) || has_same_znodes(s, t, w->at)))
		return false;
	return end == tree_count(t) || !path_is_within(tree_at(t, end)->path, s->path);
}

static bool is_as_it_was(struct decode_cache *c, const struct decoded *d,
			 const struct decode_input *in)
{
	if (!is_same(&d->sources[0], &c->walk) ||
	    expansion_fails(in->expansion, d->sources[0].path))
		return false;
	for (size_t i = 1; i < d->source_count; i++) {
		const struct decoded_source *s = &d->sources[i];
		struct tree_walk there =
			tree_walk_from(in->tree, tree_lower_bound(in->tree, s->path));

		if (!is_same(s, &there))
			return false;
	}
	return true;
}

/* Is the block where the walk is that of the next upstream of the last run? */
static bool has_block(struct decode_cache *c)
{
	const struct tree_block *k = tree_walk_block(&c->walk);

	return k && c->last.items[c->at]->sources[0].block == k;
}

struct decoded *decode_cache_find(struct decode_cache *c, const struct decode_input *in,
				  size_t first, size_t *end)
{
	const char *path = tree_at(in->tree, first)->path;
	struct decoded *d;

	if (c)
		c->walk.at = first;
	while (c && c->at < c->last.count && !has_block(c) &&
	       path_compare(c->last.items[c->at]->sources[0].znodes[0]->path, path) < 0)
		c->at++;
	if (!c || c->at == c->last.count)
		return NULL;
	d = c->last.items[c->at];
	if (!is_as_it_was(c, d, in))
		return NULL;
	c->at++;
	list_add(&c->next, d);
	d->refs++;
	*end = first + d->sources[0].count;
	return d;
}

/* --- adding ----------------------------------------------------------------------------------- */

static void release_block(const void *block)
{
	tree_block_unref((struct tree_block *)(uintptr_t)block);
}

static void add_source(struct decoded *d, const struct tree *t, const char *path, size_t first,
		       size_t end)
{
	struct decoded_source *s = &d->sources[d->source_count++];
	struct tree_walk w = tree_walk_from(t, first);
	struct tree_block *k = tree_walk_block(&w);

	if (k && tree_block_count(k) == end - first) {
		s->block = tree_block_ref(k);
		arena_own(d->arena, k, release_block);
	}
	s->path = arena_strdup(d->arena, path);
	s->znodes = arena_array(d->arena, const struct znode *, end - first);
	for (size_t i = first; i < end; i++)
		s->znodes[s->count++] = znode_keep_in(d->arena, tree_at(t, i));
}

static void add_subtree(struct decoded *d, const struct tree *t, const char *path)
{
	size_t first = tree_lower_bound(t, path), end = first;

	while (end < tree_count(t) && path_is_within(tree_at(t, end)->path, path))
		end++;
	add_source(d, t, path, first, end);
}

/* Where registrations are sought, and what is read with them. */
static void add_discovered(struct decoded *d, const struct tree *t, const struct discover *of)
{
	struct endpoint_place places[ENDPOINT_PLACES];
	size_t count = endpoint_places(of->chosen, d->arena, of->path, places);

	add_subtree(d, t, of->path);
	for (size_t i = 0; i < count; i++)
		add_subtree(d, t, places[i].path);
}

/* Whether a znode is a broken registration or none at all depends on the accepted znodes. */
static bool has_foreign(const struct upstream *u)
{
	for (size_t i = 0; i < u->discover_count; i++) {
		if (u->discovers[i].foreign_count)
			return true;
	}
	return false;
}

void decode_cache_add(struct decode_cache *c, const struct decode_input *in, struct decoded *d,
		      const char *path, size_t first, size_t end)
{
	const struct upstream *u = &d->upstream;

	if (!c || !d->is_valid || !d->stands_alone || has_foreign(u))
		return;
	d->sources = arena_array(d->arena, struct decoded_source,
				 1 + u->discover_count * (1 + ENDPOINT_PLACES));
	add_source(d, in->tree, path, first, end);
	for (size_t i = 0; i < u->discover_count; i++)
		add_discovered(d, in->tree, &u->discovers[i]);
	list_add(&c->next, d);
}
