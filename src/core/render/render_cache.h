/*
 * What render() keeps from one run to the next: the lines of upstreams.
 *
 * They are used again for an upstream that is as it was decoded (model.h: `decoded`), while the
 * options are the same. Without a cache, or with an empty one, the same code renders everything.
 */
#ifndef ZKNGINX_CORE_RENDER_CACHE_H
#define ZKNGINX_CORE_RENDER_CACHE_H

#include "render.h"

struct render_cache *render_cache_new(void);
void render_cache_free(struct render_cache *c);
DEFINE_CLEANUP(struct render_cache *, render_cache_free)

/* A run begins and ends. What was not used in it is dropped. The cache may be NULL. */
void render_cache_begin(struct render_cache *c, const struct render_options *options,
			struct bundle_builder *b);
void render_cache_end(struct render_cache *c, const struct bundle *b);
/*
 * The lines of the upstream (borrowed until the end of the run), or NULL. To be called in the order
 * of rendering.
 */
struct bundle_piece *render_cache_find(struct render_cache *c, const struct upstream *u);
/* The lines of an upstream that was not found. */
void render_cache_add(struct render_cache *c, const struct upstream *u, struct bundle_piece *p);

#endif
