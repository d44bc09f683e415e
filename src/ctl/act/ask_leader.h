/*
 * A request to the leader, and its answer. The request is a znode that is created and never
 * overwritten: a request of another operator that still waits is left alone.
 */
#ifndef ZKNGINX_CTL_ASK_LEADER_H
#define ZKNGINX_CTL_ASK_LEADER_H

#include <zknginx/plan.h>

#include "core/fleet/request.h"
#include "ctl/console/ctl.h"

struct leader_answer {
	struct arena *arena;
	bool done;          /* else `result` is "refused: …" or "failed: …" */
	const char *result; /* as in the plan */
	struct plan plan;   /* with the answer */
};

/*
 * Makes the request and waits for the answer within the command's timeout; for that of a rollback
 * until it is written. Returns an exit code; unless it is CTL_OK or CTL_BAD with an answer in
 * `out`, the error was printed. A request that no leader has answered is withdrawn.
 */
int ask_leader(struct ctl *ctl, const struct request *request, struct leader_answer *out);
void leader_answer_fini(struct leader_answer *a);

#endif
