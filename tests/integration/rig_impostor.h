/*
 * A stranger on a server's port: a process that says the same bytes to whoever connects, and
 * counts the connections.
 */
#ifndef ZKNGINX_TESTS_RIG_IMPOSTOR_H
#define ZKNGINX_TESTS_RIG_IMPOSTOR_H

#include "rig.h"

struct rig_impostor;

/* What is said to each connection; hang_up: and then no more, else the connection stays open. */
struct rig_impostor *rig_impostor_start(int port, const void *bytes, size_t size, bool hang_up);
/* Ends all its connections and leaves the port. */
void rig_impostor_stop(struct rig_impostor *i);
/* Connections so far. */
unsigned rig_impostor_count(const struct rig_impostor *i);

#endif
