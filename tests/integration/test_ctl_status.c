/* zknginxctl status, members and problems, on fleets of real daemons. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_ctl.h"
#include "rig_fleet.h"

#define NO_ALERTS "alerts: { raise_after = \"1h\"; };"

static const char *settings(const struct rig_fleet *f)
{
	return f->hosts[0].host.settings;
}

#define ctl(f, ...) rig_ctl(settings(f), __VA_ARGS__, NULL)

static void start(struct rig_fleet *f, const char *rollout)
{
	struct rig_ctl_result r;

	f->rollout = rollout;
	f->more = NO_ALERTS;
	rig_fleet_start(f, 0);
	r = ctl(f, "status", "--wait", "--timeout", "60s");
	rig_ctl_assert_code(&r, 0);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (text = strstr(text, part); text; text = strstr(text + 1, part))
		count++;
	return count;
}

/* Is the text in the output of `status`? */
static bool says(const struct rig_fleet *f, const char *text)
{
	struct rig_ctl_result r = ctl(f, "status");

	return strstr(r.out, text);
}

static json_t *element(const json_t *list, const char *key, const char *value)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		if (strcmp(json_string_value(json_object_get(item, key)) ?: "", value) == 0)
			return item;
	}
	fail_msg("no %s %s", key, value);
	return NULL;
}

/* --- once ------------------------------------------------------------------------------------ */

static void a_healthy_fleet_is_a_table_of_its_hosts(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f, FLEET_CANARY);
	r = ctl(f, "status");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "3 hosts");
	assert_says(r.out, "web3");
	assert_says(r.out, "leader");
	assert_says(r.out, "up, 2 workers");
	assert_says(r.out, "Rollout: idle");
	assert_says(r.out, "Healthy.");
	assert_says_not(r.out, "\x1b");
	assert_string_equal(r.err, "");
}

/* The plan names no host, and the revision is on all of them. */
static void in_mode_all_no_host_takes_part_in_rollouts(void **state)
{
	struct rig_fleet *f = *state;

	start(f, "");
	eventually(NULL, says(f, "on 3 of 3 hosts"));
	eventually(NULL, says(f, "no host takes part in rollouts (mode all)"));
	assert_false(says(f, "0 of 0"));
}

static void the_json_of_the_status_has_a_stable_shape(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j, *host, *rollout;

	start(f, FLEET_CANARY);
	r = ctl(f, "status", "--json");
	rig_ctl_assert_code(&r, 0);
	j = rig_ctl_json(&r);
	assert_string_equal(rig_json_keys(j),
			    "alerts cluster config connected drains healthy hosts leader moving "
			    "problems push quiet reporters request rollout source time wrong");
	assert_true(json_is_true(json_object_get(j, "healthy")));
	assert_true(json_is_true(json_object_get(j, "quiet")));
	assert_string_equal(rig_json_text(j, "leader"), "web1");
	assert_string_equal(rig_json_text(j, "config"), rig_fleet_revision(f));
	host = json_array_get(json_object_get(j, "hosts"), 1);
	assert_string_equal(rig_json_keys(host),
			    "error generation good host nginx permitted problems "
			    "reported revision roles since state");
	assert_string_equal(rig_json_text(host, "host"), "web2");
	assert_string_equal(rig_json_text(host, "state"), "applied");
	assert_string_equal(rig_json_keys(json_object_get(host, "nginx")),
			    "old_workers pid up workers");
	rollout = json_object_get(j, "rollout");
	assert_string_equal(rig_json_keys(rollout),
			    "accepted canaries failure followers hosts last_request mode paused "
			    "phase publish since step stopped target");
	assert_string_equal(rig_json_keys(json_object_get(rollout, "accepted")),
			    "by history hosts note revision");
	json_decref(j);
}

static void a_host_that_left_is_missing_and_the_fleet_is_not_healthy(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j;

	start(f, FLEET_CANARY);
	rig_fleet_signal(f, 2, SIGTERM);
	eventually(NULL, !rig_zk_exists(f->zk, CLUSTER "/members/web3"));
	r = ctl(f, "status");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "1 missing");
	assert_says(r.out, "web3 is not in the fleet");
	r = ctl(f, "status", "--json");
	j = rig_ctl_json(&r);
	assert_string_equal(
		rig_json_text(element(json_object_get(j, "hosts"), "host", "web3"), "state"),
		"missing");
	assert_string_equal(
		rig_json_text(element(json_object_get(j, "wrong"), "host", "web3"), "key"),
		"host-missing");
	json_decref(j);
	r = ctl(f, "status", "web3");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "last report");
	r = ctl(f, "problems");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.err, "web3 is not in the fleet");
}

