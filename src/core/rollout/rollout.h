/*
 * Rollout: the leader's next plan, and what a plan permits a host. Pure.
 *
 * The leader calls rollout_next() whenever something changed or the time it asked for
 * has come, writes what it returns in one fenced transaction, and calls it again with
 * what was written. Nothing but the plan and the history survives a leader: a new one
 * counts the time of the step from its start again (so a bake is never shorter), and repeats no
 * step, because the step is in the plan.
 *
 * What always holds: at most canaries + the batches begun so far are on the target;
 * a batch begins only when the verdict of every host before it is good and the time
 * of the step has passed; a failure of a canary, or of more others than max_failures,
 * halts; endpoints have no influence.
 */
#ifndef ZKNGINX_ROLLOUT_H
#define ZKNGINX_ROLLOUT_H

#include <stdint.h>
#include <zknginx/history.h>
#include <zknginx/member.h>
#include <zknginx/modes.h>
#include <zknginx/plan.h>
#include <zknginx/settings.h>

#include "core/fleet/request.h"

struct rollout_rules {
	enum rollout_mode mode;
	long canaries;                   /* how many, by order of host name; unless … */
	const char *const *canary_hosts; /* … these are named; NULL-terminated; NULL = not */
	long batch;                      /* hosts, or percent of the joined ones (at least one) */
	bool batch_is_percent;
	uint64_t bake_time;  /* the canaries' step lasts that long at least, all of them good */
	uint64_t batch_time; /* … and every later one that long */
	uint64_t settle;     /* a new revision must have stood that long: a push of many znodes */
	uint64_t apply_timeout;  /* a permitted host without a verdict by then has failed */
	uint64_t vanish_timeout; /* … and so has one that was missing for that long */
	long max_failures;       /* of hosts that are no canaries, before the rollout halts */
	bool revert;             /* on_failure = "revert" */
};

/* What the leader remembers beside the plan: since when things are as they are. Made when it is
 * elected, freed when it resigns. */
struct rollout;
struct rollout *rollout_new(void);
void rollout_free(struct rollout *r);

struct rollout_input {
	const struct rollout_rules *rules;
	const struct plan *plan; /* as it is stored; NULL = there is none */
	const struct member *members;
	size_t member_count; /* those that are there, sorted by host */
	/* Of the config in ZooKeeper; "" = not known, or nothing that may be rolled out (the root
	 * is missing or empty). */
	const char *newest;
	/* For the first plan: what the history recorded last as accepted (revision "" = nothing),
	 * and else what the leader's own nginx runs ("" = nothing, or nothing that counts as
	 * proven). */
	struct plan_revision recorded;
	const char *running;
	const struct plan *lost; /* the plan that ZooKeeper had before its history went back; NULL =
				    none: history has not gone back */
	const struct request *request; /* NULL = none, or being carried out (ROLLBACK) */
	const char *request_error;     /* there is one that cannot be read: why; NULL = no */
	/* The history entry that has this revision's content for a rollout that begins now, or 0.
	 */
	unsigned long (*stored)(void *ctx, const char *revision);
	/* A revision of the history by prefix, for ROLLBACK: 0 = none (or several, *why). */
	unsigned long (*find)(void *ctx, const char *prefix, const char **revision,
			      const char **why);
	void *ctx;
	const char *publish_error; /* PUBLISHING: why it came to nothing (to say so once is enough);
				      NULL: it did not */
	uint64_t now;              /* CLOCK_MONOTONIC */
	const char *wall;          /* the same as people read it */
	const char *leader;
};

struct rollout_decision {
	bool changed;      /* `next` is to be written */
	struct plan next;  /* in the arena given */
	bool consumed;     /* … and the request deleted with it */
	const char *store; /* put the config of this revision (it is the newest, or `running`) into
			      the history first, then ask again; NULL = no */
	/* With the plan: what became of a history entry; 0 = nothing. */
	unsigned long outcome_of;
	enum history_outcome outcome;
	/* Publish this history entry as the config: asked for once by each leader that finds the
	 * plan PUBLISHING, so never before that is written. It ends by itself when `newest` is
	 * what was to be published, or with `publish_error`. */
	unsigned long rollback;
	uint64_t due; /* ask again at that time at the latest; NEVER. With `changed` or `store` it
			 is NEVER: the answer of the write is what to wait for. */
};
void rollout_next(struct rollout *r, struct arena *a, const struct rollout_input *in,
		  struct rollout_decision *out);

/* --- what a host does about a plan ---------------------------------------------------------- */

/* Does a host with these settings take its revision from the plan? */
bool rollout_follows(const struct rollout_settings *s);

struct permit_host {
	const char *host;
	bool follows;       /* rollout_follows() */
	bool frozen;        /* rollout.freeze */
	bool is_member;     /* the member znode is ours: the plan's word for this name is for us */
	const char *newest; /* the revision of the tree at hand */
	bool unfinished;    /* … whose config is incomplete: a push is unfinished */
	bool untrusted;     /* … or has not the signature that this host asks for */
};

enum permit_kind {
	PERMIT_NEWEST, /* run what is in ZooKeeper */
	PERMIT_NAMED,  /* run this revision, with the endpoints of now */
	PERMIT_STAY,   /* keep the revision at hand, with the endpoints of now */
};

struct permit {
	enum permit_kind kind;
	struct plan_revision revision; /* NAMED, or on trial; borrowed from the plan */
	unsigned long attempt;         /* it is the target, on trial: the plan's attempt, for the
					  gate; 0: it is no trial. With STAY: a trial in which
					  the host is no member just now; its verdict is kept */
	/* With STAY, while the newest cannot be taken: what a host that runs nothing takes;
	 * revision "": nothing. Borrowed from the plan. */
	struct plan_revision accepted;
	const char *why; /* a few words for the status: "not among the hosts of step 1" */
};
/* plan NULL: there is none (yet). */
struct permit rollout_permit(const struct plan *plan, const struct permit_host *host);

#endif
