/*
 * Jobs of the history: their life, and what they have in common.
 *
 * The answer to a request cannot be cancelled. So a job that was freed lives on until the answer is
 * there, and calls nothing back. Every answer comes: the session and the election see to that, at
 * the latest when they are freed themselves.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "history_parts.h"

/* Room for the check that fences a transaction, and for what the session adds to a request. */
#define FENCE ((size_t)16 * 1024)
#define OVERHEAD 128
#define OPS_MAX 2000

void *history_job_new(size_t size, struct session *s, struct election *e, history_done *done,
		      void *ctx, void (*fini)(struct history_job *j))
{
	struct history_job *j = xcalloc(1, size);

	j->session = s;
	j->election = e;
	j->done = done;
	j->ctx = ctx;
	j->fini = fini;
	j->arena = arena_new();
	return j;
}

static void destroy(struct history_job *j)
{
	if (j->fini)
		j->fini(j);
	arena_free(j->arena);
	free(j);
}

void history_job_free(struct history_job *j)
{
	if (!j || j->ending)
		return;
	if (j->step)
		j->dropped = true;
	else
		destroy(j);
}

/* --- the end --------------------------------------------------------------------------------- */

static void end(struct history_job *j, const struct history_result *r)
{
	j->ending = true;
	j->done(j->ctx, r);
	destroy(j);
}

void history_succeed(struct history_job *j, struct history_result r)
{
	r.ok = true;
	r.message = "";
	end(j, &r);
}

void history_fail(struct history_job *j, const char *fmt, ...)
{
	struct history_result r = { .ok = false };
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r.message = text;
	end(j, &r);
}

const char *history_result_text(int rc)
{
	static const struct {
		int rc;
		const char *text;
	} texts[] = {
		{ ZNONODE, "the znode, or one above it, does not exist any more" },
		{ ZNODEEXISTS, "another client has created it meanwhile" },
		{ ZBADVERSION, "another client has changed it meanwhile" },
		{ ZNOTEMPTY, "another client has created znodes below it" },
		{ ZNOAUTH, "zknginxd has no permission" },
		{ ZBADARGUMENTS, "it is too large for one request" },
		{ ZCONNECTIONLOSS, "the connection to ZooKeeper was lost" },
		{ SESSION_GONE, "the session with ZooKeeper is over" },
		{ ELECTION_LOST, "this host does not lead the fleet any more" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i].rc == rc)
			return texts[i].text;
	}
	return zerror(rc);
}

bool history_is_over(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == SESSION_GONE || rc == ELECTION_LOST;
}

void history_fail_at(struct history_job *j, const char *path, int rc)
{
	history_fail(j, "%s%s%s", path, *path ? ": " : "", history_result_text(rc));
}

/* --- requests -------------------------------------------------------------------------------- */

static void on_answer(void *ctx, const struct session_reply *r)
{
	struct history_job *j = ctx;
	history_step *step = TAKE(j->step);

	if (j->dropped)
		destroy(j);
	else
		step(j, r);
}

void history_get(struct history_job *j, const char *path, history_step *step)
{
	j->step = step;
	session_get(j->session, path, false, on_answer, j);
}

void history_list(struct history_job *j, const char *path, history_step *step)
{
	j->step = step;
	session_children(j->session, path, false, on_answer, j);
}

void history_look(struct history_job *j, const char *path, history_step *step)
{
	j->step = step;
	session_exists(j->session, path, false, on_answer, j);
}

/* --- series of writes ------------------------------------------------------------------------ */

/* How many operations from `begin` on fit into one transaction; at least one. */
static size_t fitting(const struct session_op *ops, size_t count, size_t begin)
{
	size_t end = begin, size = 0;

	for (; end < count && end - begin < OPS_MAX; end++) {
		size += OVERHEAD + strlen(ops[end].path) + ops[end].size;
		if (size > SESSION_REQUEST_LIMIT - FENCE && end > begin)
			break;
	}
	return end;
}

/* Operations after the one that failed have ZRUNTIMEINCONSISTENCY: they were not tried. */
static const char *culprit(const struct history_job *j, const struct session_reply *r)
{
	const struct session_op *ops = j->series.ops + j->series.begin;
	size_t count = j->series.end - j->series.begin;

	for (size_t i = 0; i < r->op_count && i < count; i++) {
		if (r->op_rcs[i] != ZOK && r->op_rcs[i] != ZRUNTIMEINCONSISTENCY)
			return ops[i].path;
	}
	return count && !history_is_over(r->rc) ? ops[0].path : "";
}

static void on_written(struct history_job *j, const struct session_reply *r);

static void write_next(struct history_job *j)
{
	j->series.end = fitting(j->series.ops, j->series.count, j->series.begin);
	j->step = on_written;
	election_write(j->election, j->series.ops ? j->series.ops + j->series.begin : NULL,
		       j->series.end - j->series.begin, on_answer, j);
}

static void on_written(struct history_job *j, const struct session_reply *r)
{
	if (r->rc != ZOK) {
		j->series.written(j, r->rc, culprit(j, r));
		return;
	}
	j->series.begin = j->series.end;
	if (j->series.begin < j->series.count)
		write_next(j);
	else
		j->series.written(j, ZOK, "");
}

void history_write(struct history_job *j, const struct session_op *ops, size_t count,
		   history_written *written)
{
	j->series.ops = ops;
	j->series.count = count;
	j->series.begin = 0;
	j->series.written = written;
	write_next(j);
}
