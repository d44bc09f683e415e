/*
 * The status of this host alone, from the file that its daemon writes: for when ZooKeeper does not
 * answer. It says nothing about the fleet, so it never means that anything is good.
 */
#ifndef ZKNGINX_CTL_LOCAL_STATUS_H
#define ZKNGINX_CTL_LOCAL_STATUS_H

#include <zknginx/status.h>

#include "ctl/console/ctl.h"

struct local_status {
	struct arena *arena;
	char *path;
	struct status report;
};

/* False: there is no such file that can be read. host: NULL, or the host that it has to be. */
bool local_status_read(const struct ctl *ctl, const char *host, struct local_status *out);
void local_status_fini(struct local_status *l);
/* "This is the last status of this host, …", then the report. */
void local_status_print(const struct local_status *l, const struct screen *screen, uint64_t now);
json_t *local_status_json(const struct local_status *l, uint64_t now);

#endif
