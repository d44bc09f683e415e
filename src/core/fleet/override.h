/*
 * Overrides: what operators decide about the guards, in cluster/overrides/UPSTREAM.
 *
 * {"confirm": TIME} releases what the guard of the upstream held before TIME. An override is read
 * as strictly as an object of the config: one that is not valid, whose time is in the future, or
 * that names no upstream is a problem, and has no effect. Pure: both clocks are arguments.
 */
#ifndef ZKNGINX_OVERRIDE_H
#define ZKNGINX_OVERRIDE_H

#include <zknginx/model.h>
#include <zknginx/problem.h>
#include <zknginx/tree.h>

/* How far a time may be ahead of the host's clock: operators' clocks differ by a little. */
#define OVERRIDE_AHEAD (60 * USEC_PER_SEC)

/* "2026-11-22T15:04:05Z", of RFC 3339 and in UTC, in microseconds since 1970; 0: it is none. */
uint64_t override_time(const char *text);
/* The JSON of an override that confirms what was held before this time, in microseconds since 1970;
 * overrides_read() reads it as that time. */
void override_print(uint64_t confirm, struct buf *out);

struct overrides;
struct overrides *overrides_new(void);
void overrides_free(struct overrides *o);
DEFINE_CLEANUP(struct overrides *, overrides_free)

/*
 * Reads all of them below cluster/overrides. now: CLOCK_MONOTONIC; wall: microseconds since 1970.
 * Returns when to read them again with no change in ZooKeeper (a time that is ahead has come), or
 * NEVER.
 */
uint64_t overrides_read(struct overrides *o, const struct tree *tree, const char *cluster,
			uint64_t now, uint64_t wall);

/*
 * Before when the guard of this upstream is let go of (CLOCK_MONOTONIC); 0: it is not. An override
 * says nothing about what came later than it was first seen, whatever its time.
 */
uint64_t overrides_confirmed(const struct overrides *o, const char *upstream);

/* Adds what is wrong with them. root: of the config in `tree`; m: what is made of it now. */
void overrides_problems(const struct overrides *o, const struct tree *tree, const char *root,
			const struct model *m, struct problems *problems);

#endif
