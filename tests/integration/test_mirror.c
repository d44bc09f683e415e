/*
 * The mirror on a real server that does not fail. Its trees are compared with those of a mirror
 * that has just started.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_mirror.h"

static void the_tree_is_read_to_its_depth(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;

	rig_zk_create(r->base.client, "/m/b/deep/deeper", "unseen");
	rig_zk_set(r->base.client, "/m/b/deep", "seen");
	rig_zk_create(r->base.client, "/m/a", "one");
	rig_zk_create(r->base.client, "/m/a-b", "sorts after the children of a");
	rig_zk_create(r->base.client, "/m/a/c", NULL);
	rig_zk_create_ephemeral(r->base.client, "/m/e", "mine");
	watcher_start(w, "/m", 2);
	assert_int_equal(w->trees, 1);
	assert_int_equal(tree_count(w->tree), 7);
	assert_string_equal(tree_at(w->tree, 0)->path, "/m");
	assert_string_equal(tree_at(w->tree, 2)->path, "/m/a/c");
	assert_string_equal(tree_at(w->tree, 3)->path, "/m/a-b");
	assert_true(watcher_has(w, "/m", "root") && watcher_has(w, "/m/b/deep", "seen"));
	assert_null(watcher_find(w, "/m/b/deep/deeper"));
	assert_true(watcher_find(w, "/m/e")->owner == rig_zk_session(r->base.client));
	assert_int_equal(watcher_find(w, "/m/b/deep")->version, 1);
	assert_int_equal(mirror_nodes(w->mirror), 7);
	/* data of seven, children of the five that are not on the last level */
	assert_int_equal(mirror_watches(w->mirror), 12);
	assert_int_equal(watcher_requests(w), 12);
	watcher_stop(w);
	rig_zk_delete(r->base.client, "/m/e");
}

static void each_change_costs_as_few_requests_as_possible(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	unsigned long before;

	rig_zk_create(r->base.client, "/m/a/x", "1");
	watcher_start(w, "/m", 2);

	before = watcher_requests(w);
	rig_zk_set(r->base.client, "/m/a/x", "2");
	eventually(r->base.loop, watcher_has(w, "/m/a/x", "2"));
	assert_int_equal(watcher_requests(w) - before, 1);
	rig_zk_set(r->base.client, "/m", "3");
	eventually(r->base.loop, watcher_has(w, "/m", "3"));
	assert_int_equal(watcher_requests(w) - before, 2);

	before = watcher_requests(w);
	rig_zk_create(r->base.client, "/m/a/y",
		      "new"); /* last level: its data and its parent's list */
	eventually(r->base.loop, watcher_has(w, "/m/a/y", "new"));
	assert_int_equal(watcher_requests(w) - before, 2);

	before = watcher_requests(w);
	rig_zk_create(r->base.client, "/m/b", "new"); /* and its own list */
	eventually(r->base.loop, watcher_has(w, "/m/b", "new"));
	assert_int_equal(watcher_requests(w) - before, 3);

	before = watcher_requests(w);
	rig_zk_delete(r->base.client, "/m/a/x");
	eventually(r->base.loop, !watcher_find(w, "/m/a/x"));
	assert_int_equal(watcher_requests(w) - before, 1);
	assert_int_equal(mirror_nodes(w->mirror), tree_count(w->tree));
	watcher_stop(w);
}

static void a_znode_that_was_created_again_is_read_again(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct mirror_root root = { "/m", 3 };

	rig_zk_create(r->base.client, "/m/a/x/old", "1");
	watcher_start(w, "/m", 3);
	rig_zk_delete_all(r->base.client, "/m/a");
	rig_zk_create(r->base.client, "/m/a/x/new", "2");
	eventually(r->base.loop, watcher_has(w, "/m/a/x/new", "2"));
	assert_null(watcher_find(w, "/m/a/x/old"));
	rig_zk_set(r->base.client, "/m/a/x", "changed");
	rig_zk_create(r->base.client, "/m/a/x/more", "3");
	eventually(r->base.loop,
		   watcher_has(w, "/m/a/x", "changed") && watcher_has(w, "/m/a/x/more", "3"));
	assert_true(watcher_is_true(w, &root, 1));
	watcher_stop(w);
}

