/*
 * Requests of operators to the leader, by a znode that both the command line and zkCli can write,
 * and what the fleet keeps for operators: its history and the list of live hosts.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_fleet.h"

static void a_paused_rollout_stays_and_a_resumed_one_goes_on(void **state)
{
	struct rig_fleet *f = *state;

	rig_fleet_put_on_canary(f, 0, FLEET_STAYS);
	rig_fleet_request(f, "pause");
	assert_true(rig_fleet_plan_says(f, "paused", "true"));
	assert_true(rig_fleet_plan_says(f, "request.action", "pause"));
	rig_fleet_change_rollout(f, FLEET_CANARY); /* now its bake time is over */
	rig_fleet_watch(f, 3 * USEC_PER_SEC);
	assert_true(rig_fleet_is(f, "canary", "2"));
	assert_string_equal(f->plan.hosts, "web1");
	rig_fleet_request(f, "{\"action\":\"resume\",\"by\":\"alice\"}");
	assert_true(rig_fleet_plan_says(f, "paused", "false"));
	assert_true(rig_fleet_plan_says(f, "request.by", "alice"));
	rig_fleet_await_accepted(f, "2");
	fleet_eventually(f, rig_fleet_served(f, 2, "1 2"));
}

/* Nothing begins while the rollout is paused; a pause does not affect endpoints and restarts. */
static void nothing_begins_during_a_pause(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	rig_fleet_request(f, "pause");
	rig_fleet_push(f, "2");
	rig_fleet_watch(f, USEC_PER_SEC);
	for (size_t i = 0; i < 3; i++)
		assert_true(rig_fleet_served(f, i, "1"));
	rig_fleet_request(f, "resume");
	rig_fleet_await_accepted(f, "2");
}

static void a_promoted_rollout_takes_the_next_step_at_once(void **state)
{
	struct rig_fleet *f = *state;

	rig_fleet_put_on_canary(f, 0, FLEET_STAYS);
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
	for (size_t i = 0; i < 3; i++)
		fleet_eventually(f, rig_fleet_served(f, i, "1 2"));
}

static void a_rollout_promoted_to_all_is_on_every_host(void **state)
{
	struct rig_fleet *f = *state;

	f->promoted = true;
	rig_fleet_put_on_canary(f, 0, FLEET_STAYS_IN_STEPS);
	rig_fleet_promote(f, "{\"action\":\"promote\",\"all\":true}");
	fleet_eventually(f, rig_fleet_all_serve(f, "2"));
}

static void an_aborted_revision_is_withdrawn(void **state)
{
	struct rig_fleet *f = *state;
	const char *outcome = "";

	rig_fleet_put_on_canary(f, 0, FLEET_STAYS);
	rig_fleet_request(f, "{\"action\":\"abort\",\"by\":\"bob\"}");
	fleet_eventually(f, rig_fleet_is(f, "reverted", NULL));
	fleet_eventually(f, rig_fleet_served(f, 0, "1 2 1"));
	fleet_eventually(f, rig_fleet_served(f, 1, "1") && rig_fleet_served(f, 2, "1"));
	fleet_eventually(f, rig_fleet_history(f, "2", &outcome) == 1 &&
				    strcmp(outcome, "aborted") == 0);
	/* not by itself; but after a request it is tried again */
	rig_fleet_request(f, "resume");
	fleet_eventually(f, rig_fleet_is(f, "canary", "2"));
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
}

static void a_request_for_another_revision_is_refused(void **state)
{
	struct rig_fleet *f = *state;
	char request[128];

	rig_fleet_put_on_canary(f, 0, FLEET_STAYS);
	rig_fleet_request(f, "{\"action\":\"promote\",\"revision\":\"000000000000\"}");
	assert_true(rig_fleet_is(f, "canary", "2"));
	assert_true(rig_fleet_plan_says(f, "request.action", "promote"));
	assert_non_null(strstr(rig_fleet_field(f, "plan", "request.result"), "the target is"));
	snprintf(request, sizeof(request), "{\"action\":\"promote\",\"revision\":\"%.12s\"}",
		 rig_fleet_digest(f, "2"));
	rig_fleet_promote(f, request);
	rig_fleet_await_accepted(f, "2");
}

static void an_invalid_request_is_refused_and_consumed(void **state)
{
	struct rig_fleet *f = *state;

	rig_fleet_put_on_canary(f, 0, FLEET_STAYS);
	rig_fleet_request(f, "go on, please");
	assert_non_null(strstr(rig_fleet_field(f, "plan", "request.result"), "refused"));
	assert_true(rig_fleet_is(f, "canary", "2"));
	rig_fleet_request(f, "{\"action\":\"rollback\"}"); /* without a revision */
	assert_non_null(strstr(rig_fleet_field(f, "plan", "request.result"), "refused"));
	assert_true(rig_fleet_is(f, "canary", "2"));
}

