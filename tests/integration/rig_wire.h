/*
 * The connection between a client and a real server, changed.
 *
 * rig_wire_start(): the server appears to have version 3.9.3 or later. Such a server denies
 * `exists` to a client that may not read the znode, and sets no watch then. For each exists this
 * also asks the server to read the znode; where the server denies that, it is the answer to the
 * exists too. Everything else passes unchanged.
 */
#ifndef ZKNGINX_TESTS_RIG_WIRE_H
#define ZKNGINX_TESTS_RIG_WIRE_H

#include "rig.h"

struct rig_wire;

/* Forwards connections on a port of its own to 127.0.0.1:target. */
struct rig_wire *rig_wire_start(int target);
/* The server appears to be broken or hostile: one of these is called for each frame of it after the
 * handshake (with the four bytes of the length in front), and sends what it likes instead. */
typedef void rig_tamper(int to, char *frame, size_t size);
struct rig_wire *rig_wire_start_tampered(int target, rig_tamper *const *tampers, size_t count);
/* From now on this one; `count` and more: nothing is changed. New connections and old ones. */
void rig_wire_tamper(struct rig_wire *w, size_t which);
/* For a tamper: send these bytes. */
void rig_wire_put(int to, const char *bytes, size_t size);
void rig_wire_stop(struct rig_wire *w);
int rig_wire_port(const struct rig_wire *w);
/* "127.0.0.1:PORT", for zookeeper.hosts. */
const char *rig_wire_hosts(const struct rig_wire *w);
/* Requests of the clients so far, without pings; and the exists that were denied. */
unsigned long rig_wire_requests(const struct rig_wire *w);
unsigned long rig_wire_denied(const struct rig_wire *w);
unsigned long rig_wire_pings(const struct rig_wire *w);

#endif
