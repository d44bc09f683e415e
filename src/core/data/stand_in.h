/* A tree in which other znodes stand in for some. */
#ifndef ZKNGINX_CORE_STAND_IN_H
#define ZKNGINX_CORE_STAND_IN_H

#include <zknginx/tree.h>

struct stand_in {
	const char *path;
	const struct znode *good; /* what is there instead; NULL: nothing, nor anything below it */
};

/* The tree with these in place (one reference); sorts the list. Where the tree has no such znode,
 * what `accepted` has below it comes back with it. */
struct tree *stand_in(const struct tree *t, const struct tree *accepted, struct stand_in *list,
		      size_t count);

#endif
