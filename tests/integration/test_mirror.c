/*
 * The mirror against a real server. What it hands on is always compared with what a reader
 * who starts afresh sees.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "rig_proxy.h"
#include "rig_zookeeper.h"
#include "zk/mirror.h"

#define SHORT_TIMEOUT (2 * USEC_PER_SEC) /* the shortest that the server grants */
#define LONG_TIMEOUT (20 * USEC_PER_SEC) /* and the longest */
#define WATCH_LIMIT 900000

static struct rig_zookeeper *server;
static struct rig_zk *client, *janitor; /* who may clean up what a test restricted */
static sd_event *loop;
static uint64_t timeout = LONG_TIMEOUT;

struct watcher {
	struct mirror *mirror;
	struct tree *tree; /* the newest */
	unsigned trees, states;
};
static struct watcher w, fresh; /* not on the stack, which a failed test leaves behind */

static void on_tree(void *ctx, struct tree *tree)
{
	struct watcher *of = ctx;

	tree_unref(of->tree);
	of->tree = tree_ref(tree);
	of->trees++;
}

static void on_state(void *ctx)
{
	struct watcher *of = ctx;

	of->states++;
}

static const struct mirror_ops ops = { .on_tree = on_tree, .on_state = on_state };

static void start_at(struct watcher *of, const char *hosts, uint64_t watch_limit,
		     const struct mirror_root *roots, size_t count)
{
	struct zookeeper_settings z = {
		.hosts = hosts,
		.session_timeout = timeout,
		.auth_file = "",
		.watch_limit = watch_limit,
	};
	struct err e;

	*of = (struct watcher){ 0 };
	if (mirror_new(loop, &z, roots, count, &ops, of, &of->mirror, &e) < 0)
		fail_msg("%s", e.text);
	assert_false(mirror_is_complete(of->mirror));
}

static void start(struct watcher *of, const char *root, unsigned depth)
{
	struct mirror_root r = { root, depth };

	start_at(of, rig_zookeeper_hosts(server), WATCH_LIMIT, &r, 1);
	eventually(loop, mirror_is_complete(of->mirror));
}

static void stop(struct watcher *of)
{
	mirror_free(of->mirror);
	tree_unref(of->tree);
	*of = (struct watcher){ 0 };
}

static const struct znode *find(const struct watcher *of, const char *path)
{
	return of->tree ? tree_find(of->tree, path) : NULL;
}

static bool holds(const struct watcher *of, const char *path, const char *data)
{
	const struct znode *z = find(of, path);

	return z && z->size == strlen(data) && memcmp(z->data, data, z->size) == 0;
}

static bool equal(const struct tree *a, const struct tree *b)
{
	bool same = tree_count(a) == tree_count(b);

	for (size_t i = 0; same && i < tree_count(a); i++)
		same = znode_same(tree_at(a, i), tree_at(b, i)) &&
		       tree_at(a, i)->mzxid == tree_at(b, i)->mzxid;
	return same;
}

/* Does w hold what a new mirror of the same roots reads? */
static bool is_true(struct watcher *of, const struct mirror_root *roots, size_t count)
{
	bool same;

	start_at(&fresh, rig_zookeeper_hosts(server), WATCH_LIMIT, roots, count);
	eventually(loop, mirror_is_complete(fresh.mirror));
	same = equal(of->tree, fresh.tree);
	stop(&fresh);
	return same;
}

static unsigned long requests(const struct watcher *of)
{
	return session_requests(mirror_session(of->mirror));
}

static bool is_connected(const struct watcher *of)
{
	return session_state(mirror_session(of->mirror)) == SESSION_CONNECTED;
}

/* Gives what should not happen a chance to. */
static void let_pass(uint64_t time)
{
	for (uint64_t end = rig_now() + time; rig_now() < end;)
		rig_pause(loop);
}