static void the_report_of_a_host_is_shown_whole(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j;

	start(f, FLEET_CANARY);
	/* it learns who leads after it has joined, and reports that after a while */
	eventually(NULL, (r = ctl(f, "status", "web2"), strstr(r.out, "leader web1")));
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "host         web2");
	assert_says(r.out, rig_fleet_revision(f));
	assert_says(r.out, "mode canary, joined");
	r = ctl(f, "status", "web2", "--json");
	j = rig_ctl_json(&r);
	assert_string_equal(rig_json_keys(j), "error good host member present report roles source");
	assert_string_equal(rig_json_text(json_object_get(j, "report"), "host"), "web2");
	json_decref(j);
	r = ctl(f, "status", "nosuch");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "no host \"nosuch\"");
}

static void a_halted_rollout_names_the_host_and_the_reason_and_ends_the_waiting(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j, *failure;

	f->gated = true;
	start(f, FLEET_CANARY);
	rig_fleet_push(f, "bad");
	r = ctl(f, "status", "--wait", "--timeout", "60s");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "halted");
	assert_says(r.out, "host web1");
	assert_says(r.out, "the site is bad");
	assert_says(r.out, "zknginxctl rollback");
	r = ctl(f, "status", "--json");
	rig_ctl_assert_code(&r, 1);
	j = rig_ctl_json(&r);
	failure = json_object_get(json_object_get(j, "rollout"), "failure");
	assert_string_equal(rig_json_text(failure, "host"), "web1");
	json_decref(j);
	/* A correction is waited for. */
	rig_fleet_push(f, "3");
	r = ctl(f, "status", "--wait", "--timeout", "60s");
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_fleet_all_serve(f, "3"));
}

static void a_problem_of_all_hosts_is_one(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j, *p;

	start(f, "mode = \"all\";");
	rig_zk_create(f->zk, CONFIG "/sites/wrong", "{\n\"listen\": [\"80\"],\n\"locatio\": 1}");
	eventually(NULL, says(f, "on 3 of 3 hosts, since"));
	r = ctl(f, "problems");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, CONFIG "/sites/wrong");
	assert_says(r.out, "locatio: ");
	assert_says(r.out, "on 3 of 3 hosts");
	assert_says(r.out, "nothing of it is served");
	r = ctl(f, "problems", "--json");
	rig_ctl_assert_code(&r, 1);
	j = rig_ctl_json(&r);
	assert_string_equal(rig_json_keys(j), "missing problems reporters");
	p = json_array_get(json_object_get(j, "problems"), 0);
	assert_string_equal(rig_json_keys(p), "field hosts kind line message serving_absent "
					      "serving_previous since znode");
	assert_int_equal(json_array_size(json_object_get(p, "hosts")), 3);
	json_decref(j);
	r = ctl(f, "status");
	rig_ctl_assert_code(&r, 1);
	rig_zk_delete(f->zk, CONFIG "/sites/wrong");
	r = ctl(f, "status", "--wait", "--timeout", "60s");
	rig_ctl_assert_code(&r, 0);
	r = ctl(f, "problems");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "No problems");
}

static void znodes_that_no_daemon_wrote_are_named_and_cannot_steer_the_terminal(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f, FLEET_CANARY);
	rig_zk_create(f->zk, CLUSTER "/reports/torn", "{\"state\":");
	rig_zk_create_ephemeral(f->zk, CLUSTER "/members/evil", "[1,2,3]");
	rig_zk_create(f->zk, CLUSTER "/reports/evil",
		      "{\"state\": \"applied\", \"host\": \"\\u001b]0;gotcha\\u0007\", "
		      "\"alerts\": [{\"key\": \"\\u001b[2J\", \"severity\": 7}], "
		      "\"problems\": 12}");
	rig_zk_set(f->zk, CLUSTER "/request", "\x1b[31mjump");
	r = ctl(f, "status");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, CLUSTER "/reports/torn is not a report");
	assert_says(r.out, CLUSTER "/members/evil is not a daemon's znode");
	assert_says_not(r.out, "\x1b");
	r = ctl(f, "status", "evil");
	rig_ctl_assert_code(&r, 1);
	assert_says_not(r.out, "\x1b");
	assert_says(r.out, "\\x1b]0;gotcha");
	rig_zk_set(f->zk, CLUSTER "/plan", "garbage");
	r = ctl(f, "status");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "the plan cannot be read");
	rig_zk_delete(f->zk, CLUSTER "/members/evil");
}

