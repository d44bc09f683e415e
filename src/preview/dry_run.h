/*
 * --dry-run: shows what a deployment of the newest tree would change on this host, and whether
 * nginx would accept it. The tree is read from ZooKeeper, without becoming a member of the fleet.
 */
#ifndef ZKNGINX_DRY_RUN_H
#define ZKNGINX_DRY_RUN_H

#include <zknginx/settings.h>

/* Returns the exit code: 0 when nginx accepts what is shown, else 1. */
int dry_run(const struct settings *settings);

#endif
