/*
 * Writing the plan: in one transaction with the deletion of the request that it answers, and the
 * outcome in the history.
 */
#ifndef ZKNGINX_LEADER_PLAN_H
#define ZKNGINX_LEADER_PLAN_H

#include "leader_context.h"
#include "leader_view.h"

struct leader_plan {
	struct leader_context *c;
	struct write_record writes;
	/* Requests, by the transaction that created them: the one that is being answered, one that
	 * cannot be deleted, and one that was answered and stays. 0: none */
	int64_t request, undeletable, answered;
};

void leader_plan_init(struct leader_plan *p, struct leader_context *c);
void leader_plan_clear(struct leader_plan *p);
/* The request that is to be answered; NULL: there is none, or it was answered and stays. */
const struct znode *leader_plan_request(const struct leader_plan *p, const struct leader_view *v);

/* A step, as leader.c has them. */
uint64_t leader_plan_due(const struct leader_plan *p, const struct rollout_decision *d,
			 uint64_t now);
void leader_plan_begin(struct leader_plan *p, const struct leader_view *v,
		       const struct rollout_decision *d);

#endif
