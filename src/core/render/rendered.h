/*
 * What render() keeps from one run to the next: the lines of upstreams.
 *
 * They are used again for an upstream that is as it was decoded (model.h: `decoded`) and has the
 * same size of zone, while the options are the same. Without a cache, or with an empty one, the
 * same code renders everything.
 */
#ifndef ZKNGINX_CORE_RENDERED_H
#define ZKNGINX_CORE_RENDERED_H

#include "render.h"

struct rendered *rendered_new(void);
void rendered_free(struct rendered *c);
DEFINE_CLEANUP(struct rendered *, rendered_free)

/* A run begins and ends. What was not used in it is dropped. The cache may be NULL. */
void rendered_begin(struct rendered *c, const struct render_options *options);
void rendered_end(struct rendered *c);
/*
 * Pieces are put in groups, so that what has not changed costs little. Where a group ends follows
 * from the names alone: with this upstream, or with the last one of a file.
 */
bool rendered_ends_group(const struct upstream *u);
/*
 * The group that the list, all that is yet to be rendered of a file, begins with, if it is as it
 * was; or NULL. Borrowed until the end of the run, as is the piece of one upstream. To be called in
 * the order of rendering.
 */
struct bundle_group *rendered_find_group(struct rendered *c, const struct upstream *const *list,
					 size_t count);
struct bundle_piece *rendered_find(struct rendered *c, const struct upstream *u);
/* A group that was not found, and its upstreams. */
void rendered_add(struct rendered *c, const struct upstream *const *list, struct bundle_group *g);

#endif
