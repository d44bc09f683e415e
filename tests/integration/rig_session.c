/* Sessions under test: see rig_session.h. */
#include <stdio.h>
#include <string.h>

#include "rig_session.h"

static void on_state(void *ctx, enum session_state state)
{
	struct session_events *events = ctx;

	events->connected += state == SESSION_CONNECTED;
	events->connecting += state == SESSION_CONNECTING;
	events->expired += state == SESSION_EXPIRED;
}

static void on_watch(void *ctx, int type, const char *path)
{
	struct session_events *events = ctx;

	events->watches++;
	events->watch_type = type;
	snprintf(events->watch_path, sizeof(events->watch_path), "%s", path);
}

static void on_idle(void *ctx)
{
	struct session_events *events = ctx;

	events->idle++;
}

const struct session_ops rig_session_ops = {
	.on_state = on_state,
	.on_watch = on_watch,
	.on_idle = on_idle,
};

struct zookeeper_settings rig_session_settings(const char *hosts)
{
	return (struct zookeeper_settings){
		.hosts = hosts,
		.session_timeout = LONG_TIMEOUT,
		.max_frame = RIG_MAX_FRAME,
		.max_data = RIG_MAX_DATA,
		.auth_file = "",
	};
}

struct session *rig_session_open(struct rig_loop *r, const char *hosts,
				 struct session_events *events)
{
	struct zookeeper_settings z = rig_session_settings(hosts);
	struct session *s;
	struct err e;

	if (session_new(r->loop, "test", &z, &rig_session_ops, events, &s, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

struct session *rig_session_connect(struct rig_loop *r, const char *hosts,
				    struct session_events *events)
{
	struct session *s = rig_session_open(r, hosts, events);

	eventually(r->loop, session_state(s) == SESSION_CONNECTED);
	return s;
}

void on_answer(void *ctx, const struct session_reply *r)
{
	struct answer *a = ctx;

	a->count++;
	a->rc = r->rc;
	a->size = r->size;
	a->has_data = r->data != NULL;
	snprintf(a->data, sizeof(a->data), "%s", r->data ? r->data : r->created ? r->created : "");
	a->children = r->child_count;
	for (size_t i = 0; i < r->acl_count; i++) {
		size_t used = strlen(a->acl);

		snprintf(a->acl + used, sizeof(a->acl) - used, "%s%s:%s=%d", i ? " " : "",
			 r->acl[i].scheme, r->acl[i].id, r->acl[i].permissions);
	}
	a->has_stat = r->stat != NULL;
	if (r->stat)
		a->stat = *r->stat;
	a->ops = r->op_count;
	for (size_t i = 0; i < r->op_count && i < ARRAY_SIZE(a->op_rcs); i++)
		a->op_rcs[i] = r->op_rcs[i];
}

void on_tally(void *ctx, const struct session_reply *r)
{
	struct tally *t = ctx;

	t->answers++;
	t->ok += r->rc == ZOK;
	t->lost += r->rc == ZCONNECTIONLOSS;
	t->gone += r->rc == SESSION_GONE;
}
