/*
 * Whether a URI that nginx makes can climb out of the directory that it is mapped to.
 *
 * nginx puts a URI behind `root`. The URI of a request has no ".." segment, as nginx
 * normalises it; one that a directive makes is not normalised. Here a path is read
 * byte by byte and only its `place` is kept: what the segment at hand is so far. A
 * set of places says all that may be true of a text that is not known.
 */
#ifndef ZKNGINX_CORE_POLICY_URI_H
#define ZKNGINX_CORE_POLICY_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "policy_regex.h"

/* Where a path is; + PLACE_PARENT behind one ".." segment. */
enum place {
	PLACE_START, /* nothing so far */
	PLACE_EMPTY, /* behind a slash */
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
	unsigned parents; /* so many ".." segments may have a slash behind them */
	bool trailing;    /* the last segment may be ".." */
	bool odd;         /* they may hold control characters and '?', sent as %0a and %3f */
};

unsigned place_step(unsigned place, enum letter letter, const struct uri_world *w);
/* May a whole URI of this world end here? */
bool place_may_end(unsigned place, const struct uri_world *w);

/*
 * The places that a path may be at when it goes on from one of `from` with what the
 * group has captured in a URI of this world. An unset group captures "".
 */
unsigned capture_places(const struct regex *r, unsigned group, unsigned from,
			const struct uri_world *w);

/* How a directive makes a URI of its parameter. */
struct uri_template {
	const char *text;
	const struct regex *regex; /* $1 … are its groups; NULL: no captures */
	bool has_args;             /* a '?' in the text ends the path */
	bool splits;               /* … and one in a variable's value too */
};

/* What is wrong with a template in a world. */
struct uri_fault {
	bool climbs;    /* it may leave the directory, or not be a path at all */
	bool relative;  /* … as it does not begin with a slash */
	bool trailing;  /* its last segment may be ".." */
	char piece[48]; /* the variable or capture that did it; "" for literal text */
};
void uri_examine(const struct uri_template *t, const struct uri_world *w, struct uri_fault *out);

/* The shortest that can be said of each: see policy_server.h for how they are used. */
extern const struct uri_world uri_plain;    /* ordinary requests */
extern const struct uri_world uri_odd;      /* … and hostile ones */
extern const struct uri_world uri_trailing; /* … where a rewrite may have left ".." at the end */
extern const struct uri_world uri_parent;   /* … where one ".." segment may stand anywhere */

#endif
