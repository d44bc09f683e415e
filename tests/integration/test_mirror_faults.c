/*
 * The mirror when the server dies, the network breaks, sessions expire and permissions are removed:
 * each tree is correct and new, and no change is lost.
 */

#include <stdio.h>
#include <string.h>

#include "rig_mirror.h"
#include "rig_wire.h"

static void a_missing_root_is_watched_again_in_a_new_session(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(r->base.server));
	struct mirror_root root = { "/m/absent", 1 };
	char hosts[64];

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	/* with a limit of 0 each broken connection starts a new session */
	watcher_start_at(w, hosts, 0, &root, 1);
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	rig_proxy_cut(proxy);
	rig_proxy_restore(proxy);
	eventually(r->base.loop,
		   session_epoch(mirror_session(w->mirror)) == 2 && watcher_is_connected(w));
	rig_zk_create(r->base.client, "/m/absent", "here");
	eventually(r->base.loop, watcher_has(w, "/m/absent", "here"));
	watcher_stop(w);
	rig_proxy_stop(proxy);
}

static void changes_while_the_server_is_unreachable_arrive_in_one_tree(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(r->base.server));
	struct mirror_root root = { "/m", 2 };
	char hosts[64], path[64];
	unsigned trees;

	for (unsigned i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/m/n%u/x", i);
		rig_zk_create(r->base.client, path, "old");
	}
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	watcher_start_at(w, hosts, WATCH_LIMIT, &root, 1);
	eventually(r->base.loop, mirror_is_complete(w->mirror));

	/* nothing changed: no tree, no reads */
	trees = w->trees;
	rig_zookeeper_kill(r->base.server);
	eventually(r->base.loop, !watcher_is_connected(w));
	rig_zookeeper_restart(r->base.server);
	eventually(r->base.loop, watcher_is_connected(w));
	rig_wait(r->base.loop, USEC_PER_SEC / 2);
	assert_int_equal(w->trees, trees);
	assert_true(watcher_requests(w) <= 2 + 2 * 201 + 200 + 4);

	/* everything changes while the network is cut */
	rig_proxy_cut(proxy);
	eventually(r->base.loop, !watcher_is_connected(w));
	rig_zookeeper_restart(r->base.server);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/m/n%u/x", i);
		rig_zk_set(r->base.client, path, "new");
		snprintf(path, sizeof(path), "/m/n%u/x", 199 - i);
		if (i < 50)
			rig_zk_delete(r->base.client, path);
	}
	rig_zk_create(r->base.client, "/m/n7/y", "new");
	rig_proxy_restore(proxy);
	eventually(r->base.loop,
		   watcher_has(w, "/m/n7/y", "new") && watcher_has(w, "/m/n99/x", "new"));
	assert_int_equal(w->trees, trees + 1); /* all at once */
	assert_true(watcher_is_true(w, &root, 1));
	assert_int_equal(session_epoch(mirror_session(w->mirror)), 1);
	watcher_stop(w);
	rig_proxy_stop(proxy);
}

static void breaks_during_the_first_read_give_no_partial_tree(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(r->base.server));
	struct mirror_root root = { "/m", 1 };
	char hosts[64], path[64];

	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/m/n%u", i);
		rig_zk_send_create(r->base.client, path, "data");
	}
	assert_int_equal(rig_zk_drain(r->base.client), 0);
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	watcher_start_at(w, hosts, WATCH_LIMIT, &root, 1);
	for (unsigned long at = 100; at < 4000; at *= 3) {
		eventually(r->base.loop, watcher_requests(w) > at);
		rig_proxy_cut(proxy);
		eventually(r->base.loop, !watcher_is_connected(w));
		assert_int_equal(w->trees, 0);
		rig_proxy_restore(proxy);
	}
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	assert_int_equal(w->trees, 1);
	assert_int_equal(tree_count(w->tree), 5001);
	assert_true(watcher_is_true(w, &root, 1));
	watcher_stop(w);
	rig_proxy_stop(proxy);
}