static void a_root_may_come_and_go(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;

	rig_zk_delete_all(r->base.client, "/m");
	watcher_start(w, "/m/late", 1);
	assert_int_equal(tree_count(w->tree), 0);
	rig_zk_create(r->base.client, "/m/late/child", "c");
	eventually(r->base.loop,
		   watcher_has(w, "/m/late", "") && watcher_has(w, "/m/late/child", "c"));
	rig_zk_delete_all(r->base.client, "/m");
	eventually(r->base.loop, tree_count(w->tree) == 0);
	rig_zk_create(r->base.client, "/m/late", "again");
	eventually(r->base.loop, watcher_has(w, "/m/late", "again"));
	assert_int_equal(tree_count(w->tree), 1);
	rig_zk_create(r->base.client, "/m/late/child", "d");
	eventually(r->base.loop, watcher_has(w, "/m/late/child", "d"));
	watcher_stop(w);
}

static void several_roots_may_overlap(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct mirror_root roots[] = { { "/m/config", 2 },
				       { "/m/services/a", 1 },
				       { "/m/config/deep/er/est", 0 },
				       { "/m", 0 } };
	unsigned long before;
	unsigned trees;
	struct mirror_root others[] = { { "/m/services/b", 1 }, { "/m/config", 1 } };

	rig_zk_create(r->base.client, "/m/config/deep/er/est", "e");
	rig_zk_create(r->base.client, "/m/services/a/1", "a1");
	rig_zk_create(r->base.client, "/m/services/b/1", "b1");
	watcher_start_at(w, rig_zookeeper_hosts(r->base.server), WATCH_LIMIT, roots,
			 ARRAY_SIZE(roots));
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	assert_int_equal(tree_count(w->tree), 7);
	assert_true(watcher_has(w, "/m/services/a/1", "a1") && !watcher_find(w, "/m/services"));
	assert_true(watcher_find(w, "/m/config/deep/er") &&
		    watcher_has(w, "/m/config/deep/er/est", "e"));

	/* the root in the middle is deleted and created again with its own watch */
	rig_zk_delete_all(r->base.client, "/m/config/deep");
	eventually(r->base.loop,
		   !watcher_find(w, "/m/config/deep") && !watcher_find(w, "/m/config/deep/er/est"));
	rig_zk_create(r->base.client, "/m/config/deep/er/est", "f");
	eventually(r->base.loop, watcher_has(w, "/m/config/deep/er/est", "f") &&
					 watcher_find(w, "/m/config/deep/er"));
	assert_true(watcher_is_true(w, roots, ARRAY_SIZE(roots)));

	mirror_set_roots(w->mirror, others, ARRAY_SIZE(others));
	eventually(r->base.loop, watcher_has(w, "/m/services/b/1", "b1"));
	assert_true(watcher_find(w, "/m/config/deep") && !watcher_find(w, "/m/config/deep/er"));
	assert_true(!watcher_find(w, "/m") && !watcher_find(w, "/m/services/a/1"));
	assert_true(watcher_is_true(w, others, ARRAY_SIZE(others)));
	rig_zk_set(r->base.client, "/m/services/a/1", "not ours"); /* its watch is still armed */

	mirror_set_roots(w->mirror, roots, ARRAY_SIZE(roots));
	eventually(r->base.loop, watcher_has(w, "/m/config/deep/er/est", "f"));
	assert_true(watcher_is_true(w, roots, ARRAY_SIZE(roots)));
	rig_zk_set(r->base.client, "/m/config/deep/er/est", "g");
	eventually(r->base.loop, watcher_has(w, "/m/config/deep/er/est", "g"));

	/* the same roots again: the same tree once more, and no read */
	before = watcher_requests(w);
	trees = w->trees;
	mirror_set_roots(w->mirror, roots, ARRAY_SIZE(roots));
	eventually(r->base.loop, w->trees > trees);
	rig_wait(r->base.loop, USEC_PER_SEC / 4);
	assert_int_equal(w->trees, trees + 1);
	assert_int_equal(watcher_requests(w), before);

	mirror_set_roots(w->mirror, NULL, 0);
	eventually(r->base.loop, tree_count(w->tree) == 0);
	assert_int_equal(mirror_nodes(w->mirror), 0);
	watcher_stop(w);
}

