/*
 * Paths as operators write them: short ones are below zookeeper.config ("sites/shop"), others begin
 * with a slash.
 */
#ifndef ZKNGINX_CTL_PATHS_H
#define ZKNGINX_CTL_PATHS_H

#include <zknginx/arena.h>

#include "ctl/console/ctl.h"

/* The absolute path, in the arena; "." is the root of the config. NULL: it is no path of a znode
 * (the error was printed). "" is none: it usually comes from an empty variable of a script. */
const char *path_resolve(const struct ctl *ctl, struct arena *a, const char *word);
/* As short as it can be written. */
const char *path_short(const struct ctl *ctl, const char *path);
/* The root of the config, or a znode below it. */
bool path_is_config(const struct ctl *ctl, const char *path);
/* Does only a daemon write there? That is zookeeper.cluster and what is below it, without the
 * overrides and the request of operators. */
bool path_is_of_daemons(const struct ctl *ctl, const char *path);

#endif
