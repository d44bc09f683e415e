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
	static const struct report_ops ops = { on_due, facts, fill, fill_member };

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

static void an_outcome_is_counted_with_the_steps_before_it(void **state)
{
	struct host *h = *state;
	const double before[STEP_N] = { [STEP_DECODE] = 2, [STEP_RENDER] = 3 };
	struct outcome o = { .result = DEPLOY_APPLIED, .generation = 7, .total_ms = 10 };
	CLEANUP(buf_fini) struct buf metrics = BUF_INIT;

	o.steps_ms[STEP_CHECK] = 10;
	report_outcome(h->report, &o, before);
	o.result = DEPLOY_UNCHANGED;
	report_outcome(h->report, &o, before);
	report_metrics(h->report, &metrics);
	assert_non_null(strstr(buf_str(&metrics), "_total{outcome=\"applied\"} 1\n"));
	assert_non_null(strstr(buf_str(&metrics), "last_deployment_duration_seconds 0.015\n"));
	assert_non_null(strstr(buf_str(&metrics), "{stage=\"decode\"} 0.002\n"));
	assert_non_null(strstr(buf_str(&metrics), "{stage=\"check\"} 0.01\n"));
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
		TEST(a_condition_is_raised_run_through_the_command_and_cleared),
		TEST(forgotten_alerts_make_no_event),
		TEST(the_conditions_are_asked_for_again_when_they_are_due),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