static void after_an_expiry_everything_is_read_again(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(r->base.server));
	struct mirror_root root = { "/m", 2 };
	char hosts[64];
	unsigned trees;
	int64_t sid;

	r->timeout = 4 * USEC_PER_SEC;
	rig_zk_create(r->base.client, "/m/stays/x", "1");
	rig_zk_create(r->base.client, "/m/goes/x", "1");
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	watcher_start_at(w, hosts, WATCH_LIMIT, &root, 1);
	eventually(r->base.loop, mirror_is_complete(w->mirror));

	for (unsigned round = 1; round <= 2; round++) {
		trees = w->trees;
		sid = session_id(mirror_session(w->mirror));
		rig_proxy_freeze(proxy);
		eventually(r->base.loop, !watcher_is_connected(w));
		eventually(r->base.loop, !rig_zookeeper_serves(r->base.server, sid));
		if (round == 2) {
			rig_zk_delete_all(r->base.client, "/m/goes");
			rig_zk_create(r->base.client, "/m/comes", "2");
		}
		rig_proxy_thaw(proxy);
		eventually(r->base.loop, session_epoch(mirror_session(w->mirror)) == round + 1);
		eventually(r->base.loop, watcher_is_connected(w));
		if (round == 2)
			eventually(r->base.loop, w->trees > trees);
		rig_wait(r->base.loop, USEC_PER_SEC / 2);
		assert_int_equal(w->trees, trees + (round == 2));
	}
	assert_true(watcher_has(w, "/m/comes", "2") && !watcher_find(w, "/m/goes/x"));
	assert_true(watcher_is_true(w, &root, 1));
	rig_zk_set(r->base.client, "/m/stays/x", "3");
	eventually(r->base.loop, watcher_has(w, "/m/stays/x", "3"));
	watcher_stop(w);
	rig_proxy_stop(proxy);
}

static void past_the_watch_limit_a_break_starts_a_new_session(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(r->base.server));
	struct mirror_root root = { "/m", 1 };
	char hosts[64], path[64];
	unsigned trees;

	for (unsigned i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/m/n%u", i);
		rig_zk_create(r->base.client, path, "data");
	}
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	watcher_start_at(w, hosts, 1000, &root, 1);
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	trees = w->trees;
	rig_proxy_cut(proxy);
	eventually(r->base.loop, !watcher_is_connected(w));
	rig_proxy_restore(proxy);
	eventually(r->base.loop,
		   session_epoch(mirror_session(w->mirror)) == 2 && watcher_is_connected(w));
	eventually(r->base.loop, mirror_watches(w->mirror) == 102);
	rig_wait(r->base.loop, USEC_PER_SEC / 2);
	assert_int_equal(w->trees, trees);
	rig_zk_set(r->base.client, "/m/n5", "changed");
	eventually(r->base.loop, watcher_has(w, "/m/n5", "changed"));
	watcher_stop(w);
	rig_proxy_stop(proxy);
}

/* More watches than the server accepts in one packet, below the mirror's own limit. */
static void watches_that_the_server_refuses_are_set_in_a_new_session(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
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
	watcher_start_at(w, hosts, WATCH_LIMIT, &root, 1);
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	rig_proxy_cut(proxy);
	eventually(r->base.loop, !watcher_is_connected(w));
	rig_proxy_restore(proxy);
	rig_zk_set(writer, "/m/node-17", "seen");
	eventually(r->base.loop, watcher_has(w, "/m/node-17", "seen"));
	assert_int_equal(session_epoch(mirror_session(w->mirror)), 2);
	watcher_stop(w);
	rig_zk_close(writer);
	rig_proxy_stop(proxy);
	rig_zookeeper_stop(small);
}

static void an_unreadable_znode_keeps_its_last_data(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct mirror_root root = { "/m", 2 };
	char text[512] = "";
	unsigned long before;

	rig_zk_create(r->base.client, "/m/secret/child", "kept");
	rig_zk_create(r->base.client, "/m/open", "1");
	watcher_start(w, "/m", 2);
	rig_zk_restrict(r->base.client, "/m/secret", true);
	assert_int_equal(watcher_problems(w, text, sizeof(text)), 0);
	rig_zk_set(r->base.client, "/m/secret", "hidden");
	mirror_audit(w->mirror); /* neither change fires a watch that reaches us */
	eventually(r->base.loop, watcher_problems(w, text, sizeof(text)) == 1);
	assert_non_null(strstr(text, "access previous /m/secret "));
	eventually(r->base.loop, w->states >= 2);
	rig_zk_set(r->base.client, "/m/open", "2");
	eventually(r->base.loop, watcher_has(w, "/m/open", "2"));
	assert_true(watcher_has(w, "/m/secret", "") && watcher_has(w, "/m/secret/child", "kept"));

	/* no busy loop */
	before = watcher_requests(w);
	rig_wait(r->base.loop, USEC_PER_SEC);
	assert_true(watcher_requests(w) - before <= 2);

	/* a mirror that starts now cannot read it, and reports that */
	watcher_stop(w);
	watcher_start(w, "/m", 2);
	assert_null(watcher_find(w, "/m/secret"));
	assert_int_equal(watcher_problems(w, text, sizeof(text)), 1);
	assert_non_null(strstr(text, "access absent /m/secret "));
	assert_true(watcher_has(w, "/m/open", "2"));

	rig_zk_restrict(r->base.client, "/m/secret", false);
	eventually(r->base.loop, watcher_has(w, "/m/secret", "hidden") &&
					 watcher_has(w, "/m/secret/child", "kept"));
	assert_int_equal(watcher_problems(w, text, sizeof(text)), 0);
	assert_true(watcher_is_true(w, &root, 1));
	watcher_stop(w);
}

