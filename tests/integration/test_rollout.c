/*
 * Rollouts on three hosts: a revision goes to the canary and then to the others, or stops at the
 * canary. No host gets it before its turn (rig_fleet.h checks that all the time).
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rig_fleet.h"

static const char *outcome_of(struct rig_fleet *f, const char *word)
{
	const char *outcome = "";

	rig_fleet_history(f, word, &outcome);
	return outcome;
}

static void count_reloads(const struct rig_fleet *f, unsigned reloads[3])
{
	for (size_t i = 0; i < 3; i++)
		reloads[i] = rig_nginx_reloads(&f->hosts[i].host.nginx);
}

/* When the link to the live generation was made. */
static uint64_t live_since(const struct rig_fleet *f, size_t i)
{
	struct stat st;
	char path[512];

	snprintf(path, sizeof(path), "%s/live", f->hosts[i].host.nginx.state);
	assert_int_equal(lstat(path, &st), 0);
	return (uint64_t)st.st_mtim.tv_sec * USEC_PER_SEC + (uint64_t)st.st_mtim.tv_nsec / 1000;
}

static void in_mode_all_every_host_takes_it_at_once(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = "mode = \"all\";";
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_all_serve(f, "2"));
	for (size_t i = 0; i < f->count; i++) {
		fleet_eventually(f, strcmp(rig_fleet_applied(f, i), "2") == 0);
		fleet_eventually(f, rig_fleet_served(f, i, "1 2"));
	}
}

static void a_good_revision_goes_to_the_canary_and_then_on(void **state)
{
	struct rig_fleet *f = *state;
	unsigned reloads[3];

	f->rollout = FLEET_CANARY_BAKING("1s");
	rig_fleet_start(f, 0);
	count_reloads(f, reloads);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_accepted(f, "2"));
	for (size_t i = 0; i < 3; i++) {
		fleet_eventually(f, strcmp(rig_fleet_applied(f, i), "2") == 0);
		fleet_eventually(f, rig_fleet_served(f, i, "1 2"));
		assert_int_equal(rig_nginx_reloads(&f->hosts[i].host.nginx), reloads[i] + 1);
	}
	/* after the bake time */
	assert_true(live_since(f, 1) > live_since(f, 0) + USEC_PER_SEC);
	assert_true(live_since(f, 2) > live_since(f, 0) + USEC_PER_SEC);
	fleet_eventually(f, strcmp(outcome_of(f, "2"), "accepted") == 0);
	assert_int_equal(rig_fleet_history(f, NULL, NULL), 2);
}

/* The canary has loaded another revision, and "1" again, since these reloads. It may have had the
 * other one for too short a time to be seen. */
static void only_the_canary_had_another(struct rig_fleet *f, const unsigned reloads[3])
{
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "1") == 0);
	assert_int_equal(rig_nginx_reloads(&f->hosts[0].host.nginx), reloads[0] + 2);
	for (size_t i = 1; i < 3; i++) {
		fleet_eventually(f, rig_fleet_served(f, i, "1"));
		assert_int_equal(rig_nginx_reloads(&f->hosts[i].host.nginx), reloads[i]);
	}
}

static void a_failed_gate_stops_at_the_canary_and_reverts(void **state)
{
	struct rig_fleet *f = *state;
	unsigned reloads[3];

	f->rollout = FLEET_CANARY "on_failure = \"revert\";";
	f->gated = true;
	rig_fleet_start(f, 0);
	count_reloads(f, reloads);
	rig_fleet_push(f, "bad");
	fleet_eventually(f, rig_fleet_is(f, "reverted", NULL));
	fleet_eventually(f, rig_fleet_all_serve(f, "1"));
	only_the_canary_had_another(f, reloads);
	assert_string_equal(rig_fleet_field(f, "plan", "failure.host"), "web1");
	assert_non_null(strstr(rig_fleet_field(f, "plan", "failure.message"), "the site is bad"));
	fleet_eventually(f, strcmp(outcome_of(f, "bad"), "reverted") == 0);
	/* it stays withdrawn, and the next revision is rolled out */
	rig_fleet_watch(f, USEC_PER_SEC);
	only_the_canary_had_another(f, reloads);
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
	fleet_eventually(f, rig_fleet_served(f, 2, "1 3"));
	assert_true(rig_fleet_plan_says(f, "failure.host", ""));
}

