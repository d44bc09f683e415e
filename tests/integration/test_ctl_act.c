/*
 * The commands that act: confirm, drain and undrain, and the requests to the leader, by the
 * zknginxctl binary on a fleet of daemons.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_ctl.h"
#include "rig_fleet.h"

#define OVERRIDE CLUSTER "/overrides/app"
#define REQUEST CLUSTER "/request"
#define SETTINGS(f) ((f)->hosts[0].host.settings)
#define CTL(f, ...) rig_ctl(SETTINGS(f), "--timeout", "30s", __VA_ARGS__, NULL)

static const char *server_of(struct rig_fleet *f, size_t i)
{
	static char text[4][64];
	static unsigned turn;
	char *out = text[turn++ % 4];

	snprintf(out, 64, "127.0.0.1:%d", f->hosts[i].host.nginx.port);
	return out;
}

static bool is_rendered(struct rig_fleet *f, size_t i, const char *server, bool down)
{
	const char *live = rig_host_live(&f->hosts[i].host, "http.conf");
	char line[96];

	snprintf(line, sizeof(line), "server %s%s;", server, down ? " down" : "");
	return live && strstr(live, line);
}

static void assert_all_render(struct rig_fleet *f, const char *server, bool down)
{
	for (size_t i = 0; i < f->count; i++)
		assert_true(is_rendered(f, i, server, down));
}

/* The keys of the output's object, in order. */
static void assert_keys(const struct rig_ctl_result *r, const char *keys)
{
	json_t *j = rig_ctl_json(r);

	assert_string_equal(rig_json_keys(j), keys);
	json_decref(j);
}

static void start(struct rig_fleet *f)
{
	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
}

/* --- drain ----------------------------------------------------------------------------------- */

static void a_server_is_drained_on_every_host_until_it_is_undrained(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	const char *server, *other;

	start(f);
	server = server_of(f, 1);
	other = server_of(f, 2);
	r = CTL(f, "drain", "app", server);
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "drained: ");
	assert_says(r.out, "on 3 of 3 hosts");
	assert_string_equal(r.err, "");
	assert_all_render(f, server, true); /* at once: it has waited for that */
	r = CTL(f, "drain", "app", other, "--for", "1h");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, ", until 20");
	assert_all_render(f, server, true); /* the first one stays */
	assert_all_render(f, other, true);
	r = CTL(f, "undrain", "app", server);
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "undrained: ");
	assert_all_render(f, server, false);
	assert_all_render(f, other, true);
	r = CTL(f, "undrain", "app", "--all");
	rig_ctl_assert_code(&r, 0);
	assert_all_render(f, other, false);
	assert_false(rig_zk_exists(f->zk, OVERRIDE));
}

static void a_drain_as_json_has_a_stable_shape(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	const json_t *host;
	json_t *j;

	start(f);
	r = CTL(f, "--json", "drain", "app", server_of(f, 1), "--for", "2h");
	rig_ctl_assert_code(&r, 0);
	j = rig_ctl_json(&r);
	assert_keys(&r, "hosts result servers until upstream");
	assert_string_equal(json_string_value(json_object_get(j, "result")), "drained");
	assert_string_equal(json_string_value(json_object_get(j, "upstream")), "app");
	assert_string_equal(json_string_value(json_array_get(json_object_get(j, "servers"), 0)),
			    server_of(f, 1));
	assert_non_null(strstr(json_string_value(json_object_get(j, "until")), ".000Z"));
	assert_int_equal(json_array_size(json_object_get(j, "hosts")), 3);
	host = json_array_get(json_object_get(j, "hosts"), 0);
	assert_int_equal(json_object_size(host), 3);
	assert_string_equal(json_string_value(json_object_get(host, "host")), "web1");
	assert_true(json_is_true(json_object_get(host, "done")));
	assert_true(json_is_false(json_object_get(host, "away")));
	json_decref(j);
	r = CTL(f, "--json", "undrain", "app", server_of(f, 1), "--no-wait");
	rig_ctl_assert_code(&r, 0);
	j = rig_ctl_json(&r);
	assert_true(json_is_null(json_object_get(j, "until")));
	assert_int_equal(json_array_size(json_object_get(j, "hosts")), 0);
	json_decref(j);
}