static void changes_of_a_znode_that_was_unreadable_are_found(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct mirror_root roots[] = { { "/m", 2 }, { "/m/later", 1 } };

	rig_zk_create(r->base.client, "/m/a/x", "1");
	rig_zk_create(r->base.client, "/m/b/x", "1");
	watcher_start_at(w, rig_zookeeper_hosts(r->base.server), WATCH_LIMIT, roots, 2);
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	rig_zk_restrict(r->base.client, "/m/a", true);
	rig_zk_restrict(r->base.client, "/m/b", true);
	rig_zk_set(r->base.client, "/m/a", "2");
	rig_zk_create(r->base.client, "/m/b/y", "2");
	rig_zk_delete(r->base.client, "/m/b/x");
	rig_zk_restrict(r->base.client, "/m/a", false);
	rig_zk_restrict(r->base.client, "/m/b", false);
	mirror_audit(w->mirror);
	eventually(r->base.loop, watcher_has(w, "/m/a", "2"));
	eventually(r->base.loop, watcher_has(w, "/m/b/y", "2") && !watcher_find(w, "/m/b/x"));
	assert_true(watcher_is_true(w, roots, 2));
	/* and watched again */
	rig_zk_set(r->base.client, "/m/a", "3");
	rig_zk_create(r->base.client, "/m/b/z", "3");
	eventually(r->base.loop, watcher_has(w, "/m/a", "3") && watcher_has(w, "/m/b/z", "3"));
}

static void an_unreadable_znode_may_be_deleted(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct mirror_root roots[] = { { "/m/root", 1 }, { "/m/dir", 1 } };
	char text[512] = "";

	rig_zk_create(r->base.client, "/m/root", "x");
	rig_zk_create(r->base.client, "/m/dir/node", "x");
	rig_zk_restrict(r->base.client, "/m/root", true);
	rig_zk_restrict(r->base.client, "/m/dir/node", true);
	watcher_start_at(w, rig_zookeeper_hosts(r->base.server), WATCH_LIMIT, roots, 2);
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	assert_int_equal(watcher_problems(w, text, sizeof(text)), 2);
	assert_int_equal(tree_count(w->tree), 1);
	rig_zk_delete(r->base.client, "/m/root");
	rig_zk_delete(r->base.client, "/m/dir/node");
	eventually(r->base.loop, watcher_problems(w, text, sizeof(text)) == 0);
	rig_zk_create(r->base.client, "/m/root", "back");
	rig_zk_create(r->base.client, "/m/dir/node", "back");
	eventually(r->base.loop,
		   watcher_has(w, "/m/root", "back") && watcher_has(w, "/m/dir/node", "back"));
	watcher_stop(w);
}

