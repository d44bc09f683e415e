/* The list of hosts that serve, CLUSTER/live, for load balancers and for cluster.on_live. */
#ifndef ZKNGINX_LEADER_LIVE_H
#define ZKNGINX_LEADER_LIVE_H

#include "leader_commands.h"
#include "leader_view.h"

struct leader_live {
	struct leader_context *c;
	struct leader_commands *commands;
	char *list; /* that ZooKeeper has, or that is being written; NULL: not known yet */
	struct write_record writes;
};

void leader_live_init(struct leader_live *l, struct leader_context *c,
		      struct leader_commands *commands);
void leader_live_clear(struct leader_live *l);
/* After an election, runs on_live once with the list that is in ZooKeeper already. */
void leader_live_take(struct leader_live *l, const struct leader_view *v);

/* A step, as leader.c has them. */
uint64_t leader_live_due(const struct leader_live *l, const struct leader_view *v, uint64_t now);
void leader_live_begin(struct leader_live *l, const struct leader_view *v);

#endif
