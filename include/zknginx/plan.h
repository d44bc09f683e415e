/*
 * The plan: which revision each host may run, in cluster/plan. Written by the leader
 * alone, read by every host.
 *
 * There are at most two revisions in a plan. `accepted` is what the fleet agreed on;
 * `target` is on its way. The hosts that are named may run the target, all others run
 * what was accepted: so a host that is not in the plan (one that joins, one that the
 * leader does not know) always runs the proven revision.
 */
#ifndef ZKNGINX_PLAN_H
#define ZKNGINX_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>
#include <zknginx/tree.h>

#define PLAN_PHASES(X)                                                                             \
	X(IDLE, "idle")           /* everybody runs `accepted`; no target */                       \
	X(PENDING, "pending")     /* mode "manual": a target waits for its first promote */        \
	X(CANARY, "canary")       /* the target is on the canaries */                              \
	X(BATCH, "batch")         /* … and on its way through the others */                      \
	X(HALTED, "halted")       /* stopped by a failure; each host keeps what it is permitted */ \
	X(REVERTING, "reverting") /* the target is withdrawn; some hosts still run it */           \
	X(REVERTED, "reverted")   /* no host runs it; it is not tried again by itself */           \
	X(PUBLISHING, "publishing") /* a rollback is being written; nothing moves meanwhile */

enum plan_phase {
#define X(name, text) PLAN_##name,
	PLAN_PHASES(X)
#undef X
		PLAN_PHASE_N
};

struct plan_revision {
	const char *revision;  /* hex digest; "" = none */
	unsigned long history; /* history/SEQ has its content; 0 = none */
};

struct plan {
	enum plan_phase phase;
	bool paused;
	const char *mode; /* of the leader's settings */
	struct plan_revision accepted, target;
	/* PUBLISHING: what the config is to become; the target, if there is one, is given up. */
	struct plan_revision publish;
	const char *publish_root; /* … and the data of its root, with a new signature; "" = that of
				     the history */
	unsigned long
		attempt;    /* grows whenever a target begins, or begins again; each has
			       verdicts of its own, and 0 is none; at most ATTEMPT_MAX (member.h) */
	unsigned step;      /* 0: not begun; 1: canaries; 2…: batches */
	const char **hosts; /* sorted; these may run the target */
	size_t host_count;
	const char **canaries; /* sorted; those of the hosts that were chosen for step 1 */
	size_t canary_count;
	const char *since; /* when this step began, wall clock, for people */
	struct {
		const char *host, *znode, *message, *at; /* all "" = there was none */
	} failure;
	struct {
		const char *action, *by, *result, *at; /* the last request, and what came of it */
	} request;
	const char *leader, *updated;
};

const char *plan_phase_name(enum plan_phase p);
/* May the hosts that are named run the target? (CANARY, BATCH, HALTED) */
bool plan_is_moving(const struct plan *p);
/* Was the target stopped? (HALTED, REVERTING, REVERTED) */
bool plan_is_stopped(const struct plan *p);
bool plan_names(const struct plan *p, const char *host);

/* Into the arena; false: not a plan (message in *why). An unknown field is ignored. */
bool plan_parse(struct arena *a, const char *data, size_t size, struct plan *out, const char **why);
/* Sorted keys, stable bytes; times as they are in it. */
void plan_print(const struct plan *p, struct buf *out);
/* Equal, but for `updated`? */
bool plan_same(const struct plan *a, const struct plan *b);
/* A deep copy, in the arena. */
struct plan plan_copy(struct arena *a, const struct plan *p);

#endif
