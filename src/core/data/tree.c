/*
 * The tree: a sorted list of znodes that it shares with others. tree_builder.c makes it;
 * its text form is in tree_text.c.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tree_parts.h"

struct tree *tree_ref(struct tree *t)
{
	t->refs++;
	return t;
}

static void facts_unref(struct tree_facts *f)
{
	if (!f || --f->refs)
		return;
	free(f->root);
	free(f);
}

void tree_unref(struct tree *t)
{
	if (!t || --t->refs)
		return;
	facts_unref(t->facts);
	tree_list_fini(&t->list);
	free(t->sorted);
	free(t);
}

size_t tree_count(const struct tree *t)
{
	return t->count;
}

const struct znode *tree_at(const struct tree *tree, size_t i)
{
	struct tree *t = (struct tree *)(uintptr_t)tree;

	return t->sorted ? t->sorted[i] : tree_list_at(&t->list, i);
}

size_t tree_lower_bound(const struct tree *t, const char *path)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_compare(tree_at(t, middle)->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool tree_has_within(const struct tree *t, const char *path)
{
	size_t i = tree_lower_bound(t, path);

	return i < t->count && path_is_within(tree_at(t, i)->path, path);
}

const struct znode *tree_find(const struct tree *t, const char *path)
{
	size_t i = tree_lower_bound(t, path);
	const struct znode *z = i < t->count ? tree_at(t, i) : NULL;

	return z && strcmp(z->path, path) == 0 ? z : NULL;
}

size_t tree_subtree_end(const struct tree *t, size_t i)
{
	const char *ancestor = tree_at(t, i)->path;
	size_t low = i + 1, high = low, step = 1;

	/* most subtrees are small */
	while (high < t->count && path_is_below(tree_at(t, high)->path, ancestor)) {
		low = high + 1;
		high += step;
		step *= 2;
	}
	if (high > t->count)
		high = t->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_is_below(tree_at(t, middle)->path, ancestor))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* --- facts ------------------------------------------------------------------------------------ */

struct tree_facts *tree_facts(const struct tree *tree, const char *root)
{
	struct tree *t = (struct tree *)(uintptr_t)tree;

	if (!t->facts) {
		t->facts = xcalloc(1, sizeof(*t->facts));
		t->facts->refs = 1;
		t->facts->root = xstrdup(root);
	}
	return strcmp(t->facts->root, root) == 0 ? t->facts : NULL;
}

bool tree_facts_are_same(const struct tree *a, const struct tree *b, const char *root)
{
	const struct tree_facts *now = tree_facts(b, root);

	return a && now && now == tree_facts(a, root);
}

const char *tree_facts_root(const struct tree *t)
{
	return t->facts ? t->facts->root : NULL;
}

void tree_share_facts(struct tree *t, const struct tree *other)
{
	facts_unref(t->facts);
	t->facts = other->facts;
	if (t->facts)
		t->facts->refs++;
}

/* --- walks ------------------------------------------------------------------------------------ */

int64_t tree_newest(const struct tree *t)
{
	return t->newest;
}

