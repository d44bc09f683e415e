/* Families of metrics whose samples have labels: what rows of status_fields.c name in `write`. */
#ifndef ZKNGINX_CORE_STATUS_FAMILIES_H
#define ZKNGINX_CORE_STATUS_FAMILIES_H

#include <zknginx/status.h>

void status_put_build(const struct status *s, struct buf *out);
void status_put_state(const struct status *s, struct buf *out);
void status_put_problems(const struct status *s, struct buf *out);
void status_put_drains(const struct status *s, struct buf *out);
void status_put_updates(const struct status *s, struct buf *out);
void status_put_checked(const struct status *s, struct buf *out);
void status_put_checks(const struct status *s, struct buf *out);
void status_put_alerts(const struct status *s, struct buf *out);
void status_put_deployments(const struct status *s, struct buf *out);
void status_put_steps(const struct status *s, struct buf *out);

#endif
