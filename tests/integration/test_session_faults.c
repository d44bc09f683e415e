/*
 * The session when links break, servers die and sessions expire: it comes back by itself,
 * and every request is answered once, whatever happens.
 */
#include "rig_session.h"

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
	eventually(NULL, !rig_zk_exists(client, "/mine"));
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
	assert_int_equal(session_cut_short(s), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_link_keeps_the_session),
		cmocka_unit_test(every_address_is_tried_again),
		cmocka_unit_test(killed_server_keeps_the_session),
		cmocka_unit_test(expired_session_is_replaced),
		cmocka_unit_test(renewal_answers_everything),
		cmocka_unit_test(free_answers_everything),
		cmocka_unit_test(no_server_yet),
		cmocka_unit_test(unresolvable_hosts_leave_the_loop_alive),
	};

	return cmocka_run_group_tests_name("session faults", tests, set_up, tear_down);
}
