/*
 * The status of this host alone, from the file that its daemon writes: for when ZooKeeper does not
 * answer. It says nothing about the fleet, so it never means that anything is good.
 */
#ifndef ZKNGINX_CTL_LOCAL_STATUS_H
#define ZKNGINX_CTL_LOCAL_STATUS_H

#include <zknginx/status.h>

#include "ctl/console/ctl.h"

struct local_status {
	const char *path;
	struct status report;
};

/* False: there is no such file that can be read; out->path is its path all the same. host: NULL, or
 * the host that it has to be. What is read is in the arena. */
bool local_status_read(const struct ctl *ctl, struct arena *a, const char *host,
		       struct local_status *out);
/* Has the daemon written it within the last 30 seconds? */
bool local_status_is_fresh(const struct local_status *l, uint64_t now);
/* "This is the last status of this host, …", then the report. */
void local_status_print(const struct local_status *l, const struct screen *screen, uint64_t now);
json_t *local_status_json(const struct local_status *l, uint64_t now);

#endif
