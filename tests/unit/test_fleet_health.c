/* When a fleet is healthy, when it is quiet, and what many hosts report about one znode. */
#include "tree_fixture.h"

#include <zknginx/macros.h>

#include "core/data/layout.h"
#include "core/status/fleet_health.h"

#define CLUSTER "/c"
#define CONFIG "/config"
#define CONFIG_ZNODES "/config\n/config/sites\n/config/sites/x\n\t{}\n"
#define OLD "1111111111111111111111111111111111111111111111111111111111111111"
#define JOINED "\"rollout\": \"joined\", "
#define UP "\"nginx\": \"up\", "
#define APPLIED "\"state\": \"applied\", "

struct fleet {
	struct arena *arena;
	struct tree *tree;
	struct buf text;
	char newest[DIGEST_HEX_SIZE];
	struct fleet_view view;
	struct fleet_health health;
};

/* A fleet with the config above, and a leader. */
static void fleet_begin(struct fleet *f)
{
	struct digest d;

	*f = (struct fleet){ .arena = arena_new() };
	f->tree = parse(CONFIG_ZNODES);
	d = tree_revision(f->tree, CONFIG);
	digest_hex(&d, f->newest);
	tree_unref(f->tree);
	f->tree = NULL;
	buf_puts(&f->text, CONFIG_ZNODES
		 "/c\n/c/election\n"
		 "/c/election/0123456789abcdef0123456789abcdef-0000000001 owner=0x1\n\tweb1\\\n"
		 "/c/members\n/c/reports\n");
}

static void fleet_end(struct fleet *f)
{
	tree_unref(f->tree);
	arena_free(f->arena);
	buf_fini(&f->text);
}

/* fields: of the member, each with a comma. */
static void add_member(struct fleet *f, const char *host, const char *fields, const char *revision)
{
	buf_printf(&f->text, "/c/members/%s owner=0x1\n\t{%s\"revision\": \"%s\"}\n", host, fields,
		   revision ?: f->newest);
}

static void add_report(struct fleet *f, const char *host, const char *fields)
{
	buf_printf(&f->text, "/c/reports/%s\n\t{\"state\": \"applied\"%s}\n", host, fields);
}

static void add_good(struct fleet *f, const char *host)
{
	add_member(f, host, JOINED UP APPLIED, NULL);
	add_report(f, host, "");
}

/* accepted and target: NULL is the newest. */
static void add_plan(struct fleet *f, const char *phase, const char *accepted, const char *target,
		     const char *more)
{
	buf_printf(&f->text,
		   "/c/plan\n\t{\"phase\": \"%s\", \"accepted\": {\"revision\": \"%s\"}, "
		   "\"target\": {\"revision\": \"%s\"}%s}\n",
		   phase, accepted ?: f->newest, target ?: f->newest, more);
}

static void judge(struct fleet *f)
{
	f->tree = parse(buf_str(&f->text));
	fleet_view_read(&f->view, f->arena, f->tree, CLUSTER, CONFIG);
	fleet_health_check(&f->health, f->arena, &f->view);
}

/* "host-missing web2, problems" */
static const char *keys(struct fleet *f, const struct fleet_reasons *reasons)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	for (size_t i = 0; i < reasons->count; i++)
		buf_printf(&b, "%s%s%s%s", i ? ", " : "", reasons->items[i].key,
			   *reasons->items[i].subject ? " " : "", reasons->items[i].subject);
	return arena_strdup(f->arena, buf_str(&b));
}

#define assert_wrong(f, expected) assert_string_equal(keys((f), &(f)->health.wrong), (expected))
#define assert_moving(f, expected) assert_string_equal(keys((f), &(f)->health.moving), (expected))

static void a_fleet_that_runs_what_it_accepted_is_healthy_and_quiet(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_good(&f, "web1");
	add_good(&f, "web2");
	add_plan(&f, "idle", NULL, "", "");
	judge(&f);
	assert_wrong(&f, "");
	assert_moving(&f, "");
	assert_true(fleet_is_healthy(&f.health) && fleet_is_quiet(&f.health));
	assert_false(f.health.stopped);
}

static void a_fleet_without_anybody_is_not_healthy(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	judge(&f);
	assert_wrong(&f, "no-host");
	tree_unref(f.tree);
	f.tree = tree_empty();
	fleet_view_read(&f.view, f.arena, f.tree, CLUSTER, CONFIG);
	fleet_health_check(&f.health, f.arena, &f.view);
	assert_wrong(&f, "no-cluster");
}

static void a_missing_host_is_wrong_and_its_last_report_does_not_count(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_good(&f, "web1");
	add_report(&f, "web2",
		   ", \"problems\": [{\"znode\": \"/config/sites/x\", \"message\": \"old\"}]");
	add_plan(&f, "idle", NULL, "", "");
	judge(&f);
	assert_wrong(&f, "host-missing web2");
	assert_int_equal(f.health.problem_count, 0);
	assert_true(fleet_host_is_wrong(&f.health, "web2"));
	assert_false(fleet_host_is_wrong(&f.health, "web1"));
}

