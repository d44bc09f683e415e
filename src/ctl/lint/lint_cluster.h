/* What the daemons would say of the znodes that operators write below zookeeper.cluster: the
 * overrides, and the request to the leader. */
#ifndef ZKNGINX_CTL_LINT_CLUSTER_H
#define ZKNGINX_CTL_LINT_CLUSTER_H

#include <zknginx/problem.h>
#include <zknginx/settings.h>
#include <zknginx/tree.h>

/* Is it one of those? */
bool lint_cluster_knows(const struct settings *settings, const char *path);
/* Adds what is wrong with its data; nothing for any other znode. */
void lint_cluster(const struct settings *settings, const struct znode *z,
		  struct problems *problems);

#endif
