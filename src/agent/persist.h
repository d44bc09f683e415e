/*
 * The attempt that is persisted: its servers are in nginx, and its files are staged, tested and
 * published. Meanwhile there may be another attempt: a change of servers, which the workers get at
 * once, or one that has to wait.
 *
 * The report of the deployment comes while there is no other attempt (deploy_hold()). So then it is
 * the attempt again, and its outcome means what it means for any other.
 */
#ifndef ZKNGINX_AGENT_PERSIST_H
#define ZKNGINX_AGENT_PERSIST_H

#include "converge.h"

/* deploy_persist() was called for the attempt. */
void persist_begin(struct agent *a);
/* The workers are given the servers of the attempt, until persist_after_change(). */
void persist_on_change(struct agent *a);
/* They have them, or that failed, and the attempt is over or is deployed. True: the outcome of what
 * was persisted had waited for it, and converge_on_done() was called. */
bool persist_after_change(struct agent *a);
/* A deployment is over: what was persisted is the attempt again. */
void persist_end(struct agent *a);

#endif
