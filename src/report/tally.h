/* The tally of deployments: counters, durations, and the last change with its times. */
#ifndef ZKNGINX_REPORT_TALLY_H
#define ZKNGINX_REPORT_TALLY_H

#include "nginx/deploy.h"

struct tally {
	struct status_deployments deployments;
	struct deployment_numbers numbers[DEPLOYMENT_KIND_N];
	struct histogram changes;
	unsigned long live; /* the generation that the last outcome left in force; 0: none yet */
	struct status_change change; /* its strings are the next two */
	char *znode;
	struct buf text;
};

/* All zero is an empty tally. */
void tally_fini(struct tally *t);
/* A deployment is over, at `wall`. A change that nginx has taken or refused is logged. */
void tally_take(struct tally *t, const struct deployed *d, uint64_t wall);
/* Borrowed until the next one. */
void tally_fill(const struct tally *t, struct status *s);

#endif
