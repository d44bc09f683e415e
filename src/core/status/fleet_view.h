/*
 * The fleet as its znodes say: one snapshot as values, for people and for code that waits for a
 * change. Pure; everything is in the arena given, or belongs to the tree.
 *
 * The hosts are those that should be there: all members, and all that have left a report. An
 * operator who takes a host out of service deletes its report.
 */
#ifndef ZKNGINX_STATUS_FLEET_VIEW_H
#define ZKNGINX_STATUS_FLEET_VIEW_H

#include <zknginx/member.h>
#include <zknginx/plan.h>
#include <zknginx/status.h>

#include "core/fleet/config_note.h"
#include "core/fleet/request.h"

struct fleet_host {
	const char *name;
	const struct member *member; /* NULL: it is not in the fleet now */
	const struct status *report; /* NULL: there is none that can be read */
	const char *error;           /* a znode of it that is none of a daemon, and why; NULL */
};

struct fleet_view {
	struct fleet_host *hosts; /* sorted by name */
	size_t host_count;
	struct member *members; /* sorted by host */
	size_t member_count;
	bool has_plan;
	struct plan plan;
	const char *plan_error; /* there is a znode, and it is no plan: why; NULL */
	bool has_request;       /* of an operator, which waits for the leader */
	struct request request;
	const char *request_error; /* there is one that cannot be read: why; NULL */
	const char *leader;        /* the host of the lowest candidate; "" = there is none */
	bool has_cluster;          /* does the znode of the cluster exist? */
	/* The revision of the config in the tree; "" = the config root does not exist, or has no
	 * objects. */
	char newest[DIGEST_HEX_SIZE];
	struct config_note note; /* who wrote it; is a push unfinished? */
};

/* The tree has `cluster` (two levels), and `config` (three levels). */
void fleet_view_read(struct fleet_view *v, struct arena *a, const struct tree *t,
		     const char *cluster, const char *config);

/* NULL: there is no such host. */
const struct fleet_host *fleet_view_host(const struct fleet_view *v, const char *name);
/* The revision that this member is to run; "" = the plan does not say, or it keeps what it runs. */
const char *fleet_view_permitted(const struct fleet_view *v, const struct member *m);
/* Does the member run the revision that it is to run? */
bool fleet_view_is_current(const struct fleet_view *v, const struct member *m);
/* How many members follow the plan. */
size_t fleet_view_followers(const struct fleet_view *v);
/* How many of these run this revision, and of how many: where none follows the plan, all members
 * count. */
size_t fleet_view_running(const struct fleet_view *v, const char *revision);
size_t fleet_view_counted(const struct fleet_view *v);

#endif
