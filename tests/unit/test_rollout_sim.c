/*
 * The rollout in thousands of random worlds. Members come and go, leaders die at any point, plans
 * arrive late, verdicts are good, bad or missing. After every event an observer with records of its
 * own checks the rules. A failure names its seed: SIM_SEED=n runs that world alone, SIM_RUNS=n runs
 * n of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rollout_world.h"

/* --- the observer --------------------------------------------------------------------------- */

static bool is_trial(const struct plan *p)
{
	return p->phase == PLAN_CANARY || p->phase == PLAN_BATCH;
}

static bool lists(const char *const *names, size_t count, const char *host)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], host) == 0)
			return true;
	}
	return false;
}

static bool is_joined(const struct host *h)
{
	return h->present && h->m.part == MEMBER_JOINED;
}

static bool has_verdict(const struct plan *p, const struct host *h, enum verdict v)
{
	return is_joined(h) && h->m.gate.verdict == v && h->m.gate.attempt == p->attempt &&
	       strcmp(h->m.gate.revision, p->target.revision) == 0;
}

static bool is_good(const struct plan *p, const struct host *h)
{
	return has_verdict(p, h, VERDICT_GOOD) && strcmp(h->m.revision, p->target.revision) == 0;
}

/* Does this host of the plan block the next step? */
static bool is_in_the_way(struct world *w, const struct plan *p, size_t i)
{
	const struct rollout_rules *r = &w->rules;
	uint64_t patience =
		r->apply_timeout < r->vanish_timeout ? r->apply_timeout : r->vanish_timeout;
	const struct host *h = &w->hosts[i];
	bool excused = h->present && h->m.part != MEMBER_JOINED;

	if (is_good(p, h)) {
		w->observer.not_good[i] = NEVER;
		return false;
	}
	if (w->observer.not_good[i] == NEVER)
		w->observer.not_good[i] = w->now;
	if (excused)
		return false;
	if (lists(p->canaries, p->canary_count, h->m.host))
		return true;
	return !has_verdict(p, h, VERDICT_BAD) && w->now - w->observer.not_good[i] < patience;
}

static void forget(struct observer *o)
{
	o->fine = NEVER;
	for (size_t i = 0; i < HOSTS_MOST; i++)
		o->not_good[i] = NEVER;
}

/* What the leader can see now, before its next step. */
static void observe(struct world *w)
{
	const struct plan *p = &w->plans[w->view];
	struct observer *o = &w->observer;
	bool fine = true;
	size_t good = 0;
	long bad = 0;

	if (!is_trial(p) || p->attempt != o->attempt)
		forget(o);
	if (p->step != o->step)
		o->fine = NEVER;
	if (o->newest != w->newest)
		o->newest_since = w->now;
	o->newest = w->newest;
	o->attempt = p->attempt;
	o->step = p->step;
	o->failing = false;
	for (size_t i = 0; i < w->host_count && is_trial(p); i++) {
		const struct host *h = &w->hosts[i];

		if (!plan_names(p, h->m.host))
			continue;
		fine &= !is_in_the_way(w, p, i);
		good += is_good(p, h);
		bad += has_verdict(p, h, VERDICT_BAD);
		o->failing |= has_verdict(p, h, VERDICT_BAD) &&
			      lists(p->canaries, p->canary_count, h->m.host);
	}
	o->failing |= bad > w->rules.max_failures;
	if (!fine || !good)
		o->fine = NEVER;
	else if (o->fine == NEVER)
		o->fine = w->now;
}

/* --- what a step may be --------------------------------------------------------------------- */

static size_t joined_outside(const struct world *w, const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < w->host_count; i++)
		n += is_joined(&w->hosts[i]) && !plan_names(p, w->hosts[i].m.host);
	return n;
}

static size_t batch_most(const struct world *w)
{
	size_t joined = 0, size = (size_t)w->rules.batch;

	for (size_t i = 0; i < w->host_count; i++)
		joined += is_joined(&w->hosts[i]);
	if (w->rules.batch_is_percent)
		size = joined * (size_t)w->rules.batch / 100;
	return size < 1 ? 1 : size;
}

