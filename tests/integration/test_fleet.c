/* The znodes of one host in the fleet, on a real server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_members.h"

static void a_host_registers_and_reports(void **state)
{
	struct rig_members *r = *state;
	const char *why;

	rig_member_start(&r->web1, LONG_TIMEOUT);
	assert_int_equal(fleet_membership(r->web1.fleet, &why), FLEET_PENDING);
	assert_string_equal(why, "");
	rig_member_publish(&r->web1, "here", "all is well", NULL);
	eventually(r->base.loop, fleet_membership(r->web1.fleet, &why) == FLEET_MEMBER);
	assert_true(r->web1.states > 0);
	assert_string_equal(why, "");
	assert_true(rig_zk_is(r->base.client, MEMBER, "here"));
	assert_true(rig_zk_owner(r->base.client, MEMBER) == rig_member_session(&r->web1));
	eventually(r->base.loop, rig_zk_is(r->base.client, REPORT, "all is well"));
	assert_int_equal(rig_zk_owner(r->base.client, REPORT), 0);
	rig_member_publish(&r->web1, "still here", "all is better", NULL);
	eventually(r->base.loop, rig_zk_is(r->base.client, MEMBER, "still here") &&
					 rig_zk_is(r->base.client, REPORT, "all is better"));
	fleet_free(TAKE(r->web1.fleet));
	assert_false(rig_zk_exists(r->base.client, MEMBER)); /* at once, not after the timeout */
	assert_true(rig_zk_is(r->base.client, REPORT, "all is better"));
}

static void the_latest_data_is_published_with_few_requests(void **state)
{
	struct rig_members *r = *state;
	unsigned long before;
	char data[16];

	rig_member_start(&r->web1, LONG_TIMEOUT);
	rig_member_publish(&r->web1, "0", "0", NULL);
	eventually(r->base.loop, rig_zk_is(r->base.client, MEMBER, "0") &&
					 rig_zk_is(r->base.client, REPORT, "0") &&
					 rig_member_is_in(&r->web1));
	before = session_requests(fleet_session(r->web1.fleet));
	for (unsigned i = 1; i <= 1000; i++) {
		snprintf(data, sizeof(data), "%u", i);
		rig_member_publish(&r->web1, data, data, NULL);
	}
	eventually(r->base.loop, rig_zk_is(r->base.client, MEMBER, "1000") &&
					 rig_zk_is(r->base.client, REPORT, "1000"));
	/* the member's first and last, the report's last or both */
	assert_true(session_requests(fleet_session(r->web1.fleet)) - before <= 4);
	rig_member_publish(&r->web1, "1000", "1000", NULL);
	rig_turns(r->base.loop, 50);
	assert_true(session_requests(fleet_session(r->web1.fleet)) - before <= 4);
}

static void a_deleted_member_is_created_again(void **state)
{
	struct rig_members *r = *state;

	rig_member_start(&r->web1, LONG_TIMEOUT);
	rig_member_publish(&r->web1, "here", "r", NULL);
	eventually(r->base.loop,
		   rig_member_is_in(&r->web1) && rig_zk_is(r->base.client, REPORT, "r"));
	rig_zk_delete(r->base.client, MEMBER);
	eventually(r->base.loop,
		   rig_zk_is(r->base.client, MEMBER, "here") &&
			   rig_zk_owner(r->base.client, MEMBER) == rig_member_session(&r->web1));
	rig_zk_delete_all(r->base.client, "/nginx");
	eventually(r->base.loop, rig_zk_is(r->base.client, MEMBER, "here"));
	rig_member_publish(&r->web1, "here", "again", NULL);
	eventually(r->base.loop, rig_zk_is(r->base.client, REPORT, "again"));
}

static void a_foreign_member_is_waited_for(void **state)
{
	struct rig_members *r = *state;
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(r->base.server));
	const char *why;

	rig_zk_create_ephemeral(other, MEMBER, "the other");
	rig_member_start(&r->web1, LONG_TIMEOUT);
	rig_member_publish(&r->web1, "ours", "r", NULL);
	eventually(r->base.loop, fleet_membership(r->web1.fleet, &why) == FLEET_PENDING &&
					 strstr(why, "another session"));
	rig_turns(r->base.loop, 50);
	assert_true(rig_zk_is(r->base.client, MEMBER, "the other") &&
		    !rig_zk_exists(r->base.client, REPORT));
	rig_zk_close(other);
	eventually(r->base.loop, rig_member_is_in(&r->web1) &&
					 rig_zk_is(r->base.client, MEMBER, "ours") &&
					 rig_zk_is(r->base.client, REPORT, "r"));
	assert_int_equal(r->web1.duplicates, 0);
}

static void a_persistent_znode_in_its_place_is_reported(void **state)
{
	struct rig_members *r = *state;
	const char *why = "";

	rig_zk_create(r->base.client, MEMBER, "squatter");
	rig_member_start(&r->web1, LONG_TIMEOUT);
	rig_member_publish(&r->web1, "ours", "r", NULL);
	eventually(r->base.loop, fleet_membership(r->web1.fleet, &why) == FLEET_PENDING &&
					 strstr(why, "persistent"));
	rig_zk_delete(r->base.client, MEMBER);
	eventually(r->base.loop,
		   rig_member_is_in(&r->web1) && rig_zk_is(r->base.client, MEMBER, "ours"));
}

