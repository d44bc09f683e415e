/*
 * The session against a real server: requests, watches, lost links, expiry, credentials,
 * and that every request is answered once, whatever happens.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/log.h>

#include "rig_proxy.h"
#include "rig_zookeeper.h"
#include "zk/session.h"

#define TIMEOUT (2 * USEC_PER_SEC) /* the shortest that the server grants */
#define PATIENCE (10 * USEC_PER_SEC)

static struct rig_zookeeper *server;
static struct rig_zk *client;
static sd_event *loop;

struct seen {
	unsigned connected, connecting, expired, idle, watches;
	int watch_type;
	char watch_path[64];
};

static void on_state(void *ctx, enum session_state state)
{
	struct seen *seen = ctx;

	seen->connected += state == SESSION_CONNECTED;
	seen->connecting += state == SESSION_CONNECTING;
	seen->expired += state == SESSION_EXPIRED;
}

static void on_watch(void *ctx, int type, const char *path)
{
	struct seen *seen = ctx;

	seen->watches++;
	seen->watch_type = type;
	snprintf(seen->watch_path, sizeof(seen->watch_path), "%s", path);
}

static void on_idle(void *ctx)
{
	struct seen *seen = ctx;

	seen->idle++;
}

static const struct session_ops ops = {
	.on_state = on_state,
	.on_watch = on_watch,
	.on_idle = on_idle,
};

static struct zookeeper_settings settings(const char *hosts)
{
	return (struct zookeeper_settings){
		.hosts = hosts,
		.session_timeout = TIMEOUT,
		.auth_file = "",
	};
}

static struct session *open_session(const char *hosts, struct seen *seen)
{
	struct zookeeper_settings z = settings(hosts);
	struct session *s;
	struct err e;

