/* A push is followed through a fleet of daemons until its revision has landed, or was stopped. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <zknginx/buf.h>

#include "rig_ctl.h"
#include "rig_fleet.h"

#define SNIPPET(word) "map $host $fleet_revision { default \"" word "\"; }\n"
#define REFUSED(word) "map $host $fleet_revision { default \"" word "\"; default \"again\"; }\n"

static const char *settings(struct rig_fleet *f)
{
	return f->hosts[0].host.settings;
}

static char *directory(void)
{
	return rig_path("conf");
}

/* Pulls the config, and writes this as the fleet's snippet into the directory. */
static void prepare(struct rig_fleet *f, const char *snippet)
{
	struct rig_ctl_result r;

	rig_run(NULL, (char *[]){ "rm", "-rf", directory(), NULL });
	r = rig_ctl(settings(f), "pull", directory(), NULL);
	rig_ctl_assert_code(&r, 0);
	rig_write(rig_path("conf/snippets/http/fleet.conf"), "%s", snippet);
}

static struct rig_ctl_result push(struct rig_fleet *f, const char *snippet)
{
	prepare(f, snippet);
	return rig_ctl(settings(f), "push", "--yes", directory(), "--follow-for", "60s", NULL);
}

static void assert_lines(const struct rig_ctl_result *r, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rig_ctl_assert_says(r, lines[i]);
}

/* Starts a fleet with these lines of the group `rollout`, and pushes. */
static struct rig_ctl_result start_and_push(struct rig_fleet *f, const char *rollout,
					    const char *snippet)
{
	f->rollout = rollout;
	rig_fleet_start(f, 0);
	return push(f, snippet);
}

/* Starts a fleet whose rollouts stay on the canary, with a revision to push. */
static void start_and_prepare(struct rig_fleet *f)
{
	f->rollout = FLEET_STAYS;
	rig_fleet_start(f, 0);
	prepare(f, SNIPPET("2"));
}

static void in_mode_all_it_lands_on_every_host(void **state)
{
	static const char *const lines[] = { "web1: applied\n", "web2: applied\n",
					     "web3: applied\n", "has landed on 3 hosts" };
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	r = start_and_push(f, "", SNIPPET("2"));
	rig_ctl_assert_code(&r, 0);
	assert_lines(&r, lines, ARRAY_SIZE(lines));
	eventually(NULL, rig_fleet_all_serve(f, "2"));
}

static void a_host_that_is_away_is_named_and_not_waited_for(void **state)
{
	static const char *const lines[] = { "has landed on 2 hosts",
					     "not in the fleet now, and not waited for: web3" };
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	rig_fleet_start(f, 0);
	rig_fleet_signal(f, 2, SIGTERM);
	eventually(NULL, !rig_zk_exists(f->zk, CLUSTER "/members/web3"));
	r = push(f, SNIPPET("2"));
	rig_ctl_assert_code(&r, 0);
	assert_lines(&r, lines, ARRAY_SIZE(lines));
}

/* It is refused while the verdict of a host is missing. */
static bool promote(struct rig_fleet *f, const char *option)
{
	return rig_ctl(settings(f), "promote", option, NULL).code == 0;
}

/* Each step stays until it is promoted: nothing can pass before it is shown. */
static void a_canary_comes_first(void **state)
{
	static const char *const steps[] = { "rollout: on the canaries (web1)", "rollout: step 2",
					     "rollout: step 3" };
	struct rig_fleet *f = *state;
	struct rig_terminal *t;
	int code;

	f->rollout = FLEET_STAYS_IN_STEPS;
	rig_fleet_start(f, 0);
	prepare(f, SNIPPET("2"));
	t = rig_terminal_ctl(settings(f), 200, "--color", "never", "push", "--yes", directory(),
			     NULL);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		eventually(NULL, rig_terminal_shows(t, steps[i]));
		eventually(NULL, promote(f, NULL));
	}
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 0);
	assert_says(rig_terminal_shown(t), "web1: applied");
	assert_says(rig_terminal_shown(t), "rollout: accepted");
	assert_says(rig_terminal_shown(t), "has landed on 3 hosts");
	rig_terminal_free(t);
	eventually(NULL, rig_fleet_all_serve(f, "2"));
}

/* lint cannot know what nginx says of this one. */
static void a_rollout_that_is_halted_says_where_and_why(void **state)
{
	static const char *const lines[] = { "web1: refuses it: /nginx/config/snippets/http/fleet",
					     "the rollout is halted: web1",
					     "duplicate default map parameter" };
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	r = start_and_push(f, FLEET_CANARY, REFUSED("2"));
	rig_ctl_assert_code(&r, 1);
	assert_lines(&r, lines, ARRAY_SIZE(lines));
	assert_true(rig_fleet_all_serve(f, "1"));
}

static void a_rollout_that_is_reverted_says_so(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j;

	f->rollout = FLEET_CANARY "on_failure = \"revert\"; ";
	rig_fleet_start(f, 0);
	prepare(f, REFUSED("2"));
	r = rig_ctl(settings(f), "--json", "push", "--yes", directory(), NULL);
	rig_ctl_assert_code(&r, 1);
	j = rig_ctl_json(&r);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(j, "rollout"), "outcome")),
		"reverted");
	assert_int_equal(json_array_size(json_object_get(json_object_get(j, "rollout"), "hosts")),
			 3);
	json_decref(j);
}

