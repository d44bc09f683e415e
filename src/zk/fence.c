/* Fenced writes; the header says what they are for. */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "election.h"
#include "fence.h"

/* A request that the session has still to answer outlives the fence: then `fence` is NULL, and the
 * answer only frees it. */
struct fenced_write {
	struct fence *fence;
	unsigned attempt;
	session_done *done;
	void *ctx;
	TAILQ_ENTRY(fenced_write) link;
};

static struct fenced_write *write_new(struct fence *f, struct fenced_writes *list,
				      session_done *done, void *ctx)
{
	struct fenced_write *w = xcalloc(1, sizeof(*w));

	w->fence = f;
	w->done = done;
	w->ctx = ctx;
	TAILQ_INSERT_TAIL(list, w, link);
	return w;
}

static void answer(struct fenced_write *w, const struct session_reply *r)
{
	session_done *done = TAKE(w->done);

	if (done)
		done(w->ctx, r);
}

/* --- sent ------------------------------------------------------------------------------------ */

static bool has_failed_check(const struct session_reply *r)
{
	return r->rc != ZCONNECTIONLOSS && r->rc != SESSION_GONE && r->op_count > 0 &&
	       (r->op_rcs[0] == ZNONODE || r->op_rcs[0] == ZBADVERSION);
}

static void answer_sent(struct fence *f, struct fenced_write *w, const struct session_reply *r)
{
	struct session_reply own = *r;

	if (own.op_count > 0) { /* the check is not an operation of the writer */
		own.op_rcs++;
		own.op_count--;
	}
	if (r->rc == SESSION_GONE)
		f->ops.on_lost(f->election, w->attempt, SESSION_GONE);
	if (has_failed_check(r)) {
		own.rc = ELECTION_LOST;
		f->ops.on_lost(f->election, w->attempt, r->op_rcs[0]);
	}
	answer(w, &own);
	f->ops.on_answered(f->election);
}

static void on_written(void *ctx, const struct session_reply *r)
{
	struct fenced_write *w = ctx;

	if (w->fence) {
		TAILQ_REMOVE(&w->fence->sent, w, link);
		answer_sent(w->fence, w, r);
	}
	free(w);
}

void fence_write(struct fence *f, const char *path, int version, unsigned attempt,
		 const struct session_op *ops, size_t count, session_done *done, void *ctx)
{
	struct session_op *fenced = xcalloc(count + 1, sizeof(*fenced));
	struct fenced_write *w = write_new(f, &f->sent, done, ctx);

	w->attempt = attempt;
	fenced[0] = (struct session_op){ .kind = OP_CHECK, .path = path, .version = version };
	if (count)
		memcpy(fenced + 1, ops, count * sizeof(*ops));
	session_multi(f->session, fenced, count + 1, on_written, w);
	free(fenced);
}

/* --- refused --------------------------------------------------------------------------------- */

/* A write that is refused while others are answered waits for the next turn. */
static void answer_refused(struct fence *f)
{
	const struct session_reply r = { .rc = ELECTION_LOST, .path = "/" };
	const struct fenced_write *last = TAILQ_LAST(&f->refused, fenced_writes);
	bool more = last != NULL;

	while (more) {
		struct fenced_write *w = TAILQ_FIRST(&f->refused);

		TAILQ_REMOVE(&f->refused, w, link);
		more = w != last;
		answer(w, &r);
		free(w);
	}
}

static int on_refuse(sd_event_source *source UNUSED, void *ctx)
{
	answer_refused(ctx);
	return 0;
}

void fence_refuse(struct fence *f, session_done *done, void *ctx)
{
	write_new(f, &f->refused, done, ctx);
	sd_event_source_set_enabled(f->refuse, SD_EVENT_ONESHOT);
}

/* --- life ------------------------------------------------------------------------------------ */

int fence_init(struct fence *f, sd_event *loop, struct session *session,
	       const struct fence_ops *ops, struct election *election, struct err *e)
{
	int rc;

	f->session = session;
	f->ops = *ops;
	f->election = election;
	TAILQ_INIT(&f->sent);
	TAILQ_INIT(&f->refused);
	rc = sd_event_add_defer(loop, &f->refuse, on_refuse, f);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(f->refuse, SD_EVENT_OFF);
	/* A writer that tries again at each refusal does not keep the session's answers waiting. */
	if (rc >= 0)
		rc = sd_event_source_set_priority(f->refuse, SD_EVENT_PRIORITY_NORMAL + 1);
	return rc < 0 ? err_set(e, ERR_SYS, "election: cannot use the event loop: %s",
				strerror(-rc))
		      : 0;
}

void fence_fini(struct fence *f)
{
	const struct session_reply r = { .rc = SESSION_GONE, .path = "/" };
	struct fenced_write *w;

	if (!f->session)
		return;
	TAILQ_FOREACH(w, &f->sent, link)
	answer(w, &r);
	answer_refused(f);
	while ((w = TAILQ_FIRST(&f->sent))) {
		TAILQ_REMOVE(&f->sent, w, link);
		w->fence = NULL; /* the session's answer frees it */
	}
	sd_event_source_disable_unref(f->refuse);
}
