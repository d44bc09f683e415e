/*
 * The guard of one upstream's servers: notices what was lost, decides whether that
 * is too much at once, and brings it back. guard.c owns one of these an upstream.
 */
#ifndef ZKNGINX_CORE_GUARD_SERVERS_H
#define ZKNGINX_CORE_GUARD_SERVERS_H

#include "guard.h"

/*
 * How long an operator's mass deletion is put off after its last step. A deletion
 * of the whole config removes the servers first and the root last; within this
 * time it shows what it is.
 */
#define GUARD_GRACE (1 * USEC_PER_SEC)

/* … but a server whose deletion never seems to end goes after this long. */
#define GUARD_GRACE_MAX (30 * USEC_PER_SEC)

struct servers_guard;

struct servers_guard *servers_guard_new(void);
void servers_guard_free(struct servers_guard *g);

/*
 * First for every upstream: compare `u` of the next model with what nginx runs of
 * it (`good`, or NULL). Sets *last_deletion to now when a persistent server is gone.
 */
void servers_guard_notice(struct servers_guard *g, const struct guard_input *in,
			  const struct upstream *u, const struct upstream *good,
			  uint64_t *last_deletion);

/* Then for every upstream: as guard_apply(). last_deletion: of anything, anywhere in the config. */
uint64_t servers_guard_apply(struct servers_guard *g, const struct guard_input *in,
			     struct model *next, struct upstream *u, uint64_t last_deletion,
			     struct problems *problems);

#endif
