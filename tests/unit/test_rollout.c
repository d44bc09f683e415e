/* The leader's rollout, rule by rule: steps, failures, and superseded revisions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>

#include "fleet_fixture.h"

#define expect(f, says) assert_string_equal(fleet_says(f), says)

/* A fleet on A with a plan; then B is pushed. */
static void begin(struct fleet *f, enum rollout_mode mode, size_t members)
{
	fleet_init(f, mode, members);
	fleet_run(f);
	fleet_push(f, REV_B);
}

/* --- the first plan ------------------------------------------------------------------------- */

static void the_first_plan_accepts_what_the_leader_runs(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 3);
	assert_true(fleet_turn(&f));
	assert_string_equal(f.last.store, REV_A);
	assert_null(f.in.plan);
	fleet_run(&f);
	expect(&f, "idle 0:");
	assert_string_equal(f.plan.accepted.revision, REV_A);
	assert_int_equal(f.plan.accepted.history, 1);
	assert_string_equal(f.outcomes, "1 accepted, ");
	assert_true(f.last.due == NEVER);
}

static void there_is_no_first_plan_before_the_config_is_known(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 3);
	f.in.newest = "";
	fleet_run(&f);
	assert_null(f.in.plan);
}

static void a_leader_that_runs_nothing_has_the_newest_prove_itself(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 3);
	f.in.running = "";
	fleet_run(&f);
	assert_string_equal(f.plan.accepted.revision, "");
	fleet_pass(&f, f.rules.settle);
	expect(&f, "canary 1: m0");
	assert_string_equal(f.plan.target.revision, REV_A);
}

/* A deleted plan does not accept the revision that was on trial. */
static void the_history_knows_better_than_what_a_leader_runs(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 3);
	f.in.running = REV_A;
	f.in.recorded = (struct plan_revision){ REV_B, 7 };
	fleet_run(&f);
	assert_string_equal(f.plan.accepted.revision, REV_B);
	assert_int_equal(f.plan.accepted.history, 7);
	fleet_pass(&f, f.rules.settle);
	expect(&f, "canary 1: m0");
	assert_string_equal(f.plan.target.revision, REV_A);
}

/* --- steps ---------------------------------------------------------------------------------- */

static void it_goes_from_canary_through_batches_to_all(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 5);
	expect(&f, "canary 1: m0");
	assert_int_equal(f.plan.target.history, 2);
	fleet_all_good(&f);
	assert_true(f.last.due == f.in.now + f.rules.bake_time);
	fleet_pass(&f, f.rules.bake_time - 1);
	expect(&f, "canary 1: m0");
	fleet_pass(&f, 1);
	expect(&f, "batch 2: m0 m1 m2");
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.batch_time);
	expect(&f, "batch 3: m0 m1 m2 m3 m4");
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.batch_time - 1);
	assert_string_equal(f.plan.accepted.revision, REV_A);
	fleet_pass(&f, 1);
	expect(&f, "idle 0:");
	assert_string_equal(f.plan.accepted.revision, REV_B);
	assert_string_equal(f.plan.target.revision, "");
	assert_string_equal(f.outcomes, "1 accepted, 2 accepted, ");
}

static void without_a_new_revision_nothing_changes(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	unsigned writes;

	begin(&f, ROLLOUT_CANARY, 5);
	writes = f.writes;
	f.in.wall = "later";
	fleet_pass(&f, 1);
	fleet_run(&f);
	assert_int_equal(f.writes, writes);
	assert_string_equal(f.plan.updated, "now");
}

static void a_new_revision_settles_first(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 3);
	fleet_run(&f);
	f.in.newest = REV_B;
	fleet_run(&f);
	expect(&f, "idle 0:");
	assert_true(f.last.due == f.in.now + f.rules.settle);
	fleet_pass(&f, f.rules.settle - 1);
	f.in.newest = REV_C;
	fleet_run(&f);
	fleet_pass(&f, f.rules.settle - 1);
	expect(&f, "idle 0:");
	fleet_pass(&f, 1);
	assert_string_equal(f.plan.target.revision, REV_C);
}

static void the_time_of_a_step_begins_again_when_a_host_is_not_good(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 3);
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.bake_time - 1);
	fleet_set_verdict(&f, 0, VERDICT_WAITING);
	fleet_pass(&f, 1);
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.bake_time - 1);
	expect(&f, "canary 1: m0");
	fleet_pass(&f, 1);
	expect(&f, "batch 2: m0 m1 m2");
}

