/* What the leader asks core/rollout at each turn. */
#ifndef ZKNGINX_LEADER_DECIDE_H
#define ZKNGINX_LEADER_DECIDE_H

#include "leader_context.h"
#include "leader_view.h"

struct leader_question {
	struct rollout *rollout;
	const struct znode *request; /* to be answered; NULL: there is none */
	const char *publish_error;   /* why publishing came to nothing; NULL: it did not */
	uint64_t now;
};

/* The decision is in the view's arena. */
void leader_decide(const struct leader_context *c, struct leader_view *v,
		   const struct leader_question *q, struct rollout_decision *out);

#endif