static void the_root_may_be_a_whole_chroot(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct mirror_root root = { "/", 2 };
	char hosts[64];

	rig_zk_create(r->base.client, "/m/x/y", "z");
	snprintf(hosts, sizeof(hosts), "%s/m", rig_zookeeper_hosts(r->base.server));
	watcher_start_at(w, hosts, WATCH_LIMIT, &root, 1);
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	assert_int_equal(tree_count(w->tree), 3);
	assert_true(watcher_has(w, "/", "root") && watcher_has(w, "/x/y", "z"));
	rig_zk_set(r->base.client, "/m", "changed");
	rig_zk_set(r->base.client, "/m/x/y", "changed");
	eventually(r->base.loop,
		   watcher_has(w, "/", "changed") && watcher_has(w, "/x/y", "changed"));
	watcher_stop(w);
}

static void a_znode_that_is_too_large_affects_no_other(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	static const char *const jvm[] = { "-Djute.maxbuffer=8000000", NULL };
	struct rig_zookeeper_options o = { .jvm = jvm };
	struct rig_zookeeper *big = rig_zookeeper_start(&o);
	struct rig_zk *writer = rig_zk_connect(rig_zookeeper_hosts(big));
	struct mirror_root root = { "/m", 1 };
	size_t size = (1 << 20) + 1;
	char *much = malloc(size);
	char text[512] = "";

	memset(much, 'x', size);
	rig_zk_create(writer, "/m/a", "1");
	watcher_start_at(w, rig_zookeeper_hosts(big), WATCH_LIMIT, &root, 1);
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	rig_zk_set_bytes(writer, "/m/a", much, size);
	eventually(r->base.loop, watcher_problems(w, text, sizeof(text)) == 1);
	assert_non_null(strstr(text, "access previous /m/a "));
	rig_zk_set(writer, "/m", "the others go on");
	eventually(r->base.loop, watcher_has(w, "/m", "the others go on"));
	assert_true(watcher_has(w, "/m/a", "1"));
	rig_zk_set_bytes(writer, "/m/a", much, size - 1);
	eventually(r->base.loop, watcher_find(w, "/m/a")->size == size - 1);
	assert_int_equal(watcher_problems(w, text, sizeof(text)), 0);
	watcher_stop(w);
	free(much);
	rig_zk_close(writer);
	rig_zookeeper_stop(big);
}

static void write_storm(struct rig_mirror *r, unsigned *seed, unsigned count)
{
	char path[64], data[32];

	for (unsigned i = 0; i < count; i++) {
		unsigned dice = (*seed = *seed * 1103515245 + 12345) >> 8;

		snprintf(path, sizeof(path), dice % 5 ? "/m/d%u/n%u" : "/m/d%u", dice / 5 % 7,
			 dice / 35 % 30);
		snprintf(data, sizeof(data), "%u", i);
		if (dice % 3 == 0)
			rig_zk_send_create(r->base.client, path, data);
		else if (dice % 3 == 1)
			rig_zk_send_set(r->base.client, path, data);
		else
			rig_zk_send_delete(r->base.client, path);
	}
}

static void after_many_writes_the_tree_is_correct(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct mirror_root root = { "/m", 2 };
	unsigned seed = 4711;

	watcher_start(w, "/m", 2);
	for (unsigned round = 0; round < 3; round++) {
		char mark[16];

		for (unsigned burst = 0; burst < 30; burst++) {
			write_storm(r, &seed, 100);
			rig_pause(r->base.loop);
		}
		rig_zk_drain(r->base.client);
		snprintf(mark, sizeof(mark), "end %u", round);
		rig_zk_set(r->base.client, "/m", mark);
		eventually(r->base.loop, watcher_has(w, "/m", mark));
		assert_true(watcher_is_true(w, &root, 1));
		assert_int_equal(mirror_nodes(w->mirror), tree_count(w->tree));
	}
	watcher_stop(w);
}

#define SIBLINGS 400

