/*
 * search: which part of a change does nginx accept? With a model of nginx that forbids some sets of
 * units, and some units without others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/deploy/search.h"

#define UNITS_MAX 512
#define RULES_MAX 64

/* Not these together; or, with `needs`, not the first without the second. */
struct rule {
	size_t units[4], count;
	bool needs;
};

enum hints { HINTS_RIGHT, HINTS_NONE, HINTS_WRONG, HINTS_RANDOM, HINTS_N };

struct world {
	size_t count;
	struct rule rules[RULES_MAX];
	size_t rule_count;
	enum hints hints;
	uint32_t seed;
	size_t tests, failures;
};

static uint32_t next_random(struct world *w)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 17;
	w->seed ^= w->seed << 5;
	return w->seed;
}

static size_t below(struct world *w, size_t n)
{
	return next_random(w) % n;
}

static bool is_broken(const struct rule *r, const bool *take)
{
	if (r->needs)
		return take[r->units[0]] && !take[r->units[1]];
	for (size_t i = 0; i < r->count; i++) {
		if (!take[r->units[i]])
			return false;
	}
	return true;
}

static const struct rule *broken(const struct world *w, const bool *take)
{
	for (size_t i = 0; i < w->rule_count; i++) {
		if (is_broken(&w->rules[i], take))
			return &w->rules[i];
	}
	return NULL;
}

static size_t hint(struct world *w, const struct rule *r, size_t hints[static 4])
{
	enum hints kind = w->hints == HINTS_RANDOM ? (enum hints)below(w, HINTS_RANDOM) : w->hints;

	if (kind == HINTS_NONE)
		return 0;
	if (kind == HINTS_WRONG) {
		for (size_t i = 0; i < 4; i++)
			hints[i] = below(w, w->count);
		return 4;
	}
	memcpy(hints, r->units, sizeof(r->units));
	return r->needs ? 1 : r->count;
}

static void test(struct world *w, struct search *s, const bool *take)
{
	const struct rule *r = broken(w, take);
	size_t hints[4], count;

	assert_true(w->tests++ < 100000);
	if (!r) {
		search_passed(s);
		return;
	}
	count = hint(w, r, hints);
	search_failed(s, hints, count, w->failures++);
}

/* Runs the search to its end. */
static void run(struct world *w, struct search *s, bool *take)
{
	while (search_next(s, take))
		test(w, s, take);
}

static void run_some(struct world *w, struct search *s, size_t count)
{
	bool take[UNITS_MAX];

	while (count-- && search_next(s, take))
		test(w, s, take);
}

static void stop_now(struct world *w, struct search *s)
{
	bool take[UNITS_MAX];

	search_stop(s);
	run(w, s, take);
	search_open_rest(s);
}

static void result(const struct search *s, const struct world *w, bool *take)
{
	for (size_t i = 0; i < w->count; i++) {
		assert_int_not_equal(search_fate(s, i), SEARCH_OPEN);
		take[i] = search_fate(s, i) == SEARCH_TAKEN;
	}
}

/* The accepted units pass together, and no other can be added. */
static void check_maximal(const struct search *s, const struct world *w)
{
	bool take[UNITS_MAX];

	result(s, w, take);
	assert_null(broken(w, take));
	for (size_t i = 0; i < w->count; i++) {
		if (take[i])
			continue;
		take[i] = true;
		assert_non_null(broken(w, take));
		take[i] = false;
	}
}

static size_t log2_of(size_t n)
{
	size_t result = 0;

	while (((size_t)1 << result) < n)
		result++;
	return result;
}

static size_t bound_of(size_t causes, size_t count)
{
	return causes * (2 * log2_of(count + 1) + 10);
}

/* The limit in search.h: the refused units, and those that only fail without a later one. */
static size_t bound(const struct world *w, const struct search *s)
{
	size_t causes = 0;

	for (size_t i = 0; i < w->count; i++)
		causes += search_fate(s, i) == SEARCH_REFUSED;
	for (size_t i = 0; i < w->rule_count; i++)
		causes += w->rules[i].needs;
	return bound_of(causes, w->count) + 2;
}

static void forbid(struct world *w, size_t a, size_t b, size_t c, size_t count)
{
	w->rules[w->rule_count++] = (struct rule){ .units = { a, b, c }, .count = count };
}

static void need(struct world *w, size_t unit, size_t needed)
{
	w->rules[w->rule_count++] =
		(struct rule){ .units = { unit, needed }, .count = 2, .needs = true };
}

static enum search_fate fate_after(struct world *w, size_t unit)
{
	CLEANUP(search_freep) struct search *s = search_new(w->count);
	bool take[UNITS_MAX];

