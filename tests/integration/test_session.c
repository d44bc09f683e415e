/* The session on a real server that does not fail: requests, watches, limits, credentials. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig_session.h"
#include "rig_wire.h"

static void a_session_reads_and_writes(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct session *s = rig_session_connect(r, rig_zookeeper_hosts(r->server), &events);
	struct answer got;

	assert_int_equal(session_epoch(s), 1);
	assert_int_not_equal(session_id(s), 0);
	assert_string_equal(session_server(s), rig_zookeeper_hosts(r->server));
	assert_int_equal(session_timeout(s), LONG_TIMEOUT);

	got = answer_of(r, session_create(s, "/rw", "one", 3, 0, on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	assert_string_equal(got.data, "/rw");
	got = answer_of(r, session_get(s, "/rw", false, on_answer, &a));
	assert_string_equal(got.data, "one");
	assert_int_equal(got.size, 3);
	assert_int_equal(got.stat.version, 0);
	got = answer_of(r, session_set(s, "/rw", "two!", 4, 7, on_answer, &a));
	assert_int_equal(got.rc, ZBADVERSION);
	assert_false(got.has_stat);
	got = answer_of(r, session_set(s, "/rw", "two!", 4, 0, on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	assert_int_equal(got.stat.version, 1);
	assert_string_equal(rig_zk_get(r->client, "/rw"), "two!");

	got = answer_of(r, session_create(s, "/rw/e-", NULL, 0, ZOO_EPHEMERAL | ZOO_SEQUENCE,
					  on_answer, &a));
	assert_string_equal(got.data, "/rw/e-0000000000");
	assert_int_equal(rig_zk_owner(r->client, "/rw/e-0000000000"), session_id(s));
	got = answer_of(r, session_get(s, "/rw/e-0000000000", false, on_answer, &a));
	assert_false(got.has_data);
	got = answer_of(r, session_children(s, "/rw", false, on_answer, &a));
	assert_int_equal(got.children, 1);
	assert_int_equal(got.stat.child_count, 1);
	got = answer_of(r, session_children(s, "/rw/e-0000000000", false, on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	assert_int_equal(got.children, 0);
	got = answer_of(r, session_delete(s, "/rw/e-0000000000", -1, on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	got = answer_of(r, session_exists(s, "/rw/e-0000000000", false, on_answer, &a));
	assert_int_equal(got.rc, ZNONODE);

	assert_int_equal(session_requests(s), 10);
	eventually(r->loop, session_last_reply(s) > 0);
	session_free(s, PATIENCE);
}

static void harmful_paths_and_sizes_are_refused(void **state)
{
	struct rig_loop *r = *state;
	static const char *const paths[] = {
		"", "x", "/x/", "//", "/x//y", "/x/..", "/./x", "/x\ny"
	};
	struct session_events events = { 0 };
	struct session *s = rig_session_connect(r, rig_zookeeper_hosts(r->server), &events);
	size_t size = SESSION_REQUEST_LIMIT + 200;
	char *much = calloc(1, size);

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct session_op op = { .kind = OP_CREATE, .path = paths[i] };
		struct answer got = answer_of(r, session_get(s, paths[i], true, on_answer, &a));

		assert_int_equal(got.rc, ZBADARGUMENTS);
		got = answer_of(r, session_multi(s, &op, 1, on_answer, &a));
		assert_int_equal(got.rc, ZBADARGUMENTS);
	}
	assert_int_equal(answer_of(r, session_set(s, "/", much, size, -1, on_answer, &a)).rc,
			 ZBADARGUMENTS);
	assert_int_equal(answer_of(r, session_exists(s, "/", false, on_answer, &a)).rc, ZOK);
	assert_int_equal(events.connected, 1);
	free(much);
	session_free(s, PATIENCE);
}

static void multi_is_all_or_nothing(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct session *s = rig_session_connect(r, rig_zookeeper_hosts(r->server), &events);
	struct session_op two[] = {
		{ .kind = OP_CREATE, .path = "/multi", .data = "m", .size = 1 },
		{ .kind = OP_CHECK, .path = "/multi", .version = 5 },
	};
	struct answer got = answer_of(r, session_multi(s, two, 2, on_answer, &a));

	assert_int_equal(got.rc, ZBADVERSION);
	assert_int_equal(got.ops, 2);
	assert_int_equal(got.op_rcs[0], ZOK);
	assert_int_equal(got.op_rcs[1], ZBADVERSION);
	assert_false(rig_zk_exists(r->client, "/multi"));
	two[1] = (struct session_op){
		.kind = OP_SET, .path = "/multi", .data = "n", .size = 1, .version = 0
	};
	got = answer_of(r, session_multi(s, two, 2, on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	assert_string_equal(rig_zk_get(r->client, "/multi"), "n");
	session_free(s, PATIENCE);
}

static void watches_fire_once(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct session *s = rig_session_connect(r, rig_zookeeper_hosts(r->server), &events);

	rig_zk_set(r->client, "/watched", "a");
	answer_of(r, session_get(s, "/watched", true, on_answer, &a));
	rig_zk_set(r->client, "/watched", "b");
	rig_zk_set(r->client, "/watched", "c");
	eventually(r->loop, events.watches == 1);
	answer_of(r, session_exists(s, "/", false, on_answer, &a));
	assert_int_equal(events.watches, 1);
	assert_int_equal(events.watch_type, ZOO_CHANGED_EVENT);
	assert_string_equal(events.watch_path, "/watched");
	session_free(s, PATIENCE);
}

static void more_requests_than_the_window_are_all_answered(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct session *s = rig_session_open(r, rig_zookeeper_hosts(r->server), &events);
	struct tally t = { 0 };

	for (unsigned i = 0; i < 20000; i++)
		session_exists(s, "/", i % 2, on_tally, &t);
	eventually(r->loop, t.answers == 20000 && events.idle);
	assert_int_equal(t.ok, 20000);
	session_free(s, PATIENCE);
}

static void bad_hosts_are_refused(void **state)
{
	struct rig_loop *r = *state;
	static const char *const bad[] = { "",    "a,,b", "a:0",    "a:99999",
					   "a:b", "[::1", "[::1]x", "a:1/x/" };
	struct session_events events = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct zookeeper_settings z = rig_session_settings(bad[i]);
		struct err e = { 0 };
		struct session *s;

		assert_int_equal(
			session_new(r->loop, "test", &z, &rig_session_ops, &events, &s, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
}

static void the_chroot_is_the_root(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	char hosts[64];
	struct session *s;

	rig_zk_set(r->client, "/below/x", "deep");
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d/below", rig_zookeeper_port(r->server));
	s = rig_session_connect(r, hosts, &events);
	assert_string_equal(answer_of(r, session_get(s, "/x", true, on_answer, &a)).data, "deep");
	rig_zk_set(r->client, "/below/x", "deeper");
	eventually(r->loop, events.watches == 1);
	assert_string_equal(events.watch_path, "/x");
	session_free(s, PATIENCE);
}

static struct session *open_with_auth(struct rig_loop *r, const char *content, mode_t mode,
				      struct session_events *events, struct err *e)
{
	struct zookeeper_settings z = rig_session_settings(rig_zookeeper_hosts(r->server));
	struct session *s = NULL;

	z.auth_file = rig_path("secret");
	unlink(z.auth_file);
	rig_write(z.auth_file, "%s", content);
	assert_int_equal(chmod(z.auth_file, mode), 0);
	return session_new(r->loop, "test", &z, &rig_session_ops, events, &s, e) < 0 ? NULL : s;
}

static void credentials_are_in_force_once_connected(void **state)
{
	struct rig_loop *r = *state;
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(r->server));
	struct session_events events = { 0 };
	struct err e;
	struct session *s = open_with_auth(r, "digest nginx:secret\n", 0600, &events, &e);

	rig_zk_auth(other, "digest", "nginx:secret");
	rig_zk_set(other, "/private", "for us");
	rig_zk_restrict(other, "/private", true);
	eventually(r->loop, session_state(s) == SESSION_CONNECTED);
	assert_string_equal(answer_of(r, session_get(s, "/private", true, on_answer, &a)).data,
			    "for us");
	answer_of(r, session_create(s, "/private/made", "x", 1, 0, on_answer, &a));
	rig_zookeeper_restart(r->server);
	eventually(r->loop, events.connected > 1 && session_state(s) == SESSION_CONNECTED);
	assert_string_equal(answer_of(r, session_get(s, "/private/made", true, on_answer, &a)).data,
			    "x");
	session_free(s, PATIENCE);

	/* only its credentials may read what it created */
	s = rig_session_connect(r, rig_zookeeper_hosts(r->server), &events);
	assert_int_equal(answer_of(r, session_get(s, "/private/made", true, on_answer, &a)).rc,
			 ZNOAUTH);
	session_free(s, PATIENCE);
	rig_zk_delete_all(other, "/private");
	rig_zk_close(other);
}

