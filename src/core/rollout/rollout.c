/*
 * The leader's next plan. Each call looks at what is there, and decides on one change at
 * most; what it remembers comes from plans that were stored, so a write that was lost is
 * decided on again, and one that was stored though its answer was lost is not.
 *
 * In this order: the first plan; a request; a rollback that is being published, during which
 * nothing else moves; what the newest revision asks for; what the phase asks for.
 *
 * The newest revision counts when it has stood for `settle`:
 *
 *	newest is              target?   then
 *	unknown                any       nothing; what moves, moves on
 *	accepted               none      nothing
 *	accepted               one       the target is withdrawn: IDLE
 *	the target             -         nothing: on its way, or stopped and not tried again
 *	another one            any       it becomes the target, and supersedes one on its way
 *	not accepted           any       mode "all": it is accepted; a rollout on its way ends
 *
 *	phase                  what is found                            then
 *	PENDING                the mode is "canary" now                 step 1, as below
 *	CANARY, BATCH          a canary failed; too many others did     HALTED, or REVERTING
 *	CANARY                 no canary chosen, or none takes part     canaries are chosen
 *	CANARY, BATCH          a host is still waited for               wait
 *	CANARY, BATCH          all good; hosts are left outside         the next batch, after the
 *	                                                                step's time; "manual": wait
 *	CANARY, BATCH          all good; no host is left outside        accepted, after the step's
 *	                                                                time, in "manual" too
 *	REVERTING              no host runs the target, or apply_timeout REVERTED
 *	IDLE, HALTED, REVERTED -                                        wait
 *
 * Paused, a plan takes no step forward: none begins, grows or is accepted. It still halts,
 * reverts, and withdraws. Nor does a target grow that is the config no more: what supersedes
 * it is on its way.
 *
 * "All good" is said of the hosts of the plan that are joined. One that has failed, and did
 * not halt the rollout, is passed over; one that is missing is waited for until it has failed;
 * there must be a good one. The time of a step is counted from when that began to hold without
 * a break. A host that left the rollout by its settings (exempt, frozen) is not asked any more.
 */
#include <string.h>

#include "rollout_parts.h"

static void ask_at(struct turn *t, uint64_t when)
{
	if (when < t->out->due)
		t->out->due = when;
}

static bool is_same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* --- the newest revision -------------------------------------------------------------------- */

/* What the newest revision asks for. */
enum wish { WISH_NOTHING, WISH_TARGET, WISH_WITHDRAW, WISH_ACCEPT };

static enum wish wish(const struct turn *t)
{
	const char *newest = t->in->newest, *target = t->plan->target.revision;

	if (!*newest)
		return WISH_NOTHING;
	if (is_same(newest, t->plan->accepted.revision))
		return *target ? WISH_WITHDRAW : WISH_NOTHING;
	if (t->in->rules->mode == ROLLOUT_ALL)
		return WISH_ACCEPT;
	return is_same(newest, target) ? WISH_NOTHING : WISH_TARGET;
}

/* A target that was stopped has its outcome already. */
static bool is_on_its_way(const struct plan *p)
{
	return p->phase == PLAN_PENDING || p->phase == PLAN_CANARY || p->phase == PLAN_BATCH;
}

static void withdraw(struct turn *t)
{
	if (is_on_its_way(t->plan))
		rollout_outcome(t, OUTCOME_WITHDRAWN);
	rollout_drop_target(t);
}

static void take_target(struct turn *t)
{
	unsigned long history;

	if (!rollout_store(t, t->in->newest, &history))
		return;
	if (is_on_its_way(t->plan))
		rollout_outcome(t, OUTCOME_SUPERSEDED);
	rollout_begin(t, t->in->newest, history);
}

/* Two outcomes are two plans: first that of the target that ends. */
static void accept_at_once(struct turn *t)
{
	struct plan_revision newest = { .revision = arena_strdup(t->a, t->in->newest) };

	if (is_on_its_way(t->plan) && rollout_is_outdated(t)) {
		rollout_outcome(t, OUTCOME_SUPERSEDED);
		rollout_drop_target(t);
		return;
	}
	if (!rollout_is_outdated(t))
		newest = t->plan->target;
	else if (!rollout_store(t, newest.revision, &newest.history))
		return;
	t->out->outcome_of = newest.history;
	t->out->outcome = OUTCOME_ACCEPTED;
	rollout_accept(t, newest);
}

