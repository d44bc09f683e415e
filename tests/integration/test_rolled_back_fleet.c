/*
 * A fleet whose ZooKeeper comes back older: the plan is older, too. No host follows it and no
 * leader writes one, until the older history is confirmed or the accepted revision is back. Then
 * the leader plans from what the fleet accepted, so no host goes back because of a restored plan.
 */
#include "rig_fleet.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_ctl.h"

#define ALERT "zookeeper-rolled-back"
#define LEADER 2

/* The plan is older than what hosts serve, so rig_fleet_look() would object. */
static bool all_serve(struct rig_fleet *f, const char *word)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(rig_fleet_serves(f, i), word) != 0)
			return false;
	}
	return true;
}

static bool all_alert(struct rig_fleet *f, bool raised)
{
	for (size_t i = 0; i < f->count; i++) {
		if (rig_host_has_alert(&f->hosts[i].host, ALERT) != raised)
			return false;
	}
	return true;
}

static bool is_accepted(struct rig_fleet *f, const char *word)
{
	return strcmp(rig_fleet_word(f, rig_fleet_field(f, "plan", "accepted.revision")), word) ==
		       0 &&
	       strcmp(rig_fleet_field(f, "plan", "phase"), "idle") == 0;
}

static const char *server_at(int port)
{
	static char path[128];

	snprintf(path, sizeof(path), CONFIG "/upstreams/app/127.0.0.1:%d", port);
	return path;
}

static void restore(struct rig_fleet *f, const char *copy)
{
	rig_zookeeper_restore(f->zookeeper, copy);
	rig_zookeeper_restart(f->zookeeper);
	rig_zk_close(f->zk);
	f->zk = rig_zk_connect(rig_zookeeper_hosts(f->zookeeper));
}

/* What a host has not seen of the plan before ZooKeeper stops, it cannot keep. */
static bool all_have_seen(struct rig_fleet *f, const char *phase, long step)
{
	for (size_t i = 0; i < f->count; i++) {
		struct rig_host *h = &f->hosts[i].host;

		if (strcmp(rig_host_status_text(h, "rollout.phase"), phase) != 0 ||
		    rig_host_status_number(h, "rollout.step") != step)
			return false;
	}
	return true;
}

static bool all_have_seen_accepted(struct rig_fleet *f, const char *word)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(rig_host_status_text(&f->hosts[i].host, "rollout.permitted"),
			   rig_fleet_digest(f, word)) != 0)
			return false;
	}
	return all_have_seen(f, "idle", 0);
}

/* Revision 1 was accepted when the copy was made, and 2 when it was restored. */
static void start_and_restore(struct rig_fleet *f)
{
	f->rollout = FLEET_CANARY;
	f->more = "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };";
	rig_fleet_start(f, LEADER);
	rig_zookeeper_copy(f->zookeeper, "old");
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	eventually(NULL, all_have_seen_accepted(f, "2"));
	restore(f, "old");
	eventually(NULL, all_alert(f, true));
}

static void confirm(struct rig_fleet *f)
{
	struct rig_ctl_result r = rig_ctl(f->hosts[0].host.settings, "confirm", "--history", NULL);

	rig_ctl_assert_code(&r, 0);
}

/* web1, the canary, first; the plan is not that of the copy, which accepts 1. */
static void await_rollout_of_1(struct rig_fleet *f)
{
	eventually(NULL, strcmp(rig_fleet_serves(f, 0), "1") == 0);
	eventually(NULL, all_serve(f, "1") && is_accepted(f, "1"));
}

/* Has a leader given 1 to the canary while 2 was accepted? Hosts whose session ends meanwhile have
 * no step of their own. */
static bool has_logged_canary(struct rig_fleet *f)
{
	char words[128];

	snprintf(words, sizeof(words), "plan: canary, accepted %.12s, target %.12s, step 1",
		 rig_fleet_digest(f, "2"), rig_fleet_digest(f, "1"));
	for (size_t i = 0; i < f->count; i++) {
		if (strstr(rig_read(f->hosts[i].host.log) ?: "", words))
			return true;
	}
	return false;
}

