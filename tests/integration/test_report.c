/*
 * The report and the alarm on a real loop, without a daemon: what they need from others are values
 * and callbacks of this test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <zknginx/err.h>
#include <zknginx/log.h>

#include "report/alarm.h"
#include "report/pages.h"
#include "report/report.h"
#include "rig.h"

struct host {
	sd_event *loop;
	struct settings settings;
	struct report *report;
	struct alarm *alarm;
	struct problems found;
	struct status_facts facts;
	unsigned due, events, alarms_due;
};

static void on_due(void *ctx)
{
	((struct host *)ctx)->due++;
}

static void facts(void *ctx, struct status_facts *out)
{
	*out = ((struct host *)ctx)->facts;
}

static void fill(void *ctx UNUSED, struct status *s, struct arena *scratch)
{
	s->generation = 7;
	s->nginx.state = NGINX_STATE_RUNNING;
	s->rollout.mode = arena_strdup(scratch, "all");
}

static void fill_numbers(void *ctx UNUSED, struct numbers *n)
{
	n->zookeeper.expirations = 3;
}

static void fill_member(void *ctx UNUSED, struct member *m UNUSED)
{
	fail_msg("there is no fleet");
}

static void on_alarm_due(void *ctx)
{
	((struct host *)ctx)->alarms_due++;
}

static void on_event(void *ctx)
{
	((struct host *)ctx)->events++;
}

static void open_report(struct host *h)
{
	static const struct report_ops ops = { on_due, facts, fill, fill_numbers, fill_member };

	h->report = report_new(&(struct report_spec){ .loop = h->loop,
						      .settings = &h->settings,
						      .host = "web1",
						      .id = "0123456789abcdef" },
			       &ops, h);
}

static int set_up(void **state)
{
	static const struct alarm_ops alarm_ops = { on_alarm_due, on_event };
	static const char *const none[] = { NULL };
	struct host *h = xcalloc(1, sizeof(*h));

	assert_true(sd_event_new(&h->loop) >= 0);
	h->settings.state.directory = rig_directory();
	h->settings.cluster.address = h->settings.cluster.service = "";
	h->settings.alerts = (struct alerts_settings){ .command = none,
						       .timeout = 10 * USEC_PER_SEC,
						       .repeat = NEVER };
	h->facts = (struct status_facts){ .connected = true, .has_tree = true, .running = true };
	problems_init(&h->found);
	open_report(h);
	h->alarm = alarm_new(&(struct alarm_spec){ .loop = h->loop,
						   .settings = &h->settings.alerts,
						   .host = "web1" },
			     &alarm_ops, h);
	*state = h;
	return 0;
}

static int tear_down(void **state)
{
	struct host *h = *state;

	alarm_free(h->alarm);
	report_free(h->report);
	problems_fini(&h->found);
	sd_event_unref(h->loop);
	free(h);
	rig_clean();
	return 0;
}

/* STATE/status.json; the caller decrefs. */
static json_t *written(void)
{
	return json_load_file(rig_path("status.json"), 0, NULL);
}

static json_int_t number(const char *key)
{
	json_auto_t *j = written();

	return json_integer_value(json_object_get(j, key));
}

static char *state_of(void)
{
	json_auto_t *j = written();

	return xstrdup(json_string_value(json_object_get(j, "state")) ?: "");
}

static bool is(const char *expected)
{
	CLEANUP(freep) char *state = state_of();

	return strcmp(state, expected) == 0;
}

/* --- the report ------------------------------------------------------------------------------ */

static void the_first_report_comes_from_the_loop(void **state)
{
	struct host *h = *state;

	assert_int_equal(access(rig_path("status.json"), F_OK), -1);
	eventually(h->loop, access(rig_path("status.json"), F_OK) == 0);
	assert_int_equal(h->due, 1);
	assert_true(is("applied"));
	assert_int_equal(number("generation"), 7);
}

static void many_changes_make_one_report(void **state)
{
	struct host *h = *state;

	for (int i = 0; i < 100; i++)
		report_soon(h->report);
	eventually(h->loop, h->due > 0);
	assert_int_equal(h->due, 1);
}

static struct problem *find_one(struct host *h)
{
	return problems_add(&h->found, "/nginx/config/sites/a", PROBLEM_POLICY, "listen", "wrong");
}

