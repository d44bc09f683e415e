/*
 * Faults of a fleet and of its operators: P4, G11, O2 … O8, W1. Three hosts; at each turn the rig
 * checks that no host serves a revision that the plan does not permit (I6) and that the plan leaves
 * out no step. Clients of all three send requests all the time.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "../integration/rig_fleet.h"
#include "ground.h"

#define LEADER 2 /* no canary, and its turn comes last */

struct fleet_case {
	const char *id, *title;
	void (*run)(struct rig_fleet *f);
	bool sick; /* the bad revision answers 503 on purpose: those answers are not judged */
};

static struct rig_fleet fleet;
static struct load *loads[FLEET_MAX];
static uint64_t healed;
static double recover;
static bool passed;

static void start(struct rig_fleet *f, const char *rollout)
{
	f->rollout = rollout;
	rig_fleet_start(f, LEADER);
	for (size_t i = 0; i < f->count; i++)
		loads[i] = load_start(f->hosts[i].port, "");
}

/* The fault is over; the revision is to be accepted and served by all. */
static void ends_with(struct rig_fleet *f, const char *word)
{
	healed = rig_now();
	rig_fleet_await_accepted(f, word);
	recover = (double)(rig_now() - healed) / 1e6;
}

static bool canary_serves(struct rig_fleet *f, const char *word)
{
	return strcmp(rig_fleet_serves(f, 0), word) == 0;
}

static void the_leader_ends_in_mid_rollout(struct rig_fleet *f)
{
	start(f, FLEET_CANARY_BAKING("1s"));
	rig_fleet_push(f, "2");
	fleet_eventually(f, canary_serves(f, "2"));
	rig_fleet_signal(f, LEADER, SIGTERM);
	assert_true(rig_fleet_leader(f) >= 0 && rig_fleet_leader(f) != LEADER);
	rig_fleet_start_host(f, LEADER);
	ends_with(f, "2");
}

static void kill_leader_and_go_on(struct rig_fleet *f)
{
	long leader = rig_fleet_leader(f);

	rig_fleet_signal(f, (size_t)leader, SIGKILL);
	fleet_eventually(f, rig_fleet_leader(f) >= 0 && rig_fleet_leader(f) != leader);
	rig_fleet_start_host(f, (size_t)leader);
}

static void the_leader_dies_at_each_step(struct rig_fleet *f)
{
	start(f, FLEET_CANARY_AND_BATCHES("1s", "1s"));
	rig_fleet_push(f, "2");
	for (int step = 1; step <= 3; step++) {
		fleet_eventually(f, f->plan.step >= step || rig_fleet_accepted(f, "2"));
		if (!rig_fleet_accepted(f, "2"))
			kill_leader_and_go_on(f);
	}
	ends_with(f, "2");
}

static void the_old_leader_wakes_up(struct rig_fleet *f)
{
	start(f, FLEET_CANARY_BAKING("1s"));
	rig_fleet_push(f, "2");
	fleet_eventually(f, canary_serves(f, "2"));
	rig_fleet_signal(f, LEADER, SIGSTOP);
	fleet_eventually(f, rig_fleet_leader(f) >= 0 && rig_fleet_leader(f) != LEADER);
	rig_fleet_watch(f, 4 * USEC_PER_SEC);
	rig_fleet_signal(f, LEADER, SIGCONT);
	ends_with(f, "2");
}

static void a_revision_breaks_the_service(struct rig_fleet *f)
{
	f->gated = true;
	start(f, FLEET_CANARY "on_failure = \"revert\";");
	rig_fleet_push(f, "bad");
	fleet_eventually(f, rig_fleet_is(f, "reverted", NULL));
	fleet_eventually(f, canary_serves(f, "1"));
	assert_true(rig_fleet_served(f, 1, "1") && rig_fleet_served(f, 2, "1"));
	rig_fleet_push(f, "3");
	ends_with(f, "3");
}

static void two_pushes_at_once(struct rig_fleet *f)
{
	start(f, FLEET_CANARY);
	rig_fleet_push(f, "2");
	rig_fleet_push(f, "3");
	ends_with(f, "3");
}

static void paused_and_resumed_in_each_state(struct rig_fleet *f)
{
	start(f, FLEET_STAYS);
	rig_fleet_request(f, "pause");
	rig_fleet_request(f, "resume");
	rig_fleet_push(f, "2");
	fleet_eventually(f, canary_serves(f, "2"));
	rig_fleet_request(f, "pause");
	rig_fleet_request(f, "pause");
	rig_fleet_request(f, "resume");
	rig_fleet_request(f, "abort");
	fleet_eventually(f, canary_serves(f, "1"));
	rig_fleet_request(f, "abort");
	rig_fleet_push(f, "3");
	fleet_eventually(f, canary_serves(f, "3"));
	f->promoted = true;
	rig_fleet_promote(f, "{\"action\":\"promote\",\"all\":true}");
	ends_with(f, "3");
}

