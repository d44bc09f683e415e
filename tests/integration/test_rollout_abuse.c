/*
 * What people do to the znodes of a fleet by mistake: they delete the plan, the history or the
 * whole config, remove permissions, and write znodes that do not belong there. No host may get a
 * revision that the plan does not permit it, and the next rollout must work.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig_fleet.h"

#define SNIPPETS CONFIG "/snippets"
#define REQUEST CLUSTER "/request"

static struct rig_host *host_of(struct rig_fleet *f, size_t i)
{
	return &f->hosts[i].host;
}

static void start(struct rig_fleet *f, size_t leader, const char *rollout)
{
	f->rollout = rollout;
	rig_fleet_start(f, leader);
}

static void restart(struct rig_fleet *f, size_t i)
{
	rig_fleet_signal(f, i, SIGTERM);
	rig_fleet_start_host(f, i);
}

static void become_operator(struct rig_fleet *f)
{
	rig_zk_auth(f->zk, "digest", "operator:secret");
}

static bool is_stopped(pid_t pid)
{
	char name[64], *text;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	text = rig_read(name);
	return text && strstr(text, "\nState:\tT");
}

/* The daemons see nothing or all of it: a part that stays for the settle time is a revision. */
static void delete_config(struct rig_fleet *f)
{
	for (size_t i = 0; i < f->count; i++) {
		rig_fleet_signal(f, i, SIGSTOP);
		eventually(NULL, is_stopped(host_of(f, i)->daemon));
	}
	rig_zk_delete_all(f->zk, CONFIG);
	for (size_t i = 0; i < f->count; i++)
		rig_fleet_signal(f, i, SIGCONT);
}

/* --- what is deleted ------------------------------------------------------------------------- */

/* The canary leads: it runs the bad revision, and that proves nothing. */
static void deleting_the_plan_accepts_no_halted_revision(void **state)
{
	struct rig_fleet *f = *state;

	f->gated = true;
	f->session_timeout = "20s"; /* the same host leads to the end */
	start(f, 0, FLEET_CANARY "on_failure = \"halt\";");
	rig_fleet_push(f, "bad");
	fleet_eventually(f, rig_fleet_is(f, "halted", "bad"));
	assert_int_equal(rig_fleet_leader(f), 0);
	fleet_eventually(f, strcmp(rig_fleet_applied(f, 0), "bad") == 0);
	rig_zk_delete(f->zk, CLUSTER "/plan");
	/* it is tried again, and fails again */
	fleet_eventually(f, rig_fleet_is(f, "halted", "bad"));
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(rig_fleet_is(f, "halted", "bad"));
	assert_string_equal(rig_fleet_word(f, f->plan.accepted), "1");
	fleet_eventually(f, rig_fleet_served(f, 1, "1") && rig_fleet_served(f, 2, "1"));
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
	fleet_eventually(f, rig_fleet_served(f, 1, "1 3") && rig_fleet_served(f, 2, "1 3"));
}

/* Is the accepted revision complete in the history, under the number in the plan? */
static bool history_has_accepted(struct rig_fleet *f, const char *word)
{
	unsigned long seq = strtoul(rig_fleet_field(f, "plan", "accepted.history"), NULL, 10);
	char entry[64];

	snprintf(entry, sizeof(entry), "history/%010lu", seq);
	return seq && atoi(rig_fleet_field(f, entry, "parts")) > 0 &&
	       strcmp(rig_fleet_field(f, entry, "outcome"), "accepted") == 0 &&
	       strcmp(rig_fleet_word(f, rig_fleet_field(f, entry, "revision")), word) == 0;
}

