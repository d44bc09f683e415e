/* Operators' requests to the leader, rollbacks, and what a plan permits a host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet_fixture.h"

#define expect(f, says) assert_string_equal(fleet_says(f), says)

static void begin(struct fleet *f, size_t members)
{
	fleet_init(f, ROLLOUT_CANARY, members);
	fleet_run(f);
	fleet_push(f, REV_B);
}

/* --- pause, resume -------------------------------------------------------------------------- */

static void paused_it_takes_no_step_but_halts(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 3);
	fleet_all_good(&f);
	assert_string_equal(fleet_ask(&f, "{\"action\":\"pause\",\"by\":\"alice\"}"), "done");
	assert_string_equal(f.plan.request.action, "pause");
	assert_string_equal(f.plan.request.by, "alice");
	assert_string_equal(f.plan.request.at, "now");
	fleet_pass(&f, f.rules.bake_time);
	expect(&f, "canary 1: m0");
	assert_true(f.last.due == NEVER);
	assert_string_equal(fleet_ask(&f, "promote"), "refused: it is paused");
	fleet_ask(&f, "resume");
	expect(&f, "batch 2: m0 m1 m2"); /* the time continued */
	fleet_ask(&f, "pause");
	fleet_set_verdict(&f, 1, VERDICT_BAD);
	fleet_run(&f);
	expect(&f, "halted 2: m0 m1 m2");
}

static void paused_nothing_begins_or_is_accepted_but_is_withdrawn(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 1);
	fleet_all_good(&f);
	fleet_ask(&f, "pause");
	fleet_pass(&f, f.rules.bake_time);
	expect(&f, "canary 1: m0");
	fleet_push(&f, REV_C);
	assert_string_equal(f.plan.target.revision, REV_B);
	fleet_push(&f, REV_A);
	expect(&f, "idle 0:");
	fleet_push(&f, REV_C);
	expect(&f, "idle 0:");
	fleet_ask(&f, "resume");
	expect(&f, "canary 1: m0");
}

static void resume_tries_a_halted_one_again(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	unsigned long attempt;

	begin(&f, 5);
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.bake_time);
	fleet_set_verdict(&f, 1, VERDICT_BAD);
	fleet_run(&f);
	attempt = f.plan.attempt;
	expect(&f, "halted 2: m0 m1 m2");
	assert_string_equal(fleet_ask(&f, "resume"), "done");
	expect(&f, "canary 1: m0");
	assert_int_equal(f.plan.attempt, attempt + 1);
	assert_string_equal(f.plan.failure.message, "");
	assert_string_equal(f.outcomes, "1 accepted, 2 halted, 2 pending, ");
	fleet_pass(&f, f.rules.bake_time); /* a verdict of the last attempt does not count */
	expect(&f, "halted 1: m0");
}

static void resume_tries_a_reverted_one_again(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 3);
	f.rules.revert = true;
	fleet_set_verdict(&f, 0, VERDICT_BAD);
	f.members[0].revision = REV_A;
	fleet_run(&f);
	expect(&f, "reverted 1:");
	assert_string_equal(fleet_ask(&f, "promote"),
			    "refused: it was stopped; resume tries it again");
	assert_string_equal(fleet_ask(&f, "{\"action\":\"resume\",\"revision\":\"cccccc\"}"),
			    "refused: the target is bbbbbbbb");
	assert_string_equal(fleet_ask(&f, "{\"action\":\"resume\",\"revision\":\"bbbbbb\"}"),
			    "done");
	expect(&f, "canary 1: m0");
}

static void resume_of_what_is_the_config_no_more_is_refused(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 3);
	assert_string_equal(fleet_ask(&f, "resume"),
			    "refused: nothing is paused, halted or reverted");
	fleet_set_verdict(&f, 0, VERDICT_BAD);
	fleet_run(&f);
	f.in.newest = REV_C;
	assert_string_equal(fleet_ask(&f, "resume"),
			    "refused: the config has changed since, to cccccccc");
	expect(&f, "halted 1: m0");
}

