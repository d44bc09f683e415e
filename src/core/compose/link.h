/*
 * Link: what objects say about each other.
 *
 * Runs after guard on the model under construction. A site whose upstream does
 * not exist falls back to its last good form, and the upstream that this form
 * needs is kept too; of two objects that want what nginx has only once (a name on an
 * address, options of an address, an upstream, a zone, …) one gets it, and the other falls
 * back likewise. What cannot be mended is taken out. Every decision is a problem.
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
	bool is_live; /* nginx runs the model already: whatever it says goes together */
};

void link_model(struct model *next, const struct link_input *in, struct problems *problems);

/*
 * A live http.conf (with headings of ours) says who is the default server of each address: in
 * place of what the model says.
 */
void link_adopt_defaults(struct model *good, const char *text, size_t size);

#endif
