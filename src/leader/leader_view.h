/*
 * The leader's view: one snapshot of the fleet's znodes as values. Everything in it is in the arena
 * or belongs to the tree.
 */
#ifndef ZKNGINX_LEADER_VIEW_H
#define ZKNGINX_LEADER_VIEW_H

#include <zknginx/history.h>
#include <zknginx/settings.h>

#include "core/rollout/rollout.h"

struct leader_view {
	struct arena *arena;
	char wall[32];
	bool has_plan;
	bool plan_is_stale; /* it is from an older history: it counts as none */
	struct plan plan;
	const char *plan_error; /* why there is no plan, though there is a znode */
	const struct znode *plan_znode, *request, *live; /* NULL = not there */
	struct member *members;
	size_t member_count;
	struct history_entry *entries;
	size_t entry_count;
	unsigned long last_seq;
};

void leader_look(struct leader_view *v, struct arena *a, const struct tree *tree,
		 const char *cluster, uint64_t wall);

/* The plan of this transaction (0: none) counts as none. */
void leader_ignore_plan(struct leader_view *v, int64_t zxid);

struct rollout_rules leader_rules(const struct settings *s, const struct leader_view *v);

/* The history's entry of this number, or NULL. */
const struct history_entry *leader_entry(const struct leader_view *v, unsigned long seq);
/* The entry of the revision that begins like this; 0: none, or several, and *why. */
unsigned long leader_find(const struct leader_view *v, const char *prefix, const char **revision,
			  const char **why);
/* Is the plan publishing? */
bool leader_is_publishing(const struct leader_view *v);

#endif