static bool follow_newest(struct turn *t)
{
	static void (*const grant[])(struct turn *) = {
		[WISH_TARGET] = take_target,
		[WISH_WITHDRAW] = withdraw,
		[WISH_ACCEPT] = accept_at_once,
	};
	enum wish w = wish(t);

	if (w == WISH_NOTHING || (t->plan->paused && w != WISH_WITHDRAW))
		return false;
	if (!rollout_newest_is_settled(t)) {
		ask_at(t, rollout_settles_at(t));
		return false;
	}
	grant[w](t);
	return true;
}

/* --- the phases ----------------------------------------------------------------------------- */

static bool may_grow(const struct turn *t)
{
	return !t->plan->paused && !rollout_is_outdated(t);
}

static void on_pending(struct turn *t)
{
	if (t->in->rules->mode != ROLLOUT_MANUAL && may_grow(t))
		rollout_start(t);
}

static bool is_without_canaries(const struct turn *t)
{
	return t->plan->phase == PLAN_CANARY && t->survey.standing == 0;
}

static uint64_t step_ends(const struct turn *t)
{
	const struct rollout_rules *rules = t->in->rules;

	return time_after(t->r->steady, t->plan->step <= 1 ? rules->bake_time : rules->batch_time);
}

/* All verdicts are good: is it time for more hosts? */
static void step_forward(struct turn *t)
{
	bool grows = rollout_outside(t) > 0;

	if (t->plan->paused)
		return;
	if (grows && (!may_grow(t) || t->in->rules->mode == ROLLOUT_MANUAL))
		return;
	if (step_ends(t) > t->in->now)
		ask_at(t, step_ends(t));
	else
		rollout_advance(t);
}

static void on_trial(struct turn *t)
{
	ask_at(t, t->survey.due);
	if (rollout_is_halting(t)) {
		rollout_halt(t);
		return;
	}
	if (is_without_canaries(t)) {
		if (may_grow(t))
			rollout_start(t);
		return;
	}
	if (t->r->steady != NEVER)
		step_forward(t);
}

static bool is_run_by_any(const struct turn *t, const char *revision)
{
	for (size_t i = 0; i < t->in->member_count; i++) {
		const struct member *m = &t->in->members[i];

		if (m->part == MEMBER_JOINED && is_same(m->revision, revision))
			return true;
	}
	return false;
}

static void on_reverting(struct turn *t)
{
	uint64_t until = time_after(t->r->reverting, t->in->rules->apply_timeout);

	if (until <= t->in->now || !is_run_by_any(t, t->plan->target.revision))
		rollout_enter(t, PLAN_REVERTED);
	else
		ask_at(t, until);
}

static void set_rollback_result(struct turn *t, const char *result)
{
	t->plan->request.action = request_action_name(REQUEST_ROLLBACK);
	t->plan->request.result = result;
	t->plan->request.at = t->in->wall;
}

static void on_publishing(struct turn *t)
{
	if (is_same(t->in->newest, t->plan->publish.revision)) {
		set_rollback_result(t, "done");
		rollout_end_publishing(t);
		rollout_drop_target(t);
	} else if (t->r->failed) {
		set_rollback_result(t, arena_printf(t->a, "failed: %s", t->r->failed));
		rollout_end_publishing(t);
	} else if (t->r->asked != t->plan->publish.history) {
		t->out->rollback = t->plan->publish.history;
	}
}

static void (*const on_phase[PLAN_PHASE_N])(struct turn *) = {
	[PLAN_PENDING] = on_pending,
	[PLAN_CANARY] = on_trial,
	[PLAN_BATCH] = on_trial,
	[PLAN_REVERTING] = on_reverting, /* the others wait for a newest, or for a request */
};

/* No leader writes a phase without what it is about; a person might. */
static bool is_broken(const struct plan *p)
{
	if (p->phase == PLAN_PUBLISHING)
		return !*p->publish.revision;
	return p->phase != PLAN_IDLE && !*p->target.revision;
}

