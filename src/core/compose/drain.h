/*
 * Drains: the servers that operators take out of the traffic, whatever the znodes say.
 *
 * A drained server stays in the model, with its znode, and is rendered `down`: new requests go to
 * other servers, and running ones end. The overrides alone decide which servers are drained, each
 * time that a model is composed. No znode of the config says it, so the revision, the guards and
 * the last good form are not affected.
 */
#ifndef ZKNGINX_CORE_DRAIN_H
#define ZKNGINX_CORE_DRAIN_H

#include <zknginx/model.h>

/*
 * Marks the drained servers of a finished model, and only those: by their address, or by the host
 * name that it belongs to. The model keeps copies of the drains whose upstreams it has, each with
 * the number of servers that it takes out. `drains` is sorted by upstream, then by server.
 */
void drains_apply(struct model *m, const struct drains *drains);

#endif