static int stop_all(void **state UNUSED)
{
	stop(&w);
	stop(&fresh);
	return 0;
}

static int fresh_tree(void **state UNUSED)
{
	timeout = LONG_TIMEOUT;
	rig_zk_delete_all(janitor, "/m");
	rig_zk_create(client, "/m", "root");
	return 0;
}

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

static void missing_root_is_not_lost_with_the_session(void **state UNUSED)
{
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(server));
	struct mirror_root root = { "/m/absent", 1 };
	char hosts[64];

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	start_at(&w, hosts, 0, &root,
		 1); /* no limit is small enough: each break is a new session */
	eventually(loop, mirror_is_complete(w.mirror));
	rig_proxy_cut(proxy);
	rig_proxy_mend(proxy);
	eventually(loop, session_epoch(mirror_session(w.mirror)) == 2 && is_connected(&w));
	rig_zk_create(client, "/m/absent", "here");
	eventually(loop, holds(&w, "/m/absent", "here"));
	stop(&w);
	rig_proxy_stop(proxy);
}

static void server_dies_and_changes_meanwhile(void **state UNUSED)
{
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(server));
	struct mirror_root root = { "/m", 2 };
	char hosts[64], path[64];
	unsigned trees;

	for (unsigned i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/m/n%u/x", i);
		rig_zk_create(client, path, "old");
	}
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	start_at(&w, hosts, WATCH_LIMIT, &root, 1);
	eventually(loop, mirror_is_complete(w.mirror));

	/* nothing changed: no tree, no reads */
	trees = w.trees;
	rig_zookeeper_kill(server);
	eventually(loop, !is_connected(&w));
	rig_zookeeper_restart(server);
	eventually(loop, is_connected(&w));
	let_pass(USEC_PER_SEC / 2);
	assert_int_equal(w.trees, trees);
	assert_true(requests(&w) <= 2 + 2 * 201 + 200 + 4);

	/* everything changes while the way is cut */
	rig_proxy_cut(proxy);
	eventually(loop, !is_connected(&w));
	rig_zookeeper_restart(server);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/m/n%u/x", i);
		rig_zk_set(client, path, "new");
		snprintf(path, sizeof(path), "/m/n%u/x", 199 - i);
		if (i < 50)
			rig_zk_delete(client, path);
	}
	rig_zk_create(client, "/m/n7/y", "new");
	rig_proxy_mend(proxy);
	eventually(loop, holds(&w, "/m/n7/y", "new") && holds(&w, "/m/n99/x", "new"));
	assert_int_equal(w.trees, trees + 1); /* all at once */
	assert_true(is_true(&w, &root, 1));
	assert_int_equal(session_epoch(mirror_session(w.mirror)), 1);
	stop(&w);
	rig_proxy_stop(proxy);
}

static void broken_during_the_first_read(void **state UNUSED)
{
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(server));
	struct mirror_root root = { "/m", 1 };
	char hosts[64], path[64];

	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/m/n%u", i);
		rig_zk_send_create(client, path, "data");
	}
	assert_int_equal(rig_zk_drain(client), 0);
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	start_at(&w, hosts, WATCH_LIMIT, &root, 1);
	for (unsigned long at = 100; at < 4000; at *= 3) {
		eventually(loop, requests(&w) > at);
		rig_proxy_cut(proxy);
		eventually(loop, !is_connected(&w));
		assert_int_equal(w.trees, 0);
		rig_proxy_mend(proxy);
	}
	eventually(loop, mirror_is_complete(w.mirror));
	assert_int_equal(w.trees, 1);
	assert_int_equal(tree_count(w.tree), 5001);
	assert_true(is_true(&w, &root, 1));
	stop(&w);
	rig_proxy_stop(proxy);
}

