/*
 * What operators ask for. Every request is consumed by the plan that answers it: with
 * "done", or with "refused: " and why, so that the operator sees the result and no
 * request is obeyed twice. A promote shortens the time of a step, never its gates.
 */
#include <string.h>

#include "rollout_parts.h"

static bool has_target(const struct turn *t)
{
	return *t->plan->target.revision;
}

static const char *by_whom(const struct turn *t, const char *did)
{
	const char *by = t->in->request->by;

	return *by ? arena_printf(t->a, "%s by %s", did, by) : did;
}

static const char *outdated(const struct turn *t)
{
	return arena_printf(t->a, "the config has changed since, to %.12s", t->in->newest);
}

/* --- each returns NULL when done, or why not ------------------------------------------------- */

static const char *obey_pause(struct turn *t)
{
	t->plan->paused = true;
	return NULL;
}

static const char *obey_resume(struct turn *t)
{
	bool was_paused = t->plan->paused;
	bool stopped = plan_is_stopped(t->plan);

	if (!was_paused && !stopped)
		return "nothing is paused, halted or reverted";
	if (!was_paused && rollout_is_outdated(t))
		return outdated(t);
	t->plan->paused = false;
	if (stopped && !rollout_is_outdated(t))
		rollout_again(t);
	return NULL;
}

/* May the next step begin, but for the time? */
static const char *not_ready(const struct turn *t)
{
	if (t->plan->paused)
		return "it is paused";
	if (rollout_is_outdated(t))
		return outdated(t);
	if (t->plan->host_count == 0)
		return NULL;
	if (rollout_is_halting(t))
		return "hosts have failed";
	if (t->survey.holding)
		return arena_printf(t->a, "%s has no good verdict on it yet",
				    t->survey.holding->host);
	return t->survey.good ? NULL : "no host has a good verdict on it";
}

static const char *obey_promote(struct turn *t)
{
	enum plan_phase phase = t->plan->phase;
	const char *why;

	if (plan_is_stopped(t->plan))
		return "it was stopped; resume tries it again";
	if (phase != PLAN_PENDING && phase != PLAN_CANARY && phase != PLAN_BATCH)
		return "no rollout is in progress";
	why = not_ready(t);
	if (why)
		return why;
	if (t->in->request->all)
		return rollout_advance_all(t) ? NULL : "no host takes part";
	if (t->plan->host_count == 0)
		return rollout_start(t) ? NULL : "there is no canary";
	rollout_advance(t);
	return NULL;
}

static void set_failure(struct turn *t, const char *message)
{
	t->plan->failure.host = t->plan->failure.znode = "";
	t->plan->failure.message = message;
	t->plan->failure.at = t->in->wall;
}

static const char *obey_abort(struct turn *t)
{
	enum plan_phase phase = t->plan->phase;

	if (phase == PLAN_PUBLISHING) {
		rollout_end_publishing(t);
		return NULL;
	}
	if (phase == PLAN_IDLE)
		return "no rollout is in progress";
	if (phase == PLAN_REVERTING || phase == PLAN_REVERTED)
		return "it is withdrawn already";
	if (phase == PLAN_HALTED && t->plan->host_count && !*t->plan->accepted.revision)
		return "there is no accepted revision to go back to";
	set_failure(t, by_whom(t, "aborted"));
	rollout_withdraw(t, OUTCOME_ABORTED);
	return NULL;
}

/* A target on its way is given up with it: its hosts go back at once, not when it is published. */
static void give_up_target(struct turn *t, const char *revision)
{
	enum plan_phase phase = t->plan->phase;

	if (!has_target(t))
		return;
	if (phase == PLAN_PENDING || phase == PLAN_CANARY || phase == PLAN_BATCH)
		rollout_outcome(t, OUTCOME_ABORTED);
	if (!*t->plan->failure.message)
		set_failure(t, arena_printf(t->a, "%s for a rollback to %.12s",
					    by_whom(t, "given up"), revision));
	t->plan->host_count = t->plan->canary_count = 0;
}

static const char *obey_rollback(struct turn *t)
{
	const char *revision = "", *why = "the history has no such revision";
	unsigned long history = t->in->find(t->in->ctx, t->in->request->revision, &revision, &why);

	if (!history)
		return why;
	if (strcmp(revision, t->in->newest) == 0)
		return "that revision is the config already";
	give_up_target(t, revision);
	t->plan->publish = (struct plan_revision){ arena_strdup(t->a, revision), history };
	t->plan->publish_root = arena_strdup(t->a, t->in->request->root ?: "");
	rollout_forget_publishing(t->r); /* asked for again, it is published again */
	rollout_enter(t, PLAN_PUBLISHING);
	return NULL;
}

static const struct {
	const char *(*obey)(struct turn *t);
	const char *done;
} actions[REQUEST_ACTION_N] = {
	[REQUEST_PAUSE] = { obey_pause, "done" },
	[REQUEST_RESUME] = { obey_resume, "done" },
	[REQUEST_PROMOTE] = { obey_promote, "done" },
	[REQUEST_ABORT] = { obey_abort, "done" },
	[REQUEST_ROLLBACK] = { obey_rollback, "publishing" },
};

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* A request that names a revision is about that one, and about no other. */
static const char *other_revision(const struct turn *t)
{
	const struct request *q = t->in->request;
	const char *target = t->plan->target.revision;

	if (q->action == REQUEST_ROLLBACK || !*q->revision || starts_with(target, q->revision) ||
	    starts_with(t->plan->publish.revision, q->revision))
		return NULL;
	return has_target(t) ? arena_printf(t->a, "the target is %.12s", target)
			     : "there is no target";
}

static const char *answer(struct turn *t)
{
	const struct request *q = t->in->request;
	const char *why;

	if (!q)
		return arena_printf(t->a, "refused: it is not valid: %s", t->in->request_error);
	why = other_revision(t);
	if (!why)
		why = actions[q->action].obey(t);
	return why ? arena_printf(t->a, "refused: %s", why) : actions[q->action].done;
}

void rollout_obey(struct turn *t)
{
	const struct request *q = t->in->request;

	t->plan->request.result = answer(t);
	t->plan->request.action = q ? request_action_name(q->action) : "";
	t->plan->request.by = q ? arena_strdup(t->a, q->by) : "";
	t->plan->request.at = t->in->wall;
	t->out->consumed = true;
}
