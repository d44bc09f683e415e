/*
 * An nginx.conf without our include lines: nothing counts as applied, one cause is one alert, and
 * when the line is there nobody has to help.
 */
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig_host.h"

#define CONFIG "/nginx/config"
#define CLUSTER "/nginx/cluster"
#define ALERTS "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };\n"
#define CANARY                                                                                     \
	"rollout: { mode = \"canary\"; canaries = 1; bake_time = \"300ms\"; batch_time = "         \
	"\"100ms\"; settle = \"100ms\"; on_failure = \"halt\"; };\n"

static struct rig_host host;
static int port;

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	port = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	rig_host_settings(&host, ALERTS);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

static void include(bool http, bool stream)
{
	host.nginx.include_http = http;
	host.nginx.include_stream = stream;
	rig_nginx_configure(&host.nginx);
}

static unsigned count_in_log(const char *words)
{
	unsigned count = 0;

	for (const char *at = rig_read(host.log) ?: ""; (at = strstr(at, words)); at++)
		count++;
	return count;
}

/* nginx.conf was tested so many times since the first one, and nothing came of it. */
static bool was_tested_again(long before, long times)
{
	return rig_host_status_number(&host, "nginx.tests") >= before + times &&
	       rig_host_is(&host, "waiting");
}

/* The since of the alert; "": it is not raised. On a busy host there may be others for a moment. */
static const char *alert_since(void)
{
	json_t *alerts = json_object_get(rig_host_status(&host), "alerts"), *a;
	static char text[8][64];
	static unsigned turn;
	char *out = text[turn++ % ARRAY_SIZE(text)];
	size_t i;

	*out = '\0';
	json_array_foreach(alerts, i, a)
	{
		if (strcmp(json_string_value(json_object_get(a, "key")), "nginx-not-included") == 0)
			snprintf(out, sizeof(text[0]), "%s",
				 json_string_value(json_object_get(a, "since")));
	}
	return out;
}

static const char *znode_text(const char *path, const char *field)
{
	static char text[8][128];
	static unsigned turn;
	char *out = text[turn++ % ARRAY_SIZE(text)];
	json_t *all = json_loads(rig_zk_get(host.zk, path) ?: "", 0, NULL), *at = all;
	char part[32];

	while (at && *field) {
		size_t size = strcspn(field, ".");

		snprintf(part, sizeof(part), "%.*s", (int)size, field);
		at = json_object_get(at, part);
		field += size + (field[size] == '.');
	}
	snprintf(out, sizeof(text[0]), "%s", json_string_value(at) ?: "");
	json_decref(all);
	return out;
}

static const char *member_text(const char *field)
{
	return znode_text(CLUSTER "/members/web1", field);
}

static bool is_applied(void)
{
	return rig_host_is(&host, "applied") &&
	       strcmp(rig_host_status_text(&host, "revision.applied"),
		      rig_host_status_text(&host, "revision.seen")) == 0;
}

static bool is_seen(void)
{
	return *rig_host_status_text(&host, "revision.seen") &&
	       rig_host_has_alert(&host, "nginx-not-included");
}

/* Two rounds of the regular test: nothing is raised, resolved or logged a second time. */
static void expect_quiet(unsigned outcomes)
{
	const char *since = alert_since();
	long tests = rig_host_status_number(&host, "nginx.tests");

	eventually(NULL, was_tested_again(tests, 2));
	assert_string_equal(alert_since(), since);
	assert_int_equal(count_in_log("alert nginx-not-included:"), 1);
	assert_int_equal(count_in_log(": not-included in "), outcomes);
	assert_int_equal(rig_host_problem_count(&host), 0);
	assert_int_equal(count_in_log("(serving: "), 0);
}

