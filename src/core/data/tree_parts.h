/* What a tree consists of, for those who make one and who read it. */
#ifndef ZKNGINX_CORE_TREE_PARTS_H
#define ZKNGINX_CORE_TREE_PARTS_H

#include <zknginx/tree.h>

struct tree_block {
	unsigned refs;
	size_t count;
	int64_t own, below; /* the newest transactions: of the first znode, of the others */
	const struct znode *znodes[];
};

/* A block or a page in a tree, or a block in a page: its place. What a walk asks of each is here,
 * so that a walk over what has not changed reads this list and nothing else. */
struct tree_part {
	struct tree_block *block; /* NULL: it is a page … */
	struct tree_page *page;   /* … and else this is */
	size_t first, count;
	size_t loose;   /* so many znodes by themselves come before it */
	int64_t newest; /* tree_block_newest() */
};

struct tree_page {
	unsigned refs;
	size_t count;   /* of znodes */
	int64_t newest; /* of all blocks */
	size_t part_count;
	struct tree_part parts[]; /* blocks; places within the page */
};

/*
 * Znodes in the order in which they were added: blocks, and between them znodes by themselves. So a
 * tree that differs from another in one block costs a list of blocks, not one of all znodes.
 */
struct tree_list {
	const struct znode **loose;
	struct tree_part *parts;
	size_t loose_count, part_count;
	size_t count; /* of all znodes */
	/* Where one was found last: the part, and that in its page. Mostly the next is there too.
	 */
	size_t last, last_in_page;
};

/* Borrowed; i < l->count. */
const struct znode *tree_list_at(struct tree_list *l, size_t i);
/* Gives the references back. */
void tree_list_fini(struct tree_list *l);

struct tree {
	unsigned refs;
	struct tree_list list;
	size_t count;
	const struct znode **sorted; /* NULL: the list is in tree order, and has no path twice */
	int64_t newest;
	struct tree_facts *facts; /* NULL: none were asked for. It is no part of the value */
};

#endif
