/*
 * Reload: one deployment as a table of states and events.
 *
 * Pure: reload_step() maps (state, event) to (state, command). nginx/deploy.c executes the command
 * and passes in the next event. An empty cell is RELOAD_CMD_UNEXPECTED, which is always logged.
 *
 *	idle → checking → publishing → signalling → verifying → settling → idle
 *	                                                │           │
 *	                                                └───────────┴→ reverting → recovering → idle
 *
 * Bytes that are live already but are not known to be applied (zknginxd was killed between the
 * rename and the signal) take the same steps, without publishing. Bytes whose servers nginx was
 * given before (apply.h) end when they are published.
 */
#ifndef ZKNGINX_RELOAD_H
#define ZKNGINX_RELOAD_H

#define RELOAD_STATES(X)                                                                           \
	X(IDLE, "idle")             /* nothing in flight */                                        \
	X(CHECKING, "checking")     /* staged; nginx -t runs */                                    \
	X(PUBLISHING, "publishing") /* proved; waits until the master is idle, then renames */     \
	X(SIGNALLING, "signalling") /* live; SIGHUP is to be sent */                               \
	X(VERIFYING, "verifying")   /* signalled; the kernel is asked what became of it */         \
	X(SETTLING, "settling")     /* new workers run; they have to stay alive for a while */     \
	X(REVERTING, "reverting")   /* the last good generation is put back */                     \
	X(RECOVERING, "recovering") /* … and signalled, because workers had changed */

#define RELOAD_EVENTS(X)                                                                           \
	X(WANT, "want")                 /* a bundle that nginx is not known to run */              \
	X(CURRENT, "current")           /* nginx runs exactly these bytes already */               \
	X(CHECK_OK, "check-ok")         /* nginx -t passed on exactly these bytes */               \
	X(CHECK_FAILED, "check-failed") /* … or not, or it took too long */                      \
	X(PROVED, "proved")             /* nginx -t passed, and no more than that was wanted */    \
	X(PUBLISHED, "published")       /* the live link names the new generation */               \
	X(STAGE_FAILED, "stage-failed") /* it could not be written; the old one is live */         \
	X(PUBLISH_FAILED,                                                                          \
	  "publish-failed")             /* the link could not be changed; the old one is live */   \
	X(NOT_INCLUDED, "not-included") /* published, but nginx.conf does not include it */        \
	X(MASTER_ABSENT,                                                                           \
	  "master-absent")        /* no master to signal: it will read the files at start */       \
	X(SIGNALLED, "signalled") /* SIGHUP was queued */                                          \
	X(ACCEPTED, "accepted")   /* a full set of new workers, the old ones leave */              \
	X(REJECTED, "rejected")   /* master idle again and no new worker */                        \
	X(DIED, "died")           /* new workers died, or none is left */                          \
	X(TIMED_OUT, "timed-out") /* no verdict (or no idle master) in time */                     \
	X(SETTLED, "settled")     /* still all alive */                                            \
	X(REVERTED, "reverted")   /* last good is live again, workers never changed */             \
	X(REVERTED_DIRTY, "reverted-dirty") /* … but workers had changed: signal again */        \
	X(REVERT_FAILED, "revert-failed")

#define RELOAD_COMMANDS(X)                                                                         \
	X(UNEXPECTED, "unexpected") /* this event cannot come in this state */                     \
	X(NONE, "none")                                                                            \
	X(CHECK, "check")     /* stage the bundle and run nginx -t on it */                        \
	X(DISCARD, "discard") /* drop the staged generation; report why */                         \
	X(PUBLISH, "publish")                                                                      \
	X(SIGNAL, "signal")                                                                        \
	X(VERIFY, "verify")                                                                        \
	X(SETTLE, "settle")                                                                        \
	X(FINISH, "finish") /* report success */                                                   \
	X(KEEP, "keep")     /* report: nothing to do */                                            \
	X(DEFER, "defer")   /* report: published, nginx is not running */                          \
	X(NOT_INCLUDED,                                                                            \
	  "not-included")         /* report: published, but nginx.conf does not include it */      \
	X(UNKNOWN, "unknown")     /* report: signalled, no verdict; look again later */            \
	X(REVERT, "revert")       /* put the last good generation back */                          \
	X(RECOVER, "recover")     /* signal the master once more, verify */                        \
	X(GIVE_BACK, "give-back") /* report the rejection; last good is live and running */

enum reload_state {
#define X(name, text) RELOAD_##name,
	RELOAD_STATES(X)
#undef X
		RELOAD_STATE_N
};

enum reload_event {
#define X(name, text) RELOAD_EV_##name,
	RELOAD_EVENTS(X)
#undef X
		RELOAD_EVENT_N
};

enum reload_command {
#define X(name, text) RELOAD_CMD_##name,
	RELOAD_COMMANDS(X)
#undef X
		RELOAD_COMMAND_N
};

struct reload_step {
	enum reload_state state;
	enum reload_command command;
};

struct reload_step reload_step(enum reload_state state, enum reload_event event);

const char *reload_state_name(enum reload_state s);
const char *reload_event_name(enum reload_event e);
const char *reload_command_name(enum reload_command c);

#endif
