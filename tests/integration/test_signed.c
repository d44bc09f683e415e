/*
 * Signed revisions: a host with trust.require applies what a trusted key has signed, wherever it
 * comes from, and nothing else.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/history.h>

#include "core/data/layout.h"
#include "rig_ctl.h"
#include "rig_fleet.h"

#define ALL "mode = \"all\"; " FLEET_TIMES
#define FORGED "0000009999"
/* Of a host that takes over while the leader is away: it moves nothing by itself. */
#define MANUAL "mode = \"manual\"; canaries = 1; batch = \"1\"; bake_time = \"300ms\"; " FLEET_TIMES

/* --- keys ------------------------------------------------------------------------------------ */

/* A new key; returns its file. The public line is in *line. */
static const char *make_key(const char *name, const char **line)
{
	static unsigned count;
	char *file = rig_path("%s%u.key", name, count++);
	struct rig_ctl_result r = rig_ctl(NULL, "keygen", "--name", name, file, NULL);

	rig_ctl_assert_code(&r, 0);
	*line = rig_text("%.*s", (int)strcspn(r.out, "\n"), r.out);
	return file;
}

static const char *trust_lines(const char *require, const char *first, const char *second)
{
	return rig_text("trust: { keys = [ \"%s\"%s%s%s ]; require = \"%s\"; };", first,
			second ? ", \"" : "", second ?: "", second ? "\"" : "", require);
}

/* The config as it is now. */
static void sign_with(const char *settings, const char *key)
{
	struct rig_ctl_result r = rig_ctl(settings, "sign", "-y", key, NULL);

	rig_ctl_assert_code(&r, 0);
}

static void sign(struct rig_fleet *f, const char *key)
{
	sign_with(f->hosts[0].host.settings, key);
}

/* All hosts trust this key, and serve revision 1, which it has signed. Returns its file. */
static const char *start(struct rig_fleet *f, const char *rollout, const char *require)
{
	const char *line, *key = make_key("alice", &line);

	f->rollout = rollout;
	f->more = trust_lines(require, line, NULL);
	rig_fleet_settings(f, 0);
	sign(f, key);
	rig_fleet_start(f, 0);
	fleet_eventually(f, rig_fleet_accepted(f, "1"));
	return key;
}

static void push_signed(struct rig_fleet *f, const char *word, const char *key)
{
	rig_fleet_push(f, word);
	sign(f, key);
}

/* --- what hosts say -------------------------------------------------------------------------- */

static bool all_say(struct rig_fleet *f, const char *state)
{
	for (size_t i = 0; i < f->count; i++) {
		struct rig_host *h = &f->hosts[i].host;

		if (strcmp(rig_host_status_text(h, "trust.state"), state) != 0)
			return false;
	}
	return true;
}

static bool all_have_logged(const struct rig_fleet *f, const char *words)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!strstr(rig_read(f->hosts[i].host.log) ?: "", words))
			return false;
	}
	return true;
}

static bool all_alert(struct rig_fleet *f, bool raised)
{
	for (size_t i = 0; i < f->count; i++) {
		if (rig_host_has_alert(&f->hosts[i].host, "config-unsigned") != raised)
			return false;
	}
	return true;
}

/* For what must not happen. */
static void assert_all_keep_serving(struct rig_fleet *f, const char *word, uint64_t usec)
{
	uint64_t end = rig_now() + usec;

	while (rig_now() < end) {
		for (size_t i = 0; i < f->count; i++) {
			const char *now = rig_fleet_serves(f, i);

			if (*now && strcmp(now, word) != 0)
				fail_msg("host %zu serves \"%s\"", i, now);
		}
		rig_pause(NULL);
	}
}

/* Refused for this reason, with the servers of now, and told. */
static void assert_refused(struct rig_fleet *f, const char *state, const char *word)
{
	fleet_eventually(f, all_say(f, state));
	fleet_eventually(f, all_alert(f, true));
	assert_true(rig_host_has_problem(&f->hosts[1].host, CONFIG, "access", "previous",
					 "is not applied"));
	assert_all_keep_serving(f, word, USEC_PER_SEC);
}

