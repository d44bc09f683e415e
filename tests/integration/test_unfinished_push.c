/*
 * A push that ended half-way: the note of the config root says that what is below it is incomplete.
 * No host takes it, whatever its mode, and servers go on as before.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_fleet.h"

#define MARK                                                                                       \
	"{\"by\":\"alice\",\"push\":{\"by\":\"alice\",\"id\":\"p1\",\"left\":7,"                   \
	"\"time\":\"2026-11-28T12:00:00Z\"}}"
#define ALL "mode = \"all\"; " FLEET_TIMES

static void begin_push(struct rig_fleet *f, const char *word)
{
	rig_zk_set(f->zk, CONFIG, MARK);
	rig_fleet_push(f, word);
}

static void end_push(struct rig_fleet *f)
{
	rig_zk_set(f->zk, CONFIG, "{\"by\":\"alice\"}");
}

static bool all_say_so(struct rig_fleet *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct rig_host *h = &f->hosts[i].host;

		if (!strstr(rig_host_status_text(h, "rollout.why"), "a push to the config is "
								    "unfinished") ||
		    strcmp(rig_host_status_text(h, "push.by"), "alice") != 0 ||
		    rig_host_status_number(h, "push.left") != 7)
			return false;
	}
	return true;
}

static bool all_served(struct rig_fleet *f, const char *words)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!rig_fleet_served(f, i, words))
			return false;
	}
	return true;
}

static void start_in_mode_all(struct rig_fleet *f)
{
	f->rollout = ALL;
	rig_fleet_start(f, 0);
	fleet_eventually(f, rig_fleet_accepted(f, "1"));
}

/* Servers are no part of a config, and are never held. */
static void assert_servers_go_on(struct rig_fleet *f)
{
	int port = rig_port();
	char path[128];

	snprintf(path, sizeof(path), CONFIG "/upstreams/app/127.0.0.1:%d", port);
	rig_zk_create_ephemeral(f->zk, path, "");
	fleet_eventually(f, rig_fleet_all_have_server(f, port));
}

static void nothing_of_it_is_rolled_out(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	begin_push(f, "2");
	fleet_eventually(f, all_say_so(f));
	rig_fleet_watch(f, 2 * USEC_PER_SEC);
	assert_true(all_served(f, "1") && rig_fleet_is(f, "idle", ""));
	assert_int_equal(rig_fleet_history(f, "2", NULL), 0);
	assert_servers_go_on(f);
	rig_fleet_push(f, "3"); /* the rest of it */
	end_push(f);
	rig_fleet_await_accepted(f, "3");
	assert_int_equal(rig_fleet_history(f, "2", NULL), 0);
	assert_string_equal(rig_fleet_field(f, "history/0000000002", "by"), "alice");
}

static void no_host_takes_it_in_mode_all(void **state)
{
	struct rig_fleet *f = *state;

	start_in_mode_all(f);
	begin_push(f, "2");
	fleet_eventually(f, all_say_so(f));
	assert_servers_go_on(f);
	rig_fleet_signal(f, 1, SIGKILL); /* a start is no reason to take it */
	rig_fleet_start_host(f, 1);
	fleet_eventually(f, all_say_so(f));
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(all_served(f, "1"));
	assert_int_equal(rig_fleet_history(f, "2", NULL), 0);
	fleet_eventually(f, rig_host_has_alert(&f->hosts[2].host, "config-push-unfinished"));
	end_push(f);
	fleet_eventually(f, rig_fleet_all_serve(f, "2") && rig_fleet_accepted(f, "2"));
	fleet_eventually(f, !rig_host_has_alert(&f->hosts[2].host, "config-push-unfinished"));
}

static void a_host_that_has_nothing_takes_what_is_accepted(void **state)
{
	struct rig_fleet *f = *state;

	start_in_mode_all(f);
	rig_fleet_signal(f, 2, SIGTERM);
	rig_nginx_stop(&f->hosts[2].host.nginx);
	rig_fleet_wipe(f, 2);
	begin_push(f, "2");
	rig_fleet_start_host(f, 2);
	fleet_eventually(f, strcmp(rig_fleet_applied(f, 2), "1") == 0);
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 2), "1") == 0);
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(all_served(f, "1"));
}

/* Where nothing was ever accepted, there is nothing to take. */
static void a_new_fleet_waits_for_the_end_of_the_push(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = ALL;
	rig_zk_set(f->zk, CONFIG, MARK);
	for (size_t i = 0; i < f->count; i++)
		rig_fleet_start_host(f, i);
	fleet_eventually(f, all_say_so(f));
	rig_fleet_watch(f, USEC_PER_SEC);
	for (size_t i = 0; i < f->count; i++)
		assert_string_not_equal(rig_fleet_serves(f, i), "1");
	end_push(f);
	fleet_eventually(f, rig_fleet_all_serve(f, "1"));
}

