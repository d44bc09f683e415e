/*
 * The leader without a daemon: it is given facts, and what it writes is read from a real ZooKeeper.
 * No nginx, no zknginxd; members are znodes that the test writes on a session of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/history.h>
#include <zknginx/member.h>
#include <zknginx/plan.h>
#include <zknginx/settings.h>

#include "core/data/layout.h"
#include "leader/leader.h"
#include "rig_loop.h"
#include "sys/timing.h"
#include "zk/mirror.h"

#define CONFIG "/nginx/config"
#define CLUSTER "/nginx/cluster"
#define SITE CONFIG "/sites/s"

static const char *const none[] = { NULL };
static struct rig_loop rig;
static struct settings settings;

/* One host's agent, as much of it as the leader asks for. */
static struct agent {
	struct fleet *fleet;
	struct mirror *mirror; /* of the config */
	struct leader *leader;
	struct tree *tree, *stored;
	char newest[DIGEST_HEX_SIZE], stored_revision[DIGEST_HEX_SIZE];
	bool is_behind;  /* its nginx does not run the newest revision yet, so the member is old */
	bool keeps_tree; /* the newest tree is held back from the leader */
	unsigned changes;
} agent;

static void tell_leader(void)
{
	if (agent.leader)
		leader_update(agent.leader,
			      &(struct leader_facts){
				      .tree = agent.tree,
				      .newest = agent.newest,
				      .known = agent.tree && config_has_objects(agent.tree, CONFIG),
				      .current = true,
				      .accepted = "",
				      .plan = "",
				      .stored = agent.stored,
				      .stored_revision = agent.stored_revision,
				      .applied = agent.stored_revision });
}

static void on_change(void *ctx UNUSED)
{
	agent.changes++;
}

static void print_member(const char *host, const char *address, struct buf *out)
{
	member_print(&(struct member){ .host = host,
				       .address = address,
				       .state = "applied",
				       .since = "",
				       .version = "",
				       .revision = agent.newest,
				       .seen = agent.newest,
				       .id = "",
				       .mode = rollout_mode_name(settings.rollout.mode),
				       .nginx_up = true,
				       .part = MEMBER_EXEMPT,
				       .gate = { .revision = "", .znode = "", .message = "" } },
		     out);
}

/* Only a member stands for election. Its nginx runs the newest revision. */
static void publish_member(void)
{
	CLEANUP(buf_fini) struct buf member = BUF_INIT;

	print_member("web1", "10.0.0.1:80", &member);
	fleet_publish(agent.fleet, &(struct fleet_news){ .member = member.data,
							 .member_size = member.size,
							 .report = "{}",
							 .report_size = 2 });
}

static void on_fleet_state(void *ctx UNUSED)
{
	if (!agent.fleet)
		return;
	publish_member();
	tell_leader();
}

static void on_tree(void *ctx UNUSED, struct tree *tree)
{
	struct digest revision = tree_revision(tree, CONFIG);

	if (agent.keeps_tree)
		return;
	tree_unref(agent.tree);
	agent.tree = tree_ref(tree);
	digest_hex(&revision, agent.newest);
	if (!agent.is_behind)
		publish_member();
	tell_leader();
}

static void on_mirror_state(void *ctx UNUSED)
{
}

/* nginx runs the newest. */
static void apply_newest(void)
{
	tree_unref(agent.stored);
	agent.stored = history_extract(agent.tree, CONFIG);
	memcpy(agent.stored_revision, agent.newest, sizeof(agent.newest));
	tell_leader();
}

static void open_leader(void)
{
	static const struct leader_ops ops = { on_change };

	agent.leader = leader_new(&(struct leader_spec){ .loop = rig.loop,
							 .settings = &settings,
							 .host = "web1",
							 .fleet = agent.fleet },
				  &ops, NULL);
	tell_leader();
}

static void open_agent(void)
{
	static const struct mirror_root roots[] = { { CONFIG, 3 } };
	static const struct mirror_ops ops = { on_tree, on_mirror_state };
	const struct fleet_spec spec = { .zookeeper = &settings.zookeeper,
					 .host = "web1",
					 .service = "",
					 .on_state = on_fleet_state };
	struct err e;

	agent = (struct agent){ .stored_revision = "" };
	if (fleet_new(rig.loop, &spec, &agent.fleet, &e) < 0 ||
	    mirror_new(rig.loop, "mirror", &settings.zookeeper, roots, ARRAY_SIZE(roots), &ops,
		       NULL, &agent.mirror, &e) < 0)
		fail_msg("%s", e.text);
	open_leader();
}

static void close_agent(void)
{
	leader_free(TAKE(agent.leader));
	fleet_free(TAKE(agent.fleet));
	mirror_free(TAKE(agent.mirror));
	tree_unref(TAKE(agent.tree));
	tree_unref(TAKE(agent.stored));
}