static void a_deleted_history_is_written_again(void **state)
{
	struct rig_fleet *f = *state;

	start(f, 0, FLEET_CANARY);
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	fleet_eventually(f, history_has_accepted(f, "2"));
	rig_zk_delete_all(f->zk, CLUSTER "/history");
	fleet_eventually(f, rig_fleet_accepted(f, "2") && history_has_accepted(f, "2"));
	/* a host without a state directory needs it while the config is another one */
	rig_fleet_change_rollout(f, FLEET_STAYS);
	rig_fleet_push(f, "3");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "3") == 0);
	rig_fleet_signal(f, 2, SIGKILL);
	rig_fleet_wipe(f, 2);
	rig_fleet_start_host(f, 2);
	fleet_eventually(f, strcmp(rig_fleet_applied(f, 2), "2") == 0);
	fleet_eventually(f, rig_fleet_served(f, 2, "1 2"));
}

static void write_config_again(struct rig_fleet *f, const char *word)
{
	char path[128];

	for (size_t i = 0; i < f->count; i++) {
		snprintf(path, sizeof(path), CONFIG "/upstreams/app/127.0.0.1:%d",
			 host_of(f, i)->nginx.port);
		rig_zk_create(f->zk, path, NULL);
	}
	rig_zk_create(f->zk, SNIPPETS "/http", NULL);
	rig_fleet_push(f, word);
}

static void a_new_host_gets_the_accepted_config_while_the_config_is_deleted(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_host *h = host_of(f, 2);

	f->session_timeout = "20s"; /* none ends while its daemon is stopped */
	start(f, 0,
	      "mode = \"canary\"; canaries = 1; batch = \"1\"; bake_time = \"300ms\"; "
	      "batch_time = \"100ms\"; settle = \"1s\"; apply_timeout = \"40s\"; "
	      "vanish_timeout = \"30s\";");
	delete_config(f);
	rig_nginx_stop(&h->nginx); /* it must not serve from memory */
	rig_fleet_signal(f, 2, SIGTERM);
	rig_fleet_wipe(f, 2);
	rig_fleet_settings(f, 2);
	rig_host_start_daemon(h);
	eventually(NULL, rig_host_live(h, "http.conf") &&
				 strstr(rig_host_live(h, "http.conf"), "default \"1\""));
	rig_nginx_start(&h->nginx);
	fleet_eventually(f, strcmp(rig_fleet_applied(f, 2), "1") == 0);
	fleet_eventually(f, rig_host_has_problem(h, CONFIG, "guard", "previous", ""));
	fleet_eventually(f, rig_fleet_all_serve(f, "1"));
	write_config_again(f, "2");
	rig_fleet_await_accepted(f, "2");
	for (size_t i = 0; i < f->count; i++)
		fleet_eventually(f, rig_host_problem_count(host_of(f, i)) == 0);
	assert_true(rig_fleet_all_have_server(f, h->nginx.port));
}

static const char *kept(struct rig_fleet *f, size_t i)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/config.tree", host_of(f, i)->nginx.state);
	return rig_read(path);
}

static bool holds_1(struct rig_fleet *f, size_t i)
{
	char znode[64];

	snprintf(znode, sizeof(znode), "members/%s", host_of(f, i)->name);
	return rig_host_problem_count(host_of(f, i)) > 0 && rig_host_is_quiet(host_of(f, i)) &&
	       strcmp(rig_fleet_applied(f, i), "1") == 0 &&
	       strcmp(rig_fleet_word(f, rig_fleet_field(f, znode, "revision")), "1") == 0;
}

/* A host reports what it really runs, and keeps its stored config. */
static void a_wiped_config_wipes_nothing_that_is_kept(void **state)
{
	struct rig_fleet *f = *state;
	const char *before[FLEET_MAX];

	f->session_timeout = "20s"; /* none ends while its daemon is stopped */
	start(f, 0, FLEET_CANARY);
	for (size_t i = 0; i < f->count; i++) {
		eventually(NULL, kept(f, i) && strstr(kept(f, i), "fleet_revision"));
		before[i] = kept(f, i);
	}
	delete_config(f);
	for (size_t i = 0; i < f->count; i++)
		fleet_eventually(f, holds_1(f, i));
	restart(f, 1);
	for (size_t i = 0; i < f->count; i++) {
		fleet_eventually(f, holds_1(f, i));
		assert_string_equal(kept(f, i), before[i]);
	}
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(rig_fleet_accepted(f, "1") && rig_fleet_all_serve(f, "1"));
	assert_int_equal(rig_fleet_history(f, NULL, NULL), 1);
}