static void assert_servers_go_on(struct rig_fleet *f)
{
	int port = rig_port();
	char path[128];

	snprintf(path, sizeof(path), CONFIG "/upstreams/app/127.0.0.1:%d", port);
	rig_zk_create_ephemeral(f->zk, path, "");
	fleet_eventually(f, rig_fleet_all_have_server(f, port));
}

/* --- the config ------------------------------------------------------------------------------ */

static void what_is_not_signed_is_not_applied(void **state)
{
	struct rig_fleet *f = *state;
	const char *key = start(f, ALL, "config");

	rig_fleet_push(f, "2"); /* what was signed is revision 1 */
	assert_refused(f, "changed", "1");
	assert_int_equal(rig_fleet_history(f, "2", NULL), 0);
	rig_zk_set(f->zk, CONFIG, "{\"by\":\"mallory\"}");
	assert_refused(f, "unsigned", "1");
	rig_zk_set(f->zk, CONFIG, "{\"signature\":\"trust me\"}");
	assert_refused(f, "malformed", "1");
	assert_servers_go_on(f);
	sign(f, key);
	fleet_eventually(f, rig_fleet_all_serve(f, "2") && rig_fleet_accepted(f, "2"));
	fleet_eventually(f, all_say(f, "good") && all_alert(f, false));
}

static void a_host_that_runs_nothing_waits_for_the_signature(void **state)
{
	struct rig_fleet *f = *state;
	const char *line, *key = make_key("alice", &line);

	f->rollout = ALL;
	f->more = trust_lines("config", line, NULL);
	for (size_t i = 0; i < f->count; i++)
		rig_fleet_start_host(f, i);
	fleet_eventually(f, all_say(f, "unsigned"));
	for (size_t i = 0; i < f->count; i++)
		assert_string_not_equal(rig_fleet_serves(f, i), "1");
	sign(f, key);
	fleet_eventually(f, rig_fleet_all_serve(f, "1"));
}

static void a_key_that_is_not_trusted_signs_for_nobody(void **state)
{
	struct rig_fleet *f = *state;
	const char *line, *mallory = make_key("mallory", &line), *own = rig_path("mallory.conf");

	start(f, ALL, "config");
	rig_write(own, "zookeeper: { hosts = \"%s\"; };\n%s\n", rig_zookeeper_hosts(f->zookeeper),
		  trust_lines("config", line, NULL));
	rig_fleet_push(f, "2");
	sign_with(own, mallory);
	assert_refused(f, "unknown-key", "1");
}

/* Both were signed, each for its time. */
static void what_was_signed_before_is_not_taken_again(void **state)
{
	struct rig_fleet *f = *state;
	const char *key = start(f, ALL, "config");
	char *old = rig_text("%s", rig_zk_get(f->zk, CONFIG));

	push_signed(f, "2", key);
	fleet_eventually(f, rig_fleet_all_serve(f, "2") && rig_fleet_accepted(f, "2"));
	rig_fleet_push(f, "1");
	rig_zk_set(f->zk, CONFIG, old);
	assert_refused(f, "old", "2");
	rig_fleet_signal(f, 1, SIGKILL); /* the serial survives a restart */
	rig_fleet_start_host(f, 1);
	assert_refused(f, "old", "2");
	assert_int_equal(rig_host_status_number(&f->hosts[1].host, "trust.last"), 2);
	sign(f, key); /* the operator wants it */
	fleet_eventually(f, rig_fleet_all_serve(f, "1") && rig_fleet_accepted(f, "1"));
}

static bool all_run(struct rig_fleet *f, const char *word)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!rig_host_is(&f->hosts[i].host, "degraded") ||
		    strcmp(rig_fleet_serves(f, i), word) != 0)
			return false;
	}
	return true;
}

static void signal_masters(const struct rig_fleet *f, int sig)
{
	for (size_t i = 0; i < f->count; i++)
		kill(f->hosts[i].host.nginx.pid, sig);
}

/* Revision 2, of serial 2, is deployed, and nginx stands still while it loads it. The objects in
 * ZooKeeper are those of revision 1 again. Returns the data of the root that has signed these. */