/* Another host whose nginx serves. */
static void join(const char *host, const char *address)
{
	CLEANUP(buf_fini) struct buf member = BUF_INIT;
	CLEANUP(freep) char *path = cluster_path_new(CLUSTER, CLUSTER_MEMBERS, host);

	print_member(host, address, &member);
	rig_zk_create_ephemeral(rig.client, path, buf_str(&member));
}

/* --- what ZooKeeper says --------------------------------------------------------------------- */

static bool read_plan(struct arena *a, struct plan *plan)
{
	const char *data = rig_zk_get(rig.client, CLUSTER "/plan"), *why;

	return data && plan_parse(a, data, strlen(data), plan, &why);
}

static bool plan_is(enum plan_phase phase, const char *accepted)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct plan plan;

	return read_plan(a, &plan) && plan.phase == phase &&
	       strcmp(plan.accepted.revision, accepted) == 0;
}

static bool answer_is(const char *begin)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct plan plan;

	return read_plan(a, &plan) && strncmp(plan.request.result, begin, strlen(begin)) == 0;
}

static bool entry_is(const char *entry, const char *revision, enum history_outcome outcome)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(freep) char *path = cluster_path_new(CLUSTER, CLUSTER_HISTORY, entry);
	const char *data = rig_zk_get(rig.client, path);
	struct history_entry h;

	return data &&
	       history_entry_parse(
		       a, &(struct znode){ .path = path, .data = data, .size = strlen(data) },
		       &h) &&
	       strcmp(h.revision, revision) == 0 && h.outcome == outcome;
}

static bool is_condition(const char *key)
{
	const struct conditions *c = leader_conditions(agent.leader);

	for (size_t i = 0; i < c->count; i++) {
		if (strcmp(c->items[i].key, key) == 0)
			return true;
	}
	return false;
}

/* Another config; returns its revision once the leader knows it. */
static const char *push(const char *word, char revision[DIGEST_HEX_SIZE])
{
	char before[DIGEST_HEX_SIZE];

	memcpy(before, agent.newest, sizeof(before));
	rig_zk_set(rig.client, SITE, word);
	eventually(rig.loop, strcmp(agent.newest, before) != 0);
	return memcpy(revision, agent.newest, DIGEST_HEX_SIZE);
}

static void request(const char *text)
{
	rig_zk_create(rig.client, CLUSTER "/request", text);
	eventually(rig.loop, !rig_zk_exists(rig.client, CLUSTER "/request"));
}

/* --- tests ----------------------------------------------------------------------------------- */

static int set_up(void **state UNUSED)
{
	rig_loop_init(&rig);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	rig_loop_fini(&rig);
	return 0;
}

static int begin(void **state UNUSED)
{
	settings = (struct settings){
		.zookeeper = { .hosts = rig_zookeeper_hosts(rig.server),
			       .config = CONFIG,
			       .cluster = CLUSTER,
			       .session_timeout = LONG_TIMEOUT,
			       .max_frame = RIG_MAX_FRAME,
			       .max_data = RIG_MAX_DATA,
			       .auth_file = "",
			       .watch_limit = 900000 },
		.cluster = { .host = "",
			     .address = "",
			     .service = "",
			     .on_elected = none,
			     .on_resigned = none,
			     .on_live = none },
		.rollout = { .mode = ROLLOUT_ALL,
			     .canary_hosts = none,
			     .batch = "25%",
			     .on_failure = FAILURE_HALT,
			     .apply_timeout = 60 * USEC_PER_SEC,
			     .vanish_timeout = 60 * USEC_PER_SEC,
			     .join = true,
			     .gate = none },
		.history = { .keep = 10 },
		.alerts = { .command = none },
	};
	rig_zk_delete_all(rig.client, "/nginx");
	rig_zk_set(rig.client, SITE, "1");
	open_agent();
	return 0;
}

static int end(void **state UNUSED)
{
	close_agent();
	return 0;
}

/* The first plan, and the history entry that it names. */
static const char *accept_first(char revision[DIGEST_HEX_SIZE])
{
	eventually(rig.loop, *agent.newest && plan_is(PLAN_IDLE, agent.newest));
	apply_newest();
	eventually(rig.loop, entry_is("0000000001", agent.newest, OUTCOME_ACCEPTED));
	return memcpy(revision, agent.newest, DIGEST_HEX_SIZE);
}

/* The first revision, and then another one. */
static void accept_two(char first[DIGEST_HEX_SIZE], char second[DIGEST_HEX_SIZE])
{
	accept_first(first);
	push("2", second);
	eventually(rig.loop, plan_is(PLAN_IDLE, second));
}

static void elected_it_stores_the_config_and_writes_the_plan(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE];

	eventually(rig.loop, leader_is_active(agent.leader));
	accept_first(first);
	assert_true(agent.changes > 0);
	assert_int_equal(leader_conditions(agent.leader)->count, 0);
}

