/*
 * Nodes in a tree. Recursion goes as deep as the roots' depths allow, which is a handful.
 */
#include <stdlib.h>
#include <string.h>

#include "node.h"

struct node *node_new(struct mirror *m, struct node *parent, const char *name, size_t size)
{
	const char *above = parent && parent->parent ? parent->path : "";
	size_t before = strlen(above) + 1;
	struct node *n = xcalloc(1, sizeof(*n) + before + size + 1);

	n->mirror = m;
	n->parent = parent;
	n->pin = n->levels = -1;
	memcpy(n->path, above, before);
	n->path[before - 1] = '/';
	n->name = memcpy(n->path + before, name, size);
	return n;
}

void node_free(struct node *n)
{
	node_drop_pages(n);
	free(n->children);
	znode_release(n->znode);
	tree_block_unref(n->block);
	free(n);
}

void node_free_all(struct node *n)
{
	for (size_t i = 0; i < n->child_count; i++)
		node_free_all(n->children[i]);
	node_free(n);
}

/* The byte order of strcmp, for a name that does not end in a NUL. */
static int compare_names(const char *a, const char *b, size_t size)
{
	int order = strncmp(a, b, size);

	return order ? order : a[size] != '\0';
}

/* Index of the first child whose name is not before `name`. */
static size_t lower_bound(const struct node *n, const char *name, size_t size)
{
	size_t low = 0, high = n->child_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_names(n->children[middle]->name, name, size) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void node_drop_pages(struct node *n)
{
	struct tree_page **pages = TAKE(n->pages);

	for (size_t i = 0; pages && i < n->page_count; i++)
		tree_page_unref(pages[i]);
	free(pages);
}

/* A page has all of its blocks, so one whose block is gone is in none. */
static void drop_page(struct node *n)
{
	struct node *above = n->parent;

	if (above && above->pages)
		tree_page_unref(TAKE(
			above->pages[lower_bound(above, n->name, strlen(n->name)) / NODE_PAGE]));
}

/* What a tree has of it is going to change. */
static void drop_blocks(struct node *n)
{
	for (; n; n = n->parent) {
		if (!n->block)
			continue;
		drop_page(n);
		tree_block_unref(TAKE(n->block));
	}
}

static void set_znode(struct node *n, const struct znode *z)
{
	const struct znode *old = n->znode;

	n->znode = z ? znode_keep(z) : NULL;
	znode_release(old);
	drop_blocks(n);
}

void node_set(struct node *n, const struct session_stat *stat, const char *data, size_t size)
{
	set_znode(n, &(struct znode){ .path = n->path,
				      .data = size ? data : "",
				      .size = size,
				      .version = stat->version,
				      .mzxid = stat->mzxid,
				      .czxid = stat->czxid,
				      .pzxid = stat->pzxid,
				      .mtime = stat->mtime,
				      .ctime = stat->ctime,
				      .owner = stat->owner });
}

void node_unset(struct node *n)
{
	set_znode(n, NULL);
}

void node_set_pzxid(struct node *n, int64_t pzxid)
{
	struct znode z;

	if (!n->znode || n->znode->pzxid == pzxid)
		return;
	z = *n->znode;
	z.pzxid = pzxid;
	set_znode(n, &z);
}

size_t node_size(const struct node *n)
{
	return n->znode ? n->znode->size : 0;
}

static struct node *child_at(const struct node *n, size_t i, const char *name, size_t size)
{
	if (i < n->child_count && compare_names(n->children[i]->name, name, size) == 0)
		return n->children[i];
	return NULL;
}

struct node *node_child(const struct node *n, const char *name, size_t size)
{
	return child_at(n, lower_bound(n, name, size), name, size);
}

struct node *node_ensure_child(struct node *n, const char *name, size_t size)
{
	size_t i = lower_bound(n, name, size);
	struct node *child = child_at(n, i, name, size);

	if (child)
		return child;
	child = node_new(n->mirror, n, name, size);
	node_drop_pages(n);
	n->children = xrealloc(n->children, (n->child_count + 1) * sizeof(*n->children));
	memmove(n->children + i + 1, n->children + i, (n->child_count - i) * sizeof(*n->children));
	n->children[i] = child;
	n->child_count++;
	return child;
}

typedef struct node *step(struct node *n, const char *name, size_t size);

static struct node *look_up(struct node *n, const char *name, size_t size)
{
	return node_child(n, name, size);
}

static struct node *walk(struct node *n, const char *path, step *down)
{
	while (n) {
		size_t size;

		path += strspn(path, "/");
		size = strcspn(path, "/");
		if (size == 0)
			return n;
		n = down(n, path, size);
		path += size;
	}
	return NULL;
}

struct node *node_find(struct node *top, const char *path)
{
	return walk(top, path, look_up);
}

struct node *node_ensure(struct node *top, const char *path)
{
	return walk(top, path, node_ensure_child);
}

struct node *node_after(struct node *n, const char *path)
{
	struct node *found;
	size_t size, i;

	path += strspn(path, "/");
	size = strcspn(path, "/");
	if (size == 0)
		return n->child_count ? n->children[0] : NULL;
	i = lower_bound(n, path, size);
	if (child_at(n, i, path, size)) {
		found = node_after(n->children[i], path + size);
		if (found)
			return found;
		i++;
	}
	return i < n->child_count ? n->children[i] : NULL;
}

bool node_leads_to_pin(const struct node *n)
{
	if (n->pin >= 0)
		return true;
	for (size_t i = 0; i < n->child_count; i++) {
		if (node_leads_to_pin(n->children[i]))
			return true;
	}
	return false;
}

void node_each(struct node *n, void (*visit)(struct node *n))
{
	visit(n);
	for (size_t i = 0; i < n->child_count; i++)
		node_each(n->children[i], visit);
}

/* A parent of nodes without children: the upstream of many servers, mostly. */
static bool is_last_parent(const struct node *n)
{
	for (size_t i = 0; i < n->child_count; i++) {
		if (n->children[i]->child_count)
			return false;
	}
	return n->child_count;
}

static struct tree_block *make_block(struct node *n)
{
	const struct znode **list = xcalloc(n->child_count + 1, sizeof(*list));
	struct tree_block *k;
	size_t count = 0;

	for (size_t i = 0; i <= n->child_count; i++) {
		struct node *at = i ? n->children[i - 1] : n;

		if (at->znode)
			list[count++] = at->znode;
	}
	k = tree_block_new(list, count);
	free(list);
	return k;
}

/* NULL: there is something that no block is made of. */
static struct tree_block *block_of(struct node *n)
{
	if (!n->block && is_last_parent(n))
		n->block = make_block(n);
	return n->block;
}

/* NULL: one of the children has no block. */
static struct tree_page *make_page(struct node *const *children, size_t count)
{
	struct tree_block *blocks[NODE_PAGE];

	for (size_t i = 0; i < count; i++) {
		blocks[i] = block_of(children[i]);
		if (!blocks[i])
			return NULL;
	}
	return tree_page_new(blocks, count);
}

static void build_page(struct node *n, size_t page, struct tree_builder *b)
{
	size_t first = page * NODE_PAGE, left = n->child_count - first,
	       count = left < NODE_PAGE ? left : NODE_PAGE;

	if (!n->pages[page])
		n->pages[page] = make_page(&n->children[first], count);
	if (n->pages[page]) {
		tree_builder_add_page(b, n->pages[page]);
		return;
	}
	for (size_t i = 0; i < count; i++)
		node_build(n->children[first + i], b);
}

static void build_pages(struct node *n, struct tree_builder *b)
{
	if (!n->pages) {
		n->page_count = (unsigned)((n->child_count + NODE_PAGE - 1) / NODE_PAGE);
		n->pages = xcalloc(n->page_count, sizeof(struct tree_page *));
	}
	for (size_t i = 0; i < n->page_count; i++)
		build_page(n, i, b);
}

void node_build(struct node *n, struct tree_builder *b)
{
	if (block_of(n)) {
		tree_builder_add_block(b, n->block);
		return;
	}
	if (n->znode)
		tree_builder_add(b, n->znode);
	if (n->child_count >= NODE_PAGES_FROM) {
		build_pages(n, b);
		return;
	}
	for (size_t i = 0; i < n->child_count; i++)
		node_build(n->children[i], b);
}
