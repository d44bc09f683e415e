/*
 * The mirror against a real server that stays up. What it hands on is always compared with
 * what a reader who starts afresh sees.
 */

#include "rig_mirror.h"

static void reads_to_the_depth(void **state UNUSED)
{

	rig_zk_create(client, "/m/b/deep/deeper", "unseen");
	rig_zk_set(client, "/m/b/deep", "seen");
	rig_zk_create(client, "/m/a", "one");
	rig_zk_create(client, "/m/a-b", "sorts behind the children of a");
	rig_zk_create(client, "/m/a/c", NULL);
	rig_zk_create_ephemeral(client, "/m/e", "mine");
	start(&w, "/m", 2);
	assert_int_equal(w.trees, 1);
	assert_int_equal(tree_count(w.tree), 7);
	assert_string_equal(tree_at(w.tree, 0)->path, "/m");
	assert_string_equal(tree_at(w.tree, 2)->path, "/m/a/c");
	assert_string_equal(tree_at(w.tree, 3)->path, "/m/a-b");
	assert_true(holds(&w, "/m", "root") && holds(&w, "/m/b/deep", "seen"));
	assert_null(find(&w, "/m/b/deep/deeper"));
	assert_true(find(&w, "/m/e")->owner == rig_zk_session(client));
	assert_int_equal(find(&w, "/m/b/deep")->version, 1);
	assert_int_equal(mirror_nodes(w.mirror), 7);
	/* data of seven, children of the five that are not on the last level */
	assert_int_equal(mirror_watches(w.mirror), 12);
	assert_int_equal(requests(&w), 12);
	stop(&w);
	rig_zk_delete(client, "/m/e");
}

static void changes_cost_what_they_must(void **state UNUSED)
{
	unsigned long before;

	rig_zk_create(client, "/m/a/x", "1");
	start(&w, "/m", 2);

	before = requests(&w);
	rig_zk_set(client, "/m/a/x", "2");
	eventually(loop, holds(&w, "/m/a/x", "2"));
	assert_int_equal(requests(&w) - before, 1);
	rig_zk_set(client, "/m", "3");
	eventually(loop, holds(&w, "/m", "3"));
	assert_int_equal(requests(&w) - before, 2);

	before = requests(&w);
	rig_zk_create(client, "/m/a/y", "new"); /* last level: its data and its parent's list */
	eventually(loop, holds(&w, "/m/a/y", "new"));
	assert_int_equal(requests(&w) - before, 2);

	before = requests(&w);
	rig_zk_create(client, "/m/b", "new"); /* and its own list */
	eventually(loop, holds(&w, "/m/b", "new"));
	assert_int_equal(requests(&w) - before, 3);

	before = requests(&w);
	rig_zk_delete(client, "/m/a/x");
	eventually(loop, !find(&w, "/m/a/x"));
	assert_int_equal(requests(&w) - before, 1);
	assert_int_equal(mirror_nodes(w.mirror), tree_count(w.tree));
	stop(&w);
}

static void recreated_node_is_read_anew(void **state UNUSED)
{
	struct mirror_root root = { "/m", 3 };

	rig_zk_create(client, "/m/a/x/old", "1");
	start(&w, "/m", 3);
	rig_zk_delete_all(client, "/m/a");
	rig_zk_create(client, "/m/a/x/new", "2");
	eventually(loop, holds(&w, "/m/a/x/new", "2"));
	assert_null(find(&w, "/m/a/x/old"));
	rig_zk_set(client, "/m/a/x", "changed");
	rig_zk_create(client, "/m/a/x/more", "3");
	eventually(loop, holds(&w, "/m/a/x", "changed") && holds(&w, "/m/a/x/more", "3"));
	assert_true(is_true(&w, &root, 1));
	stop(&w);
}

