/*
 * Who may write what: a real ZooKeeper with digest identities, a real daemon and a real nginx.
 *
 * The daemon is "nginx", the operator is "operator", and a client without credentials is the world.
 */
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zookeeper/zookeeper.h>

#include "rig_ctl.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"
#define CLUSTER "/nginx/cluster"
#define SITES CONFIG "/sites"

/* echo -n USER:secret | openssl dgst -binary -sha1 | openssl base64 */
#define DAEMON_ID "nginx:FSEFP3KecmlW2y8y+8SzGzH3H5g="
#define OPERATOR_ID "operator:7jWRZ6rRChO2XKqMVWLii1hb7YQ="

static struct rig_host host;
static struct rig_zk *world;
static int port;

static const char *secret_of(const char *user)
{
	char *path = rig_path("%s.secret", user);

	rig_write(path, "digest %s:secret\n", user);
	assert_int_equal(chmod(path, 0600), 0);
	return path;
}

static void set_settings(const char *zookeeper)
{
	host.zookeeper_settings = zookeeper;
	rig_host_settings(&host, "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };");
}

static const char *with_auth(const char *more)
{
	static char text[512];

	snprintf(text, sizeof(text), "auth_file = \"%s\"; %s", secret_of("nginx"), more);
	return text;
}

/* An operator's settings, who has other credentials than the daemon. */
static const char *operator_settings(void)
{
	char *path = rig_path("operator.conf");

	rig_write(path, "zookeeper: { hosts = \"%s\"; auth_file = \"%s\"; };",
		  rig_zookeeper_hosts(host.zookeeper), secret_of("operator"));
	return path;
}

static int begin(void **state UNUSED)
{
	static char name[16];
	static unsigned count;

	/* A state directory of its own for each test. */
	snprintf(name, sizeof(name), "acl%u", ++count);
	rig_host_init(&host, name);
	world = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	port = rig_port();
	return 0;
}

static int end(void **state UNUSED)
{
	rig_zk_close(world);
	rig_host_fini(&host);
	return 0;
}

/* The config with one site, whose znodes only the operator and the daemon may change. */
static void protect_config(void)
{
	static const char *const paths[] = { SITES "/s", SITES, CONFIG };

	rig_zk_auth(host.zk, "digest", "operator:secret");
	rig_host_set_site(&host, port, "one");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		rig_zk_share(host.zk, paths[i], "digest", DAEMON_ID);
}

static const char *open_text(void)
{
	return rig_host_status_text(&host, "zookeeper.open");
}

/* --- open ------------------------------------------------------------------------------------- */

static void an_open_fleet_is_named_and_stays_healthy(void **state UNUSED)
{
	rig_host_set_site(&host, port, "one");
	set_settings(NULL);
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, strstr(open_text(), CLUSTER " (cdwa) and "));
	eventually(NULL, rig_host_status_number(&host, "zookeeper.open_znodes") > 5);
	assert_false(rig_host_has_alert(&host, "zookeeper-acl-open"));
	eventually(NULL, rig_zk_exists(world, CLUSTER "/plan"));
	assert_string_equal(rig_zk_acl(world, CLUSTER "/plan"), "world:anyone=cdrwa");
}

static void an_open_config_is_an_alert_where_the_daemon_has_credentials(void **state UNUSED)
{
	rig_host_set_site(&host, port, "one");
	set_settings(with_auth(""));
	rig_host_start(&host);
	eventually(NULL, rig_host_has_alert(&host, "zookeeper-acl-open"));
	eventually(NULL, strstr(open_text(), CONFIG " (cdwa)"));
	eventually(NULL, rig_nginx_says(port, "one")); /* it is applied all the same */
}

/* --- require_acl ------------------------------------------------------------------------------ */

