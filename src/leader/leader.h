/*
 * What the parts of the leader share.
 *
 *	leader.c	when: elected, one step at a time, resigned
 *	leader_view.c	what it sees: the fleet's znodes, read; and what is wrong with the fleet
 *	leader_write.c	what it writes: the plan, the live list, and the commands that are told
 *	leader_history.c	what it keeps: storing, pruning, and publishing an old revision
 */
#ifndef ZKNGINX_LEADER_H
#define ZKNGINX_LEADER_H

#include <zknginx/history.h>

#include "core/data/layout.h"
#include "core/rollout/rollout.h"
#include "daemon.h"

#define LEADER_PATROL (30 * USEC_PER_SEC) /* look at everything that often at least */

/* One settled snapshot of the fleet, read; everything is in the arena or the tree. */
struct leader_view {
	struct arena *arena;
	char wall[32];
	bool has_plan;
	struct plan plan;
	const char *plan_fault; /* why there is none, though there is a znode */
	const struct znode *plan_znode, *request, *live; /* NULL = not there */
	struct member *members;
	size_t member_count;
	struct history_entry *entries;
	size_t entry_count;
	unsigned long last_seq;
	int64_t answered; /* the request that was answered and could not be deleted, by its czxid */
};

/* leader.c */
void leader_step(struct daemon *d);
/* Step at that time at the latest. */
void leader_later(struct daemon *d, uint64_t when);
/* No step before the mirror has seen what now stands at this path. */
void leader_await(struct daemon *d, const char *path);
void leader_drop(struct daemon *d);
/* The history's entry of the revision that begins like this; 0: none, or several, and *why. */
unsigned long leader_find(const struct leader_view *v, const char *prefix, const char **revision,
			  const char **why);

/* leader_view.c */
struct rollout_rules leader_rules(const struct settings *s, const struct leader_view *v);
void leader_look(struct daemon *d, struct arena *a, struct leader_view *v);
/* What is wrong with the fleet, for leader_conditions(). */
void leader_watch(struct daemon *d, const struct leader_view *v);
void leader_unwatch(struct daemon *d);

/* leader_write.c */
/* True: a write has begun. */
bool leader_write_live(struct daemon *d, const struct leader_view *v);
void leader_write_plan(struct daemon *d, const struct leader_view *v,
		       const struct rollout_decision *decision);
/* Runs cluster.on_elected, on_resigned or on_live. */
void leader_tell(struct daemon *d, const char *event);

/* leader_history.c */
void leader_store(struct daemon *d, const struct leader_view *v, const char *revision);
void leader_prune(struct daemon *d, const struct leader_view *v);
/* The accepted revision has gone from the history, and is at hand here: true when it is on its way
 * back. */
bool leader_mend_history(struct daemon *d, const struct leader_view *v);
/* A publication that somebody's write came in between of: true when it has begun again. */
bool leader_publish_again(struct daemon *d, const struct leader_view *v);
void leader_publish(struct daemon *d, const struct leader_view *v, unsigned long seq);
/* Is what was published the newest config? If not, somebody has written over it. */
void leader_check_published(struct daemon *d, const struct leader_view *v);

#endif
