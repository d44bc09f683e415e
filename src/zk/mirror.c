/*
 * The mirror's session and its life.
 *
 * After a short break of the link the library sets all watches again with one packet, and the
 * server reports what was missed before it answers anything else. So the answer to one small
 * request (the barrier) shows that all missed events have arrived. That packet may not grow beyond
 * what servers accept. Above the limit a broken link ends the session instead, and everything is
 * read again in a new one.
 *
 * A server whose data was restored from a copy may know this session, if the session is older than
 * the copy. It sends no event for what is older than the client has seen, so the mirror would keep
 * what is lost. A copy lacks the last transactions. So the barrier is a request for the znode of
 * the last transaction that the mirror has seen, or, where it is gone, for those above it: one of
 * them shows that transaction or a later one. If not, everything is read again in a new session.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "mirror_parts.h"
#include "resolver.h"
#include "sys/timing.h"

/* It has no ephemerals, so nobody waits for the end of its session. */
#define PATIENCE (200 * USEC_PER_MSEC)
#define MAX_LOST_BARRIERS 2

static int on_work(sd_event_source *source UNUSED, void *ctx)
{
	struct mirror *m = ctx;
	bool has_news = m->has_news;

	m->has_news = false;
	mirror_publish(m);
	if (has_news && m->ops.on_state)
		m->ops.on_state(m->ctx);
	return 0;
}

/* --- the session ----------------------------------------------------------------------------- */

static int64_t last_transaction(int64_t mzxid, int64_t czxid, int64_t pzxid)
{
	return zxid_later(zxid_later(mzxid, czxid), pzxid);
}

static void find_witness(struct node *n)
{
	struct mirror *m = n->mirror;
	const struct znode *z = n->znode;
	int64_t last = z ? last_transaction(z->mzxid, z->czxid, z->pzxid) : 0;

	if (last <= m->witness_zxid)
		return;
	m->witness = n;
	m->witness_zxid = last;
}

static session_done on_barrier;

static void send_barrier(struct mirror *m, const char *path)
{
	m->barriers++;
	session_exists(m->session, path, false, on_barrier, m);
}

static void begin_barrier(struct mirror *m)
{
	m->witness = NULL;
	m->witness_zxid = 0;
	node_each(m->top, find_witness);
	send_barrier(m, m->witness ? m->witness->path : "/");
	m->witness = NULL; /* it may be freed */
}

static void pass_barrier(struct mirror *m, const struct session_reply *r)
{
	CLEANUP(freep) char *above = xstrdup(r->path);
	char *slash = strrchr(above, '/');

	if (r->rc == ZOK &&
	    last_transaction(r->stat->mzxid, r->stat->czxid, r->stat->pzxid) < m->witness_zxid) {
		session_renew(m->session);
	} else if (r->rc == ZNONODE && above[1]) {
		slash[slash == above] = '\0';
		send_barrier(m, above);
	} else {
		m->lost_barriers = 0;
		m->caught_up = m->barriers == 0;
	}
}

static void on_barrier(void *ctx, const struct session_reply *r)
{
	struct mirror *m = ctx;

	m->barriers--;
	if (r->rc == SESSION_GONE)
		return;
	if (r->rc != ZCONNECTIONLOSS) {
		pass_barrier(m, r);
		return;
	}
	if (++m->lost_barriers < MAX_LOST_BARRIERS)
		return;
	/* The packet of watches may be too large for the server in spite of the limit. */
	m->lost_barriers = 0;
	session_renew(m->session);
}

static void want_again(struct node *n)
{
	bool absent = n->pin >= 0 && !n->znode && !n->want && !n->data_unreadable;

	if (absent)
		mirror_want(n, ITEM_EXISTS);
	else if (!n->dead)
		mirror_want_all(n);
}

/* A new session has no watches: everything is read again and compared. */
static void begin(struct mirror *m)
{
	m->epoch = session_epoch(m->session);
	m->lost_barriers = 0;
	m->caught_up = true;
	mirror_expect_anything(m);
	mirror_forget_watches(m);
	node_each(m->top, want_again);
	mirror_plan_audit(m);
}

static bool is_past_limit(const struct mirror *m)
{
	return m->epoch == session_epoch(m->session) && m->watch_bytes > m->watch_limit;
}

