/* Whether the daemons would refuse a change. Results are in change.problems and change.findings. */
#ifndef ZKNGINX_CTL_CHANGE_CHECK_H
#define ZKNGINX_CTL_CHANGE_CHECK_H

#include "change.h"

/* The config in ZooKeeper (one reference). ERR_REFUSED: it cannot be read whole, or a push is not
 * done; with --force neither is an error. */
int change_read_config(const struct change *c, struct tree **out, struct err *e);

/* With this data in the znode; data NULL: without the znode and what is below it. `name` is the
 * file that findings name. */
void change_check(struct change *c, const struct tree *config, const char *data, size_t size,
		  const char *name);
/* The same for a znode that is not of the config. */
void change_check_outside(struct change *c, const char *data, size_t size, const char *name);

#endif
