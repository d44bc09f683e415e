/*
 * What operators say to this host in cluster/overrides, on its way into a run: it is read
 * before the model is made, because the guards ask for it, and what is wrong with it is told
 * with the problems of the run.
 */
#include "daemon.h"

void operator_read(struct daemon *d)
{
	const char *cluster = d->settings->zookeeper.cluster;

	converge_at(d, overrides_read(d->overrides, d->tree, cluster, timing_now(), timing_wall()));
}

uint64_t operator_confirmed(void *daemon, const char *upstream)
{
	const struct daemon *d = daemon;

	return overrides_confirmed(d->overrides, upstream);
}

/* The newest tree knows upstreams that this host may not run yet. */
void operator_problems(struct daemon *d)
{
	overrides_problems(d->overrides, d->tree, d->settings->zookeeper.config, d->attempt.model,
			   &d->problems);
	problems_sort(&d->problems);
}
