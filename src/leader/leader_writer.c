/*
 * The writer's states. The answer of a write is not enough to go on: it may be lost, and the
 * mirror, on another session, sees the change later. So ZooKeeper is asked on the session that
 * wrote, and the mirror has caught up when it has that transaction or a later one.
 */
#include <stdlib.h>
#include <string.h>

#include "leader_writer.h"
#include "sys/timing.h"

#define RETRY USEC_PER_SEC
#define RETRY_MAX (30 * USEC_PER_SEC)
#define LOG_EVERY (60 * USEC_PER_SEC)

/* --- what came of writes of one kind --------------------------------------------------------- */

/* A write that always fails must not flood the log or ZooKeeper: the pause grows to RETRY_MAX. */
static void record_failure(struct write_record *r, const char *path, const char *result)
{
	unsigned suppressed;

	r->pause = r->pause ? 2 * r->pause : RETRY;
	if (r->pause > RETRY_MAX)
		r->pause = RETRY_MAX;
	r->due = timing_now() + r->pause;
	free(r->error);
	r->error = xasprintf("%s cannot be written: %s", path, result);
	if (log_limit_pass(&r->limit, timing_now(), LOG_EVERY, &suppressed))
		log_warning("%s; the leader tries again, and every host keeps serving the revision "
			    "that it is permitted",
			    r->error);
}

static void record_success(struct write_record *r)
{
	r->pause = r->due = 0;
	free(TAKE(r->error));
}

void write_record_clear(struct write_record *r)
{
	free(r->error);
	*r = (struct write_record){ 0 };
}

/* --- life ------------------------------------------------------------------------------------ */

void writer_init(struct leader_writer *w, struct fleet *fleet, void (*on_change)(void *ctx),
		 void *ctx)
{
	*w = (struct leader_writer){ .fleet = fleet, .on_change = on_change, .ctx = ctx };
}

void writer_stop(struct leader_writer *w)
{
	answer_drop(TAKE(w->answer));
	history_job_free(TAKE(w->job));
	free(TAKE(w->path));
	w->state = WRITER_FREE;
}

bool writer_is_free(const struct leader_writer *w)
{
	return w->state == WRITER_FREE;
}

uint64_t writer_due(const struct leader_writer *w)
{
	return w->state == WRITER_ASKING && !w->answer ? w->again : NEVER;
}

/* --- the wait until it is seen --------------------------------------------------------------- */

static void on_asked(void *writer, const struct session_reply *r)
{
	struct leader_writer *w = writer;

	w->answer = NULL;
	if (r->rc == SESSION_OK || r->rc == SESSION_NO_NODE) {
		w->state = WRITER_WAITING;
		w->mzxid = r->rc == SESSION_OK ? r->stat->mzxid : 0;
	} else {
		w->again = timing_now() + RETRY;
	}
	w->on_change(w->ctx);
}

static void ask(struct leader_writer *w)
{
	w->state = WRITER_ASKING;
	w->answer = answer_new(on_asked, w);
	session_exists(fleet_session(w->fleet), w->path, false, answer_take, w->answer);
}

void writer_await(struct leader_writer *w, const char *path)
{
	char *copy = xstrdup(path); /* it may be w->path */

	free(w->path);
	w->path = copy;
	ask(w);
}

static bool is_seen(const struct leader_writer *w, const struct tree *tree)
{
	const struct znode *z = tree_find(tree, w->path);

	return z ? w->mzxid && z->mzxid >= w->mzxid : !w->mzxid;
}

/* A tree without it is one from before the write, or one from after a later write of another
 * client: its data is read again. */
void writer_look(struct leader_writer *w, const struct tree *tree)
{
	if (w->state == WRITER_ASKING && !w->answer && timing_now() >= w->again)
		ask(w);
	if (w->state != WRITER_WAITING)
		return;
	if (is_seen(w, tree))
		w->state = WRITER_FREE;
	else
		ask(w);
}

/* --- requests and jobs ----------------------------------------------------------------------- */

static void on_written(void *writer, const struct session_reply *r)
{
	struct leader_writer *w = writer;

	w->answer = NULL;
	if (r->rc == SESSION_OK)
		record_success(w->record);
	else
		record_failure(w->record, w->path, session_result(r->rc));
	if (w->done)
		w->done(w->done_ctx, r);
	writer_await(w, w->path);
}

static void begin(struct leader_writer *w, const char *path, session_done *done, void *ctx)
{
	free(w->path);
	w->path = xstrdup(path);
	w->state = WRITER_REQUEST;
	w->done = done;
	w->done_ctx = ctx;
}

void writer_write(struct leader_writer *w, struct write_record *record, const char *path,
		  const struct session_op *ops, size_t count, session_done *done, void *ctx)
{
	begin(w, path, done, ctx);
	w->record = record;
	w->answer = answer_new(on_written, w);
	election_write(fleet_election(w->fleet), ops, count, answer_take, w->answer);
}

static void on_read(void *writer, const struct session_reply *r)
{
	struct leader_writer *w = writer;

	w->answer = NULL;
	w->state = WRITER_FREE;
	w->done(w->done_ctx, r);
}

void writer_read(struct leader_writer *w, const char *path, session_done *done, void *ctx)
{
	begin(w, path, done, ctx);
	w->answer = answer_new(on_read, w);
	session_exists(fleet_session(w->fleet), path, false, answer_take, w->answer);
}

void writer_run(struct leader_writer *w, struct history_job *job)
{
	w->state = WRITER_JOB;
	w->job = job;
}

void writer_end_job(struct leader_writer *w)
{
	w->job = NULL; /* it frees itself */
	w->state = WRITER_FREE;
}