/* --- what may not be read or written --------------------------------------------------------- */

static int make_readable(void **state)
{
	struct rig_fleet *f = *state;

	if (rig_zk_exists(f->zk, FLEET_SNIPPET))
		rig_zk_restrict(f->zk, FLEET_SNIPPET, false);
	return rig_fleet_end(state);
}

/* The word of the newest revision that this host has seen. */
static const char *seen_by(struct rig_fleet *f, size_t i)
{
	return rig_fleet_word(f, rig_host_status_text(host_of(f, i), "revision.seen"));
}

static void nothing_is_new(struct rig_fleet *f)
{
	assert_true(rig_fleet_accepted(f, "1"));
	assert_int_equal(rig_fleet_history(f, NULL, NULL), 1);
	for (size_t i = 0; i < f->count; i++) {
		fleet_eventually(f, rig_fleet_served(f, i, "1"));
		fleet_eventually(f, strcmp(rig_fleet_applied(f, i), "1") == 0);
		fleet_eventually(f, strcmp(seen_by(f, i), "1") == 0);
	}
}

/* A daemon from before has read it; one that starts later has not, and may lead. */
static void an_unreadable_object_makes_no_new_revision(void **state)
{
	struct rig_fleet *f = *state;

	start(f, 0, FLEET_CANARY);
	become_operator(f);
	rig_zk_restrict(f->zk, FLEET_SNIPPET, true);
	restart(f, 1);
	restart(f, 2);
	for (size_t i = 1; i < 3; i++)
		fleet_eventually(f, rig_host_has_problem(host_of(f, i), FLEET_SNIPPET, "access",
							 "previous", ""));
	rig_fleet_watch(f, USEC_PER_SEC);
	nothing_is_new(f);
	rig_fleet_signal(f, 0, SIGTERM);
	fleet_eventually(f, rig_fleet_leader(f) > 0);
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(rig_fleet_accepted(f, "1"));
	rig_fleet_start_host(f, 0);
	rig_fleet_watch(f, USEC_PER_SEC);
	nothing_is_new(f);
}

/* The lines of a log about the request. */
static size_t log_lines(struct rig_fleet *f, size_t i)
{
	const char *line = rig_read(host_of(f, i)->log) ?: "";
	size_t lines = 0, size;

	for (; *line; line += size + (line[size] == '\n')) {
		size = strcspn(line, "\n");
		lines += memmem(line, size, "request", strlen("request")) != NULL;
	}
	return lines;
}

/* An operator meant to create `request` with the data "pause". */
static void a_child_below_the_request_stops_no_rollout(void **state)
{
	struct rig_fleet *f = *state;
	size_t before;

	f->session_timeout = "20s"; /* the same host leads to the end */
	start(f, 1, FLEET_CANARY);
	before = log_lines(f, 1);
	/* in one transaction: the leader answers and deletes an empty request as soon as it
	 * exists */
	rig_zk_create_both(f->zk, REQUEST, REQUEST "/pause");
	fleet_eventually(f, strstr(rig_fleet_field(f, "plan", "request.result"), "refused"));
	rig_fleet_watch(f, 2 * USEC_PER_SEC);
	if (log_lines(f, 1) - before > 6)
		fail_msg("%s", rig_read(host_of(f, 1)->log));
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	assert_true(rig_zk_exists(f->zk, REQUEST "/pause"));
	rig_zk_delete_all(f->zk, REQUEST);
	rig_fleet_request(f, "pause");
	assert_true(rig_fleet_plan_says(f, "paused", "true"));
}

