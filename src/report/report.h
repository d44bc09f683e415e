/*
 * What the parts of the report share.
 *
 *	report.c	when, and to whom: the file, systemd, /metrics
 *	report_status.c	the value itself
 *	report_fleet.c	what goes into the fleet's znodes
 */
#ifndef ZKNGINX_REPORT_H
#define ZKNGINX_REPORT_H

#include "daemon.h"

/* Of a report that could not be stored whole, so many problems are left in. */
#define PROBLEMS_PUBLISHED 500

/* The lists that a status borrows. */
struct scratch {
	struct status_discovery *discovery;
	struct status_alert *alerts;
};
void scratch_fini(struct scratch *s);

/* report_status.c */
struct status report_fill(const struct daemon *d, struct scratch *scratch);

/* report_fleet.c */
void report_publish(struct daemon *d, const struct status *s);

#endif
