/* The permission: what a host may run of the newest tree, as a value. No daemon, no ZooKeeper. */
#include <stdio.h>
#include <string.h>

#include <zknginx/plan.h>

#include "agent/permission.h"
#include "core/data/layout.h"
#include "rig.h"

#define ROOT "/c"
#define TREE(word) ROOT "\n" ROOT "/sites\n" ROOT "/sites/s\n\t" word "\\\n"

struct world {
	struct settings settings;
	struct running running;
	struct problems unreadable, problems;
	enum permit_kind kind; /* of the last permit */
	unsigned permits;
	struct permission *permission;
};

static void on_permit(void *ctx, const struct permit *p)
{
	struct world *w = ctx;

	w->kind = p->kind;
	w->permits++;
}

static void on_fetched(void *ctx UNUSED)
{
}

static struct tree *parse(const char *text)
{
	struct tree *t = NULL;
	struct err e;

	assert_int_equal(tree_parse(text, strlen(text), "text", &t, &e), 0);
	return t;
}

static void revision_of(const struct tree *t, char hex[DIGEST_HEX_SIZE])
{
	struct digest d = tree_revision(t, ROOT);

	digest_hex(&d, hex);
}

static void open_permission(struct world *w)
{
	static const struct permission_ops ops = { on_permit, on_fetched };

	w->permission = permission_new(
		&(struct permission_spec){ .settings = &w->settings, .host = "web1" }, &ops, w);
}

static int set_up(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	w->settings.zookeeper.config = ROOT;
	w->settings.zookeeper.cluster = "/f";
	w->settings.state.directory = rig_directory();
	w->settings.rollout.mode = ROLLOUT_ALL;
	w->settings.rollout.join = true;
	problems_init(&w->unreadable);
	problems_init(&w->problems);
	w->running.accepted = parse(TREE("runs"));
	revision_of(w->running.accepted, w->running.applied);
	open_permission(w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	permission_free(w->permission);
	tree_unref(w->running.accepted);
	problems_fini(&w->unreadable);
	problems_fini(&w->problems);
	test_free(w);
	rig_clean();
	return 0;
}

static void see(struct world *w, const char *text)
{
	struct tree *t = parse(text);

	permission_on_tree(w->permission, t, &w->unreadable, &w->running, 0);
	tree_unref(t);
}

static void assert_chosen(struct world *w, const char *site, const char *revision)
{
	struct choice_result r;

	permission_choose(w->permission, &w->running, w->running.applied, &w->problems, &r);
	assert_string_equal(tree_find(r.tree, ROOT "/sites/s")->data, site);
	if (revision)
		assert_string_equal(r.revision, revision);
	tree_unref(r.tree);
}

static const char *newest_revision(const struct world *w)
{
	struct permission_facts f;

	permission_facts(w->permission, &f);
	return f.newest_revision;
}

static void a_host_in_mode_all_runs_the_newest(void **state)
{
	struct world *w = *state;

	see(w, TREE("new"));
	assert_int_equal(w->permits, 1);
	assert_int_equal(w->kind, PERMIT_NEWEST);
	assert_chosen(w, "new", newest_revision(w));
	assert_int_equal(w->problems.count, 0);
}

static void a_host_that_follows_keeps_what_it_runs_while_there_is_no_plan(void **state)
{
	struct world *w = *state;

	w->settings.rollout.mode = ROLLOUT_CANARY;
	see(w, TREE("new"));
	assert_chosen(w, "runs", w->running.applied);
	w->settings.rollout.mode = ROLLOUT_ALL;
	permission_update(w->permission);
	assert_chosen(w, "new", newest_revision(w));
}

static void what_cannot_be_read_is_filled_in_and_the_tree_that_came_stays_as_it_is(void **state)
{
	struct world *w = *state;
	struct tree *came = parse(ROOT "\n" ROOT "/sites\n");
	struct permission_facts f;

	problems_add(&w->unreadable, ROOT "/sites/s", PROBLEM_ACCESS, NULL, "no permission");
	permission_on_tree(w->permission, came, &w->unreadable, &w->running, 0);
	permission_facts(w->permission, &f);
	assert_true(f.whole);
	assert_string_equal(f.newest_revision, w->running.applied);
	assert_chosen(w, "runs", w->running.applied);
	assert_null(tree_find(came, ROOT "/sites/s"));
	tree_unref(came);
	problems_add(&w->unreadable, ROOT "/sites/t", PROBLEM_ACCESS, NULL, "no permission");
	see(w, ROOT "\n" ROOT "/sites\n");
	permission_facts(w->permission, &f);
	assert_false(f.whole); /* nobody has ever read it */
}

static void the_config_that_nginx_runs_is_stored_and_found_after_a_restart(void **state)
{
	struct world *w = *state;
	struct tree *t = parse(TREE("runs"));
	struct permission_facts f;

	permission_keep(w->permission, t, "another revision");
	permission_facts(w->permission, &f);
	assert_string_equal(f.stored_revision, "");
	permission_keep(w->permission, t, w->running.applied);
	tree_unref(t);
	permission_free(w->permission);
	open_permission(w);
	permission_facts(w->permission, &f);
	assert_string_equal(f.stored_revision, w->running.applied);
	assert_non_null(tree_find(f.stored, ROOT "/sites/s"));
}

static void a_config_that_is_gone_is_left_to_the_guard(void **state)
{
	struct world *w = *state;
	struct permission_facts f;
	struct choice_result r;

	see(w, ROOT "\n");
	permission_facts(w->permission, &f);
	assert_true(f.wiped);
	permission_choose(w->permission, &w->running, w->running.applied, &w->problems, &r);
	assert_ptr_equal(r.tree, f.newest);
	assert_string_equal(r.revision, w->running.applied);
	assert_int_equal(w->problems.count, 0);
	tree_unref(r.tree);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_host_in_mode_all_runs_the_newest),
		TEST(a_host_that_follows_keeps_what_it_runs_while_there_is_no_plan),
		TEST(what_cannot_be_read_is_filled_in_and_the_tree_that_came_stays_as_it_is),
		TEST(the_config_that_nginx_runs_is_stored_and_found_after_a_restart),
		TEST(a_config_that_is_gone_is_left_to_the_guard),
	};

	return cmocka_run_group_tests_name("permission", tests, NULL, NULL);
}
