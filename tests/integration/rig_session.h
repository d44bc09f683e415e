/*
 * Sessions under test: a server, a client that writes to it, and counters for what a session tells
 * and answers. All of it belongs to the one test program that includes this.
 */
#ifndef ZKNGINX_TESTS_RIG_SESSION_H
#define ZKNGINX_TESTS_RIG_SESSION_H

#include <zookeeper/zookeeper.h>

#include "rig_loop.h"
#include "zk/session.h"

struct seen {
	unsigned connected, connecting, expired, idle, watches;
	int watch_type;
	char watch_path[64];
};

static inline void on_state(void *ctx, enum session_state state)
{
	struct seen *seen = ctx;

	seen->connected += state == SESSION_CONNECTED;
	seen->connecting += state == SESSION_CONNECTING;
	seen->expired += state == SESSION_EXPIRED;
}

static inline void on_watch(void *ctx, int type, const char *path)
{
	struct seen *seen = ctx;

	seen->watches++;
	seen->watch_type = type;
	snprintf(seen->watch_path, sizeof(seen->watch_path), "%s", path);
}

static inline void on_idle(void *ctx)
{
	struct seen *seen = ctx;

	seen->idle++;
}

static const struct session_ops ops = {
	.on_state = on_state,
	.on_watch = on_watch,
	.on_idle = on_idle,
};

static inline struct zookeeper_settings settings(const char *hosts)
{
	return (struct zookeeper_settings){
		.hosts = hosts,
		.session_timeout = SHORT_TIMEOUT,
		.auth_file = "",
	};
}

static inline struct session *open_session(const char *hosts, struct seen *seen)
{
	struct zookeeper_settings z = settings(hosts);
	struct session *s;
	struct err e;

	if (session_new(loop, "test", &z, &ops, seen, &s, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

static inline struct session *open_connected(const char *hosts, struct seen *seen)
{
	struct session *s = open_session(hosts, seen);

	eventually(loop, session_state(s) == SESSION_CONNECTED);
	return s;
}

/* What one request came to. */
struct answer {
	unsigned count;
	int rc;
	char data[64];
	size_t size, children, ops;
	bool has_data, has_stat;
	int op_rcs[4];
	struct session_stat stat;
};

static inline void on_answer(void *ctx, const struct session_reply *r)
{
	struct answer *a = ctx;

	a->count++;
	a->rc = r->rc;
	a->size = r->size;
	a->has_data = r->data != NULL;
	snprintf(a->data, sizeof(a->data), "%s", r->data ? r->data : r->created ? r->created : "");
	a->children = r->child_count;
	a->has_stat = r->stat != NULL;
	if (r->stat)
		a->stat = *r->stat;
	a->ops = r->op_count;
	for (size_t i = 0; i < r->op_count && i < ARRAY_SIZE(a->op_rcs); i++)
		a->op_rcs[i] = r->op_rcs[i];
}

#define answer_of(call)                                                                            \
	({                                                                                         \
		struct answer a = { 0 };                                                           \
		call;                                                                              \
		assert_int_equal(a.count, 0);                                                      \
		eventually(loop, a.count == 1);                                                    \
		a;                                                                                 \
	})

struct tally {
	unsigned answers, ok, lost, gone;
};

static inline void on_tally(void *ctx, const struct session_reply *r)
{
	struct tally *t = ctx;

	t->answers++;
	t->ok += r->rc == ZOK;
	t->lost += r->rc == ZCONNECTIONLOSS;
	t->gone += r->rc == SESSION_GONE;
}

#endif
