/* status --watch: the status is shown again at every change, until the operator ends it. */
#ifndef ZKNGINX_CTL_STATUS_WATCH_H
#define ZKNGINX_CTL_STATUS_WATCH_H

#include "status_show.h"

/* Returns the exit code of what was shown last. */
int status_watch(const struct status_job *job);

#endif
