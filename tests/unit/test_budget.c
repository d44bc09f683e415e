/* budget: a burst at once, and then a limited rate. */
#include "core/deploy/budget.h"
#include "tree_fixture.h"

#define SECOND USEC_PER_SEC

static void a_burst_goes_at_once(void **state UNUSED)
{
	struct budget b;

	budget_init(&b, 1000);
	for (int i = 0; i < BUDGET_TESTS; i++) {
		assert_true(budget_due(&b, 1000) <= 1000);
		budget_spend(&b, 1000, 10 * USEC_PER_MSEC);
	}
	assert_true(budget_due(&b, 1000) > 1000);
}

/* Each test starts as soon as the budget allows it, for a day. */
static unsigned long tests_of_a_day(uint64_t duration)
{
	struct budget b;
	uint64_t now = 0;
	unsigned long n = 0;

	budget_init(&b, 0);
	while (now < 24 * 3600 * SECOND) {
		now = budget_due(&b, now) + duration;
		budget_spend(&b, now, duration);
		n++;
	}
	return n;
}

static void a_part_is_kept_for_what_matters_more(void **state UNUSED)
{
	struct budget b;

	budget_init(&b, 0);
	assert_true(budget_is_ample(&b, 0, 0));
	assert_false(budget_is_ample(&b, 0, BUDGET_TESTS / 2));
	for (int i = 0; i < BUDGET_TESTS / 2; i++)
		budget_spend(&b, 0, 1);
	assert_false(budget_is_ample(&b, 0, 0));
	assert_int_equal(budget_due(&b, 0), 0);
}

static void in_the_long_run_their_number_is_limited(void **state UNUSED)
{
	unsigned long n = tests_of_a_day(20 * USEC_PER_MSEC);

	assert_true(n <= BUDGET_TESTS + 24 * 60 * BUDGET_TESTS_A_MINUTE + 1);
	assert_true(n > 23 * 60 * BUDGET_TESTS_A_MINUTE);
}

static void in_the_long_run_their_time_is_limited(void **state UNUSED)
{
	unsigned long seconds = 4 * tests_of_a_day(4 * SECOND);

	assert_true(seconds <= BUDGET_SECONDS + 24 * 3600 * BUDGET_PERCENT / 100 + 8);
}

static void a_quiet_time_refills_the_budget(void **state UNUSED)
{
	struct budget b;
	uint64_t now = 0;

	budget_init(&b, 0);
	for (int i = 0; i < BUDGET_TESTS; i++)
		budget_spend(&b, now, 1);
	assert_true(budget_due(&b, now) > now);
	now += 3600 * SECOND;
	for (int i = 0; i < BUDGET_TESTS; i++) {
		assert_true(budget_due(&b, now) <= now);
		budget_spend(&b, now, 1);
	}
	assert_true(budget_due(&b, now) > now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_goes_at_once),
		cmocka_unit_test(a_part_is_kept_for_what_matters_more),
		cmocka_unit_test(in_the_long_run_their_number_is_limited),
		cmocka_unit_test(in_the_long_run_their_time_is_limited),
		cmocka_unit_test(a_quiet_time_refills_the_budget),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
