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
	int64_t newest; /* tree_block_newest() */
};

struct tree {
	unsigned refs;
	const struct znode **znodes;
	size_t count;
	const struct znode **loose;
	size_t loose_count;
	struct tree_part *parts; /* blocks, in their order … */
	size_t part_count;
	bool in_order; /* … and each where it says */
	int64_t newest;
	struct tree_facts *facts; /* NULL: none were asked for. It is no part of the value */
};

/* Gives the references back, and frees both lists. */
void tree_parts_release(const struct znode **loose, size_t loose_count, struct tree_part *parts,
			size_t part_count);

#endif
