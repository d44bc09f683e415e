/* The fleet's znodes of one host, against a real server. */
#include "rig_fleet.h"

static void registers_and_reports(void **state UNUSED)
{
	const char *why;

	start(&web1, LONG_TIMEOUT);
	assert_int_equal(fleet_membership(web1.fleet, &why), FLEET_PENDING);
	assert_string_equal(why, "");
	publish(&web1, "here", "all is well");
	eventually(loop, fleet_membership(web1.fleet, &why) == FLEET_MEMBER);
	assert_true(web1.states > 0);
	assert_string_equal(why, "");
	assert_true(is(MEMBER, "here"));
	assert_true(rig_zk_owner(client, MEMBER) == session_of(&web1));
	eventually(loop, is(REPORT, "all is well"));
	assert_int_equal(rig_zk_owner(client, REPORT), 0);
	publish(&web1, "still here", "all is better");
	eventually(loop, is(MEMBER, "still here") && is(REPORT, "all is better"));
	fleet_free(TAKE(web1.fleet));
	assert_false(rig_zk_exists(client, MEMBER)); /* at once, not after the timeout */
	assert_true(is(REPORT, "all is better"));
}

static void latest_wins(void **state UNUSED)
{
	unsigned long before;
	char data[16];

	start(&web1, LONG_TIMEOUT);
	publish(&web1, "0", "0");
	eventually(loop, is(MEMBER, "0") && is(REPORT, "0") && is_member(&web1));
	before = session_requests(fleet_session(web1.fleet));
	for (unsigned i = 1; i <= 1000; i++) {
		snprintf(data, sizeof(data), "%u", i);
		publish(&web1, data, data);
	}
	eventually(loop, is(MEMBER, "1000") && is(REPORT, "1000"));
	/* the member's first and last, the report's last or both */
	assert_true(session_requests(fleet_session(web1.fleet)) - before <= 4);
	publish(&web1, "1000", "1000");
	run_turns(50);
	assert_true(session_requests(fleet_session(web1.fleet)) - before <= 4);
}

static void deleted_member_comes_back(void **state UNUSED)
{
	start(&web1, LONG_TIMEOUT);
	publish(&web1, "here", "r");
	eventually(loop, is_member(&web1) && is(REPORT, "r"));
	rig_zk_delete(client, MEMBER);
	eventually(loop, is(MEMBER, "here") && rig_zk_owner(client, MEMBER) == session_of(&web1));
	rig_zk_delete_all(client, "/nginx");
	eventually(loop, is(MEMBER, "here"));
	publish(&web1, "here", "again");
	eventually(loop, is(REPORT, "again"));
}

static void foreign_member_is_waited_out(void **state UNUSED)
{
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(server));
	const char *why;

	rig_zk_create_ephemeral(other, MEMBER, "the other");
	start(&web1, LONG_TIMEOUT);
	publish(&web1, "ours", "r");
	eventually(loop, fleet_membership(web1.fleet, &why) == FLEET_PENDING &&
				 strstr(why, "another session"));
	run_turns(50);
	assert_true(is(MEMBER, "the other") && !rig_zk_exists(client, REPORT));
	rig_zk_close(other);
	eventually(loop, is_member(&web1) && is(MEMBER, "ours") && is(REPORT, "r"));
	assert_int_equal(web1.accusations, 0);
}

static void persistent_squatter_is_told(void **state UNUSED)
{
	const char *why = "";

	rig_zk_create(client, MEMBER, "squatter");
	start(&web1, LONG_TIMEOUT);
	publish(&web1, "ours", "r");
	eventually(loop, fleet_membership(web1.fleet, &why) == FLEET_PENDING &&
				 strstr(why, "persistent"));
	rig_zk_delete(client, MEMBER);
	eventually(loop, is_member(&web1) && is(MEMBER, "ours"));
}

