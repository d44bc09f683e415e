/*
 * All that a host has in the fleet, together: member, report, candidate, and the service that
 * others discover it by; through restarts and expiries, and read by Curator's own client.
 */
#include "core/fleet/announce.h"
#include "rig_fleet.h"

#include <sys/stat.h>
#include <unistd.h>

#define CANDIDATES "/nginx/cluster/election"

static void publish_rest(const char *service)
{
	publish_all(&web1, "here", "all is well", service);
}

static size_t count_children(const char *path)
{
	char **names = rig_zk_children(client, path);
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

static bool leads(const struct rig_fleet *r)
{
	return election_leads(fleet_election(r->fleet));
}

static bool has_all(void)
{
	return is_member(&web1) && is(MEMBER, "here") && owns(&web1, MEMBER) &&
	       is(REPORT, "all is well") && is(SERVICE, "at your service") &&
	       owns(&web1, SERVICE) && leads(&web1) && count_children(CANDIDATES) == 1;
}

static void start_all(uint64_t timeout)
{
	start(&web1, timeout);
	publish_rest("at your service");
	eventually(loop, has_all());
}

/* --- the service ------------------------------------------------------------------------------ */

static void announced_withdrawn_and_announced_again(void **state UNUSED)
{
	start_all(LONG_TIMEOUT);
	publish_rest("changed");
	eventually(loop, is(SERVICE, "changed") && owns(&web1, SERVICE));
	publish_rest(NULL);
	eventually(loop, !rig_zk_exists(client, SERVICE));
	rig_zk_delete(client, "/services/nginx"); /* as the server does with an empty container */
	run_turns(100);
	assert_false(rig_zk_exists(client, "/services/nginx"));
	assert_true(is_member(&web1) && leads(&web1));
	publish_rest("changed");
	eventually(loop, is(SERVICE, "changed") && owns(&web1, SERVICE));
	rig_zk_delete(client, SERVICE);
	eventually(loop, is(SERVICE, "changed"));
	fleet_free(TAKE(web1.fleet));
	eventually(NULL, !rig_zk_exists(client, SERVICE));
}

/* Whatever is asked for while the answer to what was asked before is under way. */
static void the_last_word_on_the_service_counts(void **state UNUSED)
{
	start_all(LONG_TIMEOUT);
	for (unsigned i = 0; i < 40; i++) {
		publish_rest(i % 2 ? "at your service" : NULL);
		run_turns(i % 4);
	}
	eventually(loop, has_all());
	for (unsigned i = 0; i < 41; i++) {
		publish_rest(i % 2 ? "at your service" : NULL);
		run_turns(i % 3);
	}
	eventually(loop, !rig_zk_exists(client, SERVICE));
	run_turns(100);
	assert_false(rig_zk_exists(client, SERVICE));
}

static void a_foreign_instance_is_waited_out(void **state UNUSED)
{
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(server));

	rig_zk_create_ephemeral(other, SERVICE, "another's");
	start(&web1, SHORT_TIMEOUT);
	publish_rest("at your service");
	eventually(loop, is_member(&web1) && is(REPORT, "all is well"));
	publish_rest(NULL); /* that is no reason to delete it */
	run_turns(100);
	publish_rest("at your service");
	run_turns(100);
	assert_true(is(SERVICE, "another's"));
	rig_zk_close(other);
	eventually(loop, has_all());
	assert_int_equal(web1.accusations, 0);
}

/* What is announced is for others to read, and the path for others to register at. */
static void credentials_do_not_hide_the_service(void **state UNUSED)
{
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(server));
	char *secret = rig_path("secret");

	rig_write(secret, "digest a:b\n");
	assert_int_equal(chmod(secret, 0600), 0);
	start_with(&web1, rig_proxy_port(proxy), LONG_TIMEOUT, secret);
	publish_rest("at your service");
	eventually(loop, has_all());
	assert_string_equal(rig_zk_get(other, SERVICE), "at your service");
	rig_zk_create_ephemeral(other, "/services/nginx/web2", "another host's");
	rig_zk_create_ephemeral(other, "/services/shop/1", "another service's");
	rig_zk_close(other);
	publish_rest("changed");
	eventually(loop, is(SERVICE, "changed"));
	fleet_free(TAKE(web1.fleet));
}

/* --- what all of them go through -------------------------------------------------------------- */

