/* Deployments on a real nginx: their results, and what is served afterwards. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig_deploy.h"

static struct rig_deploy r;

static void a_new_bundle_is_applied_and_the_same_one_is_not_reloaded(void **state UNUSED)
{
	int port = rig_port();
	struct applied a;

	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	assert_int_equal(r.generation, 1);
	assert_int_equal(stage_live(r.stage), 1);
	assert_true(rig_nginx_says(port, "one"));
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);
	assert_true(stage_applied(r.stage, &a));
	assert_int_equal(a.generation, 1);
	assert_int_equal(a.pid, r.nginx.pid);

	rig_deploy_expect(&r, DEPLOY_UNCHANGED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	assert_int_equal(r.generation, 1);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "two")));
	assert_true(rig_nginx_says(port, "two"));
	assert_int_equal(rig_nginx_reloads(&r.nginx), 2);
	assert_int_equal(deploy_state(r.deploy), RELOAD_IDLE);
}

static void a_restart_of_the_daemon_does_not_reload(void **state UNUSED)
{
	int port = rig_port();

	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	rig_deploy_leave(&r);
	rig_deploy_enter(&r);
	rig_deploy_expect(&r, DEPLOY_UNCHANGED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);
}

static void the_stream_file_changes_with_the_http_file(void **state UNUSED)
{
	int http = rig_port(), stream = rig_port();
	char text[256];

	snprintf(text, sizeof(text), "server {\n\tlisten 127.0.0.1:%d;\n\treturn \"s1\";\n}",
		 stream);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle("", text)));
	assert_true(rig_accepts(stream));
	assert_false(rig_accepts(http));
}

static void what_nginx_refuses_is_not_published(void **state UNUSED)
{
	char where[512];

	snprintf(where, sizeof(where), "%s/live/http.conf:2", r.nginx.state);
	rig_deploy_expect(&r, DEPLOY_REFUSED, rig_deploy_put(&r, rig_bundle("# fine\nbogus;", "")));
	if (!strstr(r.message, "unknown directive \"bogus\"") || !strstr(r.message, where))
		fail_msg("%s", r.message);
	assert_int_equal(stage_live(r.stage), 0);
	assert_false(rig_state_has("generations/1"));
	assert_int_equal(rig_nginx_reloads(&r.nginx), 0);
}

static void what_is_published_while_nginx_is_down_is_known_after_its_start(void **state UNUSED)
{
	struct nginx_status status;
	int port = rig_port();
	enum deploy_result result;

	rig_deploy_expect(&r, DEPLOY_REFUSED, rig_deploy_put(&r, rig_bundle("bogus;", "")));
	rig_deploy_expect(&r, DEPLOY_DEFERRED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	assert_non_null(strstr(r.message, "pid file"));
	deploy_nginx_status(r.deploy, &status);
	assert_int_equal(status.nginx.state, NGINX_STATE_DOWN);
	assert_string_not_equal(status.nginx.why, "");
	r.changes = 0;
	rig_nginx_start(&r.nginx);
	assert_true(rig_nginx_says(port, "one"));
	eventually(r.loop, r.changes > 0);
	/* it answers when the first of its workers does */
	eventually(r.loop, (deploy_nginx_status(r.deploy, &status), status.nginx.workers == 2));
	assert_int_equal(status.nginx.state, NGINX_STATE_RUNNING);
	assert_int_equal(status.nginx.pid, r.nginx.pid);
	/* one more reload where it is unknown whether nginx started after the publication */
	result = rig_deploy_put(&r, rig_bundle_saying(port, "one"));
	if (result != DEPLOY_UNCHANGED)
		rig_deploy_expect(&r, DEPLOY_APPLIED, result);
	assert_int_equal(r.generation, 2);
	r.changes = 0;
	rig_nginx_stop(&r.nginx);
	eventually(r.loop, r.changes > 0);
	deploy_nginx_status(r.deploy, &status);
	assert_int_equal(status.nginx.state, NGINX_STATE_DOWN);
}

