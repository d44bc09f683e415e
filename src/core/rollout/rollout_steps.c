/*
 * The steps: what the next plan says when a target begins, grows, is accepted, or is given up. The
 * caller has found that it is time; how many hosts, and which, is decided here.
 *
 * Hosts are taken by name; those whose nginx runs and that are connected to ZooKeeper come first: a
 * host that is unhealthy already would halt a rollout that has nothing to do with it.
 */
#include <stdlib.h>
#include <string.h>

#include "rollout_parts.h"

#define MESSAGE_MOST 1000        /* bytes of a host's message: the plan is read by every host */
#define ATTEMPTS_AHEAD 1000000UL /* more than any plan that was lost can have been ahead */

static const struct plan_revision nothing = { .revision = "" };

void rollout_enter(struct turn *t, enum plan_phase phase)
{
	t->plan->phase = phase;
	t->plan->since = t->in->wall;
}

void rollout_outcome(struct turn *t, enum history_outcome outcome)
{
	t->out->outcome_of = t->plan->target.history;
	t->out->outcome = outcome;
}

/* --- which hosts ---------------------------------------------------------------------------- */

struct names {
	const char **at;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_names(struct names *n)
{
	qsort(n->at, n->count, sizeof(*n->at), by_name);
}

static bool is_healthy(const struct member *m)
{
	return m->nginx_up && strcmp(m->state, "disconnected") != 0;
}

static bool is_named(const char *const *names, const char *host)
{
	for (; *names; names++) {
		if (strcmp(*names, host) == 0)
			return true;
	}
	return false;
}

static bool is_outside(const struct turn *t, const struct member *m)
{
	return m->part == MEMBER_JOINED && !plan_names(t->plan, m->host);
}

size_t rollout_outside(const struct turn *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->in->member_count; i++)
		n += is_outside(t, &t->in->members[i]);
	return n;
}

/* Hosts that the plan does not name: at most so many, healthy ones first. */
static struct names pick(const struct turn *t, size_t most)
{
	size_t count = t->in->member_count;
	struct names n = { .at = arena_array(t->a, const char *, count + 1) };

	for (int healthy = 1; healthy >= 0; healthy--) {
		for (size_t i = 0; i < count && n.count < most; i++) {
			const struct member *m = &t->in->members[i];

			if (is_outside(t, m) && is_healthy(m) == healthy)
				n.at[n.count++] = arena_strdup(t->a, m->host);
		}
	}
	sort_names(&n);
	return n;
}

static struct names pick_named(const struct turn *t, const char *const *names)
{
	struct names n = { .at = arena_array(t->a, const char *, t->in->member_count + 1) };

	for (size_t i = 0; i < t->in->member_count; i++) {
		const struct member *m = &t->in->members[i];

		if (m->part == MEMBER_JOINED && is_named(names, m->host))
			n.at[n.count++] = arena_strdup(t->a, m->host);
	}
	return n;
}

static struct names pick_canaries(const struct turn *t)
{
	const struct rollout_rules *rules = t->in->rules;

	if (rules->canary_hosts)
		return pick_named(t, rules->canary_hosts);
	return pick(t, rules->canaries > 0 ? (size_t)rules->canaries : 1);
}

static size_t batch_size(const struct turn *t)
{
	const struct rollout_rules *rules = t->in->rules;
	size_t size = rules->batch > 0 ? (size_t)rules->batch : 0, joined = 0;

	for (size_t i = 0; i < t->in->member_count; i++)
		joined += t->in->members[i].part == MEMBER_JOINED;
	if (rules->batch_is_percent)
		size = joined * size / 100;
	return size ? size : 1;
}

static void add_hosts(struct turn *t, struct names more)
{
	size_t count = t->plan->host_count;
	struct names n = { .at = arena_array(t->a, const char *, count + more.count + 1) };

	for (size_t i = 0; i < count; i++)
		n.at[n.count++] = t->plan->hosts[i];
	for (size_t i = 0; i < more.count; i++)
		n.at[n.count++] = more.at[i];
	sort_names(&n);
	t->plan->hosts = n.at;
	t->plan->host_count = n.count;
}

static void set_canaries(struct turn *t, struct names n)
{
	t->plan->canaries = n.at;
	t->plan->canary_count = n.count;
}

static void clear_hosts(struct turn *t)
{
	t->plan->host_count = 0;
	t->plan->canary_count = 0;
}

/* --- forward -------------------------------------------------------------------------------- */

bool rollout_store(struct turn *t, const char *revision, unsigned long *history)
{
	*history = t->in->stored(t->in->ctx, revision);
	if (!*history)
		t->out->store = arena_strdup(t->a, revision);
	return *history;
}

/* Higher than any attempt that a member reports, even if the plan was lost in between; reports that
 * are absurdly high are ignored. */
static unsigned long fresh_attempt(const struct turn *t)
{
	unsigned long most = t->plan->attempt, limit = most + ATTEMPTS_AHEAD;

	for (size_t i = 0; i < t->in->member_count; i++) {
		unsigned long attempt = t->in->members[i].gate.attempt;

		if (attempt > most && attempt <= limit)
			most = attempt;
	}
	return most < ATTEMPT_MAX ? most + 1 : ATTEMPT_MAX;
}

static void clear_failure(struct turn *t)
{
	t->plan->failure.host = t->plan->failure.znode = "";
	t->plan->failure.message = t->plan->failure.at = "";
}

static void begin_attempt(struct turn *t)
{
	t->plan->attempt = fresh_attempt(t);
	t->plan->step = 0;
	clear_hosts(t);
	clear_failure(t);
}