static void members_say_what_each_host_says_of_itself(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j;

	start(f, FLEET_CANARY);
	r = ctl(f, "members");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "127.0.0.1:");
	assert_says(r.out, "canary");
	assert_says(r.out, "0.1.0");
	r = ctl(f, "members", "--json");
	j = rig_ctl_json(&r);
	assert_int_equal(json_array_size(j), 3);
	assert_string_equal(rig_json_keys(json_array_get(j, 0)),
			    "address gate host id mode nginx problems revision roles rollout seen "
			    "since state version");
	json_decref(j);
}

static void an_unfinished_push_is_told(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j;

	start(f, FLEET_CANARY);
	rig_zk_set(f->zk, CONFIG,
		   "{\"push\": {\"by\": \"bob\", \"id\": \"7\", "
		   "\"time\": \"2026-11-28T09:00:00Z\", \"left\": 12}}");
	r = ctl(f, "status");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "a push by bob is unfinished, and 12 znodes are not written yet");
	r = ctl(f, "status", "--json");
	j = rig_ctl_json(&r);
	assert_string_equal(rig_json_keys(json_object_get(j, "push")), "by id left time");
	json_decref(j);
}

/* --- without ZooKeeper ----------------------------------------------------------------------- */

static void without_zookeeper_this_host_is_shown_and_nothing_is_good(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j;

	start(f, FLEET_CANARY);
	rig_zookeeper_kill(f->zookeeper);
	r = ctl(f, "status", "--timeout", "500ms");
	rig_ctl_assert_code(&r, 3);
	assert_says(r.err, "does not answer");
	assert_says(r.out, "The state of the fleet is not known");
	assert_says(r.out, "status.json");
	assert_says(r.out, "host         web1");
	assert_says_not(r.out, "ealthy");
	r = ctl(f, "status", "--json", "--timeout", "500ms");
	rig_ctl_assert_code(&r, 3);
	j = rig_ctl_json(&r);
	assert_string_equal(rig_json_keys(j), "connected current healthy quiet report source time");
	assert_true(json_is_null(json_object_get(j, "healthy")));
	json_decref(j);
	r = ctl(f, "status", "--wait", "--timeout", "500ms");
	rig_ctl_assert_code(&r, 3);
	/* Another host's status is not this one's. */
	r = ctl(f, "status", "web2", "--timeout", "500ms");
	rig_ctl_assert_code(&r, 3);
	assert_string_equal(r.out, "");
	r = ctl(f, "problems", "--timeout", "500ms");
	rig_ctl_assert_code(&r, 3);
	r = rig_ctl(NULL, "status", "-s", "127.0.0.1:1", "--timeout", "500ms", NULL);
	rig_ctl_assert_code(&r, 3);
	assert_says(r.err, "127.0.0.1:1");
}

/* --- until all is well ----------------------------------------------------------------------- */

static void waiting_ends_when_the_new_revision_is_everywhere(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f, FLEET_CANARY);
	rig_fleet_push(f, "2");
	r = ctl(f, "status", "--wait", "--timeout", "60s");
	rig_ctl_assert_code(&r, 0);
	rig_fleet_look(f);
	assert_true(rig_fleet_accepted(f, "2"));
	for (size_t i = 0; i < f->count; i++)
		assert_string_equal(rig_fleet_applied(f, i), "2");
}

static void waiting_gives_up_after_the_timeout_and_says_for_what(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	start(f, FLEET_CANARY);
	rig_fleet_request(f, "pause");
	rig_fleet_push(f, "2");
	r = ctl(f, "status", "--wait", "--timeout", "5s");
	rig_ctl_assert_code(&r, 3);
	assert_says(r.err, "not healthy and quiet in time");
	assert_says(r.out, "rollouts are paused");
	r = ctl(f, "status", "--wait", "--watch");
	rig_ctl_assert_code(&r, 2);
}

/* --- at every change ------------------------------------------------------------------------- */