static void what_else_an_override_says_stays(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f);
	rig_zk_create(f->zk, OVERRIDE, "{\"confirm\": \"2026-01-01T00:00:00Z\"}");
	r = CTL(f, "drain", "app", server_of(f, 1));
	rig_ctl_assert_code(&r, 0);
	assert_says(rig_zk_get(f->zk, OVERRIDE), "\"confirm\":\"2026-01-01T00:00:00Z\"");
	r = CTL(f, "confirm", "app");
	rig_ctl_assert_code(&r, 0);
	assert_says(rig_zk_get(f->zk, OVERRIDE), server_of(f, 1));
	assert_null(strstr(rig_zk_get(f->zk, OVERRIDE), "2026-01-01"));
	r = CTL(f, "undrain", "app", server_of(f, 1));
	rig_ctl_assert_code(&r, 0);
	assert_says(rig_zk_get(f->zk, OVERRIDE), "\"confirm\"");
	rig_zk_set(f->zk, OVERRIDE, "{\"drain\": 7}");
	r = CTL(f, "drain", "app", server_of(f, 1));
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "is not a valid override");
	assert_string_equal(rig_zk_get(f->zk, OVERRIDE), "{\"drain\": 7}");
}

#define OPERATORS 6

/* None of them overwrites what another one has written meanwhile. */
static void operators_at_the_same_time_keep_all_drains(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_terminal *t[OPERATORS];
	char server[32];
	int code;

	start(f);
	for (int i = 0; i < OPERATORS; i++) {
		snprintf(server, sizeof(server), "10.0.0.%d:80", i);
		t[i] = rig_terminal_ctl(SETTINGS(f), 80, "--timeout", "30s", "drain", "app", server,
					"--force", NULL);
	}
	for (int i = 0; i < OPERATORS; i++) {
		eventually(NULL, rig_terminal_ended(t[i], &code));
		if (code != 0)
			fail_msg("operator %d: %s", i, rig_terminal_shown(t[i]));
		rig_terminal_free(t[i]);
	}
	for (int i = 0; i < OPERATORS; i++) {
		snprintf(server, sizeof(server), "\"10.0.0.%d:80\"", i);
		assert_says(rig_zk_get(f->zk, OVERRIDE), server);
	}
}

static void a_server_that_is_not_there_is_refused(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f);
	r = CTL(f, "drain", "app", "10.9.9.9:80");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "app has no server 10.9.9.9:80; it has: ");
	assert_says(r.err, server_of(f, 0));
	assert_string_equal(r.out, "");
	assert_false(rig_zk_exists(f->zk, OVERRIDE));
	r = CTL(f, "drain", "ap", server_of(f, 0));
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "there is no upstream \"ap\"; the config has: app");
	r = CTL(f, "undrain", "app", server_of(f, 0));
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "no server of app is drained");
	r = CTL(f, "drain", "app", "10.9.9.9:80", "--force"); /* before it registers */
	rig_ctl_assert_code(&r, 0);
	rig_zk_create(f->zk, CONFIG "/upstreams/app/10.9.9.9:80", "");
	fleet_eventually(f, is_rendered(f, 2, "10.9.9.9:80", true));
	r = CTL(f, "undrain", "app", server_of(f, 0));
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "drained are: 10.9.9.9:80");
}

static void the_last_server_is_not_drained_by_mistake(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f);
	rig_zk_create(f->zk, CONFIG "/upstreams/app/127.0.0.1:1", "down");
	for (size_t i = 0; i < 2; i++) {
		r = CTL(f, "drain", "app", server_of(f, i));
		rig_ctl_assert_code(&r, 0);
	}
	r = CTL(f, "drain", "app", server_of(f, 2));
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "is the last server of app that gets requests");
	assert_all_render(f, server_of(f, 2), false);
	r = CTL(f, "drain", "app", server_of(f, 2), "--force");
	rig_ctl_assert_code(&r, 0);
	assert_all_render(f, server_of(f, 2), true);
	assert_int_equal(rig_nginx_get(f->hosts[0].port, "/app", NULL, NULL), 502);
	r = CTL(f, "drain", "app", server_of(f, 2), "--for", "1h"); /* it gets none already */
	rig_ctl_assert_code(&r, 0);
}

