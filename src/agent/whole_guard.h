/*
 * The guards of the whole config: nothing of what ZooKeeper has now is applied. Each is a problem
 * of the config's root, until its cause is over.
 */
#ifndef ZKNGINX_AGENT_WHOLE_GUARD_H
#define ZKNGINX_AGENT_WHOLE_GUARD_H

#include "converge.h"

/* ZooKeeper's history has gone back. Adds to the problems that there are; does nothing if it has
 * not. */
void whole_guard_of_past(struct agent *a);
/* zookeeper.require_acl: every client could have written what is to be applied. The only problem:
 * no other is known then. */
void whole_guard_of_acl(struct agent *a, const struct acl_findings *found);

#endif
