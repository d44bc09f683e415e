/*
 * A TCP forwarder on loopback, in a process of its own. It stands for the network between a client
 * and its server, and can be cut or frozen.
 */
#ifndef ZKNGINX_TESTS_RIG_PROXY_H
#define ZKNGINX_TESTS_RIG_PROXY_H

#include "rig.h"

struct rig_proxy;

/* Forwards connections on a port of its own to 127.0.0.1:target. */
struct rig_proxy *rig_proxy_start(int target);
/* On a given port. */
struct rig_proxy *rig_proxy_start_on(int port, int target);
/* A slow link: so many bytes a second towards each client. */
struct rig_proxy *rig_proxy_start_slow(int target, size_t rate);
/* From now on so many percent of the packets that the proxy is sent by clients and by the server
 * are lost; 100: all of them. TCP sends them again. */
void rig_proxy_lose(struct rig_proxy *p, unsigned of_clients, unsigned of_server);
void rig_proxy_stop(struct rig_proxy *p);
int rig_proxy_port(const struct rig_proxy *p);
/* A black hole: nothing passes, nothing is refused, until it is thawed. */
void rig_proxy_freeze(struct rig_proxy *p);
void rig_proxy_thaw(struct rig_proxy *p);
/* Breaks every connection and refuses new ones, until rig_proxy_restore(). */
void rig_proxy_cut(struct rig_proxy *p);
void rig_proxy_restore(struct rig_proxy *p);

#endif