static void root_comes_and_goes(void **state UNUSED)
{

	rig_zk_delete_all(client, "/m");
	start(&w, "/m/late", 1);
	assert_int_equal(tree_count(w.tree), 0);
	rig_zk_create(client, "/m/late/child", "c");
	eventually(loop, holds(&w, "/m/late", "") && holds(&w, "/m/late/child", "c"));
	rig_zk_delete_all(client, "/m");
	eventually(loop, tree_count(w.tree) == 0);
	rig_zk_create(client, "/m/late", "again");
	eventually(loop, holds(&w, "/m/late", "again"));
	assert_int_equal(tree_count(w.tree), 1);
	rig_zk_create(client, "/m/late/child", "d");
	eventually(loop, holds(&w, "/m/late/child", "d"));
	stop(&w);
}

static void several_roots_that_overlap(void **state UNUSED)
{
	struct mirror_root roots[] = { { "/m/config", 2 },
				       { "/m/services/a", 1 },
				       { "/m/config/deep/er/est", 0 },
				       { "/m", 0 } };
	unsigned long before;
	unsigned trees;
	struct mirror_root others[] = { { "/m/services/b", 1 }, { "/m/config", 1 } };

	rig_zk_create(client, "/m/config/deep/er/est", "e");
	rig_zk_create(client, "/m/services/a/1", "a1");
	rig_zk_create(client, "/m/services/b/1", "b1");
	start_at(&w, rig_zookeeper_hosts(server), WATCH_LIMIT, roots, ARRAY_SIZE(roots));
	eventually(loop, mirror_is_complete(w.mirror));
	assert_int_equal(tree_count(w.tree), 7);
	assert_true(holds(&w, "/m/services/a/1", "a1") && !find(&w, "/m/services"));
	assert_true(find(&w, "/m/config/deep/er") && holds(&w, "/m/config/deep/er/est", "e"));

	/* the one in the middle goes and comes with its own watch */
	rig_zk_delete_all(client, "/m/config/deep");
	eventually(loop, !find(&w, "/m/config/deep") && !find(&w, "/m/config/deep/er/est"));
	rig_zk_create(client, "/m/config/deep/er/est", "f");
	eventually(loop, holds(&w, "/m/config/deep/er/est", "f") && find(&w, "/m/config/deep/er"));
	assert_true(is_true(&w, roots, ARRAY_SIZE(roots)));

	mirror_set_roots(w.mirror, others, ARRAY_SIZE(others));
	eventually(loop, holds(&w, "/m/services/b/1", "b1"));
	assert_true(find(&w, "/m/config/deep") && !find(&w, "/m/config/deep/er"));
	assert_true(!find(&w, "/m") && !find(&w, "/m/services/a/1"));
	assert_true(is_true(&w, others, ARRAY_SIZE(others)));
	rig_zk_set(client, "/m/services/a/1", "not ours"); /* its watch is still armed */

	mirror_set_roots(w.mirror, roots, ARRAY_SIZE(roots));
	eventually(loop, holds(&w, "/m/config/deep/er/est", "f"));
	assert_true(is_true(&w, roots, ARRAY_SIZE(roots)));
	rig_zk_set(client, "/m/config/deep/er/est", "g");
	eventually(loop, holds(&w, "/m/config/deep/er/est", "g"));

	/* the same again is that tree once more, and no read */
	before = requests(&w);
	trees = w.trees;
	mirror_set_roots(w.mirror, roots, ARRAY_SIZE(roots));
	let_pass(USEC_PER_SEC / 4);
	assert_int_equal(w.trees, trees + 1);
	assert_int_equal(requests(&w), before);

	mirror_set_roots(w.mirror, NULL, 0);
	eventually(loop, tree_count(w.tree) == 0);
	assert_int_equal(mirror_nodes(w.mirror), 0);
	stop(&w);
}

static void the_whole_of_a_chroot(void **state UNUSED)
{
	struct mirror_root root = { "/", 2 };
	char hosts[64];

	rig_zk_create(client, "/m/x/y", "z");
	snprintf(hosts, sizeof(hosts), "%s/m", rig_zookeeper_hosts(server));
	start_at(&w, hosts, WATCH_LIMIT, &root, 1);
	eventually(loop, mirror_is_complete(w.mirror));
	assert_int_equal(tree_count(w.tree), 3);
	assert_true(holds(&w, "/", "root") && holds(&w, "/x/y", "z"));
	rig_zk_set(client, "/m", "changed");
	rig_zk_set(client, "/m/x/y", "changed");
	eventually(loop, holds(&w, "/", "changed") && holds(&w, "/x/y", "changed"));
	stop(&w);
}