static void a_revision_is_accepted(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE], second[DIGEST_HEX_SIZE];

	accept_two(first, second);
	eventually(rig.loop, entry_is("0000000002", second, OUTCOME_ACCEPTED));
	assert_true(entry_is("0000000001", first, OUTCOME_ACCEPTED));
}

static void a_config_that_is_not_known_is_no_revision(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE];
	int version;

	accept_first(first);
	rig_zk_get_version(rig.client, CLUSTER "/plan", &version);
	rig_zk_delete(rig.client, SITE);
	eventually(rig.loop, strcmp(agent.newest, first) != 0);
	rig_turns(rig.loop, 50);
	assert_true(plan_is(PLAN_IDLE, first));
	request("pause"); /* the leader is not held up by it */
	eventually(rig.loop, answer_is("done"));
	assert_true(plan_is(PLAN_IDLE, first));
}

static void a_request_is_answered(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE];

	accept_first(first);
	request("pause");
	eventually(rig.loop, answer_is("done"));
	request("{\"action\":\"rollback\",\"revision\":\"abcdef\"}");
	eventually(rig.loop, answer_is("refused: the history has no such revision"));
	request("dance");
	eventually(rig.loop, answer_is("refused: it is not valid"));
}

static void the_live_list_names_who_serves(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE];

	accept_first(first);
	join("web2", "10.0.0.2:80");
	join("web3", "10.0.0.3:80");
	eventually(rig.loop,
		   rig_zk_is(rig.client, CLUSTER "/live", "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80"));
	rig_zk_delete(rig.client, CLUSTER "/members/web2");
	rig_zk_delete(rig.client, CLUSTER "/members/web3");
	eventually(rig.loop, rig_zk_is(rig.client, CLUSTER "/live", "10.0.0.1:80"));
}

/* What another client wrote into the list goes to cluster.on_live as JSON. */
static void a_live_list_of_any_bytes_is_read(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE];

	rig_zk_set(rig.client, CLUSTER "/live", "\xff\xfe");
	accept_first(first);
	eventually(rig.loop, rig_zk_is(rig.client, CLUSTER "/live", "10.0.0.1:80"));
}

static void roll_back_to(const char *revision)
{
	CLEANUP(freep)
	char *text = xasprintf("{\"action\":\"rollback\",\"revision\":\"%.12s\"}", revision);

	request(text);
}

static void an_old_revision_is_published(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE], second[DIGEST_HEX_SIZE];

	accept_two(first, second);
	roll_back_to(first);
	eventually(rig.loop, rig_zk_is(rig.client, SITE, "1") && answer_is("done"));
	eventually(rig.loop, plan_is(PLAN_IDLE, first));
}

/* In mode "all" a revision is accepted when a member runs it. A rollback is done before that: else
 * a later leader would begin it again, over a config that is newer. */
static void a_rollback_is_done_before_a_host_runs_it(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE], second[DIGEST_HEX_SIZE];

	accept_two(first, second);
	agent.is_behind = true;
	roll_back_to(first);
	eventually(rig.loop, rig_zk_is(rig.client, SITE, "1") && answer_is("done"));
	assert_true(plan_is(PLAN_IDLE, second));
	agent.is_behind = false;
	publish_member();
	eventually(rig.loop, plan_is(PLAN_IDLE, first));
}

/* The leader's tree is older than ZooKeeper for long: more than five attempts, and more than two
 * seconds of them, meet another client's write. */
static void publishing_outlasts_writes_in_between(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE], second[DIGEST_HEX_SIZE];
	uint64_t enough;

	accept_two(first, second);
	agent.keeps_tree = true;
	rig_zk_set(rig.client, SITE, "somebody else's");
	roll_back_to(first);
	enough = rig_now() + 3 * USEC_PER_SEC;
	eventually(rig.loop, rig_now() > enough);
	assert_true(answer_is("publishing"));
	assert_true(rig_zk_is(rig.client, SITE, "somebody else's"));
	agent.keeps_tree = false;
	rig_zk_set(rig.client, SITE, "somebody else's again");
	eventually(rig.loop, rig_zk_is(rig.client, SITE, "1") && answer_is("done"));
	eventually(rig.loop, plan_is(PLAN_IDLE, first));
}

/* An abort is answered between two attempts. */
static void publishing_is_aborted_between_attempts(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE], second[DIGEST_HEX_SIZE];

	accept_two(first, second);
	agent.keeps_tree = true;
	rig_zk_set(rig.client, SITE, "somebody else's");
	roll_back_to(first);
	eventually(rig.loop, answer_is("publishing"));
	request("abort");
	eventually(rig.loop, answer_is("done"));
	assert_true(rig_zk_is(rig.client, SITE, "somebody else's"));
	assert_true(plan_is(PLAN_IDLE, second));
}