/* A change among them: of a server, or a sibling that comes or goes between two others. */
static void write_among_siblings(struct rig_zk *zk, unsigned dice, const char *data)
{
	char parent[64], child[80];
	bool between = dice % 10 == 9;

	snprintf(parent, sizeof(parent), "/m/d%03u%s", dice / 20 % SIBLINGS, between ? "b" : "");
	snprintf(child, sizeof(child), "%s/%s", parent, between || dice % 10 < 5 ? "a" : "b");
	if (between && dice % 20 < 10) {
		rig_zk_send_create(zk, parent, data);
		rig_zk_send_create(zk, child, data);
	} else if (between) {
		rig_zk_send_delete(zk, child);
		rig_zk_send_delete(zk, parent);
	} else if (dice % 10 < 5) {
		rig_zk_send_set(zk, child, data);
	} else if (dice % 10 < 7) {
		rig_zk_send_create(zk, child, data);
	} else {
		rig_zk_send_delete(zk, child);
	}
}

static void fill_siblings(struct rig_zk *zk)
{
	char path[64];

	for (unsigned i = 0; i < SIBLINGS; i++) {
		snprintf(path, sizeof(path), "/m/d%03u", i);
		rig_zk_send_create(zk, path, "");
		snprintf(path, sizeof(path), "/m/d%03u/a", i);
		rig_zk_send_create(zk, path, "");
	}
	assert_int_equal(rig_zk_drain(zk), 0);
}

/* So many that the mirror keeps them in pages, which trees share. */
static void among_many_siblings_the_tree_is_correct(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct mirror_root root = { "/m", 2 };
	unsigned seed = 815;

	fill_siblings(r->base.client);
	watcher_start(w, "/m", 2);
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	for (unsigned round = 0; round < 12; round++) {
		char mark[16];

		for (unsigned i = 0; i < 20; i++) {
			unsigned dice = (seed = seed * 1103515245 + 12345) >> 8;

			snprintf(mark, sizeof(mark), "%u", i);
			write_among_siblings(r->base.client, dice, mark);
			if (i % 5 == 0)
				rig_pause(r->base.loop);
		}
		rig_zk_drain(r->base.client);
		snprintf(mark, sizeof(mark), "end %u", round);
		rig_zk_set(r->base.client, "/m", mark);
		eventually(r->base.loop, watcher_has(w, "/m", mark));
		assert_true(watcher_is_true(w, &root, 1));
		assert_int_equal(mirror_nodes(w->mirror), tree_count(w->tree));
	}
	watcher_stop(w);
}

/* Two znodes that are only ever written in one transaction are never seen apart. */
static void trees_are_of_one_instant(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	unsigned last_trees = 0;
	char data[16];

	rig_zk_create(r->base.client, "/m/a/1", "0");
	rig_zk_create(r->base.client, "/m/b/2", "0");
	watcher_start(w, "/m", 2);
	for (unsigned i = 1; i <= 500; i++) {
		snprintf(data, sizeof(data), "%u", i);
		rig_zk_set_both(r->base.client, "/m/a/1", "/m/b/2", data);
		rig_pause(r->base.loop);
		if (w->trees != last_trees)
			assert_string_equal(watcher_find(w, "/m/a/1")->data,
					    watcher_find(w, "/m/b/2")->data);
		last_trees = w->trees;
	}
	eventually(r->base.loop, watcher_has(w, "/m/a/1", "500"));
	assert_true(w->trees > 10);
	watcher_stop(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		mirror_test(the_tree_is_read_to_its_depth),
		mirror_test(each_change_costs_as_few_requests_as_possible),
		mirror_test(a_znode_that_was_created_again_is_read_again),
		mirror_test(a_root_may_come_and_go),
		mirror_test(several_roots_may_overlap),
		mirror_test(the_root_may_be_a_whole_chroot),
		mirror_test(a_znode_that_is_too_large_affects_no_other),
		mirror_test(after_many_writes_the_tree_is_correct),
		mirror_test(among_many_siblings_the_tree_is_correct),
		mirror_test(trees_are_of_one_instant),
	};

	return cmocka_run_group_tests_name("mirror", tests, rig_mirror_setup, rig_mirror_teardown);
}
