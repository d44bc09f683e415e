/*
 * Two hosts with one name are reported. A host that restarts while its last session still exists is
 * not. In both cases nothing of the other session is changed.
 */
#include <stdio.h>
#include <string.h>

#include "rig_members.h"

#define FIRST_JSON                                                                                 \
	"{\"address\":\"10.0.0.1:80\",\"host\":\"web1\",\"id\":\"0123456789abcdef\","              \
	"\"version\":\"1.2.3\"}"

/* Of sessions that end. While one should not, a busy host may stop this program for longer than the
 * shortest that the server grants. */
#define TIMEOUT (6 * USEC_PER_SEC)

static void start_first(struct rig_members *r, uint64_t timeout)
{
	rig_member_start(&r->web1, timeout);
	rig_member_publish(&r->web1, FIRST_JSON, "report of the first", "service of the first");
	eventually(r->base.loop,
		   rig_member_is_in(&r->web1) &&
			   rig_zk_is(r->base.client, REPORT, "report of the first") &&
			   rig_zk_is(r->base.client, SERVICE, "service of the first"));
}

static void start_second(struct rig_members *r, uint64_t timeout)
{
	rig_member_start(&r->twin, timeout);
	rig_member_publish(&r->twin, "second", "report of the second", "service of the second");
}

static bool first_is_untouched(struct rig_members *r)
{
	return rig_zk_is(r->base.client, MEMBER, FIRST_JSON) &&
	       rig_zk_is(r->base.client, REPORT, "report of the first") &&
	       rig_zk_is(r->base.client, SERVICE, "service of the first") &&
	       rig_member_owns(&r->web1, MEMBER) && rig_member_owns(&r->web1, SERVICE);
}

static bool second_has_all(struct rig_members *r)
{
	return rig_member_is_in(&r->twin) && rig_zk_is(r->base.client, MEMBER, "second") &&
	       rig_zk_is(r->base.client, REPORT, "report of the second") &&
	       rig_zk_is(r->base.client, SERVICE, "service of the second") &&
	       rig_member_owns(&r->twin, MEMBER) && rig_member_owns(&r->twin, SERVICE);
}

/* The first only keeps its znode: that it does not end is enough. */
static void the_second_host_of_a_name_is_a_duplicate(void **state)
{
	struct rig_members *r = *state;
	const char *why;

	start_first(r, TIMEOUT);
	start_second(r, TIMEOUT);
	eventually(r->base.loop, rig_member_is_duplicate(&r->twin));
	assert_int_equal(fleet_membership(r->twin.fleet, &why), FLEET_DUPLICATE);
	assert_non_null(strstr(why, "10.0.0.1:80"));
	assert_non_null(strstr(why, "1.2.3"));
	assert_non_null(strstr(why, MEMBER));
	rig_member_publish(&r->twin, "second", "another report of the second",
			   "service of the second");
	rig_turns(r->base.loop, 200);
	assert_true(first_is_untouched(r));
	assert_true(rig_member_is_in(&r->web1) && r->web1.duplicates == 0 &&
		    rig_member_is_duplicate(&r->twin));
	rig_member_publish(&r->twin, "second", "report of the second", "service of the second");
	fleet_free(TAKE(r->web1.fleet)); /* it leaves: the second takes over */
	eventually(r->base.loop, second_has_all(r));
}

static void a_session_that_writes_is_another_host(void **state)
{
	struct rig_members *r = *state;
	char data[32];

	start_first(r, LONG_TIMEOUT);
	start_second(r, LONG_TIMEOUT);
	for (unsigned i = 0; !rig_member_is_duplicate(&r->twin); i++) {
		snprintf(data, sizeof(data), "{\"version\":\"%u\"}", i);
		rig_member_publish(&r->web1, data, "report of the first", "service of the first");
		eventually(r->base.loop, rig_zk_is(r->base.client, MEMBER, data));
		rig_turns(r->base.loop, 10);
	}
	rig_member_publish(&r->web1, FIRST_JSON, "report of the first", "service of the first");
	eventually(r->base.loop, first_is_untouched(r));
}

/* Only the member has the report and the service, even when the name changes its owner. */
static void a_session_that_takes_our_place_is_another_host(void **state)
{
	struct rig_members *r = *state;
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(r->base.server));

	start_first(r, LONG_TIMEOUT);
	rig_proxy_cut(r->proxy);
	eventually(r->base.loop, !rig_member_is_connected(&r->web1));
	rig_zk_delete(r->base.client, MEMBER);
	rig_zk_create_ephemeral(other, MEMBER, "usurper");
	rig_zk_set(r->base.client, REPORT, "report of the usurper");
	rig_proxy_restore(r->proxy);
	eventually(r->base.loop, rig_member_is_duplicate(&r->web1));
	eventually(r->base.loop, !rig_zk_exists(r->base.client, SERVICE));
	rig_turns(r->base.loop, 200);
	assert_true(rig_zk_is(r->base.client, MEMBER, "usurper") &&
		    rig_zk_is(r->base.client, REPORT, "report of the usurper"));
	assert_false(rig_zk_exists(r->base.client, SERVICE));
	rig_zk_close(other);
	eventually(r->base.loop, rig_member_is_in(&r->web1) &&
					 first_is_untouched(r)); /* the report is ours again */
}

