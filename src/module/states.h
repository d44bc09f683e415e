/* What nginx knows of its servers just now, for the daemon's metrics. */
#ifndef ZKNGINX_MODULE_STATES_H
#define ZKNGINX_MODULE_STATES_H

#include "outbox.h"
#include "upstream.h"

/* A STATE for each server of the upstreams whose servers can be changed, `most` at most, then
 * STATE_END. */
void states_put(const struct upstreams *all, size_t most, struct outbox *out);

#endif
