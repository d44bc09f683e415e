/*
 * Fenced writes: transactions that begin with a check of a znode of ours. While that znode is as it
 * was, nobody else leads, and the server decides both at once; so a write of a leader that has
 * lost, however late it arrives, is refused by the server.
 *
 * A writer that is known not to lead is refused here, later from the loop. Every write is on one of
 * two lists until it is answered. All of it belongs to an election (election.c), which gets what
 * the answers say of its candidate.
 */
#ifndef ZKNGINX_ZK_FENCE_H
#define ZKNGINX_ZK_FENCE_H

#include <sys/queue.h>

#include "session.h"

struct election;

struct fence_ops {
	/* The candidate of the write is lost: SESSION_GONE (with its session), ZNONODE (the znode
	 * is gone) or ZBADVERSION (another client wrote to it). Before the writer is answered. */
	void (*on_lost)(struct election *e, unsigned attempt, int why);
	/* A writer was answered by the server. */
	void (*on_answered)(struct election *e);
};

struct fenced_write;
TAILQ_HEAD(fenced_writes, fenced_write);

struct fence {
	struct session *session;
	struct fence_ops ops;
	struct election *election; /* that all of this belongs to */
	struct fenced_writes sent, refused;
	sd_event_source *refuse;
};

/* The session is borrowed, and outlives the fence. */
int fence_init(struct fence *f, sd_event *loop, struct session *session,
	       const struct fence_ops *ops, struct election *election, struct err *e);
/* Answers every open write. No other may be made meanwhile. */
void fence_fini(struct fence *f);

/* The transaction, after a check that `path` has this version. `attempt` comes back in on_lost. */
void fence_write(struct fence *f, const char *path, int version, unsigned attempt,
		 const struct session_op *ops, size_t count, session_done *done, void *ctx);
/* Answer ELECTION_LOST at the next turn of the loop. */
void fence_refuse(struct fence *f, session_done *done, void *ctx);

#endif