static void expiry_reads_everything_again(void **state UNUSED)
{
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(server));
	struct mirror_root root = { "/m", 2 };
	char hosts[64];
	unsigned trees;

	timeout = SHORT_TIMEOUT;
	rig_zk_create(client, "/m/stays/x", "1");
	rig_zk_create(client, "/m/goes/x", "1");
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	start_at(&w, hosts, WATCH_LIMIT, &root, 1);
	eventually(loop, mirror_is_complete(w.mirror));

	for (unsigned round = 1; round <= 2; round++) {
		trees = w.trees;
		rig_proxy_freeze(proxy);
		eventually(loop, !is_connected(&w));
		let_pass(2 * SHORT_TIMEOUT); /* the server's patience is not ours to see */
		if (round == 2) {
			rig_zk_delete_all(client, "/m/goes");
			rig_zk_create(client, "/m/comes", "2");
		}
		rig_proxy_thaw(proxy);
		eventually(loop, session_epoch(mirror_session(w.mirror)) == round + 1);
		eventually(loop, is_connected(&w));
		let_pass(USEC_PER_SEC / 2);
		assert_int_equal(w.trees, trees + (round == 2));
	}
	assert_true(holds(&w, "/m/comes", "2") && !find(&w, "/m/goes/x"));
	assert_true(is_true(&w, &root, 1));
	rig_zk_set(client, "/m/stays/x", "3");
	eventually(loop, holds(&w, "/m/stays/x", "3"));
	stop(&w);
	rig_proxy_stop(proxy);
}

static void past_the_watch_limit(void **state UNUSED)
{
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(server));
	struct mirror_root root = { "/m", 1 };
	char hosts[64], path[64];
	unsigned trees;

	for (unsigned i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/m/n%u", i);
		rig_zk_create(client, path, "data");
	}
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	start_at(&w, hosts, 1000, &root, 1);
	eventually(loop, mirror_is_complete(w.mirror));
	trees = w.trees;
	rig_proxy_cut(proxy);
	eventually(loop, !is_connected(&w));
	rig_proxy_mend(proxy);
	eventually(loop, session_epoch(mirror_session(w.mirror)) == 2 && is_connected(&w));
	eventually(loop, mirror_watches(w.mirror) == 102);
	let_pass(USEC_PER_SEC / 2);
	assert_int_equal(w.trees, trees);
	rig_zk_set(client, "/m/n5", "changed");
	eventually(loop, holds(&w, "/m/n5", "changed"));
	stop(&w);
	rig_proxy_stop(proxy);
}

/* More watches than the server takes in one packet, and a limit that does not know it. */
static void server_refuses_the_watches(void **state UNUSED)
{
	static const char *const jvm[] = { "-Djute.maxbuffer=4096", NULL };
	struct rig_zookeeper_options o = { .jvm = jvm };
	struct rig_zookeeper *small = rig_zookeeper_start(&o);
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(small));
	struct rig_zk *writer = rig_zk_connect(rig_zookeeper_hosts(small));
	struct mirror_root root = { "/m", 1 };
	char hosts[64], path[64];

	for (unsigned i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "/m/node-%u", i);
		rig_zk_create(writer, path, "data");
	}
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	start_at(&w, hosts, WATCH_LIMIT, &root, 1);
	eventually(loop, mirror_is_complete(w.mirror));
	rig_proxy_cut(proxy);
	eventually(loop, !is_connected(&w));
	rig_proxy_mend(proxy);
	rig_zk_set(writer, "/m/node-17", "seen");
	eventually(loop, holds(&w, "/m/node-17", "seen"));
	assert_int_equal(session_epoch(mirror_session(w.mirror)), 2);
	stop(&w);
	rig_zk_close(writer);
	rig_proxy_stop(proxy);
	rig_zookeeper_stop(small);
}

static size_t problems(const struct watcher *of, char *first, size_t room)
{
	struct problems ps;
	size_t count;

	problems_init(&ps);
	mirror_problems(of->mirror, &ps);
	count = ps.count;
	if (count)
		snprintf(first, room, "%s %s %s %s", problem_kind_name(ps.items[0].kind),
			 serving_name(ps.items[0].serving), ps.items[0].znode, ps.items[0].message);
	problems_fini(&ps);
	return count;
}

