/*
 * The config in ZooKeeper now, and the model that a host would make of it: which upstreams there
 * are, and which servers each of them has, child znodes and registrations. Host names are not
 * resolved.
 */
#ifndef ZKNGINX_CTL_CONFIG_NOW_H
#define ZKNGINX_CTL_CONFIG_NOW_H

#include <zknginx/model.h>

#include "ctl.h"

struct config_now {
	struct tree *tree; /* with the overrides and the plan */
	struct model *model;
};

int config_now_read(struct ctl *ctl, struct config_now *out, struct err *e);
/* Also of one that is all zero. */
void config_now_fini(struct config_now *c);

/* The upstream; NULL: there is none, and the operator was told which ones there are. */
const struct upstream *config_now_upstream(const struct config_now *c, const char *name);

#endif
