/* gate: what makes the verdict on a revision good or bad, and from which time on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/rollout/gate.h"

static const struct gate_rules NONE = { .max_errors = 5, .max_upstream_errors = 10 };
static const struct gate_rules PROBE = {
	.probe = true,
	.max_errors = 5,
	.max_upstream_errors = 10,
	.min_requests = 20,
};
static const struct gate_rules COMMAND = { .command = true };

static struct gate_counts counts(uint64_t start, uint64_t requests, uint64_t errors,
				 uint64_t upstream_errors)
{
	return (struct gate_counts){ start, requests, errors, upstream_errors };
}

/* A gate on revision "r", attempt 1, which runs since the probe reported these counts. */
static struct gate *running(const struct gate_counts *base)
{
	struct gate *g = gate_new("/c");

	gate_begin(g, "r", 1, NULL);
	gate_applied(g, 0, base);
	return g;
}

static void sample(struct gate *g, uint64_t start, uint64_t requests, uint64_t errors,
		   uint64_t upstream_errors)
{
	struct gate_counts c = counts(start, requests, errors, upstream_errors);

	gate_sample(g, &PROBE, 0, &c);
}

static void assert_bad(const struct gate *g, const char *message)
{
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_BAD);
	assert_string_equal(gate_message(g), message);
}

static void applied_is_good_where_nothing_else_is_asked(void **state UNUSED)
{
	CLEANUP(gate_freep) struct gate *g = gate_new("/c");

	assert_int_equal(gate_verdict(g, &NONE), VERDICT_WAITING);
	assert_string_equal(gate_revision(g), "");
	gate_applied(g, 0, NULL); /* of no revision */
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_WAITING);
	gate_begin(g, "r", 3, NULL);
	assert_string_equal(gate_revision(g), "r");
	assert_int_equal(gate_attempt(g), 3);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_WAITING);
	gate_applied(g, 0, NULL);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_GOOD);
	assert_string_equal(gate_message(g), "");
	assert_string_equal(gate_znode(g), "");
}

static void another_revision_or_attempt_begins_again(void **state UNUSED)
{
	CLEANUP(gate_freep) struct gate *g = running(NULL);

	gate_refused(g, "/c/sites/a", "no");
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_BAD);
	gate_begin(g, "r", 1, NULL);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_BAD);
	gate_begin(g, "r", 2, NULL);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_WAITING);
	assert_string_equal(gate_message(g), "");
	assert_string_equal(gate_znode(g), "");
	gate_applied(g, 0, NULL);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_GOOD);
	gate_begin(g, "s", 2, NULL);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_WAITING);
	gate_begin(g, "", 0, NULL);
	gate_refused(g, "", "of nothing");
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_WAITING);
}

static void the_first_failure_stays(void **state UNUSED)
{
	CLEANUP(gate_freep) struct gate *g = gate_new("/c");

	gate_begin(g, "r", 1, NULL);
	gate_refused(g, NULL, "first");
	gate_refused(g, "/c/sites/b", "second");
	gate_applied(g, 0, NULL);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_BAD);
	assert_string_equal(gate_message(g), "first");
	assert_string_equal(gate_znode(g), "");
}

static void a_long_message_is_cut_between_characters(void **state UNUSED)
{
	char text[2000];

	for (size_t shift = 0; shift < 3; shift++) {
		CLEANUP(gate_freep) struct gate *g = running(NULL);
		size_t size;

		memset(text, 'x', sizeof(text));
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x80\xa6", 3);
		text[sizeof(text) - 1] = '\0';
		gate_refused(g, "/z", text);
		size = strlen(gate_message(g));
		assert_in_range(size, 500, 511);
		assert_int_equal((size - shift) % 3, 0);
		assert_memory_equal(gate_message(g), text, size);
	}
}

/* --- problems ------------------------------------------------------------------------------- */

static enum verdict after(const struct problems *known, const struct problems *now)
{
	CLEANUP(gate_freep) struct gate *g = gate_new("/c");

	gate_begin(g, "r", 1, known);
	gate_problems(g, now);
	gate_applied(g, 0, NULL);
	return gate_verdict(g, &NONE);
}

static enum verdict after_one(enum problem_kind kind, const char *znode)
{
	CLEANUP(problems_fini) struct problems now;