static void a_new_leader_begins_the_time_again_and_repeats_no_step(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 5);
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.bake_time);
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.batch_time - 1);
	fleet_elect(&f, "m3");
	assert_string_equal(f.plan.leader, "m3");
	fleet_pass(&f, f.rules.batch_time - 1);
	expect(&f, "batch 2: m0 m1 m2");
	fleet_pass(&f, 1);
	expect(&f, "batch 3: m0 m1 m2 m3 m4");
}

static void a_verdict_of_another_attempt_says_nothing(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 3);
	fleet_set_verdict(&f, 0, VERDICT_BAD);
	f.members[0].gate.attempt--;
	fleet_run(&f);
	expect(&f, "canary 1: m0");
	fleet_set_verdict(&f, 0, VERDICT_GOOD);
	f.members[0].revision =
		REV_A; /* its verdict is about a revision that it does not run any more */
	fleet_run(&f);
	fleet_pass(&f, 29 * SECOND);
	assert_true(f.last.due == f.in.now + 1 * SECOND); /* still waited for */
}

static void attempts_are_above_all_that_members_remember(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 3);
	f.members[2].gate.attempt = 41;
	fleet_run(&f);
	fleet_push(&f, REV_B);
	assert_int_equal(f.plan.attempt, 42);
}

static void an_absurd_attempt_is_no_memory(void **state UNUSED)
{
	static const unsigned long absurd[] = { 1000001, LONG_MAX, ULONG_MAX };
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 5);
	for (size_t i = 0; i < ARRAY_SIZE(absurd); i++)
		f.members[i].gate.attempt = absurd[i];
	f.members[4].gate.attempt = 7;
	fleet_run(&f);
	fleet_push(&f, REV_B);
	assert_int_equal(f.plan.attempt, 8);
	expect(&f, "canary 1: m0"); /* it was written, and reads back */
}

static void batches_are_percent_of_the_joined(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 8);
	f.rules.batch = 60;
	f.rules.batch_is_percent = true;
	f.members[7].part = MEMBER_EXEMPT;
	f.members[1].part = MEMBER_FROZEN;
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.bake_time);
	expect(&f, "batch 2: m0 m2 m3 m4"); /* 3.6 of six */
	f.rules.batch = 1;
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.batch_time);
	expect(&f, "batch 3: m0 m2 m3 m4 m5");
}

static void who_joins_on_the_way_is_in_a_later_batch(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 3);
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.bake_time);
	fleet_all_good(&f);
	f.in.member_count = 4;
	fleet_pass(&f, f.rules.batch_time);
	expect(&f, "batch 3: m0 m1 m2 m3");
}

/* --- canaries ------------------------------------------------------------------------------- */

static void canaries_are_those_that_are_well(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 4);
	f.members[0].nginx_up = false;
	f.members[1].state = "disconnected";
	f.members[2].part = MEMBER_FROZEN;
	fleet_run(&f);
	fleet_push(&f, REV_B);
	expect(&f, "canary 1: m3");
	f.rules.canaries = 2;
	fleet_push(&f, REV_C);
	expect(&f, "canary 1: m0 m3"); /* better an unhealthy canary than none */
}

static void named_canaries_are_waited_for(void **state UNUSED)
{
	static const char *const named[] = { "m4", "m3", NULL };
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 3);
	f.rules.canary_hosts = named;
	fleet_run(&f);
	fleet_push(&f, REV_B);
	expect(&f, "canary 0:");
	fleet_pass(&f, 3600 * SECOND);
	expect(&f, "canary 0:");
	f.in.member_count = 5;
	fleet_run(&f);
	expect(&f, "canary 1: m3 m4");
}

static void canaries_that_leave_the_rollout_are_replaced(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 3);
	fleet_all_good(&f);
	fleet_pass(&f, 59 * SECOND);
	f.members[0].part = MEMBER_FROZEN;
	fleet_run(&f);
	expect(&f, "canary 1: m1");
	assert_int_equal(f.plan.attempt, 2);
	fleet_pass(&f, 2 * SECOND);
	expect(&f, "canary 1: m1");
}

static void with_nobody_to_prove_it_nothing_is_accepted(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 1);
	fleet_run(&f);
	f.members[0].part = MEMBER_EXEMPT;
	fleet_push(&f, REV_B);
	fleet_pass(&f, 3600 * SECOND);
	expect(&f, "canary 0:");
	f.members[0].part = MEMBER_JOINED;
	fleet_run(&f);
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.bake_time);
	assert_string_equal(f.plan.accepted.revision, REV_B); /* all are canaries */
}

/* --- failures ------------------------------------------------------------------------------- */