	if (session_new(loop, "test", &z, &ops, seen, &s, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

static struct session *open_connected(const char *hosts, struct seen *seen)
{
	struct session *s = open_session(hosts, seen);

	eventually(loop, session_state(s) == SESSION_CONNECTED);
	return s;
}

/* What one request came to. */
struct answer {
	unsigned count;
	int rc;
	char data[64];
	size_t size, children, ops;
	bool has_data, has_stat;
	int op_rcs[4];
	struct session_stat stat;
};

static void on_answer(void *ctx, const struct session_reply *r)
{
	struct answer *a = ctx;

	a->count++;
	a->rc = r->rc;
	a->size = r->size;
	a->has_data = r->data != NULL;
	snprintf(a->data, sizeof(a->data), "%s", r->data ? r->data : r->created ? r->created : "");
	a->children = r->child_count;
	a->has_stat = r->stat != NULL;
	if (r->stat)
		a->stat = *r->stat;
	a->ops = r->op_count;
	for (size_t i = 0; i < r->op_count && i < ARRAY_SIZE(a->op_rcs); i++)
		a->op_rcs[i] = r->op_rcs[i];
}

#define answer_of(call)                                                                            \
	({                                                                                         \
		struct answer a = { 0 };                                                           \
		call;                                                                              \
		assert_int_equal(a.count, 0);                                                      \
		eventually(loop, a.count == 1);                                                    \
		a;                                                                                 \
	})

static void reads_and_writes(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct session *s = open_connected(rig_zookeeper_hosts(server), &seen);
	struct answer got;

	assert_int_equal(session_epoch(s), 1);
	assert_int_not_equal(session_id(s), 0);
	assert_string_equal(session_server(s), rig_zookeeper_hosts(server));
	assert_int_equal(session_timeout(s), TIMEOUT);

	got = answer_of(session_create(s, "/rw", "one", 3, 0, on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	assert_string_equal(got.data, "/rw");
	got = answer_of(session_get(s, "/rw", false, on_answer, &a));
	assert_string_equal(got.data, "one");
	assert_int_equal(got.size, 3);
	assert_int_equal(got.stat.version, 0);
	got = answer_of(session_set(s, "/rw", "two!", 4, 7, on_answer, &a));
	assert_int_equal(got.rc, ZBADVERSION);
	assert_false(got.has_stat);
	got = answer_of(session_set(s, "/rw", "two!", 4, 0, on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	assert_int_equal(got.stat.version, 1);
	assert_string_equal(rig_zk_get(client, "/rw"), "two!");

	got = answer_of(
		session_create(s, "/rw/e-", NULL, 0, ZOO_EPHEMERAL | ZOO_SEQUENCE, on_answer, &a));
	assert_string_equal(got.data, "/rw/e-0000000000");
	assert_int_equal(rig_zk_owner(client, "/rw/e-0000000000"), session_id(s));
	got = answer_of(session_get(s, "/rw/e-0000000000", false, on_answer, &a));
	assert_false(got.has_data);
	got = answer_of(session_children(s, "/rw", false, on_answer, &a));
	assert_int_equal(got.children, 1);
	assert_int_equal(got.stat.child_count, 1);
	got = answer_of(session_children(s, "/rw/e-0000000000", false, on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	assert_int_equal(got.children, 0);
	got = answer_of(session_delete(s, "/rw/e-0000000000", -1, on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	got = answer_of(session_exists(s, "/rw/e-0000000000", false, on_answer, &a));
	assert_int_equal(got.rc, ZNONODE);

	assert_int_equal(session_requests(s), 10);
	assert_true(session_last_reply(s) > 0);
	session_free(s, PATIENCE);
}

static void refuses_what_would_do_harm(void **state UNUSED)
{
	static const char *const paths[] = {
		"", "x", "/x/", "//", "/x//y", "/x/..", "/./x", "/x\ny"
	};
	struct seen seen = { 0 };
	struct session *s = open_connected(rig_zookeeper_hosts(server), &seen);
	size_t size = SESSION_REQUEST_LIMIT + 200;
	char *much = calloc(1, size);

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct session_op op = { .kind = OP_CREATE, .path = paths[i] };
		struct answer got = answer_of(session_get(s, paths[i], true, on_answer, &a));

		assert_int_equal(got.rc, ZBADARGUMENTS);
		got = answer_of(session_multi(s, &op, 1, on_answer, &a));
		assert_int_equal(got.rc, ZBADARGUMENTS);
	}
	assert_int_equal(answer_of(session_set(s, "/", much, size, -1, on_answer, &a)).rc,
			 ZBADARGUMENTS);
	assert_int_equal(answer_of(session_exists(s, "/", false, on_answer, &a)).rc, ZOK);
	assert_int_equal(seen.connected, 1);
	free(much);
	session_free(s, PATIENCE);
}

static void multi_is_all_or_nothing(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct session *s = open_connected(rig_zookeeper_hosts(server), &seen);
	struct session_op two[] = {
		{ .kind = OP_CREATE, .path = "/multi", .data = "m", .size = 1 },
		{ .kind = OP_CHECK, .path = "/multi", .version = 5 },
	};
	struct answer got = answer_of(session_multi(s, two, 2, on_answer, &a));

	assert_int_equal(got.rc, ZBADVERSION);
	assert_int_equal(got.ops, 2);
	assert_int_equal(got.op_rcs[0], ZOK);
	assert_int_equal(got.op_rcs[1], ZBADVERSION);
	assert_false(rig_zk_exists(client, "/multi"));
	two[1] = (struct session_op){
		.kind = OP_SET, .path = "/multi", .data = "n", .size = 1, .version = 0
	};
	got = answer_of(session_multi(s, two, 2, on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	assert_string_equal(rig_zk_get(client, "/multi"), "n");
	session_free(s, PATIENCE);
}

static void watches_fire_once(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct session *s = open_connected(rig_zookeeper_hosts(server), &seen);

	rig_zk_set(client, "/watched", "a");
	answer_of(session_get(s, "/watched", true, on_answer, &a));
	rig_zk_set(client, "/watched", "b");
	rig_zk_set(client, "/watched", "c");
	eventually(loop, seen.watches == 1);
	answer_of(session_exists(s, "/", false, on_answer, &a));
	assert_int_equal(seen.watches, 1);
	assert_int_equal(seen.watch_type, ZOO_CHANGED_EVENT);
	assert_string_equal(seen.watch_path, "/watched");
	session_free(s, PATIENCE);
}

struct tally {
	unsigned answers, ok, lost, gone;
};

static void on_tally(void *ctx, const struct session_reply *r)
{
	struct tally *t = ctx;

	t->answers++;
	t->ok += r->rc == ZOK;
	t->lost += r->rc == ZCONNECTIONLOSS;
	t->gone += r->rc == SESSION_GONE;
}

static void far_more_requests_than_the_window(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct session *s = open_session(rig_zookeeper_hosts(server), &seen);
	struct tally t = { 0 };

	for (unsigned i = 0; i < 20000; i++)
		session_exists(s, "/", i % 2, on_tally, &t);
	eventually(loop, t.answers == 20000 && seen.idle);
	assert_int_equal(t.ok, 20000);
	session_free(s, PATIENCE);
}

static void lost_link_keeps_the_session(void **state UNUSED)
{
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(server));
	char hosts[64];
	struct seen seen = { 0 };
	struct session *s;
	struct tally t = { 0 };
	int64_t id;

	snprintf(hosts, sizeof(hosts), "localhost:%d", rig_proxy_port(proxy));
	s = open_connected(hosts, &seen);
	id = session_id(s);
	for (unsigned round = 1; round <= 3; round++) {
		for (unsigned i = 0; i < 3000; i++)
			session_get(s, "/", true, on_tally, &t);
		rig_proxy_cut(proxy);
		eventually(loop, session_state(s) == SESSION_CONNECTING);
		assert_string_equal(session_server(s), "");
		rig_proxy_mend(proxy);
		eventually(loop, seen.connected == round + 1 && t.answers == round * 3000);
	}
	assert_true(t.lost > 0);
	assert_int_equal(t.ok + t.lost, t.answers);
	assert_int_equal(session_id(s), id);
	assert_int_equal(session_epoch(s), 1);
	assert_int_equal(session_reconnects(s), 3);
	session_free(s, PATIENCE);
	rig_proxy_stop(proxy);
}

/* Of an even number of addresses the library would try every other one only. */
static void every_address_is_tried_again(void **state UNUSED)
{
	struct rig_proxy *proxies[] = { rig_proxy_start(rig_zookeeper_port(server)),
					rig_proxy_start(rig_zookeeper_port(server)) };
	struct seen seen = { 0 };
	struct session *s;
	char hosts[64];

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d,127.0.0.1:%d", rig_proxy_port(proxies[0]),
		 rig_proxy_port(proxies[1]));
	s = open_connected(hosts, &seen);
	for (unsigned i = 0; i < 6; i++) {
		rig_proxy_cut(proxies[0]);
		rig_proxy_cut(proxies[1]);
		eventually(loop, session_state(s) == SESSION_CONNECTING);
		rig_proxy_mend(proxies[i % 2]);
		eventually(loop, session_state(s) == SESSION_CONNECTED);
	}
	session_free(s, PATIENCE);
	rig_proxy_stop(proxies[0]);
	rig_proxy_stop(proxies[1]);
}

static void killed_server_keeps_the_session(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct session *s = open_connected(rig_zookeeper_hosts(server), &seen);
	int64_t id = session_id(s);

	answer_of(session_create(s, "/mine", NULL, 0, ZOO_EPHEMERAL, on_answer, &a));
	rig_zookeeper_kill(server);
	eventually(loop, session_state(s) == SESSION_CONNECTING);
	rig_zookeeper_restart(server);
	eventually(loop, session_state(s) == SESSION_CONNECTED);
	assert_int_equal(session_id(s), id);
	assert_int_equal(rig_zk_owner(client, "/mine"), id);
	session_free(s, PATIENCE);
	assert_false(rig_zk_exists(client, "/mine"));
}

static void expired_session_is_replaced(void **state UNUSED)
{
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(server));
	struct seen seen = { 0 };
	struct tally t = { 0 };
	struct session *s;
	char hosts[64];
	int64_t id;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d,127.0.0.1:%d", rig_proxy_port(proxy),
		 rig_proxy_port(proxy));
	s = open_connected(hosts, &seen);
	id = session_id(s);
	answer_of(session_create(s, "/gone", NULL, 0, ZOO_EPHEMERAL, on_answer, &a));
	rig_proxy_freeze(proxy);
	for (unsigned i = 0; i < 2000; i++)
		session_exists(s, "/", false, on_tally, &t);
	eventually(loop, !rig_zk_exists(client, "/gone"));
	rig_proxy_thaw(proxy);
	eventually(loop, seen.expired == 1 && session_state(s) == SESSION_CONNECTED);
	eventually(loop, t.answers == 2000);
	assert_int_not_equal(session_id(s), id);
	assert_int_equal(session_epoch(s), 2);
	assert_int_equal(answer_of(session_exists(s, "/", false, on_answer, &a)).rc, ZOK);
	session_free(s, PATIENCE);
	rig_proxy_stop(proxy);
}

static void renewal_answers_everything(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct session *s = open_connected(rig_zookeeper_hosts(server), &seen);
	struct tally t = { 0 };

	for (unsigned round = 1; round <= 3; round++) {
		for (unsigned i = 0; i < 5000; i++)
			session_get(s, "/", true, on_tally, &t);
		session_renew(s);
		assert_int_equal(seen.expired, round - 1);
		eventually(loop, t.answers == round * 5000);
		eventually(loop,
			   session_epoch(s) == round + 1 && session_state(s) == SESSION_CONNECTED);
	}
	assert_int_equal(t.ok + t.gone, t.answers);
	assert_true(t.gone >= 3 * (5000 - SESSION_WINDOW));
	session_free(s, PATIENCE);
}

static void free_answers_everything(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct session *s = open_connected(rig_zookeeper_hosts(server), &seen);
	struct tally t = { 0 };

	for (unsigned i = 0; i < 5000; i++)
		session_get(s, "/", true, on_tally, &t);
	session_free(s, PATIENCE);
	assert_int_equal(t.answers, 5000);
	assert_int_equal(t.gone, 5000);
}

static void no_server_yet(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct tally t = { 0 };
	int port = rig_port();
	struct session *s;
	char hosts[64];
	struct rig_proxy *proxy;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d,no-such-host.invalid:1", port);
	s = open_session(hosts, &seen);
	session_exists(s, "/", false, on_tally, &t);
	for (uint64_t end = rig_now() + USEC_PER_SEC; rig_now() < end;)
		rig_pause(loop);
	assert_int_equal(session_state(s), SESSION_CONNECTING);
	assert_int_equal(t.answers, 0);
	proxy = rig_proxy_start_on(port, rig_zookeeper_port(server));
	eventually(loop, t.ok == 1);
	assert_int_equal(session_epoch(s), 1);
	session_free(s, PATIENCE);
	rig_proxy_stop(proxy);
}

static void unresolvable_hosts_leave_the_loop_alive(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct session *s = open_session("no-such-host.invalid:2181", &seen);
	unsigned turns = 0;

	for (uint64_t end = rig_now() + USEC_PER_SEC; rig_now() < end; turns++)
		rig_pause(loop);
	assert_true(turns > 50);
	assert_int_equal(session_state(s), SESSION_CONNECTING);
	assert_int_equal(session_epoch(s), 0);
	session_free(s, PATIENCE);
}

static void bad_hosts_are_told(void **state UNUSED)
{
	static const char *const bad[] = { "",    "a,,b", "a:0",    "a:99999",
					   "a:b", "[::1", "[::1]x", "a:1/x/" };
	struct seen seen = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct zookeeper_settings z = settings(bad[i]);
		struct err e = { 0 };
		struct session *s;

		assert_int_equal(session_new(loop, "test", &z, &ops, &seen, &s, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
}

static void chroot_is_the_root(void **state UNUSED)
{
	struct seen seen = { 0 };
	char hosts[64];
	struct session *s;

	rig_zk_set(client, "/below/x", "deep");
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d/below", rig_zookeeper_port(server));
	s = open_connected(hosts, &seen);
	assert_string_equal(answer_of(session_get(s, "/x", true, on_answer, &a)).data, "deep");
	rig_zk_set(client, "/below/x", "deeper");
	eventually(loop, seen.watches == 1);
	assert_string_equal(seen.watch_path, "/x");
	session_free(s, PATIENCE);
}

static struct session *open_with_auth(const char *content, mode_t mode, struct seen *seen,
				      struct err *e)
{
	struct zookeeper_settings z = settings(rig_zookeeper_hosts(server));
	struct session *s = NULL;

	z.auth_file = rig_path("secret");
	unlink(z.auth_file);
	rig_write(z.auth_file, "%s", content);
	assert_int_equal(chmod(z.auth_file, mode), 0);
	return session_new(loop, "test", &z, &ops, seen, &s, e) < 0 ? NULL : s;
}

static void credentials_are_in_force_once_connected(void **state UNUSED)
{
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(server));
	struct seen seen = { 0 };
	struct err e;
	struct session *s = open_with_auth("digest nginx:secret\n", 0600, &seen, &e);

	rig_zk_auth(other, "digest", "nginx:secret");
	rig_zk_set(other, "/private", "for us");
	rig_zk_restrict(other, "/private", true);
	eventually(loop, session_state(s) == SESSION_CONNECTED);
	assert_string_equal(answer_of(session_get(s, "/private", true, on_answer, &a)).data,
			    "for us");
	answer_of(session_create(s, "/private/made", "x", 1, 0, on_answer, &a));
	rig_zookeeper_restart(server);
	eventually(loop, seen.connected == 2);
	assert_string_equal(answer_of(session_get(s, "/private/made", true, on_answer, &a)).data,
			    "x");
	session_free(s, PATIENCE);

	/* what it created is its own */
	s = open_connected(rig_zookeeper_hosts(server), &seen);
	assert_int_equal(answer_of(session_get(s, "/private/made", true, on_answer, &a)).rc,
			 ZNOAUTH);
	session_free(s, PATIENCE);
	rig_zk_delete_all(other, "/private");
	rig_zk_close(other);
}

static void credentials_must_be_kept_private(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct err e = { 0 };

	assert_null(open_with_auth("digest nginx:secret\n", 0644, &seen, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "0644"));
	assert_null(open_with_auth("nonsense\n", 0600, &seen, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_null(strstr(e.text, "nonsense"));
}

static void refused_credentials_are_tried_again(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct err e;
	struct session *s = open_with_auth("nosuchscheme a:b\n", 0600, &seen, &e);

	eventually(loop, seen.expired >= 1);
	assert_int_equal(seen.connected, 0);
	rig_write(rig_path("secret"), "digest nginx:secret\n");
	eventually(loop, session_state(s) == SESSION_CONNECTED);
	session_free(s, PATIENCE);
}

static int set_up(void **state UNUSED)
{
	log_setup(getenv("RIG_VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, false);
	if (sd_event_new(&loop) < 0)
		return -1;
	server = rig_zookeeper_start(NULL);
	client = rig_zk_connect(rig_zookeeper_hosts(server));
	return 0;
}

static int tear_down(void **state UNUSED)
{
	rig_zk_close(client);
	rig_zookeeper_stop(server);
	sd_event_unref(loop);
	rig_clean();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes),
		cmocka_unit_test(refuses_what_would_do_harm),
		cmocka_unit_test(multi_is_all_or_nothing),
		cmocka_unit_test(watches_fire_once),
		cmocka_unit_test(far_more_requests_than_the_window),
		cmocka_unit_test(lost_link_keeps_the_session),
		cmocka_unit_test(every_address_is_tried_again),
		cmocka_unit_test(killed_server_keeps_the_session),
		cmocka_unit_test(expired_session_is_replaced),
		cmocka_unit_test(renewal_answers_everything),
		cmocka_unit_test(free_answers_everything),
		cmocka_unit_test(no_server_yet),
		cmocka_unit_test(unresolvable_hosts_leave_the_loop_alive),
		cmocka_unit_test(bad_hosts_are_told),
		cmocka_unit_test(chroot_is_the_root),
		cmocka_unit_test(credentials_are_in_force_once_connected),
		cmocka_unit_test(credentials_must_be_kept_private),
		cmocka_unit_test(refused_credentials_are_tried_again),
	};

	return cmocka_run_group_tests_name("session", tests, set_up, tear_down);
}