static bool is_alerted(const char *key, const char *subject)
{
	const char *text = rig_read(rig_path("alerts")), *line;
	char is_key[64], is_subject[64];

	snprintf(is_key, sizeof(is_key), "\"key\":\"%s\"", key);
	snprintf(is_subject, sizeof(is_subject), "\"subject\":\"%s\"", subject);
	for (line = text; line && *line; line += *line == '\n') {
		size_t size = strcspn(line, "\n");

		if (memmem(line, size, is_key, strlen(is_key)) &&
		    memmem(line, size, is_subject, strlen(is_subject)))
			return true;
		line += size;
	}
	return false;
}

static void a_protected_live_list_stops_no_rollout(void **state)
{
	struct rig_fleet *f = *state;
	char alerts[512];

	unlink(rig_path("alerts"));
	/* one write an alert */
	snprintf(alerts, sizeof(alerts),
		 "alerts: { command = [ \"/bin/sh\", \"-c\", "
		 "\"printf '%%s\\\\n' \\\"$(tr -d ' \\\\n')\\\" >>%s\" ];\n"
		 "          raise_after = \"0s\"; clear_after = \"0s\"; };\n",
		 rig_path("alerts"));
	f->more = alerts;
	start(f, 1, FLEET_CANARY);
	become_operator(f);
	eventually(NULL, rig_zk_exists(f->zk, CLUSTER "/live"));
	rig_zk_protect(f->zk, CLUSTER "/live");
	rig_zk_set(f->zk, CLUSTER "/live", "127.0.0.1:1");
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
	assert_string_equal(rig_zk_get(f->zk, CLUSTER "/live"), "127.0.0.1:1");
	fleet_eventually(f, is_alerted("fleet-leader-hindered", "live"));
}

/* --- what comes and goes --------------------------------------------------------------------- */

static struct {
	pthread_t thread;
	struct rig_zk *zk;
	atomic_bool over;
} churn;

/* Servers that register and go, some tens each second; refused where there is no upstream. */
static void *register_and_go(void *unused UNUSED)
{
	char path[128];

	for (unsigned i = 0; !atomic_load(&churn.over); i++) {
		snprintf(path, sizeof(path), CONFIG "/upstreams/new/127.0.0.1:%u", 1000 + i % 500);
		rig_zk_send_create_ephemeral(churn.zk, path, NULL);
		if (i >= 3) {
			snprintf(path, sizeof(path), CONFIG "/upstreams/new/127.0.0.1:%u",
				 1000 + (i - 3) % 500);
			rig_zk_send_delete(churn.zk, path);
		}
		poll(NULL, 0, 20); /* the rate of registrations */
	}
	rig_zk_drain(churn.zk);
	return NULL;
}

static int stop_churn(void **state)
{
	if (churn.zk) {
		atomic_store(&churn.over, true);
		pthread_join(churn.thread, NULL);
		rig_zk_close(TAKE(churn.zk));
	}
	return rig_fleet_end(state);
}

static void start_churn(struct rig_fleet *f)
{
	atomic_store(&churn.over, false);
	churn.zk = rig_zk_connect(rig_zookeeper_hosts(f->zookeeper));
	assert_int_equal(pthread_create(&churn.thread, NULL, register_and_go, NULL), 0);
}

static void rolled_back_while_servers_come_and_go(void **state)
{
	struct rig_fleet *f = *state;
	char request[128];

	start(f, 0, FLEET_CANARY);
	rig_zk_create(f->zk, CONFIG "/upstreams/new", NULL);
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	start_churn(f);
	fleet_eventually(f, *rig_zk_children(f->zk, CONFIG "/upstreams/new"));
	snprintf(request, sizeof(request), "{\"action\":\"rollback\",\"revision\":\"%.12s\"}",
		 rig_fleet_digest(f, "1"));
	rig_fleet_request(f, request);
	rig_fleet_await_accepted(f, "1");
	assert_false(rig_zk_exists(f->zk, CONFIG "/upstreams/new"));
	assert_true(rig_fleet_plan_says(f, "request.result", "done"));
	for (size_t i = 0; i < f->count; i++)
		fleet_eventually(f, rig_fleet_served(f, i, "1 2 1"));
}

