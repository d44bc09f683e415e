/*
 * Pools: variables that name an upstream (`proxy_pass http://$pool`), and what such a variable may
 * be.
 *
 * A text is read by itself here. Which values a variable has is known only when all texts are known
 * (compose/clash_pools.c).
 */
#ifndef ZKNGINX_CORE_POLICY_POOLS_H
#define ZKNGINX_CORE_POLICY_POOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <zknginx/arena.h>

/* A directive sends requests to the upstream that the variable names. */
struct pool_use {
	const char *variable; /* in lower case, without `$` */
	unsigned line;
};

/* One value that a variable may have. */
struct pool_value {
	const char *variable;
	const char *name;   /* of an upstream, in lower case; NULL: it is none */
	const char *follow; /* another variable that is all of the value, in lower case; or NULL */
	bool mapped;        /* by a map, geo or split_clients; else by a `set` */
	bool plain;         /* the value is the name or variable alone, without a scheme */
	unsigned line;
};

struct pools {
	struct pool_use *uses;
	size_t use_count, use_room;
	struct pool_value *values;
	size_t value_count, value_room;
};

/* In the arena; NULL: the text has none. It may be a whole text or a part of a server. */
const struct pools *policy_pools(struct arena *a, const char *text, size_t size);

#endif
