/*
 * Whether a URI that a directive makes can climb out of the directory that it is mapped to
 * (policy_place.h). The directive's parameter is a template: literal text, variables, captures.
 */
#ifndef ZKNGINX_CORE_POLICY_URI_H
#define ZKNGINX_CORE_POLICY_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "policy_place.h"

/* How a directive makes a URI of its parameter. */
struct uri_template {
	const char *text;
	const struct regex *regex; /* $1 … are its groups; NULL: no captures */
	bool has_args;             /* a '?' in the text ends the path */
	bool splits;               /* … and one in a variable's value too */
};

/* What is wrong with a template in a world. */
struct uri_error {
	bool climbs;    /* it may leave the directory, or not be a path at all */
	bool relative;  /* … as it does not begin with a slash */
	bool trailing;  /* its last segment may be ".." */
	char piece[48]; /* the variable or capture that did it; "" for literal text */
};
void uri_examine(const struct uri_template *t, const struct uri_world *w, struct uri_error *out);

/* The shortest that can be said of each: see policy_server.h for how they are used. */
extern const struct uri_world uri_plain;    /* ordinary requests */
extern const struct uri_world uri_odd;      /* … and hostile ones */
extern const struct uri_world uri_trailing; /* … where a rewrite may have left ".." at the end */
extern const struct uri_world uri_parent;   /* … where one ".." segment may stand anywhere */

#endif
