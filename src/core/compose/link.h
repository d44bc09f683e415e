/*
 * Link: references between objects, and clashes.
 *
 * Runs after guard on the model under construction. A site whose upstream does not exist falls back
 * to its last good form, and the upstream that this form needs is kept as well. The same holds for
 * a variable that nothing defines. Of two objects that
 * claim the same (a name on an address, options of an address, an upstream, a zone, …) one gets it,
 * and the other falls back in the same way. An object without a last good form is left out. Every
 * decision is a problem.
 */
#ifndef ZKNGINX_LINK_H
#define ZKNGINX_LINK_H

#include <zknginx/model.h>
#include <zknginx/problem.h>

#include "core/policy/policy.h"
#include "host_claims.h"

struct link_input {
	const struct model *good; /* of what nginx runs; never NULL */
	const struct policy *policy;
	const struct host_claims *host; /* of nginx.conf; NULL: not known */
	bool sockets_are_free;          /* nginx does not run, so any address can be bound */
	bool is_live; /* nginx runs the model already, so it accepts everything in it */
	/* nginx.conf, which is not known yet, may define variables: nginx decides on them */
	bool host_may_define;
	struct linked *linked; /* linked.h; NULL: no result is kept */
};

/* Completes `next`: adds and removes objects. Adds problems; the caller sorts them. */
void link_model(struct model *next, const struct link_input *in, struct problems *problems);

/*
 * Sets good->defaults, the default server of each address, from the text of the live http.conf,
 * whose blocks have headings with the znodes.
 */
void link_adopt_defaults(struct model *good, const char *text, size_t size);

#endif
