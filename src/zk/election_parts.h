/* What the parts of the election share: its states and its lease (election.c), what it asks of the
 * server (election_ask.c), the leader's writes (election_write.c). */
#ifndef ZKNGINX_ZK_ELECTION_PARTS_H
#define ZKNGINX_ZK_ELECTION_PARTS_H

#include <sys/queue.h>

#include "election.h"

/* What on_change was told of last. */
struct election_told {
	enum election_state role;
	bool leads, holds;
};

/*
 * One request, until the session has answered it. It outlives the election when that is freed
 * first: then `election` is NULL, and the answer only frees it.
 */
struct errand {
	struct election *election;
	unsigned attempt; /* as of the asking: an answer to an earlier one is out of date */
	void (*on_answer)(struct election *e, struct errand *a, const struct session_reply *r);
	session_done *done; /* a write: its caller's */
	void *ctx;
	char *leader; /* a look at the leader's data: its name */
	TAILQ_ENTRY(errand) link;
};
TAILQ_HEAD(errands, errand);

struct election {
	struct session *session;
	char *directory, *host;
	void (*on_change)(void *ctx);
	void *ctx;

	bool standing, withdrawing, freeing;
	enum election_state role;
	unsigned epoch;   /* of the session that all this is about */
	unsigned attempt; /* grows whenever what was asked before does not count any more */
	char guid[ELECTION_GUID_SIZE];
	char *own, *predecessor; /* paths, as last listed; NULL: none */
	int version;             /* of our own znode: 0 unless somebody wrote to it */
	unsigned tries;          /* of making the directory */
	bool resting;
	int complained; /* the last result that was logged */

	bool held; /* has led, and neither the candidate's end nor the lease's was seen since */
	char *leader, *leader_host; /* name and data of the lowest candidate */
	bool leader_changed;
	struct election_told told;

	struct errands errands, refused; /* asked; writes that are to be answered without asking */
	sd_event_source *lease, *rest, *refuse;
};

/* election.c */
void election_step(struct election *e, enum election_event event);
/* Tells the owner what has changed. The last act of everything that is called from outside. */
void election_tell(struct election *e);
/* Our candidate is known to be gone. */
void election_lose_candidate(struct election *e);
/* A request was refused: a pause. The event FAILED, or the withdrawal, goes on after it. */
void election_rest(struct election *e);
/* The session is over, and all that was ours in it. */
void election_expire(struct election *e);
/* Nothing of ours is left in the election. */
void election_end_withdrawal(struct election *e);

/* election_ask.c */
void election_create(struct election *e);
void election_list(struct election *e);
void election_watch(
	struct election *e); /* our own znode, and the predecessor's where there is one */
void election_withdraw(struct election *e);
struct errand *errand_new(struct election *e, struct errands *list);
/* It is on no list any more. */
void errand_free(struct errand *a);
/* The session's answer to whatever was asked with an errand. */
void errand_answer(void *ctx, const struct session_reply *r);
/* Do these results say that the link broke, or that the session ended? */
bool election_is_lost(int rc);

/* election_write.c */
int election_on_refuse(sd_event_source *source, void *ctx);
/* Answers every write that is still open. */
void election_abandon_writes(struct election *e);

#endif