static void on_session_state(void *ctx, enum session_state state)
{
	struct mirror *m = ctx;

	m->caught_up = m->exists_denied = false;
	if (state == SESSION_CONNECTED && session_epoch(m->session) != m->epoch) {
		begin(m);
	} else if (state != SESSION_EXPIRED && is_past_limit(m)) {
		session_renew(m->session);
	} else if (state == SESSION_CONNECTED) {
		begin_barrier(m);
	}
	mirror_feed(m);
	if (m->ops.on_state)
		m->ops.on_state(m->ctx);
}

static void on_session_watch(void *ctx, int type, const char *path)
{
	mirror_event(ctx, type, path);
}

static void on_session_idle(void *ctx)
{
	mirror_publish(ctx);
}

static void on_session_link(void *ctx)
{
	struct mirror *m = ctx;

	if (m->ops.on_state)
		m->ops.on_state(m->ctx);
}

static const struct session_ops session_ops = {
	.on_state = on_session_state,
	.on_watch = on_session_watch,
	.on_idle = on_session_idle,
	.on_link = on_session_link,
};

/* --- life ------------------------------------------------------------------------------------ */

static int add_sources(struct mirror *m, struct err *e)
{
	int rc = sd_event_add_defer(m->loop, &m->work, on_work, m);

	if (rc >= 0)
		rc = sd_event_source_set_enabled(m->work, SD_EVENT_OFF);
	return rc < 0 ? err_set(e, ERR_SYS, "mirror: cannot use the event loop: %s", strerror(-rc))
		      : 0;
}

void mirror_free(struct mirror *m)
{
	if (!m)
		return;
	m->ops.on_state = NULL;
	/* Its answers free the nodes that were removed while a request was in flight. */
	session_free(m->session, PATIENCE);
	unreadable_fini(&m->unreadable);
	sd_event_source_disable_unref(m->work);
	sd_event_source_disable_unref(m->audit);
	free(m->audited);
	free(m->config);
	node_free_all(m->top);
	tree_unref(m->last);
	free(m);
}
DEFINE_CLEANUP(struct mirror *, mirror_free)

int mirror_new(sd_event *loop, const char *name, const struct zookeeper_settings *settings,
	       const struct mirror_root *roots, size_t root_count, const struct mirror_ops *ops,
	       void *ctx, struct mirror **out, struct err *e)
{
	CLEANUP(mirror_freep) struct mirror *m = xcalloc(1, sizeof(*m));

	m->loop = loop;
	m->ops = *ops;
	m->ctx = ctx;
	m->config = settings->config ? xstrdup(settings->config) : NULL;
	m->watch_limit = settings->watch_limit;
	m->max_data = settings->max_data;
	m->chroot_size = strlen(hosts_chroot(settings->hosts));
	TAILQ_INIT(&m->todo);
	m->audit = timing_new(loop, mirror_on_audit, m);
	unreadable_init(&m->unreadable, loop, mirror_on_retry, m);
	m->top = node_new(m, NULL, "", 0);
	if (add_sources(m, e) < 0 ||
	    session_new(loop, name, settings, &session_ops, m, &m->session, e) < 0)
		return -1;
	mirror_forget_watches(m);
	mirror_set_roots(m, roots, root_count);
	*out = TAKE(m);
	return 0;
}

struct session *mirror_session(const struct mirror *m)
{
	return m->session;
}

bool mirror_is_current(const struct mirror *m)
{
	return session_state(m->session) == SESSION_CONNECTED && m->settled_epoch &&
	       m->settled_epoch == session_epoch(m->session);
}

bool mirror_is_complete(const struct mirror *m)
{
	return m->complete;
}

unsigned long mirror_nodes(const struct mirror *m)
{
	return m->present;
}

unsigned long mirror_bytes(const struct mirror *m)
{
	return m->bytes;
}

unsigned long mirror_watches(const struct mirror *m)
{
	return m->watches;
}

void mirror_set_command(struct mirror *m, const char *command)
{
	m->unreadable.command = command;
}

void mirror_problems(const struct mirror *m, struct problems *ps)
{
	CLEANUP(buf_fini) struct buf all = BUF_INIT;

	if (unreadable_has(&m->unreadable, UNREADABLE_BYTES))
		mirror_describe_data(m, &all);
	unreadable_problems(&m->unreadable, buf_str(&all), ps);
}