static size_t canaries_most(const struct world *w)
{
	size_t n = 0;

	if (!w->rules.canary_hosts)
		return w->rules.canaries < 1 ? 1 : (size_t)w->rules.canaries;
	while (w->rules.canary_hosts[n])
		n++;
	return n;
}

static bool includes(const struct plan *big, const struct plan *small)
{
	for (size_t i = 0; i < small->host_count; i++) {
		if (!plan_names(big, small->hosts[i]))
			return false;
	}
	return true;
}

static bool promotes(const struct world *w, const struct rollout_decision *d, bool all)
{
	return d->consumed && w->request && w->request->action == REQUEST_PROMOTE &&
	       strcmp(d->next.request.result, "done") == 0 && (!all || w->request->all);
}

/* Is the target the config that operators want, as far as that is known? */
static bool is_current(const struct world *w, const struct plan *n)
{
	return w->newest == REVISIONS_MOST || strcmp(newest(w), n->target.revision) == 0;
}

/* The target goes to more hosts, or to all: every host before was good, and the time is over. */
static void check_forward(struct world *w, const struct plan *p, const struct rollout_decision *d)
{
	uint64_t time = p->step == 1 ? w->rules.bake_time : w->rules.batch_time;
	bool promoted = promotes(w, d, false);
	bool accepts = d->next.phase == PLAN_IDLE;

	check(w, w->observer.fine != NEVER, "a step before all before it were good");
	check(w, !w->observer.failing, "a step in spite of failures");
	check(w, !p->paused, "a step although it is paused");
	check(w, promoted || w->now - w->observer.fine >= time, "a step before its time");
	check(w, promoted || accepts || w->rules.mode != ROLLOUT_MANUAL, "a step of itself");
	check(w, accepts || is_current(w, &d->next), "it grows though a newer one is there");
	if (accepts)
		check(w, joined_outside(w, p) == 0, "accepted with hosts left outside");
}

static void check_same_attempt(struct world *w, const struct plan *p,
			       const struct rollout_decision *d)
{
	const struct plan *n = &d->next;
	size_t more = n->host_count - p->host_count;

	if (p->phase == PLAN_PENDING || p->step == 0) {
		check(w, n->step <= 1, "the first step is not step 1");
		check(w, n->host_count <= canaries_most(w) || promotes(w, d, true),
		      "more canaries than the rules allow");
		return;
	}
	check(w, includes(n, p), "a host was taken from a trial");
	if (n->step == p->step) {
		check(w, more == 0, "hosts came without a step");
		return;
	}
	check(w, n->step == p->step + 1, "a step was skipped");
	check(w, n->phase == PLAN_BATCH, "a batch in another phase");
	check(w, promotes(w, d, true) || more <= batch_most(w), "a batch that is too big");
	check_forward(w, p, d);
}

static void check_new_attempt(struct world *w, const struct plan *p, const struct plan *n)
{
	bool same_target = strcmp(p->target.revision, n->target.revision) == 0;
	size_t most = canaries_most(w);

	check(w, same_target || w->now - w->observer.newest_since >= w->rules.settle,
	      "it did not wait until the newest had settled");
	check(w, is_current(w, n), "it begins what is the config no more");

	check(w, n->phase == PLAN_CANARY || n->phase == PLAN_PENDING, "no beginning");
	check(w, n->step == (n->host_count ? 1 : 0), "a beginning at a later step");
	check(w, n->host_count <= most, "more canaries than the rules allow");
	check(w, n->canary_count == n->host_count, "not all of the first are canaries");
	check(w, n->phase != PLAN_PENDING || n->host_count == 0, "it began without a promote");
}

static void check_accepted(struct world *w, const struct plan *p, const struct rollout_decision *d)
{
	const char *accepted = d->next.accepted.revision;

	check(w, d->outcome == OUTCOME_ACCEPTED, "accepted without its outcome");
	check(w, d->outcome_of == world_stored(w, accepted), "the outcome of another one");
	if (w->rules.mode == ROLLOUT_ALL && strcmp(accepted, newest(w)) == 0) {
		check(w, !p->paused, "accepted although it is paused");
		return;
	}
	check(w, is_trial(p) && strcmp(p->target.revision, accepted) == 0,
	      "accepted what was not on trial");
	check_forward(w, p, d);
}

