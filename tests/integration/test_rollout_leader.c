/*
 * Leaders that fail in the middle of a rollout: the next one continues at the same step, repeats
 * nothing and leaves out nothing; a leader that was only stopped finds that it does not lead any
 * more.
 *
 * web3 leads in these tests: it is no canary, and its turn comes last.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "rig_fleet.h"

#define LEADER 2

static unsigned reloads[FLEET_MAX];

static void start(struct rig_fleet *f, const char *rollout)
{
	f->rollout = rollout;
	/* each test waits for the end of the leader's; the others' should not end on a busy host */
	f->session_timeout = "6s";
	rig_fleet_start(f, LEADER);
	for (size_t i = 0; i < f->count; i++)
		reloads[i] = rig_nginx_reloads(&f->hosts[i].host.nginx);
}

/* The leader dies, and its daemon is started again (as systemd does), so that it is a member. */
static void replace_leader(struct rig_fleet *f)
{
	rig_fleet_signal(f, LEADER, SIGKILL);
	fleet_eventually(f, rig_fleet_leader(f) >= 0 && rig_fleet_leader(f) != LEADER);
	rig_fleet_start_host(f, LEADER);
}

/* Each host went from 1 to 2, once, with one reload; the history has each once. */
static void nothing_was_repeated_or_left_out(struct rig_fleet *f)
{
	const char *outcome = "";

	rig_fleet_await_accepted(f, "2");
	for (size_t i = 0; i < f->count; i++) {
		fleet_eventually(f, rig_fleet_served(f, i, "1 2"));
		assert_int_equal(rig_nginx_reloads(&f->hosts[i].host.nginx), reloads[i] + 1);
	}
	assert_int_equal(rig_fleet_history(f, "1", NULL), 1);
	fleet_eventually(f, rig_fleet_history(f, "2", &outcome) == 1 &&
				    strcmp(outcome, "accepted") == 0);
	assert_true(rig_fleet_leader(f) != LEADER);
}

static void a_leader_killed_before_the_first_step_is_replaced(void **state)
{
	struct rig_fleet *f = *state;

	start(f, "mode = \"canary\"; canaries = 1; batch = \"1\"; bake_time = \"300ms\"; "
		 "batch_time = \"100ms\"; settle = \"1s\"; apply_timeout = \"40s\"; "
		 "vanish_timeout = \"30s\";");
	rig_fleet_push(f, "2");
	fleet_eventually(f, strcmp(rig_host_status_text(&f->hosts[LEADER].host, "revision.seen"),
				   rig_fleet_digest(f, "2")) == 0);
	replace_leader(f);
	nothing_was_repeated_or_left_out(f);
}

/* … the moment that its first step can be read, before the canary can have done anything. */
static void a_leader_killed_when_the_target_appears_is_replaced(void **state)
{
	struct rig_fleet *f = *state;

	start(f, FLEET_CANARY);
	rig_fleet_push(f, "2");
	eventually(NULL, strcmp(rig_fleet_field(f, "plan", "target.revision"), "") != 0);
	replace_leader(f);
	nothing_was_repeated_or_left_out(f);
}

static void a_leader_killed_while_the_canary_bakes_is_replaced(void **state)
{
	struct rig_fleet *f = *state;

	start(f, FLEET_CANARY_BAKING("2s"));
	rig_fleet_push(f, "2");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "2") == 0);
	replace_leader(f);
	nothing_was_repeated_or_left_out(f);
}

static void a_leader_killed_between_batches_is_replaced(void **state)
{
	struct rig_fleet *f = *state;

	start(f, "mode = \"canary\"; canaries = 1; batch = \"1\"; bake_time = \"200ms\"; "
		 "batch_time = \"2s\"; settle = \"100ms\"; apply_timeout = \"40s\"; "
		 "vanish_timeout = \"30s\";");
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_served(f, 1, "1 2"));
	replace_leader(f);
	nothing_was_repeated_or_left_out(f);
}

static void a_leader_killed_while_it_reverts_is_replaced(void **state)
{
	struct rig_fleet *f = *state;
	const char *outcome = "";

	f->gated = true;
	start(f, FLEET_CANARY "on_failure = \"revert\";");
	rig_fleet_push(f, "bad");
	fleet_eventually(f,
			 rig_fleet_is(f, "reverting", NULL) || rig_fleet_is(f, "reverted", NULL));
	replace_leader(f);
	fleet_eventually(f, rig_fleet_is(f, "reverted", NULL));
	/* it may have had "bad" for too short a time to be seen */
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "1") == 0);
	assert_int_equal(rig_nginx_reloads(&f->hosts[0].host.nginx), reloads[0] + 2);
	fleet_eventually(f, rig_fleet_served(f, 1, "1") && rig_fleet_served(f, 2, "1"));
	assert_string_equal(rig_fleet_field(f, "plan", "failure.host"), "web1");
	assert_string_equal(rig_fleet_word(f, f->plan.accepted), "1");
	fleet_eventually(f, rig_fleet_history(f, "bad", &outcome) == 1 &&
				    strcmp(outcome, "reverted") == 0);
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
}

/* As systemd ends it: the session is closed, and another host leads at once. */
static void a_leader_stopped_in_mid_rollout_is_replaced_at_once(void **state)
{
	struct rig_fleet *f = *state;

	start(f, FLEET_CANARY_BAKING("1s"));
	rig_fleet_push(f, "2");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "2") == 0);
	rig_fleet_signal(f, LEADER, SIGTERM);
	assert_true(rig_fleet_leader(f) != LEADER); /* without waiting for its session's end */
	fleet_eventually(f, rig_fleet_leader(f) >= 0);
	rig_fleet_start_host(f, LEADER);
	nothing_was_repeated_or_left_out(f);
}

