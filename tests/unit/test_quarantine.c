/* quarantine: refused changes are reverted, for how long, and what nginx runs but could not load
 * again. */

#include "core/data/quarantine.h"
#include "tree_fixture.h"

#define SECOND USEC_PER_SEC

struct world {
	struct quarantine *q;
	struct tree *tree, *accepted;
	struct problems problems;
};

static int setup(void **state)
{
	static struct world w;

	w = (struct world){ .q = quarantine_new(), .tree = parse(""), .accepted = parse("") };
	problems_init(&w.problems);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	quarantine_free(w->q);
	tree_unref(w->tree);
	tree_unref(w->accepted);
	problems_fini(&w->problems);
	return 0;
}

static void see(struct world *w, const char *tree, const char *accepted)
{
	tree_unref(w->tree);
	tree_unref(w->accepted);
	w->tree = parse(tree);
	w->accepted = parse(accepted);
}

/* nginx refused this path as it is in the tree. */
static void refuse(struct world *w, const char *path, enum problem_kind kind, uint64_t now)
{
	quarantine_add(w->q, path, tree_find(w->tree, path), kind, "no", now);
}

static void expect(struct world *w, const char *text, size_t problems)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	CLEANUP(tree_unrefp) struct tree *t = NULL;

	problems_fini(&w->problems);
	problems_init(&w->problems);
	t = quarantine_apply(w->q, w->tree, w->accepted, &w->problems);
	tree_print(t, &out);
	assert_string_equal(buf_str(&out), text);
	assert_int_equal(w->problems.count, problems);
}

static void a_new_znode_stays_out_with_what_is_below_it(void **state)
{
	struct world *w = *state;

	see(w, "/a\n\tx\n/u\n\tbad\n/u/s\n/v\n", "/a\n\tx\n");
	refuse(w, "/u", PROBLEM_NGINX, 0);
	expect(w, "/a\n\tx\n/v\n", 1);
	assert_string_equal(w->problems.items[0].znode, "/u");
	assert_string_equal(w->problems.items[0].message, "no");
	assert_int_equal(w->problems.items[0].serving, SERVING_ABSENT);
}

static void a_changed_znode_keeps_its_accepted_form(void **state)
{
	struct world *w = *state;

	see(w, "/u\n\tnew\n/u/s\n", "/u\n\told\n");
	refuse(w, "/u", PROBLEM_RELOAD, 0);
	expect(w, "/u\n\told\n/u/s\n", 1);
	assert_int_equal(w->problems.items[0].kind, PROBLEM_RELOAD);
	assert_int_equal(w->problems.items[0].serving, SERVING_PREVIOUS);
}

static void a_deleted_znode_comes_back_with_what_was_below_it(void **state)
{
	struct world *w = *state;

	see(w, "/a\n", "/a\n/u\n\tx\n/u/s\n");
	refuse(w, "/u", PROBLEM_NGINX, 0);
	expect(w, "/a\n/u\n\tx\n/u/s\n", 1);
	assert_non_null(strstr(w->problems.items[0].message, "deleted"));
}

static void other_bytes_are_not_affected(void **state)
{
	struct world *w = *state;

	see(w, "/a\n\tbad\n", "");
	refuse(w, "/a", PROBLEM_NGINX, 0);
	assert_true(quarantine_knows(w->q, "/a", tree_find(w->tree, "/a")));
	see(w, "/a\n\tgood\n", "");
	expect(w, "/a\n\tgood\n", 0);
	quarantine_expire(w->q, w->tree, w->accepted, 1);
	assert_true(quarantine_is_empty(w->q));
}

static void another_try_comes_later_each_time(void **state)
{
	struct world *w = *state;
	uint64_t now = 0, pause, last = 0;

	see(w, "/a\n\tbad\n", "");
	for (int i = 0; i < 8; i++) {
		refuse(w, "/a", PROBLEM_NGINX, now);
		pause = quarantine_due(w->q) - now;
		assert_true(pause > last || (pause == last && pause >= 600 * SECOND));
		quarantine_expire(w->q, w->tree, w->accepted, now + pause - 1);
		assert_int_equal(quarantine_count(w->q), 1);
		now += pause;
		quarantine_expire(w->q, w->tree, w->accepted, now);
		assert_int_equal(quarantine_count(w->q), 0);
		last = pause;
	}
	assert_int_equal(quarantine_due(w->q), NEVER);
}

