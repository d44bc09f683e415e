/* The plan's JSON: what reads back, what is refused and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <zknginx/plan.h>

static const char *const HOSTS[] = { "a", "b", "c" };

static struct plan full(void)
{
	struct plan p = {
		.phase = PLAN_BATCH,
		.paused = true,
		.mode = "canary",
		.accepted = { "aaaaaa", 4 },
		.target = { "bbbbbb", 5 },
		.publish = { "cccccc", 3 },
		.attempt = 9,
		.step = 2,
		.hosts = (const char **)HOSTS,
		.host_count = 3,
		.canaries = (const char **)HOSTS,
		.canary_count = 1,
		.since = "since",
		.leader = "a",
		.updated = "updated",
	};

	p.failure.host = "b";
	p.failure.znode = "/nginx/config/sites/shop";
	p.failure.message = "bad";
	p.failure.at = "then";
	p.request.action = "pause";
	p.request.by = "alice";
	p.request.result = "done";
	p.request.at = "now";
	return p;
}

static bool parse(struct arena *a, const char *data, struct plan *out, const char **why)
{
	return plan_parse(a, data, strlen(data), out, why);
}

static void all_of_it_reads_back(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf once = BUF_INIT, again = BUF_INIT, copy = BUF_INIT;
	struct plan in = full(), out, copied;

	plan_print(&in, &once);
	assert_true(parse(a, buf_str(&once), &out, NULL));
	assert_int_equal(out.phase, PLAN_BATCH);
	assert_true(out.paused);
	assert_string_equal(out.accepted.revision, "aaaaaa");
	assert_int_equal(out.target.history, 5);
	assert_string_equal(out.publish.revision, "cccccc");
	assert_int_equal(out.attempt, 9);
	assert_int_equal(out.host_count, 3);
	assert_string_equal(out.failure.znode, in.failure.znode);
	assert_string_equal(out.request.result, "done");
	plan_print(&out, &again);
	assert_string_equal(buf_str(&again), buf_str(&once));
	copied = plan_copy(a, &in);
	plan_print(&copied, &copy);
	assert_string_equal(buf_str(&copy), buf_str(&once));
	assert_ptr_not_equal(copied.hosts, in.hosts);
	assert_ptr_not_equal(copied.hosts[0], in.hosts[0]);
}

static void every_field_but_when_it_was_written_tells_two_apart(void **state UNUSED)
{
	static const char *const texts[] = { "a", "b", "d" };
	struct plan p = full(), q[18];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(q); i++)
		q[i] = p;
	q[n++].phase = PLAN_CANARY;
	q[n++].paused = false;
	q[n++].mode = "manual";
	q[n++].accepted.revision = "x";
	q[n++].target.history = 1;
	q[n++].publish.revision = "";
	q[n++].attempt = 1;
	q[n++].step = 1;
	q[n++].host_count = 2;
	q[n++].hosts = (const char **)texts;
	q[n++].canary_count = 2;
	q[n++].since = "x";
	q[n++].failure.host = "x";
	q[n++].failure.message = "x";
	q[n++].request.result = "x";
	q[n++].request.at = NULL;
	q[n++].leader = "x";
	for (size_t i = 0; i < n; i++) {
		if (plan_same(&p, &q[i]))
			fail_msg("difference %zu is not seen", i);
	}
	q[n].updated = "later";
	assert_true(plan_same(&p, &q[n]));
}

static void an_empty_plan_has_nulls(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct plan p = { 0 };

	plan_print(&p, &b);
	assert_string_equal(buf_str(&b),
			    "{\"accepted\":null,\"attempt\":0,\"canaries\":[],\"failure\":null,"
			    "\"hosts\":[],\"leader\":\"\",\"mode\":\"\",\"paused\":false,"
			    "\"phase\":\"idle\",\"publish\":null,\"request\":null,\"since\":\"\","
			    "\"step\":0,\"target\":null,\"updated\":\"\"}\n");
	assert_true(parse(a, buf_str(&b), &p, NULL));
	assert_string_equal(p.target.revision, "");
	assert_string_equal(p.failure.message, "");
	assert_string_equal(p.request.result, "");
	assert_false(plan_names(&p, "a"));
}

static void hosts_are_sorted_and_found(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct plan p;

	assert_true(parse(a,
			  "{\"phase\":\"canary\",\"hosts\":[\"web2\",\"web10\",\"web2\",\"web1\"],"
			  "\"later\":{}}",
			  &p, NULL));
	assert_int_equal(p.host_count, 3);
	assert_true(plan_names(&p, "web1"));
	assert_true(plan_names(&p, "web10"));
	assert_true(plan_names(&p, "web2"));
	assert_false(plan_names(&p, "web3"));
	assert_false(plan_names(&p, "web"));
}

static void what_is_no_plan_says_why(void **state UNUSED)
{
	static const char *const none[] = {
		"",
		"null",
		"{\"phase\":\"idle\"",
		"{}",
		"{\"phase\":\"sideways\",\"hosts\":[]}",
		"{\"phase\":\"canary\",\"hosts\":\"web1\"}",
		"{\"phase\":\"canary\",\"hosts\":[1]}",
		"{\"phase\":\"canary\",\"hosts\":[\"\"]}",
		"{\"phase\":\"canary\",\"hosts\":[],\"canaries\":{}}",
		"{\"phase\":\"canary\",\"attempt\":9223372036854775807}",
	};
	CLEANUP(arena_freep) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		const char *why = NULL;
		struct plan p;

		if (parse(a, none[i], &p, &why))
			fail_msg("%s is taken for a plan", none[i]);
		assert_non_null(why);
	}
}

static void hosts_may_run_the_target_in_three_phases(void **state UNUSED)
{
	for (int i = 0; i < PLAN_PHASE_N; i++) {
		const struct plan p = { .phase = (enum plan_phase)i };
		bool may = i == PLAN_CANARY || i == PLAN_BATCH || i == PLAN_HALTED;

		assert_int_equal(plan_is_moving(&p), may);
	}
}

static void a_failure_that_quotes_bytes_is_repaired(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct plan p = full();

	p.failure.message = "\xff";
	plan_print(&p, &b);
	assert_true(parse(a, buf_str(&b), &p, NULL));
	assert_string_equal(p.failure.message, "\xef\xbf\xbd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_reads_back),
		cmocka_unit_test(every_field_but_when_it_was_written_tells_two_apart),
		cmocka_unit_test(an_empty_plan_has_nulls),
		cmocka_unit_test(hosts_are_sorted_and_found),
		cmocka_unit_test(what_is_no_plan_says_why),
		cmocka_unit_test(hosts_may_run_the_target_in_three_phases),
		cmocka_unit_test(a_failure_that_quotes_bytes_is_repaired),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
