/* patience: how long a search goes on although a newer tree waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/deploy/patience.h"

#define BEGIN (77 * USEC_PER_SEC)

static uint64_t lasts(struct patience *p)
{
	patience_begin(p, BEGIN);
	return patience_end(p, false) - BEGIN;
}

static void a_search_that_found_something_is_followed_by_one_as_long(void **state UNUSED)
{
	struct patience p;

	patience_init(&p);
	assert_int_equal(lasts(&p), PATIENCE_FIRST);
	patience_drop(&p, true);
	assert_int_equal(lasts(&p), PATIENCE_FIRST);
}

static void each_search_of_no_use_doubles_the_time_of_the_next(void **state UNUSED)
{
	struct patience p;

	patience_init(&p);
	for (uint64_t factor = 1; factor <= 64; factor *= 2) {
		assert_int_equal(lasts(&p), factor * PATIENCE_FIRST);
		patience_drop(&p, true);
		assert_int_equal(lasts(&p), factor * PATIENCE_FIRST);
		patience_drop(&p, false);
	}
	for (int i = 0; i < 100; i++)
		patience_drop(&p, false);
	assert_int_equal(lasts(&p), PATIENCE_MAX);
	patience_init(&p);
	assert_int_equal(lasts(&p), PATIENCE_FIRST);
}

static void a_search_for_what_is_gone_lasts_a_fifth(void **state UNUSED)
{
	struct patience p;

	patience_init(&p);
	patience_drop(&p, false);
	patience_begin(&p, BEGIN);
	assert_int_equal(patience_end(&p, true), BEGIN + 2 * PATIENCE_FIRST / 5);
	assert_int_equal(patience_end(&p, false), BEGIN + 2 * PATIENCE_FIRST);
}

/* One test takes a second, and a refused unit is found after `needed` of them. A client writes all
 * the time, so each search is dropped as soon as that is possible. */
static uint64_t seconds_to_find(unsigned units, unsigned needed)
{
	struct patience p;
	uint64_t now = BEGIN;

	patience_init(&p);
	while (units) {
		unsigned tests = 0, found;

		patience_begin(&p, now);
		for (; now < patience_end(&p, false) && tests < units * needed; tests++)
			now += USEC_PER_SEC;
		found = tests / needed;
		units -= found;
		patience_drop(&p, found);
	}
	return (now - BEGIN) / USEC_PER_SEC;
}

static void
a_client_that_writes_all_the_time_delays_the_search_and_never_prevents_its_end(void **state UNUSED)
{
	for (unsigned needed = 1; needed < 1000; needed = needed * 3 / 2 + 1) {
		for (unsigned units = 1; units <= 100; units = 3 * units + 1)
			assert_true(seconds_to_find(units, needed) <=
				    2 * units * needed + 2 * (uint64_t)needed + 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_search_that_found_something_is_followed_by_one_as_long),
		cmocka_unit_test(each_search_of_no_use_doubles_the_time_of_the_next),
		cmocka_unit_test(a_search_for_what_is_gone_lasts_a_fifth),
		cmocka_unit_test(
			a_client_that_writes_all_the_time_delays_the_search_and_never_prevents_its_end),
	};

	return cmocka_run_group_tests_name("patience", tests, NULL, NULL);
}
