/*
 * The session when connections break, servers die and sessions expire: it recovers by itself, and
 * every request gets one answer, whatever happens.
 */
#include <stdio.h>
#include <string.h>

#include "rig_session.h"

static void a_lost_connection_keeps_the_session(void **state)
{
	struct rig_loop *r = *state;
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(r->server));
	char hosts[64];
	struct session_events events = { 0 };
	struct session *s;
	struct tally t = { 0 };
	int64_t id;

	snprintf(hosts, sizeof(hosts), "localhost:%d", rig_proxy_port(proxy));
	s = rig_session_connect(r, hosts, &events);
	id = session_id(s);
	for (unsigned round = 1; round <= 3; round++) {
		rig_proxy_freeze(proxy); /* what is sent now is lost */
		for (unsigned i = 0; i < 3000; i++)
			session_get(s, "/", true, on_tally, &t);
		rig_proxy_cut(proxy);
		eventually(r->loop, session_state(s) == SESSION_CONNECTING);
		assert_string_equal(session_server(s), "");
		rig_proxy_restore(proxy);
		eventually(r->loop, events.connected == round + 1 && t.answers == round * 3000);
	}
	assert_true(t.lost > 0);
	assert_int_equal(t.ok + t.lost, t.answers);
	assert_int_equal(session_id(s), id);
	assert_int_equal(session_epoch(s), 1);
	assert_int_equal(session_reconnects(s), 3);
	session_free(s, PATIENCE);
	rig_proxy_stop(proxy);
}

/* A server that has stopped answering still accepts connections. The session goes to another one
 * before it expires. */
static void a_frozen_server_is_left_for_another(void **state)
{
	struct rig_loop *r = *state;
	struct rig_proxy *proxies[] = { rig_proxy_start(rig_zookeeper_port(r->server)),
					rig_proxy_start(rig_zookeeper_port(r->server)) };
	struct session_events events = { 0 };
	struct zookeeper_settings z;
	char hosts[64], first[64], frozen[64];
	struct session *s;
	struct err e;
	bool second;
	int64_t id;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d,127.0.0.1:%d", rig_proxy_port(proxies[0]),
		 rig_proxy_port(proxies[1]));
	snprintf(first, sizeof(first), "127.0.0.1:%d", rig_proxy_port(proxies[0]));
	z = rig_session_settings(hosts);
	z.session_timeout = 8 * USEC_PER_SEC;
	if (session_new(r->loop, "test", &z, &rig_session_ops, &events, &s, &e) < 0)
		fail_msg("%s", e.text);
	eventually(r->loop, session_state(s) == SESSION_CONNECTED);
	rig_wait(r->loop, 6 * USEC_PER_SEC); /* a connection that has lasted is not a failed one */
	eventually(r->loop, session_state(s) == SESSION_CONNECTED);
	snprintf(frozen, sizeof(frozen), "%s", session_server(s));
	second = strcmp(frozen, first) != 0;
	id = session_id(s);
	rig_proxy_freeze(proxies[second]);
	eventually(r->loop,
		   session_state(s) == SESSION_CONNECTED && strcmp(session_server(s), frozen) != 0);
	assert_int_equal(session_id(s), id);
	session_free(s, PATIENCE);
	rig_proxy_thaw(proxies[second]);
	rig_proxy_stop(proxies[0]);
	rig_proxy_stop(proxies[1]);
}

/* Each of an even number of addresses is tried. libzookeeper alone would leave out every second. */
static void every_address_is_tried_again(void **state)
{
	struct rig_loop *r = *state;
	struct rig_proxy *proxies[] = { rig_proxy_start(rig_zookeeper_port(r->server)),
					rig_proxy_start(rig_zookeeper_port(r->server)) };
	struct session_events events = { 0 };
	struct session *s;
	char hosts[64];

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d,127.0.0.1:%d", rig_proxy_port(proxies[0]),
		 rig_proxy_port(proxies[1]));
	s = rig_session_connect(r, hosts, &events);
	for (unsigned i = 0; i < 6; i++) {
		rig_proxy_cut(proxies[0]);
		rig_proxy_cut(proxies[1]);
		eventually(r->loop, session_state(s) == SESSION_CONNECTING);
		rig_proxy_restore(proxies[i % 2]);
		eventually(r->loop, session_state(s) == SESSION_CONNECTED);
	}
	session_free(s, PATIENCE);
	rig_proxy_stop(proxies[0]);
	rig_proxy_stop(proxies[1]);
}

static void a_killed_server_keeps_the_session(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct session *s = rig_session_connect(r, rig_zookeeper_hosts(r->server), &events);
	int64_t id = session_id(s);

	answer_of(r, session_create(s, "/mine", NULL, 0, ZOO_EPHEMERAL, on_answer, &a));
	rig_zookeeper_kill(r->server);
	eventually(r->loop, session_state(s) == SESSION_CONNECTING);
	rig_zookeeper_restart(r->server);
	eventually(r->loop, session_state(s) == SESSION_CONNECTED);
	assert_int_equal(session_id(s), id);
	assert_int_equal(rig_zk_owner(r->client, "/mine"), id);
	session_free(s, PATIENCE);
	eventually(NULL, !rig_zk_exists(r->client, "/mine"));
}