static void check_hosts(struct world *w, const struct plan *p, const struct plan *n)
{
	for (size_t i = 0; i < w->host_count; i++) {
		const char *host = w->hosts[i].m.host;

		if (plan_names(n, host) && !(plan_names(p, host) && n->attempt == p->attempt))
			check(w, is_joined(&w->hosts[i]), "a host that takes no part was named");
	}
	check(w, is_trial(n) || n->phase == PLAN_HALTED || n->host_count == 0,
	      "hosts of a plan that has no trial");
	check(w, n->phase == PLAN_IDLE || n->phase == PLAN_PUBLISHING || *n->target.revision,
	      "a phase without a target");
}

/* From one stored plan to the next. */
static void check_change(struct world *w, const struct plan *p, const struct rollout_decision *d)
{
	const struct plan *n = &d->next;
	bool same_target = strcmp(p->target.revision, n->target.revision) == 0;

	check_hosts(w, p, n);
	check(w, n->attempt >= p->attempt, "attempts went back");
	check(w, same_target || !*n->target.revision || n->attempt > p->attempt,
	      "another target in the same attempt");
	if (n->attempt > p->attempt)
		check_new_attempt(w, p, n);
	else if (is_trial(n)) {
		check(w, is_trial(p) || p->phase == PLAN_PENDING,
		      "what was stopped goes on in the same attempt");
		check_same_attempt(w, p, d);
	}
	if (strcmp(p->accepted.revision, n->accepted.revision) != 0)
		check_accepted(w, p, d);
	if (n->phase == PLAN_HALTED || n->phase == PLAN_REVERTED || n->phase == PLAN_REVERTING)
		check(w, *n->failure.message, "stopped without a reason");
	if (p->phase == PLAN_PUBLISHING && n->phase != PLAN_PUBLISHING)
		check(w,
		      d->consumed || w->publish_failed ||
			      strcmp(p->publish.revision, newest(w)) == 0,
		      "the rollback was forgotten");
}

/* --- the fleet as it is at any moment ------------------------------------------------------- */

static void check_fleet(struct world *w)
{
	const struct plan *p = &w->plans[w->plan_count];
	size_t on_trial = 0;

	for (size_t i = 0; i < w->host_count; i++) {
		const struct host *h = &w->hosts[i];
		struct permit permit = host_permit(w, h);

		if (permit.kind != PERMIT_NAMED || !permit.attempt)
			continue;
		check(w, plan_names(&w->plans[h->seen], h->m.host), "a permit without a name");
		if (permit.attempt != p->attempt || !plan_is_moving(p))
			continue; /* an old plan; the host reverts when it reads the new one */
		check(w, plan_names(p, h->m.host), "a permit that the plan does not know");
		on_trial++;
	}
	check(w, on_trial <= p->host_count, "more hosts on trial than the plan has");
}

/* --- the leader ----------------------------------------------------------------------------- */

enum fate { FATE_WELL, FATE_DIES_BEFORE, FATE_DIES_AFTER, FATE_LOST, FATE_ANSWER_LOST, FATE_N };

static void leader_dies(struct world *w)
{
	rollout_free(TAKE(w->leader));
	w->publishing = 0;
	w->publish_failed = false;
}

static void leader_comes(struct world *w)
{
	w->leader = rollout_new();
	w->leaders++;
	w->view = w->plan_count;
	w->quiet = false;
	w->due = 0;
	forget(&w->observer);
	w->observer.attempt = 0;
	w->observer.newest = REVISIONS_MOST;
}

static void ask(struct world *w, struct rollout_decision *d)
{
	struct member members[HOSTS_MOST];
	struct rollout_input in = { .rules = &w->rules,
				    .plan = w->view ? &w->plans[w->view] : NULL,
				    .members = members,
				    .newest = newest(w),
				    .running = w->hosts[0].m.revision,
				    .request = w->request,
				    .request_error = w->request_error,
				    .stored = world_stored,
				    .find = world_find,
				    .ctx = w,
				    .publish_error = w->publish_failed ? "it was refused" : NULL,
				    .now = w->now };

	for (size_t i = 0; i < w->host_count; i++) {
		if (w->hosts[i].present)
			members[in.member_count++] = w->hosts[i].m;
	}
	in.wall = arena_printf(w->arena, "%u", w->event);
	in.leader = arena_printf(w->arena, "leader %u", w->leaders);
	rollout_next(w->leader, w->arena, &in, d);
}