static char *log_of(struct host *h, void (*act)(struct host *h))
{
	char *path = rig_path("log");
	int keep = dup(STDERR_FILENO);

	fflush(stderr);
	rig_write(path, "%s", "");
	assert_non_null(freopen(path, "a", stderr));
	act(h);
	fflush(stderr);
	dup2(keep, STDERR_FILENO);
	close(keep);
	return rig_read(path);
}

static void run(struct host *h)
{
	report_problems(h->report, &h->found);
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void a_problem_is_logged_once_however_many_runs_find_it(void **state)
{
	struct host *h = *state;
	char *log;

	find_one(h)->line = 3;
	log = log_of(h, run);
	assert_int_equal(lines_of(log), 1);
	assert_non_null(strstr(log, "/nginx/config/sites/a: line 3: listen: wrong (serving: "));
	for (int i = 0; i < 5; i++)
		assert_string_equal(log_of(h, run), "");
	problems_drop(&h->found, "/nginx/config/sites/a", PROBLEM_POLICY);
	log = log_of(h, run);
	assert_int_equal(lines_of(log), 1);
	assert_non_null(strstr(log, "/nginx/config/sites/a: resolved: wrong"));
}

static void problems_are_in_the_state_and_the_file(void **state)
{
	struct host *h = *state;

	find_one(h);
	run(h);
	report_now(h->report);
	assert_true(is("degraded"));
	assert_int_equal(number("problem_count"), 1);
	h->facts.busy = true;
	report_now(h->report);
	assert_true(is("deploying"));
}

static void what_was_known_before_a_restart_is_recalled_whole(void **state)
{
	struct host *h = *state;
	const struct problem *p;
	struct problems known;

	problems_init(&known);
	report_recall(rig_directory(), &known); /* there is none yet */
	assert_int_equal(known.count, 0);
	find_one(h)->line = 3;
	h->found.items[0].serving = SERVING_PREVIOUS;
	run(h);
	report_now(h->report);
	report_recall(rig_directory(), &known);
	assert_int_equal(known.count, 1);
	p = &known.items[0];
	assert_int_equal(problem_compare(p, &h->found.items[0]), 0);
	assert_int_equal(p->line, 3);
	assert_int_equal(p->serving, SERVING_PREVIOUS);
	rig_write(rig_path("status.json"), "{\"state\": ");
	report_recall(rig_directory(), &known);
	assert_int_equal(known.count, 1);
	problems_fini(&known);
}

static void report_twice(struct host *h)
{
	report_now(h->report);
	report_now(h->report);
}

static void a_state_directory_that_is_gone_is_logged_once(void **state)
{
	struct host *h = *state;
	char *log;

	h->settings.state.directory = "/nonexistent";
	log = log_of(h, report_twice);
	assert_int_equal(lines_of(log), 1);
	assert_non_null(strstr(log, "/nonexistent"));
}

/* What a page answers to a client that accepts this. */
static struct http_reply get(struct host *h, const char *path, const char *accept, bool is_local)
{
	struct http_reply reply = { .status = 200, .type = "text/plain" };

	for (size_t i = 0; i < report_page_count; i++) {
		if (strcmp(report_pages[i].path, path) == 0)
			report_pages[i].write(h->report, &(struct http_request){ accept, is_local },
					      &reply);
	}
	return reply;
}

static void assert_page(struct host *h, const char *path, unsigned status, const char *text)
{
	struct http_reply reply = get(h, path, NULL, true);

	assert_int_equal(reply.status, status);
	if (!strstr(buf_str(&reply.body), text))
		fail_msg("no \"%s\" in\n%s", text, buf_str(&reply.body));
	buf_fini(&reply.body);
}

static void an_outcome_is_counted_with_the_steps_before_it(void **state)
{
	struct host *h = *state;
	const double before[STEP_N] = { [STEP_DECODE] = 2, [STEP_RENDER] = 3 };
	const struct edit none = { 0 };
	struct outcome o = { .result = DEPLOY_APPLIED, .generation = 7, .total_ms = 10 };
	const struct deployed d = { .outcome = &o, .change = &none, .earlier_ms = before };

	o.steps_ms[STEP_CHECK] = 10;
	report_outcome(h->report, &d);
	o.result = DEPLOY_UNCHANGED;
	report_outcome(h->report, &d);
	o.result = DEPLOY_REFUSED;
	report_outcome(h->report, &d);
	assert_page(h, "/metrics", 200, "_total{outcome=\"applied\"} 1\n");
	assert_page(h, "/metrics", 200, "last_deployment_duration_seconds 0.015\n");
	assert_page(h, "/metrics", 200, "{stage=\"decode\"} 0.002\n");
	assert_page(h, "/metrics", 200, "{stage=\"check\"} 0.01\n");
	assert_page(h, "/metrics", 200, "_results_total{kind=\"reload\",result=\"unchanged\"} 1\n");
	assert_page(h, "/metrics", 200, "_results_total{kind=\"reload\",result=\"refused\"} 1\n");
	assert_page(h, "/metrics", 200,
		    "deployment_duration_seconds_bucket{kind=\"reload\",le=\"0.025\"} 1\n");
	assert_page(h, "/metrics", 200,
		    "_step_duration_seconds_count{kind=\"reload\",step=\"check\"} 1\n");
	assert_page(h, "/metrics", 200, "zookeeper_expirations_total 3\n");
	assert_page(h, "/metrics", 200, "change_duration_seconds_count 0\n");
}

static void servers_count_once_and_their_files_apart(void **state)
{
	static const double before[STEP_N];
	static const struct edit none;
	struct host *h = *state;
	struct outcome o = { .result = DEPLOY_APPLIED, .generation = 7, .in_force = true };
	struct deployed d = {
		.outcome = &o, .kind = DEPLOYMENT_SERVERS, .change = &none, .earlier_ms = before
	};

	report_outcome(h->report, &d);
	o.generation = 8;
	d.kind = DEPLOYMENT_FILES;
	report_outcome(h->report, &d);
	assert_page(h, "/metrics", 200, "_results_total{kind=\"servers\",result=\"applied\"} 1\n");
	assert_page(h, "/metrics", 200, "_results_total{kind=\"files\",result=\"applied\"} 1\n");
	assert_page(h, "/metrics", 200, "_results_total{kind=\"reload\",result=\"applied\"} 0\n");
	assert_page(h, "/metrics", 200, "_total{outcome=\"applied\"} 1\n");
}

static const struct edit edit = { .first = 0x1a,
				  .newest = 0x1c,
				  .znode = "/nginx/config/sites/shop",
				  .committed = UINT64_C(1795359845000000),
				  .znodes = 2 };

static void deploy_edit(struct host *h)
{
	static const double before[STEP_N] = { [STEP_DECODE] = 2, [STEP_RENDER] = 3 };
	struct outcome o = { .result = DEPLOY_APPLIED, .generation = 8, .total_ms = 40 };
	const struct deployed d = { .outcome = &o,
				    .change = &edit,
				    .began = edit.committed + 16 * USEC_PER_MSEC,
				    .earlier_ms = before };

	o.steps_ms[STEP_CHECK] = 30;
	report_outcome(h->report, &d);
}

static void a_change_is_logged_in_one_line_with_its_transaction_and_its_times(void **state)
{
	struct host *h = *state;
	char *log = log_of(h, deploy_edit);

	assert_int_equal(lines_of(log), 1);
	assert_non_null(
		strstr(log, "change: zxid=0x1a newest=0x1c znode=/nginx/config/sites/shop znodes=2 "
			    "generation=8 kind=reload result=applied total_ms=61.0 waited_ms=16.0 "
			    "decode_ms=2.0 render_ms=3.0 stage_ms=0.0 check_ms=30.0 "));
	assert_page(h, "/status", 200,
		    "this edit took 61 ms: 16 ms until it was read and its turn came, decode 2.0 "
		    "ms, render 3.0 ms, check 30.0 ms");
	assert_page(h, "/metrics", 200, "zknginx_last_change_duration_seconds 0.061\n");
	assert_page(h, "/metrics", 200, "change_duration_seconds_bucket{le=\"0.1\"} 1\n");
}

static void a_change_that_a_search_deployed_is_over_when_the_next_run_finds_it(void **state)
{
	struct host *h = *state;
	static const double before[STEP_N];
	struct outcome o = { .result = DEPLOY_UNCHANGED, .generation = 7, .in_force = true };
	struct deployed d = {
		.outcome = &o, .change = &edit, .began = edit.committed, .earlier_ms = before
	};

	report_outcome(h->report, &d);
	o = (struct outcome){ .result = DEPLOY_REFUSED, .generation = 8 };
	report_outcome(h->report, &d);
	/* all of it was refused: what was live stays */
	o = (struct outcome){ .result = DEPLOY_UNCHANGED, .generation = 7, .in_force = true };
	report_outcome(h->report, &d);
	assert_page(h, "/metrics", 200, "change_duration_seconds_count 0\n");
	/* the rest of it was deployed, under the number of what was refused */
	o.generation = 8;
	report_outcome(h->report, &d);
	assert_page(h, "/metrics", 200, "change_duration_seconds_count 1\n");
	assert_page(h, "/status", 200, "\"zxid\": \"0x1a\"");
}

static void the_format_of_metrics_is_what_the_client_accepts(void **state)
{
	struct host *h = *state;
	struct http_reply reply = get(h, "/metrics", "application/openmetrics-text", true);

	assert_string_equal(reply.type,
			    "application/openmetrics-text; version=1.0.0; charset=utf-8");
	assert_non_null(strstr(buf_str(&reply.body), "# TYPE zknginx_build info\n"));
	buf_fini(&reply.body);
	reply = get(h, "/metrics", "text/plain", true);
	assert_string_equal(reply.type, "text/plain; version=0.0.4; charset=utf-8");
	assert_non_null(strstr(buf_str(&reply.body), "# TYPE zknginx_build_info gauge\n"));
	buf_fini(&reply.body);
}

static void the_status_is_shown_to_local_clients_alone(void **state)
{
	struct host *h = *state;
	struct http_reply reply = get(h, "/status", NULL, false);

	assert_int_equal(reply.status, 403);
	buf_fini(&reply.body);
	assert_page(h, "/status", 200, "\"host\": \"web1\"");
	assert_page(h, "/healthz", 200, "ok\n");
	assert_page(h, "/readyz", 503, "the nginx master does not handle signals\n");
}

/* --- the alarm ------------------------------------------------------------------------------- */

static void update(struct host *h, bool is_wrong, uint64_t due)
{
	struct conditions now = { 0 };

	if (is_wrong)
		conditions_add(&now, "nginx-down", "", ALERT_CRITICAL, 0, "nginx is not running");
	alarm_update(h->alarm, &now, due);
	conditions_clear(&now);
}

static void a_condition_is_raised_run_through_the_command_and_cleared(void **state)
{
	struct host *h = *state;
	const char *argv[] = { "/bin/sh", "-c", "cat >>$0", rig_path("told"), NULL };
	const struct alert *raised;

	h->settings.alerts.command = argv;
	alarm_use_settings(h->alarm, &h->settings.alerts);
	update(h, true, NEVER);
	assert_int_equal(alarm_raised(h->alarm, &raised), 1);
	assert_string_equal(raised[0].key, "nginx-down");
	assert_int_equal(h->events, 1);
	eventually(h->loop, rig_read(rig_path("told")) &&
				    strstr(rig_read(rig_path("told")), "\"event\":\"raised\""));
	update(h, false, NEVER);
	assert_int_equal(alarm_raised(h->alarm, &raised), 0);
	assert_int_equal(h->events, 2);
	eventually(h->loop, strstr(rig_read(rig_path("told")), "\"event\":\"cleared\""));
	assert_non_null(strstr(rig_read(rig_path("told")), "\"host\":\"web1\""));
}

static void forgotten_alerts_make_no_event(void **state)
{
	struct host *h = *state;
	const struct alert *raised;

	update(h, true, NEVER);
	alarm_forget(h->alarm, "nginx-");
	assert_int_equal(alarm_raised(h->alarm, &raised), 0);
	update(h, false, NEVER);
	assert_int_equal(h->events, 1);
}

static void the_conditions_are_asked_for_again_when_they_are_due(void **state)
{
	struct host *h = *state;

	update(h, false, rig_now());
	eventually(h->loop, h->alarms_due > 0);
	assert_int_equal(h->alarms_due, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_report_comes_from_the_loop),
		TEST(many_changes_make_one_report),
		TEST(a_problem_is_logged_once_however_many_runs_find_it),
		TEST(problems_are_in_the_state_and_the_file),
		TEST(what_was_known_before_a_restart_is_recalled_whole),
		TEST(a_state_directory_that_is_gone_is_logged_once),
		TEST(an_outcome_is_counted_with_the_steps_before_it),
		TEST(servers_count_once_and_their_files_apart),
		TEST(a_change_is_logged_in_one_line_with_its_transaction_and_its_times),
		TEST(a_change_that_a_search_deployed_is_over_when_the_next_run_finds_it),
		TEST(the_format_of_metrics_is_what_the_client_accepts),
		TEST(the_status_is_shown_to_local_clients_alone),
		TEST(a_condition_is_raised_run_through_the_command_and_cleared),
		TEST(forgotten_alerts_make_no_event),
		TEST(the_conditions_are_asked_for_again_when_they_are_due),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
