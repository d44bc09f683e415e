/* history: the changes between two configs, and the operations that undo them. */
#include <zknginx/history.h>

#include "config_trees.h"
#include "core/data/layout.h"

#define ROUNDS 5000

/* --- a server that is as strict as ZooKeeper ------------------------------------------------- */

static struct tree *without(const struct tree *t, const char *path, const struct znode *add)
{
	struct tree_builder b;
	struct tree *next;

	tree_builder_init(&b);
	for (size_t i = 0; i < tree_count(t); i++) {
		if (strcmp(tree_at(t, i)->path, path) != 0)
			tree_builder_add(&b, tree_at(t, i));
	}
	if (add)
		tree_builder_add(&b, add);
	next = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return next;
}

static void assert_may_create(const struct tree *t, const struct history_op *op)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	size_t above = (size_t)(path_name(op->path) - op->path - 1);

	assert_null(tree_find(t, op->path));
	if (above) /* "/" always exists */
		assert_non_null(tree_find(t, arena_copy(a, op->path, above)));
}

static void assert_may_change(const struct tree *t, const struct history_op *op)
{
	size_t i = tree_lower_bound(t, op->path);

	assert_non_null(tree_find(t, op->path));
	assert_int_equal(tree_at(t, i)->version, op->version);
	if (op->kind == HISTORY_DELETE)
		assert_int_equal(tree_subtree_end(t, i), i + 1);
}

static struct tree *apply(const struct tree *t, const struct history_op *op)
{
	struct znode z = { .path = op->path, .data = op->data, .size = op->size };

	if (op->kind == HISTORY_CREATE)
		assert_may_create(t, op);
	else
		assert_may_change(t, op);
	return without(t, op->path, op->kind == HISTORY_DELETE ? NULL : &z);
}

static struct tree *restored(const struct tree *now, const struct tree *old)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct tree *t = tree_ref((struct tree *)(uintptr_t)now);
	struct history_op *ops;
	size_t count = history_restore(a, now, old, ROOT, &ops);

	for (size_t i = 0; i < count; i++) {
		struct tree *next = apply(t, &ops[i]);

		tree_unref(t);
		t = next;
	}
	return t;
}

/* --- what always holds ----------------------------------------------------------------------- */

static bool is_server(const struct znode *z)
{
	size_t size = path_upstream(z->path, ROOT);

	return size && z->path[size];
}

static bool has_upstream_of(const struct tree *t, const struct znode *z)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();

	return tree_find(t, arena_copy(a, z->path, path_upstream(z->path, ROOT)));
}

static bool same_in(const struct tree *t, const struct znode *z)
{
	const struct znode *there = tree_find(t, z->path);

	return there && znode_same(there, z) && there->owner == z->owner;
}

/* Znodes from before that are outside of the config, or servers of an upstream that stays. */
static void assert_kept(const struct tree *now, const struct tree *old, const struct tree *after)
{
	for (size_t i = 0; i < tree_count(now); i++) {
		const struct znode *z = tree_at(now, i);

		if (!path_relative(z->path, ROOT) || (is_server(z) && has_upstream_of(old, z)))
			assert_true(same_in(after, z));
	}
}

/* What exists afterwards existed before, or belongs to an upstream that came back. */
static void assert_not_invented(const struct tree *now, const struct tree *old,
				const struct tree *after)
{
	for (size_t i = 0; i < tree_count(after); i++) {
		const struct znode *z = tree_at(after, i);

		if (!path_relative(z->path, ROOT))
			assert_true(same_in(now, z));
		if (!is_server(z))
			continue;
		assert_true(has_upstream_of(old, z));
		if (has_upstream_of(now, z))
			assert_true(same_in(now, z));
		else
			assert_true(same_in(old, z) && !z->owner);
	}
}

static void assert_came_back(const struct tree *now, const struct tree *old,
			     const struct tree *after)
{
	for (size_t i = 0; i < tree_count(old); i++) {
		const struct znode *z = tree_at(old, i);

		if (is_server(z) && !has_upstream_of(now, z) && !z->owner)
			assert_true(same_in(after, z));
	}
}

