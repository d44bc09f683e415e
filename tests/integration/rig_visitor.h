/*
 * A visitor: a process of its own that sends requests to one server of nginx all the time, each
 * over a new connection, while the test does other things. Every answer counts.
 */
#ifndef ZKNGINX_TESTS_RIG_VISITOR_H
#define ZKNGINX_TESTS_RIG_VISITOR_H

#include "rig.h"

struct rig_visitor;

/* Requests "/" of this host from 127.0.0.1:port, over TLS or not, and expects this body. */
struct rig_visitor *rig_visitor_start(int port, bool tls, const char *host, const char *body);
/* The number of answers so far. */
unsigned long rig_visitor_count(const struct rig_visitor *v);
/* Ends it; fails the test if an answer was wrong or missing, or if there was no answer at all. */
void rig_visitor_stop(struct rig_visitor *v);

#endif
