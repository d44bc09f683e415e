/*
 * The audit of ACLs: which of our znodes every client may change.
 *
 * It reads the ACLs of the config (all objects, not the servers of upstreams) and of the cluster, a
 * few at a time: at the start, when the config has other znodes, and then now and then. A change of
 * an ACL fires no watch. A host that does not lead, and may apply what it finds, reads those of the
 * roots and directories alone. With credentials, and while this host leads, it repairs what only
 * daemons write: an open znode of the cluster gets the ACL that it would be created with. It does
 * so only when each member of the fleet has credentials, or it would lock the others out.
 */
#ifndef ZKNGINX_ZK_ACL_AUDIT_H
#define ZKNGINX_ZK_ACL_AUDIT_H

#include <zknginx/tree.h>

#include "session.h"

/* The most znodes of one audit, in the order of the tree. */
#define ACL_AUDIT_LIMIT 2000

struct acl_audit;

/* on_change: the findings have changed; from the loop. */
struct acl_audit *acl_audit_new(sd_event *loop, const struct zookeeper_settings *settings,
				void (*on_change)(void *ctx), void *ctx);
/* After the sessions that it used. */
void acl_audit_free(struct acl_audit *a);
/* The settings before may be freed after this call. */
void acl_audit_use_settings(struct acl_audit *a, const struct zookeeper_settings *settings);

/* Whose requests it uses; borrowed; NULL: none any more. */
void acl_audit_use(struct acl_audit *a, struct session *s);
/* A new tree: the objects of its config. */
void acl_audit_on_tree(struct acl_audit *a, struct tree *t);
/* May it repair ACLs (this host leads)? */
void acl_audit_permit_repair(struct acl_audit *a, bool permitted);
/* Audit again soon. */
void acl_audit_again(struct acl_audit *a);

struct acl_findings {
	bool complete;    /* all znodes of the newest config were checked */
	bool restricted;  /* this daemon has credentials */
	size_t open;      /* znodes that every client may change */
	const char *text; /* "/nginx/config (cdrwa) and 3 other znodes"; "" = none */
};
/* Borrowed until the next event. */
struct acl_findings acl_audit_findings(const struct acl_audit *a);

#endif