static void unreadable_keeps_what_was_read(void **state UNUSED)
{
	struct rig_zk *owner = rig_zk_connect(rig_zookeeper_hosts(server));
	struct mirror_root root = { "/m", 2 };
	char text[512] = "";
	unsigned long before;

	rig_zk_auth(owner, "digest", "a:b");
	rig_zk_create(owner, "/m/secret/child", "kept");
	rig_zk_create(owner, "/m/open", "1");
	start(&w, "/m", 2);
	rig_zk_restrict(owner, "/m/secret", true);
	assert_int_equal(problems(&w, text, sizeof(text)), 0);
	rig_zk_set(owner, "/m/secret", "hidden");
	mirror_audit(w.mirror); /* neither fires a watch that we are told of */
	eventually(loop, problems(&w, text, sizeof(text)) == 1);
	assert_non_null(strstr(text, "access previous /m/secret "));
	eventually(loop, w.states >= 2);
	rig_zk_set(owner, "/m/open", "2");
	eventually(loop, holds(&w, "/m/open", "2"));
	assert_true(holds(&w, "/m/secret", "") && holds(&w, "/m/secret/child", "kept"));

	/* no hot loop */
	before = requests(&w);
	let_pass(USEC_PER_SEC);
	assert_true(requests(&w) - before <= 2);

	/* a reader who starts now never sees it, and says so */
	stop(&w);
	start(&w, "/m", 2);
	assert_null(find(&w, "/m/secret"));
	assert_int_equal(problems(&w, text, sizeof(text)), 1);
	assert_non_null(strstr(text, "access absent /m/secret "));
	assert_true(holds(&w, "/m/open", "2"));

	rig_zk_restrict(owner, "/m/secret", false);
	eventually(loop, holds(&w, "/m/secret", "hidden") && holds(&w, "/m/secret/child", "kept"));
	assert_int_equal(problems(&w, text, sizeof(text)), 0);
	assert_true(is_true(&w, &root, 1));
	stop(&w);
	rig_zk_close(owner);
}

static void what_was_hidden_for_a_while_is_found(void **state UNUSED)
{
	struct rig_zk *owner = rig_zk_connect(rig_zookeeper_hosts(server));
	struct mirror_root roots[] = { { "/m", 2 }, { "/m/later", 1 } };

	rig_zk_auth(owner, "digest", "a:b");
	rig_zk_create(owner, "/m/a/x", "1");
	rig_zk_create(owner, "/m/b/x", "1");
	start_at(&w, rig_zookeeper_hosts(server), WATCH_LIMIT, roots, 2);
	eventually(loop, mirror_is_complete(w.mirror));
	rig_zk_restrict(owner, "/m/a", true);
	rig_zk_restrict(owner, "/m/b", true);
	rig_zk_set(owner, "/m/a", "2");
	rig_zk_create(owner, "/m/b/y", "2");
	rig_zk_delete(owner, "/m/b/x");
	rig_zk_restrict(owner, "/m/a", false);
	rig_zk_restrict(owner, "/m/b", false);
	mirror_audit(w.mirror);
	eventually(loop, holds(&w, "/m/a", "2"));
	eventually(loop, holds(&w, "/m/b/y", "2") && !find(&w, "/m/b/x"));
	assert_true(is_true(&w, roots, 2));
	/* and watched again */
	rig_zk_set(owner, "/m/a", "3");
	rig_zk_create(owner, "/m/b/z", "3");
	eventually(loop, holds(&w, "/m/a", "3") && holds(&w, "/m/b/z", "3"));
	rig_zk_close(owner);
}

