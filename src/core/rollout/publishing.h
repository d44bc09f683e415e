/*
 * Publishing: an old revision of the history becomes the config again. Pure: the states, and what
 * each event does in each of them; src/leader carries it out.
 *
 * The plan says what is to be published, and until when. Writes of other clients may come in
 * between (servers that register themselves, for example): then the rest is computed again from the
 * newest config, after a pause, for as long as the plan asks for it and PUBLISHING_WITHIN has not
 * passed.
 */
#ifndef ZKNGINX_PUBLISHING_H
#define ZKNGINX_PUBLISHING_H

#include <stdint.h>
#include <zknginx/macros.h>

#define PUBLISHING_WITHIN (60 * USEC_PER_SEC) /* after that, other clients' writes end it */
#define PUBLISHING_SEEN (10 * USEC_PER_SEC)   /* what was written is the newest config by then */

#define PUBLISHING_STATES(X)                                                                       \
	X(IDLE, "idle")         /* nothing is to be published */                                   \
	X(FETCHING, "fetching") /* the old config is being read from the history */                \
	X(WRITING, "writing")                                                                      \
	X(PAUSED, "paused")   /* a write failed; another attempt follows */                        \
	X(WRITTEN, "written") /* everything is written; the newest config is not it yet */         \
	X(FAILED, "failed")   /* given up; the plan does not say so yet */

enum publishing_state {
#define X(name, text) PUBLISHING_##name,
	PUBLISHING_STATES(X)
#undef X
		PUBLISHING_STATE_N
};

#define PUBLISHING_EVENTS(X)                                                                       \
	X(ASKED, "asked")               /* by the plan; again after a second request */            \
	X(FETCHED, "fetched")           /* the old config is at hand */                            \
	X(FETCH_FAILED, "fetch-failed") /* the history does not have it */                         \
	X(DONE, "done")                 /* the last transaction is written */                      \
	X(WRITE_FAILED, "write-failed") /* what was there had changed, or the link broke */        \
	X(DUE, "due")                   /* the time of PAUSED or WRITTEN has passed */             \
	X(EXPIRED, "expired")           /* … and so has PUBLISHING_WITHIN */                     \
	X(SEEN, "seen")                 /* the newest config is the revision */                    \
	X(OVER, "over")                 /* the plan does not ask for it any more */

enum publishing_event {
#define X(name, text) PUBLISHING_EV_##name,
	PUBLISHING_EVENTS(X)
#undef X
		PUBLISHING_EVENT_N
};

#define PUBLISHING_COMMANDS(X)                                                                     \
	X(UNEXPECTED, "unexpected") /* this event cannot come in this state: nothing changes */    \
	X(NOTHING, "nothing")                                                                      \
	X(FETCH, "fetch")                                                                          \
	X(WRITE, "write")                                                                          \
	X(PAUSE, "pause")     /* publishing_pause(), then DUE or EXPIRED */                        \
	X(WATCH, "watch")     /* SEEN is expected within PUBLISHING_SEEN, or else DUE */           \
	X(GIVE_UP, "give-up") /* keep the message for the plan */                                  \
	X(FORGET, "forget")

enum publishing_command {
#define X(name, text) PUBLISHING_DO_##name,
	PUBLISHING_COMMANDS(X)
#undef X
		PUBLISHING_COMMAND_N
};

const char *publishing_state_name(enum publishing_state s);
const char *publishing_event_name(enum publishing_event e);
const char *publishing_command_name(enum publishing_command c);

struct publishing_step {
	enum publishing_state state;
	enum publishing_command command;
};
struct publishing_step publishing_next(enum publishing_state state, enum publishing_event event);

/* How long to wait after so many failed attempts (1: the first). The caller adds up to half of it
 * at random, so that the attempts do not keep step with a client that writes regularly. */
uint64_t publishing_pause(unsigned failures);

#endif
