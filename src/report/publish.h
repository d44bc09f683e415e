/*
 * What the fleet is told: the member znode, which the leader reads, the report znode, and the host
 * as a Curator service. Nothing is written when there is no news: a status that differs from the
 * last one only in its time and counters.
 */
#ifndef ZKNGINX_PUBLISH_H
#define ZKNGINX_PUBLISH_H

#include <zknginx/member.h>
#include <zknginx/status.h>

#include "zk/fleet.h"

/* All zero: nothing was published so far. */
struct publish {
	struct buf last;         /* the report, without its counters */
	enum status_state state; /* of that … */
	uint64_t since;          /* … and when it began, wall clock; 0: there is none */
};
void publish_fini(struct publish *p);

/* Has it changed since the last call? */
bool publish_is_news(struct publish *p, const struct status *s);

struct publish_news {
	const struct status *status;
	const struct buf *report; /* the status as JSON */
	struct member member;     /* what follows from the status is filled in */
	const char *service;      /* cluster.service; "" = none */
	uint64_t started;         /* of the daemon, wall clock */
};
void publish_news(struct publish *p, struct fleet *fleet, const struct publish_news *news);

#endif
