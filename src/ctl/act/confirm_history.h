/*
 * confirm --history: an operator accepts that ZooKeeper has gone back to older data (restored from
 * a copy, wiped, another ensemble). It is written to cluster/confirmed, bound to the config that is
 * there now (core/fleet/confirmation.h).
 */
#ifndef ZKNGINX_CTL_CONFIRM_HISTORY_H
#define ZKNGINX_CTL_CONFIRM_HISTORY_H

#include "ctl/console/ctl.h"

/* Also where no host reports that: after a restart of ZooKeeper it takes hosts a moment to be back.
 * A confirmation of what hosts know already changes nothing. Returns an exit code. */
int confirm_history(struct ctl *ctl, bool waits);

#endif