/* One after the other, until the rollout ends. */
static void leaders_may_be_killed_again_and_again(void **state)
{
	struct rig_fleet *f = *state;

	start(f, FLEET_CANARY_BAKING("1s"));
	rig_fleet_push(f, "2");
	for (int i = 0; i < 4; i++) {
		long leader;

		fleet_eventually(f, (leader = rig_fleet_leader(f)) >= 0);
		rig_fleet_signal(f, (size_t)leader, SIGKILL);
		rig_fleet_start_host(f, (size_t)leader);
		fleet_eventually(f, rig_fleet_leader(f) != leader);
	}
	rig_fleet_await_accepted(f, "2");
	for (size_t i = 0; i < f->count; i++)
		fleet_eventually(f, rig_fleet_served(f, i, "1 2"));
	assert_int_equal(rig_fleet_history(f, "1", NULL), 1);
	assert_int_equal(rig_fleet_history(f, "2", NULL), 1);
}

/* Stopped for longer than its session, in the middle of a rollout; what the next leader wrote
 * stays. */
static void a_leader_frozen_past_its_session_changes_nothing(void **state)
{
	struct rig_fleet *f = *state;
	const char *outcome = "";
	char *before;
	int version;

	start(f, FLEET_CANARY_BAKING("1500ms"));
	rig_fleet_push(f, "2");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "2") == 0);
	rig_fleet_signal(f, LEADER, SIGSTOP);
	fleet_eventually(f, rig_fleet_leader(f) >= 0 && rig_fleet_leader(f) != LEADER);
	fleet_eventually(f, !rig_zk_exists(f->zk, CLUSTER "/members/web3"));
	fleet_eventually(f, rig_fleet_accepted(f, "2"));
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 1), "2") == 0);
	/* until the new leader has written everything */
	fleet_eventually(f, rig_fleet_history(f, "2", &outcome) == 1 &&
				    strcmp(outcome, "accepted") == 0);
	rig_fleet_watch(f, USEC_PER_SEC);
	before = rig_zk_get_version(f->zk, CLUSTER "/plan", &version);
	assert_string_equal(rig_fleet_field(f, "plan", "leader"),
			    f->hosts[rig_fleet_leader(f)].host.name);

	rig_fleet_signal(f, LEADER, SIGCONT);
	fleet_eventually(f, rig_zk_exists(f->zk, CLUSTER "/members/web3"));
	fleet_eventually(f, rig_fleet_served(f, LEADER, "1 2"));
	assert_string_equal(rig_zk_get(f->zk, CLUSTER "/plan"), before);
	assert_int_equal(f->plan.version, version);
	assert_int_equal(rig_fleet_history(f, NULL, NULL), 2);
	assert_true(rig_fleet_leader(f) != LEADER);
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
	assert_int_equal(rig_fleet_history(f, "3", NULL), 1);
}

/* … and during a rollout that the old leader began: it was about to take the next step. */
static void a_leader_continued_in_mid_rollout_follows(void **state)
{
	struct rig_fleet *f = *state;

	start(f, FLEET_STAYS);
	rig_fleet_push(f, "2");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "2") == 0);
	rig_fleet_signal(f, LEADER, SIGSTOP);
	fleet_eventually(f, rig_fleet_leader(f) >= 0 && rig_fleet_leader(f) != LEADER);
	rig_fleet_signal(f, LEADER, SIGCONT);
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
	for (size_t i = 0; i < f->count; i++)
		fleet_eventually(f, rig_fleet_served(f, i, "1 2"));
	assert_true(rig_fleet_leader(f) != LEADER);
	assert_int_equal(rig_fleet_history(f, NULL, NULL), 2);
}

static void commands_follow_the_leader(void **state)
{
	struct rig_fleet *f = *state;
	char lines[512], *said = rig_path("leaders");

	snprintf(lines, sizeof(lines),
		 "on_elected = [ \"/bin/sh\", \"-c\", \"cat >>%s; echo =elected >>%s\" ]; "
		 "on_resigned = [ \"/bin/sh\", \"-c\", \"cat >>%s; echo =resigned >>%s\" ];",
		 said, said, said, said);
	f->cluster = lines;
	start(f, FLEET_CANARY);
	eventually(NULL, rig_read(said) && strstr(rig_read(said), "=elected"));
	assert_null(strstr(rig_read(said), "=resigned"));
	assert_non_null(strstr(rig_read(said), "web3"));
	/* its session ends; when it notices that, it runs on_resigned */
	rig_fleet_signal(f, LEADER, SIGSTOP);
	fleet_eventually(f, rig_fleet_leader(f) >= 0 && rig_fleet_leader(f) != LEADER);
	eventually(NULL, strstr(strstr(rig_read(said), "=elected") + 1, "=elected"));
	rig_fleet_signal(f, LEADER, SIGCONT);
	eventually(NULL, strstr(rig_read(said), "=resigned"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rollout_test(a_leader_killed_before_the_first_step_is_replaced),
		rollout_test(a_leader_killed_when_the_target_appears_is_replaced),
		rollout_test(a_leader_killed_while_the_canary_bakes_is_replaced),
		rollout_test(a_leader_killed_between_batches_is_replaced),
		rollout_test(a_leader_killed_while_it_reverts_is_replaced),
		rollout_test(a_leader_stopped_in_mid_rollout_is_replaced_at_once),
		rollout_test(leaders_may_be_killed_again_and_again),
		rollout_test(a_leader_frozen_past_its_session_changes_nothing),
		rollout_test(a_leader_continued_in_mid_rollout_follows),
		rollout_test(commands_follow_the_leader),
	};

	return cmocka_run_group_tests_name("rollout_leader", tests, rig_fleet_setup,
					   rig_fleet_teardown);
}