/* --- promote -------------------------------------------------------------------------------- */

static void promote_cuts_the_time_short_but_not_the_gates(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 3);
	assert_string_equal(fleet_ask(&f, "promote"), "refused: m0 has no good verdict on it yet");
	fleet_all_good(&f);
	f.in.newest = REV_C;
	assert_string_equal(fleet_ask(&f, "promote"),
			    "refused: the config has changed since, to cccccccc");
	f.in.newest = REV_B;
	assert_string_equal(fleet_ask(&f, "promote"), "done");
	expect(&f, "batch 2: m0 m1 m2");
	fleet_all_good(&f);
	fleet_ask(&f, "promote");
	expect(&f, "idle 0:");
	assert_string_equal(fleet_ask(&f, "promote"), "refused: no rollout is in progress");
}

static void promote_all_is_every_host_at_once(void **state UNUSED)
{
	static const char all[] = "{\"action\":\"promote\",\"all\":true}";
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 8);
	f.members[6].part = MEMBER_EXEMPT;
	assert_string_equal(fleet_ask(&f, all), "refused: m0 has no good verdict on it yet");
	fleet_all_good(&f);
	assert_string_equal(fleet_ask(&f, all), "done");
	expect(&f, "batch 2: m0 m1 m2 m3 m4 m5 m7");
	fleet_set_verdict(&f, 5, VERDICT_BAD);
	fleet_run(&f);
	expect(&f, "halted 2: m0 m1 m2 m3 m4 m5 m7");
}

static void promote_all_starts_a_pending_revision_on_every_host(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_MANUAL, 3);
	fleet_run(&f);
	fleet_push(&f, REV_B);
	fleet_ask(&f, "{\"action\":\"promote\",\"all\":true}");
	expect(&f, "batch 1: m0 m1 m2");
	assert_int_equal(f.plan.canary_count, 1);
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.bake_time - 1);
	expect(&f, "batch 1: m0 m1 m2");
	fleet_pass(&f, 1);
	expect(&f, "idle 0:");
}

/* --- abort ---------------------------------------------------------------------------------- */

static void abort_takes_it_back(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 3);
	fleet_all_good(&f);
	assert_string_equal(fleet_ask(&f, "{\"action\":\"abort\",\"by\":\"alice\"}"), "done");
	expect(&f, "reverting 1:");
	assert_string_equal(f.plan.failure.message, "aborted by alice");
	assert_string_equal(f.outcomes, "1 accepted, 2 aborted, ");
	assert_string_equal(fleet_ask(&f, "abort"), "refused: it is withdrawn already");
	f.members[0].revision = REV_A;
	fleet_run(&f);
	expect(&f, "reverted 1:");
	fleet_push(&f, REV_A);
	expect(&f, "idle 0:");
	assert_string_equal(fleet_ask(&f, "abort"), "refused: no rollout is in progress");
}

static void requests_that_cannot_be_read_are_consumed(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 3);
	assert_non_null(strstr(fleet_ask(&f, "pauze"), "refused: it is not valid: "));
	assert_string_equal(f.plan.request.action, "");
	assert_null(f.in.request_error);
	fleet_ask(&f, "pauze"); /* the same again at the same time: still consumed */
	assert_null(f.in.request_error);
	fleet_push(&f, REV_A);
	assert_string_equal(fleet_ask(&f, "{\"action\":\"pause\",\"revision\":\"bbbbbb\"}"),
			    "refused: there is no target");
}

/* --- rollback ------------------------------------------------------------------------------- */

#define ROLLBACK(rev) "{\"action\":\"rollback\",\"by\":\"bob\",\"revision\":\"" rev "\"}"

