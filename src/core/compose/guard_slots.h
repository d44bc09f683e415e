/*
 * The guard's slots: one for each upstream, with what is remembered of it. guard.c decides by them.
 *
 * Most upstreams have not changed since the last run. Those are still: the guard of their servers
 * was calm, they are the same, and nginx runs them. Nothing is done about them, so a run is about
 * the others, which lie between `first` and `end`.
 */
#ifndef ZKNGINX_CORE_GUARD_SLOTS_H
#define ZKNGINX_CORE_GUARD_SLOTS_H

#include "guard_servers.h"

struct slot {
	char *name; /* of an upstream */
	struct servers_guard *guard;
	bool served; /* nginx has run it with servers */
};

enum slot_mark {
	SLOT_STILL = 1,
	SLOT_SEEN = 2,
	SLOT_LISTED = 4,     /* in ZooKeeper, at this run … */
	SLOT_WAS_LISTED = 8, /* … and at the last one */
};

/* Indexes of an upstream in the models, and of its slot. */
struct slot_place {
	size_t next, slot, good, live;
};

struct guard_slots {
	struct slot *items; /* sorted by name */
	/* By slot, in lists of their own, as each run reads them all: the upstream of the last run,
	 * if the guard was calm then, and the marks. */
	const struct upstream **calm;
	unsigned char *marks;
	size_t count, room;
	/* In the next model: all upstreams before the first one, and from the end on, are still. */
	struct slot_place first;
	size_t end;
};

void guard_slots_fini(struct guard_slots *g);
/* A run begins: finds out which upstreams are still. These are listed, and seen. */
void guard_slots_mark(struct guard_slots *g, const struct guard_input *in,
		      const struct model *next);
/* The next model has got upstreams that nginx runs: the places are other ones. */
void guard_slots_change_all(struct guard_slots *g, const struct model *next);
/* Is slot `at` that of the upstream, which is still? */
bool guard_slots_is_still(const struct guard_slots *g, const struct upstream *u, size_t at);
/* The index of the slot of this name, which is made. Names are asked for in their order; at: that
 * of the name before, and 1. */
size_t guard_slots_for(struct guard_slots *g, const char *name, size_t at);
/* Are the same ones listed as at the last run? */
bool guard_slots_are_listed_alike(const struct guard_slots *g);
void guard_slots_drop_unseen(struct guard_slots *g);

#endif