static void each_host_has_to_have_applied_its_own_revision_and_to_serve(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_member(&f, "degraded", JOINED UP "\"state\": \"degraded\", ", NULL);
	add_report(&f, "degraded", "");
	add_member(&f, "down", JOINED APPLIED, NULL);
	add_report(&f, "down", "");
	add_member(&f, "late", JOINED UP APPLIED, OLD);
	add_report(&f, "late", "");
	add_member(&f, "silent", JOINED UP APPLIED, NULL);
	add_plan(&f, "idle", NULL, "", "");
	judge(&f);
	assert_wrong(&f, "host-state degraded, nginx-down down, host-lag late, "
			 "host-unreported silent");
	assert_moving(&f, "host");
}

static void a_rollout_on_its_way_is_healthy_and_not_quiet(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_good(&f, "web1");
	add_member(&f, "web2", JOINED UP APPLIED, OLD);
	add_report(&f, "web2", "");
	add_plan(&f, "canary", OLD, NULL, ", \"hosts\": [\"web1\"], \"step\": 1");
	judge(&f);
	assert_wrong(&f, "");
	assert_moving(&f, "rollout");
}

static void a_config_that_nobody_has_accepted_yet_is_not_quiet(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_member(&f, "web1", JOINED UP APPLIED, OLD);
	add_report(&f, "web1", "");
	add_plan(&f, "idle", OLD, "", "");
	judge(&f);
	assert_wrong(&f, "");
	assert_moving(&f, "config");
}

static void a_stopped_rollout_names_the_host_the_znode_and_the_reason(void **state UNUSED)
{
	static const char failure[] = ", \"failure\": {\"host\": \"web1\", \"znode\": "
				      "\"/config/sites/x\", \"message\": \"too many errors\"}";
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_member(&f, "web1", JOINED UP APPLIED, OLD);
	add_report(&f, "web1", "");
	add_plan(&f, "reverted", OLD, NULL, failure);
	judge(&f);
	assert_wrong(&f, "rollout-stopped web1");
	assert_non_null(
		strstr(f.health.wrong.items[0].message, "web1: /config/sites/x: too many errors"));
	assert_true(f.health.stopped);
}

static void
a_stopped_rollout_is_not_the_end_when_the_config_is_another_one_by_now(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_member(&f, "web1", JOINED UP APPLIED, OLD);
	add_report(&f, "web1", "");
	add_plan(&f, "reverted", OLD, "2222", "");
	judge(&f);
	assert_wrong(&f, "rollout-stopped");
	assert_moving(&f, "config");
	assert_false(f.health.stopped);
}

static void what_cannot_be_read_is_wrong(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_good(&f, "web1");
	buf_puts(&f.text, "/c/plan\n\tgarbage\n/c/request\n\tgarbage\n/c/reports/web3\n\tgarbage\n"
			  "/c/members/web4\n\tgarbage\n");
	judge(&f);
	assert_wrong(&f, "znode-invalid web3, host-missing web3, znode-invalid web4, "
			 "host-missing web4, plan-invalid, request-invalid");
}

static void a_request_that_the_leader_has_not_seen_is_not_quiet(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_good(&f, "web1");
	add_plan(&f, "idle", NULL, "", "");
	buf_puts(&f.text, "/c/request\n\tpause\\\n");
	judge(&f);
	assert_wrong(&f, "");
	assert_moving(&f, "request");
}

static void members_without_a_leader_are_wrong(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f = { .arena = arena_new() };

	buf_puts(&f.text, "/c\n/c/members\n/c/reports\n");
	add_member(&f, "web1", UP APPLIED "\"rollout\": \"exempt\", ", "");
	add_report(&f, "web1", "");
	judge(&f);
	assert_wrong(&f, "no-leader");
}

static void an_unfinished_push_is_wrong_and_says_how_to_go_on(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_good(&f, "web1");
	add_plan(&f, "idle", NULL, "", "");
	buf_puts(&f.text, "/config\n\t{\"push\": {\"by\": \"bob\", \"id\": \"1\", \"left\": 3, "
			  "\"time\": \"2026-11-28T09:00:00Z\"}}\n");
	judge(&f);
	assert_wrong(&f, "push-unfinished");
	assert_moving(&f, "push");
	assert_non_null(strstr(f.health.wrong.items[0].message, "by bob is unfinished, and 3"));
	assert_non_null(strstr(f.health.wrong.items[0].message, "zknginxctl rollback"));
}

