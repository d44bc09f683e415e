/*
 * What all hosts of a fleet report, folded: a problem that many hosts have is one, with the list of
 * these hosts, and so is an alert. Only hosts that are in the fleet now count: what a host said
 * before it went away may be over. Pure; everything is in the arena, or belongs to the view.
 */
#ifndef ZKNGINX_STATUS_FLEET_PROBLEMS_H
#define ZKNGINX_STATUS_FLEET_PROBLEMS_H

#include "fleet_view.h"

struct fleet_problem {
	struct problem problem; /* of the first of these hosts; `serving` too */
	uint64_t since;         /* on the first host that had it, wall clock; 0 = not known */
	const char **hosts;     /* sorted */
	size_t host_count;
	size_t previous; /* how many of them serve the previous form; the others nothing */
};

/* Sorted by znode, field and message. Returns how many. */
size_t fleet_problems_fold(struct arena *a, const struct fleet_view *v, struct fleet_problem **out);
/* How many problems of this host are not in its report, which has room for a limited number. */
size_t fleet_problems_omitted(const struct fleet_host *h);
/* How many hosts are in the fleet and have a report. */
size_t fleet_reporters(const struct fleet_view *v);

struct fleet_alert {
	struct status_alert alert; /* of the first of these hosts */
	const char **hosts;        /* that raise it, sorted */
	size_t host_count;
};

/* The critical ones first, then by key and subject. Returns how many. */
size_t fleet_alerts_fold(struct arena *a, const struct fleet_view *v, struct fleet_alert **out);

#endif
