/* The status: JSON and metrics that follow the rules of their formats. */
#include <jansson.h>

#include "core/status/status_fields.h"
#include "status_fixture.h"

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

static void update_golden(const char *name, const char *text)
{
	CLEANUP(freep) char *path = xasprintf("tests/golden-status/%s", name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* GOLDEN_UPDATE=1 writes the files again; a person reads the difference. */
static void assert_golden(const char *name, const char *found)
{
	CLEANUP(freep) char *expected = NULL;

	if (getenv("GOLDEN_UPDATE"))
		update_golden(name, found);
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
		cmocka_unit_test(each_row_can_be_written_as_it_says),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
