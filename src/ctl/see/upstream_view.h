/* An upstream as composed.h has it: what the commands say of it, as text and as JSON. */
#ifndef ZKNGINX_CTL_UPSTREAM_VIEW_H
#define ZKNGINX_CTL_UPSTREAM_VIEW_H

#include "ctl/znodes/composed.h"

const char *upstream_protocol(enum protocol p);
/* As set or as recognised; "auto": neither. */
const char *discover_format(const struct discover *d);
/* How many servers this discover found; NULL: how many are child znodes. */
size_t upstream_found_by(const struct upstream *u, const struct discover *d);
size_t upstream_drained(const struct upstream *u);
/* Of those that are not drained. */
size_t upstream_down(const struct upstream *u);
/* Of the upstream's znode at `path`, of its servers, and of where it discovers them. u NULL: it
 * cannot be used. */
size_t upstream_problems(const struct composed *c, const char *path, const struct upstream *u,
			 struct object_problem **out);
/* The guard's problem of this upstream, as the hosts report it; NULL: no guard holds anything. */
const struct fleet_problem *upstream_guard(const struct composed *c, const struct upstream *u);

/* What this host's checks of the server have found; NULL: it reports none. */
const struct status_check *upstream_check(const struct fleet_host *h, const struct upstream *u,
					  const char *server);
/* On how many hosts they fail. */
size_t upstream_failing_on(const struct composed *c, const struct upstream *u, const char *server);

/* The ramp of a server that starts slowly on this host; NULL: it has its full weight. */
const struct status_ramp *upstream_ramp(const struct fleet_host *h, const struct upstream *u,
					const char *server);
/* How much of its weight it has by now, in percent. */
unsigned upstream_ramp_percent(const struct status_ramp *r);
/* What this host says of the upstream's slow_start; NULL: nothing. */
const char *upstream_slow_start(const struct fleet_host *h, const struct upstream *u);

void upstream_print(const struct composed *c, const struct screen *screen, const char *path,
		    const struct upstream *u);
/* whole: with its servers and drains. */
json_t *upstream_json(const struct composed *c, const char *path, const struct upstream *u,
		      bool whole);

#endif
