/* Publishing an old revision as the config: the states are core/rollout/publishing's. */
#ifndef ZKNGINX_LEADER_PUBLISH_H
#define ZKNGINX_LEADER_PUBLISH_H

#include "core/rollout/publishing.h"
#include "leader_context.h"
#include "leader_view.h"

struct leader_publish {
	struct leader_context *c;
	enum publishing_state state;
	unsigned long seq; /* the history's entry that is to be published; 0 in IDLE */
	char revision[DIGEST_HEX_SIZE];
	uint64_t until; /* … before that time */
	uint64_t due;   /* of PAUSED and WRITTEN */
	unsigned failures;
	char *message;    /* of the last failure, NULL: none */
	struct tree *old; /* fetched, to be written; else NULL */
	char *root;       /* the data of its root; "" = as it was stored */
};

void leader_publish_init(struct leader_publish *p, struct leader_context *c);
void leader_publish_clear(struct leader_publish *p);

/* Takes in what the plan, the newest config and the clock say. */
void leader_publish_look(struct leader_publish *p, const struct leader_view *v, uint64_t now);
/* Why it came to nothing; NULL: it did not. */
const char *leader_publish_error(const struct leader_publish *p);

/* A step, as leader.c has them. asked: the decision's `rollback`, 0: the plan does not ask now. */
uint64_t leader_publish_due(const struct leader_publish *p, unsigned long asked, uint64_t now);
void leader_publish_begin(struct leader_publish *p, const struct leader_view *v,
			  unsigned long asked);

#endif