static void too_large_a_znode_stands_alone(void **state UNUSED)
{
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
	start_at(&w, rig_zookeeper_hosts(big), WATCH_LIMIT, &root, 1);
	eventually(loop, mirror_is_complete(w.mirror));
	rig_zk_set_bytes(writer, "/m/a", much, size);
	eventually(loop, problems(&w, text, sizeof(text)) == 1);
	assert_non_null(strstr(text, "access previous /m/a "));
	rig_zk_set(writer, "/m", "the others go on");
	eventually(loop, holds(&w, "/m", "the others go on"));
	assert_true(holds(&w, "/m/a", "1"));
	rig_zk_set_bytes(writer, "/m/a", much, size - 1);
	eventually(loop, find(&w, "/m/a")->size == size - 1);
	assert_int_equal(problems(&w, text, sizeof(text)), 0);
	stop(&w);
	free(much);
	rig_zk_close(writer);
	rig_zookeeper_stop(big);
}

static void write_storm(unsigned *seed, unsigned count)
{
	char path[64], data[32];

	for (unsigned i = 0; i < count; i++) {
		unsigned r = (*seed = *seed * 1103515245 + 12345) >> 8;

		snprintf(path, sizeof(path), r % 5 ? "/m/d%u/n%u" : "/m/d%u", r / 5 % 7,
			 r / 35 % 30);
		snprintf(data, sizeof(data), "%u", i);
		if (r % 3 == 0)
			rig_zk_send_create(client, path, data);
		else if (r % 3 == 1)
			rig_zk_send_set(client, path, data);
		else
			rig_zk_send_delete(client, path);
	}
}

static void storm(void **state UNUSED)
{
	struct mirror_root root = { "/m", 2 };
	unsigned seed = 4711;

	start(&w, "/m", 2);
	for (unsigned round = 0; round < 3; round++) {
		char mark[16];

		for (unsigned burst = 0; burst < 30; burst++) {
			write_storm(&seed, 100);
			rig_pause(loop);
		}
		rig_zk_drain(client);
		snprintf(mark, sizeof(mark), "end %u", round);
		rig_zk_set(client, "/m", mark);
		eventually(loop, holds(&w, "/m", mark));
		assert_true(is_true(&w, &root, 1));
		assert_int_equal(mirror_nodes(w.mirror), tree_count(w.tree));
	}
	stop(&w);
}

/* Two znodes that are only ever written in one transaction are never seen apart. */
static void trees_are_of_one_instant(void **state UNUSED)
{
	unsigned last_trees = 0;
	char data[16];

	rig_zk_create(client, "/m/a/1", "0");
	rig_zk_create(client, "/m/b/2", "0");
	start(&w, "/m", 2);
	for (unsigned i = 1; i <= 500; i++) {
		snprintf(data, sizeof(data), "%u", i);
		rig_zk_set_both(client, "/m/a/1", "/m/b/2", data);
		rig_pause(loop);
		if (w.trees != last_trees)
			assert_string_equal(find(&w, "/m/a/1")->data, find(&w, "/m/b/2")->data);
		last_trees = w.trees;
	}
	eventually(loop, holds(&w, "/m/a/1", "500"));
	assert_true(w.trees > 10);
	stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		mirror_test(reads_to_the_depth),
		mirror_test(changes_cost_what_they_must),
		mirror_test(recreated_node_is_read_anew),
		mirror_test(root_comes_and_goes),
		mirror_test(several_roots_that_overlap),
		mirror_test(the_whole_of_a_chroot),
		mirror_test(too_large_a_znode_stands_alone),
		mirror_test(storm),
		mirror_test(trees_are_of_one_instant),
	};

	return cmocka_run_group_tests_name("mirror", tests, set_up, tear_down);
}