/* A, B and C are accepted, one after the other. */
static void three(struct fleet *f)
{
	fleet_init(f, ROLLOUT_ALL, 3);
	fleet_run(f);
	fleet_push(f, REV_A);
	fleet_push(f, REV_B);
	fleet_push(f, REV_C);
	f->rules.mode = ROLLOUT_CANARY;
	fleet_run(f);
}

static void rollbacks_that_make_no_sense_are_refused(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	three(&f);
	f.stored[f.stored_count++] = "aaaaaaaabbbb";
	assert_string_equal(fleet_ask(&f, ROLLBACK("dddddd")),
			    "refused: the history has no such revision");
	assert_string_equal(fleet_ask(&f, ROLLBACK("aaaaaa")),
			    "refused: several revisions begin so");
	assert_string_equal(fleet_ask(&f, ROLLBACK("cccccc")),
			    "refused: that revision is the config already");
	expect(&f, "idle 0:");
}

static void a_rollback_publishes_then_rolls_out(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	three(&f);
	assert_string_equal(fleet_ask(&f, ROLLBACK("bbbbbb")), "publishing");
	expect(&f, "publishing 0:");
	assert_string_equal(f.plan.publish.revision, REV_B);
	assert_int_equal(f.last.rollback, 2); /* requested when the plan was written */
	fleet_turn(&f);
	assert_int_equal(f.last.rollback, 0); /* … and not again by this leader */
	fleet_elect(&f, "m1");
	assert_int_equal(f.last.rollback, 2);
	f.in.newest = REV_A; /* another write comes in between */
	fleet_pass(&f, 3600 * SECOND);
	expect(&f, "publishing 0:");
	f.in.newest = REV_B;
	fleet_run(&f);
	expect(&f, "idle 0:");
	assert_string_equal(f.plan.request.result, "done");
	fleet_pass(&f, f.rules.settle);
	expect(&f, "canary 1: m0");
	assert_string_equal(f.plan.target.revision, REV_B);
	assert_int_equal(f.plan.target.history, 2);
}

static void a_new_leader_publishes_again(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	three(&f);
	fleet_ask(&f, ROLLBACK("bbbbbb"));
	rollout_free(f.rollout);
	f.rollout = rollout_new();
	fleet_turn(&f);
	assert_int_equal(f.last.rollback, 2);
	fleet_ask(&f, ROLLBACK("bbbbbb")); /* requested again */
	assert_int_equal(f.last.rollback, 2);
	assert_string_equal(fleet_ask(&f, "abort"), "done");
	expect(&f, "idle 0:");
}

static void a_rollback_gives_up_what_is_on_its_way(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 3);
	fleet_all_good(&f);
	fleet_ask(&f, ROLLBACK("aaaaaa"));
	expect(&f, "publishing 1:");
	assert_string_equal(f.outcomes, "1 accepted, 2 aborted, ");
	f.in.newest = REV_A;
	fleet_run(&f);
	expect(&f, "idle 0:");
	assert_string_equal(f.plan.target.revision, "");
	assert_string_equal(f.plan.failure.message, "");
}

static void a_rollback_that_fails_leaves_the_target_given_up(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 3);
	fleet_ask(&f, ROLLBACK("aaaaaa"));
	f.in.publish_error = "no permission";
	fleet_run(&f);
	expect(&f, "reverted 1:");
	assert_string_equal(f.plan.request.result, "failed: no permission");
	assert_string_equal(f.plan.failure.message, "given up by bob for a rollback to aaaaaaaa");
	fleet_pass(&f, 3600 * SECOND);
	expect(&f, "reverted 1:"); /* B is still the newest */
}

/* The leader reports once that it failed, and then its plan is not written. */
static void a_failure_is_not_forgotten_with_a_write(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, 3);
	fleet_ask(&f, ROLLBACK("aaaaaa"));
	f.in.publish_error = "no permission";
	rollout_next(f.rollout, f.arena, &f.in, &f.last);
	assert_true(f.last.changed);
	f.in.publish_error = NULL;
	fleet_run(&f);
	expect(&f, "reverted 1:");
	assert_string_equal(f.plan.request.result, "failed: no permission");
	fleet_ask(&f, ROLLBACK("aaaaaa"));
	assert_int_equal(f.last.rollback, 1); /* tried again, without its old failures */
	expect(&f, "publishing 1:");
}

