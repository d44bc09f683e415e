/* Blocks, lists of blocks and znodes, and the trees that are made of a list. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

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

/* --- pages ------------------------------------------------------------------------------------ */

static struct tree_part part_of_block(struct tree_block *k, size_t first)
{
	return (struct tree_part){ .block = tree_block_ref(k),
				   .first = first,
				   .count = k->count,
				   .newest = tree_block_newest(k) };
}

struct tree_page *tree_page_new(struct tree_block *const *blocks, size_t count)
{
	struct tree_page *p = xmalloc(sizeof(*p) + count * sizeof(*p->parts));

	*p = (struct tree_page){ .refs = 1 };
	for (size_t i = 0; i < count; i++) {
		if (!blocks[i]->count)
			continue;
		p->parts[p->part_count++] = part_of_block(blocks[i], p->count);
		p->count += blocks[i]->count;
		p->newest = zxid_later(p->newest, tree_block_newest(blocks[i]));
	}
	return p;
}

struct tree_page *tree_page_ref(struct tree_page *p)
{
	p->refs++;
	return p;
}

void tree_page_unref(struct tree_page *p)
{
	if (!p || --p->refs)
		return;
	for (size_t i = 0; i < p->part_count; i++)
		tree_block_unref(p->parts[i].block);
	free(p);
}

/* --- the list --------------------------------------------------------------------------------- */

void tree_list_fini(struct tree_list *l)
{
	for (size_t i = 0; i < l->loose_count; i++)
		znode_release(l->loose[i]);
	for (size_t i = 0; i < l->part_count; i++) {
		tree_block_unref(l->parts[i].block);
		tree_page_unref(l->parts[i].page);
	}
	free(l->loose);
	free(l->parts);
	*l = (struct tree_list){ 0 };
}

/* The last part that begins at or before znode i; count: there is none. */
static size_t find_part(const struct tree_part *parts, size_t count, size_t i)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (parts[middle].first <= i)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : count;
}

static bool is_there(const struct tree_part *parts, size_t count, size_t at, size_t i)
{
	return at < count && parts[at].first <= i && (at + 1 == count || i < parts[at + 1].first);
}

/* The same, where `last` was the last answer. */
static size_t find_next_part(const struct tree_part *parts, size_t count, size_t last, size_t i)
{
	if (is_there(parts, count, last, i))
		return last;
	return is_there(parts, count, last + 1, i) ? last + 1 : find_part(parts, count, i);
}

static const struct znode *at_in_page(struct tree_list *l, const struct tree_page *p, size_t i)
{
	const struct tree_part *block;

	l->last_in_page = find_next_part(p->parts, p->part_count, l->last_in_page, i);
	block = &p->parts[l->last_in_page];
	return block->block->znodes[i - block->first];
}

const struct znode *tree_list_at(struct tree_list *l, size_t i)
{
	const struct tree_part *p;
	size_t in;

	l->last = find_next_part(l->parts, l->part_count, l->last, i);
	if (l->last >= l->part_count)
		return l->loose[i];
	p = &l->parts[l->last];
	in = i - p->first;
	if (in >= p->count)
		return l->loose[p->loose + in - p->count];
	return p->page ? at_in_page(l, p->page, in) : p->block->znodes[in];
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
	l->loose = xgrow(l->loose, l->loose_count, &b->loose_room, sizeof(kept));
	l->loose[l->loose_count++] = kept;
	l->count++;
	b->newest = zxid_later(b->newest, newest_of(kept));
}

static void add_part(struct tree_builder *b, struct tree_part p)
{
	struct tree_list *l = list_of(b);

	p.loose = l->loose_count;
	l->parts = xgrow(l->parts, l->part_count, &b->part_room, sizeof(*l->parts));
	l->parts[l->part_count++] = p;
	l->count += p.count;
	b->newest = zxid_later(b->newest, p.newest);
}

void tree_builder_add_block(struct tree_builder *b, struct tree_block *k)
{
	if (!k->count)
		return;
	if (!b->trusted)
		check_order(b, k->znodes[0], k->znodes[k->count - 1]);
	add_part(b, part_of_block(k, list_of(b)->count));
}

void tree_builder_add_page(struct tree_builder *b, struct tree_page *p)
{
	if (!p->count)
		return;
	for (size_t i = 0; !b->trusted && i < p->part_count; i++) {
		const struct tree_block *k = p->parts[i].block;

		check_order(b, k->znodes[0], k->znodes[k->count - 1]);
	}
	add_part(b, (struct tree_part){ .page = tree_page_ref(p),
					.first = list_of(b)->count,
					.count = p->count,
					.newest = p->newest });
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
