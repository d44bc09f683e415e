/*
 * The writer: one write at a time, and the wait until the leader's mirror has seen it. So every
 * decision is made of one snapshot that contains all that this leader wrote.
 *
 *	FREE ── writer_write(), writer_read() ──▶ REQUEST ──▶ ASKING or FREE
 *	FREE ── writer_run() ──▶ JOB ── writer_end_job() ──▶ FREE, or writer_await() ──▶ ASKING
 *	ASKING: ZooKeeper is asked for the znode that was written ──▶ WAITING
 *	WAITING: the mirror has not seen that yet ── writer_look() ──▶ FREE, or ASKING again
 *
 * It borrows the fleet.
 */
#ifndef ZKNGINX_LEADER_WRITER_H
#define ZKNGINX_LEADER_WRITER_H

#include <zknginx/log.h>
#include <zknginx/tree.h>

#include "leader_answer.h"
#include "zk/fleet.h"
#include "zk/history_io.h"

/* Writes of one kind: since one failed, until one succeeds. */
struct write_record {
	char *error; /* NULL: the last one succeeded */
	uint64_t pause, due;
	struct log_limit limit;
};
void write_record_clear(struct write_record *r);

enum writer_state { WRITER_FREE, WRITER_REQUEST, WRITER_JOB, WRITER_ASKING, WRITER_WAITING };

struct leader_writer {
	struct fleet *fleet;
	void (*on_change)(void *ctx); /* it may be free: look again */
	void *ctx;
	enum writer_state state;
	struct answer *answer; /* in REQUEST and ASKING, while one is on its way */
	struct history_job *job;
	struct write_record *record; /* of the write in REQUEST; NULL: it only reads */
	session_done *done;          /* … may be NULL */
	void *done_ctx;
	char *path;     /* that was written */
	int64_t mzxid;  /* in WAITING: of that znode; 0: it does not exist */
	uint64_t again; /* in ASKING, without an answer on its way: ask again then */
};

void writer_init(struct leader_writer *w, struct fleet *fleet, void (*on_change)(void *ctx),
		 void *ctx);
/* Ends what is under way, without a call; it is free. */
void writer_stop(struct leader_writer *w);

bool writer_is_free(const struct leader_writer *w);
/* When to call writer_look() with no other event; NEVER. */
uint64_t writer_due(const struct leader_writer *w);

/* Call the functions below, except writer_look(), only while it is free. */

/* A fenced transaction that is about this path. `done` is called first; then the writer
 * waits until the mirror has seen the znode at the path, whether the write succeeded or not. */
void writer_write(struct leader_writer *w, struct write_record *record, const char *path,
		  const struct session_op *ops, size_t count, session_done *done, void *ctx);
/* Does the znode exist? It is free again before `done` is called. */
void writer_read(struct leader_writer *w, const char *path, session_done *done, void *ctx);
/* A job of the history, whose `done` calls writer_end_job() first. */
void writer_run(struct leader_writer *w, struct history_job *job);
void writer_end_job(struct leader_writer *w);
/* Not free before the mirror has seen the znode at this path as it is now. */
void writer_await(struct leader_writer *w, const char *path);

/* The newest tree of the leader's mirror. */
void writer_look(struct leader_writer *w, const struct tree *tree);

#endif
