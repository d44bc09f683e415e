/*
 * A landing: a revision on its way through the fleet, told from one view of the fleet after the
 * other. It has landed when every host runs it, and the fleet has accepted it where it has a plan.
 * Frozen hosts do not count. Pure; everything is in the arena.
 */
#ifndef ZKNGINX_STATUS_LANDING_H
#define ZKNGINX_STATUS_LANDING_H

#include "fleet_view.h"

#define LANDING_STATES(X)                                                                          \
	X(WAITING, "waiting")   /* it runs another revision */                                     \
	X(APPLIED, "applied")   /* it runs this one */                                             \
	X(DEGRADED, "degraded") /* … with problems that it did not have before */                \
	X(REFUSED, "refused")   /* it found it bad */                                              \
	X(FROZEN, "frozen")     /* its settings keep what it runs */

enum landing_state {
#define X(name, text) LANDING_##name,
	LANDING_STATES(X)
#undef X
		LANDING_STATE_N
};

#define LANDING_OUTCOMES(X)                                                                        \
	X(GOING, "going")         /* on its way */                                                 \
	X(DONE, "landed")         /* everywhere, without new problems */                           \
	X(PROBLEMS, "problems")   /* everywhere, but with problems, or refused by some hosts */    \
	X(HALTED, "halted")       /* the rollout was stopped */                                    \
	X(REVERTED, "reverted")   /* … and withdrawn */                                          \
	X(REPLACED, "replaced")   /* another revision came after it */                             \
	X(NOWHERE, "nowhere")     /* there is no host that it could land on */                     \
	X(UNDECIDED, "undecided") /* nobody looks any more */

enum landing_outcome {
#define X(name, text) LANDING_##name,
	LANDING_OUTCOMES(X)
#undef X
		LANDING_OUTCOME_N
};

struct landing_host {
	const char *name;
	enum landing_state state;
	const char *message; /* of DEGRADED and REFUSED; else "" */
	bool settled;        /* nothing more is to come from it */
};

struct landing_event {
	enum { LANDING_NEWS, LANDING_GOOD, LANDING_WRONG } kind;
	const char *host; /* "" = of the rollout */
	const char *text;
};

struct landing {
	struct arena *arena;
	const char *revision; /* the caller fills it in before the first look */
	struct {
		const char *host;
		struct problem problem;
	} * known; /* problems from before */
	size_t known_count;
	struct landing_host *hosts; /* the members, sorted by name */
	size_t host_count;          /* … */
	size_t applied;             /* how many of them run it */
	const char *phase;          /* of the rollout, for people; "" = none */
	enum landing_outcome outcome;
	const char *message;          /* of the outcome, a sentence */
	struct landing_event *events; /* of the last look */
	size_t event_count, event_room;
};

const char *landing_state_name(enum landing_state s);
const char *landing_outcome_name(enum landing_outcome o);

/* Before the change: takes the problems that the hosts have. */
void landing_begin(struct landing *l, struct arena *a, const struct fleet_view *v);
/* Sets all that is said above from this view. */
void landing_look(struct landing *l, const struct fleet_view *v);

#endif
