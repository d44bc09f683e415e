/*
 * Another program on a server's port: a process that sends the same bytes to each client after its
 * first words, and counts the connections.
 */
#ifndef ZKNGINX_TESTS_RIG_IMPOSTOR_H
#define ZKNGINX_TESTS_RIG_IMPOSTOR_H

#include "rig.h"

struct rig_impostor;

/* The bytes for each connection. close_after: it is closed after them, else it stays open. */
struct rig_impostor *rig_impostor_start(int port, const void *bytes, size_t size, bool close_after);
/* Close all its connections and the port. */
void rig_impostor_stop(struct rig_impostor *i);
/* Connections so far. */
unsigned rig_impostor_count(const struct rig_impostor *i);

#endif
