/* A status that was written as JSON reads back unchanged. */
#include "status_fixture.h"

static int parse(struct arena *a, const char *text, struct status *out, struct err *e)
{
	return status_parse(a, text, strlen(text), out, e);
}

static void assert_reads_back(const struct status *s, size_t limit)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf once = BUF_INIT;
	CLEANUP(buf_fini) struct buf again = BUF_INIT;
	struct status read;
	struct err e;

	status_write_json(s, limit, &once);
	if (parse(a, buf_str(&once), &read, &e) < 0)
		fail_msg("%s", e.text);
	status_write_json(&read, 0, &again);
	assert_string_equal(buf_str(&again), buf_str(&once));
}

static void what_was_written_reads_back_to_the_same_bytes(void **state UNUSED)
{
	struct status s = everything();

	assert_reads_back(&s, 0);
	s = full();
	assert_reads_back(&s, 0);
	s = (struct status){ .host = "web1", .version = "0", .state = STATUS_DISCONNECTED };
	assert_reads_back(&s, 0);
}

static void a_shortened_list_reads_back_with_the_number_of_all(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf json = BUF_INIT;
	struct status s = full(), read;

	status_write_json(&s, 2, &json);
	assert_int_equal(parse(a, buf_str(&json), &read, NULL), 0);
	assert_int_equal(read.problem_count, 2);
	assert_int_equal(read.problem_total, 3);
	assert_reads_back(&s, 2);
}

static void every_field_is_read(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf json = BUF_INIT;
	struct status s = everything(), r;

	status_write_json(&s, 0, &json);
	assert_int_equal(parse(a, buf_str(&json), &r, NULL), 0);
	assert_int_equal(r.state, STATUS_DEGRADED);
	assert_int_equal(r.updated, AT - AT % 1000);
	assert_true(r.zookeeper.session == (int64_t)0xf00000000000001a);
	assert_int_equal(r.nginx.pid, 812);
	assert_true(r.nginx.included == STATUS_YES && r.probe.on && r.deployments.last.on);
	assert_string_equal(r.rollout.verdict, "good");
	assert_true(r.deployments.last.total_ms == 61.2);
	assert_int_equal(r.problems[0].problem.kind, PROBLEM_FIELD);
	assert_int_equal(r.problems[0].problem.line, 7);
	assert_int_equal(r.problems[0].problem.serving, SERVING_PREVIOUS);
	assert_string_equal(r.problems[1].problem.field, "");
	assert_int_equal(r.alert_count, 2);
	assert_int_equal(r.alerts[0].flaps, 2);
	assert_int_equal(r.discovery[0].servers, 3);
	assert_int_equal(r.drain_count, 2);
	assert_true(r.drains[0].until == AT - AT % 1000 + 60000000 && r.drains[1].until == 0);
	assert_string_equal(r.drains[1].server, "app-1:80");
	assert_int_equal(r.drains[1].servers, 2);
	assert_int_equal(r.drain_total, 7);
	assert_true(r.overrides == 0x1a2b);
	assert_int_equal(r.check_count, 2);
	assert_int_equal(r.check_total, 9);
	assert_true(r.checks[0].down && !r.checks[1].down);
	assert_string_equal(r.checks[0].found, "answers with status 500");
	assert_true(r.checker.on && r.checker.failing == 202);
	assert_string_equal(r.slow_starts[0].time, "30s");
	assert_true(r.push.on && r.push.left == 12);
	assert_string_equal(r.push.by, "alice");
	assert_true(r.trust.on && r.trust.serial == 42 && r.trust.last == 41);
	assert_string_equal(r.trust.state, "unknown-key");
}

static void what_is_not_as_expected_counts_as_unknown(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct status r;

	assert_int_equal(
		parse(a,
		      "{\"state\": \"held\", \"host\": 7, \"generation\": \"x\", "
		      "\"zookeeper\": [], \"probe\": {\"answers\": 1}, \"new\": {}, "
		      "\"alerts\": [3, {}], \"problem_count\": -4, \"updated\": \"today\", "
		      "\"problems\": [{\"kind\": \"new\", \"line\": 99999999999}], "
		      "\"deployments\": {\"last\": {\"total_ms\": 1e300}}}",
		      &r, NULL),
		0);
	assert_int_equal(r.state, STATUS_HELD);
	assert_string_equal(r.host, "");
	assert_int_equal(r.generation, 0);
	assert_string_equal(r.zookeeper.state, "");
	assert_true(r.probe.on);
	assert_false(r.probe.answers);
	assert_int_equal(r.alert_count, 2);
	assert_string_equal(r.alerts[0].key, "");
	assert_int_equal(r.problem_total, 0);
	assert_int_equal(r.updated, 0);
	assert_int_equal(r.problems[0].problem.kind, PROBLEM_KIND_N - 1);
	assert_int_equal(r.problems[0].problem.line, 0);
	assert_string_equal(r.problems[0].problem.znode, "");
	assert_true(r.deployments.last.total_ms == 0);
}

static void assert_is_no_status(const char *text, const char *why)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct status r;
	struct err e;

	assert_int_equal(parse(a, text, &r, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	if (!strstr(e.text, why))
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
}

static void a_text_that_is_no_status_is_refused(void **state UNUSED)
{
	char deep[200] = "";

	memset(deep, '[', sizeof(deep) - 1);
	assert_is_no_status("", "line 1");
	assert_is_no_status("{\"state\":", "line 1");
	assert_is_no_status("[]", "state is missing");
	assert_is_no_status("{}", "state is missing");
	assert_is_no_status("{\"state\": 1}", "state is missing");
	assert_is_no_status("{\"state\": \"fine\"}", "state is fine");
	assert_is_no_status("{\"state\": \"held\", \"state\": \"held\"}", "duplicate");
	assert_is_no_status(deep, "nested too deeply");
}

static void what_counts_all_the_time_is_no_news(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf a = BUF_INIT;
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct status s = everything(), bare = status_without_counters(&s);

	status_write_json(&bare, 0, &a);
	s.updated += 5 * USEC_PER_SEC;
	s.zookeeper.requests++;
	s.nginx.tests++;
	s.probe.requests++;
	s.probe.connections++;
	bare = status_without_counters(&s);
	status_write_json(&bare, 0, &b);
	assert_string_equal(buf_str(&a), buf_str(&b));
	s.probe.errors++;
	bare = status_without_counters(&s);
	b.size = 0;
	status_write_json(&bare, 0, &b);
	assert_string_not_equal(buf_str(&a), buf_str(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_reads_back_to_the_same_bytes),
		cmocka_unit_test(a_shortened_list_reads_back_with_the_number_of_all),
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(what_is_not_as_expected_counts_as_unknown),
		cmocka_unit_test(a_text_that_is_no_status_is_refused),
		cmocka_unit_test(what_counts_all_the_time_is_no_news),
	};

	return cmocka_run_group_tests_name("status_parse", tests, NULL, NULL);
}
