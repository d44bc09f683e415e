/*
 * The watch: what is wrong with the fleet, as conditions, and which hosts are missing.
 */
#ifndef ZKNGINX_LEADER_WATCH_H
#define ZKNGINX_LEADER_WATCH_H

#include "core/status/conditions.h"
#include "leader.h"
#include "leader_context.h"
#include "leader_view.h"

struct leader_watch {
	struct leader_context *c;
	struct conditions conditions;
	char **expected; /* hosts that have a report */
	size_t expected_count;
	struct leader_numbers numbers;
	struct answer *answer; /* NULL: the reports are not being listed */
	uint64_t list_at;
};

/* What only leader.c knows, for the conditions. */
struct leader_limits {
	const char *plan_error, *live_error; /* of writes that fail; NULL: they do not */
	const struct mirror *mirror;
};

void leader_watch_init(struct leader_watch *w, struct leader_context *c);
void leader_watch_clear(struct leader_watch *w);
/* Gathers the conditions again. */
void leader_watch_look(struct leader_watch *w, const struct leader_view *v,
		       const struct leader_limits *limits);

#endif
