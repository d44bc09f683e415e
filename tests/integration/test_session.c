/* The session against a real server that stays up: requests, watches, limits, credentials. */
#include <sys/stat.h>
#include <unistd.h>

#include "rig_session.h"

static void reads_and_writes(void **state UNUSED)
{
	struct seen seen = { 0 };
	struct session *s = open_connected(rig_zookeeper_hosts(server), &seen);
	struct answer got;

	assert_int_equal(session_epoch(s), 1);
	assert_int_not_equal(session_id(s), 0);
	assert_string_equal(session_server(s), rig_zookeeper_hosts(server));
	assert_int_equal(session_timeout(s), SHORT_TIMEOUT);

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
	eventually(loop, session_last_reply(s) > 0);
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

	eventually(loop, session_epoch(s) >= 2);
	assert_int_equal(seen.connected, 0);
	rig_write(rig_path("secret"), "digest nginx:secret\n");
	eventually(loop, session_state(s) == SESSION_CONNECTED);
	session_free(s, PATIENCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes),
		cmocka_unit_test(refuses_what_would_do_harm),
		cmocka_unit_test(multi_is_all_or_nothing),
		cmocka_unit_test(watches_fire_once),
		cmocka_unit_test(far_more_requests_than_the_window),
		cmocka_unit_test(bad_hosts_are_told),
		cmocka_unit_test(chroot_is_the_root),
		cmocka_unit_test(credentials_are_in_force_once_connected),
		cmocka_unit_test(credentials_must_be_kept_private),
		cmocka_unit_test(refused_credentials_are_tried_again),
	};

	return cmocka_run_group_tests_name("session", tests, set_up, tear_down);
}
