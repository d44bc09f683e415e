/* The config as ZooKeeper has it. */
#ifndef ZKNGINX_CTL_CONFIG_READ_H
#define ZKNGINX_CTL_CONFIG_READ_H

#include <zknginx/tree.h>

#include "ctl/console/ctl.h"

/*
 * All znodes at and below zookeeper.config, the state after one transaction (one reference).
 * ERR_REFUSED: the root does not exist, or a part cannot be read.
 */
int config_read(struct ctl *ctl, struct tree **out, struct err *e);
/* The same, with all that its upstreams discover servers at, as the daemons read it. */
int config_read_discovered(struct ctl *ctl, struct tree **out, struct err *e);

#endif