static void any_config_comes_back(void **state UNUSED)
{
	for (unsigned seed = 0; seed < ROUNDS; seed++) {
		CLEANUP(tree_unrefp) struct tree *now = random_tree(2 * seed);
		CLEANUP(tree_unrefp) struct tree *old = random_tree(2 * seed + 1);
		CLEANUP(tree_unrefp) struct tree *after = restored(now, old);
		CLEANUP(tree_unrefp) struct tree *again = NULL;

		assert_true(same_revision(after, old));
		assert_kept(now, old, after);
		assert_not_invented(now, old, after);
		assert_came_back(now, old, after);
		again = restored(after, old); /* and there is nothing left to do */
		assert_true(tree_same(again, after));
	}
}

static void same_config_needs_nothing(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(tree_unrefp)
	struct tree *now =
		parse("/r\n/r/upstreams\n/r/upstreams/a version=4\n/r/upstreams/a/x:1\n");
	CLEANUP(tree_unrefp)
	struct tree *old = parse("/r\n/r/upstreams\n/r/upstreams/a\n/r/upstreams/a/y:1\n");
	struct history_op *ops;

	assert_int_equal(history_restore(a, now, old, ROOT, &ops), 0);
}

static void assert_op(const struct history_op *op, int kind, const char *path, const char *data,
		      int version)
{
	assert_int_equal(op->kind, kind);
	assert_string_equal(op->path, path);
	if (kind != HISTORY_DELETE)
		assert_string_equal(op->data, data);
	if (kind != HISTORY_CREATE)
		assert_int_equal(op->version, version);
}

static void order_breaks_no_reference(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(tree_unrefp)
	struct tree *now =
		parse("/r version=1\n\tby\\\n/r/sites\n/r/sites/s version=9\n\tto new\\\n"
		      "/r/upstreams\n/r/upstreams/new version=3\n"
		      "/r/upstreams/new/x:1 owner=5 version=2\n");
	CLEANUP(tree_unrefp)
	struct tree *old =
		parse("/r\n\twas\\\n/r/sites\n/r/sites/s\n\tto old\\\n/r/upstreams\n"
		      "/r/upstreams/old\n\tp\\\n/r/upstreams/old/x:1\n/r/upstreams/old/y:1 "
		      "owner=6\n");
	struct history_op *ops;

	assert_int_equal(history_restore(a, now, old, ROOT, &ops), 6);
	assert_op(&ops[0], HISTORY_CREATE, "/r/upstreams/old", "p", 0);
	assert_op(&ops[1], HISTORY_CREATE, "/r/upstreams/old/x:1", "", 0);
	assert_op(&ops[2], HISTORY_SET, "/r", "was", 1);
	assert_op(&ops[3], HISTORY_SET, "/r/sites/s", "to old", 9);
	assert_op(&ops[4], HISTORY_DELETE, "/r/upstreams/new/x:1", NULL, 2);
	assert_op(&ops[5], HISTORY_DELETE, "/r/upstreams/new", NULL, 3);
}

static void nothing_then_leaves_the_root(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *now = parse("/r\n\tx\\\n/r/sites\n/r/sites/s\n/z\n");
	CLEANUP(tree_unrefp) struct tree *old = parse("");
	CLEANUP(tree_unrefp) struct tree *after = restored(now, old);

	assert_int_equal(tree_count(after), 2);
	assert_string_equal(tree_find(after, "/r")->data, "x");
	assert_non_null(tree_find(after, "/z"));
}

#define MARK "\"push\":{\"by\":\"x\",\"id\":\"1\",\"left\":3,\"time\":\"2026-11-28T12:00:00Z\"}"

