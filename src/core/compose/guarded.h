/*
 * What the guard remembers of each upstream. guard.c decides by them.
 *
 * Most upstreams have not changed since the last run. Those are still: the guard of their servers
 * was calm, they are the same, and nginx runs them. Nothing is done about them, so a run is about
 * the others, which lie between `first` and `end`.
 */
#ifndef ZKNGINX_CORE_GUARDED_H
#define ZKNGINX_CORE_GUARDED_H

#include "guard_servers.h"

struct guarded {
	char *name; /* of an upstream */
	struct servers_guard *guard;
	bool served; /* nginx has run it with servers */
};

enum guarded_mark {
	GUARDED_STILL = 1,
	GUARDED_SEEN = 2,
	GUARDED_LISTED = 4,     /* in ZooKeeper, at this run … */
	GUARDED_WAS_LISTED = 8, /* … and at the last one */
};

/* Indexes of an upstream: in the models, and in the list (own). */
struct guarded_place {
	size_t next, own, good, live;
};

struct guarded_list {
	struct guarded *items; /* sorted by name */
	/* By index, in lists of their own, as each run reads them all: the upstream of the last
	 * run, if the guard was calm then, and the marks. */
	const struct upstream **calm;
	unsigned char *marks;
	size_t count, room;
	/* In the next model: all upstreams before the first one, and from the end on, are still. */
	struct guarded_place first;
	size_t end;
};

void guarded_fini(struct guarded_list *g);
/* A run begins: finds out which upstreams are still. These are listed, and seen. */
void guarded_mark(struct guarded_list *g, const struct guard_input *in, const struct model *next);
/* The next model has got upstreams that nginx runs: the places are other ones. */
void guarded_change_all(struct guarded_list *g, const struct model *next);
/* Is the one at this index that of the upstream, and still? */
bool guarded_is_still(const struct guarded_list *g, const struct upstream *u, size_t at);
/* The index of the one of this name, which is made if there is none. Names are asked for in their
 * order; at: that of the name before, and 1. */
size_t guarded_for(struct guarded_list *g, const char *name, size_t at);
/* Are the same ones listed as at the last run? */
bool guarded_are_listed_alike(const struct guarded_list *g);
void guarded_drop_unseen(struct guarded_list *g);

#endif