static void a_lost_connection_changes_nothing(void **state)
{
	struct rig_members *r = *state;
	int64_t id;

	rig_member_start(&r->web1, LONG_TIMEOUT);
	rig_member_publish(&r->web1, "1", "1", NULL);
	eventually(r->base.loop,
		   rig_member_is_in(&r->web1) && rig_zk_is(r->base.client, REPORT, "1"));
	id = rig_member_session(&r->web1);
	for (unsigned round = 0; round < 3; round++) {
		const char *why;

		rig_member_publish(&r->web1, "2", "2", NULL);
		rig_proxy_cut(r->proxy);
		eventually(r->base.loop, !rig_member_is_connected(&r->web1));
		assert_int_equal(fleet_membership(r->web1.fleet, &why), FLEET_PENDING);
		assert_string_equal(why, "");
		rig_member_publish(&r->web1, "3", "3", NULL);
		rig_proxy_restore(r->proxy);
		eventually(r->base.loop, rig_member_is_in(&r->web1));
		eventually(r->base.loop, rig_zk_is(r->base.client, MEMBER, "3") &&
						 rig_zk_is(r->base.client, REPORT, "3"));
	}
	assert_true(rig_member_session(&r->web1) == id &&
		    rig_zk_owner(r->base.client, MEMBER) == id);
}

/* Whether or not a create without an answer succeeded: there is one member, and it is ours. */
static void a_break_at_any_point_leaves_one_member(void **state)
{
	struct rig_members *r = *state;

	rig_member_start(&r->web1, LONG_TIMEOUT);
	for (unsigned turns = 0; turns < 30; turns += 3) {
		rig_zk_delete_all(r->base.client, "/nginx");
		rig_member_publish(&r->web1, "here", "r", NULL);
		rig_turns(r->base.loop, turns);
		rig_proxy_cut(r->proxy);
		eventually(r->base.loop, !rig_member_is_connected(&r->web1));
		rig_proxy_restore(r->proxy);
		eventually(r->base.loop,
			   rig_member_is_in(&r->web1) && rig_zk_is(r->base.client, MEMBER, "here"));
		assert_true(rig_zk_owner(r->base.client, MEMBER) == rig_member_session(&r->web1));
	}
}

static void an_expired_session_registers_again(void **state)
{
	struct rig_members *r = *state;
	int64_t id;

	rig_member_start(&r->web1, SHORT_TIMEOUT);
	rig_member_publish(&r->web1, "here", "r", NULL);
	eventually(r->base.loop,
		   rig_member_is_in(&r->web1) && rig_zk_is(r->base.client, REPORT, "r"));
	id = rig_member_session(&r->web1);
	rig_proxy_freeze(r->proxy);
	eventually(r->base.loop, !rig_zk_exists(r->base.client, MEMBER));
	eventually(r->base.loop, !rig_member_is_in(&r->web1));
	rig_zk_delete_all(r->base.client, "/nginx");
	rig_proxy_thaw(r->proxy);
	eventually(r->base.loop, rig_member_is_in(&r->web1));
	assert_true(rig_member_session(&r->web1) != id &&
		    rig_zk_owner(r->base.client, MEMBER) == rig_member_session(&r->web1));
	eventually(r->base.loop, rig_zk_is(r->base.client, REPORT, "r"));
}

static void a_forbidden_cluster_is_tried_again(void **state)
{
	struct rig_members *r = *state;

	rig_zk_create(r->base.client, "/nginx", NULL);
	rig_zk_restrict(r->base.client, "/nginx", true);
	rig_member_start(&r->web1, LONG_TIMEOUT);
	rig_member_publish(&r->web1, "here", "r", NULL);
	eventually(r->base.loop, rig_member_is_connected(&r->web1));
	rig_turns(r->base.loop, 200);
	assert_false(rig_member_is_in(&r->web1));
	assert_true(session_requests(fleet_session(r->web1.fleet)) < 30); /* no busy loop */
	rig_zk_restrict(r->base.client, "/nginx", false);
	eventually(r->base.loop,
		   rig_member_is_in(&r->web1) && rig_zk_is(r->base.client, REPORT, "r"));
}

static void a_report_that_is_too_large_is_not_written(void **state)
{
	struct rig_members *r = *state;
	char *much = malloc(SESSION_REQUEST_LIMIT + 1);

	memset(much, 'x', SESSION_REQUEST_LIMIT);
	much[SESSION_REQUEST_LIMIT] = '\0';
	rig_member_start(&r->web1, LONG_TIMEOUT);
	rig_member_publish(&r->web1, "here", "small", NULL);
	eventually(r->base.loop, rig_zk_is(r->base.client, REPORT, "small"));
	rig_member_publish(&r->web1, "there", much, NULL);
	eventually(r->base.loop, rig_zk_is(r->base.client, MEMBER, "there"));
	assert_true(rig_zk_is(r->base.client, REPORT, "small"));
	assert_int_equal(session_reconnects(fleet_session(r->web1.fleet)), 0);
	free(much);
}

static void bad_names_are_refused(void **state)
{
	struct rig_members *r = *state;
	static const char *const names[] = { "", "a/b", ".", ".." };
	struct zookeeper_settings z = { .hosts = "127.0.0.1", .cluster = "/c", .auth_file = "" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fleet_spec spec = { .zookeeper = &z, .host = names[i], .service = "" };
		struct err e = { 0 };
		struct fleet *f;

		assert_int_equal(fleet_new(r->base.loop, &spec, &f, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		members_test(a_host_registers_and_reports),
		members_test(the_latest_data_is_published_with_few_requests),
		members_test(a_deleted_member_is_created_again),
		members_test(a_foreign_member_is_waited_for),
		members_test(a_persistent_znode_in_its_place_is_reported),
		members_test(a_lost_connection_changes_nothing),
		members_test(a_break_at_any_point_leaves_one_member),
		members_test(an_expired_session_registers_again),
		members_test(a_forbidden_cluster_is_tried_again),
		members_test(a_report_that_is_too_large_is_not_written),
		members_test(bad_names_are_refused),
	};

	return cmocka_run_group_tests_name("fleet", tests, rig_members_setup, rig_members_teardown);
}