static void without_the_include_line_nothing_counts_as_applied(void **state UNUSED)
{
	include(false, true);
	rig_host_set_site(&host, port, "one");
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_live(&host, "http.conf"));
	rig_nginx_start(&host.nginx);
	eventually(NULL, is_seen());
	expect_quiet(1);
	assert_string_equal(rig_host_status_text(&host, "revision.applied"), "");
	assert_true(json_is_false(
		json_object_get(json_object_get(rig_host_status(&host), "nginx"), "included")));
	eventually(NULL, *member_text("seen"));
	assert_string_equal(member_text("revision"), "");
	assert_string_equal(member_text("nginx"), "down");
	assert_false(rig_zk_exists(host.zk, CLUSTER "/live"));
	assert_string_equal(znode_text(CLUSTER "/plan", "accepted.revision"), "");

	include(true, true);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, is_applied());
	eventually(NULL, !rig_host_has_alert(&host, "nginx-not-included"));
	eventually(NULL, strcmp(member_text("nginx"), "up") == 0);
	eventually(NULL, rig_zk_exists(host.zk, CLUSTER "/live"));
	eventually(NULL, strcmp(znode_text(CLUSTER "/plan", "accepted.revision"),
				rig_host_status_text(&host, "revision.applied")) == 0);
	assert_int_equal(count_in_log("alert nginx-not-included cleared"), 1);
}

static void a_lost_include_line_keeps_the_applied_revision(void **state UNUSED)
{
	char one[80];

	rig_host_set_site(&host, port, "one");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, is_applied());
	snprintf(one, sizeof(one), "%s", rig_host_status_text(&host, "revision.applied"));
	include(false, true);
	eventually(NULL, rig_host_has_alert(&host, "nginx-not-included"));
	rig_host_set_site(&host, port, "two");
	eventually(NULL, strcmp(rig_host_status_text(&host, "revision.seen"), one) != 0);
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "two"));
	expect_quiet(1);
	assert_string_equal(rig_host_status_text(&host, "revision.applied"), one);
	eventually(NULL, strcmp(member_text("revision"), one) == 0);
	assert_true(rig_nginx_says(port, "one"));

	/* after a restart of the daemon it is not known, and it is not the new one */
	rig_host_stop_daemon(&host, SIGTERM);
	unlink(rig_path("web1/state/status.json"));
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_status(&host) && is_seen());
	assert_string_equal(rig_host_status_text(&host, "revision.applied"), "");

	include(true, true);
	eventually(NULL, rig_nginx_says(port, "two"));
	eventually(NULL, is_applied());
}

/* As an administrator does it: edit nginx.conf, reload nginx. */
static void a_reload_without_the_include_line_takes_the_applied_revision_away(void **state UNUSED)
{
	char one[80];

	rig_host_set_site(&host, port, "one");
	rig_host_start(&host);
	eventually(NULL, is_applied());
	snprintf(one, sizeof(one), "%s", rig_host_status_text(&host, "revision.applied"));
	include(false, true);
	eventually(NULL, rig_host_has_alert(&host, "nginx-not-included"));
	assert_string_equal(rig_host_status_text(&host, "revision.applied"), one);
	rig_nginx_send_hup(&host.nginx);
	eventually(NULL, !rig_accepts(port));
	eventually(NULL, !*rig_host_status_text(&host, "revision.applied"));
	eventually(NULL, !*member_text("revision"));
	include(true, true);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, is_applied());
	assert_string_equal(rig_host_status_text(&host, "revision.applied"), one);
}

static void nothing_is_said_before_the_first_look(void **state UNUSED)
{
	rig_host_set_site(&host, port, "one");
	rig_host_start(&host);
	eventually(NULL, is_applied());
	rig_host_stop_daemon(&host, SIGTERM);
	unlink(rig_path("web1/state/status.json"));
	rig_zookeeper_kill(host.zookeeper); /* so nothing is deployed, and nothing tested */
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_status(&host) && rig_host_has_alert(&host, "zookeeper-lost"));
	assert_null(json_object_get(json_object_get(rig_host_status(&host), "nginx"), "included"));
	assert_false(rig_host_has_alert(&host, "nginx-not-included"));
	rig_zookeeper_restart(host.zookeeper);
	eventually(NULL, json_is_true(json_object_get(
				 json_object_get(rig_host_status(&host), "nginx"), "included")));
}

