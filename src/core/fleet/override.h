/*
 * Overrides: what operators decide about the servers of an upstream, in cluster/overrides/UPSTREAM.
 *
 * {"confirm": TIME} releases what the guard of the upstream held before TIME. {"drain": …} takes
 * servers of the upstream out of the traffic. An override is read as strictly as an object of the
 * config: one that is not valid, that confirms a time in the future, or that names no upstream is a
 * problem, and has no effect. A drain of a server that the upstream does not have is none: the
 * server may come back. Pure: both clocks are arguments.
 */
#ifndef ZKNGINX_OVERRIDE_H
#define ZKNGINX_OVERRIDE_H

#include <zknginx/model.h>
#include <zknginx/problem.h>
#include <zknginx/tree.h>

/* How far a time may be ahead of the host's clock: operators' clocks differ by a little. */
#define OVERRIDE_AHEAD (60 * USEC_PER_SEC)

struct overrides;
struct overrides *overrides_new(void);
void overrides_free(struct overrides *o);
DEFINE_CLEANUP(struct overrides *, overrides_free)

/*
 * Reads all of them below cluster/overrides. now: CLOCK_MONOTONIC; wall: microseconds since 1970.
 * Returns when to read them again with no change in ZooKeeper (a time that is ahead has come, or a
 * drain ends), or NEVER.
 */
uint64_t overrides_read(struct overrides *o, const struct tree *tree, const char *cluster,
			uint64_t now, uint64_t wall);

/*
 * Before when the guard of this upstream is let go of (CLOCK_MONOTONIC); 0: it is not. An override
 * says nothing about what came later than it was first seen, whatever its time.
 */
uint64_t overrides_confirmed(const struct overrides *o, const char *upstream);

/* The drains that are in force, sorted by upstream and server; borrowed until the next reading. */
struct drains overrides_drains(const struct overrides *o);

/* Adds what is wrong with them. root: of the config in `tree`; m: what is made of it now. */
void overrides_problems(const struct overrides *o, const struct tree *tree, const char *root,
			const struct model *m, struct problems *problems);

#endif