static void in_mode_all_a_refused_object_is_a_failure(void **state)
{
	static const char *const lines[] = {
		"web1: applied, with a problem: /nginx/config/snippets/http/fleet",
		"with problems on 3 of 3 hosts",
	};
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	r = start_and_push(f, "", REFUSED("2"));
	rig_ctl_assert_code(&r, 1);
	assert_lines(&r, lines, ARRAY_SIZE(lines));
	/* The next push is not blamed for it. */
	rig_write(rig_path("conf/snippets/http/other.conf"), "map $host $other { default 1; }\n");
	r = rig_ctl(settings(f), "push", "--yes", directory(), NULL);
	rig_ctl_assert_code(&r, 0);
}

static void a_change_of_servers_is_not_followed(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	rig_fleet_start(f, 0);
	prepare(f, SNIPPET("1"));
	rig_write(rig_path("conf/upstreams/app/127.0.0.1:1"), "down\n");
	r = rig_ctl(settings(f), "push", "--yes", directory(), NULL);
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "only servers have changed");
	eventually(NULL, rig_fleet_has_server(f, 2, 1));
}

static void ctrl_c_leaves_the_rollout_alone_and_says_how_to_come_back(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_terminal *t;
	int code;

	start_and_prepare(f);
	t = rig_terminal_ctl(settings(f), 120, "push", "--yes", directory(), NULL);
	eventually(NULL, rig_terminal_shows(t, "applied"));
	eventually(NULL, rig_terminal_shows(t, "on 1 of 3 hosts"));
	rig_terminal_type(t, "\x03");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 130);
	assert_true(rig_terminal_shows(t, "zknginxctl status --watch"));
	rig_terminal_free(t);
	eventually(NULL, promote(f, "--all"));
	eventually(NULL, rig_fleet_all_serve(f, "2"));
}

static void the_time_to_follow_can_be_limited(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start_and_prepare(f);
	r = rig_ctl(settings(f), "push", "--yes", "--follow-for", "1s", directory(), NULL);
	rig_ctl_assert_code(&r, 3);
	assert_says(r.err, "zknginxctl status --watch");
}

static void a_push_that_another_one_replaces_says_so(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_terminal *t;
	struct rig_ctl_result r;
	int code;

	start_and_prepare(f);
	t = rig_terminal_ctl(settings(f), 200, "push", "--yes", directory(), NULL);
	eventually(NULL, rig_terminal_shows(t, "on the canaries"));
	prepare(f, SNIPPET("3"));
	r = rig_ctl(settings(f), "push", "--yes", "--no-wait", directory(), NULL);
	rig_ctl_assert_code(&r, 0);
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 1);
	assert_true(rig_terminal_shows(t, "has replaced it"));
	rig_terminal_free(t);
}

/* What a push that was killed leaves: a part of the config, with the mark. */
static void an_unfinished_push_is_held_and_the_next_one_lands(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	rig_fleet_start(f, 0);
	rig_zk_set(f->zk, CONFIG,
		   "{\"push\":{\"by\":\"alice\",\"id\":\"1\",\"left\":3,\"time\":"
		   "\"2026-11-22T15:04:05Z\"}}");
	rig_zk_set(f->zk, FLEET_SNIPPET, SNIPPET("part"));
	rig_wait(NULL, USEC_PER_SEC / 2);
	assert_true(rig_fleet_all_serve(f, "1"));
	r = push(f, SNIPPET("2"));
	rig_ctl_assert_code(&r, 0);
	assert_says(r.err, "a push by alice that began at 2026-11-22T15:04:05Z");
	assert_says(r.out, "has landed on 3 hosts");
	eventually(NULL, rig_fleet_all_serve(f, "2"));
}

static void without_zookeeper_nobody_can_tell(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_terminal *t;
	int code;

	start_and_prepare(f);
	t = rig_terminal_ctl(settings(f), 200, "push", "--yes", "--timeout", "2s", directory(),
			     NULL);
	eventually(NULL, rig_terminal_shows(t, "on the canaries"));
	rig_zookeeper_kill(f->zookeeper);
	eventually(NULL, rig_terminal_shows(t, "no connection to ZooKeeper"));
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 3);
	assert_true(rig_terminal_shows(t, "the rollout goes on without"));
	rig_terminal_free(t);
	rig_zookeeper_restart(f->zookeeper);
}

static void a_rollback_can_be_followed(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	char first[13];

	r = start_and_push(f, FLEET_CANARY, SNIPPET("2"));
	snprintf(first, sizeof(first), "%s", rig_fleet_digest(f, "1"));
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl(settings(f), "rollback", "--follow", first, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "has landed on 3 hosts");
	eventually(NULL, rig_fleet_all_serve(f, "1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		calm_test(in_mode_all_it_lands_on_every_host),
		calm_test(a_host_that_is_away_is_named_and_not_waited_for),
		calm_test(a_canary_comes_first),
		calm_test(a_rollout_that_is_halted_says_where_and_why),
		calm_test(a_rollout_that_is_reverted_says_so),
		calm_test(in_mode_all_a_refused_object_is_a_failure),
		calm_test(a_change_of_servers_is_not_followed),
		calm_test(ctrl_c_leaves_the_rollout_alone_and_says_how_to_come_back),
		calm_test(the_time_to_follow_can_be_limited),
		calm_test(a_push_that_another_one_replaces_says_so),
		calm_test(an_unfinished_push_is_held_and_the_next_one_lands),
		calm_test(without_zookeeper_nobody_can_tell),
		calm_test(a_rollback_can_be_followed),
	};

	return cmocka_run_group_tests_name("follow", tests, rig_fleet_setup, rig_fleet_teardown);
}
