/*
 * A ZooKeeper that comes back older than it was: restored from a copy, wiped, another ensemble. No
 * host applies what it has, an alert names it, and it ends when the newer data is back or an
 * operator confirms it.
 */
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zknginx/err.h>

#include "rig_ctl.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"
#define CLUSTER "/nginx/cluster"
#define ALERT "zookeeper-rolled-back"
#define QUICK "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };\n"

static struct rig_host host;
static int port;

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	rig_host_settings(&host, QUICK);
	port = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

/* A client from before may have lost its session. */
static void connect_again(void)
{
	rig_zk_close(host.zk);
	host.zk = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
}

static void await(const char *text)
{
	eventually(NULL, rig_nginx_says(port, text));
	eventually(NULL, rig_host_is(&host, "applied"));
}

static void start_with(const char *text)
{
	rig_host_set_site(&host, port, text);
	rig_host_start(&host);
	await(text);
}

static void edit(const char *text)
{
	rig_host_set_site(&host, port, text);
	await(text);
}

static void restore(const char *copy)
{
	rig_zookeeper_restore(host.zookeeper, copy);
	rig_zookeeper_restart(host.zookeeper);
	connect_again();
}

static void await_held(const char *text)
{
	eventually(NULL, rig_host_has_alert(&host, ALERT));
	eventually(NULL, rig_host_is(&host, "held"));
	assert_true(rig_nginx_says(port, text));
	assert_string_not_equal(rig_host_status_text(&host, "zookeeper.rolled_back"), "");
}

static void await_released(const char *text)
{
	await(text);
	eventually(NULL, !rig_host_has_alert(&host, ALERT));
	assert_string_equal(rig_host_status_text(&host, "zookeeper.rolled_back"), "");
}

/* The member and the report that come with an older ZooKeeper say nothing of it. A report that does
 * is of now, and so is the member then: the daemon writes it first. */
static bool has_reported(void)
{
	const char *text = rig_zk_get(host.zk, CLUSTER "/reports/web1") ?: "";
	json_t *all = json_loads(text, 0, NULL);
	bool has = json_object_get(json_object_get(all, "zookeeper"), "rolled_back") != NULL;

	json_decref(all);
	return has;
}

static struct rig_ctl_result confirm(void)
{
	eventually(NULL, has_reported());
	return rig_ctl(host.settings, "confirm", "--history", NULL);
}

/* --- one host -------------------------------------------------------------------------------- */

/* Revision one was served when the copy was made, and two when it was restored. */
static void start_and_restore(void)
{
	start_with("one");
	rig_zookeeper_copy(host.zookeeper, "old");
	edit("two");
	restore("old");
}

static void a_restored_copy_is_not_applied(void **state UNUSED)
{
	unsigned reloads;

	start_with("one");
	rig_zookeeper_copy(host.zookeeper, "old");
	edit("two");
	reloads = rig_nginx_reloads(&host.nginx);
	restore("old");
	await_held("two");
	/* what is written there is not applied either: a new site, and a server */
	rig_zk_create(host.zk, CONFIG "/upstreams/new/127.0.0.1:1", NULL);
	eventually(NULL, has_reported());
	rig_wait(NULL, 2 * USEC_PER_SEC);
	assert_true(rig_nginx_says(port, "two"));
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads);
	assert_non_null(strstr(rig_read(host.log), "history has gone back"));
	assert_non_null(strstr(rig_host_status_text(&host, "zookeeper.rolled_back"),
			       CONFIG "/sites/s was at transaction"));
}

static void an_operator_confirms_the_older_history(void **state UNUSED)
{
	struct rig_ctl_result r;

	start_and_restore();
	await_held("two");
	r = confirm();
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "on 1 of 1 host");
	await_released("one");
	edit("three");
	rig_host_stop_daemon(&host, SIGKILL);
	rig_host_start_daemon(&host);
	edit("four");
	assert_false(rig_host_has_alert(&host, ALERT));
	eventually(NULL, !has_reported());
	r = rig_ctl(host.settings, "confirm", "--history", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "no host has reported older data");
}