static void the_acl_of_a_znode_is_read(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct err e;
	struct session *s = open_with_auth(r, "digest nginx:secret\n", 0600, &events, &e);
	struct answer got;

	eventually(r->loop, session_state(s) == SESSION_CONNECTED);
	answer_of(r, session_create(s, "/acl", "", 0, 0, on_answer, &a));
	answer_of(r, session_create(s, "/acl/read", "", 0, SESSION_READABLE, on_answer, &a));
	answer_of(r, session_create(s, "/acl/open", "", 0, SESSION_OPEN, on_answer, &a));
	got = answer_of(r, session_get_acl(s, "/acl", on_answer, &a));
	assert_int_equal(got.rc, ZOK);
	assert_true(got.has_stat);
	assert_int_equal(strncmp(got.acl, "digest:nginx:", 13), 0);
	assert_non_null(strstr(got.acl, "=31"));
	assert_null(strstr(got.acl, "world"));
	got = answer_of(r, session_get_acl(s, "/acl/read", on_answer, &a));
	assert_non_null(strstr(got.acl, " world:anyone=1"));
	got = answer_of(r, session_get_acl(s, "/acl/open", on_answer, &a));
	assert_string_equal(got.acl, "world:anyone=31");
	got = answer_of(r, session_get_acl(s, "/acl/none", on_answer, &a));
	assert_int_equal(got.rc, ZNONODE);
	assert_string_equal(got.acl, "");
	session_delete(s, "/acl/read", -1, NULL, NULL);
	session_delete(s, "/acl/open", -1, NULL, NULL);
	answer_of(r, session_delete(s, "/acl", -1, on_answer, &a));
	session_free(s, PATIENCE);
}