static void check_answer(struct world *w, struct rollout_decision *d)
{
	bool acts = d->changed || d->store || d->rollback;
	struct rollout_decision again;

	check(w, !w->quiet || w->now >= w->due || !acts, "it acts before it was due");
	check(w, !(d->changed && d->store) && !(d->changed && d->rollback), "two things at once");
	check(w, !d->consumed || d->changed, "consumed without a plan");
	check(w, d->changed || !d->outcome_of, "an outcome without a plan");
	if (acts)
		return;
	check(w, d->due > w->now, "it asks to be asked at once");
	ask(w, &again);
	check(w, !again.changed && !again.store && !again.rollback && again.due == d->due,
	      "asked twice, it says another thing");
}

/* A versioned write, and the request with it. */
static void commit(struct world *w, const struct rollout_decision *d)
{
	static const struct plan none;

	if (w->view == w->plan_count) {
		if (w->view)
			check_change(w, &w->plans[w->view], d);
		else
			check_hosts(w, &none, &d->next);
		store_plan(w, &d->next);
		if (d->consumed) {
			w->request = NULL;
			w->request_error = NULL;
		}
	}
}

static void carry_out(struct world *w, const struct rollout_decision *d, enum fate fate)
{
	if (fate == FATE_DIES_BEFORE) {
		leader_dies(w);
		return;
	}
	if (d->rollback)
		w->publishing = d->rollback;
	if (d->store && fate != FATE_LOST) {
		check(w, w->stored_count < STORED_MOST, "stored too often");
		check(w, !world_stored(w, d->store), "stored twice");
		w->stored[w->stored_count++] = d->store;
	}
	if (d->changed && fate != FATE_LOST) {
		commit(w, d);
		if (fate != FATE_ANSWER_LOST)
			w->view = w->plan_count;
		if (w->plans[w->plan_count].phase != PLAN_PUBLISHING)
			w->publishing = w->publish_failed = 0;
	}
	if (fate == FATE_DIES_AFTER)
		leader_dies(w);
}

/* True: there was something to do. */
static bool leader_acts(struct world *w, enum fate fate)
{
	struct rollout_decision d;

	observe(w);
	ask(w, &d);
	check_answer(w, &d);
	w->quiet = !d.changed && !d.store;
	w->due = d.due;
	carry_out(w, &d, fate);
	return d.changed || d.store;
}

/* --- events --------------------------------------------------------------------------------- */

static void on_time(struct world *w)
{
	static const uint64_t spans[] = { 1, SECOND / 2, 3 * SECOND, 20 * SECOND, 200 * SECOND };
	size_t n = below(w, ARRAY_SIZE(spans) + 3);

	if (n < ARRAY_SIZE(spans))
		w->now += spans[n];
	else if (w->due != NEVER && w->due > w->now)
		w->now = w->due - (n == ARRAY_SIZE(spans)); /* just before, or just then */
}

static struct host *some_host(struct world *w)
{
	w->quiet = false;
	return &w->hosts[below(w, w->host_count)];
}

static void on_host_follows(struct world *w)
{
	struct host *h = some_host(w);

	if (h->present)
		host_looks(w, h, !one_in(w, 3));
	host_applies(w, h);
	if (one_in(w, 2))
		host_gives_verdict(w, h);
}

static void on_all_follow(struct world *w)
{
	for (size_t i = 0; i < w->host_count; i++) {
		struct host *h = &w->hosts[i];

		if (h->present && !one_in(w, 4))
			host_looks(w, h, true);
		host_applies(w, h);
		host_gives_verdict(w, h);
	}
	w->quiet = false;
}

static void on_presence(struct world *w)
{
	struct host *h = some_host(w);

	h->present = !h->present;
}

static void on_restart(struct world *w)
{
	host_restarts(some_host(w));
}

static void on_illness(struct world *w)
{
	struct host *h = some_host(w);

	h->m.nginx_up = !h->m.nginx_up;
	h->m.state = one_in(w, 3) ? "disconnected" : "applied";
}