/* nginx starts, gets a deployment and ends between two checks of the watch. */
static void the_end_of_an_nginx_that_only_a_deployment_met_is_noticed(void **state UNUSED)
{
	struct nginx_status status;
	int port = rig_port();

	rig_deploy_expect(&r, DEPLOY_DEFERRED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	for (int i = 0; i < 2; i++) {
		rig_nginx_start(&r.nginx);
		rig_deploy_expect(&r, DEPLOY_APPLIED,
				  rig_deploy_put(&r, rig_bundle_saying(port, i ? "3" : "2")));
		r.changes = 0;
		rig_nginx_stop(&r.nginx);
		eventually(r.loop, r.changes > 0);
		deploy_nginx_status(r.deploy, &status);
		assert_int_equal(status.nginx.state, NGINX_STATE_DOWN);
		assert_string_not_equal(status.nginx.why, "");
	}
}

/* … and during the deployment. */
static void the_end_of_an_nginx_during_a_deployment_is_noticed(void **state UNUSED)
{
	int port = rig_port();

	rig_deploy_expect(&r, DEPLOY_DEFERRED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	rig_nginx_start(&r.nginx);
	rig_deploy_begin(&r, rig_bundle_saying(port, "two"));
	eventually(r.loop, deploy_state(r.deploy) == RELOAD_VERIFYING);
	r.changes = 0;
	rig_nginx_kill9(&r.nginx);
	rig_deploy_expect(&r, DEPLOY_DEFERRED, rig_deploy_end(&r));
	rig_nginx_stop(&r.nginx); /* the workers of the killed master */
	eventually(r.loop, r.changes > 0);
}

static bool is_old_enough(uint64_t since)
{
	return rig_now() > since + 3 * USEC_PER_SEC;
}

/* nginx starts well after the publication: it has read it, and is not reloaded. */
static void a_late_start_needs_no_reload(void **state UNUSED)
{
	int port = rig_port();
	uint64_t published;

	rig_deploy_expect(&r, DEPLOY_DEFERRED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	published = rig_now();
	eventually(r.loop, is_old_enough(published));
	r.changes = 0;
	rig_nginx_start(&r.nginx);
	eventually(r.loop, r.changes > 0);
	rig_deploy_expect(&r, DEPLOY_UNCHANGED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	assert_int_equal(rig_nginx_reloads(&r.nginx), 0);
}

static void another_process_in_the_pid_file_is_not_signalled(void **state UNUSED)
{
	char *argv[] = { "sleep", "1000", NULL };
	pid_t other = rig_start(NULL, argv);
	struct nginx_status status;

	rig_write(r.nginx.pid_file, "%d\n", (int)other);
	rig_deploy_expect(&r, DEPLOY_DEFERRED,
			  rig_deploy_put(&r, rig_bundle_saying(rig_port(), "one")));
	deploy_nginx_status(r.deploy, &status);
	assert_int_equal(status.nginx.state, NGINX_STATE_UNKNOWN);
	assert_int_equal(kill(other, 0), 0); /* SIGHUP would have ended it */
	rig_stop(other, SIGKILL);
}

static void drift_is_repaired(void **state UNUSED)
{
	int port = rig_port();

	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	r.changes = 0;
	rig_write(rig_state_path("live/http.conf"), "# mine now\n");
	eventually(r.loop, r.changes > 0);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	assert_int_equal(r.generation, 2);
	assert_non_null(strstr(rig_state_file("live/http.conf"), "one"));
	rig_deploy_expect(&r, DEPLOY_UNCHANGED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
}

static void a_missing_include_line_is_reported(void **state UNUSED)
{
	int port = rig_port();
	struct nginx_status status;
	char line[512];

	rig_nginx_stop(&r.nginx);
	r.nginx.include_http = false;
	rig_nginx_configure(&r.nginx);
	rig_nginx_start(&r.nginx);
	rig_deploy_expect(&r, DEPLOY_NOT_INCLUDED,
			  rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	assert_false(r.in_force);
	snprintf(line, sizeof(line), "include %s/live/http.conf;", r.nginx.state);
	if (!strstr(r.message, line) || !strstr(r.message, r.nginx.config))
		fail_msg("%s", r.message);
	deploy_nginx_status(r.deploy, &status);
	assert_int_equal(status.nginx.includes, NGINX_INCLUDES_NOTHING);
	assert_int_equal(rig_nginx_reloads(&r.nginx), 0);
	rig_deploy_expect(&r, DEPLOY_NOT_INCLUDED,
			  rig_deploy_put(&r, rig_bundle_saying(port, "one")));

	r.nginx.include_http = true;
	rig_nginx_configure(&r.nginx);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	assert_true(rig_nginx_says(port, "one"));
	deploy_nginx_status(r.deploy, &status);
	assert_int_equal(status.nginx.includes, NGINX_INCLUDES_ALL);
}

static void a_missing_stream_include_is_reported_once_it_is_needed(void **state UNUSED)
{
	char text[256], http[256];
	int port = rig_port();

	rig_nginx_stop(&r.nginx);
	r.nginx.include_stream = false;
	rig_nginx_configure(&r.nginx);
	rig_nginx_start(&r.nginx);
	/* the stream file is empty, so it is not missed */
	rig_deploy_expect(&r, DEPLOY_APPLIED,
			  rig_deploy_put(&r, rig_bundle_saying(rig_port(), "one")));
	snprintf(text, sizeof(text), "server {\n\tlisten 127.0.0.1:%d;\n\treturn \"s1\";\n}",
		 rig_port());
	rig_deploy_expect(&r, DEPLOY_STREAM_NOT_INCLUDED, rig_deploy_put(&r, rig_bundle("", text)));
	assert_non_null(strstr(r.message, "stream.conf"));
	/* but the part for http{} is in force */
	snprintf(http, sizeof(http), "server {\n\tlisten 127.0.0.1:%d;\n\treturn 200 two;\n}",
		 port);
	rig_deploy_expect(&r, DEPLOY_STREAM_NOT_INCLUDED,
			  rig_deploy_put(&r, rig_bundle(http, text)));
	assert_true(rig_nginx_says(port, "two"));
}

static void reloads_are_spaced(void **state UNUSED)
{
	uint64_t when = 0;

	r.settings.reload_gap = 3600 * USEC_PER_SEC;
	assert_true(deploy_is_ready(r.deploy, rig_now(), &when));
	rig_deploy_begin(&r, rig_bundle_saying(rig_port(), "one"));
	assert_false(deploy_is_ready(r.deploy, rig_now(), &when));
	assert_true(when == NEVER);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_end(&r));
	assert_false(deploy_is_ready(r.deploy, rig_now(), &when));
	assert_true(when > rig_now() + 3000 * USEC_PER_SEC && when != NEVER);
	assert_true(deploy_is_ready(r.deploy, when, &when));
	r.settings.reload_gap = 0;
}

static void settings_may_be_replaced_during_a_deployment(void **state UNUSED)
{
	struct nginx_settings other = r.settings;

	rig_deploy_begin(&r, rig_bundle_saying(rig_port(), "one"));
	eventually(r.loop, deploy_state(r.deploy) == RELOAD_CHECKING);
	deploy_configure(r.deploy, &other);
	memset(&r.settings, 0, sizeof(r.settings)); /* nothing may use them any more */
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_end(&r));
	rig_deploy_expect(&r, DEPLOY_APPLIED,
			  rig_deploy_put(&r, rig_bundle_saying(rig_port(), "two")));
	r.settings = other;
	deploy_configure(r.deploy, &r.settings);
}

int main(void)
{
#define TEST(name, open) deploy_test(name, &r, open)
	const struct CMUnitTest tests[] = {
		TEST(a_new_bundle_is_applied_and_the_same_one_is_not_reloaded,
		     rig_deploy_setup_running),
		TEST(a_restart_of_the_daemon_does_not_reload, rig_deploy_setup_running),
		TEST(the_stream_file_changes_with_the_http_file, rig_deploy_setup_running),
		TEST(what_nginx_refuses_is_not_published, rig_deploy_setup_running),
		TEST(what_is_published_while_nginx_is_down_is_known_after_its_start,
		     rig_deploy_setup_down),
		TEST(the_end_of_an_nginx_that_only_a_deployment_met_is_noticed,
		     rig_deploy_setup_down),
		TEST(the_end_of_an_nginx_during_a_deployment_is_noticed, rig_deploy_setup_down),
		TEST(a_late_start_needs_no_reload, rig_deploy_setup_down),
		TEST(another_process_in_the_pid_file_is_not_signalled, rig_deploy_setup_down),
		TEST(drift_is_repaired, rig_deploy_setup_running),
		TEST(a_missing_include_line_is_reported, rig_deploy_setup_running),
		TEST(a_missing_stream_include_is_reported_once_it_is_needed,
		     rig_deploy_setup_running),
		TEST(reloads_are_spaced, rig_deploy_setup_running),
		TEST(settings_may_be_replaced_during_a_deployment, rig_deploy_setup_running),
	};

	return cmocka_run_group_tests_name("deploy", tests, NULL, rig_deploy_remove_all);
}
