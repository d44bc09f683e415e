/*
 * The mirror's memory of znodes: a tree of nodes below "/", children sorted by name,
 * so that a path is found by walking down, and a settled tree is written without
 * sorting. Plain data: what it means is up to mirror_walk.c.
 *
 * Roots are pins on nodes. A node's `levels` says how far below it is read: it
 * comes from its own pin or from its parent, whichever reaches further. A node
 * with levels < 0 is not read; it only leads to a pin.
 */
#ifndef ZKNGINX_ZK_NODE_H
#define ZKNGINX_ZK_NODE_H

#include <sys/queue.h>
#include <zknginx/tree.h>

#include "session.h"

/* What is read of a node, each item with a watch of its own. */
enum item {
	ITEM_DATA = 1,
	ITEM_KIDS = 2,
	ITEM_EXISTS = 4, /* when the znode does not exist or may not be read */
};

/* Why an item cannot be read. */
enum unreadable_reason {
	READABLE,
	UNREADABLE_DENIED,
	UNREADABLE_FAILED, /* the server has another reason */
	/* Past a limit: */
	UNREADABLE_SIZE,
	UNREADABLE_CHILDREN,
	UNREADABLE_NODES,
	UNREADABLE_BYTES,
	UNREADABLE_N
};

#define NODE_PAGE 64 /* children */
#define NODE_PAGES_FROM 256

struct node {
	struct mirror *mirror;
	struct node *parent; /* NULL for "/", and for one that was removed */
	struct node **children;
	size_t child_count;
	const char *name; /* in path */

	int pin, levels;
	unsigned char want, flying, armed;              /* sets of items */
	unsigned char data_unreadable, kids_unreadable; /* enum unreadable_reason */
	bool dead;    /* reported as gone; its parent's next list decides */
	bool removed; /* freed when nothing is in flight any more */

	const struct znode *znode; /* as it was read, and is in the next tree; NULL: it was not, or
				      is known to be gone */
	struct tree_block *block;  /* it and all below it, in the last tree; NULL: they have none */
	struct tree_page **pages;  /* of its children, by index / NODE_PAGE, in the last tree; each
				      may be NULL. NULL: there are none */
	unsigned page_count;
	int32_t listed;   /* cversion of the list that the children are from */
	uint32_t refused; /* bytes of the data that is past a limit */

	TAILQ_ENTRY(node) todo;       /* while want is not empty */
	TAILQ_ENTRY(node) unreadable; /* while an item of it cannot be read */
	char path[];
};
TAILQ_HEAD(node_list, node);

/* `name` has `size` bytes; parent NULL makes "/". It is not among the parent's children yet. */
struct node *node_new(struct mirror *m, struct node *parent, const char *name, size_t size);
/* With all below it; lists are not touched. */
void node_free_all(struct node *n);
void node_free(struct node *n);
/* It was read: `size` bytes of data, which are copied. */
void node_set(struct node *n, const struct session_stat *stat, const char *data, size_t size);
/* … or it is gone. */
void node_unset(struct node *n);
/* Children have come or gone. */
void node_set_pzxid(struct node *n, int64_t pzxid);
/* Of its data; 0 where there is none. */
size_t node_size(const struct node *n);

struct node *node_child(const struct node *n, const char *name, size_t size);
/* Makes the child, with levels < 0, when there is none. */
struct node *node_ensure_child(struct node *n, const char *name, size_t size);
/* NULL when there is none. */
struct node *node_find(struct node *top, const char *path);
/* Creates what is missing on the way. */
struct node *node_ensure(struct node *top, const char *path);
/* The first node, in tree order, after the path (which need not exist); NULL: none. */
struct node *node_after(struct node *n, const char *path);
/* Is there a pin here or below? */
bool node_leads_to_pin(const struct node *n);

/* To be called before `children` is changed. */
void node_drop_pages(struct node *n);

void node_each(struct node *n, void (*visit)(struct node *n));
/* Every znode that was read, in tree order. What has not changed since the last time is shared. */
void node_build(struct node *n, struct tree_builder *b);

#endif