static void a_session_that_follows_another_is_another_host(void **state)
{
	struct rig_members *r = *state;
	struct rig_zk *one = rig_zk_connect(rig_zookeeper_hosts(r->base.server));
	struct rig_zk *two = rig_zk_connect(rig_zookeeper_hosts(r->base.server));
	const char *why;

	rig_zk_create_ephemeral(one, MEMBER, "one");
	rig_member_start(&r->web1, LONG_TIMEOUT);
	rig_member_publish(&r->web1, "ours", "r", NULL);
	eventually(r->base.loop, fleet_membership(r->web1.fleet, &why) == FLEET_PENDING &&
					 strstr(why, "another session"));
	rig_proxy_cut(r->proxy);
	eventually(r->base.loop, !rig_member_is_connected(&r->web1));
	rig_zk_close(one);
	rig_zk_create_ephemeral(two, MEMBER, "two, who says no JSON");
	rig_proxy_restore(r->proxy);
	eventually(r->base.loop, rig_member_is_duplicate(&r->web1));
	rig_proxy_cut(r->proxy); /* a broken connection does not change what it knows */
	eventually(r->base.loop, !rig_member_is_connected(&r->web1));
	assert_int_equal(fleet_membership(r->web1.fleet, &why), FLEET_PENDING);
	assert_string_equal(why, "");
	rig_proxy_restore(r->proxy);
	eventually(r->base.loop, rig_member_is_duplicate(&r->web1));
	rig_zk_close(two);
	eventually(r->base.loop,
		   rig_member_is_in(&r->web1) && rig_zk_is(r->base.client, REPORT, "r"));
}

/* Killed and started again at once, with the old session still there. */
static void a_restart_is_no_second_host(void **state)
{
	struct rig_members *r = *state;
	int64_t before;
	const char *why;

	start_first(r, TIMEOUT);
	before = rig_member_session(&r->web1);
	rig_member_kill(&r->web1);
	rig_member_start(&r->web1, TIMEOUT);
	rig_member_publish(&r->web1, FIRST_JSON, "report of the first", "service of the first");
	eventually(r->base.loop, fleet_membership(r->web1.fleet, &why) == FLEET_PENDING &&
					 strstr(why, "another session"));
	assert_true(rig_zk_owner(r->base.client, MEMBER) == before);
	eventually(r->base.loop, rig_member_is_in(&r->web1) && first_is_untouched(r));
	assert_int_equal(r->web1.duplicates, 0);
}

/* The server restarts before it ends the old session, and starts its timeout again. */
static void a_restart_of_both_is_no_second_host(void **state)
{
	struct rig_members *r = *state;

	start_first(r, TIMEOUT);
	rig_member_kill(&r->web1);
	rig_member_start(&r->web1, TIMEOUT);
	rig_member_publish(&r->web1, FIRST_JSON, "r", NULL);
	eventually(r->base.loop, rig_member_is_connected(&r->web1));
	rig_zookeeper_kill(r->base.server);
	eventually(r->base.loop, !rig_member_is_connected(&r->web1));
	rig_zookeeper_restart(r->base.server);
	eventually(r->base.loop, rig_member_is_in(&r->web1) && rig_member_owns(&r->web1, MEMBER) &&
					 rig_zk_is(r->base.client, REPORT, "r"));
	assert_int_equal(r->web1.duplicates, 0);
}

/* The connection of the second breaks again and again: the time in between is unknown. */
static void a_session_that_cannot_be_watched_is_no_duplicate(void **state)
{
	struct rig_members *r = *state;
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(r->base.server));
	uint64_t end;

	rig_zk_create_ephemeral(other, MEMBER, "still there");
	rig_member_start(&r->web1, TIMEOUT);
	rig_member_publish(&r->web1, "ours", "r", NULL);
	eventually(r->base.loop, rig_member_is_connected(&r->web1));
	for (end = rig_now() + 3 * TIMEOUT; rig_now() < end;) {
		rig_proxy_cut(r->proxy);
		eventually(r->base.loop, !rig_member_is_connected(&r->web1));
		rig_proxy_restore(r->proxy);
		eventually(r->base.loop, rig_member_is_connected(&r->web1));
		rig_turns(r->base.loop, 100); /* it reads the znode, and reads it again */
	}
	assert_int_equal(r->web1.duplicates, 0);
	eventually(r->base.loop, rig_member_is_duplicate(&r->web1));
	rig_zk_close(other);
	eventually(r->base.loop, rig_member_is_in(&r->web1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		members_test(the_second_host_of_a_name_is_a_duplicate),
		members_test(a_session_that_writes_is_another_host),
		members_test(a_session_that_takes_our_place_is_another_host),
		members_test(a_session_that_follows_another_is_another_host),
		members_test(a_restart_is_no_second_host),
		members_test(a_restart_of_both_is_no_second_host),
		members_test(a_session_that_cannot_be_watched_is_no_duplicate),
	};

	return cmocka_run_group_tests_name("fleet duplicate", tests, rig_members_setup,
					   rig_members_teardown);
}