static char *hold_second_revision(struct rig_fleet *f)
{
	const char *key = start(f, ALL, "config");
	char *old = rig_text("%s", rig_zk_get(f->zk, CONFIG));

	signal_masters(f, SIGSTOP);
	push_signed(f, "2", key);
	fleet_eventually(f, all_have_logged(f, "serial 2"));
	rig_fleet_push(f, "1");
	return old;
}

/* The config changes while nginx loads what was signed last: its serial counts all the same. */
static void a_serial_counts_whatever_came_meanwhile(void **state)
{
	struct rig_fleet *f = *state;
	char *old = hold_second_revision(f);

	fleet_eventually(f, all_say(f, "changed"));
	signal_masters(f, SIGCONT);
	fleet_eventually(f, all_run(f, "2"));
	rig_zk_set(f->zk, CONFIG, old);
	assert_refused(f, "old", "2");
}

static bool all_see_serial(struct rig_fleet *f, unsigned long serial)
{
	for (size_t i = 0; i < f->count; i++) {
		if (rig_host_status_number(&f->hosts[i].host, "trust.serial") != (long)serial)
			return false;
	}
	return true;
}

/* … and so it does where the config that comes meanwhile is an older signed one: it was good when
 * it came. */
static void what_was_signed_before_is_not_taken_after_it_waited(void **state)
{
	struct rig_fleet *f = *state;
	char *old = hold_second_revision(f);

	rig_zk_set(f->zk, CONFIG, old);
	fleet_eventually(f, all_see_serial(f, 1) && all_say(f, "good"));
	signal_masters(f, SIGCONT);
	assert_refused(f, "old", "2");
}

static void a_damaged_last_serial_trusts_nothing_new(void **state)
{
	struct rig_fleet *f = *state;
	const char *key = start(f, ALL, "config");
	struct rig_host *h = &f->hosts[1].host;
	CLEANUP(freep) char *file = xasprintf("%s/trust.json", h->nginx.state);

	fleet_eventually(f, rig_read(file) && strstr(rig_read(file), "\"format\":1"));
	rig_fleet_signal(f, 1, SIGTERM);
	rig_write(file, "{\"format\":2,\"serial\":1}");
	rig_fleet_start_host(f, 1);
	push_signed(f, "2", key);
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "2") == 0);
	fleet_eventually(f, rig_host_has_alert(h, "config-unsigned"));
	assert_non_null(strstr(rig_host_status_text(h, "trust.why"), "trust.json"));
	assert_string_equal(rig_fleet_serves(f, 1), "1");
	unlink(file);
	rig_fleet_signal(f, 1, SIGHUP);
	fleet_eventually(f, rig_fleet_all_serve(f, "2"));
}

/* --- the plan and the history ---------------------------------------------------------------- */

/* An entry of the history with this snippet: a config that never was in ZooKeeper. Returns its
 * revision. */
static const char *forge_entry(struct rig_fleet *f, const char *root)
{
	static char hex[DIGEST_HEX_SIZE];
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *text =
		arena_printf(a,
			     CONFIG "\n\t%.*s\\\n" FLEET_SNIPPET
				    "\n\tmap $host $fleet_revision { default evil; }\\\n",
			     (int)strcspn(root, "\n"), root);
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	CLEANUP(buf_fini) struct buf packed = BUF_INIT;
	CLEANUP(buf_fini) struct buf entry = BUF_INIT;
	struct history_entry h = {
		.revision = hex, .at = "", .parts = 1, .outcome = OUTCOME_ACCEPTED
	};
	struct digest digest;
	struct err e;

	assert_int_equal(tree_parse(text, strlen(text), "forged", &t, &e), 0);
	digest = tree_revision(t, CONFIG);
	digest_hex(&digest, hex);
	h.size = history_pack(t, &packed);
	history_entry_print(&h, &entry);
	rig_zk_create(f->zk, CLUSTER "/history/" FORGED, buf_str(&entry));
	rig_zk_create(f->zk, CLUSTER "/history/" FORGED "/0", "");
	rig_zk_set_bytes(f->zk, CLUSTER "/history/" FORGED "/0", packed.data, packed.size);
	return hex;
}