/* A newcomer that claims what a live object has: it is left out on the canary, and then
 * reverted. */
static void a_newcomer_that_clashes_is_reverted_and_leaves_nothing(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY "on_failure = \"revert\";";
	rig_fleet_start(f, 0);
	rig_zk_set(f->zk, CONFIG "/snippets/http/a-team",
		   "map $host $fleet_revision { default \"stolen\"; }\n");
	fleet_eventually(f, rig_fleet_is(f, "reverted", NULL));
	assert_string_equal(rig_fleet_field(f, "plan", "failure.host"), "web1");
	assert_string_equal(rig_fleet_field(f, "plan", "failure.znode"),
			    CONFIG "/snippets/http/a-team");
	fleet_eventually(f, rig_host_problem_count(&f->hosts[0].host) == 0);
	for (size_t i = 0; i < 3; i++)
		fleet_eventually(f, rig_fleet_served(f, i, "1"));
}

/* nginx itself reports each 5xx answer to the probe; each check of the host is a request. */
static void answers_with_errors_stop_at_the_canary(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_STAYS "on_failure = \"revert\"; max_errors = 5; min_requests = 20;";
	f->probed = true;
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	fleet_eventually(f,
			 strcmp(rig_fleet_field(f, "members/web1", "gate.verdict"), "good") == 0);
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
	rig_fleet_push(f, "sick");
	fleet_eventually(f, rig_fleet_is(f, "reverted", NULL));
	fleet_eventually(f, rig_fleet_served(f, 0, "1 2 sick 2"));
	fleet_eventually(f, rig_fleet_served(f, 1, "1 2") && rig_fleet_served(f, 2, "1 2"));
	assert_string_equal(rig_fleet_field(f, "plan", "failure.host"), "web1");
	assert_non_null(strstr(rig_fleet_field(f, "plan", "failure.message"), "5xx"));
}

static void what_nginx_refuses_stops_with_the_znode_and_the_reason(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY "on_failure = \"halt\";";
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2!");
	fleet_eventually(f, rig_fleet_is(f, "halted", "2!"));
	assert_string_equal(rig_fleet_field(f, "plan", "failure.host"), "web1");
	assert_string_equal(rig_fleet_field(f, "plan", "failure.znode"), FLEET_SNIPPET);
	assert_non_null(strstr(rig_fleet_field(f, "plan", "failure.message"), "duplicate"));
	assert_non_null(
		strstr(rig_fleet_field(f, "plan", "failure.message"), "(line 1 of the znode)"));
	fleet_eventually(f, strcmp(outcome_of(f, "2!"), "halted") == 0);
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(rig_fleet_is(f, "halted", "2!"));
	for (size_t i = 0; i < 3; i++)
		fleet_eventually(f, rig_fleet_served(f, i, "1"));
	for (size_t i = 1; i < 3; i++) {
		assert_string_equal(rig_fleet_applied(f, i), "1");
		rig_host_assert_no_problems(&f->hosts[i].host);
	}
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
}

/* The change of the revision's map that --dry-run shows; "" = none. */
static const char *shown(struct rig_fleet *f, size_t i)
{
	static char text[64];
	char *output, *at;

	/* without a state directory nginx cannot start */
	if (rig_host_run(&f->hosts[i].host, &output, "--dry-run", NULL) != 0 &&
	    rig_host_live(&f->hosts[i].host, "http.conf"))
		fail_msg("%s", output);
	at = strstr(output, "\n+map $host $fleet_revision { default \"");
	snprintf(text, sizeof(text), "%s", at ? strchr(at, '"') + 1 : "");
	text[strcspn(text, "\"")] = '\0';
	return text;
}