/* As servers from version 3.9.3 on answer: no watch on an unreadable znode. */
static void unreadable_znodes_are_followed_where_exists_is_denied_too(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct rig_wire *wire = rig_wire_start(rig_zookeeper_port(r->base.server));
	struct mirror_root roots[] = { { "/m", 2 }, { "/m/root", 1 }, { "/m/absent", 1 } };
	char text[512] = "", path[64];
	unsigned long before;

	rig_zk_create(r->base.client, "/m/root", "x");
	rig_zk_restrict(r->base.client, "/m/root", true);
	for (unsigned i = 1; i < 10; i++) {
		snprintf(path, sizeof(path), "/m/secret%u", i);
		rig_zk_create(r->base.client, path, "x");
		rig_zk_restrict(r->base.client, path, true);
	}
	rig_zk_create(r->base.client, "/m/open", "1");
	watcher_start_at(w, rig_wire_hosts(wire), WATCH_LIMIT, roots, ARRAY_SIZE(roots));
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	assert_int_equal(watcher_problems(w, text, sizeof(text)), 10);
	assert_non_null(strstr(text, "access absent /m/"));
	assert_true(rig_wire_denied(wire) > 0);
	rig_zk_set(r->base.client, "/m/open", "2");
	eventually(r->base.loop, watcher_has(w, "/m/open", "2"));
	rig_zk_create(r->base.client, "/m/absent", "here"); /* this watch is granted */
	eventually(r->base.loop, watcher_has(w, "/m/absent", "here"));

	before = rig_wire_requests(wire);
	rig_wait(r->base.loop, 3 * USEC_PER_SEC);
	assert_true(rig_wire_requests(wire) - before <= 50);

	rig_zk_set(r->base.client, "/m/secret3", "shown");
	rig_zk_restrict(r->base.client, "/m/secret3", false);
	rig_zk_restrict(r->base.client, "/m/root", false);
	eventually(r->base.loop,
		   watcher_has(w, "/m/secret3", "shown") && watcher_has(w, "/m/root", "x"));
	assert_int_equal(watcher_problems(w, text, sizeof(text)), 8);
	rig_zk_delete(r->base.client, "/m/secret4");
	eventually(r->base.loop, watcher_problems(w, text, sizeof(text)) == 7);
	watcher_stop(w);
	rig_wire_stop(wire);
}

static void a_root_may_be_forbidden_and_deleted_where_exists_is_denied_too(void **state)
{
	struct rig_mirror *r = *state;
	struct watcher *w = &r->watched;
	struct rig_wire *wire = rig_wire_start(rig_zookeeper_port(r->base.server));
	struct mirror_root roots[] = { { "/m/root", 1 }, { "/m/dir", 1 } };
	char text[512] = "";

	rig_zk_create(r->base.client, "/m/root", "kept");
	rig_zk_create(r->base.client, "/m/dir/node", "1");
	rig_zk_restrict(r->base.client, "/m/root", true);
	watcher_start_at(w, rig_wire_hosts(wire), WATCH_LIMIT, roots, ARRAY_SIZE(roots));
	eventually(r->base.loop, mirror_is_complete(w->mirror));
	assert_false(watcher_find(w, "/m/root"));
	rig_zk_restrict(r->base.client, "/m/root", false);
	eventually(r->base.loop, watcher_has(w, "/m/root", "kept"));
	rig_zk_restrict(r->base.client, "/m/root", true);
	rig_zk_set(r->base.client, "/m/root", "hidden");
	mirror_audit(w->mirror);
	eventually(r->base.loop, watcher_problems(w, text, sizeof(text)) == 1);
	assert_non_null(strstr(text, "access previous /m/root "));
	rig_zk_set(r->base.client, "/m/dir/node", "2");
	eventually(r->base.loop, watcher_has(w, "/m/dir/node", "2"));
	assert_true(watcher_has(w, "/m/root", "kept"));

	rig_zk_delete(r->base.client, "/m/root");
	eventually(r->base.loop,
		   watcher_problems(w, text, sizeof(text)) == 0 && !watcher_find(w, "/m/root"));
	rig_zk_create(r->base.client, "/m/root", "back");
	eventually(r->base.loop, watcher_has(w, "/m/root", "back"));
	watcher_stop(w);
	rig_wire_stop(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		mirror_test(a_missing_root_is_watched_again_in_a_new_session),
		mirror_test(changes_while_the_server_is_unreachable_arrive_in_one_tree),
		mirror_test(breaks_during_the_first_read_give_no_partial_tree),
		mirror_test(after_an_expiry_everything_is_read_again),
		mirror_test(past_the_watch_limit_a_break_starts_a_new_session),
		mirror_test(watches_that_the_server_refuses_are_set_in_a_new_session),
		mirror_test(an_unreadable_znode_keeps_its_last_data),
		mirror_test(changes_of_a_znode_that_was_unreadable_are_found),
		mirror_test(an_unreadable_znode_may_be_deleted),
		mirror_test(unreadable_znodes_are_followed_where_exists_is_denied_too),
		mirror_test(a_root_may_be_forbidden_and_deleted_where_exists_is_denied_too),
	};

	return cmocka_run_group_tests_name("mirror faults", tests, rig_mirror_setup,
					   rig_mirror_teardown);
}