	problems_init(&now);
	problems_add(&now, znode, kind, "listen", "wrong");
	return after(NULL, &now);
}

static void some_kinds_of_problems_count_against_a_revision(void **state UNUSED)
{
	static const enum verdict expected[PROBLEM_KIND_N] = {
		[PROBLEM_JSON] = VERDICT_BAD,       [PROBLEM_FIELD] = VERDICT_BAD,
		[PROBLEM_POLICY] = VERDICT_BAD,     [PROBLEM_NGINX] = VERDICT_BAD,
		[PROBLEM_RELOAD] = VERDICT_BAD,     [PROBLEM_GUARD] = VERDICT_BAD,
		[PROBLEM_DISCOVERY] = VERDICT_GOOD, [PROBLEM_ACCESS] = VERDICT_GOOD,
		[PROBLEM_OVERRIDE] = VERDICT_GOOD,
	};

	for (int k = 0; k < PROBLEM_KIND_N; k++)
		assert_int_equal(after_one((enum problem_kind)k, "/c/sites/a"), expected[k]);
}

static void a_registration_is_no_part_of_a_revision(void **state UNUSED)
{
	assert_int_equal(after_one(PROBLEM_FIELD, "/c/upstreams/shop"), VERDICT_BAD);
	assert_int_equal(after_one(PROBLEM_FIELD, "/c/upstreams/shop/10.0.0.1:x"), VERDICT_GOOD);
	assert_int_equal(after_one(PROBLEM_FIELD, "/c/upstreams/upstreams"), VERDICT_BAD);
	assert_int_equal(after_one(PROBLEM_FIELD, "/c/upstreams/upstreams/x:80"), VERDICT_GOOD);
	assert_int_equal(after_one(PROBLEM_FIELD, "/c/sites/upstreams"), VERDICT_BAD);
	assert_int_equal(after_one(PROBLEM_FIELD, "/other/upstreams/shop/x:80"), VERDICT_BAD);
}

static void a_problem_names_the_znode(void **state UNUSED)
{
	CLEANUP(gate_freep) struct gate *g = running(NULL);
	CLEANUP(problems_fini) struct problems now;

	problems_init(&now);
	problems_add(&now, "/c/sites/a", PROBLEM_ACCESS, NULL, "unreadable");
	problems_add(&now, "/c/sites/b", PROBLEM_JSON, NULL, "100%% not JSON");
	gate_problems(g, &now);
	assert_bad(g, "100% not JSON");
	assert_string_equal(gate_znode(g), "/c/sites/b");
}

static void a_problem_says_where_in_the_znode(void **state UNUSED)
{
	CLEANUP(gate_freep) struct gate *g = running(NULL), *h = running(NULL);
	CLEANUP(problems_fini) struct problems now, other;

	problems_init(&now);
	problems_init(&other);
	problems_add(&now, "/c/sites/b", PROBLEM_JSON, NULL, "not JSON")->line = 3;
	gate_problems(g, &now);
	assert_bad(g, "line 3: not JSON");
	problems_add(&other, "/c/sites/b", PROBLEM_FIELD, "locations[2].proxy", "is missing");
	gate_problems(h, &other);
	assert_bad(h, "locations[2].proxy: is missing");
}

static void known_problems_do_not_count(void **state UNUSED)
{
	CLEANUP(problems_fini) struct problems known, now;

	problems_init(&known);
	problems_init(&now);
	problems_add(&known, "/c/sites/a", PROBLEM_FIELD, "listen", "wrong: 100%%");
	problems_add(&now, "/c/sites/a", PROBLEM_FIELD, "listen", "wrong: 100%%");
	assert_int_equal(after(&known, &now), VERDICT_GOOD);
	problems_add(&now, "/c/sites/a", PROBLEM_FIELD, "listen", "wrong in another way");
	assert_int_equal(after(&known, &now), VERDICT_BAD);
}

static void a_known_problem_may_change_its_numbers(void **state UNUSED)
{
	CLEANUP(problems_fini) struct problems known, now;

	problems_init(&known);
	problems_init(&now);
	problems_add(&known, "/c/upstreams/a", PROBLEM_GUARD, NULL, "6 of 10 are gone");
	problems_add(&now, "/c/upstreams/a", PROBLEM_GUARD, NULL, "7 of 10 are gone");
	assert_int_equal(after(&known, &now), VERDICT_GOOD);
	problems_add(&now, "/c/upstreams/b", PROBLEM_GUARD, NULL, "6 of 10 are gone");
	assert_int_equal(after(&known, &now), VERDICT_BAD);
}