static void credentials_must_be_kept_private(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct err e = { 0 };

	assert_null(open_with_auth(r, "digest nginx:secret\n", 0644, &events, &e));
	assert_int_equal(e.code, ERR_SETTINGS);
	assert_non_null(strstr(e.text, "0644"));
	assert_null(open_with_auth(r, "nonsense\n", 0600, &events, &e));
	assert_int_equal(e.code, ERR_SETTINGS);
	assert_null(strstr(e.text, "nonsense"));
}

static void refused_credentials_are_tried_again(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct err e;
	struct session *s = open_with_auth(r, "nosuchscheme a:b\n", 0600, &events, &e);

	eventually(r->loop, session_epoch(s) >= 2);
	assert_int_equal(events.connected, 0);
	rig_write(rig_path("secret"), "digest nginx:secret\n");
	eventually(r->loop, session_state(s) == SESSION_CONNECTED);
	session_free(s, PATIENCE);
}

static void in_two_parts(int to, char *frame, size_t size)
{
	rig_wire_put(to, frame, 6);
	rig_wait(NULL, 100 * USEC_PER_MSEC); /* the relay reads that much */
	rig_wire_put(to, frame + 6, size - 6);
}

/* When all of an answer is here, the relay stops to keep the connection alive. */
static void an_answer_in_parts_causes_no_pings(void **state)
{
	static rig_tamper *const tampers[] = { in_two_parts };
	struct rig_loop *r = *state;
	struct rig_wire *wire = rig_wire_start_tampered(rig_zookeeper_port(r->server), tampers, 1);
	struct session_events events = { 0 };
	struct session *s;
	struct answer got;

	rig_zk_create(r->client, "/parts", "whole");
	s = rig_session_connect(r, rig_wire_hosts(wire), &events);
	rig_wire_tamper(wire, 0);
	got = answer_of(r, session_get(s, "/parts", false, on_answer, &a));
	assert_string_equal(got.data, "whole");
	rig_wait(r->loop, USEC_PER_SEC);
	assert_true(rig_wire_pings(wire) < 3);
	session_free(s, PATIENCE);
	rig_wire_stop(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_reads_and_writes),
		cmocka_unit_test(harmful_paths_and_sizes_are_refused),
		cmocka_unit_test(multi_is_all_or_nothing),
		cmocka_unit_test(watches_fire_once),
		cmocka_unit_test(more_requests_than_the_window_are_all_answered),
		cmocka_unit_test(bad_hosts_are_refused),
		cmocka_unit_test(the_chroot_is_the_root),
		cmocka_unit_test(credentials_are_in_force_once_connected),
		cmocka_unit_test(the_acl_of_a_znode_is_read),
		cmocka_unit_test(credentials_must_be_kept_private),
		cmocka_unit_test(refused_credentials_are_tried_again),
		cmocka_unit_test(an_answer_in_parts_causes_no_pings),
	};

	return cmocka_run_group_tests_name("session", tests, rig_loop_setup, rig_loop_teardown);
}
