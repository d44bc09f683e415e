/*
 * Failures in the middle of a rollout: ZooKeeper dies, hosts come, go and come back with an empty
 * disk; two hosts have one name.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rig_fleet.h"

static void all_went_from_1_to_2(struct rig_fleet *f)
{
	rig_fleet_await_accepted(f, "2");
	for (size_t i = 0; i < f->count; i++)
		fleet_eventually(f, rig_fleet_served(f, i, "1 2"));
	assert_int_equal(rig_fleet_history(f, "1", NULL), 1);
	assert_int_equal(rig_fleet_history(f, "2", NULL), 1);
}

static void a_rollout_survives_a_restart_of_zookeeper(void **state)
{
	struct rig_fleet *f = *state;
	unsigned reloads[3];

	rig_fleet_put_on_canary(f, 1, FLEET_STAYS);
	for (size_t i = 0; i < 3; i++)
		reloads[i] = rig_nginx_reloads(&f->hosts[i].host.nginx);
	rig_zookeeper_kill(f->zookeeper);
	for (size_t i = 0; i < 3; i++)
		eventually(NULL, rig_host_is(&f->hosts[i].host, "disconnected"));
	rig_zookeeper_restart(f->zookeeper);
	rig_fleet_change_rollout(f, FLEET_CANARY);
	all_went_from_1_to_2(f);
	assert_int_equal(rig_nginx_reloads(&f->hosts[0].host.nginx), reloads[0]);
	assert_int_equal(rig_nginx_reloads(&f->hosts[1].host.nginx), reloads[1] + 1);
	assert_int_equal(rig_nginx_reloads(&f->hosts[2].host.nginx), reloads[2] + 1);
}

/* … for longer than every session: nobody is a member or a leader any more. */
static void a_rollout_survives_a_long_outage_of_zookeeper(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = "mode = \"canary\"; canaries = 1; batch = \"1\"; bake_time = \"200ms\"; "
		     "batch_time = \"1h\"; settle = \"100ms\"; apply_timeout = \"40s\"; "
		     "vanish_timeout = \"30s\";";
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_served(f, 1, "1 2"));
	rig_zookeeper_pause(f->zookeeper);
	rig_wait(NULL, 5 * USEC_PER_SEC);
	assert_string_equal(rig_fleet_serves(f, 2), "1");
	rig_zookeeper_kill(f->zookeeper);
	rig_zookeeper_restart(f->zookeeper);
	rig_fleet_change_rollout(f, FLEET_CANARY);
	all_went_from_1_to_2(f);
}

static void a_new_host_gets_what_was_accepted(void **state)
{
	struct rig_fleet *f = *state;
	size_t joined;

	rig_fleet_put_on_canary(f, 1, FLEET_STAYS);
	joined = rig_fleet_add(f);
	rig_fleet_start_host(f, joined);
	/* what was accepted, from the history: ZooKeeper's config is the target's already */
	fleet_eventually(f, strcmp(rig_fleet_serves(f, joined), "1") == 0);
	fleet_eventually(f, strcmp(rig_fleet_applied(f, joined), "1") == 0);
	for (size_t i = 0; i < 3; i++)
		assert_true(rig_fleet_has_server(f, joined, f->hosts[i].host.nginx.port));
	assert_true(rig_fleet_is(f, "canary", "2"));
	rig_fleet_promote(f, "promote");
	all_went_from_1_to_2(f);
}

static void a_host_that_joins_a_halted_rollout_gets_what_was_accepted(void **state)
{
	struct rig_fleet *f = *state;
	size_t joined;

	f->gated = true;
	f->rollout = FLEET_CANARY "on_failure = \"halt\";";
	rig_fleet_start(f, 1);
	rig_fleet_push(f, "bad");
	fleet_eventually(f, rig_fleet_is(f, "halted", "bad"));
	joined = rig_fleet_add(f);
	rig_fleet_start_host(f, joined);
	fleet_eventually(f, rig_fleet_served(f, joined, "1"));
	assert_true(rig_fleet_is(f, "halted", "bad"));
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
	fleet_eventually(f, rig_fleet_served(f, joined, "1 3"));
}

