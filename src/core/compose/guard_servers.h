/*
 * The guard of one upstream's servers: it notices lost servers, decides whether they are too many
 * at once, and brings them back. guard.c owns one for each upstream.
 */
#ifndef ZKNGINX_CORE_GUARD_SERVERS_H
#define ZKNGINX_CORE_GUARD_SERVERS_H

#include "guard.h"

/*
 * How long a mass deletion by an operator is postponed after its last step. A deletion of the whole
 * config removes the servers first and the root last: this time is enough to recognise it.
 */
#define GUARD_GRACE (1 * USEC_PER_SEC)

/*
 * The longest time that the deletion of a server is postponed, however long the mass deletion
 * lasts.
 */
#define GUARD_GRACE_MAX (30 * USEC_PER_SEC)

struct servers_guard;

struct servers_guard *servers_guard_new(void);
void servers_guard_free(struct servers_guard *g);

/* An upstream in the models of guard_input: what is on disk, and what the workers have. A server of
 * either one is lost when ZooKeeper no longer has it. */
struct servers_served {
	const struct upstream *good, *live; /* NULL: it is not in the model */
};

/*
 * The first pass over all upstreams: compares `u` of the next model with what nginx runs of it.
 * Sets *last_deletion to now when a persistent server is gone.
 */
void servers_guard_notice(struct servers_guard *g, const struct guard_input *in,
			  const struct upstream *u, const struct servers_served *served,
			  uint64_t *last_deletion);

/*
 * The second pass over all upstreams, like guard_apply(), for upstream `at` of the next model.
 * last_deletion: of any znode of the config.
 */
uint64_t servers_guard_apply(struct servers_guard *g, const struct guard_input *in,
			     struct model *next, size_t at, uint64_t last_deletion,
			     struct problems *problems);

/*
 * Nothing of the upstream has been lost within the window: as long as it is the same one, and nginx
 * runs that, both passes would change nothing.
 */
bool servers_guard_is_calm(const struct servers_guard *g, const struct upstream *u);

#endif
