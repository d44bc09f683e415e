/*
 * The session when something else than a healthy ZooKeeper answers on its port: the session does
 * not count as connected, it does not reconnect too often, and it connects once the real server is
 * back. All kinds are tried at the same time, each with a port, an impostor and a session of its
 * own. Only what no healthy server sends makes it a server that is not trusted: a healthy one that
 * restarts or has no CPU time is silent or closes connections, too.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rig_impostor.h"
#include "rig_session.h"

/* The library allocates the length that a frame claims; the sanitizers would end the program for
 * that. */
const char *__asan_default_options(void) __attribute__((visibility("default")));
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void) __attribute__((visibility("default")));
const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

#define ASKED (10 * USEC_PER_SEC) /* the session's timeout */
#define GARBAGE_LASTS (5 * USEC_PER_SEC)
/* Of one session in GARBAGE_LASTS: the pauses between connections grow, whatever the library does.
 */
#define CONNECTIONS_MOST 40

/* A server's part of the handshake: length, protocol, timeout, session, password, read-only. */
#define HANDSHAKE(length, timeout, session, password, read_only)                                   \
	length "\0\0\0\0" timeout "\0\0\0\0\0\0\0" session password "0123456789abcdef" read_only
#define LENGTH "\0\0\0\x25"
#define TEN_SECONDS "\0\0\x27\x10"
#define PASSWORD "\0\0\0\x10"
#define SOUND HANDSHAKE(LENGTH, TEN_SECONDS, "\x07", PASSWORD, "\0")
#define HUGE_TIMEOUT HANDSHAKE(LENGTH, "\x7f\xff\xff\xff", "\x07", PASSWORD, "\0")
#define HTTP                                                                                       \
	"HTTP/1.1 503 Service Unavailable\r\nServer: proxy\r\nContent-Type: text/html\r\n"         \
	"Connection: close\r\n\r\n<html><body><h1>503 Service Unavailable</h1>"                    \
	"No server is available to handle this request.</body></html>\r\n"
#define NOISE                                                                                      \
	"\x9b\x1f\xc4\x72\xe8\x05\xd3\x4a\xb6\x61\x8e\xf7\x2c\x90\x5d\xa3\x17\xfe\x68\xcb\x34\x81" \
	"\xea\x56\x0d\xb9\x7f\x22\xc0\x9e\x43\xd8\x6b\xf1\x15\xac\x39\x87\xe2\x50\xcd\x74\x0a\xbf" \
	"\x96\x2d\xfa\x61\x18\xc3\x7e\xa5\x4f\xd0\x8b\x36\xe9\x52\x1d\xb4\x70\xc7\x9a\x05"
#define SAY(bytes) bytes, sizeof(bytes) - 1

