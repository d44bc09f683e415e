/*
 * The tree: a sorted list of znodes, and the references that keep them. Its text form is in
 * tree_text.c.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/tree.h>

struct tree_block {
	unsigned refs;
	size_t count;
	const struct znode *znodes[];
};

struct tree {
	unsigned refs;
	const struct znode **znodes;
	size_t count;
	const struct znode **loose;
	size_t loose_count;
	struct tree_block **blocks;
	size_t block_count;
};

struct tree *tree_ref(struct tree *t)
{
	t->refs++;
	return t;
}

static void release_all(const struct znode **loose, size_t loose_count, struct tree_block **blocks,
			size_t block_count)
{
	for (size_t i = 0; i < loose_count; i++)
		znode_release(loose[i]);
	for (size_t i = 0; i < block_count; i++)
		tree_block_unref(blocks[i]);
	free(loose);
	free(blocks);
}

void tree_unref(struct tree *t)
{
	if (!t || --t->refs)
		return;
	release_all(t->loose, t->loose_count, t->blocks, t->block_count);
	free(t->znodes);
	free(t);
}

size_t tree_count(const struct tree *t)
{
	return t->count;
}

const struct znode *tree_at(const struct tree *t, size_t i)
{
	return t->znodes[i];
}

/* '/' sorts before all other bytes, so descendants directly follow their ancestor. */
static int rank(unsigned char c)
{
	if (c == '\0')
		return 0;
	return c == '/' ? 1 : c + 1;
}

int path_compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return rank((unsigned char)*a) - rank((unsigned char)*b);
}

bool path_is_below(const char *path, const char *ancestor)
{
	size_t size = strlen(ancestor);

	if (strcmp(ancestor, "/") == 0)
		return path[0] == '/' && path[1] != '\0';
	return strncmp(path, ancestor, size) == 0 && path[size] == '/' && path[size + 1] != '\0';
}

bool path_is_within(const char *path, const char *ancestor)
{
	return strcmp(path, ancestor) == 0 || path_is_below(path, ancestor);
}

bool path_is_within_any(const char *path, const char *const *ancestors, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (path_is_within(path, ancestors[i]))
			return true;
	}
	return false;
}

const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

size_t tree_lower_bound(const struct tree *t, const char *path)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_compare(t->znodes[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool tree_has_within(const struct tree *t, const char *path)
{
	size_t i = tree_lower_bound(t, path);

	return i < t->count && path_is_within(t->znodes[i]->path, path);
}

const struct znode *tree_find(const struct tree *t, const char *path)
{
	size_t i = tree_lower_bound(t, path);

	return i < t->count && strcmp(t->znodes[i]->path, path) == 0 ? t->znodes[i] : NULL;
}

size_t tree_subtree_end(const struct tree *t, size_t i)
{
	const char *ancestor = t->znodes[i]->path;
	size_t low = i + 1, high = low, step = 1;

	/* most subtrees are small */
	while (high < t->count && path_is_below(t->znodes[high]->path, ancestor)) {
		low = high + 1;
		high += step;
		step *= 2;
	}
	if (high > t->count)
		high = t->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_is_below(t->znodes[middle]->path, ancestor))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool tree_same(const struct tree *a, const struct tree *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!znode_same(a->znodes[i], b->znodes[i]) ||
		    a->znodes[i]->owner != b->znodes[i]->owner)
			return false;
	}
	return true;
}

void tree_builder_init(struct tree_builder *b)
{
	*b = (struct tree_builder){ .sorted = true };
}

void tree_builder_fini(struct tree_builder *b)
{
	release_all(b->loose, b->loose_count, b->blocks, b->block_count);
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
	if (b->count && path_compare(b->znodes[b->count - 1]->path, z->path) >= 0)
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
}

struct tree_block *tree_block_new(const struct znode *const *znodes, size_t count)
{
	struct tree_block *k = xmalloc(sizeof(*k) + count * sizeof(*k->znodes));

	k->refs = 1;
	k->count = count;
	for (size_t i = 0; i < count; i++)
		k->znodes[i] = znode_keep(znodes[i]);
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

void tree_builder_add_block(struct tree_builder *b, struct tree_block *k)
{
	if (!k->count)
		return;
	check_order(b, k->znodes[0]);
	if (b->count + k->count > b->room)
		tree_builder_reserve(b, b->count + 2 * k->count);
	memcpy(b->znodes + b->count, k->znodes, k->count * sizeof(*k->znodes));
	b->count += k->count;
	b->blocks = grow(b->blocks, b->block_count, &b->block_room, sizeof(k));
	b->blocks[b->block_count++] = k;
	k->refs++;
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

struct tree *tree_builder_finish(struct tree_builder *b)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	if (!b->sorted)
		sort(b);
	t->refs = 1;
	t->znodes = TAKE(b->znodes);
	t->count = b->count;
	t->loose = TAKE(b->loose);
	t->loose_count = b->loose_count;
	t->blocks = TAKE(b->blocks);
	t->block_count = b->block_count;
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

struct tree *tree_fill_in(const struct tree *t, const struct tree *other, const char *const *paths,
			  size_t count)
{
	struct tree_builder b;
	struct tree *filled;

	tree_builder_init(&b);
	for (size_t i = 0; i < t->count; i++)
		tree_builder_add(&b, t->znodes[i]);
	for (size_t i = 0; i < other->count; i++) {
		const struct znode *z = other->znodes[i];

		if (path_is_within_any(z->path, paths, count) && !tree_find(t, z->path))
			tree_builder_add(&b, z);
	}
	filled = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return filled;
}

const char *path_relative(const char *path, const char *root)
{
	if (strcmp(path, root) == 0)
		return "";
	if (!path_is_below(path, root))
		return NULL;
	return path + (strcmp(root, "/") == 0 ? 1 : strlen(root) + 1);
}
