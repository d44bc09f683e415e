/*
 * Retain: bring objects of the last good model into the one under construction.
 *
 * Each is decoded again from the znode it came from, under today's policy; one
 * that would not pass any more is not brought back. What is retained is marked.
 */
#ifndef ZKNGINX_RETAIN_H
#define ZKNGINX_RETAIN_H

#include <zknginx/model.h>

#include "core/policy/policy.h"

/* All objects that `good` has and `next` has not. */
void retain_missing(struct model *next, const struct model *good, const struct policy *policy);

/* Decode the last good form of one object again; false when it is no longer valid. */
bool retain_upstream(struct arena *a, const struct upstream *good, const struct policy *policy,
		     struct upstream *out);
bool retain_site(struct arena *a, const struct site *good, const struct policy *policy,
		 struct site *out);
bool retain_snippet(struct arena *a, const struct snippet *good, const struct policy *policy,
		    struct snippet *out);

/*
 * A server of the last good model for an upstream that may have other fields by now: its own
 * parameters over the present defaults. False: the upstream cannot have it (it is a backup, its
 * discover was removed, or the policy refuses its address).
 */
bool retain_server(struct arena *a, const struct server *good, const struct policy *policy,
		   struct upstream *u, struct server *out);
/*
 * For a server that was brought back: the upstream's discover keeps the context znodes of the good
 * one.
 */
void retain_context(struct arena *a, struct upstream *u, const struct server *good);

#endif