static const struct kind {
	const char *name;
	const char *bytes;
	size_t size;
	bool close_after;
	enum { HOSTILE, HARMLESS } nature; /* a healthy server may do what is harmless */
} kinds[] = {
	{ "an_http_answer_is_recovered_from", SAY(HTTP), true, HOSTILE },
	{ "an_http_answer_that_stays_open_is_recovered_from", SAY(HTTP), false, HOSTILE },
	{ "noise_is_recovered_from", SAY(NOISE), true, HOSTILE },
	{ "noise_that_stays_open_is_recovered_from", SAY(NOISE), false, HOSTILE },
	{ "a_negative_timeout_is_recovered_from",
	  SAY(HANDSHAKE(LENGTH, "\xff\xff\xff\xfe", "\x07", PASSWORD, "\0")), true, HOSTILE },
	{ "a_zero_timeout_is_recovered_from",
	  SAY(HANDSHAKE(LENGTH, "\0\0\0\0", "\x07", PASSWORD, "\0")), true, HOSTILE },
	{ "a_huge_timeout_is_recovered_from", SAY(HUGE_TIMEOUT), true, HOSTILE },
	{ "a_huge_timeout_that_stays_open_is_recovered_from", SAY(HUGE_TIMEOUT), false, HOSTILE },
	{ "an_hours_timeout_is_recovered_from",
	  SAY(HANDSHAKE(LENGTH, "\0\x36\xee\x80", "\x07", PASSWORD, "\0")), true, HOSTILE },
	{ "a_new_session_that_has_expired_is_recovered_from",
	  SAY(HANDSHAKE(LENGTH, "\0\0\0\0", "\0", PASSWORD, "\0")), true, HOSTILE },
	{ "a_session_without_a_number_is_recovered_from",
	  SAY(HANDSHAKE(LENGTH, TEN_SECONDS, "\0", PASSWORD, "\0")), false, HOSTILE },
	{ "a_read_only_answer_is_recovered_from",
	  SAY(HANDSHAKE(LENGTH, TEN_SECONDS, "\x07", PASSWORD, "\1")), false, HOSTILE },
	{ "a_negative_password_length_is_recovered_from",
	  SAY(HANDSHAKE(LENGTH, TEN_SECONDS, "\x07", "\xff\xff\xff\xff", "\0")), false, HOSTILE },
	{ "a_negative_length_is_recovered_from",
	  SAY(HANDSHAKE("\xff\xff\xff\xff", TEN_SECONDS, "\x07", PASSWORD, "\0")), true, HOSTILE },
	{ "a_sound_handshake_and_silence_is_recovered_from", SAY(SOUND), false, HARMLESS },
	{ "a_sound_handshake_and_the_end_is_recovered_from", SAY(SOUND), true, HARMLESS },
	{ "a_huge_frame_and_silence_is_recovered_from", SAY(SOUND "\x7f\xff\xff\xff"), false,
	  HOSTILE },
	{ "a_negative_frame_and_silence_is_recovered_from", SAY(SOUND "\xff\xff\xff\xff"), false,
	  HOSTILE },
	{ "a_huge_length_and_silence_is_recovered_from", SAY("\x7f\xff\xff\xff"), false, HOSTILE },
	{ "silence_is_recovered_from", SAY(""), false, HARMLESS },
	{ "the_end_at_once_is_recovered_from", SAY(""), true, HARMLESS },
	{ "half_a_handshake_is_recovered_from", SAY("\0\0\0\x25\0\0\0\0\0\0\x27\x10"), true,
	  HARMLESS },
};

static struct trial {
	const struct kind *kind;
	int port;
	struct rig_impostor *impostor;
	struct rig_proxy *server;
	struct session *session;
	struct session_events events;
	unsigned connections; /* … to the impostor within GARBAGE_LASTS */
	unsigned drawn_in;
	bool was_met, distrusted, recovered;
} trials[ARRAY_SIZE(kinds)];

static struct rig_loop rig; /* *state is the trial */

static struct session *open_asking(int port, struct session_events *events)
{
	char hosts[64];
	struct zookeeper_settings z;
	struct session *s;
	struct err e;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", port);
	z = rig_session_settings(hosts);
	z.session_timeout = ASKED;
	if (session_new(rig.loop, "test", &z, &rig_session_ops, events, &s, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

static bool all_connected(uint64_t since)
{
	bool all = true;

	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		struct trial *t = &trials[i];

		if (!t->recovered && session_state(t->session) == SESSION_CONNECTED) {
			t->recovered = true;
			if (getenv("RIG_VERBOSE"))
				print_message("%s: %u connections, back after %llu ms\n",
					      t->kind->name, t->connections,
					      (unsigned long long)((rig_now() - since) / 1000));
		}
		all = all && t->recovered;
	}
	return all;
}

static bool is_distrusted(const struct trial *t)
{
	uint64_t when;

	return *session_distrust(t->session, &when);
}

/* Has each session met its impostor, and said what it is? */
static bool all_met(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		const struct trial *t = &trials[i];

		if (rig_impostor_count(t->impostor) == 0 ||
		    (t->kind->nature == HOSTILE && !is_distrusted(t)))
			return false;
	}
	return true;
}

static void replace_by_the_server(struct trial *t)
{
	t->was_met = rig_impostor_count(t->impostor) > 0;
	t->drawn_in = t->events.connected;
	t->distrusted = is_distrusted(t);
	rig_impostor_stop(t->impostor);
	t->server = rig_proxy_start_on(t->port, rig_zookeeper_port(rig.server));
}

static int try_all_kinds(void **state UNUSED)
{
	uint64_t since;

	rig_loop_init(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		struct trial *t = &trials[i];

		t->kind = &kinds[i];
		t->port = rig_port();
		t->impostor = rig_impostor_start(t->port, t->kind->bytes, t->kind->size,
						 t->kind->close_after);
		t->session = open_asking(t->port, &t->events);
	}
	rig_wait(rig.loop, GARBAGE_LASTS);
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++)
		trials[i].connections = rig_impostor_count(trials[i].impostor);
	since = rig_now();
	while (!all_met() && rig_now() < since + RIG_PATIENCE)
		rig_pause(rig.loop);
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++)
		replace_by_the_server(&trials[i]);
	since = rig_now();
	while (!all_connected(since) && rig_now() < since + RIG_PATIENCE)
		rig_pause(rig.loop);
	return 0;
}