static void forge_plan(struct rig_fleet *f, const char *revision, unsigned long history)
{
	char plan[512];

	snprintf(plan, sizeof(plan),
		 "{\"accepted\":{\"history\":%lu,\"revision\":\"%s\"},\"mode\":\"canary\","
		 "\"phase\":\"idle\",\"updated\":\"2026-11-28T12:00:00Z\"}",
		 history, revision);
	rig_zk_set(f->zk, CLUSTER "/plan", plan);
}

/* The leader is not there to repair the plan. */
static void stop_all_but_one(struct rig_fleet *f)
{
	rig_fleet_signal(f, 0, SIGTERM);
	rig_fleet_signal(f, 2, SIGTERM);
}

static bool one_refuses_history(struct rig_fleet *f, const char *why)
{
	return rig_host_has_problem(&f->hosts[1].host, CLUSTER "/plan", "access", "previous", why);
}

static void a_forged_plan_and_history_introduce_nothing(void **state)
{
	struct rig_fleet *f = *state;

	f->hosts[1].rollout = MANUAL;
	start(f, FLEET_CANARY, "config");
	stop_all_but_one(f);
	forge_plan(f, forge_entry(f, "{\"by\":\"mallory\"}"), 9999);
	eventually(NULL, one_refuses_history(f, "it has no signature"));
	assert_string_equal(rig_fleet_serves(f, 1), "1");
	rig_zk_delete_all(f->zk, CLUSTER "/history/" FORGED);
	/* … with the signature of another config */
	forge_plan(f, forge_entry(f, rig_zk_get(f->zk, CONFIG)), 9999);
	eventually(NULL, one_refuses_history(f, "changed after it was signed"));
	assert_string_equal(rig_fleet_serves(f, 1), "1");
}

static void accept_two(struct rig_fleet *f, const char *require)
{
	const char *key;

	f->hosts[1].rollout = MANUAL;
	key = start(f, FLEET_CANARY, require);
	push_signed(f, "2", key);
	rig_fleet_await_accepted(f, "2");
	stop_all_but_one(f);
	forge_plan(f, rig_fleet_digest(f, "1"), 1);
}

static void with_all_the_plan_cannot_go_back(void **state)
{
	struct rig_fleet *f = *state;

	accept_two(f, "all");
	eventually(NULL, one_refuses_history(f, "too low"));
	assert_string_equal(rig_fleet_serves(f, 1), "2");
}

static void with_config_the_plan_may_go_back_to_what_was_signed(void **state)
{
	struct rig_fleet *f = *state;

	accept_two(f, "config");
	eventually(NULL, strcmp(rig_fleet_serves(f, 1), "1") == 0);
}

static void a_signed_revision_is_rolled_out_step_by_step(void **state)
{
	struct rig_fleet *f = *state;
	const char *key = start(f, FLEET_STAYS, "all");

	push_signed(f, "2", key);
	fleet_eventually(f, rig_fleet_is(f, "canary", "2"));
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "2") == 0);
	/* on trial it does not count yet: a canary can go back */
	assert_int_equal(rig_host_status_number(&f->hosts[0].host, "trust.last"), 1);
	rig_fleet_request(f, "abort");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "1") == 0);
	rig_fleet_request(f, "resume");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 0), "2") == 0);
	f->promoted = true;
	rig_fleet_promote(f, "{\"action\":\"promote\",\"all\":true}");
	rig_fleet_await_accepted(f, "2");
	fleet_eventually(f, rig_host_status_number(&f->hosts[2].host, "trust.last") == 2);
	assert_string_equal(rig_fleet_field(f, "history/0000000002", "serial"), "2");
}

/* It has the accepted revision from the history, while the newest is not signed. */
static void a_host_that_joins_takes_the_accepted_revision(void **state)
{
	struct rig_fleet *f = *state;

	start(f, FLEET_CANARY, "all");
	rig_fleet_signal(f, 2, SIGTERM);
	rig_nginx_stop(&f->hosts[2].host.nginx);
	rig_fleet_wipe(f, 2);
	rig_fleet_push(f, "2");
	rig_fleet_start_host(f, 2);
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 2), "1") == 0);
}

/* --- rollback, rotation ---------------------------------------------------------------------- */

