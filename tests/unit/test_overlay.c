/* overlay: which tree each znode of the config and each server is from. */
#include <zknginx/history.h>

#include "config_trees.h"
#include "core/data/layout.h"

#define ROUNDS 5000
#define MANY 100000

static size_t upstream_size(const struct znode *z)
{
	return path_upstream(z->path, ROOT);
}

static bool is_server(const struct znode *z)
{
	return upstream_size(z) && z->path[upstream_size(z)];
}

static bool is_identical(const struct znode *a, const struct znode *b)
{
	return znode_same(a, b) && a->version == b->version && a->owner == b->owner;
}

/* The tree that z must be from by the rules, known from its path alone. */
static const struct tree *origin(const struct znode *z, const struct tree *live,
				 const struct tree *permitted, const struct tree *accepted)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *upstream;

	if (!path_relative(z->path, ROOT))
		return live;
	if (strcmp(z->path, ROOT) == 0 && !tree_find(permitted, ROOT))
		return tree_has_within(permitted, ROOT) ? live : NULL;
	if (!is_server(z))
		return permitted;
	upstream = arena_copy(a, z->path, upstream_size(z));
	if (!tree_find(permitted, upstream))
		return NULL;
	if (tree_find(live, upstream))
		return live;
	return tree_find(accepted, upstream) ? accepted : permitted;
}

static void assert_from_where_it_should(const struct tree *t, const struct tree *live,
					const struct tree *permitted, const struct tree *accepted)
{
	for (size_t i = 0; i < tree_count(t); i++) {
		const struct znode *z = tree_at(t, i);
		const struct tree *from = origin(z, live, permitted, accepted);

		assert_non_null(from);
		assert_non_null(tree_find(from, z->path));
		assert_true(is_identical(tree_find(from, z->path), z));
	}
}

/* Each znode that must be from `one` is there. */
static void assert_complete(const struct tree *t, const struct tree *one, const struct tree *live,
			    const struct tree *permitted, const struct tree *accepted)
{
	for (size_t i = 0; i < tree_count(one); i++) {
		if (origin(tree_at(one, i), live, permitted, accepted) == one)
			assert_non_null(tree_find(t, tree_at(one, i)->path));
	}
}

static void each_znode_is_from_where_it_should(void **state UNUSED)
{
	for (unsigned seed = 0; seed < ROUNDS; seed++) {
		CLEANUP(tree_unrefp) struct tree *live = random_tree(3 * seed);
		CLEANUP(tree_unrefp) struct tree *permitted = random_tree(3 * seed + 1);
		CLEANUP(tree_unrefp) struct tree *accepted = random_tree(3 * seed + 2);
		CLEANUP(tree_unrefp)
		struct tree *t = overlay(live, permitted, accepted, ROOT);

		assert_true(same_revision(t, permitted));
		assert_from_where_it_should(t, live, permitted, accepted);
		assert_complete(t, live, live, permitted, accepted);
		assert_complete(t, permitted, live, permitted, accepted);
		assert_complete(t, accepted, live, permitted, accepted);
		for (size_t i = 1; i < tree_count(t); i++)
			assert_true(path_compare(tree_at(t, i - 1)->path, tree_at(t, i)->path) < 0);
	}
}

static void assert_overlay(const char *live, const char *permitted, const char *accepted,
			   const char *expected)
{
	CLEANUP(tree_unrefp) struct tree *l = parse(live), *p = parse(permitted);
	CLEANUP(tree_unrefp) struct tree *a = parse(accepted);
	CLEANUP(tree_unrefp) struct tree *t = overlay(l, p, a, ROOT);
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	tree_print(t, &b);
	assert_string_equal(buf_str(&b), expected);
}