static bool reports_drain(struct rig_fleet *f, size_t i, const char *server)
{
	char path[64];
	const char *drains;

	snprintf(path, sizeof(path), CLUSTER "/reports/%s", f->hosts[i].host.name);
	drains = strstr(rig_zk_get(f->zk, path) ?: "", "\"drains\"");
	return drains && strstr(drains, server);
}

/* Its session is alive, so it is a member, and its nginx still sends requests to the server. */
static void a_host_that_does_not_follow_is_named(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f);
	rig_fleet_signal(f, 2, SIGSTOP);
	/* the other two have done it when it is drained again, and waited for */
	r = CTL(f, "drain", "app", server_of(f, 1), "--no-wait");
	rig_ctl_assert_code(&r, 0);
	fleet_eventually(f, reports_drain(f, 0, server_of(f, 1)) &&
				    reports_drain(f, 1, server_of(f, 1)));
	r = rig_ctl(SETTINGS(f), "--timeout", "3s", "drain", "app", server_of(f, 1), NULL);
	rig_fleet_signal(f, 2, SIGCONT);
	rig_ctl_assert_code(&r, 3);
	assert_says(r.out, "on 2 of 3 hosts");
	assert_says(r.err, "these hosts do not report it");
	assert_says(r.err, "web3");
	fleet_eventually(f, is_rendered(f, 2, server_of(f, 1), true));
}

/* It has left its report, and its nginx runs on. */
static void hosts_that_cannot_be_read_are_not_said_to_follow(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f);
	rig_zk_auth(f->zk, "digest", "alice:secret");
	rig_zk_restrict(f->zk, CLUSTER "/members", true);
	r = CTL(f, "drain", "app", server_of(f, 1));
	rig_zk_restrict(f->zk, CLUSTER "/members", false);
	rig_ctl_assert_code(&r, 3);
	assert_says(r.err, "the override is written, and it is not known whether the hosts follow");
	assert_says(r.err, CLUSTER "/members: ");
	assert_string_equal(r.out, "");
}

static void a_host_that_is_away_is_named(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f);
	fleet_eventually(f, rig_zk_exists(f->zk, CLUSTER "/reports/web3"));
	rig_fleet_signal(f, 2, SIGTERM);
	fleet_eventually(f, !rig_zk_exists(f->zk, CLUSTER "/members/web3"));
	r = CTL(f, "drain", "app", server_of(f, 1));
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "on 2 of 2 hosts");
	assert_says(r.err, "web3 is not in the fleet");
	assert_true(is_rendered(f, 2, server_of(f, 1), false));
	for (size_t i = 0; i < 2; i++)
		rig_fleet_signal(f, i, SIGTERM);
	fleet_eventually(f, !rig_zk_exists(f->zk, CLUSTER "/members/web1"));
	fleet_eventually(f, !rig_zk_exists(f->zk, CLUSTER "/members/web2"));
	r = CTL(f, "undrain", "app", "--all");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "no host is in the fleet now");
	assert_says(r.err, "web1, web2, web3 are not in the fleet");
}

/* --- confirm --------------------------------------------------------------------------------- */

static bool all_hold(struct rig_fleet *f)
{
	for (size_t i = 0; i < f->count; i++) {
		char path[64];

		snprintf(path, sizeof(path), CLUSTER "/reports/web%zu", i + 1);
		if (!strstr(rig_zk_get(f->zk, path) ?: "", "lost at once"))
			return false;
	}
	return true;
}

