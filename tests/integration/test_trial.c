/* The trial of a revision on a real loop: values in, a verdict out. No daemon, ZooKeeper or nginx.
 */
#include <stdio.h>
#include <string.h>

#include "agent/trial.h"
#include "rig_private.h"

struct world {
	sd_event *loop;
	struct settings settings;
	const char *gate[3];
	struct nginx_status nginx;
	struct problems none;
	unsigned begun, changed;
	struct trial *trial;
};

static void on_begin(void *ctx)
{
	struct world *w = ctx;

	w->begun++;
}

static void on_change(void *ctx)
{
	struct world *w = ctx;

	w->changed++;
}

static void nginx_of(void *ctx, struct nginx_status *out)
{
	const struct world *w = ctx;

	*out = w->nginx;
}

static int set_up(void **state)
{
	static const struct trial_ops ops = { on_begin, on_change, nginx_of };
	struct world *w = test_calloc(1, sizeof(*w));

	if (sd_event_new(&w->loop) < 0)
		return -1;
	w->settings.zookeeper.config = "/c";
	w->settings.nginx.probe = "";
	w->settings.rollout.gate = w->gate;
	w->settings.rollout.gate_timeout = RIG_PATIENCE;
	problems_init(&w->none);
	w->trial = trial_new(
		&(struct trial_spec){ .loop = w->loop, .settings = &w->settings, .host = "web1" },
		&ops, w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	trial_free(w->trial);
	problems_fini(&w->none);
	sd_event_unref(w->loop);
	test_free(w);
	rig_private_clean();
	rig_clean();
	return 0;
}

static void permit(struct world *w, const char *revision, unsigned long attempt)
{
	const struct permit p = { .kind = PERMIT_NAMED,
				  .revision = { .revision = revision },
				  .attempt = attempt };

	trial_permit(w->trial, &p, &w->none);
}

static void outcome(struct world *w, const char *revision, enum deploy_result result, bool pending)
{
	const struct outcome o = { .result = result, .message = "no include line" };

	trial_outcome(w->trial, revision, &o, pending);
}

static enum verdict verdict(const struct world *w)
{
	struct member m = { 0 };

	trial_fill(w->trial, &m);
	return m.gate.verdict;
}

static void a_trial_begins_once_for_each_attempt(void **state)
{
	struct world *w = *state;
	struct member m = { 0 };

	permit(w, "r", 0); /* no trial */
	assert_int_equal(w->begun, 0);
	permit(w, "r", 1);
	permit(w, "r", 1);
	assert_int_equal(w->begun, 1);
	permit(w, "r", 2);
	assert_int_equal(w->begun, 2);
	trial_fill(w->trial, &m);
	assert_string_equal(m.gate.revision, "r");
	assert_int_equal(m.gate.attempt, 2);
	assert_int_equal(m.gate.verdict, VERDICT_WAITING);
}

static void only_what_happens_to_the_revision_on_trial_counts(void **state)
{
	struct world *w = *state;

	permit(w, "r", 1);
	outcome(w, "other", DEPLOY_APPLIED, false);
	trial_refused(w->trial, "other", "no");
	assert_int_equal(verdict(w), VERDICT_WAITING);
	outcome(w, "r", DEPLOY_APPLIED, true); /* nginx runs a part of it */
	assert_int_equal(verdict(w), VERDICT_WAITING);
	outcome(w, "r", DEPLOY_APPLIED, false);
	assert_int_equal(verdict(w), VERDICT_GOOD);
}

static void a_refusal_or_a_missing_include_is_bad_and_stays_bad(void **state)
{
	struct world *w = *state;
	struct member m = { 0 };

	permit(w, "r", 1);
	outcome(w, "r", DEPLOY_NOT_INCLUDED, false);
	assert_int_equal(verdict(w), VERDICT_BAD);
	outcome(w, "r", DEPLOY_APPLIED, false);
	assert_int_equal(verdict(w), VERDICT_BAD);
	permit(w, "r", 2);
	trial_refused(w->trial, "r", "nginx said no");
	trial_fill(w->trial, &m);
	assert_int_equal(m.gate.verdict, VERDICT_BAD);
	assert_string_equal(m.gate.message, "nginx said no");
}

static void a_problem_of_the_revision_is_bad(void **state)
{
	struct world *w = *state;
	struct problems ps;

	problems_init(&ps);
	problems_add(&ps, "/c/sites/s", PROBLEM_FIELD, "port", "expected a number");
	permit(w, "r", 1);
	trial_problems(w->trial, "other", &ps);
	assert_int_equal(verdict(w), VERDICT_WAITING);
	trial_problems(w->trial, "r", &ps);
	assert_int_equal(verdict(w), VERDICT_BAD);
	problems_fini(&ps);
}

static void a_worker_that_dies_after_the_reload_is_found_by_a_sample(void **state)
{
	struct world *w = *state;

	w->nginx.nginx.deaths = 3; /* before it was applied */
	permit(w, "r", 1);
	outcome(w, "r", DEPLOY_APPLIED, false);
	assert_int_equal(verdict(w), VERDICT_GOOD);
	w->nginx.nginx.deaths = 4;
	eventually(w->loop, verdict(w) == VERDICT_BAD);
}

static void the_gate_command_decides_for_the_revision_it_was_asked_about(void **state)
{
	struct world *w = *state;
	char *input;

	w->gate[0] = rig_private_script("gate", "#!/bin/sh\ncat >\"$1\"\n");
	w->gate[1] = input = rig_path("input");
	permit(w, "r", 7);
	outcome(w, "r", DEPLOY_APPLIED, false);
	assert_int_equal(verdict(w), VERDICT_WAITING);
	eventually(w->loop, verdict(w) == VERDICT_GOOD);
	assert_string_equal(rig_read(input),
			    "{\"attempt\": 7, \"host\": \"web1\", \"revision\": \"r\"}");
	assert_true(w->changed >= 2);
	w->gate[0] = rig_private_script("no", "#!/bin/sh\necho too slow; exit 1\n");
	permit(w, "s", 8);
	outcome(w, "s", DEPLOY_APPLIED, false);
	eventually(w->loop, verdict(w) == VERDICT_BAD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_trial_begins_once_for_each_attempt),
		TEST(only_what_happens_to_the_revision_on_trial_counts),
		TEST(a_refusal_or_a_missing_include_is_bad_and_stays_bad),
		TEST(a_problem_of_the_revision_is_bad),
		TEST(a_worker_that_dies_after_the_reload_is_found_by_a_sample),
		TEST(the_gate_command_decides_for_the_revision_it_was_asked_about),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
