/* How an attempt comes to nginx. */
#ifndef ZKNGINX_AGENT_DELIVER_H
#define ZKNGINX_AGENT_DELIVER_H

#include "converge.h"

/* The workers get it, or it is deployed. Returns when to run again; NEVER: what comes of it calls
 * again. The attempt is over where it is a time. */
uint64_t deliver(struct agent *a);
/* It is deployed; returns the same. */
uint64_t deliver_by_deployment(struct agent *a);

#endif
