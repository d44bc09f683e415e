/*
 * What the jobs of the history share (history_job.c). A job is one request after the other, each
 * with the step that its answer leads to. A step sends the next request, or it ends the job, as the
 * last thing it does.
 */
#ifndef ZKNGINX_ZK_HISTORY_PARTS_H
#define ZKNGINX_ZK_HISTORY_PARTS_H

#include "history_io.h"

typedef void history_step(struct history_job *j, const struct session_reply *r);
/* The result of a series of writes; `path`: of the operation that failed, "" = of none. */
typedef void history_written(struct history_job *j, int rc, const char *path);

struct history_job {
	struct session *session;
	struct election *election; /* NULL: it writes nothing */
	history_done *done;
	void *ctx;
	void (*fini)(
		struct history_job *j); /* frees what its kind owns beside the arena; may be NULL */
	struct arena *arena;
	history_step *step; /* NULL: no answer is awaited */
	bool dropped;       /* it was freed: its last answer releases it */
	bool ending;        /* `done` is being called */
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
/* The stat only: no permission is needed. */
void history_look(struct history_job *j, const char *path, history_step *step);
/* All operations, in order, in as few fenced transactions as possible; stops at the first that
 * fails. They must exist until the end (in the job's arena). No operations are a transaction too,
 * which shows whether this host leads. */
void history_write(struct history_job *j, const struct session_op *ops, size_t count,
		   history_written *written);

/* Each ends the job. */
void history_succeed(struct history_job *j, struct history_result r);
void history_fail(struct history_job *j, const char *fmt, ...) PRINTF(2, 3);
/* "PATH: what a result of ZooKeeper, of the session or of the election means" */
void history_fail_at(struct history_job *j, const char *path, int rc);

/* Does it only say that the connection or the leadership was lost? */
bool history_is_over(int rc);
const char *history_result_text(int rc);

#endif
