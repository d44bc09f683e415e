/*
 * The workers of the master, for who asks often: the status, the alerts, the leader and the regular
 * look may all ask in one turn of the loop.
 *
 * They are looked at once in a turn. While the list of the master's children is the same, their
 * titles are read twice in a second: nginx starts the workers of a reload before it tells the old
 * ones to shut down, so only that, and the end of nginx, may be seen so much later. Who follows a
 * reload asks master_workers() itself.
 */
#ifndef ZKNGINX_NGINX_SEEN_WORKERS_H
#define ZKNGINX_NGINX_SEEN_WORKERS_H

#include <systemd/sd-event.h>

#include "master.h"

struct seen_workers;
struct seen_workers *seen_workers_new(sd_event *loop);
void seen_workers_free(struct seen_workers *c);

/* Those of this turn; none without a master. Good until the next call. */
const struct workers *seen_workers_look(struct seen_workers *c, const struct master *m);
/* … with the titles of now. */
const struct workers *seen_workers_look_closely(struct seen_workers *c, const struct master *m);

#endif
