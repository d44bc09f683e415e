/*
 * A visitor: a process of its own that asks one server of nginx again and again, each time over a
 * new connection, while the test does other things. Every answer counts.
 */
#ifndef ZKNGINX_TESTS_RIG_VISITOR_H
#define ZKNGINX_TESTS_RIG_VISITOR_H

#include "rig.h"

struct rig_visitor;

/* Asks 127.0.0.1:port for "/" of this host, by TLS or not, and expects this body. */
struct rig_visitor *rig_visitor_start(int port, bool tls, const char *host, const char *body);
/* How many answers there have been. */
unsigned long rig_visitor_count(const struct rig_visitor *v);
/* Ends it; fails the test if an answer was another one, or was missing, or there was none at all.
 */
void rig_visitor_stop(struct rig_visitor *v);

#endif