static void a_canary_that_finds_it_bad_halts(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 3);
	fleet_set_verdict(&f, 0, VERDICT_BAD);
	f.members[0].revision = REV_A; /* refused: it never ran */
	fleet_run(&f);
	expect(&f, "halted 1: m0");
	assert_string_equal(f.plan.failure.host, "m0");
	assert_string_equal(f.plan.failure.znode, "/nginx/config/sites/shop");
	assert_string_equal(f.plan.failure.message, "too many errors");
	assert_string_equal(f.outcomes, "1 accepted, 2 halted, ");
	fleet_pass(&f, 3600 * SECOND);
	expect(&f, "halted 1: m0");
}

static void a_canary_without_a_verdict_halts(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 3);
	assert_true(f.last.due == f.in.now + f.rules.apply_timeout);
	fleet_pass(&f, f.rules.apply_timeout - 1);
	expect(&f, "canary 1: m0");
	fleet_elect(&f, "m1"); /* who gives it the full time again */
	fleet_pass(&f, f.rules.apply_timeout - 1);
	expect(&f, "canary 1: m0");
	fleet_pass(&f, 1);
	expect(&f, "halted 1: m0");
	assert_non_null(strstr(f.plan.failure.message, "30.0 s"));
}

static void a_canary_that_is_gone_halts_even_when_it_was_good(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 3);
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.bake_time - 1);
	f.in.members = f.members + 1;
	f.in.member_count = 2;
	fleet_pass(&f, 1);
	expect(&f, "canary 1: m0"); /* the time is over, but its state is unknown */
	fleet_pass(&f, f.rules.vanish_timeout - 1);
	expect(&f, "canary 1: m0");
	fleet_pass(&f, 1);
	expect(&f, "halted 1: m0");
}

static void being_away_does_not_use_up_the_time_to_apply(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_CANARY, 3);
	fleet_pass(&f, 20 * SECOND);
	f.in.members = f.members + 1;
	f.in.member_count = 2;
	fleet_run(&f);
	fleet_pass(&f, f.rules.vanish_timeout - 1);
	f.in.members = f.members;
	f.in.member_count = 3;
	fleet_run(&f);
	fleet_pass(&f, 10 * SECOND - 1);
	expect(&f, "canary 1: m0");
	fleet_pass(&f, 1);
	expect(&f, "halted 1: m0");
}

/* m0 is the canary; m1 and m2 are the batch. */
static void to_batch(struct fleet *f)
{
	begin(f, ROLLOUT_CANARY, 5);
	fleet_all_good(f);
	fleet_pass(f, f->rules.bake_time);
	expect(f, "batch 2: m0 m1 m2");
}

static void others_may_fail_up_to_a_number(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	to_batch(&f);
	f.rules.max_failures = 1;
	fleet_set_verdict(&f, 1, VERDICT_BAD);
	fleet_set_verdict(&f, 2, VERDICT_GOOD);
	fleet_run(&f);
	expect(&f, "batch 2: m0 m1 m2");
	fleet_pass(&f, f.rules.batch_time);
	expect(&f, "batch 3: m0 m1 m2 m3 m4");
	fleet_set_verdict(&f, 3, VERDICT_BAD);
	fleet_run(&f);
	expect(&f, "halted 3: m0 m1 m2 m3 m4");
	assert_string_equal(f.plan.failure.message, "too many errors (and 1 more failed)");
}

static void none_may_fail_by_default(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	to_batch(&f);
	fleet_set_verdict(&f, 2, VERDICT_BAD);
	fleet_run(&f);
	expect(&f, "halted 2: m0 m1 m2");
	assert_string_equal(f.plan.failure.host, "m2");
}

static void a_canary_halts_in_a_later_step_too_under_a_new_leader(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	to_batch(&f);
	f.rules.max_failures = 5;
	fleet_elect(&f, "m4");
	fleet_set_verdict(&f, 0, VERDICT_BAD);
	fleet_run(&f);
	expect(&f, "halted 2: m0 m1 m2");
}

static void reverting_ends_when_nobody_runs_it(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	to_batch(&f);
	f.rules.revert = true;
	fleet_set_verdict(&f, 1, VERDICT_BAD);
	fleet_run(&f);
	expect(&f, "reverting 2:");
	f.members[0].revision = REV_A;
	fleet_run(&f);
	expect(&f, "reverting 2:");
	assert_true(f.last.due == f.in.now + f.rules.apply_timeout);
	f.members[1].revision = REV_A;
	fleet_run(&f);
	expect(&f, "reverted 2:");
	assert_string_equal(f.outcomes, "1 accepted, 2 reverted, ");
	assert_string_equal(f.plan.failure.host, "m1");
	fleet_pass(&f, 3600 * SECOND);
	expect(&f, "reverted 2:"); /* it is still the newest, and is not tried again */
}

