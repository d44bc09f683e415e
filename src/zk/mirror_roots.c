/*
 * The roots: pins on nodes. To set other roots, all of them are pinned, then one pass goes down
 * from "/": a node that is newly covered is read, one that no root reaches any more is removed, one
 * that stays covered keeps what was read.
 */
#include <string.h>

#include <zknginx/log.h>

#include "mirror_parts.h"

/* Deeper than any sane tree. The walk over the nodes recurses. */
#define MAX_DEPTH 64

static void unpin(struct node *n)
{
	n->pin = -1;
}

static void pin(struct mirror *m, const struct mirror_root *root)
{
	int depth = root->depth < MAX_DEPTH ? (int)root->depth : MAX_DEPTH;
	struct node *n = node_ensure(m->top, root->path);

	if (n->pin < depth)
		n->pin = depth;
}

static void relevel(struct node *n, int inherited)
{
	int levels = n->pin > inherited ? n->pin : inherited;
	size_t kept = 0;

	node_drop_pages(n);
	if (levels < 0 && n->levels >= 0)
		mirror_uncover(n);
	mirror_set_levels(n, levels);
	for (size_t i = 0; i < n->child_count; i++) {
		struct node *child = n->children[i];

		relevel(child, levels > 0 ? levels - 1 : -1);
		if (child->levels < 0 && child->child_count == 0)
			mirror_remove(child);
		else
			n->children[kept++] = child;
	}
	n->child_count = kept;
}

void mirror_set_roots(struct mirror *m, const struct mirror_root *roots, size_t root_count)
{
	node_each(m->top, unpin);
	for (size_t i = 0; i < root_count; i++) {
		if (roots[i].path[0] == '/')
			pin(m, &roots[i]);
		else
			log_error("mirror: \"%s\" is not a path: a path begins with \"/\"; it is "
				  "ignored",
				  roots[i].path);
	}
	relevel(m->top, -1);
	/* The caller waits for a tree that has the new roots, even if it is the same as the last.
	 */
	tree_unref(TAKE(m->last));
	m->changed = true;
	mirror_feed(m);
	mirror_schedule_work(m);
}
