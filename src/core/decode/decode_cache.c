/*
 * Two lists in tree order: that of the last run, which is read from its begin to its end, and that
 * of this run, which takes its place. Unchanged znodes are mostly the very same ones (tree.h), so a
 * comparison is one of addresses. Most upstreams are a block of the tree and nothing else: as long
 * as these follow each other as at the last run, they are taken over without a look at them.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/data/traits.h"
#include "core/endpoint/endpoint.h"
#include "decode_cache.h"
#include "decoded_runs.h"
#include "expand.h"

struct entry {
	struct decoded *decoded;        /* a reference; NULL: the next run has it */
	const struct tree_block *block; /* of its subtree, which it keeps; NULL: none is */
	unsigned znodes;                /* in the block; 0: it was made from others as well */
	unsigned char traits;           /* of the upstream */
};

struct list {
	struct entry *items;
	size_t count, room;
};

struct decode_cache {
	struct list last, next;
	size_t at; /* in the last list: what is before it is before the znodes of now */
	struct tree_walk walk;
	struct digest policy;
	char *root;
	bool is_expanded; /* in this run: there is no object that could not be */
	bool has_lent;    /* in this run, to its model */
	struct decoded_runs *runs;
};

/* --- lists ------------------------------------------------------------------------------------ */

static void list_reserve(struct list *l, size_t more)
{
	if (l->room - l->count >= more)
		return;
	l->room = 2 * l->room + more;
	l->items = xrealloc(l->items, l->room * sizeof(*l->items));
}

/* The list gets the entry's reference. */
static void list_add(struct list *l, struct entry e)
{
	list_reserve(l, 1);
	l->items[l->count++] = e;
}

/* last: the last run that had them. */
static void list_clear(struct decode_cache *c, struct list *l, unsigned long last)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct decoded *d = l->items[i].decoded;

		if (d)
			decoded_runs_drop(c->runs, d, d->run, last);
	}
	l->count = 0;
}

struct decode_cache *decode_cache_new(void)
{
	struct decode_cache *c = xcalloc(1, sizeof(*c));

	c->runs = decoded_runs_new();
	return c;
}

void decode_cache_free(struct decode_cache *c)
{
	if (!c)
		return;
	list_clear(c, &c->last, decoded_runs_now(c->runs));
	list_clear(c, &c->next, decoded_runs_now(c->runs));
	decoded_runs_close(c->runs);
	free(c->last.items);
	free(c->next.items);
	free(c->root);
	free(c);
}

/* Other settings than those of the last run: nothing of it is of use. */
static void note_settings(struct decode_cache *c, const struct decode_input *in)
{
	struct digest policy = policy_digest(in->policy);

	if (c->root && strcmp(c->root, in->root) == 0 && digest_equal(&policy, &c->policy))
		return;
	list_clear(c, &c->last, decoded_runs_now(c->runs));
	c->policy = policy;
	free(c->root);
	c->root = xstrdup(in->root);
}