static void require_acl_holds_changes_until_the_acls_are_right(void **state UNUSED)
{
	rig_zk_auth(host.zk, "digest", "operator:secret");
	rig_host_set_site(&host, port, "one");
	set_settings(with_auth("require_acl = true;"));
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_live(&host, "http.conf"));
	rig_nginx_start(&host.nginx);
	eventually(NULL, rig_host_has_problem(&host, CONFIG, "guard", "previous",
					      "zookeeper.require_acl: every client"));
	eventually(NULL, rig_host_has_alert(&host, "zookeeper-acl-open"));
	eventually(NULL, rig_host_is(&host, "held"));
	assert_string_equal(rig_host_live(&host, "http.conf"), "");

	protect_config();
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, rig_host_problem_count(&host) == 0);
	eventually(NULL, !rig_host_has_alert(&host, "zookeeper-acl-open"));
	assert_string_equal(open_text(), "");

	/* A znode that is created open is not applied, and what nginx has stays. */
	rig_zk_create(host.zk, SITES "/t", "{\"listen\":[\"127.0.0.1:1\"]}");
	eventually(NULL, strstr(open_text(), SITES "/t"));
	assert_null(strstr(rig_host_live(&host, "http.conf"), "127.0.0.1:1;"));
	assert_true(rig_nginx_says(port, "one"));
	rig_zk_delete(host.zk, SITES "/t");
	eventually(NULL, rig_host_problem_count(&host) == 0);
}

static void once_fails_while_the_config_is_open(void **state UNUSED)
{
	char *output;

	rig_host_set_site(&host, port, "one");
	set_settings(with_auth("require_acl = true;"));
	assert_int_equal(rig_host_run(&host, &output, "--once", NULL), 1);
	assert_says(output, "zookeeper.require_acl: every client that reaches ZooKeeper");
	assert_string_equal(rig_host_live(&host, "http.conf"), "");
}

/* --- what daemons write ----------------------------------------------------------------------- */

static void the_world_cannot_forge_a_plan_or_a_history_entry(void **state UNUSED)
{
	protect_config();
	set_settings(with_auth(""));
	rig_host_start(&host);
	rig_zk_auth(host.zk, "digest", "nginx:secret");
	eventually(NULL, rig_zk_exists(host.zk, CLUSTER "/plan"));
	eventually(NULL, rig_zk_exists(host.zk, CLUSTER "/live"));
	assert_int_equal(rig_zk_try_set(world, CLUSTER "/plan", "{}"), ZNOAUTH);
	assert_int_equal(rig_zk_try_delete(world, CLUSTER "/plan"), ZNOAUTH);
	assert_int_equal(rig_zk_try_create(world, CLUSTER "/history", ""), ZNOAUTH);
	assert_int_equal(rig_zk_try_create(world, CLUSTER "/request", "pause"), ZNOAUTH);
	assert_int_equal(rig_zk_try_create(world, CLUSTER "/overrides", ""), ZNOAUTH);
	assert_int_equal(rig_zk_try_set(world, CLUSTER "/live", "evil:80"), ZNOAUTH);
	assert_true(rig_zk_may_read(world, CLUSTER "/live"));
	assert_false(rig_zk_may_read(world, CLUSTER "/plan"));
}

/* An older daemon, or one without credentials, has created everything open. */
static void the_leader_repairs_what_daemons_own(void **state UNUSED)
{
	rig_host_set_site(&host, port, "one");
	set_settings(NULL);
	rig_host_start(&host);
	eventually(NULL, rig_zk_exists(world, CLUSTER "/live"));
	eventually(NULL, rig_zk_exists(world, CLUSTER "/plan"));
	rig_host_stop_daemon(&host, SIGTERM);
	assert_string_equal(rig_zk_acl(world, CLUSTER "/plan"), "world:anyone=cdrwa");

	protect_config();
	set_settings(with_auth("operators = [ \"digest:" OPERATOR_ID "\" ];"));
	rig_zk_auth(host.zk, "digest", "nginx:secret"); /* else the server masks identities */
	rig_host_start_daemon(&host);
	eventually(NULL, strcmp(rig_zk_acl(host.zk, CLUSTER "/plan"),
				"digest:" DAEMON_ID "=cdrwa digest:" OPERATOR_ID "=r") == 0);
	eventually(NULL, strcmp(rig_zk_acl(host.zk, CLUSTER),
				"digest:" DAEMON_ID "=cdrwa digest:" OPERATOR_ID "=cdr") == 0);
	assert_int_equal(rig_zk_try_create(world, CLUSTER "/history", ""), ZNOAUTH);
	/* the report of a daemon that has not looked yet names none either, and one follows with
	 * all */
	eventually(NULL, rig_host_status_number(&host, "zookeeper.open_znodes") == 0 &&
				 !rig_host_has_alert(&host, "zookeeper-acl-open"));
}