static void doctor_names_it_and_says_how_it_ends(void **state UNUSED)
{
	struct rig_ctl_result r;

	start_and_restore();
	await_held("two");
	eventually(NULL, has_reported());
	r = rig_ctl(host.settings, "doctor", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "error    state");
	assert_says(r.out,
		    "ZooKeeper has gone back to older data, and nothing of it is applied: " CONFIG);
	assert_says(r.out, "zknginxctl confirm --history");
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name)) ?: "";
}

static void a_confirmation_is_printed_as_json(void **state UNUSED)
{
	struct rig_ctl_result r;
	const json_t *web1;
	json_t *all;

	start_and_restore();
	await_held("two");
	eventually(NULL, has_reported());
	r = rig_ctl(host.settings, "--json", "confirm", "--history", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(r.err, "");
	all = rig_ctl_json(&r);
	assert_int_equal(json_object_size(all), 3);
	assert_int_equal(strlen(text_of(all, "confirm")), 24); /* milliseconds, as everywhere */
	assert_int_equal(json_integer_value(json_object_get(all, "rolled_back")), 1);
	web1 = json_array_get(json_object_get(all, "hosts"), 0);
	assert_string_equal(text_of(web1, "host"), "web1");
	json_decref(all);
	await_released("one");
	r = rig_ctl(host.settings, "--json", "confirm", "--history", "--no-wait", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "\"rolled_back\": 0");
	r = rig_ctl(host.settings, "confirm", "--history", "shop", NULL);
	rig_ctl_assert_code(&r, 2);
	assert_says(r.err, "confirm takes the name of an upstream, or --history");
}

static void the_old_revision_lets_go_when_it_is_written_again(void **state UNUSED)
{
	unsigned reloads;

	start_and_restore();
	await_held("two");
	reloads = rig_nginx_reloads(&host.nginx);
	rig_host_set_site(&host, port, "another");
	rig_wait(NULL, USEC_PER_SEC);
	assert_true(rig_host_has_alert(&host, ALERT));
	assert_true(rig_nginx_says(port, "two"));
	rig_host_set_site(&host, port, "two");
	await_released("two");
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads);
	edit("three");
}

static void the_newer_data_lets_go_when_it_is_back(void **state UNUSED)
{
	start_with("one");
	rig_zookeeper_copy(host.zookeeper, "old");
	edit("two");
	rig_zookeeper_copy(host.zookeeper, "new");
	restore("old");
	await_held("two");
	restore("new");
	await_released("two");
	edit("three");
}

/* The newer data is back, and it was changed since. */
static void the_newer_data_is_followed_from_where_it_is(void **state UNUSED)
{
	start_with("one");
	rig_zookeeper_copy(host.zookeeper, "old");
	rig_zk_create(host.zk, CONFIG "/snippets/http/w", "map $uri $w { default 1; }\n");
	edit("two");
	rig_zookeeper_copy(host.zookeeper, "new");
	restore("old");
	await_held("two");
	rig_host_stop_daemon(&host, SIGTERM);
	restore("new");
	rig_host_set_site(&host, port, "three");
	rig_host_start_daemon(&host);
	await_released("three");
}

static void a_restart_of_the_daemon_changes_nothing(void **state UNUSED)
{
	start_and_restore();
	await_held("two");
	rig_host_stop_daemon(&host, SIGKILL);
	rig_host_start_daemon(&host);
	await_held("two");
	rig_host_stop_daemon(&host, SIGTERM);
	rig_host_start_daemon(&host);
	await_held("two");
	rig_ctl(host.settings, "confirm", "--history", NULL);
	await_released("one");
}

static void a_copy_that_is_restored_while_the_daemon_is_down_is_not_applied(void **state UNUSED)
{
	start_with("one");
	rig_zookeeper_copy(host.zookeeper, "old");
	edit("two");
	rig_host_stop_daemon(&host, SIGTERM);
	restore("old");
	/* others have written since: more transactions than were ever seen */
	for (int i = 0; i < 100; i++)
		rig_zk_set(host.zk, "/elsewhere", "busy");
	rig_zk_create(host.zk, CONFIG "/upstreams/new/127.0.0.1:1", NULL);
	rig_host_start_daemon(&host);
	await_held("two");
}

