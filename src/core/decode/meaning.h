/*
 * Meaning: do two forms of a znode mean the same? Compared is what decode makes of each, so a
 * reformat, another order of keys and a default that is left out are no difference, and
 * "weight=5" is {"weight": 5}. Bytes decide where there is nothing else to go by.
 */
#ifndef ZKNGINX_CORE_MEANING_H
#define ZKNGINX_CORE_MEANING_H

#include <zknginx/tree.h>

struct policy;

/* Borrowed. */
struct meaning {
	const char *root; /* zookeeper.config */
	const struct policy *policy;
	/* The tree that a server is read in: what its upstream says counts for it. */
	const struct tree *tree;
};

/*
 * Two forms of the znode of one path. A form that is not valid has no meaning: two such forms are
 * the same if they are the same JSON value, or else the same bytes but for blanks at the end.
 * Snippets too are compared by bytes but for blanks at the end.
 */
bool meaning_same(const struct meaning *m, const struct znode *x, const struct znode *y);

#endif
