/* What `status` shows of a snapshot: the fleet, or one host of it. */
#ifndef ZKNGINX_CTL_STATUS_SHOW_H
#define ZKNGINX_CTL_STATUS_SHOW_H

#include "ctl/znodes/snapshot.h"

struct status_job {
	struct ctl *ctl;
	const char *host; /* NULL: the fleet */
};

/* The exit code. */
int status_code(const struct status_job *job, const struct snapshot *s);
/* hosts_most: as in fleet_text.h. */
void status_print(const struct status_job *job, const struct snapshot *s,
		  const struct screen *screen, size_t hosts_most);
json_t *status_json(const struct status_job *job, const struct snapshot *s);

#endif