static void a_host_outside_of_rollouts_waits_too(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY;
	f->hosts[2].rollout = "join = false; " FLEET_CANARY;
	rig_fleet_start(f, 0);
	begin_push(f, "2");
	fleet_eventually(f, all_say_so(f));
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(all_served(f, "1"));
	end_push(f);
	fleet_eventually(f, rig_fleet_all_serve(f, "2"));
}

static void a_rollout_under_way_goes_on_with_its_own_target(void **state)
{
	struct rig_fleet *f = *state;

	rig_fleet_put_on_canary(f, 0, FLEET_STAYS);
	begin_push(f, "3");
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
	rig_fleet_watch(f, USEC_PER_SEC);
	for (size_t i = 0; i < f->count; i++)
		assert_true(rig_fleet_served(f, i, "1 2"));
	assert_true(rig_fleet_is(f, "idle", ""));
	end_push(f);
	fleet_eventually(f, rig_fleet_is(f, "canary", "3"));
}

static void roll_back_out_of_it(struct rig_fleet *f)
{
	char request[256];

	snprintf(request, sizeof(request), "{\"action\":\"rollback\",\"revision\":\"%.12s\"}",
		 rig_fleet_digest(f, "1"));
	rig_fleet_request(f, request);
	fleet_eventually(f, rig_fleet_plan_says(f, "request.result", "done"));
	assert_null(strstr(rig_zk_get(f->zk, CONFIG) ?: "", "push"));
	assert_string_equal(rig_fleet_word(f, rig_fleet_revision(f)), "1");
	fleet_eventually(f, rig_fleet_all_serve(f, "1") && rig_fleet_accepted(f, "1"));
	rig_fleet_push(f, "9"); /* the fleet works again */
	fleet_eventually(f, rig_fleet_all_serve(f, "9"));
}

static void a_rollback_ends_it(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	begin_push(f, "2");
	fleet_eventually(f, all_say_so(f));
	roll_back_out_of_it(f);
	assert_int_equal(rig_fleet_history(f, "2", NULL), 0);
}

static void a_rollback_ends_it_in_mode_all(void **state)
{
	struct rig_fleet *f = *state;

	start_in_mode_all(f);
	begin_push(f, "2");
	fleet_eventually(f, all_say_so(f));
	roll_back_out_of_it(f);
	fleet_eventually(f, all_served(f, "1 9"));
}

/* Nothing was written but the mark. */
static void a_rollback_ends_a_push_that_changed_nothing(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	rig_zk_set(f->zk, CONFIG, MARK);
	fleet_eventually(f, all_say_so(f));
	roll_back_out_of_it(f);
}

static void what_is_no_mark_holds_nothing(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = ALL;
	rig_fleet_start(f, 0);
	rig_zk_set(f->zk, CONFIG, "{\"push\":{\"by\":\"alice\",\"left\":7}}");
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_all_serve(f, "2"));
	rig_zk_set(f->zk, CONFIG, "push push push");
	rig_fleet_push(f, "3");
	fleet_eventually(f, rig_fleet_all_serve(f, "3"));
	assert_int_equal(rig_host_status_number(&f->hosts[0].host, "push.left"), 0);
	rig_host_assert_no_problems(&f->hosts[0].host);
}

static void once_and_the_dry_run_say_so(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_host *h = &f->hosts[0].host;
	char *output;

	start_in_mode_all(f);
	begin_push(f, "2");
	fleet_eventually(f, all_say_so(f));
	assert_int_equal(rig_host_run(h, &output, "--dry-run", NULL), 0);
	if (!strstr(output, "a push to the config is unfinished"))
		fail_msg("the dry run says:\n%s", output);
	rig_fleet_signal(f, 0, SIGTERM);
	assert_int_equal(rig_host_run(h, &output, "--once", NULL), 1);
	if (!strstr(output, "is unfinished"))
		fail_msg("--once says:\n%s", output);
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(all_served(f, "1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rollout_test(nothing_of_it_is_rolled_out),
		rollout_test(no_host_takes_it_in_mode_all),
		rollout_test(a_host_that_has_nothing_takes_what_is_accepted),
		rollout_test(a_new_fleet_waits_for_the_end_of_the_push),
		rollout_test(a_host_outside_of_rollouts_waits_too),
		rollout_test(a_rollout_under_way_goes_on_with_its_own_target),
		rollout_test(a_rollback_ends_it),
		rollout_test(a_rollback_ends_it_in_mode_all),
		rollout_test(a_rollback_ends_a_push_that_changed_nothing),
		rollout_test(what_is_no_mark_holds_nothing),
		rollout_test(once_and_the_dry_run_say_so),
	};

	return cmocka_run_group_tests(tests, rig_fleet_setup, rig_fleet_teardown);
}
