/*
 * Everything that a host has in the fleet: member, report, candidate, and the service that others
 * discover it by; through restarts and expiries, and read by Curator's own client.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fleet/announce.h"
#include "rig_members.h"

#define CANDIDATES "/nginx/cluster/election"

static void publish_rest(struct rig_members *r, const char *service)
{
	rig_member_publish(&r->web1, "here", "all is well", service);
}

static size_t count_children(struct rig_members *r, const char *path)
{
	char **names = rig_zk_children(r->base.client, path);
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

static bool leads(const struct rig_member *m)
{
	return election_leads(fleet_election(m->fleet));
}

static bool has_all(struct rig_members *r)
{
	return rig_member_is_in(&r->web1) && rig_zk_is(r->base.client, MEMBER, "here") &&
	       rig_member_owns(&r->web1, MEMBER) &&
	       rig_zk_is(r->base.client, REPORT, "all is well") &&
	       rig_zk_is(r->base.client, SERVICE, "at your service") &&
	       rig_member_owns(&r->web1, SERVICE) && leads(&r->web1) &&
	       count_children(r, CANDIDATES) == 1;
}

static void start_all(struct rig_members *r, uint64_t timeout)
{
	rig_member_start(&r->web1, timeout);
	publish_rest(r, "at your service");
	eventually(r->base.loop, has_all(r));
}

/* --- the service ------------------------------------------------------------------------------ */

static void a_service_is_announced_withdrawn_and_announced_again(void **state)
{
	struct rig_members *r = *state;

	start_all(r, LONG_TIMEOUT);
	publish_rest(r, "changed");
	eventually(r->base.loop, rig_zk_is(r->base.client, SERVICE, "changed") &&
					 rig_member_owns(&r->web1, SERVICE));
	publish_rest(r, NULL);
	eventually(r->base.loop, !rig_zk_exists(r->base.client, SERVICE));
	/* as the server does with an empty container, and may have done */
	rig_zk_delete_all(r->base.client, "/services/nginx");
	rig_turns(r->base.loop, 100);
	assert_false(rig_zk_exists(r->base.client, "/services/nginx"));
	assert_true(rig_member_is_in(&r->web1) && leads(&r->web1));
	publish_rest(r, "changed");
	eventually(r->base.loop, rig_zk_is(r->base.client, SERVICE, "changed") &&
					 rig_member_owns(&r->web1, SERVICE));
	rig_zk_delete(r->base.client, SERVICE);
	eventually(r->base.loop, rig_zk_is(r->base.client, SERVICE, "changed"));
	fleet_free(TAKE(r->web1.fleet));
	eventually(NULL, !rig_zk_exists(r->base.client, SERVICE));
}

/* Whatever is published while the answer to the previous request is missing. */
static void the_last_published_service_counts(void **state)
{
	struct rig_members *r = *state;

	start_all(r, LONG_TIMEOUT);
	for (unsigned i = 0; i < 40; i++) {
		publish_rest(r, i % 2 ? "at your service" : NULL);
		rig_turns(r->base.loop, i % 4);
	}
	eventually(r->base.loop, has_all(r));
	for (unsigned i = 0; i < 41; i++) {
		publish_rest(r, i % 2 ? "at your service" : NULL);
		rig_turns(r->base.loop, i % 3);
	}
	eventually(r->base.loop, !rig_zk_exists(r->base.client, SERVICE));
	rig_turns(r->base.loop, 100);
	assert_false(rig_zk_exists(r->base.client, SERVICE));
}

static void a_foreign_instance_is_waited_for(void **state)
{
	struct rig_members *r = *state;
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(r->base.server));

	rig_zk_create_ephemeral(other, SERVICE, "another's");
	rig_member_start(&r->web1, LONG_TIMEOUT);
	publish_rest(r, "at your service");
	eventually(r->base.loop,
		   rig_member_is_in(&r->web1) && rig_zk_is(r->base.client, REPORT, "all is well"));
	publish_rest(r, NULL); /* that is no reason to delete it */
	rig_turns(r->base.loop, 100);
	publish_rest(r, "at your service");
	rig_turns(r->base.loop, 100);
	assert_true(rig_zk_is(r->base.client, SERVICE, "another's"));
	rig_zk_close(other);
	eventually(r->base.loop, has_all(r));
	assert_int_equal(r->web1.duplicates, 0);
}

/* Others may read the service, and may register at its path. */
static void credentials_do_not_hide_the_service(void **state)
{
	struct rig_members *r = *state;
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(r->base.server));
	char *secret = rig_path("secret");

	rig_write(secret, "digest a:b\n");
	assert_int_equal(chmod(secret, 0600), 0);
	rig_member_start_with(&r->web1, rig_proxy_port(r->proxy), LONG_TIMEOUT, secret);
	publish_rest(r, "at your service");
	eventually(r->base.loop, has_all(r));
	assert_string_equal(rig_zk_get(other, SERVICE), "at your service");
	rig_zk_create_ephemeral(other, "/services/nginx/web2", "another host's");
	rig_zk_create_ephemeral(other, "/services/shop/1", "another service's");
	rig_zk_close(other);
	publish_rest(r, "changed");
	eventually(r->base.loop, rig_zk_is(r->base.client, SERVICE, "changed"));
	fleet_free(TAKE(r->web1.fleet));
}

/* --- failures of all of them ------------------------------------------------------------------ */