/* The first part that ends after znode `at`. */
static size_t first_part(const struct tree_list *l, size_t at)
{
	size_t low = 0, high = l->part_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->parts[middle].first + l->parts[middle].count <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct tree_walk tree_walk_from(const struct tree *t, size_t at)
{
	return (struct tree_walk){
		.tree = t,
		.at = at,
		.part = t->sorted ? t->list.part_count : first_part(&t->list, at),
	};
}

/* The part that w->at is in, or that comes next; NULL: none comes. */
static const struct tree_part *part_at_or_after(struct tree_walk *w)
{
	const struct tree_list *l = &w->tree->list;

	while (w->part < l->part_count &&
	       l->parts[w->part].first + l->parts[w->part].count <= w->at) {
		w->part++;
		w->in_page = 0;
	}
	return w->part < l->part_count ? &l->parts[w->part] : NULL;
}

static const struct tree_part *block_in_page(struct tree_walk *w, const struct tree_page *p,
					     size_t at)
{
	while (w->in_page < p->part_count && p->parts[w->in_page].first < at)
		w->in_page++;
	return w->in_page < p->part_count && p->parts[w->in_page].first == at
		       ? &p->parts[w->in_page]
		       : NULL;
}

/* The block that begins at w->at, or NULL. */
static const struct tree_part *part_at(struct tree_walk *w)
{
	const struct tree_part *p = part_at_or_after(w);

	if (p && p->page && p->first <= w->at)
		return block_in_page(w, p->page, w->at - p->first);
	return p && p->first == w->at ? p : NULL;
}

/* The block or page that begins there. */
static const struct tree_part *whole_at(struct tree_walk *w)
{
	const struct tree_part *p = part_at_or_after(w);

	return p && p->first == w->at ? p : part_at(w);
}

struct tree_block *tree_walk_block(struct tree_walk *w)
{
	const struct tree_part *p = part_at(w);

	return p ? p->block : NULL;
}

struct tree_block *tree_walk_take(struct tree_walk *w)
{
	const struct tree_part *p = part_at(w);

	w->at += p ? p->count : 0;
	return p ? p->block : NULL;
}

size_t tree_walk_blocks(struct tree_walk *w, const struct tree_block *list[TREE_WALK_BLOCKS])
{
	const struct tree_part *p = part_at(w);
	const struct tree_page *page = p ? w->tree->list.parts[w->part].page : NULL;
	size_t left = page ? page->part_count - w->in_page : p != NULL,
	       count = left < TREE_WALK_BLOCKS ? left : TREE_WALK_BLOCKS;

	for (size_t i = 0; i < count; i++)
		list[i] = p[i].block;
	return count;
}

void tree_walk_pass(struct tree_walk *w, size_t count)
{
	const struct tree_part *p = part_at(w);

	if (!count)
		return;
	w->at += p[count - 1].first + p[count - 1].count - p->first;
	if (w->tree->list.parts[w->part].page)
		w->in_page += count;
}

static bool skip_known(struct tree_walk *w, const struct tree_part *p, int64_t zxid)
{
	if (!p || p->newest > zxid)
		return false;
	w->at += p->count;
	return true;
}

bool tree_walk_skip_known(struct tree_walk *w, int64_t zxid)
{
	return skip_known(w, whole_at(w), zxid) || skip_known(w, part_at(w), zxid);
}

static bool are_same(const struct tree_part *x, const struct tree_part *y)
{
	return x && y && x->block == y->block && x->page == y->page;
}

bool tree_walk_both(struct tree_walk *a, struct tree_walk *b)
{
	const struct tree_part *x = whole_at(a);

	if (!are_same(x, whole_at(b))) {
		x = part_at(a);
		if (!are_same(x, part_at(b)))
			return false;
	}
	a->at += x->count;
	b->at += x->count;
	return true;
}

bool tree_same(const struct tree *a, const struct tree *b)
{
	struct tree_walk x = tree_walk_from(a, 0), y = tree_walk_from(b, 0);

	if (a->count != b->count)
		return false;
	while (x.at < a->count) {
		const struct znode *one, *other;

		if (tree_walk_both(&x, &y))
			continue;
		one = tree_at(a, x.at);
		other = tree_at(b, y.at);
		if (one != other && (!znode_same(one, other) || one->owner != other->owner))
			return false;
		x.at++;
		y.at++;
	}
	return true;
}

struct tree *tree_fill_in(const struct tree *t, const struct tree *other, const char *const *paths,
			  size_t count)
{
	struct tree_builder b;
	struct tree *filled;

	tree_builder_init(&b);
	for (size_t i = 0; i < t->count; i++)
		tree_builder_add(&b, tree_at(t, i));
	for (size_t i = 0; i < other->count; i++) {
		const struct znode *z = tree_at(other, i);

		if (path_is_within_any(z->path, paths, count) && !tree_find(t, z->path))
			tree_builder_add(&b, z);
	}
	filled = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return filled;
}
