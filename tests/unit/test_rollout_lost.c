/* The leader's rollout after ZooKeeper's history has gone back, and the plan with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet_fixture.h"

#define expect(f, says) assert_string_equal(fleet_says(f), says)

/* A fleet on A with a plan; then B is pushed. */
static void begin(struct fleet *f, size_t members)
{
	fleet_init(f, ROLLOUT_CANARY, members);
	fleet_run(f);
	fleet_push(f, REV_B);
}

/* ZooKeeper has gone back to before B was pushed, and then B was pushed again. */
static void lose(struct fleet *f, struct plan *lost)
{
	*lost = plan_copy(f->arena, &f->plan);
	f->in.lost = lost;
	f->in.plan = NULL;
	f->stored_count = 1;
	f->outcomes[0] = '\0';
	rollout_free(f->rollout);
	f->rollout = rollout_new();
}

static void begin_lost_batch(struct fleet *f, struct plan *lost)
{
	begin(f, 5);
	fleet_all_good(f);
	fleet_pass(f, f->rules.bake_time);
	expect(f, "batch 2: m0 m1 m2");
	lose(f, lost);
}

static void a_plan_that_was_lost_is_written_again_with_its_hosts(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	struct plan lost;

	begin_lost_batch(&f, &lost);
	fleet_run(&f);
	expect(&f, "batch 2: m0 m1 m2");
	assert_string_equal(f.plan.accepted.revision, REV_A);
	assert_int_equal(f.plan.accepted.history, 1);
	assert_int_equal(f.plan.target.history, 2);
	assert_true(f.plan.attempt > lost.attempt);
	f.in.lost = NULL;
	fleet_all_good(&f);
	fleet_pass(&f, f.rules.batch_time);
	expect(&f, "batch 3: m0 m1 m2 m3 m4");
}

static void a_plan_that_was_written_again_is_like_any_other(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	struct plan lost;

	begin_lost_batch(&f, &lost);
	fleet_run(&f);
	f.in.lost = NULL;
	fleet_elect(&f, "m1");
	fleet_all_good(&f);
	expect(&f, "batch 2: m0 m1 m2");
	assert_string_equal(fleet_ask(&f, "promote"), "done");
	expect(&f, "batch 3: m0 m1 m2 m3 m4");
}

/* The leader had not seen the last step. */
static void a_host_that_runs_the_lost_target_keeps_it(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	struct plan lost;

	begin_lost_batch(&f, &lost);
	f.members[4].revision = REV_B;
	fleet_run(&f);
	expect(&f, "batch 2: m0 m1 m2 m4");
}

/* Their nginx keeps it while the member znodes are not there yet. */
static void a_host_of_the_lost_plan_that_is_missing_stays_in_it(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	struct plan lost;

	begin_lost_batch(&f, &lost);
	f.in.member_count = 1;
	fleet_run(&f);
	expect(&f, "batch 2: m0 m1 m2");
}

static void a_lost_target_that_is_not_the_config_is_given_up(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	struct plan lost;

	begin_lost_batch(&f, &lost);
	f.in.newest = REV_A;
	fleet_run(&f);
	expect(&f, "idle 0:");
	assert_string_equal(f.plan.accepted.revision, REV_A);
	f.in.lost = NULL;
	fleet_pass(&f, f.rules.settle);
	expect(&f, "idle 0:");
}

static void a_lost_plan_that_was_stopped_stays_stopped(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	struct plan lost;

	begin(&f, 3);
	fleet_set_verdict(&f, 0, VERDICT_BAD);
	fleet_run(&f);
	expect(&f, "halted 1: m0");
	lose(&f, &lost);
	fleet_run(&f);
	f.in.lost = NULL;
	fleet_pass(&f, f.rules.bake_time);
	expect(&f, "halted 1: m0");
	assert_string_equal(f.plan.failure.host, "m0");
}

static void an_accepted_revision_that_was_lost_is_stored_again(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	struct plan lost;

	begin(&f, 3);
	lose(&f, &lost);
	f.stored[0] = REV_C;
	f.in.running = REV_A;
	assert_true(fleet_turn(&f));
	assert_string_equal(f.last.store, REV_A);
	f.in.running = "";
	fleet_run(&f);
	assert_string_equal(f.plan.accepted.revision, REV_A);
	assert_int_equal(f.plan.accepted.history, 2);
	assert_int_equal(f.plan.target.history, 3);
}

/* The leader does not run it, and the history has lost it. */
static void an_accepted_revision_without_an_entry_stays_accepted(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	struct plan lost;

	begin(&f, 3);
	lose(&f, &lost);
	f.stored[0] = REV_C;
	f.in.running = "";
	fleet_run(&f);
	expect(&f, "canary 1: m0");
	assert_string_equal(f.plan.accepted.revision, REV_A);
	assert_int_equal(f.plan.accepted.history, 0);
}

/* There was no plan yet that this leader knew. */
static void without_a_known_plan_the_accepted_revision_counts(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f;
	const struct plan lost = { .accepted.revision = REV_A };

	fleet_init(&f, ROLLOUT_CANARY, 3);
	f.stored[f.stored_count++] = REV_A;
	f.in.lost = &lost;
	f.in.running = "";
	f.in.newest = REV_B;
	fleet_turn(&f);
	expect(&f, "idle 0:");
	assert_string_equal(f.plan.accepted.revision, REV_A);
	assert_int_equal(f.plan.accepted.history, 1);
	f.in.lost = NULL;
	fleet_pass(&f, f.rules.settle);
	expect(&f, "canary 1: m0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_that_was_lost_is_written_again_with_its_hosts),
		cmocka_unit_test(a_plan_that_was_written_again_is_like_any_other),
		cmocka_unit_test(a_host_that_runs_the_lost_target_keeps_it),
		cmocka_unit_test(a_host_of_the_lost_plan_that_is_missing_stays_in_it),
		cmocka_unit_test(a_lost_target_that_is_not_the_config_is_given_up),
		cmocka_unit_test(a_lost_plan_that_was_stopped_stays_stopped),
		cmocka_unit_test(an_accepted_revision_that_was_lost_is_stored_again),
		cmocka_unit_test(an_accepted_revision_without_an_entry_stays_accepted),
		cmocka_unit_test(without_a_known_plan_the_accepted_revision_counts),
	};

	return cmocka_run_group_tests_name("rollout_lost", tests, NULL, NULL);
}
