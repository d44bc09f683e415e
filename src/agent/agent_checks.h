/* What the checks of servers have found, for the status and the alerts. */
#ifndef ZKNGINX_AGENT_CHECKS_H
#define ZKNGINX_AGENT_CHECKS_H

#include <zknginx/status.h>

#include "core/status/conditions.h"
#include "host/checker.h"

/* good: the model of what nginx has. The list has not more than STATUS_PROBLEMS_MOST servers. */
void agent_checks_fill(const struct checker *c, const struct model *good, struct status *s,
		       struct arena *scratch);
void agent_checks_conditions(const struct checker *c, struct conditions *out);

#endif