static void an_entry_that_was_deleted_comes_back(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE];

	accept_first(first);
	rig_zk_delete_all(rig.client, CLUSTER "/history/0000000001");
	assert_false(rig_zk_exists(rig.client, CLUSTER "/history/0000000001"));
	eventually(rig.loop, entry_is("0000000001", first, OUTCOME_ACCEPTED));
}

static void old_entries_are_pruned(void **state UNUSED)
{
	char revision[DIGEST_HEX_SIZE];

	settings.history.keep = 2;
	accept_first(revision);
	for (int i = 0; i < 4; i++) {
		char word[] = { (char)('a' + i), '\0' };

		push(word, revision);
		eventually(rig.loop, plan_is(PLAN_IDLE, revision));
	}
	eventually(rig.loop, entry_is("0000000005", revision, OUTCOME_ACCEPTED));
	eventually(rig.loop, !rig_zk_exists(rig.client, CLUSTER "/history/0000000003"));
	assert_true(entry_is("0000000004", agent.stored_revision, OUTCOME_ACCEPTED) ||
		    rig_zk_exists(rig.client, CLUSTER "/history/0000000004"));
}

static void a_plan_that_is_not_valid_is_left_alone(void **state UNUSED)
{
	rig_zk_set(rig.client, CLUSTER "/plan", "not a plan");
	eventually(rig.loop, is_condition("rollout-plan-unreadable"));
	rig_turns(rig.loop, 50);
	assert_true(rig_zk_is(rig.client, CLUSTER "/plan", "not a plan"));
	rig_zk_delete(rig.client, CLUSTER "/plan");
	eventually(rig.loop, *agent.newest && plan_is(PLAN_IDLE, agent.newest));
	eventually(rig.loop, !is_condition("rollout-plan-unreadable"));
}

static void a_host_with_a_report_only_is_missing(void **state UNUSED)
{
	rig_zk_create(rig.client, CLUSTER "/reports/web9", "{}");
	eventually(rig.loop, is_condition("fleet-member-missing"));
	assert_int_equal(leader_numbers(agent.leader)->members, 1);
}

static void who_does_not_lead_writes_nothing_and_reports_nothing(void **state UNUSED)
{
	rig_zk_create(rig.client, CLUSTER "/reports/web9", "{}");
	eventually(rig.loop, is_condition("fleet-member-missing"));
	election_stand_for(fleet_election(agent.fleet), false);
	eventually(rig.loop, !leader_is_active(agent.leader));
	assert_int_equal(leader_conditions(agent.leader)->count, 0);
	assert_int_equal(leader_requests(agent.leader), 0);
}

/* The next term of office begins from the znodes. */
static void elected_again_it_goes_on(void **state UNUSED)
{
	char first[DIGEST_HEX_SIZE], second[DIGEST_HEX_SIZE];

	accept_first(first);
	election_stand_for(fleet_election(agent.fleet), false);
	eventually(rig.loop, !leader_is_active(agent.leader));
	push("2", second);
	election_stand_for(fleet_election(agent.fleet), true);
	eventually(rig.loop, plan_is(PLAN_IDLE, second));
}

/* Freed at any moment, with requests on their way: their answers find nobody. */
static void freed_while_it_writes_nothing_is_left(void **state UNUSED)
{
	char revision[DIGEST_HEX_SIZE], word[8];

	accept_first(revision);
	for (unsigned i = 0; i < 12; i++) {
		snprintf(word, sizeof(word), "w%u", i);
		push(word, revision);
		rig_turns(rig.loop, i % 4);
		leader_free(TAKE(agent.leader));
		rig_turns(rig.loop, 1);
		open_leader();
	}
	eventually(rig.loop, plan_is(PLAN_IDLE, agent.newest));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(elected_it_stores_the_config_and_writes_the_plan),
		TEST(a_revision_is_accepted),
		TEST(a_config_that_is_not_known_is_no_revision),
		TEST(a_request_is_answered),
		TEST(the_live_list_names_who_serves),
		TEST(a_live_list_of_any_bytes_is_read),
		TEST(an_old_revision_is_published),
		TEST(a_rollback_is_done_before_a_host_runs_it),
		TEST(publishing_outlasts_writes_in_between),
		TEST(publishing_is_aborted_between_attempts),
		TEST(an_entry_that_was_deleted_comes_back),
		TEST(old_entries_are_pruned),
		TEST(a_plan_that_is_not_valid_is_left_alone),
		TEST(a_host_with_a_report_only_is_missing),
		TEST(who_does_not_lead_writes_nothing_and_reports_nothing),
		TEST(elected_again_it_goes_on),
		TEST(freed_while_it_writes_nothing_is_left),
	};

	return cmocka_run_group_tests_name("leader", tests, set_up, tear_down);
}