static void in_mode_manual_a_rollout_waits_for_a_request(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = "mode = \"manual\"; canaries = 1; batch = \"1\"; bake_time = "
		     "\"100ms\"; " FLEET_TIMES;
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_is(f, "pending", "2"));
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(rig_fleet_is(f, "pending", "2"));
	for (size_t i = 0; i < 3; i++)
		assert_true(rig_fleet_served(f, i, "1"));
	rig_fleet_promote(f, "promote");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "2") == 0);
	/* and before each batch again */
	for (size_t i = 1; i < 3; i++) {
		rig_fleet_watch(f, USEC_PER_SEC);
		assert_true(rig_fleet_served(f, i, "1"));
		rig_fleet_promote(f, "promote");
		fleet_eventually(f, rig_fleet_served(f, i, "1 2"));
	}
	rig_fleet_await_accepted(f, "2");
	fleet_eventually(f, rig_fleet_served(f, 1, "1 2"));
}

static void rolling_back_publishes_the_old_config(void **state)
{
	struct rig_fleet *f = *state;
	const char *upstream = CONFIG "/upstreams/new";
	char request[128];

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	rig_zk_create(f->zk, CONFIG "/upstreams/new/127.0.0.1:9", NULL);
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
	snprintf(request, sizeof(request),
		 "{\"action\":\"rollback\",\"revision\":\"%.12s\",\"by\":\"carol\"}",
		 rig_fleet_digest(f, "1"));
	rig_fleet_request(f, request);
	rig_fleet_await_accepted(f, "1");
	/* the config in ZooKeeper and the revision are the old ones */
	assert_string_equal(rig_fleet_revision(f), rig_fleet_digest(f, "1"));
	assert_non_null(strstr(rig_zk_get(f->zk, FLEET_SNIPPET), "default \"1\""));
	assert_false(rig_zk_exists(f->zk, upstream));
	for (size_t i = 0; i < 3; i++) {
		fleet_eventually(f, rig_fleet_served(f, i, "1 2 3 1"));
		/* a rollback does not change servers */
		assert_true(rig_fleet_all_have_server(f, f->hosts[i].host.nginx.port));
	}
	assert_true(rig_fleet_plan_says(f, "request.by", "carol"));
}

static void an_unknown_revision_is_not_rolled_back_to(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	rig_fleet_request(f, "{\"action\":\"rollback\",\"revision\":\"0123456789ab\"}");
	assert_non_null(strstr(rig_fleet_field(f, "plan", "request.result"), "no such revision"));
	rig_fleet_watch(f, USEC_PER_SEC / 2);
	assert_true(rig_fleet_accepted(f, "2"));
}

static void history_is_kept_and_pruned(void **state)
{
	struct rig_fleet *f = *state;
	const char *outcome = "";

	f->rollout = FLEET_CANARY_BAKING("0s");
	f->more = "history: { keep = 3; };";
	rig_fleet_start(f, 0);
	for (const char *const *word = (const char *const[]){ "2", "3", "4", "5", NULL }; *word;
	     word++) {
		rig_fleet_push(f, *word);
		rig_fleet_await_accepted(f, *word);
	}
	/* three without the last were there before */
	fleet_eventually(f, rig_fleet_history(f, "5", &outcome) == 1 &&
				    strcmp(outcome, "accepted") == 0);
	fleet_eventually(f, rig_fleet_history(f, NULL, NULL) == 3);
	assert_int_equal(rig_fleet_history(f, "1", NULL), 0);
	/* a pruned entry is deleted with its parts */
	for (char **entry = rig_zk_children(f->zk, CLUSTER "/history"); *entry; entry++)
		assert_true(atoi(*entry) > 2);
}

static bool live_is(struct rig_fleet *f, const char *hosts)
{
	return strcmp(rig_zk_get(f->zk, CLUSTER "/live") ?: "none", hosts) == 0;
}

static void the_leader_lists_the_healthy(void **state)
{
	struct rig_fleet *f = *state;
	char all[128], two[128];

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	snprintf(all, sizeof(all), "127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d", f->hosts[0].port,
		 f->hosts[1].port, f->hosts[2].port);
	snprintf(two, sizeof(two), "127.0.0.1:%d,127.0.0.1:%d", f->hosts[0].port, f->hosts[2].port);
	eventually(NULL, live_is(f, all));
	rig_nginx_stop(&f->hosts[1].host.nginx);
	eventually(NULL, live_is(f, two));
	rig_nginx_start(&f->hosts[1].host.nginx);
	eventually(NULL, live_is(f, all));
	rig_fleet_signal(f, 1, SIGTERM);
	eventually(NULL, live_is(f, two));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rollout_test(a_paused_rollout_stays_and_a_resumed_one_goes_on),
		rollout_test(nothing_begins_during_a_pause),
		rollout_test(a_promoted_rollout_takes_the_next_step_at_once),
		rollout_test(a_rollout_promoted_to_all_is_on_every_host),
		rollout_test(an_aborted_revision_is_withdrawn),
		rollout_test(a_request_for_another_revision_is_refused),
		rollout_test(an_invalid_request_is_refused_and_consumed),
		rollout_test(in_mode_manual_a_rollout_waits_for_a_request),
		rollout_test(rolling_back_publishes_the_old_config),
		rollout_test(an_unknown_revision_is_not_rolled_back_to),
		rollout_test(history_is_kept_and_pruned),
		rollout_test(the_leader_lists_the_healthy),
	};

	return cmocka_run_group_tests_name("rollout_requests", tests, rig_fleet_setup,
					   rig_fleet_teardown);
}
