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

/* A block in a tree: its place. What a walk asks of each block is here, so that a walk over blocks
 * that have not changed reads this list and nothing else. */
struct tree_part {
	struct tree_block *block;
	size_t first, count;
	size_t loose;   /* so many znodes by themselves come before it */
	int64_t newest; /* tree_block_newest() */
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
	size_t last;  /* the part where one was found last: mostly the next one is there too */
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
