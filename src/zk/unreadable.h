/*
 * The nodes of a mirror that cannot be read. What was last read of them is kept. They are reported
 * as problems, and read again on a slow timer: a changed ACL fires no watch, and some servers grant
 * no watch at all on a znode that the client may not read.
 */
#ifndef ZKNGINX_ZK_UNREADABLE_H
#define ZKNGINX_ZK_UNREADABLE_H

#include <zknginx/problem.h>

#include "node.h"

struct unreadable {
	struct node_list nodes;
	sd_event_source *retry;
	uint64_t pause;
	bool is_planned;     /* the next retry */
	const char *command; /* that reads for an operator, once; NULL: the daemon */
};

/* on_retry: read unreadable nodes again, then call unreadable_plan_retry(). */
void unreadable_init(struct unreadable *u, sd_event *loop, sd_event_time_handler_t on_retry,
		     void *ctx);
void unreadable_fini(struct unreadable *u);

/* `item`: ITEM_DATA or ITEM_KIDS; READABLE: it can be read. Returns whether this is news. */
bool unreadable_set(struct unreadable *u, struct node *n, enum item item,
		    enum unreadable_reason reason);
/* Later than the last time, or never if there is nothing to read again. */
void unreadable_plan_retry(struct unreadable *u);

/* Is there data that cannot be read for this reason? */
bool unreadable_has(const struct unreadable *u, enum unreadable_reason reason);
/* `all`: why data is past the limit of all znodes together. */
void unreadable_problems(const struct unreadable *u, const char *all, struct problems *ps);

#endif