/* Until then the config is incomplete, and the mark says so. */
static void the_mark_of_a_push_goes_last(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(tree_unrefp)
	struct tree *now =
		parse("/r version=4\n\t{" MARK "}\\\n/r/sites\n/r/sites/new version=2\n");
	CLEANUP(tree_unrefp) struct tree *old = parse("/r\n\t{\"by\":\"bob\"}\\\n/r/sites\n");
	CLEANUP(tree_unrefp) struct tree *rootless = parse("/r/sites\n");
	struct history_op *ops;

	assert_int_equal(history_restore(a, now, old, ROOT, &ops), 2);
	assert_op(&ops[0], HISTORY_DELETE, "/r/sites/new", NULL, 2);
	assert_op(&ops[1], HISTORY_SET, "/r", "{\"by\":\"bob\"}", 4);
	assert_int_equal(history_restore(a, now, rootless, ROOT, &ops), 2);
	assert_op(&ops[1], HISTORY_SET, "/r", "", 4);
}

static void an_old_mark_does_not_come_back(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(tree_unrefp) struct tree *now = parse("/r version=4\n\t{\"by\":\"bob\"}\\\n");
	CLEANUP(tree_unrefp) struct tree *nothing = parse("");
	CLEANUP(tree_unrefp) struct tree *old = parse("/r\n\t{" MARK "}\\\n");
	struct history_op *ops;

	assert_int_equal(history_restore(a, now, old, ROOT, &ops), 1);
	assert_op(&ops[0], HISTORY_SET, "/r", "{}\n", 4);
	assert_int_equal(history_restore(a, nothing, old, ROOT, &ops), 1);
	assert_op(&ops[0], HISTORY_CREATE, "/r", "{}\n", 0);
}

/* --- what changed ---------------------------------------------------------------------------- */

static void changes_name_the_config(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(tree_unrefp)
	struct tree *before =
		parse("/r\n\told\\\n/r/sites\n/r/sites/gone\n/r/sites/same\n/r/sites/set\n\t1\n"
		      "/r/upstreams\n/r/upstreams/u\n/r/upstreams/u/x:1\n/z\n");
	CLEANUP(tree_unrefp)
	struct tree *after =
		parse("/r\n\tnew\\\n/r/sites\n/r/sites/new\n/r/sites/same version=3\n"
		      "/r/sites/set\n\t2\n/r/upstreams\n/r/upstreams/u\n/r/upstreams/u/y:1\n");
	const char **znodes;

	assert_int_equal(history_changes(a, before, after, ROOT, 10, &znodes), 3);
	assert_string_equal(znodes[0], "-/r/sites/gone");
	assert_string_equal(znodes[1], "+/r/sites/new");
	assert_string_equal(znodes[2], "~/r/sites/set");
	assert_int_equal(history_changes(a, before, after, ROOT, 1, &znodes), 3);
	assert_string_equal(znodes[0], "-/r/sites/gone");
	assert_int_equal(history_changes(a, NULL, after, ROOT, 0, &znodes), 6);
	assert_int_equal(history_changes(a, after, after, ROOT, 10, &znodes), 0);
}

static void changes_are_none_where_the_revision_is_the_same(void **state UNUSED)
{
	for (unsigned seed = 0; seed < ROUNDS; seed++) {
		CLEANUP(arena_freep) struct arena *a = arena_new();
		CLEANUP(tree_unrefp) struct tree *x = random_tree(seed);
		CLEANUP(tree_unrefp) struct tree *y = random_tree(seed + 1);
		const char **znodes;

		assert_int_equal(history_changes(a, x, y, ROOT, 5, &znodes) == 0,
				 same_revision(x, y));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_config_comes_back),
		cmocka_unit_test(same_config_needs_nothing),
		cmocka_unit_test(order_breaks_no_reference),
		cmocka_unit_test(nothing_then_leaves_the_root),
		cmocka_unit_test(the_mark_of_a_push_goes_last),
		cmocka_unit_test(an_old_mark_does_not_come_back),
		cmocka_unit_test(changes_name_the_config),
		cmocka_unit_test(changes_are_none_where_the_revision_is_the_same),
	};

	return cmocka_run_group_tests_name("history, restore", tests, NULL, NULL);
}
