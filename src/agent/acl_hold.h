/* zookeeper.require_acl: nothing new is applied while every client could have written it. */
#ifndef ZKNGINX_AGENT_ACL_HOLD_H
#define ZKNGINX_AGENT_ACL_HOLD_H

#include "converge.h"

/* May the newest tree be applied? If not, the audit calls again, or an operator has been told. */
bool acl_hold_permits(struct agent *a);
/* What an audit has found. */
void acl_hold_log(const struct agent *a, const struct acl_findings *found);

#endif
