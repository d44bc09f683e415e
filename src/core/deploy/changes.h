/*
 * Changes: what differs between the znodes that nginx runs and those of a candidate, cut into the
 * units of a search (search.h).
 *
 * A unit is one znode that is new, changed or gone; an upstream that is gone is one unit with all
 * of its servers. The order of units is their preference: first those that free names or addresses,
 * then definitions before their users, and within one kind the older znode (by czxid, then by
 * path).
 */
#ifndef ZKNGINX_CHANGES_H
#define ZKNGINX_CHANGES_H

#include <zknginx/model.h>

#include "search.h"

struct change {
	const char *path;
	const struct znode *from; /* as nginx runs it; NULL: the znode is new */
	const struct znode *to;   /* as the candidate has it; NULL: the znode is gone */
};

struct changes;

/* `accepted`: the znodes that nginx runs. Keeps a reference to both trees; root: zookeeper.config.
 */
struct changes *changes_new(struct tree *accepted, const struct model *candidate, const char *root);
void changes_free(struct changes *c);
DEFINE_CLEANUP(struct changes *, changes_free)

size_t changes_count(const struct changes *c);
const struct change *changes_at(const struct changes *c, size_t unit);
/* Has the tree the znode as the change has it? */
bool change_is_in(const struct change *c, const struct tree *t);
/* Is a unit of this fate in the tree? A unit that was set aside and not tried does not count. */
bool changes_any_in(const struct changes *c, const struct search *s, enum search_fate fate,
		    const struct tree *t);
/* The unit that this znode belongs to, or SIZE_MAX. */
size_t changes_find(const struct changes *c, const char *path);
/* Tell the search which units need each other, and which were changed together. */
void changes_describe(const struct changes *c, struct search *s);
/* What nginx runs, with the units whose take[i] is true (one reference). */
struct tree *changes_take(const struct changes *c, const bool *take);

#endif