	w->seed = 1;
	run(w, s, take);
	check_maximal(s, w);
	return search_fate(s, unit);
}

/* --- single cases ---------------------------------------------------------------------------- */

static void a_change_that_passes_takes_one_test(void **state UNUSED)
{
	struct world w = { .count = 100 };

	assert_int_equal(fate_after(&w, 17), SEARCH_TAKEN);
	assert_int_equal(w.tests, 1);
}

static void one_bad_unit_that_is_named_takes_two_tests(void **state UNUSED)
{
	struct world w = { .count = 500, .hints = HINTS_RIGHT };

	forbid(&w, 333, 0, 0, 1);
	assert_int_equal(fate_after(&w, 333), SEARCH_REFUSED);
	assert_int_equal(w.tests, 2);
}

static void one_bad_unit_that_is_not_named_is_found_by_halves(void **state UNUSED)
{
	struct world w = { .count = 500, .hints = HINTS_NONE };

	forbid(&w, 333, 0, 0, 1);
	assert_int_equal(fate_after(&w, 333), SEARCH_REFUSED);
	assert_true(w.tests <= 2 * 9 + 4);
}

static void twenty_bad_units_that_are_named_take_three_tests_each(void **state UNUSED)
{
	struct world w = { .count = 500, .hints = HINTS_RIGHT };

	for (size_t i = 0; i < 20; i++)
		forbid(&w, 25 * i, 0, 0, 1);
	assert_int_equal(fate_after(&w, 25), SEARCH_REFUSED);
	assert_true(w.tests <= 3 * 20 + 3);
}

static void of_two_that_exclude_each_other_the_earlier_is_taken(void **state UNUSED)
{
	for (enum hints h = 0; h < HINTS_WRONG; h++) {
		struct world w = { .count = 50, .hints = h };

		forbid(&w, 30, 7, 0, 2);
		assert_int_equal(fate_after(&w, 7), SEARCH_TAKEN);
		assert_int_equal(fate_after(&w, 30), SEARCH_REFUSED);
	}
}

static void what_needs_a_later_unit_is_taken_in_the_end(void **state UNUSED)
{
	struct world w = { .count = 50, .hints = HINTS_RIGHT };

	need(&w, 3, 40);
	forbid(&w, 20, 0, 0, 1);
	assert_int_equal(fate_after(&w, 3), SEARCH_TAKEN);
}

static void units_that_need_each_other_are_taken_together(void **state UNUSED)
{
	struct world w = { .count = 50, .hints = HINTS_RIGHT, .seed = 1 };
	CLEANUP(search_freep) struct search *s = search_new(w.count);
	bool take[UNITS_MAX];

	need(&w, 3, 40);
	need(&w, 40, 3);
	forbid(&w, 20, 0, 0, 1);
	forbid(&w, 21, 0, 0, 1);
	search_group(s, 3, 77);
	search_group(s, 40, 77);
	run(&w, s, take);
	assert_int_equal(search_fate(s, 3), SEARCH_TAKEN);
	assert_int_equal(search_fate(s, 40), SEARCH_TAKEN);
	assert_int_equal(search_fate(s, 20), SEARCH_REFUSED);
}

static void what_needs_a_refused_unit_is_blocked_and_not_tested(void **state UNUSED)
{
	struct world w = { .count = 50, .hints = HINTS_RIGHT, .seed = 1 };
	CLEANUP(search_freep) struct search *s = search_new(w.count);
	bool take[UNITS_MAX];

	forbid(&w, 20, 0, 0, 1);
	search_need(s, 30, 20);
	search_need(s, 31, 30);
	run(&w, s, take);
	assert_int_equal(search_fate(s, 20), SEARCH_REFUSED);
	assert_int_equal(search_fate(s, 30), SEARCH_BLOCKED);
	assert_int_equal(search_fate(s, 31), SEARCH_BLOCKED);
	assert_int_equal(search_fate(s, 32), SEARCH_TAKEN);
	assert_true(w.tests <= 4);
}

static void what_was_set_aside_before_is_tried_at_the_end(void **state UNUSED)
{
	struct world w = { .count = 10, .hints = HINTS_RIGHT, .seed = 1 };
	CLEANUP(search_freep) struct search *s = search_new(w.count);
	bool take[UNITS_MAX];

	forbid(&w, 4, 0, 0, 1);
	search_set_aside(s, 3);
	search_set_aside(s, 4);
	assert_true(search_next(s, take));
	assert_false(take[3]);
	search_passed(s);
	run(&w, s, take);
	assert_int_equal(search_fate(s, 3), SEARCH_TAKEN);
	assert_int_equal(search_fate(s, 4), SEARCH_REFUSED);
	assert_int_equal(search_reason(s, 4), 0);
}

