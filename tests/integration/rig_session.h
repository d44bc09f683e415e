/*
 * Sessions under test (src/zk/session.h) on a struct rig_loop: how they are opened, and counters
 * of their events and answers.
 */
#ifndef ZKNGINX_TESTS_RIG_SESSION_H
#define ZKNGINX_TESTS_RIG_SESSION_H

#include <zookeeper/zookeeper.h>

#include "rig_loop.h"
#include "zk/session.h"

/* The events of one session. */
struct session_events {
	unsigned connected, connecting, expired, idle, watches;
	int watch_type; /* of the last watch */
	char watch_path[64];
};

/* They count into a struct session_events. */
extern const struct session_ops rig_session_ops;

struct zookeeper_settings rig_session_settings(const char *hosts);
struct session *rig_session_open(struct rig_loop *r, const char *hosts,
				 struct session_events *events);
/* Open it, and wait until it is connected. */
struct session *rig_session_connect(struct rig_loop *r, const char *hosts,
				    struct session_events *events);

/* The answer to one request. */
struct answer {
	unsigned count;
	int rc;
	char data[64];
	size_t size, children, ops;
	bool has_data, has_stat;
	int op_rcs[4];
	char acl[128]; /* "world:anyone=31 digest:…=31" */
	struct session_stat stat;
};

/* ctx is a struct answer. */
void on_answer(void *ctx, const struct session_reply *r);

/* Make the call, which gives on_answer and &a to a session, and wait for its answer. */
#define answer_of(rig, call)                                                                       \
	({                                                                                         \
		struct answer a = { 0 };                                                           \
		call;                                                                              \
		assert_int_equal(a.count, 0);                                                      \
		eventually((rig)->loop, a.count == 1);                                             \
		a;                                                                                 \
	})

/* The answers to many requests. */
struct tally {
	unsigned answers, ok, lost, gone;
};

/* ctx is a struct tally. */
void on_tally(void *ctx, const struct session_reply *r);

#endif