static void dry_run_shows_what_the_host_may_run(void **state)
{
	struct rig_fleet *f = *state;

	rig_fleet_put_on_canary(f, 0, FLEET_STAYS);
	assert_string_equal(shown(f, 0), ""); /* it runs the target */
	assert_string_equal(shown(f, 1), ""); /* not permitted yet */
	rig_fleet_signal(f, 2, SIGTERM);
	rig_fleet_wipe(f, 2);
	assert_string_equal(shown(f, 2), "1"); /* from the history */
	rig_fleet_start_host(f, 2);
	fleet_eventually(f, strcmp(rig_fleet_applied(f, 2), "1") == 0);
	assert_string_equal(shown(f, 2), "");
}

static void a_newer_revision_supersedes(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_STAYS;
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_served(f, 0, "1 2"));
	rig_fleet_push(f, "3");
	fleet_eventually(f, rig_fleet_is(f, "canary", "3"));
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "3");
	fleet_eventually(f, rig_fleet_served(f, 0, "1 2 3"));
	fleet_eventually(f, rig_fleet_served(f, 1, "1 3"));
	fleet_eventually(f, rig_fleet_served(f, 2, "1 3"));
	fleet_eventually(f, strcmp(outcome_of(f, "2"), "superseded") == 0);
	fleet_eventually(f, strcmp(outcome_of(f, "3"), "accepted") == 0);
}

/* The accepted revision is published again during a rollout of another one. */
static void a_revision_that_is_taken_back_in_zookeeper_is_withdrawn(void **state)
{
	struct rig_fleet *f = *state;
	unsigned reloads[3];

	f->rollout = FLEET_STAYS;
	rig_fleet_start(f, 0);
	count_reloads(f, reloads);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_served(f, 0, "1 2"));
	rig_fleet_push(f, "1");
	rig_fleet_await_accepted(f, "1");
	only_the_canary_had_another(f, reloads);
	fleet_eventually(f, strcmp(outcome_of(f, "2"), "withdrawn") == 0);
}

static char *server_path(int port)
{
	static char path[128];

	snprintf(path, sizeof(path), CONFIG "/upstreams/app/127.0.0.1:%d", port);
	return path;
}

/* Old workers may answer for a while after a reload. */
static void await_serving(struct rig_fleet *f, const char *canary, const char *others)
{
	for (size_t i = 0; i < 3; i++)
		fleet_eventually(f, strcmp(rig_fleet_serves(f, i), i ? others : canary) == 0);
}

/* A server registers itself and goes; every host follows both, on its own revision. */
static void endpoints_flow(struct rig_fleet *f, const char *canary, const char *others)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(f->zookeeper));
	int port = rig_port();

	rig_zk_create_ephemeral(app, server_path(port), NULL);
	fleet_eventually(f, rig_fleet_all_have_server(f, port));
	for (size_t i = 0; i < 3; i++)
		fleet_eventually(f, rig_host_is_quiet(&f->hosts[i].host));
	await_serving(f, canary, others);
	rig_zk_close(app);
	for (size_t i = 0; i < 3; i++)
		fleet_eventually(f, !rig_fleet_has_server(f, i, port));
	await_serving(f, canary, others);
}

static void endpoints_flow_whatever_the_rollout_does(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_STAYS "on_failure = \"halt\";";
	f->gated = true;
	rig_fleet_start(f, 0);
	endpoints_flow(f, "1", "1");
	rig_fleet_push(f, "2");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "2") == 0);
	endpoints_flow(f, "2", "1");
	assert_true(rig_fleet_is(f, "canary", "2"));
	rig_fleet_request(f, "pause");
	endpoints_flow(f, "2", "1");
	rig_fleet_push(f, "bad");
	rig_fleet_request(f, "resume");
	fleet_eventually(f, rig_fleet_is(f, "halted", "bad"));
	endpoints_flow(f, "bad", "1");
	rig_fleet_request(f, "abort");
	fleet_eventually(f, rig_fleet_is(f, "reverted", NULL));
	endpoints_flow(f, "1", "1");
}