static void servers_follow_the_newest_that_knows_the_upstream(void **state UNUSED)
{
	static const char permitted[] = "/r\n/r/upstreams\n/r/upstreams/u\n/r/upstreams/u/kept:1\n";

	assert_overlay("/r\n/r/upstreams\n/r/upstreams/u\n\tnew\n/r/upstreams/u/live:1 owner=0x1\n",
		       permitted, "/r/upstreams/u\n/r/upstreams/u/run:1\n",
		       "/r\n/r/upstreams\n/r/upstreams/u\n/r/upstreams/u/live:1 owner=0x1\n");
	assert_overlay("/r\n/r/upstreams\n/r/upstreams/u\n", permitted,
		       "/r/upstreams/u\n/r/upstreams/u/run:1\n",
		       "/r\n/r/upstreams\n/r/upstreams/u\n");
	assert_overlay("/r\n/r/upstreams\n", permitted, "/r/upstreams/u\n/r/upstreams/u/run:1\n",
		       "/r\n/r/upstreams\n/r/upstreams/u\n/r/upstreams/u/run:1\n");
	assert_overlay("", permitted, "/r/upstreams/u\n", "/r\n/r/upstreams\n/r/upstreams/u\n");
	assert_overlay("", permitted, "", permitted);
}

static void neighbours_are_not_taken_for_the_upstream(void **state UNUSED)
{
	assert_overlay("/r\n/r/upstreams\n/r/upstreams/u-2\n/r/upstreams/u-2/x:1\n",
		       "/r\n/r/upstreams\n/r/upstreams/u\n/r/upstreams/u/kept:1\n", "",
		       "/r\n/r/upstreams\n/r/upstreams/u\n/r/upstreams/u/kept:1\n");
}

static void what_is_outside_is_live(void **state UNUSED)
{
	assert_overlay("/a\n\t1\n/r\n/r/sites\n/r/sites/new\n/r-x\n/svc\n/svc/a owner=0x7\n",
		       "/a\n\t2\n/r\n/r/sites\n/r/sites/old\n/svc\n/svc/b\n", "/svc/c\n",
		       "/a\n\t1\n/r\n/r/sites\n/r/sites/old\n/r-x\n/svc\n/svc/a owner=0x7\n");
}

/* What nginx runs has no znodes but objects. A config without its root would look deleted. */
static void a_config_has_its_root(void **state UNUSED)
{
	assert_overlay("/r\n\tnew\n/r/sites\n/r/sites/new\n", "/r/sites/old\n", "",
		       "/r\n\tnew\n/r/sites/old\n");
	assert_overlay("/r\n\tnew\n", "/r\n\told\n/r/sites/old\n", "", "/r\n\told\n/r/sites/old\n");
	assert_overlay("", "/r/sites/old\n", "", "/r/sites/old\n");
}

/* One merge without a look-up for each znode: a quadratic one would take minutes here. */
static void many_servers_are_merged(void **state UNUSED)
{
	CLEANUP(tree_unrefp)
	struct tree *permitted = parse("/r\n/r/upstreams\n/r/upstreams/u\n/r/upstreams/v\n");
	CLEANUP(tree_unrefp) struct tree *nothing = parse(""), *live = NULL, *t = NULL;
	struct tree_builder b;

	tree_builder_init(&b);
	for (size_t i = 0; i < MANY; i++) {
		char path[64];
		struct znode z = { .path = path, .data = "" };

		snprintf(path, sizeof(path), "/r/upstreams/u/10.0.%05zu:80", i);
		tree_builder_add(&b, &z);
	}
	live = tree_builder_finish(&b);
	tree_builder_fini(&b);
	t = overlay(live, permitted, nothing, ROOT);
	assert_int_equal(tree_count(t), MANY + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_znode_is_from_where_it_should),
		cmocka_unit_test(servers_follow_the_newest_that_knows_the_upstream),
		cmocka_unit_test(neighbours_are_not_taken_for_the_upstream),
		cmocka_unit_test(what_is_outside_is_live),
		cmocka_unit_test(a_config_has_its_root),
		cmocka_unit_test(many_servers_are_merged),
	};

	return cmocka_run_group_tests_name("overlay", tests, NULL, NULL);
}
