/* The status: JSON that reads back unchanged, and metrics that follow the rules of their format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <zknginx/err.h>
#include <zknginx/status.h>

#include "core/status/status_fields.h"

#define AT (UINT64_C(1795359845123456)) /* 2026-11-22T15:04:05.123456Z */

static const struct status_problem PROBLEMS[] = {
	{ .problem = { .znode = "/nginx/config/sites/shop",
		       .kind = PROBLEM_FIELD,
		       .message = "says \"no\"\n",
		       .field = "server_names",
		       .line = 7,
		       .serving = SERVING_PREVIOUS },
	  .since = AT },
	{ .problem = { .znode = "/nginx/config/snippets/http/x",
		       .kind = PROBLEM_POLICY,
		       .message = "bytes \xff\xc3\xa4\xe2\x82",
		       .field = "",
		       .serving = SERVING_ABSENT } },
	{ .problem = { .znode = "/nginx/config/sites/two",
		       .kind = PROBLEM_FIELD,
		       .message = "no",
		       .field = "",
		       .serving = SERVING_ABSENT },
	  .since = AT },
};

static struct status full(void)
{
	struct status s = {
		.host = "web1",
		.version = "0.1.0",
		.updated = AT,
		.state = STATUS_DEGRADED,
		.revision_seen = "0123456789abcdef",
		.revision_applied = "0123456789abcdef",
		.generation = 42,
		.problems = PROBLEMS,
		.problem_count = ARRAY_SIZE(PROBLEMS),
		.problem_total = ARRAY_SIZE(PROBLEMS),
	};

	s.zookeeper.state = "connected";
	s.zookeeper.server = "127.0.0.1:2181";
	s.zookeeper.session = (int64_t)0xf00000000000001a;
	s.zookeeper.since = AT;
	s.zookeeper.nodes = 10401;
	s.zookeeper.watches = 20802;
	s.zookeeper.reconnects = 3;
	s.zookeeper.requests = 99;
	s.zookeeper.open = "/nginx/config (cdrwa) and 1 other znode";
	s.zookeeper.open_znodes = 2;
	s.nginx.state = NGINX_STATE_RUNNING;
	s.nginx.pid = 812;
	s.nginx.workers = 2;
	s.nginx.old_workers = 1;
	s.nginx.reloads = 17;
	s.nginx.tests = 23;
	s.nginx.test_error = "unknown directive \"oops\"";
	s.nginx.included = STATUS_YES;
	s.nginx.sandbox = "namespace";
	s.deployments.applied = 17;
	s.deployments.rejected = 1;
	s.deployments.last.on = true;
	s.deployments.last.generation = 42;
	s.deployments.last.at = AT;
	s.deployments.last.total_ms = 61.2;
	s.deployments.last.steps_ms[STEP_DECODE] = 0.4;
	return s;
}

static json_t *json_of(const struct status *s, size_t limit)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	json_t *j;

	status_write_json(s, limit, &out);
	assert_int_equal(out.data[out.size - 1], '\n');
	j = json_loadb(out.data, out.size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	return j;
}

/* The value at "a.b.0.c". */
static json_t *at(json_t *j, const char *path)
{
	while (*path) {
		size_t size = strcspn(path, ".");
		char key[64] = "";

		memcpy(key, path, size);
		j = json_is_array(j) ? json_array_get(j, (size_t)atoi(key))
				     : json_object_get(j, key);
		path += size + (path[size] == '.');
	}
	return j;
}

static void assert_text(json_t *j, const char *path, const char *expected)
{
	const char *text = json_string_value(at(j, path));

	if (!text)
		fail_msg("%s is no string", path);
	assert_string_equal(text, expected);
}

static void assert_number(json_t *j, const char *path, long expected)
{
	assert_true(json_is_integer(at(j, path)));
	assert_int_equal(json_integer_value(at(j, path)), expected);
}

