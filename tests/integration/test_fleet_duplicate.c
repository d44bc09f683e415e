/*
 * Two hosts of one name, and one host that comes back while its last session is still there:
 * the first case is told, the second never is, and nothing of the other's is touched.
 */
#include "rig_fleet.h"

#define FIRST_JSON                                                                                 \
	"{\"address\":\"10.0.0.1:80\",\"host\":\"web1\",\"id\":\"0123456789abcdef\","              \
	"\"version\":\"1.2.3\"}"

static void start_first(uint64_t timeout)
{
	start(&web1, timeout);
	publish_all(&web1, FIRST_JSON, "report of the first", "service of the first");
	eventually(loop, is_member(&web1) && is(REPORT, "report of the first") &&
				 is(SERVICE, "service of the first"));
}

static void start_second(uint64_t timeout)
{
	start(&twin, timeout);
	publish_all(&twin, "second", "report of the second", "service of the second");
}

static bool first_is_untouched(void)
{
	return is(MEMBER, FIRST_JSON) && is(REPORT, "report of the first") &&
	       is(SERVICE, "service of the first") && owns(&web1, MEMBER) && owns(&web1, SERVICE);
}

static bool second_has_all(void)
{
	return is_member(&twin) && is(MEMBER, "second") && is(REPORT, "report of the second") &&
	       is(SERVICE, "service of the second") && owns(&twin, MEMBER) && owns(&twin, SERVICE);
}

/* It says nothing but for being there: that it does not go away is enough. */
static void the_second_of_a_name_refuses(void **state UNUSED)
{
	const char *why;

	start_first(SHORT_TIMEOUT);
	start_second(SHORT_TIMEOUT);
	eventually(loop, is_duplicate(&twin));
	assert_int_equal(fleet_membership(twin.fleet, &why), FLEET_DUPLICATE);
	assert_non_null(strstr(why, "10.0.0.1:80"));
	assert_non_null(strstr(why, "1.2.3"));
	assert_non_null(strstr(why, MEMBER));
	publish_all(&twin, "second", "another report of the second", "service of the second");
	run_turns(200);
	assert_true(first_is_untouched());
	assert_true(is_member(&web1) && web1.accusations == 0 && is_duplicate(&twin));
	publish_all(&twin, "second", "report of the second", "service of the second");
	fleet_free(TAKE(web1.fleet)); /* it leaves: the second takes over */
	eventually(loop, second_has_all());
}

static void who_writes_is_another_host(void **state UNUSED)
{
	char data[32];

	start_first(LONG_TIMEOUT);
	start_second(LONG_TIMEOUT);
	for (unsigned i = 0; !is_duplicate(&twin); i++) {
		snprintf(data, sizeof(data), "{\"version\":\"%u\"}", i);
		publish_all(&web1, data, "report of the first", "service of the first");
		eventually(loop, is(MEMBER, data));
		run_turns(10);
	}
	publish_all(&web1, FIRST_JSON, "report of the first", "service of the first");
	eventually(loop, first_is_untouched());
}

/* Neither report nor service is anybody's but the member's, however the name changes hands. */
static void who_takes_our_place_is_another_host(void **state UNUSED)
{
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(server));

	start_first(LONG_TIMEOUT);
	rig_proxy_cut(proxy);
	eventually(loop, !is_connected(&web1));
	rig_zk_delete(client, MEMBER);
	rig_zk_create_ephemeral(other, MEMBER, "usurper");
	rig_zk_set(client, REPORT, "report of the usurper");
	rig_proxy_mend(proxy);
	eventually(loop, is_duplicate(&web1));
	eventually(loop, !rig_zk_exists(client, SERVICE));
	run_turns(200);
	assert_true(is(MEMBER, "usurper") && is(REPORT, "report of the usurper"));
	assert_false(rig_zk_exists(client, SERVICE));
	rig_zk_close(other);
	eventually(loop, is_member(&web1) && first_is_untouched()); /* the report is ours again */
}