/* From the last mark on; the whole text if there is none. */
static const char *after(const char *text, const char *mark)
{
	const char *last = NULL;

	for (const char *at = strstr(text, mark); at; at = strstr(at + 1, mark))
		last = at;
	return last ?: text;
}

/* What the last whole drawing has put on the terminal: it ends when the rest of the screen is
 * cleared. A drawing may arrive in parts. */
static const char *last_screen(struct rig_terminal *t)
{
	static char *screen;
	const char *end;

	free(screen);
	screen = xstrdup(rig_terminal_shown(t));
	end = after(screen, "\x1b[J");
	screen[end - screen] = '\0';
	return after(screen, "\x1b[H");
}

static void watching_redraws_in_place_and_leaves_the_terminal_as_it_was(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_terminal *t;
	int code = -1;

	start(f, FLEET_STAYS);
	t = rig_terminal_ctl(settings(f), 100, "status", "--watch", NULL);
	eventually(NULL, strstr(last_screen(t), "Healthy."));
	assert_says(rig_terminal_shown(t), "\x1b[?1049h");
	rig_fleet_push(f, "2");
	eventually(NULL, strstr(last_screen(t), "canary: the target is on"));
	rig_fleet_promote(f, "promote");
	rig_fleet_await_accepted(f, "2");
	eventually(NULL, strstr(last_screen(t), "Healthy."));
	rig_zookeeper_kill(f->zookeeper);
	eventually(NULL, strstr(last_screen(t), "NOT CONNECTED"));
	assert_says(last_screen(t), "web2");
	assert_says(last_screen(t), "NOT KNOWN");
	assert_says_not(last_screen(t), "ealthy");
	rig_zookeeper_restart(f->zookeeper);
	eventually(NULL,
		   !strstr(last_screen(t), "NOT CONNECTED") && strstr(last_screen(t), "web2"));
	assert_says_not(rig_terminal_shown(t), "\x1b[?1049l");
	rig_terminal_type(t, "\x03");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_true(code == 0 || code == 1);
	assert_says(after(rig_terminal_shown(t), "\x1b[H"), "\x1b[?25h\x1b[?1049l");
	rig_terminal_free(t);
}

static void watching_begins_while_zookeeper_is_away(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_terminal *t;
	int code = -1;

	start(f, FLEET_CANARY);
	rig_zookeeper_kill(f->zookeeper);
	t = rig_terminal_ctl(settings(f), 100, "status", "--watch", "--timeout", "300ms", NULL);
	eventually(NULL, strstr(last_screen(t), "has not answered so far"));
	rig_zookeeper_restart(f->zookeeper);
	eventually(NULL, strstr(last_screen(t), "Fleet"));
	rig_terminal_type(t, "q");
	eventually(NULL, rig_terminal_ended(t, &code));
	rig_terminal_free(t);
}

static void watching_in_a_pipe_prints_a_block_for_each_change(void **state)
{
	struct rig_fleet *f = *state;
	char *out = rig_path("watch.out");
	struct rig_ctl_result r;
	pid_t pid;
	int status;

	start(f, FLEET_CANARY);
	eventually(NULL, (r = ctl(f, "status"),
			  count_of(r.out, "up, 2 workers") == 3 && !strstr(r.out, " old")));
	pid = rig_start(out, (char *[]){ getenv("ZKNGINXCTL") ?: "build/zknginxctl", "-c",
					 (char *)settings(f), "status", "--watch", NULL });
	eventually(NULL, strstr(rig_read(out) ?: "", "Healthy."));
	rig_wait(NULL, 1500 * USEC_PER_MSEC); /* the ages grow … */
	rig_zk_create(f->zk, CLUSTER "/elsewhere", NULL);
	rig_wait(NULL, 1500 * USEC_PER_MSEC); /* … and nothing else that is shown */
	if (count_of(rig_read(out), "Fleet ") != 1)
		fail_msg("%s", rig_read(out));
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	eventually(NULL, strstr(after(rig_read(out), "Fleet "), "Healthy.") &&
				 count_of(rig_read(out), "Fleet ") > 1);
	assert_says_not(rig_read(out), "\x1b");
	rig_zookeeper_kill(f->zookeeper);
	eventually(NULL, strstr(rig_read(out), "NOT CONNECTED"));
	status = rig_stop(pid, SIGTERM);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

/* --- terminals ------------------------------------------------------------------------------- */

/* The longest line, in columns, without colours. */
static size_t longest_line(const char *text)
{
	size_t longest = 0, columns = 0;

	for (; *text; text++) {
		if (*text == '\x1b') {
			while (*text && *text != 'm')
				text++;
			continue;
		}
		columns = *text == '\n' || *text == '\r'
				  ? 0
				  : columns + (((unsigned char)*text & 0xc0) != 0x80);
		longest = columns > longest ? columns : longest;
	}
	return longest;
}

static void everything_fits_a_narrow_terminal(void **state)
{
	struct rig_fleet *f = *state;
	static const char *const commands[] = { "status", "members", "upstreams", "sites" };

	start(f, FLEET_CANARY);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct rig_terminal *t = rig_terminal_ctl(settings(f), 40, commands[i], NULL);
		int code = -1;

		eventually(NULL, rig_terminal_ended(t, &code));
		assert_int_equal(code, 0);
		if (longest_line(rig_terminal_shown(t)) > 40)
			fail_msg("%s: %s", commands[i], rig_terminal_shown(t));
		rig_terminal_free(t);
	}
}