static void an_expired_session_is_replaced(void **state)
{
	struct rig_loop *r = *state;
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(r->server));
	struct session_events events = { 0 };
	struct zookeeper_settings z;
	struct tally t = { 0 };
	struct session *s;
	char hosts[64];
	struct err e;
	int64_t id;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d,127.0.0.1:%d", rig_proxy_port(proxy),
		 rig_proxy_port(proxy));
	z = rig_session_settings(hosts);
	z.session_timeout = 4 * USEC_PER_SEC;
	if (session_new(r->loop, "test", &z, &rig_session_ops, &events, &s, &e) < 0)
		fail_msg("%s", e.text);
	eventually(r->loop, session_state(s) == SESSION_CONNECTED);
	id = session_id(s);
	answer_of(r, session_create(s, "/gone", NULL, 0, ZOO_EPHEMERAL, on_answer, &a));
	rig_proxy_freeze(proxy);
	for (unsigned i = 0; i < 2000; i++)
		session_exists(s, "/", false, on_tally, &t);
	eventually(r->loop, !rig_zk_exists(r->client, "/gone"));
	rig_proxy_thaw(proxy);
	eventually(r->loop, events.expired == 1 && session_state(s) == SESSION_CONNECTED);
	eventually(r->loop, t.answers == 2000);
	assert_int_not_equal(session_id(s), id);
	assert_int_equal(session_epoch(s), 2);
	assert_int_equal(session_cut_short(s), 0);
	assert_int_equal(answer_of(r, session_exists(s, "/", false, on_answer, &a)).rc, ZOK);
	session_free(s, PATIENCE);
	rig_proxy_stop(proxy);
}

static void a_renewal_answers_every_request(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct session *s = rig_session_connect(r, rig_zookeeper_hosts(r->server), &events);
	struct tally t = { 0 };

	for (unsigned round = 1; round <= 3; round++) {
		for (unsigned i = 0; i < 5000; i++)
			session_get(s, "/", true, on_tally, &t);
		session_renew(s);
		assert_int_equal(events.expired, round - 1);
		eventually(r->loop, t.answers == round * 5000);
		eventually(r->loop,
			   session_epoch(s) == round + 1 && session_state(s) == SESSION_CONNECTED);
	}
	assert_int_equal(t.ok + t.gone, t.answers);
	assert_true(t.gone >= 3 * (5000 - SESSION_WINDOW));
	session_free(s, PATIENCE);
}

static void freeing_answers_every_request(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct session *s = rig_session_connect(r, rig_zookeeper_hosts(r->server), &events);
	struct tally t = { 0 };

	for (unsigned i = 0; i < 5000; i++)
		session_get(s, "/", true, on_tally, &t);
	session_free(s, PATIENCE);
	assert_int_equal(t.answers, 5000);
	assert_int_equal(t.gone, 5000);
}

static void a_session_waits_for_its_first_server(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct tally t = { 0 };
	int port = rig_port();
	struct session *s;
	char hosts[64];
	struct rig_proxy *proxy;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d,no-such-host.invalid:1", port);
	s = rig_session_open(r, hosts, &events);
	session_exists(s, "/", false, on_tally, &t);
	rig_wait(r->loop, USEC_PER_SEC);
	assert_int_equal(session_state(s), SESSION_CONNECTING);
	assert_int_equal(t.answers, 0);
	proxy = rig_proxy_start_on(port, rig_zookeeper_port(r->server));
	eventually(r->loop, t.ok == 1);
	assert_int_equal(session_epoch(s), 1);
	session_free(s, PATIENCE);
	rig_proxy_stop(proxy);
}

static void unresolvable_hosts_leave_the_loop_alive(void **state)
{
	struct rig_loop *r = *state;
	struct session_events events = { 0 };
	struct session *s = rig_session_open(r, "no-such-host.invalid:2181", &events);
	uint64_t end = rig_now() + USEC_PER_SEC;
	unsigned turns = 0;

	/* a lookup lasts for seconds: in 50 turns that wait for one the patience would end */
	eventually(r->loop, ++turns > 50 && rig_now() > end);
	assert_int_equal(session_state(s), SESSION_CONNECTING);
	assert_int_equal(session_epoch(s), 0);
	session_free(s, PATIENCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_connection_keeps_the_session),
		cmocka_unit_test(a_frozen_server_is_left_for_another),
		cmocka_unit_test(every_address_is_tried_again),
		cmocka_unit_test(a_killed_server_keeps_the_session),
		cmocka_unit_test(an_expired_session_is_replaced),
		cmocka_unit_test(a_renewal_answers_every_request),
		cmocka_unit_test(freeing_answers_every_request),
		cmocka_unit_test(a_session_waits_for_its_first_server),
		cmocka_unit_test(unresolvable_hosts_leave_the_loop_alive),
	};

	return cmocka_run_group_tests_name("session faults", tests, rig_loop_setup,
					   rig_loop_teardown);
}
