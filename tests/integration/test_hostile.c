/*
 * A server that is broken or hostile: it sends frames that no healthy ZooKeeper sends. The daemon
 * does not crash, hang or grow, says what it saw, keeps nginx serving, and deploys the next edit
 * when the server is healthy again.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/buf.h>

#include "rig_host.h"
#include "rig_hostile.h"
#include "rig_proxy.h"

#define CONFIG "/nginx/config"
#define GROWTH_MOST (64L << 10) /* KiB */

static struct rig_host host;
static struct rig_wire *wire;
static int port;

/* --- the daemon --------------------------------------------------------------------------------
 */

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	wire = rig_hostile_start(rig_zookeeper_port(host.zookeeper));
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
	const struct rig_hostile *m = *state;
	long before = resident();
	pid_t pid = host.daemon;
	char text[64];

	snprintf(text, sizeof(text), "after %s", m->name);
	rig_wire_tamper(wire, (size_t)(m - rig_hostile));
	/* An edit and, where the watches are gone, the session's own beats make the server speak.
	 */
	rig_host_set_site(&host, port, text);
	eventually(NULL, says(m->words));
	assert_true(resident() < before + GROWTH_MOST);
	assert_int_equal(rig_nginx_get(port, "/", "x", NULL), 200);
	rig_wire_tamper(wire, rig_hostile_count);
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
	struct CMUnitTest *tests = calloc(rig_hostile_count + 1, sizeof(*tests));
	size_t n = rig_hostile_count + 1;
	int rc;

	for (size_t i = 0; i < rig_hostile_count; i++)
		tests[i] = (struct CMUnitTest){ rig_hostile[i].name, is_survived, NULL, NULL,
						(void *)&rig_hostile[i] };
	tests[n - 1] = (struct CMUnitTest)cmocka_unit_test(a_slow_link_is_waited_for);
	rc = _cmocka_run_group_tests("hostile server", tests, n, setup, teardown);
	free(tests);
	return rc;
}