static void the_reason_is_the_failure_that_was_about_the_unit(void **state UNUSED)
{
	struct world w = { .count = 50, .hints = HINTS_RIGHT, .seed = 1 };
	CLEANUP(search_freep) struct search *s = search_new(w.count);
	bool take[UNITS_MAX];

	forbid(&w, 20, 0, 0, 1);
	run(&w, s, take);
	assert_int_equal(search_reason(s, 20), 0);
	assert_int_equal(search_reason(s, 21), SIZE_MAX);
}

/* Where a failed test does harm, no result is tested again. */
static void a_frugal_search_tests_no_unit_twice(void **state UNUSED)
{
	struct world w = { .count = 50, .hints = HINTS_NONE, .seed = 1 };
	CLEANUP(search_freep) struct search *s = search_new(w.count);
	bool take[UNITS_MAX];
	size_t failures;

	forbid(&w, 20, 0, 0, 1);
	search_be_frugal(s);
	run(&w, s, take);
	failures = w.failures;
	assert_int_equal(search_fate(s, 20), SEARCH_REFUSED);
	assert_true(failures <= 7);
}

/* Stops after each number of tests: what is refused is proved, and what is taken passes. */
static void a_search_that_is_stopped_keeps_only_what_was_proved(void **state UNUSED)
{
	for (size_t stop = 1; stop < 40; stop++) {
		struct world w = { .count = 100, .hints = HINTS_RANDOM, .seed = 7 };
		CLEANUP(search_freep) struct search *s = search_new(w.count);

		for (size_t bad = 13; bad < 100; bad += 20)
			forbid(&w, bad, 0, 0, 1);
		run_some(&w, s, stop);
		stop_now(&w, s);
		for (size_t u = 0; u < w.count; u++) {
			bool is_bad = u % 20 == 13;

			assert_int_not_equal(search_fate(s, u),
					     is_bad ? SEARCH_TAKEN : SEARCH_REFUSED);
			assert_int_not_equal(search_fate(s, u), SEARCH_BLOCKED);
		}
	}
}

/* The unit 3 needs the unit 52 and is found first. As soon as 52 is taken, no stop blames it. */
static void what_passes_at_the_stop_is_not_refused(void **state UNUSED)
{
	size_t refused = 0, rescued = 0;

	for (size_t stop = 1; stop < 60; stop++) {
		struct world w = { .count = 100, .hints = HINTS_NONE, .seed = 7 };
		CLEANUP(search_freep) struct search *s = search_new(w.count);

		need(&w, 3, 52);
		for (size_t bad = 63; bad < 100; bad += 10)
			forbid(&w, bad, 0, 0, 1);
		run_some(&w, s, stop);
		rescued +=
			search_fate(s, 3) == SEARCH_REFUSED && search_fate(s, 52) == SEARCH_TAKEN;
		stop_now(&w, s);
		if (search_fate(s, 52) == SEARCH_TAKEN)
			assert_int_equal(search_fate(s, 3), SEARCH_TAKEN);
		for (size_t bad = 63; bad < 100; bad += 10)
			refused += search_fate(s, bad) == SEARCH_REFUSED;
	}
	assert_true(rescued > 0);
	assert_true(refused > 100);
}

/* No test is left: what was proved before more units were taken is open again. */
static void what_may_pass_after_the_stop_is_open(void **state UNUSED)
{
	for (size_t stop = 1; stop < 60; stop++) {
		struct world w = { .count = 100, .hints = HINTS_NONE, .seed = 7 };
		CLEANUP(search_freep) struct search *s = search_new(w.count);

		need(&w, 3, 52);
		forbid(&w, 63, 0, 0, 1);
		forbid(&w, 73, 0, 0, 1);
		run_some(&w, s, stop);
		search_stop(s);
		search_open_rest(s);
		if (search_fate(s, 52) == SEARCH_TAKEN)
			assert_int_not_equal(search_fate(s, 3), SEARCH_REFUSED);
	}
}

static void what_is_new_does_not_wait_for_what_is_postponed(void **state UNUSED)
{
	for (enum hints h = 0; h < HINTS_RANDOM; h++) {
		struct world w = { .count = 200, .hints = h, .seed = 7 };
		CLEANUP(search_freep) struct search *s = search_new(w.count);
		bool take[UNITS_MAX];

		for (size_t bad = 50; bad < 80; bad++)
			forbid(&w, bad, 0, 0, 1);
		for (size_t u = 0; u < 198; u++)
			search_postpone(s, u);
		run_some(&w, s, 1);
		assert_int_equal(search_taken(s), 2);
		assert_false(search_is_settled(s));
		run(&w, s, take);
		check_maximal(s, &w);
		assert_int_equal(search_taken(s), 170);
	}
}

