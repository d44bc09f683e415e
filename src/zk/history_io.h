/*
 * The history's znodes: storing a revision (the leader), fetching one (any host), pruning (the
 * leader), and publishing an old one as the config (the leader).
 *
 * All writes of the leader are fenced. Each call is one job. `done` is called once, later; with ok
 * false and a sentence when the job failed. A job is freed after `done`, or by history_job_free(),
 * which ends it without a call. It copies what it was given, except for the session and the
 * election: free the jobs first, then these.
 *
 * A job ends with the first sign that the connection or the leadership is lost, and nothing is
 * tried again. The same call later continues where the first one ended.
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
	const char *message; /* why it failed */
	struct tree *tree;   /* of a fetch: borrowed, take a reference */
	unsigned long seq;   /* of a store */
};
typedef void history_done(void *ctx, const struct history_result *r);

/* Store the entry (seq is the one to create; parts and size are filled in) and the config in its
 * parts. An incomplete entry of this seq is taken over. */
struct history_job *history_store(struct session *s, struct election *e, const char *cluster,
				  const struct history_entry *entry, const struct tree *config,
				  history_done *done, void *ctx);
/* Fetch and verify the tree of `revision` below `root`. */
struct history_job *history_fetch(struct session *s, const char *cluster, const char *root,
				  unsigned long seq, const char *revision, history_done *done,
				  void *ctx);
/* Delete these entries with their parts. */
struct history_job *history_prune(struct session *s, struct election *e, const char *cluster,
				  const unsigned long *seqs, size_t count, history_done *done,
				  void *ctx);
/* Carry out history_restore()'s operations, in as few transactions as the request limit allows. A
 * version that does not match any more ends it: another client is writing. What is to be deleted
 * and has gone is no error; what applications have registered meanwhile below a znode that is to be
 * deleted is deleted with it. */
struct history_job *history_publish(struct session *s, struct election *e,
				    const struct history_op *ops, size_t count, history_done *done,
				    void *ctx);

#endif
