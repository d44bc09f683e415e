/*
 * What ZooKeeper has, read on and on: the fleet (as `status` shows it) and the config as composed
 * (as `upstreams` shows it). While ZooKeeper is away, the last data stay.
 */
#ifndef ZKNGINX_CTL_UI_LIVE_H
#define ZKNGINX_CTL_UI_LIVE_H

#include <jansson.h>

#include "ctl/console/ctl.h"

struct live;

int live_new(struct ctl *ctl, struct live **out, struct err *e);
void live_free(struct live *l);
DEFINE_CLEANUP(struct live *, live_free)

/* Is there something that live_update() would take? */
bool live_has_news(struct live *l);
/* Takes what is new. NULL: nothing that the page shows has changed; else the difference to the
 * state before (state.h), which the caller owns. */
json_t *live_update(struct live *l);
/* The whole state (borrowed). Its section `fleet` has, besides, `zookeeper` (the servers),
 * `connected`, `answered` (is there any data?), `changed` (when the connection came or went), and
 * `composed`, a number that grows whenever the upstreams may have changed. */
const json_t *live_state(const struct live *l);

/* The whole host or upstream; NULL: there is no such one (or no data yet). The caller owns it. */
json_t *live_host(const struct live *l, const char *name);
json_t *live_upstream(const struct live *l, const char *name);

#endif
