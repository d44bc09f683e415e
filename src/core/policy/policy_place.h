/*
 * Where a path is while it is read byte by byte, and whether it has left its directory.
 *
 * nginx appends a URI to `root`. The URI of a request has no ".." segment, because nginx
 * normalises it. A URI that a directive makes is not normalised. So a path is read byte by byte,
 * and only its `place` is kept: what the current segment is so far. A set of places stands for all
 * that may be true of a text that is not known.
 */
#ifndef ZKNGINX_CORE_POLICY_PLACE_H
#define ZKNGINX_CORE_POLICY_PLACE_H

#include <stdbool.h>

#include "policy_regex.h"

/* After one ".." segment, PLACE_PARENT is added to each of the first five. */
enum place {
	PLACE_START, /* nothing so far */
	PLACE_EMPTY, /* after a slash */
	PLACE_DOT,   /* the segment is "." */
	PLACE_DOTS,  /* the segment is ".." */
	PLACE_WORD,  /* the segment is something else */
	PLACE_PARENT,
	PLACE_OUT = 2 * PLACE_PARENT /* no slash at its beginning, or one ".." segment too many */
};
#define PLACE_BIT(place) (1u << (place))
#define PLACES_DOTS (PLACE_BIT(PLACE_DOTS) | PLACE_BIT(PLACE_DOTS + PLACE_PARENT))

/* What the URIs of a server may be. */
struct uri_world {
	unsigned parents; /* so many ".." segments may be followed by a slash */
	bool trailing;    /* the last segment may be ".." */
	bool odd;         /* they may contain control characters and '?', sent as %0a and %3f */
};

/* The place after one more byte. */
unsigned place_step(unsigned place, enum letter letter, const struct uri_world *w);
/* The same for a set of places. */
unsigned places_step(unsigned places, enum letter letter, const struct uri_world *w);
/* May a whole URI of this world end here? */
bool place_may_end(unsigned place, const struct uri_world *w);

#endif
