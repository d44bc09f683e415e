/*
 * nginx -t before a write, on a host of the fleet: what nginx refuses there it refuses on the
 * others. Elsewhere certificates and modules may be missing, so nothing is said.
 */
#ifndef ZKNGINX_CTL_LINT_HOST_H
#define ZKNGINX_CTL_LINT_HOST_H

#include "ctl/console/ctl.h"
#include "lint.h"

/* Adds what nginx says of this znode in `after`; before: what ZooKeeper has. */
void lint_host(struct ctl *ctl, const struct tree *before, const struct tree *after,
	       const char *path, struct problems *problems);

#endif