void decode_cache_begin(struct decode_cache *c, const struct decode_input *in)
{
	if (!c)
		return;
	note_settings(c, in);
	decoded_runs_begin(c->runs);
	c->has_lent = false;
	c->at = 0;
	c->walk = tree_walk_from(in->tree, 0);
	c->is_expanded = expansion_is_whole(in->expansion);
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
	list_clear(c, &last, decoded_runs_now(c->runs) - 1);
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

/* Is the block where the walk is that of upstream `at` of the last run? */
static bool has_block(const struct decode_cache *c, size_t at, struct tree_walk *w)
{
	const struct tree_block *k = at < c->last.count ? tree_walk_block(w) : NULL;

	return k && c->last.items[at].block == k;
}

/* Moves the next upstream of the last run to the list of this one. */
static struct decoded *take_next(struct decode_cache *c)
{
	struct entry *e = &c->last.items[c->at++];

	list_add(&c->next, *e);
	return TAKE(e->decoded);
}

static const char *path_of_next(const struct decode_cache *c)
{
	return c->last.items[c->at].decoded->sources[0].znodes[0]->path;
}

struct decoded *decode_cache_find(struct decode_cache *c, const struct decode_input *in,
				  size_t first, size_t *end)
{
	const char *path = tree_at(in->tree, first)->path;
	struct decoded *d;

	if (c)
		c->walk.at = first;
	while (c && c->at < c->last.count && !has_block(c, c->at, &c->walk) &&
	       path_compare(path_of_next(c), path) < 0)
		c->at++;
	if (!c || c->at == c->last.count || !is_as_it_was(c, c->last.items[c->at].decoded, in))
		return NULL;
	d = take_next(c);
	d->refs++;
	*end = first + d->sources[0].count;
	return d;
}

/* How many of these blocks are those of the last run's upstreams from `at` on. The last of them may
 * be one that was made from other znodes as well. */
static size_t known_blocks(const struct decode_cache *c, size_t at,
			   const struct tree_block *const *blocks, size_t count)
{
	size_t n = 0;

	while (n < count && at + n < c->last.count && c->last.items[at + n].block == blocks[n] &&
	       (!n || c->last.items[at + n - 1].znodes))
		n++;
	return n;
}

/*
 * A block that another known one follows is a whole subtree: none of the znodes of that other
 * upstream are below this one. What follows the last block is not known, so decode_cache_find() has
 * to look at it.
 */
size_t decode_cache_follow(struct decode_cache *c, size_t i)
{
	struct tree_walk w;
	size_t found = 0, more, count;

	if (!c || !c->is_expanded)
		return 0;
	c->walk.at = i;
	w = c->walk;
	do {
		const struct tree_block *blocks[TREE_WALK_BLOCKS];

		more = tree_walk_blocks(&w, blocks);
		count = known_blocks(c, c->at + found, blocks, more);
		tree_walk_pass(&w, count);
		found += count;
	} while (more && count == more && c->last.items[c->at + found - 1].znodes);
	if (!found)
		return 0;
	for (size_t k = 0; k < found - 1; k++)
		c->walk.at += c->last.items[c->at + k].znodes;
	return found - 1;
}

static void lend(struct decode_cache *c, struct arena *a)
{
	if (!c->has_lent)
		decoded_runs_lend(c->runs, a);
	c->has_lent = true;
}

size_t decode_cache_take(struct decode_cache *c, size_t count, struct arena *a,
			 const struct upstream **list, unsigned char *traits)
{
	struct entry *items = &c->last.items[c->at];
	size_t znodes = 0;

	lend(c, a);
	list_reserve(&c->next, count);
	for (size_t i = 0; i < count; i++) {
		list[i] = &items[i].decoded->upstream;
		traits[i] = items[i].traits;
		znodes += items[i].znodes;
		c->next.items[c->next.count++] = items[i];
		items[i].decoded = NULL;
	}
	c->at += count;
	return znodes;
}

/* --- adding ----------------------------------------------------------------------------------- */

static void release_block(const void *block)
{
	tree_block_unref((struct tree_block *)(uintptr_t)block);
}

static const struct znode *const *keep_znodes(struct arena *a, const struct tree *t, size_t first,
					      size_t end)
{
	const struct znode **list = arena_array(a, const struct znode *, end - first);

	for (size_t i = first; i < end; i++)
		list[i - first] = znode_keep_in(a, tree_at(t, i));
	return list;
}

static void add_source(struct decoded *d, const struct tree *t, const char *path, size_t first,
		       size_t end)
{
	struct decoded_source *s = &d->sources[d->source_count++];
	struct tree_walk w = tree_walk_from(t, first);
	struct tree_block *k = tree_walk_block(&w);

	s->path = arena_strdup(d->arena, path);
	s->count = end - first;
	if (k && tree_block_count(k) == s->count) {
		s->block = tree_block_ref(k);
		arena_own(d->arena, k, release_block);
		s->znodes = tree_block_znodes(k);
	} else {
		s->znodes = keep_znodes(d->arena, t, first, end);
	}
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
	d->refs++;
	d->run = decoded_runs_now(c->runs);
	list_add(&c->next,
		 (struct entry){
			 .decoded = d,
			 .block = d->sources[0].block,
			 .znodes = d->source_count == 1 ? (unsigned)d->sources[0].count : 0,
			 .traits = upstream_traits(u),
		 });
}