static void the_report_has_every_field(void **state UNUSED)
{
	struct status s = full();
	json_t *j = json_of(&s, 0);

	assert_text(j, "host", "web1");
	assert_text(j, "version", "0.1.0");
	assert_text(j, "updated", "2026-11-22T15:04:05.123Z");
	assert_text(j, "state", "degraded");
	assert_text(j, "revision.seen", "0123456789abcdef");
	assert_text(j, "revision.applied", "0123456789abcdef");
	assert_number(j, "generation", 42);
	assert_number(j, "problem_count", 3);
	assert_text(j, "zookeeper.state", "connected");
	assert_text(j, "zookeeper.server", "127.0.0.1:2181");
	assert_text(j, "zookeeper.session", "0xf00000000000001a");
	assert_text(j, "zookeeper.since", "2026-11-22T15:04:05.123Z");
	assert_number(j, "zookeeper.nodes", 10401);
	assert_number(j, "zookeeper.watches", 20802);
	assert_number(j, "zookeeper.reconnects", 3);
	assert_text(j, "nginx.state", "running");
	assert_number(j, "nginx.pid", 812);
	assert_number(j, "nginx.workers", 2);
	assert_number(j, "nginx.old_workers", 1);
	assert_number(j, "nginx.reloads", 17);
	assert_number(j, "nginx.tests", 23);
	assert_true(json_is_true(at(j, "nginx.included")));
	assert_text(j, "nginx.sandbox", "namespace");
	assert_number(j, "deployments.applied", 17);
	assert_number(j, "deployments.rejected", 1);
	assert_number(j, "deployments.rolled_back", 0);
	assert_number(j, "deployments.last.generation", 42);
	assert_text(j, "deployments.last.at", "2026-11-22T15:04:05.123Z");
	assert_true(json_real_value(at(j, "deployments.last.total_ms")) == 61.2);
	assert_true(json_real_value(at(j, "deployments.last.stages_ms.decode")) == 0.4);
	assert_true(json_is_real(at(j, "deployments.last.stages_ms.verify")));
	json_decref(j);
}

static void discovery_says_what_was_found(void **state UNUSED)
{
	const struct status_discovery found[] = { { "shop", "/services/shop", "curator", 3 },
						  { "new", "/services/new", "", 0 } };
	struct status s = full();
	json_t *j;

	s.discovery = found;
	s.discovery_count = ARRAY_SIZE(found);
	j = json_of(&s, 0);
	assert_text(j, "discovery.0.upstream", "shop");
	assert_text(j, "discovery.0.path", "/services/shop");
	assert_text(j, "discovery.0.format", "curator");
	assert_number(j, "discovery.0.servers", 3);
	assert_true(json_is_null(at(j, "discovery.1.format")));
	json_decref(j);
}

static void problems_say_what_they_know(void **state UNUSED)
{
	struct status s = full();
	json_t *j = json_of(&s, 0);

	assert_int_equal(json_array_size(at(j, "problems")), 3);
	assert_text(j, "problems.0.znode", "/nginx/config/sites/shop");
	assert_text(j, "problems.0.kind", "field");
	assert_text(j, "problems.0.message", "says \"no\"\n");
	assert_text(j, "problems.0.field", "server_names");
	assert_number(j, "problems.0.line", 7);
	assert_text(j, "problems.0.since", "2026-11-22T15:04:05.123Z");
	assert_text(j, "problems.0.serving", "previous");
	assert_text(j, "problems.1.serving", "absent");
	assert_null(at(j, "problems.1.line"));
	assert_null(at(j, "problems.1.field"));
	assert_true(json_is_null(at(j, "problems.1.since")));
	json_decref(j);
}