static void unreadable_and_deleted(void **state UNUSED)
{
	struct rig_zk *owner = rig_zk_connect(rig_zookeeper_hosts(server));
	struct mirror_root roots[] = { { "/m/root", 1 }, { "/m/dir", 1 } };
	char text[512] = "";

	rig_zk_auth(owner, "digest", "a:b");
	rig_zk_create(owner, "/m/root", "x");
	rig_zk_create(owner, "/m/dir/node", "x");
	rig_zk_restrict(owner, "/m/root", true);
	rig_zk_restrict(owner, "/m/dir/node", true);
	start_at(&w, rig_zookeeper_hosts(server), WATCH_LIMIT, roots, 2);
	eventually(loop, mirror_is_complete(w.mirror));
	assert_int_equal(problems(&w, text, sizeof(text)), 2);
	assert_int_equal(tree_count(w.tree), 1);
	rig_zk_delete(owner, "/m/root");
	rig_zk_delete(owner, "/m/dir/node");
	eventually(loop, problems(&w, text, sizeof(text)) == 0);
	rig_zk_create(owner, "/m/root", "back");
	rig_zk_create(owner, "/m/dir/node", "back");
	eventually(loop, holds(&w, "/m/root", "back") && holds(&w, "/m/dir/node", "back"));
	stop(&w);
	rig_zk_close(owner);
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

	/* the same again is no other tree, and no read */
	before = requests(&w);
	trees = w.trees;
	mirror_set_roots(w.mirror, roots, ARRAY_SIZE(roots));
	let_pass(USEC_PER_SEC / 4);
	assert_int_equal(w.trees, trees);
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

static void too_large_a_znode_holds_everything(void **state UNUSED)
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
	rig_zk_set(writer, "/m", "held");
	let_pass(USEC_PER_SEC / 4);
	assert_true(holds(&w, "/m/a", "1") && holds(&w, "/m", ""));
	rig_zk_set_bytes(writer, "/m/a", much, size - 1);
	eventually(loop, find(&w, "/m/a")->size == size - 1 && holds(&w, "/m", "held"));
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

static int set_up(void **state UNUSED)
{
	log_setup(getenv("RIG_VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, false);
	if (sd_event_new(&loop) < 0)
		return -1;
	server = rig_zookeeper_start(NULL);
	client = rig_zk_connect(rig_zookeeper_hosts(server));
	janitor = rig_zk_connect(rig_zookeeper_hosts(server));
	rig_zk_auth(janitor, "digest", "a:b");
	return 0;
}

static int tear_down(void **state UNUSED)
{
	rig_zk_close(janitor);
	rig_zk_close(client);
	rig_zookeeper_stop(server);
	sd_event_unref(loop);
	rig_clean();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_to_the_depth, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(changes_cost_what_they_must, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(recreated_node_is_read_anew, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(root_comes_and_goes, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(missing_root_is_not_lost_with_the_session,
						fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(server_dies_and_changes_meanwhile, fresh_tree,
						stop_all),
		cmocka_unit_test_setup_teardown(broken_during_the_first_read, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(expiry_reads_everything_again, fresh_tree,
						stop_all),
		cmocka_unit_test_setup_teardown(past_the_watch_limit, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(server_refuses_the_watches, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(unreadable_keeps_what_was_read, fresh_tree,
						stop_all),
		cmocka_unit_test_setup_teardown(what_was_hidden_for_a_while_is_found, fresh_tree,
						stop_all),
		cmocka_unit_test_setup_teardown(unreadable_and_deleted, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(several_roots_that_overlap, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(the_whole_of_a_chroot, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(too_large_a_znode_holds_everything, fresh_tree,
						stop_all),
		cmocka_unit_test_setup_teardown(storm, fresh_tree, stop_all),
		cmocka_unit_test_setup_teardown(trees_are_of_one_instant, fresh_tree, stop_all),
	};

	return cmocka_run_group_tests_name("mirror", tests, set_up, tear_down);
}
