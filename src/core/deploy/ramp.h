/*
 * Ramps: the servers that start slowly, in upstreams with slow_start. Pure: the caller keeps the
 * time, and gives nginx the weights.
 *
 * A ramp begins when a server is used that was not used before: it is new in an upstream that had
 * servers, or is not down, drained or failing any more. In steps that last slow_start together, its
 * weight rises from a small part of its own to the whole. The other servers carry the load
 * meanwhile. So a ramp takes at least one used server with its full weight: where there is none,
 * all ramps of the upstream end. Backup servers have no ramps, and are no such server: they get no
 * requests while a primary one is used.
 *
 * A ramp is of a server's address, and goes on when its weight or slow_start is changed; it ends
 * when the server is not used any more.
 */
#ifndef ZKNGINX_RAMP_H
#define ZKNGINX_RAMP_H

#include "weights.h"

#define RAMP_STEPS_MOST 20
#define RAMP_STEP_LEAST USEC_PER_SEC
/* Weights are scaled in upstreams of not more servers than this: each is a change, twice in a ramp.
 */
#define RAMP_SERVERS_MOST 1000

struct ramp {
	const char *upstream, *server;
	uint64_t began;
};

struct ramps {
	struct arena *arena;      /* NULL: there are none */
	const struct ramp *items; /* in the order of the model */
	size_t count;
};
void ramps_fini(struct ramps *r);

/* Those that there are after the servers of `before` have become those of `after`, which may be the
 * same model. begin: new ones may begin. */
struct ramps ramps_next(const struct ramps *r, const struct model *before,
			const struct model *after, uint64_t now, bool begin);

/* Their weights at that time, in a model that they were made of; in the arena. A ramp that begins
 * later has its first weight. */
struct weights ramps_weights(const struct ramps *r, const struct model *m, uint64_t at,
			     struct arena *a);
/* When the next step is due after that time; NEVER: no step is. */
uint64_t ramps_due(const struct ramps *r, const struct model *m, uint64_t at);

/* How much of its weight a server has after so much of slow_start, in percent. */
unsigned ramp_percent(uint64_t slow_start, uint64_t elapsed);
/* Why servers of this upstream cannot start slowly, as far as the model says: a clause; NULL: they
 * can. */
const char *ramp_why_not(const struct upstream *u);

#endif