static void bytes_that_are_no_text_are_replaced(void **state UNUSED)
{
	struct status s = full();
	json_t *j = json_of(&s, 0);

	assert_text(j, "problems.1.message", "bytes \xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(j);
}

static void a_limit_shortens_the_list_and_says_so(void **state UNUSED)
{
	struct status s = full();
	json_t *j = json_of(&s, 2);

	assert_int_equal(json_array_size(at(j, "problems")), 2);
	assert_number(j, "problem_count", 3);
	json_decref(j);
}

static void what_is_not_known_is_null(void **state UNUSED)
{
	struct status s = { .host = "web1", .version = "0", .state = STATUS_WAITING };
	json_t *j = json_of(&s, 0);

	assert_true(json_is_null(at(j, "revision.seen")));
	assert_true(json_is_null(at(j, "revision.applied")));
	assert_true(json_is_null(at(j, "zookeeper.session")));
	assert_true(json_is_null(at(j, "zookeeper.since")));
	assert_true(json_is_null(at(j, "nginx.pid")));
	assert_true(json_is_null(at(j, "deployments.last")));
	assert_int_equal(json_array_size(at(j, "problems")), 0);
	json_decref(j);
}

static void equal_values_are_equal_bytes_with_sorted_keys(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf a = BUF_INIT;
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct status s = full();

	status_write_json(&s, 0, &a);
	status_write_json(&s, 0, &b);
	assert_string_equal(a.data, b.data);
	assert_true(strstr(a.data, "\"deployments\"") < strstr(a.data, "\"generation\""));
	assert_true(strstr(a.data, "\"generation\"") < strstr(a.data, "\"zookeeper\""));
	assert_non_null(strstr(a.data, "61.2\n"));
}

static char *metrics_of(const struct status *s)
{
	struct buf out = BUF_INIT;

	status_write_metrics(s, &out);
	return buf_take(&out);
}

static void assert_sample(const char *text, const char *line)
{
	CLEANUP(freep) char *whole = NULL;

	assert_true(asprintf(&whole, "\n%s\n", line) > 0);
	if (!strstr(text, whole))
		fail_msg("no line \"%s\" in\n%s", line, text);
}

static void metrics_carry_the_numbers(void **state UNUSED)
{
	struct status s = full();
	CLEANUP(freep) char *text = metrics_of(&s);

	assert_sample(text, "zknginx_build_info{version=\"0.1.0\"} 1");
	assert_sample(text, "zknginx_state{state=\"degraded\"} 1");
	assert_sample(text, "zknginx_state{state=\"applied\"} 0");
	assert_sample(text, "zknginx_generation 42");
	assert_sample(text, "zknginx_revision_current 1");
	assert_sample(text, "zknginx_problems{kind=\"field\"} 2");
	assert_sample(text, "zknginx_problems{kind=\"policy\"} 1");
	assert_sample(text, "zknginx_problems{kind=\"guard\"} 0");
	assert_sample(text, "zknginx_zookeeper_connected 1");
	assert_sample(text, "zknginx_zookeeper_nodes 10401");
	assert_sample(text, "zknginx_zookeeper_watches 20802");
	assert_sample(text, "zknginx_zookeeper_reconnects_total 3");
	assert_sample(text, "zknginx_nginx_up 1");
	assert_sample(text, "zknginx_nginx_workers 2");
	assert_sample(text, "zknginx_nginx_old_workers 1");
	assert_sample(text, "zknginx_nginx_reloads_total 17");
	assert_sample(text, "zknginx_nginx_tests_total 23");
	assert_sample(text, "zknginx_nginx_test_fails 1");
	assert_sample(text, "zknginx_deployments_total{outcome=\"applied\"} 17");
	assert_sample(text, "zknginx_deployments_total{outcome=\"rolled_back\"} 0");
	assert_sample(text, "zknginx_last_deployment_successful 1");
	assert_sample(text, "zknginx_last_deployment_duration_seconds 0.0612");
	assert_sample(text, "zknginx_last_deployment_stage_duration_seconds{stage=\"decode\"} "
			    "0.0004");
	assert_sample(text, "# UNIT zknginx_last_deployment_duration_seconds seconds");
	assert_sample(text, "# TYPE zknginx_nginx_reloads counter");
}

static void metrics_show_failures(void **state UNUSED)
{
	struct status s = full();
	CLEANUP(freep) char *text = NULL;

	s.state = STATUS_REJECTED;
	s.revision_seen = "ff";
	s.zookeeper.state = "connecting";
	s.nginx.state = NGINX_STATE_DOWN;
	s.deployments.last.generation = 43;
	text = metrics_of(&s);
	assert_sample(text, "zknginx_last_deployment_successful 0");
	assert_sample(text, "zknginx_revision_current 0");
	assert_sample(text, "zknginx_zookeeper_connected 0");
	assert_sample(text, "zknginx_nginx_up 0");
	assert_sample(text, "zknginx_state{state=\"rejected\"} 1");
}

/* Neither true nor false before nginx.conf was looked at. */
static void what_nginx_includes_is_left_out_while_unknown(void **state UNUSED)
{
	struct status s = full();
	CLEANUP(freep) char *text = NULL;
	json_t *j;

	s.nginx.included = STATUS_UNKNOWN;
	j = json_of(&s, 0);
	assert_null(json_object_get(at(j, "nginx"), "included"));
	json_decref(j);
	text = metrics_of(&s);
	assert_null(strstr(text, "zknginx_nginx_included"));
}

static void what_nginx_does_not_include_is_false(void **state UNUSED)
{
	struct status s = full();
	CLEANUP(freep) char *text = NULL;
	json_t *j;

	s.nginx.included = STATUS_NO;
	j = json_of(&s, 0);
	assert_true(json_is_false(at(j, "nginx.included")));
	json_decref(j);
	text = metrics_of(&s);
	assert_sample(text, "zknginx_nginx_included 0");
}

/* The rules of the format: each family is announced once, its samples follow at once; EOF is
 * last. */
static void metrics_keep_the_format(void **state UNUSED)
{
	struct status s = full();
	CLEANUP(freep) char *text = metrics_of(&s);
	char family[128] = "", *rest = NULL;
	size_t families = 0;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char type[16];

		if (strcmp(line, "# EOF") == 0) {
			assert_null(strtok_r(NULL, "\n", &rest));
			assert_true(families > 15);
			return;
		}
		if (strncmp(line, "# TYPE ", 7) == 0) {
			assert_int_equal(sscanf(line, "# TYPE %127s %15s", family, type), 2);
			families++;
		} else if (line[0] == '#') {
			assert_true(strncmp(line + 7, family, strlen(family)) == 0);
		} else {
			assert_true(strncmp(line, family, strlen(family)) == 0);
			assert_non_null(strrchr(line, ' '));
			assert_true(strncmp(line, "zknginx_", 8) == 0);
		}
	}
	fail_msg("no # EOF at the end");
}