static void set_rollout(struct rig_fleet *f, size_t i, const char *rollout)
{
	f->hosts[i].rollout = rollout;
	rig_fleet_settings(f, i);
	rig_fleet_signal(f, i, SIGHUP);
}

static void a_host_is_frozen(struct rig_fleet *f)
{
	start(f, FLEET_CANARY);
	set_rollout(f, 1, FLEET_CANARY "freeze = true;");
	fleet_eventually(f, strstr(rig_zk_get(f->zk, CLUSTER "/members/web2"), "frozen") ||
				    strstr(rig_zk_get(f->zk, CLUSTER "/members/web2"), "freeze"));
	rig_fleet_push(f, "2");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 2), "2") == 0);
	rig_fleet_watch(f, USEC_PER_SEC);
	assert_true(rig_fleet_served(f, 1, "1"));
	set_rollout(f, 1, NULL);
	ends_with(f, "2");
}

static void bad_settings_on_a_reload(struct rig_fleet *f)
{
	struct rig_host *h = &f->hosts[1].host;
	char *good;

	start(f, FLEET_CANARY);
	good = rig_read(h->settings);
	rig_write(h->settings, "%s\nnginx: { binary = 7; nonsense = ", good);
	rig_fleet_signal(f, 1, SIGHUP);
	eventually(NULL, strstr(rig_read(h->log), h->settings));
	rig_fleet_push(f, "2");
	fleet_eventually(f, strcmp(rig_fleet_serves(f, 1), "2") == 0);
	rig_write(h->settings, "%s", good);
	rig_fleet_signal(f, 1, SIGHUP);
	ends_with(f, "2");
}

/* --- the runner ------------------------------------------------------------------------------- */

static int set_up(void **state UNUSED)
{
	void *f = &fleet;

	passed = false;
	recover = -1;
	memset(loads, 0, sizeof(loads));
	return rig_fleet_begin(&f);
}

static int tear_down(void **state)
{
	const struct fleet_case *c = *state;
	struct load_counts sum = { 0 };
	void *f = &fleet;
	char figures[128];

	for (size_t i = 0; i < FLEET_MAX && loads[i]; i++) {
		struct load_counts one = load_counts(loads[i]);

		sum.sent += one.sent;
		sum.failed += one.failed;
		if (one.failed && !*sum.first)
			memcpy(sum.first, one.first, sizeof(sum.first));
		sum.worst_ms = one.worst_ms > sum.worst_ms ? one.worst_ms : sum.worst_ms;
		load_stop(loads[i]);
	}
	snprintf(figures, sizeof(figures), "-\t%.2f\t%lu\t%lu\t%.0f\t-", recover, sum.sent,
		 sum.failed, sum.worst_ms);
	fault_row(c->id, c->title, passed && !sum.failed, figures,
		  passed ? sum.first : "an assertion failed");
	return rig_fleet_end(&f);
}

static void run_case(void **state)
{
	const struct fleet_case *c = *state;

	c->run(&fleet);
	passed = true;
}

static int set_up_all(void **state UNUSED)
{
	void *f = NULL;
	int rc = rig_fleet_setup(&f);

	if (rc == 0)
		fleet.zookeeper = ((struct rig_fleet *)f)->zookeeper;
	return rc;
}

static int tear_down_all(void **state UNUSED)
{
	rig_zookeeper_stop(fleet.zookeeper);
	rig_clean();
	return 0;
}

int main(void)
{
	static const struct fleet_case cases[] = {
		{ "P4", "the leader ends in mid-rollout", the_leader_ends_in_mid_rollout, false },
		{ "O4", "the leader dies at each step", the_leader_dies_at_each_step, false },
		{ "W1", "the old leader wakes up", the_old_leader_wakes_up, false },
		{ "G11", "a valid revision breaks the service", a_revision_breaks_the_service,
		  false },
		{ "O2", "two pushes at once", two_pushes_at_once, false },
		{ "O5", "pause, resume, abort, promote in each state",
		  paused_and_resumed_in_each_state, false },
		{ "O7", "a host is frozen", a_host_is_frozen, false },
		{ "O8", "bad settings on a reload", bad_settings_on_a_reload, false },
	};
	struct CMUnitTest tests[ARRAY_SIZE(cases)];

	fault_not_tried(
		"O1", "a push to a wrong cluster path",
		"a revision carries no name of its cluster; the path is a setting of each host");
	fault_not_tried(
		"O6", "a rollback while ZooKeeper is down",
		"rollback needs ZooKeeper; nginx keeps serving the live generation meanwhile");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){ cases[i].id, run_case, set_up, tear_down,
						(void *)&cases[i] };
	return cmocka_run_group_tests_name("fleet", tests, set_up_all, tear_down_all);
}