static void an_unfinished_removal_says_how_to_go_on(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;

	fleet_begin(&f);
	add_good(&f, "web1");
	add_plan(&f, "idle", NULL, "", "");
	buf_puts(&f.text,
		 "/config\n\t{\"push\": {\"by\": \"bob\", \"id\": \"rm /config/upstreams/a\", "
		 "\"left\": 3, \"time\": \"2026-11-28T09:00:00Z\"}}\n");
	judge(&f);
	assert_wrong(&f, "push-unfinished");
	assert_non_null(strstr(f.health.wrong.items[0].message,
			       "the removal of /config/upstreams/a by bob is unfinished"));
	assert_non_null(strstr(f.health.wrong.items[0].message,
			       "zknginxctl rm -r /config/upstreams/a again"));
}

/* --- folding -------------------------------------------------------------------------------- */

#define PROBLEM(znode, message, serving)                                                           \
	"{\"znode\": \"" znode "\", \"message\": \"" message "\", \"serving\": \"" serving         \
	"\", \"kind\": \"field\", \"field\": \"listen\"}"

static void a_problem_of_many_hosts_is_one(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;
	const struct fleet_problem *p;

	fleet_begin(&f);
	for (char host[] = "web1"; host[3] <= '3'; host[3]++)
		add_member(&f, host, UP APPLIED JOINED, NULL);
	add_report(&f, "web1",
		   ", \"problems\": [" PROBLEM("/config/sites/b", "bad", "previous") ", " PROBLEM(
			   "/config/sites/a", "worse", "absent") "]");
	add_report(&f, "web2", ", \"problems\": [" PROBLEM("/config/sites/b", "bad", "absent") "]");
	add_report(&f, "web3", ", \"problem_count\": 9");
	add_plan(&f, "idle", NULL, "", "");
	judge(&f);
	assert_wrong(&f, "problems");
	assert_non_null(strstr(f.health.wrong.items[0].message, "2 problems"));
	assert_int_equal(f.health.problem_count, 2);
	assert_int_equal(fleet_reporters(&f.view), 3);
	p = f.health.problems;
	assert_string_equal(p[0].problem.znode, "/config/sites/a");
	assert_int_equal(p[0].host_count, 1);
	assert_string_equal(p[1].problem.message, "bad");
	assert_int_equal(p[1].host_count, 2);
	assert_string_equal(p[1].hosts[1], "web2");
	assert_int_equal(p[1].previous, 1);
	assert_int_equal(fleet_problems_omitted(fleet_view_host(&f.view, "web3")), 9);
}

static void alerts_are_folded_and_the_critical_ones_come_first(void **state UNUSED)
{
	CLEANUP(fleet_end) struct fleet f;
	const struct fleet_alert *a;

	fleet_begin(&f);
	add_member(&f, "web1", UP APPLIED JOINED, NULL);
	add_member(&f, "web2", UP APPLIED JOINED, NULL);
	add_report(&f, "web1", ", \"alerts\": [{\"key\": \"a\", \"severity\": \"warning\"}]");
	add_report(&f, "web2",
		   ", \"alerts\": [{\"key\": \"a\", \"severity\": \"warning\"}, "
		   "{\"key\": \"z\", \"severity\": \"critical\"}]");
	add_plan(&f, "idle", NULL, "", "");
	judge(&f);
	assert_wrong(&f, "alerts");
	assert_int_equal(f.health.alert_count, 2);
	a = f.health.alerts;
	assert_string_equal(a[0].alert.key, "z");
	assert_string_equal(a[1].alert.key, "a");
	assert_int_equal(a[1].host_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fleet_that_runs_what_it_accepted_is_healthy_and_quiet),
		cmocka_unit_test(a_fleet_without_anybody_is_not_healthy),
		cmocka_unit_test(a_missing_host_is_wrong_and_its_last_report_does_not_count),
		cmocka_unit_test(each_host_has_to_have_applied_its_own_revision_and_to_serve),
		cmocka_unit_test(a_rollout_on_its_way_is_healthy_and_not_quiet),
		cmocka_unit_test(a_config_that_nobody_has_accepted_yet_is_not_quiet),
		cmocka_unit_test(a_stopped_rollout_names_the_host_the_znode_and_the_reason),
		cmocka_unit_test(
			a_stopped_rollout_is_not_the_end_when_the_config_is_another_one_by_now),
		cmocka_unit_test(what_cannot_be_read_is_wrong),
		cmocka_unit_test(a_request_that_the_leader_has_not_seen_is_not_quiet),
		cmocka_unit_test(members_without_a_leader_are_wrong),
		cmocka_unit_test(an_unfinished_push_is_wrong_and_says_how_to_go_on),
		cmocka_unit_test(an_unfinished_removal_says_how_to_go_on),
		cmocka_unit_test(a_problem_of_many_hosts_is_one),
		cmocka_unit_test(alerts_are_folded_and_the_critical_ones_come_first),
	};

	return cmocka_run_group_tests_name("fleet health", tests, NULL, NULL);
}
