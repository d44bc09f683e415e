/*
 * Is a fleet healthy, and is it quiet? Both as lists of sentences, so that an empty list is the
 * good answer and any other one says why not. Pure.
 *
 * Healthy: each host that should be there is in the fleet, its nginx serves, it has applied the
 * revision that it is to run, and nobody reports a problem or an alert; a leader leads, and no
 * rollout was stopped.
 * Quiet: nothing is on its way, and the config in ZooKeeper is what the fleet has accepted.
 */
#ifndef ZKNGINX_STATUS_FLEET_HEALTH_H
#define ZKNGINX_STATUS_FLEET_HEALTH_H

#include "fleet_problems.h"

struct fleet_reason {
	const char *key;     /* "host-missing"; a literal */
	const char *subject; /* a host; "" = the fleet */
	const char *message; /* a sentence */
};

struct fleet_reasons {
	struct fleet_reason *items;
	size_t count, room;
};

struct fleet_health {
	struct fleet_reasons wrong;  /* empty: healthy */
	struct fleet_reasons moving; /* empty: quiet */
	/* The rollout of what is in ZooKeeper now was halted or reverted. Nothing happens until an
	 * operator acts. */
	bool stopped;
	struct fleet_problem *problems;
	size_t problem_count;
	struct fleet_alert *alerts;
	size_t alert_count;
};

/* Everything is in the arena, or belongs to the view. */
void fleet_health_check(struct fleet_health *h, struct arena *a, const struct fleet_view *v);
/* One more thing that is wrong. */
void fleet_health_add(struct fleet_health *h, struct arena *a, const char *key, const char *subject,
		      const char *fmt, ...) PRINTF(5, 6);
bool fleet_is_healthy(const struct fleet_health *h);
bool fleet_is_quiet(const struct fleet_health *h);
/* Of what is wrong: is it about this host? */
bool fleet_host_is_wrong(const struct fleet_health *h, const char *host);
/* The rollout of the plan's target is halted, is being reverted, or was reverted. */
bool fleet_rollout_is_stopped(const struct fleet_view *v);

#endif
