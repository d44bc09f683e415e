/* The candidate of a run: from the newest tree to a model, and to nginx's files. */
#ifndef ZKNGINX_AGENT_CANDIDATE_H
#define ZKNGINX_AGENT_CANDIDATE_H

#include "converge.h"

/* The newest tree, what could not be read filled in; NULL: none was read. */
struct tree *candidate_newest(const struct agent *a);
/*
 * Makes the attempt's tree and model, and adds to the problems of the run. *due: when another run
 * is due with no change, or NEVER. False: the mirror does not have all paths that the model needs;
 * it is told, a tree follows, and there is no attempt.
 */
bool candidate_make(struct agent *a, uint64_t *due);

/* The finished model of these znodes: nothing is guarded a second time. The first argument is the
 * agent. */
struct model *candidate_compose_sources(void *agent, const struct tree *sources);
/* What nginx would read of this model, with the settings of now. */
struct bundle *candidate_render(void *agent, const struct model *m);

#endif
