/*
 * A server that is broken or hostile: it sends frames that no healthy ZooKeeper sends. The daemon
 * does not crash, hang or grow, says what it saw, keeps nginx serving, and deploys the next edit
 * when the server is healthy again.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/buf.h>

#include "rig_host.h"
#include "rig_proxy.h"
#include "rig_wire.h"

#define CONFIG "/nginx/config"
#define HEAD 16                 /* of a reply: number, transaction, error */
#define GROWTH_MOST (64L << 10) /* KiB */

static struct rig_host host;
static struct rig_wire *wire;
static int port;

/* --- what the server does ----------------------------------------------------------------------
 */

static void put_number(char *p, int64_t number)
{
	uint32_t n = htonl((uint32_t)number);

	memcpy(p, &n, sizeof(n));
}

static int32_t number_of(const char *frame)
{
	uint32_t n;

	memcpy(&n, frame + 4, sizeof(n));
	return (int32_t)ntohl(n);
}

/* An answer to a request, with a body. */
static bool is_answer(const char *frame, size_t size)
{
	return size > 4 + HEAD && number_of(frame) > 0;
}

static void body_begins_with(int to, char *frame, size_t size, int64_t number)
{
	if (is_answer(frame, size))
		put_number(frame + 4 + HEAD, number);
	rig_wire_put(to, frame, size);
}

static void a_buffer_longer_than_its_frame(int to, char *frame, size_t size)
{
	body_begins_with(to, frame, size, 0x7ffffff0);
}

static void a_list_of_64_million(int to, char *frame, size_t size)
{
	body_begins_with(to, frame, size, 64000000);
}

static void a_negative_length(int to, char *frame, size_t size)
{
	body_begins_with(to, frame, size, INT32_MIN);
}

static void a_reply_shorter_than_its_head(int to, char *frame, size_t size UNUSED)
{
	put_number(frame, 8);
	rig_wire_put(to, frame, 12);
}

static void the_number_of_another_request(int to, char *frame, size_t size)
{
	if (is_answer(frame, size))
		put_number(frame + 4, number_of(frame) + 1000);
	rig_wire_put(to, frame, size);
}

static void a_negative_number(int to, char *frame, size_t size)
{
	if (is_answer(frame, size))
		put_number(frame + 4, -77);
	rig_wire_put(to, frame, size);
}

static void no_body(int to, char *frame, size_t size)
{
	if (!is_answer(frame, size)) {
		rig_wire_put(to, frame, size);
		return;
	}
	put_number(frame, HEAD);
	rig_wire_put(to, frame, 4 + HEAD);
}

static void an_unknown_error(int to, char *frame, size_t size)
{
	if (is_answer(frame, size))
		put_number(frame + 4 + 12, 17);
	rig_wire_put(to, frame, size);
}

static void each_answer_twice(int to, char *frame, size_t size)
{
	rig_wire_put(to, frame, size);
	rig_wire_put(to, frame, size);
}

static void only_noise(int to, char *frame UNUSED, size_t size UNUSED)
{
	char noise[104];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 167 + 13);
	put_number(noise, 100);
	rig_wire_put(to, noise, sizeof(noise));
}

static void send_before(int to, char *frame, size_t size, const char *first, size_t first_size)
{
	rig_wire_put(to, first, first_size);
	rig_wire_put(to, frame, size);
}
#define SEND_BEFORE(bytes) send_before(to, frame, size, bytes, sizeof(bytes) - 1)

#define EVENT "\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0"

static void an_answer_to_credentials(int to, char *frame, size_t size)
{
	SEND_BEFORE("\0\0\0\x10\xff\xff\xff\xfc\0\0\0\0\0\0\0\0\0\0\0\0");
}

static void an_event_with_noise(int to, char *frame, size_t size)
{
	SEND_BEFORE("\0\0\0\x20" EVENT "0123456789abcdef");
}

static void an_event_with_a_negative_path(int to, char *frame, size_t size)
{
	SEND_BEFORE("\0\0\0\x1c" EVENT "\0\0\0\x03\0\0\0\x03\xff\xff\xff\xfb");
}

static void an_event_of_an_unknown_type(int to, char *frame, size_t size)
{
	SEND_BEFORE("\0\0\0\x1e" EVENT "\0\0\0\x63\0\0\0\x03\0\0\0\x02/a");
}

static void a_frame_of_one_gigabyte(int to, char *frame UNUSED, size_t size UNUSED)
{
	static const char block[65536];

	rig_wire_put(to, "\x40\0\0\0", 4);
	for (int i = 0; i < 16384; i++)
		rig_wire_put(to, block, sizeof(block));
}

static void a_frame_of_no_bytes(int to, char *frame, size_t size)
{
	SEND_BEFORE("\0\0\0\0");
}

static void a_frame_of_a_negative_length(int to, char *frame, size_t size)
{
	SEND_BEFORE("\xff\xff\xff\xff");
}