/* Their daemons could not read the plan any more. */
static void nothing_is_repaired_while_a_member_has_no_credentials(void **state UNUSED)
{
	protect_config();
	rig_zk_create(world, CLUSTER "/members", NULL);
	rig_zk_create(world, CLUSTER "/plan", "{}");
	rig_zk_create_ephemeral(world, CLUSTER "/members/web2", "{}");
	set_settings(with_auth(""));
	rig_host_start(&host);
	eventually(NULL, rig_host_has_alert(&host, "zookeeper-acl-open"));
	assert_string_equal(rig_zk_acl(world, CLUSTER "/plan"), "world:anyone=cdrwa");
	rig_zk_delete(world, CLUSTER "/members/web2");
	kill(host.daemon, SIGHUP);
	eventually(NULL, strstr(rig_zk_acl(host.zk, CLUSTER "/plan"), "world") == NULL);
}

/* --- the operator ----------------------------------------------------------------------------- */

static void an_operator_with_other_credentials_has_the_rights_of_the_table(void **state UNUSED)
{
	struct rig_ctl_result r;
	const char *settings = operator_settings();

	protect_config();
	set_settings(with_auth("operators = [ \"digest:" OPERATOR_ID "\" ]; require_acl = true;"));
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, rig_zk_exists(host.zk, CLUSTER "/plan"));

	r = rig_ctl(settings, "status", "--wait", NULL);
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl(settings, "pause", NULL);
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl(settings, "resume", NULL);
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl_with(settings, "{}", (const char *[]){ "set", "upstreams/u", NULL });
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl_with(settings, "", (const char *[]){ "set", "upstreams/u/10.0.0.1:80", NULL });
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl(settings, "drain", "u", "10.0.0.1:80", "--force", NULL);
	rig_ctl_assert_code(&r, 0);
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "10.0.0.1:80 down"));
	assert_string_equal(open_text(), "");
	assert_int_equal(rig_zk_try_set(host.zk, CLUSTER "/plan", "{}"), ZNOAUTH);
	assert_non_null(strstr(rig_zk_acl(host.zk, CONFIG "/upstreams/u"), DAEMON_ID "=cdrwa"));
}

static void init_creates_the_znodes_with_the_rights_of_the_table(void **state UNUSED)
{
	struct rig_ctl_result r;

	set_settings(with_auth("operators = [ \"digest:" OPERATOR_ID "\" ];"));
	r = rig_ctl(host.settings, "init", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_says_not(r.out, "Warning");
	rig_zk_auth(host.zk, "digest", "nginx:secret");
	assert_non_null(strstr(rig_zk_acl(host.zk, CONFIG), OPERATOR_ID "=cdrwa"));
	assert_non_null(strstr(rig_zk_acl(host.zk, CLUSTER "/overrides"), OPERATOR_ID "=cdr"));
	assert_null(strstr(rig_zk_acl(host.zk, CLUSTER "/overrides"), OPERATOR_ID "=cdrwa"));
	assert_non_null(strstr(rig_zk_acl(host.zk, CLUSTER "/history"), OPERATOR_ID "=r"));
	assert_null(strstr(rig_zk_acl(host.zk, CLUSTER "/history"), "world"));
}

static int clean(void **state UNUSED)
{
	rig_clean();
	return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(an_open_fleet_is_named_and_stays_healthy),
		TEST(an_open_config_is_an_alert_where_the_daemon_has_credentials),
		TEST(require_acl_holds_changes_until_the_acls_are_right),
		TEST(once_fails_while_the_config_is_open),
		TEST(the_world_cannot_forge_a_plan_or_a_history_entry),
		TEST(the_leader_repairs_what_daemons_own),
		TEST(nothing_is_repaired_while_a_member_has_no_credentials),
		TEST(an_operator_with_other_credentials_has_the_rights_of_the_table),
		TEST(init_creates_the_znodes_with_the_rights_of_the_table),
	};

	return cmocka_run_group_tests_name("acl", tests, NULL, clean);
}