static void who_follows_another_is_another_host(void **state UNUSED)
{
	struct rig_zk *one = rig_zk_connect(rig_zookeeper_hosts(server));
	struct rig_zk *two = rig_zk_connect(rig_zookeeper_hosts(server));
	const char *why;

	rig_zk_create_ephemeral(one, MEMBER, "one");
	start(&web1, LONG_TIMEOUT);
	publish(&web1, "ours", "r");
	eventually(loop, fleet_membership(web1.fleet, &why) == FLEET_PENDING &&
				 strstr(why, "another session"));
	rig_proxy_cut(proxy);
	eventually(loop, !is_connected(&web1));
	rig_zk_close(one);
	rig_zk_create_ephemeral(two, MEMBER, "two, who says no JSON");
	rig_proxy_mend(proxy);
	eventually(loop, is_duplicate(&web1));
	rig_proxy_cut(proxy); /* which it knows the better for a broken link */
	eventually(loop, !is_connected(&web1));
	assert_int_equal(fleet_membership(web1.fleet, &why), FLEET_PENDING);
	assert_string_equal(why, "");
	rig_proxy_mend(proxy);
	eventually(loop, is_duplicate(&web1));
	rig_zk_close(two);
	eventually(loop, is_member(&web1) && is(REPORT, "r"));
}

/* Killed and started again at once, with the old session still there. */
static void a_restart_is_no_second_host(void **state UNUSED)
{
	int64_t before;
	const char *why;

	start_first(SHORT_TIMEOUT);
	before = session_of(&web1);
	kill_web1();
	start(&web1, SHORT_TIMEOUT);
	publish_all(&web1, FIRST_JSON, "report of the first", "service of the first");
	eventually(loop, fleet_membership(web1.fleet, &why) == FLEET_PENDING &&
				 strstr(why, "another session"));
	assert_true(rig_zk_owner(client, MEMBER) == before);
	eventually(loop, is_member(&web1) && first_is_untouched());
	assert_int_equal(web1.accusations, 0);
}

/* The server that would end the old session restarts first, and lets it live anew. */
static void a_restart_of_both_is_no_second_host(void **state UNUSED)
{
	start_first(SHORT_TIMEOUT);
	kill_web1();
	start(&web1, SHORT_TIMEOUT);
	publish(&web1, FIRST_JSON, "r");
	eventually(loop, is_connected(&web1));
	rig_zookeeper_kill(server);
	eventually(loop, !is_connected(&web1));
	rig_zookeeper_restart(server);
	eventually(loop, is_member(&web1) && owns(&web1, MEMBER) && is(REPORT, "r"));
	assert_int_equal(web1.accusations, 0);
}

/* The link of the second breaks again and again: nothing is known of the time in between. */
static void who_cannot_be_watched_is_not_accused(void **state UNUSED)
{
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(server));
	uint64_t end;

	rig_zk_create_ephemeral(other, MEMBER, "still there");
	start(&web1, SHORT_TIMEOUT);
	publish(&web1, "ours", "r");
	eventually(loop, is_connected(&web1));
	for (end = rig_now() + 4 * SHORT_TIMEOUT; rig_now() < end;) {
		rig_proxy_cut(proxy);
		eventually(loop, !is_connected(&web1));
		rig_proxy_mend(proxy);
		eventually(loop, is_connected(&web1));
		run_turns(100); /* it looks, and looks again */
	}
	assert_int_equal(web1.accusations, 0);
	eventually(loop, is_duplicate(&web1));
	rig_zk_close(other);
	eventually(loop, is_member(&web1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fleet_test(the_second_of_a_name_refuses),
		fleet_test(who_writes_is_another_host),
		fleet_test(who_takes_our_place_is_another_host),
		fleet_test(who_follows_another_is_another_host),
		fleet_test(a_restart_is_no_second_host),
		fleet_test(a_restart_of_both_is_no_second_host),
		fleet_test(who_cannot_be_watched_is_not_accused),
	};

	return cmocka_run_group_tests_name("fleet duplicate", tests, set_up, tear_down);
}