static void restart(struct rig_fleet *f, size_t i, bool wiped)
{
	rig_fleet_signal(f, i, SIGKILL);
	if (wiped)
		rig_fleet_wipe(f, i);
	rig_fleet_start_host(f, i);
	fleet_eventually(f, rig_host_is_quiet(&f->hosts[i].host));
}

/* The canary and a host that has to wait, each with and without its state directory. */
static void hosts_may_restart_in_mid_rollout(void **state)
{
	struct rig_fleet *f = *state;

	rig_fleet_put_on_canary(f, 1, FLEET_STAYS);
	for (int wiped = 0; wiped < 2; wiped++) {
		restart(f, 0, wiped);
		fleet_eventually(f, strcmp(rig_fleet_applied(f, 0), "2") == 0);
		restart(f, 2, wiped);
		fleet_eventually(f, strcmp(rig_fleet_applied(f, 2), "1") == 0);
		assert_string_equal(rig_fleet_serves(f, 0), "2");
		assert_string_equal(rig_fleet_serves(f, 2), "1");
	}
	assert_true(rig_fleet_is(f, "canary", "2"));
	rig_fleet_promote(f, "promote");
	all_went_from_1_to_2(f);
}

/* The fleet continued without it: it takes what was accepted meanwhile, and no step between. */
static void a_host_that_was_away_catches_up(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	rig_fleet_signal(f, 2, SIGTERM);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_accepted(f, "2"));
	rig_fleet_push(f, "3");
	fleet_eventually(f, rig_fleet_accepted(f, "3"));
	assert_string_equal(rig_fleet_serves(f, 2), "1");
	rig_fleet_start_host(f, 2);
	fleet_eventually(f, rig_fleet_served(f, 2, "1 3"));
}

static void a_vanished_canary_halts(void **state)
{
	struct rig_fleet *f = *state;

	rig_fleet_put_on_canary(
		f, 1,
		"mode = \"canary\"; canaries = 1; batch = \"1\"; bake_time = \"1h\"; "
		"batch_time = \"100ms\"; settle = \"100ms\"; apply_timeout = \"40s\"; "
		"vanish_timeout = \"1s\"; on_failure = \"halt\";");
	rig_fleet_signal(f, 0, SIGKILL);
	fleet_eventually(f, rig_fleet_is(f, "halted", "2"));
	assert_string_equal(rig_fleet_field(f, "plan", "failure.host"), "web1");
	fleet_eventually(f, rig_fleet_served(f, 1, "1") && rig_fleet_served(f, 2, "1"));
	rig_fleet_start_host(f, 0);
	rig_fleet_request(f, "abort");
	fleet_eventually(f, rig_fleet_is(f, "reverted", NULL));
	fleet_eventually(f, rig_fleet_served(f, 0, "1 2 1"));
}

/* It is a member, but never gives the verdict good: its nginx does not run. */
static void a_canary_without_a_verdict_halts(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY "on_failure = \"halt\";";
	rig_fleet_start(f, 0);
	/* not from the start, where it could be too short for the first revision */
	rig_fleet_change_rollout(
		f, "mode = \"canary\"; canaries = [ \"web1\" ]; batch = \"1\"; "
		   "bake_time = \"100ms\"; "
		   "batch_time = \"100ms\"; settle = \"100ms\"; apply_timeout = \"2s\"; "
		   "vanish_timeout = \"30s\"; on_failure = \"halt\";");
	rig_nginx_stop(&f->hosts[0].host.nginx);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_is(f, "halted", "2"));
	assert_string_equal(rig_fleet_field(f, "plan", "failure.host"), "web1");
	fleet_eventually(f, rig_fleet_served(f, 1, "1") && rig_fleet_served(f, 2, "1"));
}