static void servers_that_go_later_do_not_count(void **state UNUSED)
{
	CLEANUP(gate_freep) struct gate *g = running(NULL);
	CLEANUP(problems_fini) struct problems now;

	problems_init(&now);
	problems_add(&now, "/c/upstreams/a", PROBLEM_GUARD, NULL, "6 of 10 are gone");
	gate_problems(g, &now);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_GOOD);
	problems_add(&now, "/c/sites/a", PROBLEM_NGINX, NULL, "no longer so");
	gate_problems(g, &now);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_BAD);
}

/* --- what nginx does ------------------------------------------------------------------------ */

static void deaths_of_workers_are_bad(void **state UNUSED)
{
	CLEANUP(gate_freep) struct gate *g = gate_new("/c");

	gate_begin(g, "r", 1, NULL);
	gate_sample(g, &NONE, 9, NULL); /* not applied yet: not of this revision */
	gate_applied(g, 7, NULL);
	gate_sample(g, &NONE, 7, NULL);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_GOOD);
	gate_applied(g, 8, NULL); /* other endpoints */
	gate_sample(g, &NONE, 8, NULL);
	assert_bad(g, "1 worker process of nginx died after nginx loaded this revision");
	gate_begin(g, "r", 2, NULL);
	gate_applied(g, 8, NULL);
	gate_sample(g, &NONE, 10, NULL);
	assert_bad(g, "2 worker processes of nginx died after nginx loaded this revision");
}

static void a_probe_has_to_answer_twice(void **state UNUSED)
{
	struct gate_counts base = counts(1, 100, 0, 0);
	CLEANUP(gate_freep) struct gate *g = running(&base);
	CLEANUP(gate_freep) struct gate *later = running(NULL);

	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_WAITING);
	sample(g, 1, 100, 0, 0);
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_GOOD);
	gate_sample(g, &PROBE, 0, NULL);
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_WAITING);
	sample(g, 1, 100, 0, 0);
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_GOOD);

	gate_sample(later, &PROBE, 0, NULL);
	sample(later, 1, 500, 500, 500); /* from here on it counts */
	assert_int_equal(gate_verdict(later, &PROBE), VERDICT_WAITING);
	sample(later, 1, 600, 500, 500);
	assert_int_equal(gate_verdict(later, &PROBE), VERDICT_GOOD);
}

static void too_many_errors_are_bad(void **state UNUSED)
{
	struct gate_counts base = counts(1, 1000, 400, 0);
	CLEANUP(gate_freep) struct gate *g = running(&base);

	sample(g, 1, 1100, 405, 0);
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_GOOD);
	sample(g, 1, 1100, 412, 0);
	assert_bad(g, "12 of 100 requests were answered with 5xx (12%); at most 5% are allowed");
	sample(g, 1, 100000, 412, 0);
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_BAD);
}

static void a_count_of_one_is_singular(void **state UNUSED)
{
	CLEANUP(gate_freep) struct gate *g = running(NULL), *h = running(NULL);
	struct gate_rules strict = { .probe = true, .max_upstream_errors = 100 };

	for (int i = 0; i < 2; i++) {
		gate_sample(i ? h : g, &strict, 0, &(struct gate_counts){ .start = 1 });
		gate_sample(
			i ? h : g, &strict, 0,
			&(struct gate_counts){ .start = 1, .requests = i ? 1 : 50, .errors = 1 });
	}
	assert_bad(g, "1 of 50 requests was answered with 5xx (2%); at most 0% are allowed");
	assert_bad(h, "1 of 1 request was answered with 5xx (100%); at most 0% are allowed");
}

static void the_share_never_reads_as_allowed(void **state UNUSED)
{
	struct gate_counts base = counts(1, 0, 0, 0);
	CLEANUP(gate_freep) struct gate *g = running(&base);

	sample(g, 1, 10000, 500, 0);
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_GOOD);
	sample(g, 1, 10000, 501, 0);
	assert_bad(g, "501 of 10000 requests were answered with 5xx (5.1%); at most 5% are "
		      "allowed");
}

