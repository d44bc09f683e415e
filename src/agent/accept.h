/* What nginx has taken of an attempt, and what the report is told of it. */
#ifndef ZKNGINX_AGENT_ACCEPT_H
#define ZKNGINX_AGENT_ACCEPT_H

#include "converge.h"

/* nginx runs the model, or will when it is started: from now on this is the last good form of all
 * znodes. The model is taken over. */
void accept_model(void *agent, struct model *m);
/* The same for the attempt's model, with its revision. */
void accept_attempt(struct agent *a, const struct outcome *o);
/* The workers have the attempt's servers, which are not the last good form yet. The report is told.
 */
void accept_servers(struct agent *a);

/* The attempt as the report sees it. */
struct deployed accept_news(const struct agent *a, const struct outcome *o);

#endif