static void reverting_is_not_waited_for_without_end(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	to_batch(&f);
	f.rules.revert = true;
	fleet_set_verdict(&f, 1, VERDICT_BAD);
	fleet_run(&f);
	fleet_pass(&f, f.rules.apply_timeout - 1);
	expect(&f, "reverting 2:");
	fleet_pass(&f, 1);
	expect(&f, "reverted 2:");
}

static void nothing_accepted_is_nothing_to_go_back_to(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_CANARY, 3);
	f.in.running = "";
	f.rules.revert = true;
	fleet_run(&f);
	fleet_pass(&f, f.rules.settle);
	fleet_set_verdict(&f, 0, VERDICT_BAD);
	fleet_run(&f);
	expect(&f, "halted 1: m0");
	assert_non_null(strstr(f.plan.failure.message, "no accepted revision"));
	assert_string_equal(f.outcomes, "1 halted, ");
	assert_string_equal(fleet_ask(&f, "abort"),
			    "refused: there is no accepted revision to go back to");
}

/* --- what supersedes what ------------------------------------------------------------------- */

static void a_newer_revision_supersedes(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	unsigned long attempt;

	to_batch(&f);
	fleet_all_good(&f);
	attempt = f.plan.attempt;
	f.in.newest = REV_C;
	f.rules.settle = 60 * SECOND;
	fleet_pass(&f, f.rules.batch_time);
	expect(&f, "batch 2: m0 m1 m2"); /* it does not grow any more */
	fleet_pass(&f, f.rules.settle);
	expect(&f, "canary 1: m0");
	assert_string_equal(f.plan.target.revision, REV_C);
	assert_int_equal(f.plan.attempt, attempt + 1);
	assert_string_equal(f.outcomes, "1 accepted, 2 superseded, ");
}

static void a_halted_one_keeps_its_outcome_when_superseded(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	to_batch(&f);
	fleet_set_verdict(&f, 0, VERDICT_BAD);
	fleet_run(&f);
	fleet_push(&f, REV_C);
	expect(&f, "canary 1: m0");
	assert_string_equal(f.plan.failure.host, "");
	assert_string_equal(f.outcomes, "1 accepted, 2 halted, ");
}

static void back_to_the_accepted_one_withdraws(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	to_batch(&f);
	fleet_push(&f, REV_A);
	expect(&f, "idle 0:");
	assert_string_equal(f.plan.target.revision, "");
	assert_string_equal(f.outcomes, "1 accepted, 2 withdrawn, ");
}

static void an_unknown_config_is_never_a_target(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	to_batch(&f);
	fleet_push(&f, "");
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.batch_time);
	expect(&f, "batch 3: m0 m1 m2 m3 m4"); /* a rollout in progress continues */
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.batch_time);
	fleet_pass(&f, 3600 * SECOND);
	expect(&f, "idle 0:");
	assert_string_equal(f.plan.accepted.revision, REV_B);
}

/* --- modes ---------------------------------------------------------------------------------- */

static void mode_all_accepts_at_once(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	fleet_init(&f, ROLLOUT_ALL, 3);
	f.in.running = "";
	fleet_run(&f);
	assert_true(f.last.due == f.in.now + f.rules.settle);
	fleet_pass(&f, f.rules.settle);
	assert_string_equal(f.plan.accepted.revision, REV_A);
	fleet_push(&f, REV_B);
	expect(&f, "idle 0:");
	assert_string_equal(f.plan.accepted.revision, REV_B);
	assert_string_equal(f.outcomes, "1 accepted, 2 accepted, ");
}

static void mode_all_ends_a_rollout(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	to_batch(&f);
	f.rules.mode = ROLLOUT_ALL;
	fleet_run(&f);
	expect(&f, "idle 0:");
	assert_string_equal(f.plan.accepted.revision, REV_B);
	f.rules.mode = ROLLOUT_CANARY;
	fleet_push(&f, REV_C);
	f.rules.mode = ROLLOUT_ALL;
	fleet_push(&f, REV_A);
	assert_string_equal(f.plan.accepted.revision, REV_A);
	assert_string_equal(f.outcomes, "1 accepted, 2 accepted, 3 superseded, 1 accepted, ");
}

