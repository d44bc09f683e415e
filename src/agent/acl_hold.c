/* See acl_hold.h. */
#include <zknginx/log.h>

#include "acl_hold.h"
#include "whole_guard.h"

/* Every client could have written what is to be applied. */
static void hold_for_acl(struct agent *a, const struct acl_findings *found)
{
	a->acl_held = true;
	whole_guard_of_acl(a, found);
	a->ops->on_problems(a->ctx, &a->problems);
	if (a->once)
		a->ops->on_over(a->ctx, false);
}

/* zookeeper.require_acl: may the newest tree be applied? */
bool acl_hold_permits(struct agent *a)
{
	struct acl_findings found = acl_audit_findings(a->acls);

	a->acl_held = false;
	if (!a->settings->zookeeper.require_acl || (found.complete && !found.open))
		return true;
	if (found.open)
		hold_for_acl(a, &found);
	return false;
}

void acl_hold_log(const struct agent *a, const struct acl_findings *found)
{
	if (!found->open)
		log_info("no znode of %s and %s can be changed by every client",
			 a->settings->zookeeper.config, a->settings->zookeeper.cluster);
	else
		log_write(
			found->restricted ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE,
			"every client that reaches ZooKeeper can change %s; \"zknginxctl doctor\" "
			"says how to protect them",
			found->text);
}