/* --- permits -------------------------------------------------------------------------------- */

static const char *const named[] = { "m0", "m2" };

static struct plan permit_plan(enum plan_phase phase)
{
	return (struct plan){ .phase = phase,
			      .accepted = { REV_A, 1 },
			      .target = { REV_B, 2 },
			      .attempt = 5,
			      .hosts = (const char **)named,
			      .host_count = 2 };
}

static void named_hosts_run_the_target_in_some_phases(void **state UNUSED)
{
	static const bool target[PLAN_PHASE_N] = {
		[PLAN_CANARY] = true,
		[PLAN_BATCH] = true,
		[PLAN_HALTED] = true,
	};

	for (int i = 0; i < PLAN_PHASE_N; i++) {
		const struct plan p = permit_plan((enum plan_phase)i);
		const struct permit_host m2 = { .host = "m2", .follows = true, .is_member = true };
		struct permit permit = rollout_permit(&p, &m2);

		assert_int_equal(permit.kind, PERMIT_NAMED);
		assert_string_equal(permit.revision.revision, target[i] ? REV_B : REV_A);
		assert_int_equal(permit.attempt, target[i] ? 5 : 0);
	}
}

static void others_run_what_was_accepted(void **state UNUSED)
{
	static const struct permit_host others[] = {
		{ .host = "m1", .follows = true, .is_member = true },
		{ .host = "m1", .follows = true, .is_member = false },
		{ .host = "m", .follows = true, .is_member = true },
	};
	struct plan p = permit_plan(PLAN_BATCH);

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct permit permit = rollout_permit(&p, &others[i]);

		assert_int_equal(permit.kind, PERMIT_NAMED);
		assert_string_equal(permit.revision.revision, REV_A);
		assert_int_equal(permit.revision.history, 1);
	}
	p.accepted = (struct plan_revision){ "", 0 };
	assert_int_equal(rollout_permit(&p, &others[0]).kind, PERMIT_STAY);
	assert_int_equal(rollout_permit(NULL, &others[0]).kind, PERMIT_STAY);
}

/* Disconnected for a second, or a duplicate name: no step back, and no verdict lost. */
static void a_named_host_that_is_no_member_stays(void **state UNUSED)
{
	const struct permit_host m0 = { .host = "m0", .follows = true };
	struct plan p = permit_plan(PLAN_CANARY);
	struct permit permit = rollout_permit(&p, &m0);

	assert_int_equal(permit.kind, PERMIT_STAY);
	assert_string_equal(permit.revision.revision, REV_B);
	assert_int_equal(permit.attempt, 5);
	p.phase = PLAN_REVERTING;
	permit = rollout_permit(&p, &m0);
	assert_int_equal(permit.kind, PERMIT_NAMED);
	assert_string_equal(permit.revision.revision, REV_A);
}

static void settings_come_before_the_plan(void **state UNUSED)
{
	const struct plan p = permit_plan(PLAN_BATCH);
	struct permit_host h = { .host = "m0", .is_member = true };

	assert_int_equal(rollout_permit(&p, &h).kind, PERMIT_NEWEST);
	assert_int_equal(rollout_permit(NULL, &h).kind, PERMIT_NEWEST);
	h.frozen = true;
	assert_int_equal(rollout_permit(&p, &h).kind, PERMIT_STAY);
	h.follows = true;
	assert_int_equal(rollout_permit(&p, &h).kind, PERMIT_STAY);
}

