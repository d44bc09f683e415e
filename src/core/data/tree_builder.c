/* Blocks, lists of blocks and znodes, and the trees that are made of a list. */
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

const struct znode *const *tree_block_znodes(const struct tree_block *k)
{
	return k->znodes;
}

int64_t tree_block_newest(const struct tree_block *k)
{
	return zxid_later(k->own, k->below);
}

int64_t tree_block_newest_below(const struct tree_block *k)
{
	return k->below;
}

/* --- the list --------------------------------------------------------------------------------- */

void tree_list_fini(struct tree_list *l)
{
	for (size_t i = 0; i < l->loose_count; i++)
		znode_release(l->loose[i]);
	for (size_t i = 0; i < l->part_count; i++)
		tree_block_unref(l->parts[i].block);
	free(l->loose);
	free(l->parts);
	*l = (struct tree_list){ 0 };
}

/* The last part that begins at or before znode i; part_count: there is none. */
static size_t find_part(const struct tree_list *l, size_t i)
{
	size_t low = 0, high = l->part_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->parts[middle].first <= i)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : l->part_count;
}

static bool is_there(const struct tree_list *l, size_t part, size_t i)
{
	return part < l->part_count && l->parts[part].first <= i &&
	       (part + 1 == l->part_count || i < l->parts[part + 1].first);
}

const struct znode *tree_list_at(struct tree_list *l, size_t i)
{
	const struct tree_part *p;
	size_t in;

	if (!is_there(l, l->last, i))
		l->last = is_there(l, l->last + 1, i) ? l->last + 1 : find_part(l, i);
	if (l->last >= l->part_count)
		return l->loose[i];
	p = &l->parts[l->last];
	in = i - p->first;
	return in < p->count ? p->block->znodes[in] : l->loose[p->loose + in - p->count];
}

/* --- trees ------------------------------------------------------------------------------------ */

void tree_builder_init(struct tree_builder *b)
{
	*b = (struct tree_builder){ .sorted = true };
}

void tree_builder_fini(struct tree_builder *b)
{
	if (b->list)
		tree_list_fini(b->list);
	free(b->list);
	*b = (struct tree_builder){ 0 };
}

static struct tree_list *list_of(struct tree_builder *b)
{
	if (!b->list)
		b->list = xcalloc(1, sizeof(*b->list));
	return b->list;
}

static void *grow(void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = *room ? 2 * *room : 64;
	return xrealloc(items, *room * size);
}

/* Znodes from `first` to `last` come next. */
static void check_order(struct tree_builder *b, const struct znode *first, const struct znode *last)
{
	if (b->last && path_compare(b->last->path, first->path) >= 0)
		b->sorted = false;
	b->last = last;
}

void tree_builder_add(struct tree_builder *b, const struct znode *z)
{
	struct tree_list *l = list_of(b);
	const struct znode *kept = znode_keep(z);

	if (!b->trusted)
		check_order(b, kept, kept);
	l->loose = grow(l->loose, l->loose_count, &b->loose_room, sizeof(kept));
	l->loose[l->loose_count++] = kept;
	l->count++;
	b->newest = zxid_later(b->newest, newest_of(kept));
}

void tree_builder_add_block(struct tree_builder *b, struct tree_block *k)
{
	struct tree_list *l = list_of(b);

	if (!k->count)
		return;
	if (!b->trusted)
		check_order(b, k->znodes[0], k->znodes[k->count - 1]);
	l->parts = grow(l->parts, l->part_count, &b->part_room, sizeof(*l->parts));
	l->parts[l->part_count++] = (struct tree_part){ .block = tree_block_ref(k),
							.first = l->count,
							.count = k->count,
							.loose = l->loose_count,
							.newest = tree_block_newest(k) };
	l->count += k->count;
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

static void sort(struct tree *t)
{
	struct entry *entries = xcalloc(t->list.count + 1, sizeof(*entries));

	for (size_t i = 0; i < t->list.count; i++)
		entries[i] = (struct entry){ tree_list_at(&t->list, i), i };
	qsort(entries, t->list.count, sizeof(*entries), compare_entries);
	t->sorted = xcalloc(t->list.count + 1, sizeof(*t->sorted));
	t->count = 0;
	for (size_t i = 0; i < t->list.count; i++) {
		const struct znode *z = entries[i].znode;

		if (t->count && strcmp(t->sorted[t->count - 1]->path, z->path) == 0)
			t->count--;
		t->sorted[t->count++] = z;
	}
	free(entries);
}

/* Of equal paths, one that is not in the tree may be the newest: then all are looked at. */
static int64_t find_newest(const struct tree *t)
{
	int64_t newest = 0;

	for (size_t i = 0; i < t->count; i++)
		newest = zxid_later(newest, newest_of(t->sorted[i]));
	return newest;
}

struct tree *tree_builder_finish(struct tree_builder *b)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	t->refs = 1;
	t->newest = b->newest;
	if (b->list) {
		t->list = *b->list;
		*b->list = (struct tree_list){ 0 };
	}
	t->count = t->list.count;
	if (!b->sorted) {
		sort(t);
		t->newest = find_newest(t);
	}
	tree_builder_fini(b);
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