static void labels_are_escaped(void **state UNUSED)
{
	struct status s = full();
	CLEANUP(freep) char *text = NULL;

	s.version = "a\"b\\c\nd";
	text = metrics_of(&s);
	assert_sample(text, "zknginx_build_info{version=\"a\\\"b\\\\c\\nd\"} 1");
}

static void nothing_deployed_yet_has_no_last(void **state UNUSED)
{
	struct status s = { .host = "web1", .version = "0", .state = STATUS_WAITING };
	CLEANUP(freep) char *text = metrics_of(&s);

	assert_null(strstr(text, "last_deployment"));
	assert_sample(text, "zknginx_state{state=\"waiting\"} 1");
	assert_sample(text, "zknginx_revision_current 0");
}

static void assert_line(const struct status *s, const char *expected)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	status_write_line(s, &out);
	assert_string_equal(out.data, expected);
}

static void one_line_says_it_all(void **state UNUSED)
{
	struct status s = full();

	assert_line(&s, "degraded: revision 0123456789ab, generation 42, 3 problems");
	s.problem_total = 1;
	assert_line(&s, "degraded: revision 0123456789ab, generation 42, 1 problem");
	s = (struct status){ .state = STATUS_WAITING, .revision_applied = "" };
	assert_line(&s, "waiting: no revision yet");
}

