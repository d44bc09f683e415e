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

/* The last good form of one object once more; false when it does not decode any more. */
bool retain_upstream(struct arena *a, const struct upstream *good, struct upstream *out);
bool retain_site(struct arena *a, const struct site *good, const struct policy *policy,
		 struct site *out);
bool retain_snippet(struct arena *a, const struct snippet *good, const struct policy *policy,
		    struct snippet *out);

/*
 * A server of the last good model once more, for an upstream that may have another policy
 * by now: its own parameters over today's defaults. False when it does not fit any more.
 */
bool retain_server(struct arena *a, const struct server *good, struct upstream *u,
		   struct server *out);
/* With a server brought back, what it was made from is worth keeping too. */
void retain_context(struct arena *a, struct upstream *u, const struct server *good);

#endif
