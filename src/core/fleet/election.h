/*
 * Election: who leads, as a function of the candidates and the clock. Pure; zk/election.c
 * carries it out.
 *
 * The recipe of ZooKeeper's documentation: a candidate is an ephemeral sequential znode,
 * the lowest one leads, each other one watches its predecessor. The name begins with a GUID,
 * so that a create whose answer was lost is found again and not made twice.
 *
 * Leading and being allowed to act are two things: a leader acts only while the link is up
 * and the server has answered something sent within two thirds of the session's timeout, by
 * our own clock.
 */
#ifndef ZKNGINX_ELECTION_H
#define ZKNGINX_ELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELECTION_STATES(X)                                                                         \
	X(OUT, "out")             /* no candidate, and none wanted; or no session */               \
	X(JOINING, "joining")     /* the candidate is being made */                                \
	X(LOOKING, "looking")     /* the candidates are being listed */                            \
	X(FOLLOWING, "following") /* another candidate is before us, and is watched */             \
	X(LEADING, "leading")                                                                      \
	X(SUSPENDED, "suspended") /* the link is gone; the session may still be there */

enum election_state {
#define X(name, text) ELECTION_##name,
	ELECTION_STATES(X)
#undef X
		ELECTION_STATE_N
};

#define ELECTION_EVENTS(X)                                                                         \
	X(CONNECTED, "connected")       /* the link is up (again), the session is the same */      \
	X(DISCONNECTED, "disconnected") /* first sign of it */                                     \
	X(EXPIRED, "expired")           /* the session, and our candidate with it */               \
	X(MADE, "made")                 /* the create was answered, or its answer was lost */      \
	X(FIRST, "first")               /* listed: ours is the lowest */                           \
	X(BEHIND, "behind")             /* listed: there is a predecessor */                       \
	X(NOT_LISTED, "not-listed")     /* listed: ours is not among them */                       \
	X(MOVED, "moved")               /* the predecessor, or our own znode, is gone */           \
	X(LAPSED, "lapsed")             /* the lease ran out while the link was up */              \
	X(FAILED, "failed")             /* a request was refused: after a pause */                 \
	X(RESIGN, "resign")             /* asked to withdraw */

enum election_event {
#define X(name, text) ELECTION_EV_##name,
	ELECTION_EVENTS(X)
#undef X
		ELECTION_EVENT_N
};

#define ELECTION_COMMANDS(X)                                                                       \
	X(UNEXPECTED, "unexpected") /* this event cannot come in this state: nothing changes */    \
	X(NOTHING, "nothing")                                                                      \
	X(CREATE, "create")                                                                        \
	X(LIST, "list")                                                                            \
	X(WATCH, "watch")       /* the predecessor and our own znode, with exists */               \
	X(LEAD, "lead")         /* watch our own znode; tell the caller */                         \
	X(REST, "rest")         /* a pause, then as if CONNECTED */                                \
	X(WITHDRAW, "withdraw") /* delete the candidate, wherever it is */

enum election_command {
#define X(name, text) ELECTION_DO_##name,
	ELECTION_COMMANDS(X)
#undef X
		ELECTION_COMMAND_N
};

const char *election_state_name(enum election_state s);
const char *election_event_name(enum election_event e);
const char *election_command_name(enum election_command c);

struct election_step {
	enum election_state state;
	enum election_command command;
};
struct election_step election_next(enum election_state state, enum election_event event);

#define ELECTION_GUID_SIZE 33 /* 32 hex digits and a NUL */

/*
 * Names of candidates are GUID-NNNNNNNNNN, the number as the server prints it (%010d, so one that
 * has wrapped round begins with a minus); others among the children are left out of account.
 */
bool election_name_is_valid(const char *name);
/*
 * Where does the candidate with this GUID stand? Returns FIRST, BEHIND (*predecessor is the next
 * lower one, borrowed; otherwise NULL) or NOT_LISTED; *own: its name (NOT_LISTED: NULL), *leader:
 * the lowest name (NULL where there is no candidate).
 * Sequence numbers are compared as the server counts them: signed 32 bits that wrap round. Of any
 * list, whatever names somebody planted in it, at most one GUID is FIRST.
 */
enum election_event election_stand(const char *const *names, size_t count, const char *guid,
				   const char **own, const char **predecessor, const char **leader);

/* May a leader act now? last_reply as of session_last_reply(): when the last answered request was
 * sent; 0 = never. */
bool election_may_act(uint64_t last_reply, uint64_t timeout, uint64_t now);
/* When it will not any more, without another answer. */
uint64_t election_lease_end(uint64_t last_reply, uint64_t timeout);

#endif
