/* What all parts of the leader use. leader.c owns it and fills it in. */
#ifndef ZKNGINX_LEADER_CONTEXT_H
#define ZKNGINX_LEADER_CONTEXT_H

#include "core/data/layout.h"
#include "leader.h"
#include "leader_writer.h"
#include "sys/timing.h"

#define LEADER_PATROL (30 * USEC_PER_SEC) /* look at everything at least that often */

struct leader_context {
	sd_event *loop;
	const struct settings *settings;
	char *host;
	struct fleet *fleet;
	struct leader_facts facts; /* references and copies of its own; never NULL but for trees */
	struct leader_writer writer;
	void (*on_change)(void *ctx); /* take a step */
	void *ctx;
};

/* Copies the facts, or takes references. */
void leader_context_take(struct leader_context *c, const struct leader_facts *facts);
/* May a leader with this tree of the fleet's znodes act on the facts? */
bool leader_context_is_current(const struct leader_context *c, const struct tree *tree);
void leader_context_fini(struct leader_context *c);

#endif
