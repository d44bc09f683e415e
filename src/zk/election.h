/*
 * Election, carried out on the control session: see zknginx/election.h for the rules.
 *
 * A leader's writes go through election_write(), which adds a check of its own candidate znode to
 * the transaction. So a host that has lost the election without knowing it writes nothing. (A
 * leader whose candidate an operator deletes has lost at once and learns it a moment later; that is
 * the one case in which two hosts may consider themselves the leader.)
 *
 * Candidates are CLUSTER/election/GUID-NNNNNNNNNN, with a new GUID for each session. Each watches
 * its own znode and the one before it, so that of five hundred candidates the end of one makes only
 * one other read the list again.
 *
 * Time is CLOCK_MONOTONIC, which goes on while a process is stopped (SIGSTOP, a paused container or
 * virtual CPU): election_leads() and election_holds() look at the clock at each call. The clock
 * stops while the whole machine is suspended to RAM. Servers do not do that; if one does, the check
 * in every write protects.
 */
#ifndef ZKNGINX_ZK_ELECTION_H
#define ZKNGINX_ZK_ELECTION_H

#include "core/fleet/election.h"
#include "session.h"

struct election;

/*
 * on_change: the role, whether it may act, or the leader's name has changed. It may be called
 * within election_stand_for() and the two functions below; it must not free the election. `host` is
 * the data of the candidate, for people. The session is borrowed.
 */
int election_new(sd_event *loop, struct session *session, const char *cluster, const char *host,
		 void (*on_change)(void *ctx), void *ctx, struct election **out, struct err *e);
/* Before its session is freed, and not from within a callback of either. Open writes are answered
 * with SESSION_GONE. The candidate stays until the session ends. */
void election_free(struct election *e);

/* The owner of the session passes its events on. */
void election_on_state(struct election *e, enum session_state state);
void election_on_watch(struct election *e, int type, const char *path);

/* Stand for election, or withdraw. A new election does not stand. */
void election_stand_for(struct election *e, bool stand);

enum election_state election_role(const struct election *e);
/* Leading, connected, and within the lease: may a write be sent now? */
bool election_leads(const struct election *e);
/* Has led, and may still be the leader for ZooKeeper: false as soon as the lease has run out or
 * another host may lead. For commands that follow the leader. */
bool election_holds(const struct election *e);
/*
 * The host that leads, as far as is known; "" otherwise. Valid until the next change. A follower
 * reads the list again only when the candidate before it has gone, so a host far back may know an
 * old leader for long; "leader" of the plan is more recent.
 */
const char *election_leader(const struct election *e);

/*
 * A fenced transaction. `done` (may be NULL) is called once, later. rc: as of the session, or
 * ELECTION_LOST when this host does not lead (nothing was sent, or the check failed: nothing was
 * written). op_rcs are those of `ops`; there are none when nothing was sent. The check takes
 * ELECTION_WRITE_OVERHEAD bytes and the length of the cluster's path from SESSION_REQUEST_LIMIT.
 */
#define ELECTION_LOST (-1001)
#define ELECTION_WRITE_OVERHEAD 256
void election_write(struct election *e, const struct session_op *ops, size_t count,
		    session_done *done, void *ctx);

#endif
