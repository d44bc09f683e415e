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
 * The lines of the upstream (borrowed until the end of the run), or NULL. To be called in the order
 * of rendering.
 */
struct bundle_piece *rendered_find(struct rendered *c, const struct upstream *u);
/* The lines of an upstream that was not found. */
void rendered_add(struct rendered *c, const struct upstream *u, struct bundle_piece *p);

#endif