static void times_are_utc_with_milliseconds(void **state UNUSED)
{
	char out[32];

	status_time(0, out);
	assert_string_equal(out, "1970-01-01T00:00:00.000Z");
	status_time(UINT64_C(951782400000999), out);
	assert_string_equal(out, "2000-02-29T00:00:00.000Z");
	status_time(AT, out);
	assert_string_equal(out, "2026-11-22T15:04:05.123Z");
}

/* Every field has a value of its own, so that none can be taken for another. */
static struct status everything(void)
{
	static const struct status_discovery discovery[] = {
		{ "shop", "/services/shop", "curator", 3 }, { "new", "/services/new", "", 0 }
	};
	static const struct status_drain drains[] = {
		{ "shop", "10.0.0.1:80", AT + 60000000, 1 },
		{ "shop", "app-1:80", 0, 2 },
	};
	static const struct status_alert alerts[] = {
		{ "nginx-down", "", "critical", "nginx does not run: \"why\"", AT + 4000000, 2 },
		{ "fleet-problems", "web2", "warning", "web2 has 3 problems", 0, 0 },
	};
	struct status s = full();

	s.revision_seen = "fedcba9876543210";
	s.discovery = discovery;
	s.discovery_count = ARRAY_SIZE(discovery);
	s.drains = drains;
	s.drain_count = ARRAY_SIZE(drains);
	s.drain_total = 7;
	s.overrides = 0x1a2b;
	s.alerts = alerts;
	s.alert_count = ARRAY_SIZE(alerts);
	s.nginx.responding = true;
	s.nginx.deaths = 5;
	s.nginx.drifted = "http.conf";
	s.probe.on = s.probe.answers = true;
	s.probe.requests = 101;
	s.probe.errors = 102;
	s.probe.upstream_errors = 103;
	s.probe.connections = 104;
	s.fleet.member = "member";
	s.fleet.why = "because";
	s.fleet.role = "leading";
	s.fleet.leader = "web1";
	s.rollout.mode = "canary";
	s.rollout.part = "joined";
	s.rollout.phase = "batch";
	s.rollout.paused = true;
	s.rollout.step = 6;
	s.rollout.permitted = "0123456789abcdef";
	s.rollout.why = "the accepted revision";
	s.rollout.verdict = "good";
	s.push.on = true;
	s.push.by = "alice";
	s.push.id = "p-1";
	s.push.time = AT + 5000000;
	s.push.left = 12;
	s.change = (struct status_change){ .on = true,
					   .zxid = 0x2a,
					   .newest = 0x2c,
					   .znode = "/nginx/config/sites/shop",
					   .znodes = 3,
					   .generation = 42,
					   .committed = AT - 61000,
					   .total_ms = 61.5,
					   .waited_ms = 4.25,
					   .clocks_differ = true,
					   .text = "this edit took 61 ms: …" };
	s.trust.on = true;
	s.trust.require = "all";
	s.trust.state = "unknown-key";
	s.trust.key = "0123456789abcdef";
	s.trust.why = "it is signed with another key";
	s.trust.serial = 42;
	s.trust.last = 41;
	s.deployments.rolled_back = 8;
	for (int i = 0; i < STEP_N; i++)
		s.deployments.last.steps_ms[i] = i + 0.5 + 0.001 * i;
	return s;
}

/* --- golden files ---------------------------------------------------------------------------- */

static char *read_golden(const char *name)
{
	CLEANUP(freep) char *path = xasprintf("tests/golden-status/%s", name);
	FILE *f = fopen(path, "re");
	struct buf text = BUF_INIT;
	char piece[4096];
	size_t n;

	if (!f)
		fail_msg("%s is missing", path);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_put(&text, piece, n);
	fclose(f);
	return buf_take(&text);
}

