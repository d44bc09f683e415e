/*
 * The history's znodes: storing a revision (the leader), fetching one (any host), pruning
 * (the leader), and publishing an old one as the config (the leader).
 *
 * Everything of the leader's is a fenced write. Each call is one job; `done` is called
 * once, later, with ok false and a sentence when it failed; a job is freed after `done` or
 * by history_job_free(), which ends it without a call. It keeps copies of what it was given,
 * but for the session and the election: free the jobs first, then these.
 *
 * A job ends with the first sign that the connection or the leadership is lost, and nothing is
 * tried again: the same call later begins where the first one ended, whatever came of it.
 */
#ifndef ZKNGINX_ZK_HISTORY_IO_H
#define ZKNGINX_ZK_HISTORY_IO_H

#include <zknginx/history.h>

#include "election.h"

struct history_job;
void history_job_free(struct history_job *j);
DEFINE_CLEANUP(struct history_job *, history_job_free)

struct history_result {
	bool ok;
	const char *message; /* why not */
	struct tree *tree;   /* of a fetch: borrowed, take a reference */
	unsigned long seq;   /* of a store */
};
typedef void history_done(void *ctx, const struct history_result *r);

/* Store: the entry (its seq is the one to create; seq, parts and size are filled in by this) and
 * the config in its parts; complete when done. A half one of this seq is taken over. */
struct history_job *history_store(struct session *s, struct election *e, const char *cluster,
				  const struct history_entry *entry, const struct tree *config,
				  history_done *done, void *ctx);
/* Fetch and verify: the tree is that of `revision` below `root`. */
struct history_job *history_fetch(struct session *s, const char *cluster, const char *root,
				  unsigned long seq, const char *revision, history_done *done,
				  void *ctx);
/* Delete these entries with their parts. */
struct history_job *history_prune(struct session *s, struct election *e, const char *cluster,
				  const unsigned long *seqs, size_t count, history_done *done,
				  void *ctx);
/* Carry out history_restore()'s operations, in as few transactions as fit (each below the request
 * limit). A version that does not match any more ends it: somebody else is writing. */
struct history_job *history_publish(struct session *s, struct election *e,
				    const struct history_op *ops, size_t count, history_done *done,
				    void *ctx);

#endif