static void a_missing_stream_include_is_one_alert_and_http_goes_on(void **state UNUSED)
{
	char json[256];
	long tests;

	include(true, false);
	snprintf(json, sizeof(json), "server { listen 127.0.0.1:%d; return stream; }\n",
		 rig_port());
	rig_zk_set(host.zk, CONFIG "/snippets/stream/s", json);
	rig_host_set_site(&host, port, "http goes on");
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_live(&host, "http.conf"));
	rig_nginx_start(&host.nginx);
	eventually(NULL, rig_nginx_says(port, "http goes on"));
	eventually(NULL, rig_host_has_alert(&host, "nginx-not-included"));
	tests = rig_host_status_number(&host, "nginx.tests");
	eventually(NULL, rig_host_status_number(&host, "nginx.tests") >= tests + 2);
	eventually(NULL, rig_host_is(&host, "degraded"));
	assert_int_equal(rig_host_problem_count(&host), 0);
	assert_string_equal(rig_host_status_text(&host, "revision.applied"), "");
	assert_int_equal(count_in_log(": stream-not-included in "), 1);
	assert_int_equal(count_in_log("alert nginx-not-included:"), 1);
	assert_non_null(strstr(rig_read(host.log), "live/stream.conf;\" into a stream"));
	include(true, true);
	eventually(NULL, is_applied());
	eventually(NULL, !rig_host_has_alert(&host, "nginx-not-included"));
}

/* The generation was published before nginx started, and only its http part is included. */
static void what_nginx_starts_with_is_not_applied_without_the_stream_include(void **state UNUSED)
{
	char snippet[256];

	include(true, false);
	snprintf(snippet, sizeof(snippet), "server { listen 127.0.0.1:%d; return stream; }\n",
		 rig_port());
	rig_zk_set(host.zk, CONFIG "/snippets/stream/s", snippet);
	rig_host_set_site(&host, port, "started with it");
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_live(&host, "http.conf") &&
				 strstr(rig_host_live(&host, "http.conf"), "started with it"));
	rig_nginx_start(&host.nginx);
	eventually(NULL, rig_nginx_says(port, "started with it"));
	eventually(NULL, rig_host_is(&host, "degraded"));
	assert_string_equal(rig_host_status_text(&host, "revision.applied"), "");
	include(true, true);
	eventually(NULL, is_applied());
}

static bool has_plan(const char *phase)
{
	return strcmp(znode_text(CLUSTER "/plan", "phase"), phase) == 0;
}

static void a_canary_without_the_include_line_fails_its_gate(void **state UNUSED)
{
	char accepted[80];

	rig_host_settings(&host, ALERTS CANARY);
	rig_host_set_site(&host, port, "one");
	rig_host_start(&host);
	eventually(NULL, is_applied() && has_plan("idle"));
	eventually(NULL, *znode_text(CLUSTER "/plan", "accepted.revision"));
	snprintf(accepted, sizeof(accepted), "%s",
		 znode_text(CLUSTER "/plan", "accepted.revision"));
	include(false, true);
	eventually(NULL, rig_host_has_alert(&host, "nginx-not-included"));
	rig_host_set_site(&host, port, "two");
	eventually(NULL, has_plan("halted"));
	assert_string_equal(znode_text(CLUSTER "/plan", "accepted.revision"), accepted);
	assert_string_equal(member_text("gate.verdict"), "bad");
	assert_non_null(strstr(member_text("gate.message"), "does not include"));
	assert_string_equal(member_text("revision"), accepted);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(without_the_include_line_nothing_counts_as_applied),
		TEST(a_lost_include_line_keeps_the_applied_revision),
		TEST(a_reload_without_the_include_line_takes_the_applied_revision_away),
		TEST(nothing_is_said_before_the_first_look),
		TEST(a_missing_stream_include_is_one_alert_and_http_goes_on),
		TEST(what_nginx_starts_with_is_not_applied_without_the_stream_include),
		TEST(a_canary_without_the_include_line_fails_its_gate),
	};

	return cmocka_run_group_tests_name("not_included", tests, NULL, NULL);
}