static void decide(struct turn *t)
{
	void (*on)(struct turn *) = on_phase[t->plan->phase];

	if (is_broken(t->plan))
		rollout_drop_target(t);
	else if (t->in->request || t->in->request_error)
		rollout_obey(t);
	else if (t->plan->phase == PLAN_PUBLISHING)
		on_publishing(t);
	else if (!follow_newest(t) && on)
		on(t);
}

/* --- the whole ------------------------------------------------------------------------------ */

/*
 * If the plan was deleted, the last accepted entry of the history is what is accepted. Without
 * a history, it is what this leader runs; if it runs nothing, the newest revision goes on trial.
 */
static void decide_first(struct turn *t)
{
	const char *running = t->in->running, *recorded = t->in->recorded.revision;

	if (t->in->rules->mode != ROLLOUT_ALL && recorded && *recorded) {
		t->plan->accepted.revision = arena_strdup(t->a, recorded);
		t->plan->accepted.history = t->in->recorded.history;
		rollout_enter(t, PLAN_IDLE);
		return;
	}
	if (t->in->rules->mode == ROLLOUT_ALL)
		running = t->in->newest;
	if (*running) {
		t->plan->accepted.revision = arena_strdup(t->a, running);
		if (!rollout_store(t, running, &t->plan->accepted.history))
			return;
		t->out->outcome_of = t->plan->accepted.history;
		t->out->outcome = OUTCOME_ACCEPTED;
	}
	rollout_enter(t, PLAN_IDLE);
}

static void set_author(struct turn *t)
{
	t->plan->mode = rollout_mode_name(t->in->rules->mode);
	t->plan->leader = t->in->leader;
}

/*
 * ZooKeeper's history has gone back, and the plan with it. The plan that was lost is written again,
 * so that no host goes back. Its entries of the history may be lost as well, or have other numbers.
 * A target that the config is no more is given up. In mode "all" there is nothing to go on with.
 */
static void decide_lost(struct turn *t)
{
	struct plan *p = t->plan;
	const char *accepted = t->in->lost->accepted.revision, *unused;

	*p = plan_copy(t->a, t->in->lost);
	set_author(t);
	p->accepted.history = *accepted ? t->in->find(t->in->ctx, accepted, &unused, &unused) : 0;
	if (*t->in->running && !rollout_store(t, t->in->running, &p->accepted.history))
		return;
	if (p->phase == PLAN_PUBLISHING)
		rollout_end_publishing(t);
	if (!is_same(p->target.revision, t->in->newest))
		rollout_drop_target(t);
	else if (rollout_store(t, t->in->newest, &p->target.history) && plan_is_moving(p))
		rollout_resume(t);
}

static bool is_first_due(struct turn *t)
{
	if (!*t->in->newest)
		return false;
	if (t->in->rules->mode != ROLLOUT_ALL || rollout_newest_is_settled(t))
		return true;
	ask_at(t, rollout_settles_at(t));
	return false;
}

static void finish(struct turn *t)
{
	struct rollout_decision *out = t->out;

	out->changed = out->consumed || !plan_same(t->in->plan, t->plan);
	if (out->store)
		out->changed = false;
	if (out->changed)
		t->plan->updated = t->in->wall;
	if (out->changed || out->store)
		out->due = NEVER;
	if (out->changed)
		out->rollback = 0; /* a plan write that fails must also block publishing */
	if (out->rollback)
		t->r->asked = out->rollback;
}

void rollout_next(struct rollout *r, struct arena *a, const struct rollout_input *in,
		  struct rollout_decision *out)
{
	static const struct plan none = { 0 };
	struct rollout_input copy = *in;
	struct turn t = { .r = r, .a = a, .in = &copy, .out = out, .plan = &out->next };

	copy.wall = arena_strdup(a, in->wall); /* they become the plan's */
	copy.leader = arena_strdup(a, in->leader);
	*out = (struct rollout_decision){ .due = NEVER };
	out->next = plan_copy(a, in->plan ? in->plan : &none);
	rollout_watch(r, in);
	set_author(&t);
	if (!in->plan) {
		if (!is_first_due(&t))
			return;
		if (in->lost && in->rules->mode != ROLLOUT_ALL)
			decide_lost(&t);
		else
			decide_first(&t);
		out->changed = !out->store;
		t.plan->updated = copy.wall;
		return;
	}
	t.survey = rollout_survey(r, in);
	decide(&t);
	finish(&t);
}
