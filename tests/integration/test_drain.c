/* Drains: an operator takes a server out of the traffic of a whole fleet, whatever it runs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rig_fleet.h"

#define OVERRIDE CLUSTER "/overrides/app"

/* Is the server of this port in the live file, and is it down there? */
static bool is_rendered(struct rig_fleet *f, size_t i, int port, bool down)
{
	const char *live = rig_host_live(&f->hosts[i].host, "http.conf");
	char server[64];

	snprintf(server, sizeof(server), "server 127.0.0.1:%d%s;", port, down ? " down" : "");
	return live && strstr(live, server);
}

static bool all_render(struct rig_fleet *f, int port, bool down)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!is_rendered(f, i, port, down))
			return false;
	}
	return true;
}

/* Which server does the report of this host name as drained, and how many does that take out? */
static bool reports_drain(struct rig_fleet *f, size_t i, int port, long servers)
{
	json_t *status = rig_host_status(&f->hosts[i].host);
	const json_t *drain = json_array_get(json_object_get(status, "drains"), 0);
	char server[64];

	snprintf(server, sizeof(server), "127.0.0.1:%d", port);
	return drain && strcmp(json_string_value(json_object_get(drain, "server")), server) == 0 &&
	       json_integer_value(json_object_get(drain, "servers")) == servers;
}

static bool none_reports_a_drain(struct rig_fleet *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (rig_host_status_number(&f->hosts[i].host, "drain_count") != 0)
			return false;
	}
	return true;
}

/* A member of the object `drain`: until when. */
static void drain_until(struct rig_fleet *f, int port, time_t when)
{
	char text[256], time[64];
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, sizeof(text), "{\"drain\":{\"127.0.0.1:%d\":\"%s\"}}", port, time);
	rig_zk_set(f->zk, OVERRIDE, text);
}

static void drain(struct rig_fleet *f, int port)
{
	char text[128];

	snprintf(text, sizeof(text), "{\"drain\":[\"127.0.0.1:%d\"]}", port);
	rig_zk_set(f->zk, OVERRIDE, text);
}

static int server_of(struct rig_fleet *f, size_t i)
{
	return f->hosts[i].host.nginx.port;
}

static const char *znode_of(int port)
{
	static char path[128];

	snprintf(path, sizeof(path), CONFIG "/upstreams/app/127.0.0.1:%d", port);
	return path;
}

static void assert_no_problems(struct rig_fleet *f)
{
	for (size_t i = 0; i < f->count; i++)
		rig_host_assert_no_problems(&f->hosts[i].host);
}

/* Starts the fleet, with an override that drains nothing. */
static void start(struct rig_fleet *f)
{
	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	rig_zk_create(f->zk, OVERRIDE, "{\"drain\":[]}");
}

/* Starts the fleet, and drains the server of web2; returns its port. */
static int start_drained(struct rig_fleet *f)
{
	int port;

	start(f);
	port = server_of(f, 1);
	drain(f, port);
	fleet_eventually(f, all_render(f, port, true));
	return port;
}

static void a_drain_reaches_all_hosts_at_once_and_is_no_revision(void **state)
{
	struct rig_fleet *f = *state;
	int port, other;
	char *before;

	rig_zk_create(f->zk, OVERRIDE, "{\"drain\":[]}");
	rig_fleet_put_on_canary(f, 0, FLEET_STAYS); /* a rollout is under way, and stays so */
	port = server_of(f, 1);
	other = server_of(f, 2);
	fleet_eventually(f, all_render(f, port, false));
	before = strdup(rig_fleet_revision(f));
	drain(f, port);
	fleet_eventually(f, all_render(f, port, true));
	assert_true(all_render(f, other, false));
	for (size_t i = 0; i < f->count; i++)
		fleet_eventually(f, reports_drain(f, i, port, 1));
	assert_string_equal(rig_fleet_revision(f), before);
	assert_true(rig_fleet_is(f, "canary", "2"));
	fleet_eventually(f, rig_fleet_served(f, 0, "1 2") && rig_fleet_served(f, 1, "1"));
	rig_zk_delete(f->zk, OVERRIDE);
	fleet_eventually(f, all_render(f, port, false));
	fleet_eventually(f, none_reports_a_drain(f));
	free(before);
}