static void write_golden(const char *name, const char *found)
{
	CLEANUP(freep) char *path = xasprintf("tests/golden-status/%s", name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(found, 1, strlen(found), f), strlen(found));
	assert_int_equal(fclose(f), 0);
}

/* GOLDEN_UPDATE=1 writes the files; a person reads the diff. */
static void assert_golden(const char *name, const char *found)
{
	CLEANUP(freep) char *expected = NULL;

	if (getenv("GOLDEN_UPDATE"))
		write_golden(name, found);
	expected = read_golden(name);
	assert_string_equal(found, expected);
}

static void the_published_bytes_are_as_reviewed(void **state UNUSED)
{
	const struct status values[] = {
		everything(), { .host = "web1", .version = "0", .state = STATUS_WAITING }
	};
	static const char *const names[][2] = { { "full.json", "full.metrics" },
						{ "empty.json", "empty.metrics" } };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		CLEANUP(buf_fini) struct buf json = BUF_INIT;
		CLEANUP(freep) char *metrics = metrics_of(&values[i]);

		status_write_json(&values[i], 0, &json);
		assert_golden(names[i][0], buf_str(&json));
		assert_golden(names[i][1], metrics);
	}
}

/* --- reading it back ------------------------------------------------------------------------- */

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

/* --- the table ------------------------------------------------------------------------------- */

static void look_at_rows(const struct status_fields *fields, unsigned *metrics)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct status_field *f = &fields->rows[i];
		const struct status_metric *m = &f->metric;
		bool has_number = f->kind == STATUS_COUNT || f->kind == STATUS_FLAG ||
				  f->kind == STATUS_TIME || f->kind == STATUS_MS ||
				  f->kind == STATUS_TEXT || f->kind == STATUS_MAYBE ||
				  (f->kind == STATUS_NAME && m->word) || m->value;

		assert_true(f->name || m->name || m->write);
		if (m->name) {
			assert_true(has_number);
			assert_int_equal(m->help[strlen(m->help) - 1], '.');
			++*metrics;
		}
		if (f->counts)
			assert_true(f->kind == STATUS_COUNT || f->kind == STATUS_TIME);
		look_at_rows(&f->inner, metrics);
	}
}

static void each_row_can_be_written_as_it_says(void **state UNUSED)
{
	unsigned metrics = 0;

	look_at_rows(&status_fields, &metrics);
	assert_true(metrics > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_report_has_every_field),
		cmocka_unit_test(discovery_says_what_was_found),
		cmocka_unit_test(problems_say_what_they_know),
		cmocka_unit_test(bytes_that_are_no_text_are_replaced),
		cmocka_unit_test(a_limit_shortens_the_list_and_says_so),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(equal_values_are_equal_bytes_with_sorted_keys),
		cmocka_unit_test(metrics_carry_the_numbers),
		cmocka_unit_test(metrics_show_failures),
		cmocka_unit_test(what_nginx_includes_is_left_out_while_unknown),
		cmocka_unit_test(what_nginx_does_not_include_is_false),
		cmocka_unit_test(metrics_keep_the_format),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(nothing_deployed_yet_has_no_last),
		cmocka_unit_test(one_line_says_it_all),
		cmocka_unit_test(times_are_utc_with_milliseconds),
		cmocka_unit_test(the_published_bytes_are_as_reviewed),
		cmocka_unit_test(what_was_written_reads_back_to_the_same_bytes),
		cmocka_unit_test(a_shortened_list_reads_back_with_the_number_of_all),
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(what_is_not_as_expected_counts_as_unknown),
		cmocka_unit_test(a_text_that_is_no_status_is_refused),
		cmocka_unit_test(what_counts_all_the_time_is_no_news),
		cmocka_unit_test(each_row_can_be_written_as_it_says),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