static void lost_link_changes_nothing(void **state UNUSED)
{
	int64_t id;

	start(&web1, LONG_TIMEOUT);
	publish(&web1, "1", "1");
	eventually(loop, is_member(&web1) && is(REPORT, "1"));
	id = session_of(&web1);
	for (unsigned round = 0; round < 3; round++) {
		const char *why;

		publish(&web1, "2", "2");
		rig_proxy_cut(proxy);
		eventually(loop, !is_connected(&web1));
		assert_int_equal(fleet_membership(web1.fleet, &why), FLEET_PENDING);
		assert_string_equal(why, "");
		publish(&web1, "3", "3");
		rig_proxy_mend(proxy);
		eventually(loop, is_member(&web1));
		eventually(loop, is(MEMBER, "3") && is(REPORT, "3"));
	}
	assert_true(session_of(&web1) == id && rig_zk_owner(client, MEMBER) == id);
}

/* Whatever became of a create whose answer was lost, there is one member, and it is ours. */
static void broken_at_every_point(void **state UNUSED)
{
	start(&web1, LONG_TIMEOUT);
	for (unsigned turns = 0; turns < 30; turns += 3) {
		rig_zk_delete_all(client, "/nginx");
		publish(&web1, "here", "r");
		run_turns(turns);
		rig_proxy_cut(proxy);
		eventually(loop, !is_connected(&web1));
		rig_proxy_mend(proxy);
		eventually(loop, is_member(&web1) && is(MEMBER, "here"));
		assert_true(rig_zk_owner(client, MEMBER) == session_of(&web1));
	}
}

static void expired_session_registers_again(void **state UNUSED)
{
	int64_t id;

	start(&web1, SHORT_TIMEOUT);
	publish(&web1, "here", "r");
	eventually(loop, is_member(&web1) && is(REPORT, "r"));
	id = session_of(&web1);
	rig_proxy_freeze(proxy);
	eventually(loop, !rig_zk_exists(client, MEMBER));
	assert_false(is_member(&web1));
	rig_zk_delete_all(client, "/nginx");
	rig_proxy_thaw(proxy);
	eventually(loop, is_member(&web1));
	assert_true(session_of(&web1) != id && rig_zk_owner(client, MEMBER) == session_of(&web1));
	eventually(loop, is(REPORT, "r"));
}

static void forbidden_cluster_is_retried(void **state UNUSED)
{
	rig_zk_create(client, "/nginx", NULL);
	rig_zk_restrict(client, "/nginx", true);
	start(&web1, LONG_TIMEOUT);
	publish(&web1, "here", "r");
	eventually(loop, is_connected(&web1));
	run_turns(200);
	assert_false(is_member(&web1));
	assert_true(session_requests(fleet_session(web1.fleet)) < 30); /* no hot loop */
	rig_zk_restrict(client, "/nginx", false);
	eventually(loop, is_member(&web1) && is(REPORT, "r"));
}

static void too_large_a_report_stays_out(void **state UNUSED)
{
	char *much = malloc(SESSION_REQUEST_LIMIT + 1);

	memset(much, 'x', SESSION_REQUEST_LIMIT);
	much[SESSION_REQUEST_LIMIT] = '\0';
	start(&web1, LONG_TIMEOUT);
	publish(&web1, "here", "small");
	eventually(loop, is(REPORT, "small"));
	publish(&web1, "there", much);
	eventually(loop, is(MEMBER, "there"));
	assert_true(is(REPORT, "small"));
	assert_int_equal(session_reconnects(fleet_session(web1.fleet)), 0);
	free(much);
}

static void bad_names_are_refused(void **state UNUSED)
{
	static const char *const names[] = { "", "a/b", ".", ".." };
	struct zookeeper_settings z = { .hosts = "127.0.0.1", .cluster = "/c", .auth_file = "" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fleet_spec spec = { .zookeeper = &z, .host = names[i], .service = "" };
		struct err e = { 0 };
		struct fleet *f;

		assert_int_equal(fleet_new(loop, &spec, &f, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
}

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