static void a_confirmation_releases_what_is_held(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(f->zookeeper));
	struct rig_ctl_result r;
	json_t *j;

	rig_zk_set(f->zk, CONFIG "/upstreams/app", "{\"max_shrink\":50}"); /* a fleet's is 100 */
	rig_fleet_push(f, "1");
	start(f);
	for (int i = 1; i <= 9; i++) {
		char path[96];

		snprintf(path, sizeof(path), CONFIG "/upstreams/app/10.0.0.%d:80", i);
		rig_zk_create_ephemeral(app, path, "");
	}
	fleet_eventually(f, is_rendered(f, 0, "10.0.0.9:80", false) &&
				    is_rendered(f, 1, "10.0.0.9:80", false) &&
				    is_rendered(f, 2, "10.0.0.9:80", false));
	rig_zk_close(app);
	fleet_eventually(f, all_hold(f));
	r = CTL(f, "confirm", "app");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "web1: 9 of 12 servers were lost at once");
	assert_says(r.out, "confirmed: ");
	assert_says(r.out, "the servers of app are released, on 3 of 3 hosts");
	for (size_t i = 0; i < f->count; i++)
		rig_host_assert_no_problems(&f->hosts[i].host);
	assert_false(is_rendered(f, 0, "10.0.0.9:80", false));
	r = CTL(f, "--json", "confirm", "app");
	rig_ctl_assert_code(&r, 0);
	assert_keys(&r, "confirm held hosts upstream");
	assert_says(r.out, "\"held\": 0");
	j = rig_ctl_json(&r); /* milliseconds, as everywhere */
	assert_int_equal(strlen(json_string_value(json_object_get(j, "confirm"))), 24);
	json_decref(j);
}

static void a_confirmation_of_no_upstream_is_refused(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f);
	r = CTL(f, "confirm", "apple");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "there is no upstream \"apple\"; the config has: app");
	assert_false(rig_zk_exists(f->zk, CLUSTER "/overrides/apple"));
	r = CTL(f, "confirm", "../plan");
	rig_ctl_assert_code(&r, 2);
}

/* --- requests -------------------------------------------------------------------------------- */

static void requests_are_answered_by_the_leader(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	rig_fleet_put_on_canary(f, 0, FLEET_STAYS);
	r = CTL(f, "pause");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "paused: revision ");
	assert_says(r.out, ": canary, on 1 host (paused)");
	assert_true(rig_fleet_plan_says(f, "paused", "true"));
	assert_says(rig_fleet_field(f, "plan", "request.by"), "@"); /* the user */
	r = CTL(f, "promote");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "promote: the leader answers \"refused: it is paused\"");
	r = CTL(f, "--json", "resume");
	rig_ctl_assert_code(&r, 0);
	assert_keys(&r, "accepted action by done hosts paused phase result target");
	assert_says(r.out, "\"done\": true");
	assert_says(r.out, "\"phase\": \"canary\"");
	assert_true(rig_fleet_plan_says(f, "paused", "false"));
	r = CTL(f, "abort", "0123456789");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "refused: the target is ");
	r = CTL(f, "abort", rig_fleet_digest(f, "2"));
	rig_ctl_assert_code(&r, 0);
	fleet_eventually(f, rig_fleet_is(f, "reverted", NULL));
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "1") == 0);
}

static void a_promotion_to_all_is_on_every_host(void **state)
{
	struct rig_fleet *f = *state;

	f->promoted = true;
	rig_fleet_put_on_canary(f, 0, FLEET_STAYS_IN_STEPS);
	/* it is refused while the canary has no verdict */
	fleet_eventually(f, CTL(f, "promote", "--all").code == 0);
	fleet_eventually(f, rig_fleet_all_serve(f, "2"));
}

static void a_rollback_is_done_when_the_old_config_is_written(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	char revision[16];

	start(f);
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	snprintf(revision, sizeof(revision), "%.10s", rig_fleet_digest(f, "1"));
	r = CTL(f, "rollback", revision);
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "written: the config of revision ");
	assert_says(r.out, revision);
	assert_string_equal(rig_fleet_word(f, rig_fleet_revision(f)), "1");
	rig_fleet_await_accepted(f, "1");
	r = CTL(f, "rollback", revision);
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "that revision is the config already");
	r = CTL(f, "rollback", "0123456789");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "\"zknginxctl history\" lists them");
}

static void a_rollback_takes_a_number_of_the_history(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f);
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	r = CTL(f, "rollback", "999");
	rig_ctl_assert_code(&r, 2);
	assert_says(r.err, "the history has no entry \"999\"");
	r = CTL(f, "rollback", "--follow", "1");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "written");
	assert_says(r.out, "has landed on 3 hosts");
	assert_string_equal(rig_fleet_word(f, rig_fleet_revision(f)), "1");
}

