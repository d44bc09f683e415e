/* What the texts of a bundle are put together from: its own lines, and groups of
 * pieces between them. */
#ifndef ZKNGINX_CORE_BUNDLE_PARTS_H
#define ZKNGINX_CORE_BUNDLE_PARTS_H

#include <zknginx/bundle.h>

struct bundle_piece {
	unsigned refs;
	unsigned lines;
	struct arena *arena; /* znode paths */
	struct buf text;
	struct origin *origins; /* their lines count from 1 */
	size_t origin_count;
	struct digest digest, rest; /* of all lines, of all but servers (see struct bundle) */
};

struct bundle_group {
	unsigned refs;
	struct bundle_piece **pieces;
	struct digest *digests; /* of the pieces */
	size_t count;
	struct digest rest; /* of their rests */
	unsigned lines;
	size_t size, origin_count; /* of all texts */
	const char *last;          /* the last origin; NULL: no znode, or there is none */
};

/* A group in a text, and what comes before it. */
struct bundle_insert {
	struct bundle_group *group;
	size_t bytes, origins; /* own ones */
	unsigned lines;        /* all */
};

void bundle_parts_fini(struct bundle_parts *p);
/* Takes a reference to the group. lines: those before it. */
void bundle_parts_insert(struct bundle_parts *p, struct bundle_group *group, unsigned lines);
/* A new origin at the end. */
struct origin *bundle_parts_origin(struct bundle_parts *p);
/* Where the last line came from; NULL: from no znode. */
const char *bundle_parts_last(const struct bundle_parts *p);
struct bundle_text bundle_parts_text(const struct bundle_parts *p);

#endif
