/* A tree in which some znodes are replaced by others. */
#ifndef ZKNGINX_CORE_STAND_IN_H
#define ZKNGINX_CORE_STAND_IN_H

#include <zknginx/tree.h>

struct stand_in {
	const char *path;
	const struct znode *good; /* what replaces it; NULL: nothing, and everything below it is
				     removed as well */
};

/*
 * The tree with these replacements (one reference). Sorts the list. Where the tree does not have
 * the znode, everything that `accepted` has below it is added as well.
 */
struct tree *stand_in(const struct tree *t, const struct tree *accepted, struct stand_in *list,
		      size_t count);

#endif
