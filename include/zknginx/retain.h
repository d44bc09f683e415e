/*
 * Retain: bring objects of the last good model into the one under construction.
 *
 * Each is decoded again from the znode it came from, under today's policy; one
 * that would not pass any more is not brought back. What is retained is marked.
 */
#ifndef ZKNGINX_RETAIN_H
#define ZKNGINX_RETAIN_H

#include <zknginx/model.h>
#include <zknginx/policy.h>

/* All objects that `good` has and `next` has not. */
void retain_missing(struct model *next, const struct model *good, const struct policy *policy);

/* One upstream with its servers; false when there is none in `good`, or it does not decode. */
bool retain_upstream(struct model *next, const struct model *good, const char *name);

/* The last good form of a site, in place of the form it has in `next`. */
bool retain_site(struct model *next, size_t index, const struct model *good,
		 const struct policy *policy);

/*
 * A server of the last good model once more, for an upstream that may have another policy
 * by now: its own parameters over today's defaults. False when it does not fit any more.
 */
bool retain_server(struct arena *a, const struct server *good, struct upstream *u,
		   struct server *out);
/* With a server brought back, what it was made from is worth keeping too. */
void retain_context(struct arena *a, struct upstream *u, const struct server *good);

#endif