static void no_host_follows_a_restored_plan_and_no_leader_writes_one(void **state)
{
	struct rig_fleet *f = *state;
	char *plan;
	int port = rig_port();
	size_t entries;

	start_and_restore(f);
	plan = strdup(rig_zk_get(f->zk, CLUSTER "/plan"));
	entries = rig_fleet_history(f, NULL, NULL);
	eventually(NULL, rig_fleet_leader(f) >= 0);
	/* a config is written there, and servers come */
	rig_fleet_push(f, "3");
	rig_zk_create(f->zk, server_at(port), NULL);
	rig_wait(NULL, 3 * USEC_PER_SEC);
	assert_true(all_serve(f, "2"));
	assert_true(all_alert(f, true));
	assert_string_equal(rig_zk_get(f->zk, CLUSTER "/plan"), plan);
	assert_int_equal(rig_fleet_history(f, NULL, NULL), entries);
	for (size_t i = 0; i < f->count; i++)
		assert_false(rig_fleet_has_server(f, i, port));
	free(plan);
}

static void a_confirmed_history_is_rolled_out_from_what_was_accepted(void **state)
{
	struct rig_fleet *f = *state;

	start_and_restore(f);
	confirm(f);
	await_rollout_of_1(f);
	eventually(NULL, all_alert(f, false));
	assert_true(has_logged_canary(f));
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
}

static void the_accepted_revision_that_is_written_again_is_accepted_as_it_was(void **state)
{
	struct rig_fleet *f = *state;
	unsigned reloads[FLEET_MAX];

	start_and_restore(f);
	for (size_t i = 0; i < f->count; i++)
		reloads[i] = rig_nginx_reloads(&f->hosts[i].host.nginx);
	rig_fleet_push(f, "2");
	eventually(NULL, is_accepted(f, "2") && all_alert(f, false));
	assert_true(all_serve(f, "2"));
	for (size_t i = 0; i < f->count; i++)
		assert_int_equal(rig_nginx_reloads(&f->hosts[i].host.nginx), reloads[i]);
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
}

static bool is_on_two_hosts(struct rig_fleet *f)
{
	const char *target = rig_fleet_word(f, rig_fleet_field(f, "plan", "target.revision"));

	return strcmp(rig_fleet_field(f, "plan", "phase"), "batch") == 0 &&
	       strcmp(rig_fleet_field(f, "plan", "step"), "2") == 0 && strcmp(target, "2") == 0;
}

/* Step by step; a host whose session has ended meanwhile has no step of its own. rig_fleet_look()
 * does not know this plan. */
static void promote_until_accepted(struct rig_fleet *f, const char *word)
{
	uint64_t give_up = rig_now() + RIG_PATIENCE;

	while (!is_accepted(f, word)) {
		assert_true(rig_now() < give_up);
		rig_zk_create(f->zk, CLUSTER "/request", "promote");
		eventually(NULL, !rig_zk_exists(f->zk, CLUSTER "/request"));
	}
}

/* Of three hosts, two have revision 2 on trial when history goes back. */
static void a_rollout_that_was_lost_goes_on_and_no_host_goes_back(void **state)
{
	struct rig_fleet *f = *state;
	unsigned reloads[FLEET_MAX];

	f->rollout = FLEET_STAYS_IN_STEPS;
	/* All three hosts have a step of their own. ZooKeeper refuses these sessions later, and a
	 * daemon gives them up after three timeouts. */
	f->session_timeout = "6s";
	f->more = "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };";
	rig_fleet_start(f, LEADER);
	rig_zookeeper_copy(f->zookeeper, "old");
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_served(f, 0, "1 2"));
	rig_fleet_promote(f, "promote");
	fleet_eventually(f, rig_fleet_served(f, 1, "1 2"));
	eventually(NULL, all_have_seen(f, "batch", 2));
	restore(f, "old");
	eventually(NULL, all_alert(f, true));
	for (size_t i = 0; i < f->count; i++)
		reloads[i] = rig_nginx_reloads(&f->hosts[i].host.nginx);
	rig_fleet_push(f, "2");
	eventually(NULL, is_on_two_hosts(f) && all_alert(f, false));
	for (size_t i = 0; i < f->count; i++)
		assert_int_equal(rig_nginx_reloads(&f->hosts[i].host.nginx), reloads[i]);
	promote_until_accepted(f, "2");
	eventually(NULL, all_serve(f, "2"));
}

