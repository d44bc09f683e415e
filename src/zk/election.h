/*
 * Election, carried out on the control session: see zknginx/election.h for the rules.
 *
 * A leader's writes go through election_write(), which adds a check of its own candidate
 * znode to the transaction: whoever has lost the election, and does not know it yet,
 * writes nothing. (One whose candidate an operator deletes has lost at once and learns it a
 * moment later; that is the one case in which two may take themselves for the leader.)
 *
 * Candidates are CLUSTER/election/GUID-NNNNNNNNNN, with a GUID of each session's own. Each
 * watches its own znode and the one before it, so with five hundred of them the end of one
 * makes one other look again.
 *
 * Time is CLOCK_MONOTONIC, which a stopped process (SIGSTOP, a paused container or virtual
 * CPU) cannot outlive: whatever runs first afterwards, election_leads() and election_holds()
 * look at the clock. That clock does not count the time that the whole machine is suspended
 * to RAM; servers do not do that, and then the check in every write is what protects.
 */
#ifndef ZKNGINX_ZK_ELECTION_H
#define ZKNGINX_ZK_ELECTION_H

#include "core/fleet/election.h"
#include "session.h"

struct election;

/*
 * on_change: the role, whether it may act, or the leader's name has changed. It may come from
 * within election_stand_for() and the two functions below; it must not free the election. `host` is
 * the data of the candidate, for people. The session is borrowed.
 */
int election_new(sd_event *loop, struct session *session, const char *cluster, const char *host,
		 void (*on_change)(void *ctx), void *ctx, struct election **out, struct err *e);
/* Before its session is freed, and not from within a callback of either. Open writes are answered
 * with SESSION_GONE. The candidate stays until the session ends. */
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
/*
 * The host that leads, as far as is known; "" otherwise. Valid until the next change. Who follows
 * looks again only when the candidate before it goes, so that of many hosts one far back may know
 * an old leader for long: the plan's "leader" tells too.
 */
const char *election_leader(const struct election *e);

/*
 * A fenced transaction; `done` is called once, later; NULL: nobody is told. rc: as of the session;
 * ELECTION_LOST when this daemon does not lead (nothing was sent, or the check failed: nothing was
 * written). op_rcs are those of `ops`; there are none when nothing was sent. The check takes part
 * of SESSION_REQUEST_LIMIT: ELECTION_WRITE_OVERHEAD bytes and the length of the cluster's path.
 */
#define ELECTION_LOST (-1001)
#define ELECTION_WRITE_OVERHEAD 256
void election_write(struct election *e, const struct session_op *ops, size_t count,
		    session_done *done, void *ctx);

#endif