/* The plan's word stands; whether its revision is signed is asked where it is taken. */
static void a_newest_that_is_not_trusted_is_run_by_no_host(void **state UNUSED)
{
	struct plan p = permit_plan(PLAN_IDLE);
	struct permit_host h = { .host = "m0", .is_member = true, .untrusted = true };
	struct permit permit = rollout_permit(&p, &h);

	assert_int_equal(permit.kind, PERMIT_STAY);
	assert_string_equal(permit.accepted.revision, REV_A);
	assert_string_equal(permit.why, "the newest revision has no valid signature");
	h.follows = true;
	assert_int_equal(rollout_permit(NULL, &h).kind, PERMIT_STAY);
	permit = rollout_permit(&p, &h);
	assert_int_equal(permit.kind, PERMIT_NAMED);
	assert_string_equal(permit.revision.revision, REV_A);
	assert_non_null(strstr(permit.why, "no valid signature"));
}

/* What the plan names goes on; nothing else moves. */
static void an_unfinished_push_holds_every_host(void **state UNUSED)
{
	struct plan p = permit_plan(PLAN_BATCH);
	struct permit_host h = { .host = "m0", .is_member = true, .unfinished = true };
	struct permit permit = rollout_permit(&p, &h); /* mode "all", or join = false */

	assert_int_equal(permit.kind, PERMIT_STAY);
	assert_string_equal(permit.accepted.revision, REV_A);
	assert_int_equal(permit.accepted.history, 1);
	assert_string_equal(permit.why, "a push to the config is unfinished");
	permit = rollout_permit(NULL, &h);
	assert_int_equal(permit.kind, PERMIT_STAY);
	assert_string_equal(permit.accepted.revision, "");
	h.follows = true;
	permit = rollout_permit(&p, &h);
	assert_int_equal(permit.kind, PERMIT_NAMED);
	assert_string_equal(permit.revision.revision, REV_B); /* on trial: it goes on */
	h.host = "m1";
	permit = rollout_permit(&p, &h);
	assert_int_equal(permit.kind, PERMIT_NAMED);
	assert_string_equal(permit.revision.revision, REV_A);
	assert_non_null(strstr(permit.why, "a push to the config is unfinished"));
	assert_int_equal(rollout_permit(NULL, &h).kind, PERMIT_STAY);
	h.frozen = true;
	assert_int_equal(rollout_permit(&p, &h).kind, PERMIT_STAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paused_it_takes_no_step_but_halts),
		cmocka_unit_test(paused_nothing_begins_or_is_accepted_but_is_withdrawn),
		cmocka_unit_test(resume_tries_a_halted_one_again),
		cmocka_unit_test(resume_tries_a_reverted_one_again),
		cmocka_unit_test(resume_of_what_is_the_config_no_more_is_refused),
		cmocka_unit_test(promote_cuts_the_time_short_but_not_the_gates),
		cmocka_unit_test(promote_all_is_every_host_at_once),
		cmocka_unit_test(promote_all_starts_a_pending_revision_on_every_host),
		cmocka_unit_test(abort_takes_it_back),
		cmocka_unit_test(requests_that_cannot_be_read_are_consumed),
		cmocka_unit_test(rollbacks_that_make_no_sense_are_refused),
		cmocka_unit_test(a_rollback_publishes_then_rolls_out),
		cmocka_unit_test(a_new_leader_publishes_again),
		cmocka_unit_test(a_rollback_gives_up_what_is_on_its_way),
		cmocka_unit_test(a_rollback_that_fails_leaves_the_target_given_up),
		cmocka_unit_test(a_failure_is_not_forgotten_with_a_write),
		cmocka_unit_test(named_hosts_run_the_target_in_some_phases),
		cmocka_unit_test(others_run_what_was_accepted),
		cmocka_unit_test(a_named_host_that_is_no_member_stays),
		cmocka_unit_test(settings_come_before_the_plan),
		cmocka_unit_test(an_unfinished_push_holds_every_host),
		cmocka_unit_test(a_newest_that_is_not_trusted_is_run_by_no_host),
	};

	return cmocka_run_group_tests_name("rollout requests and permits", tests, NULL, NULL);
}
