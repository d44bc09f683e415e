/*
 * What the files of the leader's rollout share. rollout.c decides, rollout_watch.c
 * remembers, rollout_steps.c writes the next plan, rollout_request.c obeys.
 */
#ifndef ZKNGINX_CORE_ROLLOUT_PARTS_H
#define ZKNGINX_CORE_ROLLOUT_PARTS_H

#include "rollout.h"

/* The state of one host of the plan, with regard to the target. */
enum host_state {
	HOST_GOOD,    /* runs it, with a good verdict in this attempt */
	HOST_WAITING, /* there, without a verdict of this attempt */
	HOST_BAD,
	HOST_MISSING,
	HOST_EXCUSED, /* there, but takes no part any more: exempt, or frozen */
	HOST_STATE_N
};

struct watched {
	char *host;
	enum host_state state;
	uint64_t since;  /* … it is in that state */
	uint64_t waited; /* in WAITING before that, since it was GOOD the last time */
};

struct rollout {
	char *newest;
	uint64_t newest_since;
	uint64_t reverting;    /* since when the plan is found REVERTING; NEVER: it is not */
	unsigned long asked;   /* PUBLISHING: the history entry that was asked for; 0 = none */
	char *failed;          /* … and why it came to nothing; NULL: it did not */
	unsigned long attempt; /* that the rest is about */
	unsigned step;
	uint64_t steady; /* since when no host holds the step back; NEVER: one does */
	struct watched *watched;
	size_t count;
};

/* The states of the hosts of the plan, summed up. */
struct survey {
	const struct watched *holding; /* the first one that the step waits for, or NULL */
	const struct watched *canary;  /* the first canary that failed, or NULL */
	const struct watched *other;   /* … and the first other host */
	long failed;                   /* how many others */
	size_t good;
	size_t standing; /* canaries that take part, whatever their verdict */
	uint64_t due;    /* when the next one fails by time alone */
};

/* One call of rollout_next(). */
struct turn {
	struct rollout *r;
	struct arena *a;
	const struct rollout_input *in;
	struct rollout_decision *out;
	struct plan *plan; /* the next one, at first a copy of the one at hand */
	struct survey survey;
};

uint64_t time_after(uint64_t since, uint64_t span); /* NEVER when either is */

/* rollout_watch.c: takes in what is there now. Nothing is learnt from what was decided, only
 * from plans that were stored: a write may come to nothing. */
void rollout_watch(struct rollout *r, const struct rollout_input *in);
void rollout_forget_publishing(struct rollout *r);
struct survey rollout_survey(const struct rollout *r, const struct rollout_input *in);
bool rollout_is_halting(const struct turn *t); /* a canary failed, or too many others */
bool rollout_newest_is_settled(const struct turn *t);
uint64_t rollout_settles_at(const struct turn *t);
/* Is the config known, and not that of the target? Then the target grows no further. */
bool rollout_is_outdated(const struct turn *t);

/* rollout_steps.c: each writes into t->plan what its name says. */
bool rollout_store(struct turn *t, const char *revision, unsigned long *history);
void rollout_begin(struct turn *t, const char *revision, unsigned long history);
/* The plan's target and hosts go on in a new attempt. Hosts that run it already are named, too. */
void rollout_resume(struct turn *t);
void rollout_again(struct turn *t); /* the same target, in a new attempt */
bool rollout_start(struct turn *t); /* step 1; false: there is no canary, and nothing changed */
void rollout_advance(struct turn *t);
bool rollout_advance_all(struct turn *t); /* false: nobody takes part */
void rollout_accept(struct turn *t, struct plan_revision revision);
void rollout_halt(struct turn *t);
void rollout_withdraw(struct turn *t, enum history_outcome outcome);
void rollout_drop_target(struct turn *t);
void rollout_end_publishing(struct turn *t);
void rollout_enter(struct turn *t, enum plan_phase phase);
void rollout_outcome(struct turn *t, enum history_outcome outcome); /* of the target */
size_t rollout_outside(const struct turn *t); /* joined hosts that the plan does not name */

/* rollout_request.c */
void rollout_obey(struct turn *t);

#endif
