/* How many bytes went to and came from ZooKeeper, since the process started; without what TLS adds.
 * One count for all ports, as there is one relay. */
#ifndef ZKNGINX_ZK_RELAY_TRAFFIC_H
#define ZKNGINX_ZK_RELAY_TRAFFIC_H

#include "relay_stream.h"

/* Adds what this connection to a server has moved since the last call. */
void relay_traffic_count(struct stream *server);
void relay_traffic(unsigned long *received, unsigned long *sent);

#endif