/* The number of lines of alerts with these values. The end of the key is enough. */
static size_t count_alerts(const char *event, const char *key, const char *subject)
{
	char *text = rig_read(rig_path("alerts")), *line, *rest = NULL;
	size_t found = 0;

	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		json_t *json = json_loads(line, 0, NULL);
		const char *e = json_string_value(json_object_get(json, "event")) ?: "";
		const char *k = json_string_value(json_object_get(json, "key")) ?: "";
		const char *s = json_string_value(json_object_get(json, "subject")) ?: "";
		size_t size = strlen(k), end = strlen(key);

		found += strcmp(e, event) == 0 && size >= end && strcmp(k + size - end, key) == 0 &&
			 strcmp(s, subject) == 0 &&
			 json_string_value(json_object_get(json, "message")) &&
			 json_string_value(json_object_get(json, "severity"));
		json_decref(json);
	}
	return found;
}

static bool alerted(const char *event, const char *key, const char *subject)
{
	return count_alerts(event, key, subject) > 0;
}

static void use_alerts(struct rig_fleet *f)
{
	static char text[512];

	unlink(rig_path("alerts"));
	/* one write an alert: the hosts write to one file */
	snprintf(text, sizeof(text),
		 "alerts: { command = [ \"/bin/sh\", \"-c\", "
		 "\"printf '%%s\\\\n' \\\"$(tr -d '\\\\n')\\\" >>%s\" ];\n"
		 "          raise_after = \"0s\"; clear_after = \"0s\"; };\n",
		 rig_path("alerts"));
	f->more = text;
}

/* Each host with a report should be a member. The leader counts them when it is elected, so the
 * host that was elected first, before there were others, is the one to leave. */
static void a_missing_host_is_alerted_by_the_leader(void **state)
{
	struct rig_fleet *f = *state;

	use_alerts(f);
	f->rollout = "mode = \"canary\"; canaries = 1; batch = \"1\"; bake_time = \"100ms\"; "
		     "batch_time = \"100ms\"; settle = \"100ms\"; vanish_timeout = \"1s\";";
	rig_fleet_start(f, 0);
	for (size_t i = 0; i < 3; i++)
		eventually(NULL,
			   *rig_fleet_field(f,
					    (const char *const[]){ "reports/web1", "reports/web2",
								   "reports/web3" }[i],
					    "host"));
	rig_fleet_signal(f, 0, SIGKILL);
	eventually(NULL, alerted("raised", "fleet-member-missing", "web1"));
	rig_fleet_start_host(f, 0);
	eventually(NULL, alerted("cleared", "fleet-member-missing", "web1"));
}

static void a_stopped_rollout_is_alerted_by_the_leader(void **state)
{
	struct rig_fleet *f = *state;

	use_alerts(f);
	f->gated = true;
	f->rollout = FLEET_CANARY "on_failure = \"revert\";";
	rig_fleet_start(f, 1);
	rig_fleet_push(f, "bad");
	eventually(NULL, alerted("raised", "rollout-stopped", ""));
	rig_fleet_push(f, "3");
	eventually(NULL, alerted("cleared", "rollout-stopped", ""));
}

static bool leader_sees(struct rig_fleet *f, const char *member, const char *nginx)
{
	const char *live = rig_zk_get(f->zk, CLUSTER "/live") ?: "";

	return strcmp(rig_fleet_field(f, member, "nginx"), nginx) == 0 &&
	       !strstr(live, rig_fleet_field(f, member, "address")) == (strcmp(nginx, "down") == 0);
}

static size_t count_in_logs(struct rig_fleet *f, const char *words)
{
	size_t found = 0;

	for (size_t i = 0; i < f->count; i++) {
		const char *at = rig_read(f->hosts[i].host.log) ?: "";

		for (; (at = strstr(at, words)); at++)
			found++;
	}
	return found;
}

/* The commands run later than the daemons log. */
static bool all_alerts_are_delivered(struct rig_fleet *f)
{
	size_t raised = count_in_logs(f, "alert nginx-down: ");

	return count_in_logs(f, "alert nginx-down cleared") == raised &&
	       count_alerts("raised", "nginx-down", "") == raised &&
	       count_alerts("cleared", "nginx-down", "") == raised;
}