static void a_try_for_a_change_elsewhere_doubles_nothing(void **state)
{
	struct world *w = *state;

	see(w, "/a\n\tbad\n/b\n\tworse\n", "");
	refuse(w, "/a", PROBLEM_NGINX, 0);
	refuse(w, "/b", PROBLEM_RELOAD, 0);
	for (uint64_t now = 1; now < 5; now++) {
		quarantine_release(w->q, false);
		assert_int_equal(quarantine_count(w->q), 1); /* a reload is no cheap try */
		refuse(w, "/a", PROBLEM_NGINX, now);
		assert_int_equal(quarantine_due(w->q), 30 * SECOND);
	}
	quarantine_release(w->q, true);
	assert_int_equal(quarantine_count(w->q), 0);
}

static void what_is_accepted_in_the_end_is_forgotten(void **state)
{
	struct world *w = *state;

	see(w, "/a\n\tx\n", "");
	refuse(w, "/a", PROBLEM_NGINX, 0);
	quarantine_release(w->q, true);
	expect(w, "/a\n\tx\n", 1); /* tried, and still refused until nginx accepts it */
	assert_false(quarantine_accept(w->q, w->accepted, &w->problems));
	see(w, "/a\n\tx\n", "/a\n\tx\n");
	assert_true(quarantine_accept(w->q, w->accepted, &w->problems));
	assert_int_equal(w->problems.count, 0);
	assert_true(quarantine_is_empty(w->q));
}

/* --- lost ------------------------------------------------------------------------------------ */

static void lose(struct world *w, const char *path, uint64_t due)
{
	quarantine_lose(w->q, tree_find(w->accepted, path), "gone", due);
}

static void a_lost_znode_stays_until_its_time(void **state)
{
	struct world *w = *state;
	struct tree *rest;

	see(w, "/a\n/b\n", "/a\n/b\n");
	lose(w, "/a", 30);
	lose(w, "/a", 90); /* reported again: the time does not begin again */
	expect(w, "/a\n/b\n", 1);
	assert_int_equal(w->problems.items[0].serving, SERVING_PREVIOUS);
	assert_int_equal(quarantine_next_loss(w->q, 29), 30);
	assert_null(quarantine_leave_out(w->q, w->tree, 29));
	rest = quarantine_leave_out(w->q, w->tree, 30);
	assert_non_null(rest);
	assert_int_equal(tree_count(rest), 1);
	tree_unref(rest);
	assert_int_equal(quarantine_next_loss(w->q, 30), NEVER);
}

static void what_was_left_out_is_tried_again_like_what_is_refused(void **state)
{
	struct world *w = *state;

	see(w, "/a\n/b\n", "/a\n/b\n");
	lose(w, "/a", 30);
	see(w, "/a\n/b\n", "/b\n");
	quarantine_expire(w->q, w->tree, w->accepted, 100);
	expect(w, "/b\n", 1);
	assert_int_equal(w->problems.items[0].serving, SERVING_ABSENT);
	assert_int_equal(quarantine_due(w->q), 100 + 30 * SECOND);
}

static void what_nginx_can_load_again_is_lost_no_more(void **state)
{
	struct world *w = *state;

	see(w, "/a\n", "/a\n");
	lose(w, "/a", 30);
	assert_true(quarantine_find_again(w->q, w->accepted));
	assert_false(quarantine_find_again(w->q, w->accepted));
	expect(w, "/a\n", 0);
}

static void clearing_forgets_everything(void **state)
{
	struct world *w = *state;

	see(w, "/a\n\tbad\n", "/b\n");
	refuse(w, "/a", PROBLEM_NGINX, 0);
	lose(w, "/b", 5);
	quarantine_clear(w->q);
	assert_true(quarantine_is_empty(w->q));
	assert_int_equal(quarantine_due(w->q), NEVER);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_new_znode_stays_out_with_what_is_below_it),
		TEST(a_changed_znode_keeps_its_accepted_form),
		TEST(a_deleted_znode_comes_back_with_what_was_below_it),
		TEST(other_bytes_are_not_affected),
		TEST(another_try_comes_later_each_time),
		TEST(a_try_for_a_change_elsewhere_doubles_nothing),
		TEST(what_is_accepted_in_the_end_is_forgotten),
		TEST(a_lost_znode_stays_until_its_time),
		TEST(what_was_left_out_is_tried_again_like_what_is_refused),
		TEST(what_nginx_can_load_again_is_lost_no_more),
		TEST(clearing_forgets_everything),
	};

	return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