static const struct mode {
	const char *name;
	rig_tamper *tamper;
	const char *words; /* of the alert */
} modes[] = {
	{ "a_buffer_longer_than_its_frame", a_buffer_longer_than_its_frame, "shorter than" },
	{ "a_list_of_64_million", a_list_of_64_million, "than" },
	{ "a_negative_length", a_negative_length, "negative" },
	{ "a_reply_shorter_than_its_head", a_reply_shorter_than_its_head, "shorter than" },
	{ "the_number_of_another_request", the_number_of_another_request, "the next answer" },
	{ "a_negative_number", a_negative_number, "answered request -77" },
	{ "no_body", no_body, "shorter than" },
	{ "an_unknown_error", an_unknown_error, "error code 17" },
	{ "each_answer_twice", each_answer_twice, "answered" },
	{ "only_noise", only_noise, "error code" },
	{ "an_answer_to_credentials", an_answer_to_credentials, "credentials that was not sent" },
	{ "an_event_with_noise", an_event_with_noise, "shorter than" },
	{ "an_event_with_a_negative_path", an_event_with_a_negative_path, "negative" },
	{ "an_event_of_an_unknown_type", an_event_of_an_unknown_type, "type 99" },
	{ "a_frame_of_one_gigabyte", a_frame_of_one_gigabyte, "zookeeper.max_frame" },
	{ "a_frame_of_no_bytes", a_frame_of_no_bytes, "frame of 0 bytes" },
	{ "a_frame_of_a_negative_length", a_frame_of_a_negative_length, "frame of -1 bytes" },
};

/* --- the daemon --------------------------------------------------------------------------------
 */

static rig_tamper *tampers[ARRAY_SIZE(modes)];

static int setup(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		tampers[i] = modes[i].tamper;
	rig_host_init(&host, "web1");
	wire = rig_wire_start_tampered(rig_zookeeper_port(host.zookeeper), tampers,
				       ARRAY_SIZE(modes));
	host.hosts = rig_wire_hosts(wire);
	rig_host_settings(&host, "alerts: { raise_after = \"100ms\"; clear_after = \"100ms\"; };");
	port = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	rig_host_set_site(&host, port, "first");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "first"));
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_wire_stop(wire);
	rig_clean();
	return 0;
}

/* KiB */
static long resident(void)
{
	char path[64];
	const char *text, *line;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)host.daemon);
	text = rig_read(path);
	line = text ? strstr(text, "VmRSS:") : NULL;

	return line ? strtol(line + 6, NULL, 10) : 0;
}

/* Does the alert say what this mode does? */
static bool says(const char *words)
{
	json_t *alerts = json_object_get(rig_host_status(&host), "alerts"), *alert;
	size_t i;

	json_array_foreach(alerts, i, alert)
	{
		const char *key = json_string_value(json_object_get(alert, "key"));
		const char *message = json_string_value(json_object_get(alert, "message"));

		if (strcmp(key, "zookeeper-distrusted") == 0 && strstr(message, words))
			return true;
	}
	return false;
}

static void is_survived(void **state)
{
	const struct mode *m = *state;
	long before = resident();
	pid_t pid = host.daemon;
	char text[64];

	snprintf(text, sizeof(text), "after %s", m->name);
	rig_wire_tamper(wire, (size_t)(m - modes));
	/* An edit and, where the watches are gone, the session's own beats make the server speak.
	 */
	rig_host_set_site(&host, port, text);
	eventually(NULL, says(m->words));
	assert_true(resident() < before + GROWTH_MOST);
	assert_int_equal(rig_nginx_get(port, "/", "x", NULL), 200);
	rig_wire_tamper(wire, ARRAY_SIZE(modes));
	eventually(NULL, rig_nginx_says(port, text));
	assert_int_equal(kill(pid, 0), 0);
}

/* A session of four seconds, and an answer that takes about nine. */
static void a_slow_link_is_waited_for(void **state UNUSED)
{
	struct rig_proxy *slow = rig_proxy_start_slow(rig_zookeeper_port(host.zookeeper), 64000);
	char hosts[64], *text = calloc(1, 600000);
	unsigned long reconnects;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(slow));
	rig_host_stop_daemon(&host, SIGTERM);
	host.hosts = hosts;
	rig_host_settings(&host, "alerts: { raise_after = \"100ms\"; clear_after = \"100ms\"; };");
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
	reconnects = (unsigned long)rig_host_status_number(&host, "zookeeper.reconnects");
	memset(text, ' ', 599000);
	memcpy(text, "# long", 6);
	rig_zk_set(host.zk, CONFIG "/snippets/http/long", text);
	rig_host_set_site(&host, port, "beside a large answer");
	eventually(NULL, rig_host_has_alert(&host, "zookeeper-slow"));
	eventually(NULL, rig_nginx_says(port, "beside a large answer"));
	assert_int_equal(rig_host_status_number(&host, "zookeeper.reconnects"), reconnects);
	eventually(NULL, !rig_host_has_alert(&host, "zookeeper-slow"));
	rig_host_stop_daemon(&host, SIGTERM);
	rig_proxy_stop(slow);
	free(text);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(modes) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		tests[i] = (struct CMUnitTest){ modes[i].name, is_survived, NULL, NULL,
						(void *)&modes[i] };
	tests[ARRAY_SIZE(modes)] = (struct CMUnitTest)cmocka_unit_test(a_slow_link_is_waited_for);
	return cmocka_run_group_tests_name("hostile server", tests, setup, teardown);
}