static void failed_upstream_servers_have_a_limit_of_their_own(void **state UNUSED)
{
	struct gate_counts base = counts(1, 0, 0, 50);
	CLEANUP(gate_freep) struct gate *g = running(&base);

	sample(g, 1, 50, 0, 55);
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_GOOD);
	sample(g, 1, 50, 0, 57);
	assert_bad(g, "7 of 50 requests failed on an upstream server (14%); at most 10% are "
		      "allowed");
}

static void too_few_requests_prove_nothing(void **state UNUSED)
{
	struct gate_counts base = counts(1, 0, 0, 0);
	struct gate_rules rules = PROBE;
	struct gate_counts none = counts(1, 0, 3, 3);
	CLEANUP(gate_freep) struct gate *g = running(&base);
	CLEANUP(gate_freep) struct gate *idle = running(&base);

	sample(g, 1, 19, 19, 19);
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_GOOD);
	sample(g, 1, 20, 19, 19);
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_BAD);

	rules.min_requests = 0;
	gate_sample(idle, &rules, 0, &none);
	assert_int_equal(gate_verdict(idle, &rules), VERDICT_GOOD);
}

static void another_nginx_is_counted_from_its_start(void **state UNUSED)
{
	struct gate_counts base = counts(1, 1000, 100, 0);
	CLEANUP(gate_freep) struct gate *g = running(&base);

	sample(g, 2, 30, 1, 0);
	assert_int_equal(gate_verdict(g, &PROBE), VERDICT_GOOD);
	sample(g, 2, 40, 3, 0);
	assert_bad(g, "3 of 40 requests were answered with 5xx (7.5%); at most 5% are allowed");
}

static void without_a_probe_no_counts_matter(void **state UNUSED)
{
	struct gate_counts base = counts(1, 0, 0, 0), all = counts(1, 100, 100, 100);
	CLEANUP(gate_freep) struct gate *g = running(&base);

	gate_sample(g, &NONE, 0, &all);
	assert_int_equal(gate_verdict(g, &NONE), VERDICT_GOOD);
}

static void the_result_of_a_command_counts(void **state UNUSED)
{
	CLEANUP(gate_freep) struct gate *g = gate_new("/c");

	gate_begin(g, "r", 1, NULL);
	gate_command(g, true, ""); /* of what ran before */
	gate_applied(g, 0, NULL);
	assert_int_equal(gate_verdict(g, &COMMAND), VERDICT_WAITING);
	gate_command(g, true, "fine");
	assert_int_equal(gate_verdict(g, &COMMAND), VERDICT_GOOD);
	gate_command(g, false, "the shop is closed");
	assert_bad(g, "the gate command failed: the shop is closed");
	gate_begin(g, "r", 2, NULL);
	gate_applied(g, 0, NULL);
	assert_int_equal(gate_verdict(g, &COMMAND), VERDICT_WAITING);
	gate_command(g, false, NULL);
	assert_bad(g, "the gate command failed without output");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applied_is_good_where_nothing_else_is_asked),
		cmocka_unit_test(another_revision_or_attempt_begins_again),
		cmocka_unit_test(the_first_failure_stays),
		cmocka_unit_test(a_long_message_is_cut_between_characters),
		cmocka_unit_test(some_kinds_of_problems_count_against_a_revision),
		cmocka_unit_test(a_registration_is_no_part_of_a_revision),
		cmocka_unit_test(a_problem_names_the_znode),
		cmocka_unit_test(a_problem_says_where_in_the_znode),
		cmocka_unit_test(known_problems_do_not_count),
		cmocka_unit_test(a_known_problem_may_change_its_numbers),
		cmocka_unit_test(servers_that_go_later_do_not_count),
		cmocka_unit_test(deaths_of_workers_are_bad),
		cmocka_unit_test(a_probe_has_to_answer_twice),
		cmocka_unit_test(too_many_errors_are_bad),
		cmocka_unit_test(a_count_of_one_is_singular),
		cmocka_unit_test(the_share_never_reads_as_allowed),
		cmocka_unit_test(failed_upstream_servers_have_a_limit_of_their_own),
		cmocka_unit_test(too_few_requests_prove_nothing),
		cmocka_unit_test(another_nginx_is_counted_from_its_start),
		cmocka_unit_test(without_a_probe_no_counts_matter),
		cmocka_unit_test(the_result_of_a_command_counts),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