static void colours_are_for_terminals_only(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_terminal *t;
	struct rig_ctl_result r;

	start(f, FLEET_CANARY);
	t = rig_terminal_ctl(settings(f), 100, "status", NULL);
	eventually(NULL, rig_terminal_ended(t, NULL));
	assert_says(rig_terminal_shown(t), "\x1b[32mapplied\x1b[0m");
	rig_terminal_free(t);
	r = ctl(f, "status", "--color", "always");
	assert_says(r.out, "\x1b[32mapplied\x1b[0m");
}

/* --- many hosts ------------------------------------------------------------------------------ */

#define MANY 500

static void five_hundred_hosts_with_one_problem_are_one_problem(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j;

	start(f, FLEET_CANARY);
	for (unsigned i = 0; i < MANY; i++) {
		char path[128];

		snprintf(path, sizeof(path), CLUSTER "/members/m%03u", i);
		rig_zk_create_ephemeral(f->zk, path,
					"{\"state\":\"degraded\",\"nginx\":\"up\","
					"\"rollout\":\"exempt\"}");
		snprintf(path, sizeof(path), CLUSTER "/reports/m%03u", i);
		rig_zk_create(f->zk, path,
			      "{\"state\":\"degraded\",\"problem_count\":1,\"problems\":[{"
			      "\"znode\":\"/nginx/config/sites/x\",\"message\":\"wrong\","
			      "\"serving\":\"previous\"}]}");
	}
	r = ctl(f, "status");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "503 hosts");
	assert_says(r.out, "on 500 of 503 hosts: m000, m001, m002, …");
	assert_says(r.out, "its last good form is served");
	r = ctl(f, "problems", "--json");
	j = rig_ctl_json(&r);
	assert_int_equal(json_array_size(json_object_get(j, "problems")), 1);
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		calm_test(a_healthy_fleet_is_a_table_of_its_hosts),
		calm_test(in_mode_all_no_host_takes_part_in_rollouts),
		calm_test(the_json_of_the_status_has_a_stable_shape),
		calm_test(a_host_that_left_is_missing_and_the_fleet_is_not_healthy),
		calm_test(the_report_of_a_host_is_shown_whole),
		calm_test(a_halted_rollout_names_the_host_and_the_reason_and_ends_the_waiting),
		calm_test(a_problem_of_all_hosts_is_one),
		calm_test(znodes_that_no_daemon_wrote_are_named_and_cannot_steer_the_terminal),
		calm_test(members_say_what_each_host_says_of_itself),
		calm_test(an_unfinished_push_is_told),
		calm_test(without_zookeeper_this_host_is_shown_and_nothing_is_good),
		calm_test(waiting_ends_when_the_new_revision_is_everywhere),
		calm_test(waiting_gives_up_after_the_timeout_and_says_for_what),
		calm_test(watching_redraws_in_place_and_leaves_the_terminal_as_it_was),
		calm_test(watching_begins_while_zookeeper_is_away),
		calm_test(watching_in_a_pipe_prints_a_block_for_each_change),
		calm_test(everything_fits_a_narrow_terminal),
		calm_test(colours_are_for_terminals_only),
		calm_test(five_hundred_hosts_with_one_problem_are_one_problem),
	};

	return cmocka_run_group_tests_name("zknginxctl status", tests, rig_fleet_setup,
					   rig_fleet_teardown);
}