bool rollout_start(struct turn *t)
{
	struct plan before = *t->plan;
	struct names canaries;

	clear_hosts(t);
	canaries = pick_canaries(t);
	if (canaries.count == 0) {
		*t->plan = before;
		return false;
	}
	if (before.step) /* others take their place: in one attempt, hosts only come */
		t->plan->attempt = fresh_attempt(t);
	set_canaries(t, canaries);
	add_hosts(t, canaries);
	t->plan->step = 1;
	rollout_enter(t, PLAN_CANARY);
	return true;
}

void rollout_begin(struct turn *t, const char *revision, unsigned long history)
{
	begin_attempt(t);
	t->plan->target = (struct plan_revision){ arena_strdup(t->a, revision), history };
	rollout_enter(t, t->in->rules->mode == ROLLOUT_MANUAL ? PLAN_PENDING : PLAN_CANARY);
	if (t->plan->phase == PLAN_CANARY)
		rollout_start(t);
}

static struct names pick_running(const struct turn *t, const char *revision)
{
	struct names n = { .at = arena_array(t->a, const char *, t->in->member_count + 1) };

	for (size_t i = 0; i < t->in->member_count; i++) {
		const struct member *m = &t->in->members[i];

		if (is_outside(t, m) && strcmp(m->revision, revision) == 0)
			n.at[n.count++] = arena_strdup(t->a, m->host);
	}
	return n;
}

void rollout_resume(struct turn *t)
{
	t->plan->attempt = fresh_attempt(t);
	t->plan->since = t->in->wall;
	add_hosts(t, pick_running(t, t->plan->target.revision));
}

void rollout_again(struct turn *t)
{
	begin_attempt(t);
	rollout_outcome(t, OUTCOME_PENDING);
	rollout_enter(t, PLAN_CANARY);
	rollout_start(t);
}

void rollout_advance(struct turn *t)
{
	struct names batch = pick(t, batch_size(t));

	if (batch.count == 0) {
		rollout_outcome(t, OUTCOME_ACCEPTED);
		rollout_accept(t, t->plan->target);
		return;
	}
	add_hosts(t, batch);
	t->plan->step++;
	rollout_enter(t, PLAN_BATCH);
}

bool rollout_advance_all(struct turn *t)
{
	size_t outside = rollout_outside(t);

	if (outside == 0 && t->plan->host_count == 0)
		return false;
	if (t->plan->host_count == 0)
		set_canaries(t, pick_canaries(t));
	if (outside == 0) {
		rollout_advance(t);
		return true;
	}
	add_hosts(t, pick(t, outside));
	t->plan->step++;
	rollout_enter(t, PLAN_BATCH);
	return true;
}

void rollout_accept(struct turn *t, struct plan_revision revision)
{
	t->plan->accepted = revision;
	rollout_drop_target(t);
}

/* --- back ----------------------------------------------------------------------------------- */

void rollout_drop_target(struct turn *t)
{
	t->plan->target = nothing;
	t->plan->step = 0;
	clear_hosts(t);
	clear_failure(t);
	rollout_enter(t, PLAN_IDLE);
}

static const char *failure_message(const struct turn *t, const struct watched *w,
				   const struct member *m)
{
	const struct rollout_rules *rules = t->in->rules;

	if (w->state == HOST_MISSING)
		return arena_printf(t->a, "it has been gone for %.1f s",
				    (double)rules->vanish_timeout / (double)USEC_PER_SEC);
	if (w->state == HOST_BAD && *m->gate.message)
		return arena_printf(t->a, "%.*s", MESSAGE_MOST, m->gate.message);
	if (w->state == HOST_BAD)
		return "its verdict on the revision is bad";
	return arena_printf(t->a, "no verdict within %.1f s; its state is %.32s",
			    (double)rules->apply_timeout / (double)USEC_PER_SEC, m->state);
}

static void set_failure(struct turn *t, const struct watched *w)
{
	const struct member *m = members_find(t->in->members, t->in->member_count, w->host);
	const char *message = failure_message(t, w, m);

	if (!t->survey.canary && t->survey.failed > 1)
		message = arena_printf(t->a, "%s (and %ld more failed)", message,
				       t->survey.failed - 1);
	t->plan->failure.host = arena_strdup(t->a, w->host);
	t->plan->failure.znode = w->state == HOST_BAD ? arena_strdup(t->a, m->gate.znode) : "";
	t->plan->failure.message = message;
	t->plan->failure.at = t->in->wall;
}

void rollout_withdraw(struct turn *t, enum history_outcome outcome)
{
	rollout_outcome(t, outcome);
	if (t->plan->host_count && !*t->plan->accepted.revision) {
		t->plan->failure.message =
			arena_printf(t->a, "%s; there is no accepted revision to go back to",
				     t->plan->failure.message);
		t->out->outcome = OUTCOME_HALTED;
		rollout_enter(t, PLAN_HALTED);
		return;
	}
	clear_hosts(t);
	rollout_enter(t, PLAN_REVERTING);
}

void rollout_halt(struct turn *t)
{
	set_failure(t, t->survey.canary ? t->survey.canary : t->survey.other);
	if (t->in->rules->revert) {
		rollout_withdraw(t, OUTCOME_REVERTED);
		return;
	}
	rollout_outcome(t, OUTCOME_HALTED);
	rollout_enter(t, PLAN_HALTED);
}

/* A target that was given up for the rollback is not tried again: it may still be the newest. */
void rollout_end_publishing(struct turn *t)
{
	t->plan->publish = nothing;
	t->plan->publish_root = "";
	clear_hosts(t);
	rollout_enter(t, *t->plan->target.revision ? PLAN_REVERTED : PLAN_IDLE);
}
