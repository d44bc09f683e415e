/* The fleet's znodes of one host, against a real server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "rig_proxy.h"
#include "rig_zookeeper.h"
#include "zk/fleet.h"

#define SHORT_TIMEOUT (2 * USEC_PER_SEC)
#define LONG_TIMEOUT (20 * USEC_PER_SEC)
#define MEMBER "/nginx/cluster/members/web1"
#define REPORT "/nginx/cluster/reports/web1"

static struct rig_zookeeper *server;
static struct rig_zk *client;
static struct rig_proxy *proxy;
static sd_event *loop;
static struct fleet *fleet;
static unsigned states;

static void on_state(void *ctx UNUSED)
{
	states++;
}

static void start(uint64_t timeout)
{
	char hosts[64];
	struct zookeeper_settings z = {
		.hosts = hosts,
		.cluster = "/nginx/cluster",
		.session_timeout = timeout,
		.auth_file = "",
	};
	struct err e;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(proxy));
	if (fleet_new(loop, &z, "web1", on_state, NULL, &fleet, &e) < 0)
		fail_msg("%s", e.text);
}

static void publish(const char *member, const char *report)
{
	fleet_publish(fleet, member, strlen(member), report, strlen(report));
}

static bool is(const char *path, const char *data)
{
	const char *found = rig_zk_get(client, path);

	return found && strcmp(found, data) == 0;
}

static bool is_connected(void)
{
	return session_state(fleet_session(fleet)) == SESSION_CONNECTED;
}

static int64_t ours(void)
{
	return session_id(fleet_session(fleet));
}

static void registers_and_reports(void **state UNUSED)
{
	const char *why;

	start(LONG_TIMEOUT);
	assert_false(fleet_is_member(fleet, &why));
	assert_string_equal(why, "");
	publish("here", "all is well");
	eventually(loop, fleet_is_member(fleet, &why));
	assert_true(states > 0);
	assert_string_equal(why, "");
	assert_true(is(MEMBER, "here"));
	assert_true(rig_zk_owner(client, MEMBER) == ours());
	eventually(loop, is(REPORT, "all is well"));
	assert_int_equal(rig_zk_owner(client, REPORT), 0);
	publish("still here", "all is better");
	eventually(loop, is(MEMBER, "still here") && is(REPORT, "all is better"));
	fleet_free(fleet);
	fleet = NULL;
	assert_false(rig_zk_exists(client, MEMBER)); /* at once, not after the timeout */
	assert_true(is(REPORT, "all is better"));
}

static void latest_wins(void **state UNUSED)
{
	unsigned long before;
	char data[16];

	start(LONG_TIMEOUT);
	publish("0", "0");
	eventually(loop, is(MEMBER, "0") && is(REPORT, "0") && fleet_is_member(fleet, NULL));
	before = session_requests(fleet_session(fleet));
	for (unsigned i = 1; i <= 1000; i++) {
		snprintf(data, sizeof(data), "%u", i);
		publish(data, data);
	}
	eventually(loop, is(MEMBER, "1000") && is(REPORT, "1000"));
	/* the member's first and last, the report's last or both */
	assert_true(session_requests(fleet_session(fleet)) - before <= 4);
	publish("1000", "1000");
	for (unsigned i = 0; i < 50; i++)
		rig_pause(loop);
	assert_true(session_requests(fleet_session(fleet)) - before <= 4);
}

static void deleted_member_comes_back(void **state UNUSED)
{
	start(LONG_TIMEOUT);
	publish("here", "r");
	eventually(loop, fleet_is_member(fleet, NULL) && is(REPORT, "r"));
	rig_zk_delete(client, MEMBER);
	eventually(loop, is(MEMBER, "here") && rig_zk_owner(client, MEMBER) == ours());
	rig_zk_delete_all(client, "/nginx");
	eventually(loop, is(MEMBER, "here"));
	publish("here", "again");
	eventually(loop, is(REPORT, "again"));
}

static void foreign_member_is_waited_out(void **state UNUSED)
{
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(server));
	const char *why;

	rig_zk_create_ephemeral(other, MEMBER, "the other");
	start(LONG_TIMEOUT);
	publish("ours", "r");
	eventually(loop, is(REPORT, "r"));
	eventually(loop, !fleet_is_member(fleet, &why) && strstr(why, "another session"));
	for (unsigned i = 0; i < 50; i++)
		rig_pause(loop);
	assert_true(is(MEMBER, "the other"));
	rig_zk_close(other);
	eventually(loop, fleet_is_member(fleet, NULL) && is(MEMBER, "ours"));
}

static void persistent_squatter_is_told(void **state UNUSED)
{
	const char *why = "";

	rig_zk_create(client, MEMBER, "squatter");
	start(LONG_TIMEOUT);
	publish("ours", "r");
	eventually(loop, !fleet_is_member(fleet, &why) && strstr(why, "persistent"));
	rig_zk_delete(client, MEMBER);
	eventually(loop, fleet_is_member(fleet, NULL) && is(MEMBER, "ours"));
}