/* The change was refused as a whole a while ago; `cause`: the unit that nginx named then. */
static void tell_of_before(struct world *w, struct search *s, size_t cause)
{
	search_failed_before(s, &cause, w->hints == HINTS_NONE ? 0 : 1, w->failures++);
}

static void a_cause_that_is_over_refuses_nothing(void **state UNUSED)
{
	for (size_t n = 1; n < 40; n += 13) {
		for (enum hints h = 0; h <= HINTS_NONE; h++) {
			struct world w = { .count = n, .hints = h, .seed = 1 };
			CLEANUP(search_freep) struct search *s = search_new(n);
			bool take[UNITS_MAX];

			tell_of_before(&w, s, n / 2);
			run(&w, s, take);
			assert_int_equal(search_taken(s), n);
			assert_true(w.tests <= log2_of(n + 1) + 3);
		}
	}
}

static void a_cause_that_lasts_takes_one_test_more(void **state UNUSED)
{
	struct world w = { .count = 500, .hints = HINTS_RIGHT, .seed = 1 };
	CLEANUP(search_freep) struct search *s = search_new(w.count);
	bool take[UNITS_MAX];

	forbid(&w, 333, 0, 0, 1);
	tell_of_before(&w, s, 333);
	run(&w, s, take);
	assert_int_equal(search_fate(s, 333), SEARCH_REFUSED);
	assert_int_equal(search_reason(s, 333), 1);
	assert_int_equal(search_tests(s), 2);
}

/* --- any world ------------------------------------------------------------------------------- */

static void fill(struct world *w)
{
	size_t rules = below(w, 12);

	for (size_t i = 0; i < rules; i++) {
		size_t kind = below(w, 5), a = below(w, w->count), b = below(w, w->count);

		if (kind == 4 && a != b)
			need(w, a, b);
		else
			forbid(w, a, b, below(w, w->count), kind < 2 ? 1 : kind);
	}
}

static void any_world_ends_maximal_and_within_the_bound(void **state UNUSED)
{
	for (uint32_t seed = 1; seed <= 20000; seed++) {
		struct world w = { .seed = seed * 2654435761U };
		CLEANUP(search_freep) struct search *s = NULL;
		bool take[UNITS_MAX], told;

		w.count = 2 + below(&w, seed % 50 ? 60 : UNITS_MAX - 2);
		w.hints = (enum hints)below(&w, HINTS_N);
		fill(&w);
		s = search_new(w.count);
		told = below(&w, 3) == 0;
		for (size_t u = 0; !told && seed % 4 == 0 && u < w.count; u++) {
			if (below(&w, 2))
				search_postpone(s, u);
		}
		if (told)
			tell_of_before(&w, s, below(&w, w.count));
		run(&w, s, take);
		check_maximal(s, &w);
		if (w.tests > bound(&w, s) + told * bound_of(1, w.count))
			fail_msg("seed %u: %zu tests of %zu units", seed, w.tests, w.count);
		assert_int_equal(w.tests, search_tests(s));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_that_passes_takes_one_test),
		cmocka_unit_test(one_bad_unit_that_is_named_takes_two_tests),
		cmocka_unit_test(one_bad_unit_that_is_not_named_is_found_by_halves),
		cmocka_unit_test(twenty_bad_units_that_are_named_take_three_tests_each),
		cmocka_unit_test(of_two_that_exclude_each_other_the_earlier_is_taken),
		cmocka_unit_test(what_needs_a_later_unit_is_taken_in_the_end),
		cmocka_unit_test(units_that_need_each_other_are_taken_together),
		cmocka_unit_test(what_needs_a_refused_unit_is_blocked_and_not_tested),
		cmocka_unit_test(what_was_set_aside_before_is_tried_at_the_end),
		cmocka_unit_test(the_reason_is_the_failure_that_was_about_the_unit),
		cmocka_unit_test(a_search_that_is_stopped_keeps_only_what_was_proved),
		cmocka_unit_test(what_passes_at_the_stop_is_not_refused),
		cmocka_unit_test(what_may_pass_after_the_stop_is_open),
		cmocka_unit_test(what_is_new_does_not_wait_for_what_is_postponed),
		cmocka_unit_test(a_cause_that_is_over_refuses_nothing),
		cmocka_unit_test(a_cause_that_lasts_takes_one_test_more),
		cmocka_unit_test(a_frugal_search_tests_no_unit_twice),
		cmocka_unit_test(any_world_ends_maximal_and_within_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
