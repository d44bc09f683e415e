/*
 * What decode() keeps from one run to the next: upstreams with their servers.
 *
 * A decoded upstream is immutable and reference counted; every model that it is in, and the cache,
 * have references. It is used again as long as all znodes that it was made from are the same, and
 * the policy and the root as well. One whose decoding depended on something else (the accepted
 * znodes, host names) or reported a problem is not kept, so it is decoded in each run. Without a
 * cache, or with an empty one, the same code decodes everything.
 */
#ifndef ZKNGINX_CORE_DECODE_CACHE_H
#define ZKNGINX_CORE_DECODE_CACHE_H

#include <zknginx/model.h>

#include "core/discover/decode_input.h"

/* Znodes at and below a path: all that a tree had there. */
struct decoded_source {
	const char *path;
	const struct znode *const *znodes;
	size_t count;
	struct tree_block *block; /* that has exactly these; NULL: none has */
};

struct decoded {
	unsigned refs;
	struct arena *arena;
	struct upstream upstream;
	struct upstream_numbers *numbers; /* its census (core/status); NULL: not taken yet */
	struct claims *claims; /* of the upstream (core/compose); NULL: not found out yet */
	bool is_valid;         /* else there is no upstream */
	bool is_sized;         /* the size of its zone has been found out (core/compose) */
	bool stands_alone;     /* it was made from its znodes alone, without a problem */
	struct decoded_source *sources; /* the first one is its own subtree */
	size_t source_count;
};

struct decoded *decoded_new(void);
const struct decoded *decoded_ref(const struct decoded *d);
void decoded_unref(const struct decoded *d);
/* Another reference, until the arena is freed. */
void decoded_keep_in(struct arena *a, struct decoded *d);

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
/* Takes so many over into the list, with references that the arena has. Returns how many znodes of
 * the tree they are. */
size_t decode_cache_take(struct decode_cache *c, size_t count, struct arena *a,
			 const struct upstream **list);
/* An upstream that was not found; its subtree is from `first` to `end`. */
void decode_cache_add(struct decode_cache *c, const struct decode_input *in, struct decoded *d,
		      const char *path, size_t first, size_t end);

#endif