static void mode_manual_waits_for_each_promote(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_MANUAL, 4);
	fleet_pass(&f, 3600 * SECOND);
	expect(&f, "pending 0:");
	assert_string_equal(fleet_ask(&f, "promote"), "done");
	expect(&f, "canary 1: m0");
	assert_string_equal(fleet_ask(&f, "promote"), "refused: m0 has no good verdict on it yet");
	fleet_all_good(&f);
	fleet_pass(&f, 3600 * SECOND);
	expect(&f, "canary 1: m0");
	fleet_ask(&f, "promote");
	expect(&f, "batch 2: m0 m1 m2");
	fleet_all_good(&f);
	fleet_ask(&f, "promote");
	expect(&f, "batch 3: m0 m1 m2 m3");
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.batch_time);
	assert_string_equal(f.plan.accepted.revision,
			    REV_B); /* no host is left for the next step */
}

static void the_mode_may_change_in_mid_rollout(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	begin(&f, ROLLOUT_MANUAL, 4);
	f.rules.mode = ROLLOUT_CANARY;
	fleet_run(&f);
	expect(&f, "canary 1: m0");
	assert_string_equal(f.plan.mode, "canary");
	fleet_all_good(&f);
	f.rules.mode = ROLLOUT_MANUAL;
	fleet_pass(&f, f.rules.bake_time);
	expect(&f, "canary 1: m0");
	f.rules.mode = ROLLOUT_CANARY;
	fleet_run(&f);
	expect(&f, "batch 2: m0 m1 m2");
}

static void a_plan_without_what_it_is_about_is_ended(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;

	to_batch(&f);
	f.plan.target.revision = "";
	fleet_run(&f);
	expect(&f, "canary 1: m0"); /* B begins again as a new attempt */
	f.plan.phase = PLAN_PUBLISHING;
	fleet_run(&f);
	assert_true(f.last.rollback == 0);
	expect(&f, "canary 1: m0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_plan_accepts_what_the_leader_runs),
		cmocka_unit_test(there_is_no_first_plan_before_the_config_is_known),
		cmocka_unit_test(a_leader_that_runs_nothing_has_the_newest_prove_itself),
		cmocka_unit_test(the_history_knows_better_than_what_a_leader_runs),
		cmocka_unit_test(it_goes_from_canary_through_batches_to_all),
		cmocka_unit_test(without_a_new_revision_nothing_changes),
		cmocka_unit_test(a_new_revision_settles_first),
		cmocka_unit_test(the_time_of_a_step_begins_again_when_a_host_is_not_good),
		cmocka_unit_test(a_new_leader_begins_the_time_again_and_repeats_no_step),
		cmocka_unit_test(a_verdict_of_another_attempt_says_nothing),
		cmocka_unit_test(attempts_are_above_all_that_members_remember),
		cmocka_unit_test(an_absurd_attempt_is_no_memory),
		cmocka_unit_test(batches_are_percent_of_the_joined),
		cmocka_unit_test(who_joins_on_the_way_is_in_a_later_batch),
		cmocka_unit_test(canaries_are_those_that_are_well),
		cmocka_unit_test(named_canaries_are_waited_for),
		cmocka_unit_test(canaries_that_leave_the_rollout_are_replaced),
		cmocka_unit_test(with_nobody_to_prove_it_nothing_is_accepted),
		cmocka_unit_test(a_canary_that_finds_it_bad_halts),
		cmocka_unit_test(a_canary_without_a_verdict_halts),
		cmocka_unit_test(a_canary_that_is_gone_halts_even_when_it_was_good),
		cmocka_unit_test(being_away_does_not_use_up_the_time_to_apply),
		cmocka_unit_test(others_may_fail_up_to_a_number),
		cmocka_unit_test(none_may_fail_by_default),
		cmocka_unit_test(a_canary_halts_in_a_later_step_too_under_a_new_leader),
		cmocka_unit_test(reverting_ends_when_nobody_runs_it),
		cmocka_unit_test(reverting_is_not_waited_for_without_end),
		cmocka_unit_test(nothing_accepted_is_nothing_to_go_back_to),
		cmocka_unit_test(a_newer_revision_supersedes),
		cmocka_unit_test(a_halted_one_keeps_its_outcome_when_superseded),
		cmocka_unit_test(back_to_the_accepted_one_withdraws),
		cmocka_unit_test(an_unknown_config_is_never_a_target),
		cmocka_unit_test(mode_all_accepts_at_once),
		cmocka_unit_test(mode_all_ends_a_rollout),
		cmocka_unit_test(mode_manual_waits_for_each_promote),
		cmocka_unit_test(the_mode_may_change_in_mid_rollout),
		cmocka_unit_test(a_plan_without_what_it_is_about_is_ended),
	};

	return cmocka_run_group_tests_name("rollout", tests, NULL, NULL);
}