static void without_a_leader_a_request_is_withdrawn(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f);
	for (size_t i = 0; i < f->count; i++)
		rig_fleet_signal(f, i, SIGTERM);
	r = rig_ctl(SETTINGS(f), "--timeout", "4s", "pause", NULL);
	rig_ctl_assert_code(&r, 3);
	assert_says(r.err, "no leader answers within 4000 ms, and the request was withdrawn");
	assert_string_equal(r.out, "");
	assert_false(rig_zk_exists(f->zk, REQUEST));
}

static void the_request_of_another_operator_is_left_alone(void **state)
{
	static const char theirs[] = "{\"action\":\"resume\",\"by\":\"alice\"}";
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f);
	for (size_t i = 0; i < f->count; i++)
		rig_fleet_signal(f, i, SIGTERM);
	rig_zk_create(f->zk, REQUEST, theirs);
	r = rig_ctl(SETTINGS(f), "--timeout", "4s", "pause", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "resume by alice waits for the leader");
	assert_string_equal(rig_zk_get(f->zk, REQUEST), theirs);
}

/* --- the command line ------------------------------------------------------------------------ */

static void a_command_line_that_is_not_valid_asks_nothing(void **state)
{
	static const char *const lines[][5] = {
		{ "rollback" },
		{ "rollback", "no-revision" },
		{ "pause", "12 34 56" },
		{ "drain", "app" },
		{ "drain", "app", "10.0.0.1" },
		{ "drain", "app", "10.0.0.1:80", "--for", "soon" },
		{ "drain", "a/b", "10.0.0.1:80" },
		{ "undrain", "app" },
		{ "undrain", "app", "10.0.0.1:80", "--all" },
		{ "confirm" },
		{ "rollback", "ABCDEF01" },
	};
	struct rig_fleet *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *words[8] = { "-s", "127.0.0.1:1" };
		struct rig_ctl_result r;

		for (size_t n = 0; n < 5 && lines[i][n]; n++)
			words[n + 2] = lines[i][n];
		r = rig_ctl_with(NULL, NULL, words);
		rig_ctl_assert_code(&r, 2);
		assert_string_equal(r.out, "");
	}
	assert_false(rig_zk_exists(f->zk, REQUEST));
}

static void without_zookeeper_nothing_can_be_told(void **state UNUSED)
{
	static const char *const lines[][3] = { { "pause" },
						{ "drain", "app", "10.0.0.1:80" },
						{ "undrain", "app", "--all" },
						{ "confirm", "app" } };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct rig_ctl_result r = rig_ctl(NULL, "-s", "127.0.0.1:1", "--timeout", "500ms",
						  lines[i][0], lines[i][1], lines[i][2], NULL);

		rig_ctl_assert_code(&r, 3);
		assert_says(r.err, "ZooKeeper at 127.0.0.1:1 does not answer within 500 ms");
		assert_string_equal(r.out, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		calm_test(a_server_is_drained_on_every_host_until_it_is_undrained),
		calm_test(a_drain_as_json_has_a_stable_shape),
		calm_test(what_else_an_override_says_stays),
		calm_test(operators_at_the_same_time_keep_all_drains),
		calm_test(a_server_that_is_not_there_is_refused),
		calm_test(the_last_server_is_not_drained_by_mistake),
		calm_test(a_host_that_does_not_follow_is_named),
		calm_test(hosts_that_cannot_be_read_are_not_said_to_follow),
		calm_test(a_host_that_is_away_is_named),
		calm_test(a_confirmation_releases_what_is_held),
		calm_test(a_confirmation_of_no_upstream_is_refused),
		calm_test(requests_are_answered_by_the_leader),
		calm_test(a_promotion_to_all_is_on_every_host),
		calm_test(a_rollback_is_done_when_the_old_config_is_written),
		calm_test(a_rollback_takes_a_number_of_the_history),
		calm_test(without_a_leader_a_request_is_withdrawn),
		calm_test(the_request_of_another_operator_is_left_alone),
		calm_test(a_command_line_that_is_not_valid_asks_nothing),
		calm_test(without_zookeeper_nothing_can_be_told),
	};

	return cmocka_run_group_tests(tests, rig_fleet_setup, rig_fleet_teardown);
}