static void daemons_that_restart_change_nothing(void **state)
{
	struct rig_fleet *f = *state;

	start_and_restore(f);
	for (size_t i = 0; i < f->count; i++)
		rig_fleet_signal(f, i, SIGKILL);
	for (size_t i = 0; i < f->count; i++)
		rig_fleet_start_host(f, i);
	eventually(NULL, all_alert(f, true));
	eventually(NULL, rig_fleet_leader(f) >= 0);
	rig_wait(NULL, 2 * USEC_PER_SEC);
	assert_true(all_serve(f, "2"));
	confirm(f);
	await_rollout_of_1(f);
}

/* It was down when revision 2 was accepted, so to it nothing has gone back. */
static void a_leader_that_has_seen_less_is_followed_after_the_confirmation(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY;
	f->more = "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };";
	rig_fleet_start(f, LEADER);
	rig_zookeeper_copy(f->zookeeper, "old");
	rig_fleet_signal(f, LEADER, SIGKILL);
	eventually(NULL, !rig_zk_exists(f->zk, CLUSTER "/members/web3"));
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_accepted(f, "2"));
	for (size_t i = 0; i < LEADER; i++) {
		fleet_eventually(f, strcmp(rig_fleet_applied(f, i), "2") == 0);
		rig_fleet_signal(f, i, SIGKILL);
	}
	restore(f, "old");
	rig_fleet_start_host(f, LEADER);
	eventually(NULL, rig_fleet_leader(f) == LEADER);
	for (size_t i = 0; i < LEADER; i++)
		rig_fleet_start_host(f, i);
	for (size_t i = 0; i < LEADER; i++)
		eventually(NULL, rig_host_has_alert(&f->hosts[i].host, ALERT));
	assert_string_equal(rig_fleet_serves(f, 0), "2");
	assert_string_equal(rig_fleet_serves(f, LEADER), "1");
	confirm(f);
	eventually(NULL, all_serve(f, "1") && is_accepted(f, "1"));
	eventually(NULL, all_alert(f, false));
}

static void every_host_in_mode_all_holds_for_itself(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = "mode = \"all\"; settle = \"100ms\";";
	f->more = "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };";
	rig_fleet_start(f, LEADER);
	rig_zookeeper_copy(f->zookeeper, "old");
	rig_fleet_push(f, "2");
	eventually(NULL, all_serve(f, "2") && is_accepted(f, "2"));
	restore(f, "old");
	eventually(NULL, all_alert(f, true));
	rig_wait(NULL, 2 * USEC_PER_SEC);
	assert_true(all_serve(f, "2"));
	confirm(f);
	eventually(NULL, all_serve(f, "1") && all_alert(f, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rollout_test(no_host_follows_a_restored_plan_and_no_leader_writes_one),
		rollout_test(a_confirmed_history_is_rolled_out_from_what_was_accepted),
		rollout_test(the_accepted_revision_that_is_written_again_is_accepted_as_it_was),
		rollout_test(a_rollout_that_was_lost_goes_on_and_no_host_goes_back),
		rollout_test(daemons_that_restart_change_nothing),
		rollout_test(a_leader_that_has_seen_less_is_followed_after_the_confirmation),
		rollout_test(every_host_in_mode_all_holds_for_itself),
	};

	return cmocka_run_group_tests_name("rolled_back_fleet", tests, rig_fleet_setup,
					   rig_fleet_teardown);
}