/* One alert each: for the leader's own nginx and for another one, and however it ends. */
static void a_dead_nginx_is_one_alert_of_its_host(void **state)
{
	struct rig_fleet *f = *state;
	static const char *const members[] = { "members/web1", "members/web2" };
	size_t before;

	use_alerts(f);
	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	/* a host whose daemon started before its nginx has had one already */
	eventually(NULL, all_alerts_are_delivered(f));
	before = count_alerts("raised", "nginx-down", "");
	for (size_t i = before; i < before + 4; i++) {
		struct rig_nginx *nginx = &f->hosts[i % 2].host.nginx;

		fleet_eventually(f, leader_sees(f, members[i % 2], "up"));
		if (i < before + 2)
			rig_nginx_stop(nginx);
		else
			rig_nginx_kill9(nginx);
		eventually(NULL, count_alerts("raised", "nginx-down", "") == i + 1);
		/* the leader has read it, and has checked the conditions of the fleet */
		eventually(NULL, leader_sees(f, members[i % 2], "down"));
		rig_nginx_stop(nginx); /* workers of the killed master */
		rig_nginx_start(nginx);
		eventually(NULL, count_alerts("cleared", "nginx-down", "") == i + 1);
	}
	assert_int_equal(count_alerts("raised", "nginx-down", ""), before + 4);
	assert_int_equal(count_alerts("raised", "nginx-down", "web1"), 0);
	assert_int_equal(count_alerts("raised", "nginx-down", "web2"), 0);
}

/* A cloned host: its own nginx and disk, and the name of web1. */
static void the_second_host_of_a_name_is_refused(void **state)
{
	struct rig_fleet *f = *state;
	size_t clone = rig_fleet_add(f);
	char *member;
	int64_t owner;

	f->count = 3;               /* not yet */
	f->session_timeout = "20s"; /* the clone would take the place of a session that ends */
	rig_fleet_put_on_canary(f, 1, FLEET_STAYS);
	owner = rig_zk_owner(f->zk, CLUSTER "/members/web1");
	f->count = 4;
	f->hosts[clone].name = "web1";
	rig_fleet_settings(f, clone);
	rig_host_start(&f->hosts[clone].host);
	eventually(NULL, rig_read(f->hosts[clone].host.log) &&
				 strstr(rig_read(f->hosts[clone].host.log), "another"));
	assert_int_equal(rig_zk_owner(f->zk, CLUSTER "/members/web1"), owner);
	member = rig_zk_get(f->zk, CLUSTER "/members/web1");
	assert_non_null(strstr(member, rig_fleet_digest(f, "2")));
	/* "web1" in the plan is the other one */
	assert_true(rig_fleet_served(f, clone, ""));
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
	assert_int_equal(rig_zk_owner(f->zk, CLUSTER "/members/web1"), owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rollout_test(a_rollout_survives_a_restart_of_zookeeper),
		rollout_test(a_rollout_survives_a_long_outage_of_zookeeper),
		rollout_test(a_new_host_gets_what_was_accepted),
		rollout_test(a_host_that_joins_a_halted_rollout_gets_what_was_accepted),
		rollout_test(hosts_may_restart_in_mid_rollout),
		rollout_test(a_host_that_was_away_catches_up),
		rollout_test(a_vanished_canary_halts),
		rollout_test(a_canary_without_a_verdict_halts),
		rollout_test(a_missing_host_is_alerted_by_the_leader),
		rollout_test(a_stopped_rollout_is_alerted_by_the_leader),
		rollout_test(a_dead_nginx_is_one_alert_of_its_host),
		rollout_test(the_second_host_of_a_name_is_refused),
	};

	return cmocka_run_group_tests_name("rollout_faults", tests, rig_fleet_setup,
					   rig_fleet_teardown);
}