static void a_restart_of_zookeeper_changes_nothing(void **state)
{
	struct rig_members *r = *state;
	int64_t id;

	start_all(r, LONG_TIMEOUT);
	id = rig_member_session(&r->web1);
	rig_zookeeper_kill(r->base.server);
	eventually(r->base.loop, !rig_member_is_connected(&r->web1));
	rig_zookeeper_restart(r->base.server);
	eventually(r->base.loop, has_all(r));
	assert_true(rig_member_session(&r->web1) == id &&
		    rig_zk_owner(r->base.client, SERVICE) == id);
	publish_rest(r, "changed");
	eventually(r->base.loop, rig_zk_is(r->base.client, SERVICE, "changed"));
}

static void an_expired_session_brings_all_back(void **state)
{
	struct rig_members *r = *state;
	int64_t id;

	start_all(r, SHORT_TIMEOUT);
	id = rig_member_session(&r->web1);
	rig_proxy_freeze(r->proxy);
	eventually(r->base.loop, !rig_zk_exists(r->base.client, MEMBER) &&
					 !rig_zk_exists(r->base.client, SERVICE));
	assert_false(leads(&r->web1));
	rig_zk_set(r->base.client, REPORT, "somebody wrote here");
	rig_proxy_thaw(r->proxy);
	eventually(r->base.loop, has_all(r));
	assert_true(rig_member_session(&r->web1) != id);
	assert_int_equal(r->web1.duplicates, 0);
}

static void deleted_parents_are_created_again(void **state)
{
	struct rig_members *r = *state;

	start_all(r, LONG_TIMEOUT);
	for (unsigned i = 0; i < 3; i++) {
		rig_zk_delete_all(r->base.client, i < 2 ? "/services" : "/services/nginx");
		if (i > 0)
			rig_zk_delete_all(r->base.client, "/nginx");
		eventually(r->base.loop,
			   rig_zk_is(r->base.client, MEMBER, "here") &&
				   rig_zk_is(r->base.client, SERVICE, "at your service"));
		rig_member_publish(&r->web1, "here", "not so well", "at your service");
		eventually(r->base.loop, rig_zk_is(r->base.client, REPORT, "not so well"));
		publish_rest(r, "at your service");
		eventually(r->base.loop, has_all(r));
	}
}

/* Only the member stands for election; a duplicate leaves the election, and comes back later. */
static void a_duplicate_does_not_stand(void **state)
{
	struct rig_members *r = *state;
	struct rig_zk *other = rig_zk_connect(rig_zookeeper_hosts(r->base.server));

	start_all(r, LONG_TIMEOUT);
	rig_proxy_cut(r->proxy);
	eventually(r->base.loop, !rig_member_is_connected(&r->web1));
	rig_zk_delete(r->base.client, MEMBER);
	rig_zk_create_ephemeral(other, MEMBER, "another's");
	rig_proxy_restore(r->proxy);
	eventually(r->base.loop, rig_member_is_duplicate(&r->web1));
	eventually(r->base.loop,
		   count_children(r, CANDIDATES) == 0 && !rig_zk_exists(r->base.client, SERVICE));
	assert_int_equal(election_role(fleet_election(r->web1.fleet)), ELECTION_OUT);
	rig_zk_close(other);
	eventually(r->base.loop, has_all(r));
}

/* --- Curator -----------------------------------------------------------------------------------
 */

/* Its output, with its error messages. */
static const char *look_up(struct rig_members *r)
{
	const char *classpath = getenv("CURATOR_CLASSPATH")
					?: "build/tests/integration/curator:"
					   "/usr/share/java/curator-x-discovery.jar";
	char *hosts = (char *)(uintptr_t)rig_zookeeper_hosts(r->base.server), *output;

	assert_int_equal(rig_run(&output, (char *[]){ "java", "-Xmx64m", "-XX:+UseSerialGC",
						      "-XX:TieredStopAtLevel=1", "-cp",
						      (char *)(uintptr_t)classpath, "Lookup", hosts,
						      "/services", "nginx", NULL }),
			 0);
	return output;
}

static void curators_client_finds_the_service(void **state)
{
	struct rig_members *r = *state;
	CLEANUP(buf_fini) struct buf json = BUF_INIT;

	assert_true(announce_print("/services/nginx", "web1", "[2001:db8::7]:8080",
				   UINT64_C(1764000000123) * USEC_PER_MSEC, &json));
	rig_member_start(&r->web1, LONG_TIMEOUT);
	publish_rest(r, buf_str(&json));
	eventually(r->base.loop, rig_zk_is(r->base.client, SERVICE, buf_str(&json)));
	assert_non_null(strstr(look_up(r), "nginx web1 2001:db8::7 8080 null DYNAMIC 1764000000123 "
					   "true\n"));
	publish_rest(r, NULL);
	eventually(r->base.loop, !rig_zk_exists(r->base.client, SERVICE));
	assert_null(strstr(look_up(r), "web1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		members_test(a_service_is_announced_withdrawn_and_announced_again),
		members_test(the_last_published_service_counts),
		members_test(a_foreign_instance_is_waited_for),
		members_test(credentials_do_not_hide_the_service),
		members_test(a_restart_of_zookeeper_changes_nothing),
		members_test(an_expired_session_brings_all_back),
		members_test(deleted_parents_are_created_again),
		members_test(a_duplicate_does_not_stand),
		members_test(curators_client_finds_the_service),
	};

	return cmocka_run_group_tests_name("fleet service", tests, rig_members_setup,
					   rig_members_teardown);
}
