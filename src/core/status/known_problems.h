/*
 * The problems of the last run, with the time at which each began.
 *
 * A run that finds the same problems changes nothing: each keeps its time, and no callback is
 * called. Pure: the times are arguments.
 */
#ifndef ZKNGINX_CORE_KNOWN_PROBLEMS_H
#define ZKNGINX_CORE_KNOWN_PROBLEMS_H

#include <zknginx/status.h>

#include "conditions.h"

struct known_problems {
	struct arena *arena;
	struct status_problem *items; /* sorted as problems_sort() does */
	size_t count;
	uint64_t last_run; /* when the config was last looked at, CLOCK_MONOTONIC */
};

struct known_times {
	uint64_t wall, monotonic;
};

struct known_ops {
	void (*on_raised)(const struct problem *p);
	void (*on_resolved)(const struct problem *p);
};

void known_problems_init(struct known_problems *k);
void known_problems_fini(struct known_problems *k);

/* The problems of a new run, sorted. Calls back for each that is new, and each that is over. */
void known_problems_update(struct known_problems *k, const struct problems *found,
			   const struct known_times *now, const struct known_ops *ops);
/* While no run is possible: `unreadable` takes the place of the problems of kind ACCESS; the others
 * stay. */
void known_problems_replace_unreadable(struct known_problems *k, const struct problems *unreadable,
				       const struct known_times *now, const struct known_ops *ops);

/* Does a guard keep what ZooKeeper has lost? */
bool known_problems_are_held(const struct known_problems *k);
/* How many have settled. */
size_t known_problems_settled(const struct known_problems *k, const struct settling *s);
/* When the next one settles, if nothing happens; NEVER: none is to. */
uint64_t known_problems_settle_at(const struct known_problems *k, const struct settling *s);
/* Adds "config-held" and "config-problems". */
void known_problems_conditions(const struct known_problems *k, const struct settling *s,
			       struct conditions *out);

#endif