/* A loss of servers does not count against a revision, also when a guard holds them. */
/* No host reports that it runs a revision whose deletions are not live. */
static void deletions_are_live(struct rig_fleet *f, const char *revision, const char *gone)
{
	for (size_t i = 0; i < f->count; i++) {
		struct rig_host *h = &f->hosts[i].host;
		bool applied = strcmp(rig_host_status_text(h, "revision.applied"), revision) == 0;

		if (applied && strstr(rig_host_live(h, "http.conf"), gone))
			fail_msg("%s says that it runs the revision, and still has %s", h->name,
				 gone);
	}
}

static bool is_accepted(struct rig_fleet *f, const char *revision, const char *gone)
{
	deletions_are_live(f, revision, gone);
	return rig_fleet_is(f, "idle", "") && strcmp(f->plan.accepted, revision) == 0;
}

/* The guard postpones a deletion for a second, which is longer than the bake time. */
static void the_trial_of_a_deletion_waits_until_nginx_runs_it(void **state)
{
	struct rig_fleet *f = *state;
	char revision[80];

	f->rollout = FLEET_CANARY_BAKING("100ms");
	rig_zk_create(f->zk, CONFIG "/snippets/http/old", "map $uri $old { default 1; }\n");
	rig_fleet_push(f, "1");
	rig_fleet_start(f, 0);
	rig_zk_delete(f->zk, CONFIG "/snippets/http/old");
	snprintf(revision, sizeof(revision), "%s", rig_fleet_revision(f));
	fleet_eventually(f, is_accepted(f, revision, "$old"));
	for (size_t i = 0; i < f->count; i++)
		fleet_eventually(f, !strstr(rig_host_live(&f->hosts[i].host, "http.conf"), "$old"));
}

/* The same, together with a new object: that one is live at once, but is only a part of the
 * revision. */
static void the_trial_of_a_replacement_waits_for_all_of_it(void **state)
{
	struct rig_fleet *f = *state;
	char revision[80];

	f->rollout = FLEET_CANARY_BAKING("100ms");
	rig_zk_create(f->zk, CONFIG "/upstreams/old", "");
	rig_zk_create(f->zk, CONFIG "/upstreams/old/127.0.0.1:1", "");
	rig_fleet_push(f, "1");
	rig_fleet_start(f, 0);
	rig_zk_create(f->zk, CONFIG "/upstreams/new", "");
	rig_zk_create(f->zk, CONFIG "/upstreams/new/127.0.0.1:1", "");
	rig_zk_delete_all(f->zk, CONFIG "/upstreams/old");
	snprintf(revision, sizeof(revision), "%s", rig_fleet_revision(f));
	fleet_eventually(f, is_accepted(f, revision, "upstream old"));
}

static void servers_that_go_halt_no_rollout(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(f->zookeeper));

	f->rollout = FLEET_STAYS;
	rig_zk_create(f->zk, CONFIG "/upstreams/svc", "");
	rig_fleet_push(f, "1");
	rig_zk_create_ephemeral(app, CONFIG "/upstreams/svc/127.0.0.1:9", NULL);
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "2") == 0);
	rig_zk_close(app);
	for (size_t i = 0; i < 3; i++)
		fleet_eventually(f, rig_host_is(&f->hosts[i].host, "held"));
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(rig_fleet_is(f, "canary", "2"));
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
	assert_true(rig_fleet_all_have_server(f, 9));
}

/* An upstream that is new in the target, and its servers: only the canary has them. */
static void an_upstream_of_the_target_is_only_on_the_canary(void **state)
{
	struct rig_fleet *f = *state;
	int port = rig_port();
	char path[128];

	f->rollout = FLEET_STAYS;
	rig_fleet_start(f, 0);
	snprintf(path, sizeof(path), CONFIG "/upstreams/new/127.0.0.1:%d", port);
	rig_zk_create(f->zk, path, NULL);
	fleet_eventually(f, rig_fleet_has_server(f, 0, port));
	assert_false(rig_fleet_has_server(f, 1, port));
	rig_fleet_promote(f, "{\"action\":\"promote\"}");
	fleet_eventually(f, rig_fleet_has_server(f, 1, port));
	fleet_eventually(f, rig_fleet_is(f, "idle", ""));
	assert_true(rig_fleet_all_have_server(f, port));
}