static void roll_back(struct rig_fleet *f, const char *key)
{
	const char *settings = f->hosts[0].host.settings;
	char request[256];
	struct rig_ctl_result r = rig_ctl(settings, "rollback", rig_fleet_digest(f, "1"), NULL);

	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "--sign KEY");
	snprintf(request, sizeof(request), "{\"action\":\"rollback\",\"revision\":\"%.12s\"}",
		 rig_fleet_digest(f, "1"));
	rig_fleet_request(f, request); /* of another client */
	assert_non_null(
		strstr(rig_fleet_field(f, "plan", "request.result"), "it has no signature"));
	assert_true(rig_fleet_all_serve(f, "2"));
	r = rig_ctl(settings, "rollback", "-y", "--sign", key, rig_fleet_digest(f, "1"), NULL);
	rig_ctl_assert_code(&r, 0);
}

static void a_rollback_is_signed_too(void **state)
{
	struct rig_fleet *f = *state;
	const char *key = start(f, FLEET_CANARY, "all");

	push_signed(f, "2", key);
	rig_fleet_await_accepted(f, "2");
	roll_back(f, key);
	fleet_eventually(f, rig_fleet_all_serve(f, "1") && rig_fleet_accepted(f, "1"));
	fleet_eventually(f, rig_host_status_number(&f->hosts[2].host, "trust.last") == 3);
	assert_non_null(strstr(rig_zk_get(f->zk, CONFIG), "rollback to "));
	fleet_eventually(f, all_alert(f, false));
}

static void trust_in(struct rig_fleet *f, const char *first, const char *second)
{
	f->more = trust_lines("all", first, second);
	for (size_t i = 0; i < f->count; i++) {
		rig_fleet_settings(f, i);
		rig_fleet_signal(f, i, SIGHUP);
	}
}

static void a_key_is_replaced_by_another(void **state)
{
	struct rig_fleet *f = *state;
	const char *alice, *bob, *old = make_key("alice", &alice), *new = make_key("bob", &bob);

	f->rollout = FLEET_CANARY;
	f->more = trust_lines("all", alice, NULL);
	rig_fleet_settings(f, 0);
	sign(f, old);
	rig_fleet_start(f, 0);
	fleet_eventually(f, rig_fleet_accepted(f, "1"));
	trust_in(f, alice, bob);
	trust_in(f, bob, NULL); /* too early: nobody has signed with it yet */
	fleet_eventually(f, all_say(f, "unknown-key") && all_alert(f, true));
	assert_non_null(
		strstr(rig_host_status_text(&f->hosts[1].host, "trust.why"), "not in trust.keys"));
	rig_fleet_signal(f, 1, SIGKILL); /* what nginx runs stays in force */
	rig_fleet_start_host(f, 1);
	assert_all_keep_serving(f, "1", USEC_PER_SEC);
	assert_servers_go_on(f);
	sign(f, new);
	fleet_eventually(f, all_say(f, "good") && all_alert(f, false));
	/* the history has it with the new signature, for a host that joins */
	fleet_eventually(f, rig_fleet_history(f, "1", NULL) == 2);
	push_signed(f, "2", new);
	rig_fleet_await_accepted(f, "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rollout_test(what_is_not_signed_is_not_applied),
		rollout_test(a_host_that_runs_nothing_waits_for_the_signature),
		rollout_test(a_key_that_is_not_trusted_signs_for_nobody),
		rollout_test(what_was_signed_before_is_not_taken_again),
		rollout_test(a_serial_counts_whatever_came_meanwhile),
		rollout_test(what_was_signed_before_is_not_taken_after_it_waited),
		rollout_test(a_damaged_last_serial_trusts_nothing_new),
		rollout_test(a_forged_plan_and_history_introduce_nothing),
		rollout_test(with_all_the_plan_cannot_go_back),
		rollout_test(with_config_the_plan_may_go_back_to_what_was_signed),
		rollout_test(a_signed_revision_is_rolled_out_step_by_step),
		rollout_test(a_host_that_joins_takes_the_accepted_revision),
		rollout_test(a_rollback_is_signed_too),
		rollout_test(a_key_is_replaced_by_another),
	};

	return cmocka_run_group_tests(tests, rig_fleet_setup, rig_fleet_teardown);
}