static int end_all_kinds(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		session_free(trials[i].session, PATIENCE);
		rig_proxy_stop(trials[i].server);
	}
	rig_loop_fini(&rig);
	return 0;
}

static void is_recovered_from(void **state)
{
	const struct trial *t = *state;

	assert_true(t->was_met);
	assert_int_equal(t->drawn_in, 0);
	assert_int_equal(t->distrusted, t->kind->nature == HOSTILE);
	assert_true(t->connections <= CONNECTIONS_MOST);
	assert_true(t->recovered);
	assert_int_equal(answer_of(&rig, session_exists(t->session, "/", false, on_answer, &a)).rc,
			 ZOK);
}

/* The session reaches the healthy servers, whichever server the library tries first. */
static void a_bad_server_of_three_is_left_for_another(void **state UNUSED)
{
	struct rig_impostor *bad[8];
	struct rig_proxy *good[2] = { rig_proxy_start(rig_zookeeper_port(rig.server)),
				      rig_proxy_start(rig_zookeeper_port(rig.server)) };
	struct session *s[ARRAY_SIZE(bad)];
	struct session_events events = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int port = rig_port();
		struct zookeeper_settings z;
		char hosts[128];
		struct err e;

		bad[i] = i % 2 ? rig_impostor_start(port, SAY(HTTP), true)
			       : rig_impostor_start(port, SAY(HUGE_TIMEOUT), false);
		snprintf(hosts, sizeof(hosts), "127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d",
			 rig_proxy_port(good[0]), port, rig_proxy_port(good[1]));
		z = rig_session_settings(hosts);
		z.session_timeout = ASKED;
		if (session_new(rig.loop, "test", &z, &rig_session_ops, &events, &s[i], &e) < 0)
			fail_msg("%s", e.text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		eventually(rig.loop, session_state(s[i]) == SESSION_CONNECTED);
		assert_int_equal(
			answer_of(&rig, session_exists(s[i], "/", false, on_answer, &a)).rc, ZOK);
		session_free(s[i], PATIENCE);
		rig_impostor_stop(bad[i]);
	}
	rig_proxy_stop(good[0]);
	rig_proxy_stop(good[1]);
}

/* A session exists already when another program takes its server's port. */
static void a_session_recovers_from_another_program_on_its_port(void **state UNUSED)
{
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(rig.server));
	struct session_events events = { 0 };
	struct session *s = open_asking(rig_proxy_port(proxy), &events);
	struct rig_impostor *impostor;

	eventually(rig.loop, session_state(s) == SESSION_CONNECTED);
	rig_proxy_cut(proxy);
	eventually(rig.loop, session_state(s) == SESSION_CONNECTING);
	impostor = rig_impostor_start(rig_proxy_port(proxy), SAY(HTTP), true);
	eventually(rig.loop, rig_impostor_count(impostor) >= 3);
	assert_int_equal(events.connected, 1);
	assert_int_equal(session_cut_short(s), 0);
	rig_impostor_stop(impostor);
	rig_proxy_restore(proxy);
	eventually(rig.loop, session_state(s) == SESSION_CONNECTED);
	session_free(s, PATIENCE);
	rig_proxy_stop(proxy);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(trials) + 2] = {
		cmocka_unit_test(a_bad_server_of_three_is_left_for_another),
		cmocka_unit_test(a_session_recovers_from_another_program_on_its_port),
	};

	for (size_t i = 0; i < ARRAY_SIZE(trials); i++)
		tests[2 + i] = (struct CMUnitTest){ kinds[i].name, is_recovered_from, NULL, NULL,
						    &trials[i] };
	return cmocka_run_group_tests_name("session impostor", tests, try_all_kinds, end_all_kinds);
}