static void a_wiped_server_is_named(void **state UNUSED)
{
	struct rig_ctl_result r;

	start_with("one");
	rig_zookeeper_kill(host.zookeeper);
	rig_zookeeper_wipe(host.zookeeper);
	rig_zookeeper_restart(host.zookeeper);
	connect_again();
	await_held("one");
	assert_true(rig_host_has_problem(&host, CONFIG, "guard", "previous", "is missing"));
	/* written again from other sources: an older config */
	rig_host_set_site(&host, port, "zero");
	rig_wait(NULL, USEC_PER_SEC);
	assert_true(rig_nginx_says(port, "one"));
	r = confirm();
	rig_ctl_assert_code(&r, 0);
	await_released("zero");
}

/* It was made by the same steps, so the transactions have the same numbers. */
static void another_ensemble_behind_the_same_name_is_not_followed(void **state UNUSED)
{
	start_with("one");
	rig_zookeeper_copy(host.zookeeper, "ours");
	rig_zookeeper_kill(host.zookeeper);
	rig_zookeeper_wipe(host.zookeeper);
	rig_zookeeper_restart(host.zookeeper);
	connect_again();
	await_held("one");
	rig_zk_create(host.zk, CONFIG, NULL);
	for (int i = 0; i < 200; i++)
		rig_zk_set(host.zk, "/elsewhere", "busy");
	rig_host_set_site(&host, port, "theirs");
	rig_wait(NULL, USEC_PER_SEC);
	assert_true(rig_host_has_alert(&host, ALERT));
	assert_true(rig_nginx_says(port, "one"));
	restore("ours");
	await_released("one");
}

/* --- what is no return to older data --------------------------------------------------------- */

static void a_config_that_operators_delete_is_not_called_older(void **state UNUSED)
{
	start_with("one");
	rig_zk_delete_all(host.zk, CONFIG);
	eventually(NULL, rig_host_has_problem(&host, CONFIG, "guard", "previous", "is missing"));
	rig_wait(NULL, USEC_PER_SEC);
	assert_false(rig_host_has_alert(&host, ALERT));
	rig_zk_delete_all(host.zk, "/nginx");
	rig_wait(NULL, USEC_PER_SEC);
	assert_false(rig_host_has_alert(&host, ALERT));
	assert_true(rig_nginx_says(port, "one"));
	rig_host_stop_daemon(&host, SIGTERM);
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_has_problem(&host, CONFIG, "guard", "previous", "is missing"));
	assert_false(rig_host_has_alert(&host, ALERT));
}

static void a_restart_of_zookeeper_is_none(void **state UNUSED)
{
	start_with("one");
	for (int i = 0; i < 2; i++) {
		rig_zookeeper_restart(host.zookeeper);
		connect_again();
		edit(i ? "three" : "two");
		rig_host_stop_daemon(&host, SIGKILL);
		rig_host_start_daemon(&host);
		await(i ? "three" : "two");
		assert_false(rig_host_has_alert(&host, ALERT));
	}
}

/* Nothing of the config was lost. */
static void a_copy_with_the_same_config_is_followed_with_a_word(void **state UNUSED)
{
	start_with("one");
	rig_zookeeper_copy(host.zookeeper, "old");
	rig_zk_create(host.zk, CLUSTER "/overrides/shop", "{\"drain\": [\"10.0.0.1:80\"]}");
	rig_zk_set(host.zk, CONFIG "/sites/s2",
		   "{\"listen\": [\"127.0.0.1:1\"], \"locations\": [{\"path\": \"/\", \"return\": "
		   "204}]}");
	rig_zk_delete(host.zk, CONFIG "/sites/s2");
	eventually(NULL, rig_host_has_problem(&host, CLUSTER "/overrides/shop", "override",
					      "absent", ""));
	restore("old");
	eventually(NULL, strstr(rig_read(host.log), "ZooKeeper has gone back ("));
	edit("two");
	assert_false(rig_host_has_alert(&host, ALERT));
}

/* --- confirmations --------------------------------------------------------------------------- */

static void a_confirmation_out_of_an_old_copy_confirms_nothing(void **state UNUSED)
{
	struct rig_ctl_result r;

	start_and_restore();
	await_held("two");
	r = confirm();
	rig_ctl_assert_code(&r, 0);
	await_released("one");
	rig_zookeeper_copy(host.zookeeper, "confirmed");
	edit("three");
	restore("confirmed");
	await_held("three");
	rig_wait(NULL, USEC_PER_SEC);
	assert_true(rig_host_has_alert(&host, ALERT));
	r = confirm();
	rig_ctl_assert_code(&r, 0);
	await_released("one");
}