/* Settings are read again on SIGHUP. */
static void set_part(struct rig_fleet *f, size_t i, const char *part, const char *rollout)
{
	char member[64];

	snprintf(member, sizeof(member), "members/%s", f->hosts[i].host.name);
	f->hosts[i].rollout = rollout;
	rig_fleet_settings(f, i);
	rig_fleet_signal(f, i, SIGHUP);
	fleet_eventually(f, strcmp(rig_fleet_field(f, member, "rollout"), part) == 0);
}

static void exempt_and_frozen_hosts_are_left_out(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = FLEET_CANARY;
	rig_fleet_add(f);
	rig_fleet_start(f, 0);
	set_part(f, 1, "exempt", FLEET_CANARY "join = false;");
	set_part(f, 2, "frozen", FLEET_CANARY "freeze = true;");
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_accepted(f, "2"));
	for (size_t i = 0; i < 4; i++) {
		const char *word = i == 2 ? "1" : "2";

		fleet_eventually(f, strcmp(rig_fleet_serves(f, i), word) == 0);
	}
	fleet_eventually(f, rig_fleet_served(f, 2, "1"));
	/* no longer frozen, it takes what was accepted meanwhile */
	set_part(f, 2, "joined", FLEET_CANARY);
	fleet_eventually(f, rig_fleet_all_serve(f, "2"));
}

static void canaries_may_be_named(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = "mode = \"canary\"; canaries = [ \"web3\" ]; batch = \"1\"; "
		     "bake_time = \"1h\"; " FLEET_TIMES;
	rig_fleet_start(f, 2);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_served(f, 2, "1 2"));
	assert_string_equal(f->plan.hosts, "web3");
	fleet_eventually(f, rig_fleet_served(f, 0, "1"));
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
}

static void batches_may_be_percentages(void **state)
{
	struct rig_fleet *f = *state;

	f->rollout = "mode = \"canary\"; canaries = 1; batch = \"100%\"; "
		     "bake_time = \"1h\"; " FLEET_TIMES;
	f->promoted = true;
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_is(f, "canary", "2"));
	assert_string_equal(f->plan.hosts, "web1");
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
	fleet_eventually(f, rig_fleet_served(f, 2, "1 2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rollout_test(in_mode_all_every_host_takes_it_at_once),
		rollout_test(a_good_revision_goes_to_the_canary_and_then_on),
		rollout_test(a_failed_gate_stops_at_the_canary_and_reverts),
		rollout_test(a_newcomer_that_clashes_is_reverted_and_leaves_nothing),
		rollout_test(answers_with_errors_stop_at_the_canary),
		rollout_test(what_nginx_refuses_stops_with_the_znode_and_the_reason),
		rollout_test(dry_run_shows_what_the_host_may_run),
		rollout_test(a_newer_revision_supersedes),
		rollout_test(a_revision_that_is_taken_back_in_zookeeper_is_withdrawn),
		rollout_test(endpoints_flow_whatever_the_rollout_does),
		rollout_test(the_trial_of_a_deletion_waits_until_nginx_runs_it),
		rollout_test(the_trial_of_a_replacement_waits_for_all_of_it),
		rollout_test(servers_that_go_halt_no_rollout),
		rollout_test(an_upstream_of_the_target_is_only_on_the_canary),
		rollout_test(exempt_and_frozen_hosts_are_left_out),
		rollout_test(canaries_may_be_named),
		rollout_test(batches_may_be_percentages),
	};

	return cmocka_run_group_tests_name("rollout", tests, rig_fleet_setup, rig_fleet_teardown);
}
