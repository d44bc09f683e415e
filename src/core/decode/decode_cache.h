/*
 * What decode() keeps from one run to the next: upstreams with their servers.
 *
 * A decoded upstream is immutable and reference counted. The cache has a reference; a model has one
 * to each upstream that was decoded for it, and one loan for all that it got from the cache
 * (decoded_runs.h). It is used again as long as all znodes that it was made from are the same, and
 * the policy and the root as well. One whose decoding depended on something else (the accepted
 * znodes, host names) or reported a problem is not kept, so it is decoded in each run. Without a
 * cache, or with an empty one, the same code decodes everything.
 */
#ifndef ZKNGINX_CORE_DECODE_CACHE_H
#define ZKNGINX_CORE_DECODE_CACHE_H

#include "core/discover/decode_input.h"
#include "decoded.h"

struct decode_cache *decode_cache_new(void);
void decode_cache_free(struct decode_cache *c);
DEFINE_CLEANUP(struct decode_cache *, decode_cache_free)

/* How many upstreams it has of the last run. */
size_t decode_cache_count(const struct decode_cache *c);
/* A run begins and ends. What was not used in it is dropped. The cache may be NULL. */
void decode_cache_begin(struct decode_cache *c, const struct decode_input *in);
void decode_cache_end(struct decode_cache *c);
/*
 * The upstream whose subtree begins at index `first` of the tree, if it is as it was (a reference;
 * *end: where the subtree ends), or NULL. To be called in tree order.
 */
struct decoded *decode_cache_find(struct decode_cache *c, const struct decode_input *in,
				  size_t first, size_t *end);
/*
 * How many upstreams of the last run, in their order, are as they were from index i of the tree on,
 * as their blocks show; i is where an object begins. There may be more than these.
 */
size_t decode_cache_follow(struct decode_cache *c, size_t i);
/* Takes so many over into the list of the model with this arena, and their traits. Returns how many
 * znodes of the tree they are. */
size_t decode_cache_take(struct decode_cache *c, size_t count, struct arena *a,
			 const struct upstream **list, unsigned char *traits);
/* An upstream that was not found; its subtree is from `first` to `end`. */
void decode_cache_add(struct decode_cache *c, const struct decode_input *in, struct decoded *d,
		      const char *path, size_t first, size_t end);

#endif