/* A deployment pushes the upstream first, and starts the application after that. */
static void an_upstream_without_servers_is_pushed_with_its_site(void **state)
{
	struct rig_fleet *f = *state;
	const char *outcome = "";
	char site[256];
	int port = rig_port();

	start(f, 1,
	      "mode = \"canary\"; canaries = 1; batch = \"1\"; bake_time = \"300ms\"; "
	      "batch_time = \"100ms\"; settle = \"1s\"; apply_timeout = \"40s\"; "
	      "vanish_timeout = \"30s\"; on_failure = \"revert\";");
	snprintf(site, sizeof(site),
		 "{\"listen\":[\"127.0.0.1:%d reuseport\"],\"server_names\":[\"new.example\"],"
		 "\"locations\":[{\"path\":\"/\",\"proxy\":\"new\"}]}",
		 port);
	rig_zk_create(f->zk, CONFIG "/upstreams/new", "{}");
	rig_zk_create(f->zk, CONFIG "/sites/new", site);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_accepted(f, "2") || rig_fleet_is(f, "reverted", NULL));
	assert_string_equal(rig_fleet_field(f, "plan", "failure.message"), "");
	rig_fleet_await_accepted(f, "2");
	assert_int_equal(rig_nginx_get(port, "/", NULL, NULL), 502);
	fleet_eventually(f, rig_fleet_history(f, "2", &outcome) == 1 &&
				    strcmp(outcome, "accepted") == 0);
}

/* --- what does not belong there -------------------------------------------------------------- */

/* A copy of a member, made by hand: its name is the first, it is healthy, and it has no daemon. As
 * a canary it would stop every rollout. */
static void a_member_without_a_daemon_is_no_canary(void **state)
{
	struct rig_fleet *f = *state;
	const char *copy;
	char all[128];

	start(f, 1,
	      "mode = \"canary\"; canaries = 2; batch = \"1\"; bake_time = \"1h\"; "
	      "batch_time = \"100ms\"; settle = \"100ms\"; apply_timeout = \"40s\"; "
	      "vanish_timeout = \"30s\";");
	f->promoted = true; /* two canaries are one step */
	copy = rig_zk_get(f->zk, CLUSTER "/members/web1");
	rig_zk_create(f->zk, CLUSTER "/members/aa", copy);
	rig_zk_create(f->zk, CLUSTER "/members/zz",
		      "{\"host\":\"zz\",\"address\":\"127.0.0.1:1\",\"state\":\"applied\","
		      "\"mode\":\"canary\",\"nginx\":\"up\",\"rollout\":\"joined\"}");
	rig_fleet_push(f, "2");
	fleet_eventually(f, *f->plan.hosts);
	assert_string_equal(f->plan.hosts, "web1 web2");
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
	snprintf(all, sizeof(all), "127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d", f->hosts[0].port,
		 f->hosts[1].port, f->hosts[2].port);
	eventually(NULL, strcmp(rig_zk_get(f->zk, CLUSTER "/live") ?: "", all) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rollout_test(deleting_the_plan_accepts_no_halted_revision),
		rollout_test(a_deleted_history_is_written_again),
		rollout_test(a_new_host_gets_the_accepted_config_while_the_config_is_deleted),
		rollout_test(a_wiped_config_wipes_nothing_that_is_kept),
		cmocka_unit_test_setup_teardown(an_unreadable_object_makes_no_new_revision,
						rig_fleet_begin, make_readable),
		rollout_test(a_child_below_the_request_stops_no_rollout),
		rollout_test(a_protected_live_list_stops_no_rollout),
		cmocka_unit_test_setup_teardown(rolled_back_while_servers_come_and_go,
						rig_fleet_begin, stop_churn),
		rollout_test(an_upstream_without_servers_is_pushed_with_its_site),
		rollout_test(a_member_without_a_daemon_is_no_canary),
	};

	return cmocka_run_group_tests_name("rollout_abuse", tests, rig_fleet_setup,
					   rig_fleet_teardown);
}
