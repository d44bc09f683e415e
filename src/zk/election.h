/*
 * Election, carried out on the control session: see zknginx/election.h for the rules.
 *
 * A leader's writes go through election_write(), which adds a check of its own candidate
 * znode to the transaction: whoever has lost the election, and does not know it yet,
 * writes nothing.
 */
#ifndef ZKNGINX_ZK_ELECTION_H
#define ZKNGINX_ZK_ELECTION_H

#include <zknginx/election.h>

#include "session.h"

struct election;

/* on_change: the role, or whether it may act, has changed (leading, suspended, lost). `host` is the
 * data of the candidate, for people. The session is borrowed. */
int election_new(sd_event *loop, struct session *session, const char *cluster, const char *host,
		 void (*on_change)(void *ctx), void *ctx, struct election **out, struct err *e);
void election_free(struct election *e);

/* To be told by the owner of the session. */
void election_on_state(struct election *e, enum session_state state);
void election_on_watch(struct election *e, int type, const char *path);

/* Stand for election, or withdraw; not standing to begin with. */
void election_stand_for(struct election *e, bool stand);

enum election_state election_role(const struct election *e);
/* Leading, connected, and within the lease: may a write be sent now? */
bool election_leads(const struct election *e);
/* Has led, and may still be the one that ZooKeeper takes for the leader: false from the moment that
 * the lease has run out, or that another one may lead. For commands that follow the leader. */
bool election_holds(const struct election *e);
/* The host that leads, as far as is known; "" otherwise. Valid until the next change. */
const char *election_leader(const struct election *e);

/* A fenced transaction; `done` is called once, later. rc: as of the session; ELECTION_LOST when
 * this daemon does not lead (nothing was sent, or the check failed). op_rcs are those of `ops`. */
#define ELECTION_LOST (-1001)
void election_write(struct election *e, const struct session_op *ops, size_t count,
		    session_done *done, void *ctx);

#endif