static void on_settings(struct world *w)
{
	host_settings(some_host(w), !one_in(w, 5), one_in(w, 8));
}

static void on_push(struct world *w)
{
	w->quiet = false;
	if (one_in(w, 6))
		w->newest = REVISIONS_MOST;
	else
		w->newest = one_in(w, 3) ? below(w, w->revision_count) : new_revision(w);
}

static void on_rules(struct world *w)
{
	w->quiet = false;
	random_rules(w);
}

static void on_request(struct world *w)
{
	static const enum request_action actions[] = { REQUEST_PAUSE,   REQUEST_RESUME,
						       REQUEST_RESUME,  REQUEST_PROMOTE,
						       REQUEST_PROMOTE, REQUEST_ABORT,
						       REQUEST_PROMOTE, REQUEST_ROLLBACK };
	struct request *r = arena_new_of(w->arena, struct request);
	const char *some = w->revisions[below(w, w->revision_count)];

	w->quiet = false;
	if (w->request || w->request_error)
		return;
	if (one_in(w, 10)) {
		w->request_error = "nobody can read it";
		return;
	}
	*r = (struct request){ .action = actions[below(w, ARRAY_SIZE(actions))],
			       .revision = "",
			       .by = "sim" };
	if (r->action == REQUEST_ROLLBACK || one_in(w, 4))
		r->revision = some;
	r->all = r->action == REQUEST_PROMOTE && one_in(w, 4);
	w->request = r;
}

static void on_published(struct world *w)
{
	if (!w->publishing)
		return;
	w->quiet = false;
	if (one_in(w, 3))
		w->publish_failed = true;
	else
		w->newest = revision_index(w, w->stored[w->publishing - 1]);
	w->publishing = 0;
}

static void on_death(struct world *w)
{
	leader_dies(w);
}

static void on_refresh(struct world *w)
{
	w->view = w->plan_count;
	w->quiet = false;
}

static const struct {
	void (*happens)(struct world *w);
	size_t weight;
} events[] = {
	{ on_time, 12 },   { on_all_follow, 10 }, { on_host_follows, 10 }, { on_presence, 2 },
	{ on_restart, 1 }, { on_illness, 1 },     { on_settings, 1 },      { on_push, 2 },
	{ on_rules, 1 },   { on_request, 3 },     { on_published, 3 },     { on_death, 1 },
	{ on_refresh, 4 },
};

static void something_happens(struct world *w)
{
	size_t all = 0, n;

	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		all += events[i].weight;
	n = below(w, all);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (n < events[i].weight) {
			events[i].happens(w);
			return;
		}
		n -= events[i].weight;
	}
}

static void leader_may_act(struct world *w)
{
	if (!w->leader && !one_in(w, 3))
		leader_comes(w);
	for (size_t i = 0; w->leader && i < 1 + below(w, 4); i++) {
		enum fate fate = one_in(w, 12) ? (enum fate)below(w, FATE_N) : FATE_WELL;

		if (!leader_acts(w, fate))
			return;
	}
}

/* --- the end: no more faults ---------------------------------------------------------------- */

static void all_is_well_again(struct world *w)
{
	if (!w->leader)
		leader_comes(w);
	on_refresh(w);
	if (w->newest == REVISIONS_MOST)
		w->newest = w->revision_count - 1;
	for (size_t i = 0; i < w->host_count; i++) {
		struct host *h = &w->hosts[i];

		h->present = h->m.nginx_up = true;
		h->m.state = "applied";
		host_settings(h, true, false);
	}
}

static bool order(struct world *w, enum request_action action)
{
	struct request *r = arena_new_of(w->arena, struct request);

	*r = (struct request){ .action = action, .revision = "", .by = "end" };
	w->request = r;
	w->quiet = false;
	return true;
}