static void a_drained_server_stays_drained_when_it_registers_again(void **state)
{
	struct rig_fleet *f = *state;
	int port = start_drained(f);

	rig_zk_delete(f->zk, znode_of(port));
	for (size_t i = 0; i < f->count; i++)
		fleet_eventually(f, reports_drain(f, i, port, 0));
	fleet_eventually(f, !rig_fleet_has_server(f, 0, port));
	rig_zk_create_ephemeral(f->zk, znode_of(port), "");
	fleet_eventually(f, all_render(f, port, true));
	assert_no_problems(f);
}

/* What is stored for a restart does not say that a server is down. */
static void a_server_that_is_undrained_while_a_daemon_is_down_is_served_again(void **state)
{
	struct rig_fleet *f = *state;
	int port = start_drained(f);

	rig_fleet_signal(f, 2, SIGKILL);
	rig_fleet_start_host(f, 2);
	fleet_eventually(f, reports_drain(f, 2, port, 1)); /* as before */
	assert_true(is_rendered(f, 2, port, true));
	rig_fleet_signal(f, 2, SIGKILL);
	rig_zk_set(f->zk, OVERRIDE, "{\"drain\":[]}");
	fleet_eventually(f, is_rendered(f, 0, port, false));
	assert_true(is_rendered(f, 2, port, true));
	rig_fleet_start_host(f, 2);
	fleet_eventually(f, all_render(f, port, false));
}

static void a_drain_ends_by_itself_when_its_time_has_come(void **state)
{
	struct rig_fleet *f = *state;
	int port;

	start(f);
	port = server_of(f, 1);
	drain_until(f, port, time(NULL) + 3600);
	fleet_eventually(f, all_render(f, port, true));
	drain_until(f, port, time(NULL) + 3);
	fleet_eventually(f, all_render(f, port, false));
	fleet_eventually(f, none_reports_a_drain(f));
	assert_no_problems(f);
}

static void requests_go_to_the_other_servers(void **state)
{
	struct rig_fleet *f = *state;

	start(f);
	for (size_t i = 0; i < f->count; i++) {
		char all[256];

		snprintf(all, sizeof(all),
			 "{\"drain\":[\"127.0.0.1:%d\",\"127.0.0.1:%d\",\"127.0.0.1:%d\"]}",
			 server_of(f, 0), server_of(f, 1), i ? server_of(f, 2) : 9);
		rig_zk_set(f->zk, OVERRIDE, all);
		/* one is left, then none is */
		fleet_eventually(f, rig_nginx_get(f->hosts[0].port, "/app", NULL, NULL) ==
					    (i ? 502 : 200));
	}
	assert_no_problems(f);
}

/* An override that cannot be read any more stays in force. */
static void a_drain_that_becomes_unreadable_stays(void **state)
{
	struct rig_fleet *f = *state;
	int port;

	rig_zk_auth(f->zk, "digest", "operator:secret");
	port = start_drained(f);
	rig_zk_restrict(f->zk, OVERRIDE, true);
	for (size_t i = 0; i < f->count; i++)
		rig_fleet_signal(f, i, SIGHUP); /* read it again: no event tells of it */
	for (size_t i = 0; i < f->count; i++)
		fleet_eventually(f, rig_host_has_problem(&f->hosts[i].host, OVERRIDE, "access",
							 "previous", ""));
	assert_true(all_render(f, port, true));
	rig_zk_restrict(f->zk, OVERRIDE, false);
	rig_zk_set(f->zk, OVERRIDE, "{\"drain\":[]}");
	fleet_eventually(f, all_render(f, port, false));
}

static void the_dry_run_shows_a_drain(void **state)
{
	struct rig_fleet *f = *state;
	char *output, line[64];

	start(f);
	rig_fleet_signal(f, 2, SIGTERM);
	drain(f, server_of(f, 1));
	assert_int_equal(rig_host_run(&f->hosts[2].host, &output, "--dry-run", NULL), 0);
	snprintf(line, sizeof(line), "server 127.0.0.1:%d down;", server_of(f, 1));
	if (!strstr(output, line))
		fail_msg("the dry run shows:\n%s", output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rollout_test(a_drain_reaches_all_hosts_at_once_and_is_no_revision),
		rollout_test(a_drained_server_stays_drained_when_it_registers_again),
		rollout_test(a_server_that_is_undrained_while_a_daemon_is_down_is_served_again),
		rollout_test(a_drain_ends_by_itself_when_its_time_has_come),
		rollout_test(requests_go_to_the_other_servers),
		rollout_test(a_drain_that_becomes_unreadable_stays),
		rollout_test(the_dry_run_shows_a_drain),
	};

	return cmocka_run_group_tests(tests, rig_fleet_setup, rig_fleet_teardown);
}
