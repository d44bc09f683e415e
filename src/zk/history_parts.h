/*
 * What the jobs of the history share (history_job.c): a job is one request after the other,
 * each with the step that its answer leads to. A step sends the next request, or ends the job
 * as the last thing it does.
 */
#ifndef ZKNGINX_ZK_HISTORY_PARTS_H
#define ZKNGINX_ZK_HISTORY_PARTS_H

#include "history_io.h"

typedef void history_step(struct history_job *j, const struct session_reply *r);
/* What a series of writes came to; `path`: of the operation that failed, "" when it was none. */
typedef void history_written(struct history_job *j, int rc, const char *path);

struct history_job {
	struct session *session;
	struct election *election; /* NULL: it writes nothing */
	history_done *done;
	void *ctx;
	void (*fini)(struct history_job *j); /* what its kind owns beside the arena; may be NULL */
	struct arena *arena;
	history_step *step; /* NULL: no answer is awaited */
	bool dropped;       /* nobody waits for it any more: its last answer frees it */
	bool ending;        /* `done` is being told */
	struct {
		const struct session_op *ops;
		size_t count, begin, end; /* of the transaction under way */
		history_written *written;
	} series;
};

/* The kind's struct begins with a struct history_job; size is that of the whole. */
void *history_job_new(size_t size, struct session *s, struct election *e, history_done *done,
		      void *ctx, void (*fini)(struct history_job *j));

void history_get(struct history_job *j, const char *path, history_step *step);
void history_list(struct history_job *j, const char *path, history_step *step);
/* All of them, in order, in as few fenced transactions as fit; stops at the first that fails.
 * They have to stay (in the job's arena, say). None at all is a transaction too: it tells whether
 * this daemon leads. */
void history_write(struct history_job *j, const struct session_op *ops, size_t count,
		   history_written *written);

/* Each ends the job. */
void history_succeed(struct history_job *j, struct history_result r);
void history_fail(struct history_job *j, const char *fmt, ...) PRINTF(2, 3);
/* "PATH: what a result of ZooKeeper, of the session or of the election means" */
void history_fail_at(struct history_job *j, const char *path, int rc);

/* Does it tell of the connection or the leadership, and nothing of the request? */
bool history_is_over(int rc);
const char *history_result_text(int rc);

#endif
