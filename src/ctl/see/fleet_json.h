/* The fleet as JSON, in the shape that zknginxctl(8) states. The caller owns what is returned. */
#ifndef ZKNGINX_CTL_FLEET_JSON_H
#define ZKNGINX_CTL_FLEET_JSON_H

#include "ctl/znodes/snapshot.h"

json_t *fleet_json(const struct snapshot *s);
/* One host: {"host", "present", "member", "report", "error"}. */
json_t *host_json(const struct snapshot *s, const struct fleet_host *h);
/* The rows of `members`. */
json_t *members_json(const struct snapshot *s);
json_t *fleet_problems_json(const struct snapshot *s);
/* As it is in the host's report znode. */
json_t *report_json(const struct status *r);

/* "" and NULL are null. */
json_t *json_or_null(const char *s);
json_t *json_strings(const char *const *items, size_t count);

#endif
