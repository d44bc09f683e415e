/* The log lines about foreign children, which are no registrations. */
#ifndef ZKNGINX_AGENT_FOREIGN_H
#define ZKNGINX_AGENT_FOREIGN_H

#include <zknginx/model.h>

/* Logs each foreign child that `after` has and `before` does not. */
void foreign_log(const struct model *before, const struct model *after);

#endif