static void lost_link_changes_nothing(void **state UNUSED)
{
	int64_t id;

	start(LONG_TIMEOUT);
	publish("1", "1");
	eventually(loop, fleet_is_member(fleet, NULL) && is(REPORT, "1"));
	id = ours();
	for (unsigned round = 0; round < 3; round++) {
		const char *why;

		publish("2", "2");
		rig_proxy_cut(proxy);
		eventually(loop, !is_connected());
		assert_false(fleet_is_member(fleet, &why));
		assert_string_equal(why, "");
		publish("3", "3");
		rig_proxy_mend(proxy);
		eventually(loop, fleet_is_member(fleet, NULL));
		eventually(loop, is(MEMBER, "3") && is(REPORT, "3"));
	}
	assert_true(ours() == id && rig_zk_owner(client, MEMBER) == id);
}

/* Whatever became of a create whose answer was lost, there is one member, and it is ours. */
static void broken_at_every_point(void **state UNUSED)
{
	start(LONG_TIMEOUT);
	for (unsigned turns = 0; turns < 30; turns += 3) {
		rig_zk_delete_all(client, "/nginx");
		publish("here", "r");
		for (unsigned i = 0; i < turns; i++)
			rig_pause(loop);
		rig_proxy_cut(proxy);
		eventually(loop, !is_connected());
		rig_proxy_mend(proxy);
		eventually(loop, fleet_is_member(fleet, NULL) && is(MEMBER, "here"));
		assert_true(rig_zk_owner(client, MEMBER) == ours());
	}
}

static void expired_session_registers_again(void **state UNUSED)
{
	int64_t id;

	start(SHORT_TIMEOUT);
	publish("here", "r");
	eventually(loop, fleet_is_member(fleet, NULL) && is(REPORT, "r"));
	id = ours();
	rig_proxy_freeze(proxy);
	eventually(loop, !rig_zk_exists(client, MEMBER));
	assert_false(fleet_is_member(fleet, NULL));
	rig_zk_delete_all(client, "/nginx");
	rig_proxy_thaw(proxy);
	eventually(loop, fleet_is_member(fleet, NULL));
	assert_true(ours() != id && rig_zk_owner(client, MEMBER) == ours());
	eventually(loop, is(REPORT, "r"));
}

static void forbidden_cluster_is_retried(void **state UNUSED)
{
	struct rig_zk *owner = rig_zk_connect(rig_zookeeper_hosts(server));

	rig_zk_auth(owner, "digest", "a:b");
	rig_zk_create(owner, "/nginx", NULL);
	rig_zk_restrict(owner, "/nginx", true);
	start(LONG_TIMEOUT);
	publish("here", "r");
	eventually(loop, is_connected());
	for (unsigned i = 0; i < 200; i++)
		rig_pause(loop);
	assert_false(fleet_is_member(fleet, NULL));
	assert_true(session_requests(fleet_session(fleet)) < 30); /* no hot loop */
	rig_zk_restrict(owner, "/nginx", false);
	eventually(loop, fleet_is_member(fleet, NULL) && is(REPORT, "r"));
	rig_zk_close(owner);
}

static void too_large_a_report_stays_out(void **state UNUSED)
{
	char *much = malloc(SESSION_REQUEST_LIMIT + 1);

	memset(much, 'x', SESSION_REQUEST_LIMIT);
	much[SESSION_REQUEST_LIMIT] = '\0';
	start(LONG_TIMEOUT);
	publish("here", "small");
	eventually(loop, is(REPORT, "small"));
	publish("there", much);
	eventually(loop, is(MEMBER, "there"));
	assert_true(is(REPORT, "small"));
	assert_int_equal(session_reconnects(fleet_session(fleet)), 0);
	free(much);
}

static void bad_names_are_refused(void **state UNUSED)
{
	static const char *const names[] = { "", "a/b", ".", ".." };
	struct zookeeper_settings z = { .hosts = "127.0.0.1", .cluster = "/c", .auth_file = "" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct err e = { 0 };
		struct fleet *f;

		assert_int_equal(fleet_new(loop, &z, names[i], NULL, NULL, &f, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
}

static int clean_slate(void **state UNUSED)
{
	rig_zk_delete_all(client, "/nginx");
	states = 0;
	return 0;
}

static int stop(void **state UNUSED)
{
	fleet_free(fleet);
	fleet = NULL;
	return 0;
}

static int set_up(void **state UNUSED)
{
	log_setup(getenv("RIG_VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, false);
	if (sd_event_new(&loop) < 0)
		return -1;
	server = rig_zookeeper_start(NULL);
	proxy = rig_proxy_start(rig_zookeeper_port(server));
	client = rig_zk_connect(rig_zookeeper_hosts(server));
	rig_zk_auth(client, "digest", "a:b");
	return 0;
}

static int tear_down(void **state UNUSED)
{
	rig_zk_close(client);
	rig_proxy_stop(proxy);
	rig_zookeeper_stop(server);
	sd_event_unref(loop);
	rig_clean();
	return 0;
}

#define fleet_test(f) cmocka_unit_test_setup_teardown(f, clean_slate, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fleet_test(registers_and_reports),
		fleet_test(latest_wins),
		fleet_test(deleted_member_comes_back),
		fleet_test(foreign_member_is_waited_out),
		fleet_test(persistent_squatter_is_told),
		fleet_test(lost_link_changes_nothing),
		fleet_test(broken_at_every_point),
		fleet_test(expired_session_registers_again),
		fleet_test(forbidden_cluster_is_retried),
		fleet_test(too_large_a_report_stays_out),
		fleet_test(bad_names_are_refused),
	};

	return cmocka_run_group_tests_name("fleet", tests, set_up, tear_down);
}
