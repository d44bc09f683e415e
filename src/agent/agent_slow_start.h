/* The slow start of servers, for the status. */
#ifndef ZKNGINX_AGENT_SLOW_START_STATUS_H
#define ZKNGINX_AGENT_SLOW_START_STATUS_H

#include <zknginx/status.h>

#include "live.h"

/* good: the model of what nginx has. The list of ramps has not more than STATUS_PROBLEMS_MOST. */
void agent_slow_start_fill(const struct live *l, const struct model *good, struct status *s,
			   struct arena *scratch);

#endif
