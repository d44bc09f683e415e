/*
 * The health of nginx: does its master take signals, have workers died, do old workers stay? It is
 * observed from outside every few seconds. Nothing is done about it here.
 */
#ifndef ZKNGINX_NGINX_HEALTH_H
#define ZKNGINX_NGINX_HEALTH_H

#include "deaths.h"
#include "master.h"

struct health {
	bool responding; /* the master is not stopped, and none of its signals is left pending */
	char why[256];   /* it is not: a sentence */
	unsigned long deaths; /* of all masters so far */
	uint64_t old_since;   /* when the oldest old worker began to shut down; 0: there is none */

	pid_t master;
	uint64_t start_time;
	struct workers seen; /* at the last look */
	uint64_t busy_since; /* it was busy without progress since then; 0: it is idle */
	struct leaver {
		pid_t pid;
		uint64_t since;
	} leavers[MASTER_WORKERS_MAX];
	size_t leaver_count;
	struct deaths deaths_seen;
};

void health_init(struct health *h, sd_event *loop);
void health_fini(struct health *h);

/*
 * A look, at `now` (CLOCK_MONOTONIC). m: NULL when there is no master. config: nginx.conf.
 * patience: how long a reload may take. True: the status has changed.
 */
bool health_look(struct health *h, const struct master *m, const struct workers *w,
		 const char *config, uint64_t patience, uint64_t now);

#endif
