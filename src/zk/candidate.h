/*
 * Our candidate, CLUSTER/election/GUID-NNNNNNNNNN: it is made, listed among the others, watched and
 * deleted; and the name of the host that has the lowest one. What the answers mean for the election
 * is up to election.c, which gets each of them.
 *
 * An answer counts only in the attempt that asked for it: what was asked before candidate_forget()
 * comes to nothing.
 *
 * Requests of one session are answered in the order of asking, and an answer that was lost with the
 * link is followed by a list: so nothing has to be remembered of a create whose result is unknown.
 * Withdrawing is the same: list, delete what is ours, until there is nothing.
 */
#ifndef ZKNGINX_ZK_CANDIDATE_H
#define ZKNGINX_ZK_CANDIDATE_H

#include <sys/queue.h>

#include "core/fleet/election.h"
#include "session.h"

struct election;

struct candidate_ops {
	/* MADE, FIRST, BEHIND, NOT_LISTED, MOVED. */
	void (*on_event)(struct election *e, enum election_event event);
	/* Our znode is gone. */
	void (*on_gone)(struct election *e);
	/* After candidate_withdraw(): nothing of ours is left. */
	void (*on_withdrawn)(struct election *e);
	/* The predecessor exists, and the server grants no watch on it. */
	void (*on_unwatchable)(struct election *e);
	/* A request failed with this result (ZCONNECTIONLOSS: with the link). */
	void (*on_failed)(struct election *e, int rc);
	/* The session is over. */
	void (*on_expired)(struct election *e);
	/* The last call of each answer. */
	void (*on_answered)(struct election *e);
};

struct candidate_request;
TAILQ_HEAD(candidate_requests, candidate_request);

struct candidate {
	struct session *session;
	struct candidate_ops ops;
	struct election *election; /* that all of this belongs to */
	char *directory, *host;
	char guid[ELECTION_GUID_SIZE];
	unsigned attempt;        /* grows whenever what was asked before does not count any more */
	char *own, *predecessor; /* paths, as last listed; NULL: none */
	int version;             /* of our own znode: 0 unless another client wrote to it */
	unsigned tries;          /* of making the directory */
	char *leader, *leader_host; /* name and data of the lowest candidate */
	bool leader_changed;
	struct candidate_requests requests;
};

void candidate_init(struct candidate *c, struct session *session, const char *cluster,
		    const char *host, const struct candidate_ops *ops, struct election *election);
/* Answers to open requests are ignored. The znode stays until the session ends. */
void candidate_fini(struct candidate *c);

/* Answers to what was asked so far do not count any more. */
void candidate_forget(struct candidate *c);
/* With a new session, a new name. */
void candidate_rename(struct candidate *c);
/* There is no znode of ours. */
void candidate_drop(struct candidate *c);
void candidate_forget_leader(struct candidate *c);
/* The data of the lowest candidate; "": unknown. */
const char *candidate_leader(const struct candidate *c);

/* on_event: MADE. */
void candidate_create(struct candidate *c);
/* on_event: FIRST, BEHIND or NOT_LISTED. */
void candidate_list(struct candidate *c);
/* Watch our own znode, and the predecessor's if there is one. on_event: MOVED. */
void candidate_watch(struct candidate *c);
void candidate_withdraw(struct candidate *c);

#endif
