/* A decoded upstream: what models, caches and the rules about it share. It is reference counted. */
#ifndef ZKNGINX_CORE_DECODED_H
#define ZKNGINX_CORE_DECODED_H

#include <zknginx/model.h>

/* Znodes at and below a path: all that a tree had there. */
struct decoded_source {
	const char *path;
	const struct znode *const *znodes;
	size_t count;
	struct tree_block *block; /* that has exactly these; NULL: none has */
};

struct decoded {
	unsigned refs;
	unsigned long run; /* of the cache, that it came to the cache in (decoded_runs.h) */
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

#endif