static void a_confirmation_that_was_written_before_confirms_nothing(void **state UNUSED)
{
	struct rig_ctl_result r;

	start_with("one");
	r = rig_ctl(host.settings, "confirm", "--history", NULL);
	rig_ctl_assert_code(&r, 0);
	rig_zookeeper_copy(host.zookeeper, "old");
	edit("two");
	restore("old");
	await_held("two");
	rig_zk_set(host.zk, CLUSTER "/confirmed", "not a confirmation");
	rig_wait(NULL, USEC_PER_SEC);
	assert_true(rig_host_has_alert(&host, ALERT));
	assert_true(rig_nginx_says(port, "two"));
}

/* --- other ways to run ----------------------------------------------------------------------- */

static void once_and_dry_run_hold_as_the_daemon_does(void **state UNUSED)
{
	char *out;

	start_and_restore();
	await_held("two");
	rig_host_stop_daemon(&host, SIGTERM);
	assert_int_equal(rig_host_run(&host, NULL, "--once", NULL), 1);
	assert_true(rig_nginx_says(port, "two"));
	assert_int_equal(rig_host_run(&host, &out, "--dry-run", NULL), 1);
	rig_host_start_daemon(&host);
	await_held("two");
}

/* The host that ran the daemon has not seen it. */
static void a_dry_run_names_a_wiped_server(void **state UNUSED)
{
	char *out;

	start_with("one");
	rig_host_stop_daemon(&host, SIGTERM);
	assert_int_equal(rig_host_run(&host, &out, "--dry-run", NULL), 0);
	rig_zk_delete_all(host.zk, "/nginx");
	rig_host_run(&host, &out, "--dry-run", NULL);
	assert_null(strstr(out, "gone back"));
	rig_zookeeper_kill(host.zookeeper);
	rig_zookeeper_wipe(host.zookeeper);
	rig_zookeeper_restart(host.zookeeper);
	connect_again();
	assert_int_equal(rig_host_run(&host, &out, "--dry-run", NULL), 1);
	assert_non_null(strstr(out, CONFIG ", last changed by transaction"));
}

static void a_watermark_of_another_version_is_refused(void **state UNUSED)
{
	const char *file;
	int status;

	start_with("one");
	rig_host_stop_daemon(&host, SIGTERM);
	file = rig_path("web1/state/watermark.json");
	assert_non_null(strstr(rig_read(file), "\"format\":1"));
	rig_write(file, "{\"format\": 2}");
	status = rig_host_run(&host, NULL, "--once", NULL);
	assert_int_equal(status, 2);
	rig_write(file, "half a fi");
	rig_host_start_daemon(&host);
	edit("two");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_restored_copy_is_not_applied),
		TEST(an_operator_confirms_the_older_history),
		TEST(doctor_names_it_and_says_how_it_ends),
		TEST(a_confirmation_is_printed_as_json),
		TEST(the_old_revision_lets_go_when_it_is_written_again),
		TEST(the_newer_data_lets_go_when_it_is_back),
		TEST(the_newer_data_is_followed_from_where_it_is),
		TEST(a_restart_of_the_daemon_changes_nothing),
		TEST(a_copy_that_is_restored_while_the_daemon_is_down_is_not_applied),
		TEST(a_wiped_server_is_named),
		TEST(another_ensemble_behind_the_same_name_is_not_followed),
		TEST(a_config_that_operators_delete_is_not_called_older),
		TEST(a_restart_of_zookeeper_is_none),
		TEST(a_copy_with_the_same_config_is_followed_with_a_word),
		TEST(a_confirmation_out_of_an_old_copy_confirms_nothing),
		TEST(a_confirmation_that_was_written_before_confirms_nothing),
		TEST(once_and_dry_run_hold_as_the_daemon_does),
		TEST(a_dry_run_names_a_wiped_server),
		TEST(a_watermark_of_another_version_is_refused),
	};

	return cmocka_run_group_tests_name("rolled_back", tests, NULL, NULL);
}