static void a_restart_of_zookeeper_changes_nothing(void **state UNUSED)
{
	int64_t id;

	start_all(LONG_TIMEOUT);
	id = session_of(&web1);
	rig_zookeeper_kill(server);
	eventually(loop, !is_connected(&web1));
	rig_zookeeper_restart(server);
	eventually(loop, has_all());
	assert_true(session_of(&web1) == id && rig_zk_owner(client, SERVICE) == id);
	publish_rest("changed");
	eventually(loop, is(SERVICE, "changed"));
}

static void an_expired_session_brings_all_back(void **state UNUSED)
{
	int64_t id;

	start_all(SHORT_TIMEOUT);
	id = session_of(&web1);
	rig_proxy_freeze(proxy);
	eventually(loop, !rig_zk_exists(client, MEMBER) && !rig_zk_exists(client, SERVICE));
	assert_false(leads(&web1));
	rig_zk_set(client, REPORT, "somebody wrote here");
	rig_proxy_thaw(proxy);
	eventually(loop, has_all());
	assert_true(session_of(&web1) != id);
	assert_int_equal(web1.accusations, 0);
}

static void parents_may_vanish(void **state UNUSED)
{
	start_all(LONG_TIMEOUT);
	for (unsigned i = 0; i < 3; i++) {
		rig_zk_delete_all(client, i < 2 ? "/services" : "/services/nginx");
		if (i > 0)
			rig_zk_delete_all(client, "/nginx");
		eventually(loop, is(MEMBER, "here") && is(SERVICE, "at your service"));
		publish_all(&web1, "here", "not so well", "at your service");
		eventually(loop, is(REPORT, "not so well"));
		publish_rest("at your service");
		eventually(loop, has_all());
	}
}

/* Only the member stands for election; a duplicate leaves it, and comes back. */
static void a_duplicate_does_not_stand(void **state UNUSED)
{
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(server));

	start_all(LONG_TIMEOUT);
	rig_proxy_cut(proxy);
	eventually(loop, !is_connected(&web1));
	rig_zk_delete(client, MEMBER);
	rig_zk_create_ephemeral(other, MEMBER, "another's");
	rig_proxy_mend(proxy);
	eventually(loop, is_duplicate(&web1));
	eventually(loop, count_children(CANDIDATES) == 0 && !rig_zk_exists(client, SERVICE));
	assert_int_equal(election_role(fleet_election(web1.fleet)), ELECTION_OUT);
	rig_zk_close(other);
	eventually(loop, has_all());
}

/* --- Curator -----------------------------------------------------------------------------------
 */

/* What it prints, with what it has to complain about. */
static const char *look_up(void)
{
	const char *classpath = getenv("CURATOR_CLASSPATH")
					?: "build/tests/integration/curator:"
					   "/usr/share/java/curator-x-discovery.jar";
	char *hosts = (char *)(uintptr_t)rig_zookeeper_hosts(server), *output;

	assert_int_equal(rig_run(&output, (char *[]){ "java", "-Xmx64m", "-XX:+UseSerialGC",
						      "-XX:TieredStopAtLevel=1", "-cp",
						      (char *)(uintptr_t)classpath, "Lookup", hosts,
						      "/services", "nginx", NULL }),
			 0);
	return output;
}

static void curators_client_sees_it(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf json = BUF_INIT;

	assert_true(announce_print("/services/nginx", "web1", "[2001:db8::7]:8080",
				   UINT64_C(1764000000123) * USEC_PER_MSEC, &json));
	start(&web1, LONG_TIMEOUT);
	publish_rest(buf_str(&json));
	eventually(loop, is(SERVICE, buf_str(&json)));
	assert_non_null(strstr(look_up(), "nginx web1 2001:db8::7 8080 null DYNAMIC 1764000000123 "
					  "true\n"));
	publish_rest(NULL);
	eventually(loop, !rig_zk_exists(client, SERVICE));
	assert_null(strstr(look_up(), "web1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fleet_test(announced_withdrawn_and_announced_again),
		fleet_test(the_last_word_on_the_service_counts),
		fleet_test(a_foreign_instance_is_waited_out),
		fleet_test(credentials_do_not_hide_the_service),
		fleet_test(a_restart_of_zookeeper_changes_nothing),
		fleet_test(an_expired_session_brings_all_back),
		fleet_test(parents_may_vanish),
		fleet_test(a_duplicate_does_not_stand),
		fleet_test(curators_client_sees_it),
	};

	return cmocka_run_group_tests_name("fleet service", tests, set_up, tear_down);
}
