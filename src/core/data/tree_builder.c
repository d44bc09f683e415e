/* Blocks, and trees of blocks and znodes. */
#include <stdlib.h>
#include <string.h>

#include "tree_parts.h"

/* --- blocks ----------------------------------------------------------------------------------- */

static int64_t newest_of(const struct znode *z)
{
	return zxid_later(z->mzxid, z->pzxid);
}

struct tree_block *tree_block_new(const struct znode *const *znodes, size_t count)
{
	struct tree_block *k = xmalloc(sizeof(*k) + count * sizeof(*k->znodes));

	*k = (struct tree_block){ .refs = 1, .count = count };
	for (size_t i = 0; i < count; i++) {
		k->znodes[i] = znode_keep(znodes[i]);
		if (i)
			k->below = zxid_later(k->below, newest_of(znodes[i]));
		else
			k->own = newest_of(znodes[i]);
	}
	return k;
}

struct tree_block *tree_block_ref(struct tree_block *k)
{
	k->refs++;
	return k;
}

void tree_block_unref(struct tree_block *k)
{
	if (!k || --k->refs)
		return;
	for (size_t i = 0; i < k->count; i++)
		znode_release(k->znodes[i]);
	free(k);
}

size_t tree_block_count(const struct tree_block *k)
{
	return k->count;
}

int64_t tree_block_newest(const struct tree_block *k)
{
	return zxid_later(k->own, k->below);
}

int64_t tree_block_newest_below(const struct tree_block *k)
{
	return k->below;
}

void tree_parts_release(const struct znode **loose, size_t loose_count, struct tree_part *parts,
			size_t part_count)
{
	for (size_t i = 0; i < loose_count; i++)
		znode_release(loose[i]);
	for (size_t i = 0; i < part_count; i++)
		tree_block_unref(parts[i].block);
	free(loose);
	free(parts);
}

/* --- trees ------------------------------------------------------------------------------------ */

void tree_builder_init(struct tree_builder *b)
{
	*b = (struct tree_builder){ .sorted = true };
}

void tree_builder_fini(struct tree_builder *b)
{
	tree_parts_release(b->loose, b->loose_count, b->parts, b->part_count);
	free(b->znodes);
	*b = (struct tree_builder){ 0 };
}

void tree_builder_reserve(struct tree_builder *b, size_t more)
{
	if (b->room - b->count >= more)
		return;
	b->room = b->count + more;
	b->znodes = xrealloc(b->znodes, b->room * sizeof(struct znode *));
}

static void *grow(void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = *room ? 2 * *room : 64;
	return xrealloc(items, *room * size);
}

/* znode z comes next. */
static void check_order(struct tree_builder *b, const struct znode *z)
{
	if (!b->trusted && b->count && path_compare(b->znodes[b->count - 1]->path, z->path) >= 0)
		b->sorted = false;
}

void tree_builder_add(struct tree_builder *b, const struct znode *z)
{
	const struct znode *kept = znode_keep(z);

	check_order(b, kept);
	b->znodes = grow(b->znodes, b->count, &b->room, sizeof(kept));
	b->znodes[b->count++] = kept;
	b->loose = grow(b->loose, b->loose_count, &b->loose_room, sizeof(kept));
	b->loose[b->loose_count++] = kept;
	b->newest = zxid_later(b->newest, newest_of(kept));
}

void tree_builder_add_block(struct tree_builder *b, struct tree_block *k)
{
	if (!k->count)
		return;
	check_order(b, k->znodes[0]);
	if (b->count + k->count > b->room)
		tree_builder_reserve(b, b->count + 2 * k->count);
	b->parts = grow(b->parts, b->part_count, &b->part_room, sizeof(*b->parts));
	b->parts[b->part_count++] = (struct tree_part){ .block = tree_block_ref(k),
							.first = b->count,
							.count = k->count,
							.newest = tree_block_newest(k) };
	memcpy(b->znodes + b->count, k->znodes, k->count * sizeof(*k->znodes));
	b->count += k->count;
	b->newest = zxid_later(b->newest, tree_block_newest(k));
}

struct entry {
	const struct znode *znode;
	size_t order; /* of adding: the last of equal paths stays */
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = path_compare(x->znode->path, y->znode->path);

	if (order)
		return order;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void sort(struct tree_builder *b)
{
	struct entry *entries = xcalloc(b->count, sizeof(*entries));
	size_t kept = 0;

	for (size_t i = 0; i < b->count; i++)
		entries[i] = (struct entry){ b->znodes[i], i };
	qsort(entries, b->count, sizeof(*entries), compare_entries);
	for (size_t i = 0; i < b->count; i++) {
		if (kept && strcmp(b->znodes[kept - 1]->path, entries[i].znode->path) == 0)
			kept--;
		b->znodes[kept++] = entries[i].znode;
	}
	b->count = kept;
	free(entries);
}

/* Of equal paths, one that is not in the tree may be the newest: then all are looked at. */
static int64_t find_newest(const struct tree_builder *b)
{
	int64_t newest = 0;

	if (b->sorted)
		return b->newest;
	for (size_t i = 0; i < b->count; i++)
		newest = zxid_later(newest, newest_of(b->znodes[i]));
	return newest;
}

struct tree *tree_builder_finish(struct tree_builder *b)
{
	struct tree *t = xcalloc(1, sizeof(*t));
	int64_t newest;

	if (!b->sorted)
		sort(b);
	newest = find_newest(b);
	*t = (struct tree){
		.refs = 1,
		.newest = newest,
		.znodes = TAKE(b->znodes),
		.count = b->count,
		.loose = TAKE(b->loose),
		.loose_count = b->loose_count,
		.parts = TAKE(b->parts),
		.part_count = b->part_count,
		.in_order = b->sorted,
	};
	tree_builder_init(b);
	return t;
}

struct tree *tree_empty(void)
{
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}