/* One round of a world in which every part does its work. True: something changed. */
static bool round_without_faults(struct world *w)
{
	const struct plan *p = &w->plans[w->plan_count];
	size_t writes = w->writes;

	for (size_t i = 0; i < w->host_count; i++) {
		host_looks(w, &w->hosts[i], true);
		host_applies(w, &w->hosts[i]);
		host_gives_verdict(w, &w->hosts[i]);
	}
	w->quiet = false;
	if (w->publishing)
		on_published(w);
	for (unsigned i = 0; leader_acts(w, FATE_WELL); i++)
		check(w, i < 20, "the leader does not come to an end");
	check_fleet(w);
	p = &w->plans[w->plan_count];
	if (p->paused)
		return order(w, REQUEST_RESUME);
	if (w->writes != writes || w->publishing)
		return true;
	if (w->due != NEVER) {
		w->now = w->due;
		return true;
	}
	return (p->phase == PLAN_PENDING || is_trial(p)) && order(w, REQUEST_PROMOTE);
}

static void until_it_rests(struct world *w)
{
	for (unsigned i = 0; round_without_faults(w); i++) {
		w->event++;
		check(w, i < 200, "it never ends");
	}
}

static bool is_liked_by_all(const struct world *w, size_t revision)
{
	for (size_t i = 0; i < w->host_count; i++) {
		if (w->taste[revision][i] != TASTE_GOOD)
			return false;
	}
	return true;
}

static void check_end(struct world *w, bool fresh)
{
	const struct plan *p = &w->plans[w->plan_count];
	bool stopped = p->phase == PLAN_HALTED || p->phase == PLAN_REVERTED;
	bool done = p->phase == PLAN_IDLE && strcmp(p->accepted.revision, newest(w)) == 0;

	check(w, done || (stopped && strcmp(p->target.revision, newest(w)) == 0),
	      "it ended neither accepted nor stopped");
	check(w, done || !fresh || !is_liked_by_all(w, w->newest),
	      "stopped what everybody finds good");
	for (size_t i = 0; i < w->host_count && done; i++)
		check(w,
		      strcmp(w->hosts[i].m.revision, newest(w)) == 0 ||
			      w->taste[w->newest][i] != TASTE_GOOD,
		      "a host was left out");
}

static bool is_stopped(const struct world *w)
{
	return w->plans[w->plan_count].phase == PLAN_HALTED ||
	       w->plans[w->plan_count].phase == PLAN_REVERTED;
}

static void let_it_end(struct world *w)
{
	all_is_well_again(w);
	until_it_rests(w);
	check_end(w, false);
	if (!is_stopped(w))
		return;
	order(w, REQUEST_RESUME);
	until_it_rests(w);
	check_end(w, true);
}

/* The results of the worlds: they show when the simulation has become idle. */
static struct {
	size_t runs, writes, phases[PLAN_PHASE_N], steps;
} seen;

static void tell(const struct world *w)
{
	seen.runs++;
	seen.writes += w->writes;
	for (size_t i = 1; i <= w->plan_count; i++) {
		seen.phases[w->plans[i].phase]++;
		seen.steps += w->plans[i].step > 2;
	}
}

static void run_world(unsigned long seed)
{
	static struct world w;

	world_init(&w, seed);
	for (w.event = 1; w.event <= 80; w.event++) {
		something_happens(&w);
		leader_may_act(&w);
		check_fleet(&w);
	}
	let_it_end(&w);
	tell(&w);
	world_fini(&w);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *s = getenv(name);

	return s ? strtoul(s, NULL, 10) : otherwise;
}

static void the_rules_hold_in_thousands_of_worlds(void **state UNUSED)
{
	unsigned long runs = setting("SIM_RUNS", 3000), first = setting("SIM_FIRST", 1);

	if (getenv("SIM_SEED")) {
		run_world(setting("SIM_SEED", 1));
		return;
	}
	for (unsigned long seed = first; seed < first + runs; seed++)
		run_world(seed);
	for (int i = 0; i < PLAN_PHASE_N; i++)
		assert_true(seen.phases[i] >= seen.runs / 20);
	assert_true(seen.steps >= seen.runs / 4);
	if (getenv("SIM_RUNS")) {
		for (int i = 0; i < PLAN_PHASE_N; i++)
			print_message("%s %zu\n", plan_phase_name((enum plan_phase)i),
				      seen.phases[i]);
		print_message("writes %zu, later steps %zu\n", seen.writes, seen.steps);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rules_hold_in_thousands_of_worlds),
	};

	return cmocka_run_group_tests_name("rollout simulation", tests, NULL, NULL);
}
