/*
 * The whole of discovery: registrations of every format in a real ZooKeeper become servers of a
 * real nginx, whatever happens to the paths of the registrations.
 */
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rig_services.h"

/* --- the formats ------------------------------------------------------------------------------ */

/* What applications write, and the server that must result. */
static const struct {
	const char *format, *path, *discover, *child, *data, *server;
} registrations[] = {
	{ "curator", "/services/orders", "", "7c1e",
	  "{\"name\":\"orders\",\"id\":\"7c1e\",\"address\":\"10.1.0.1\",\"port\":8080,"
	  "\"sslPort\":null,\"payload\":null,\"registrationTimeUTC\":1700000000000,"
	  "\"serviceType\":\"DYNAMIC\",\"uriSpec\":null}",
	  "10.1.0.1:8080" },
	{ "nerve", "/nerve/web", "", "i-1_0000000012",
	  "{\"host\":\"10.2.0.1\",\"port\":\"8080\",\"name\":\"i-1\",\"labels\":{\"az\":\"a\"}}",
	  "10.2.0.1:8080" },
	{ "serverset", "/aurora/www/prod/web", ",\"endpoint\":\"http\"", "member_0000000007",
	  "{\"serviceEndpoint\":{\"host\":\"10.3.0.1\",\"port\":31000},\"additionalEndpoints\":"
	  "{\"http\":{\"host\":\"10.3.0.1\",\"port\":31001}},\"status\":\"ALIVE\",\"shard\":0}",
	  "10.3.0.1:31001" },
	{ "address", "/pools/web", "", "10.4.0.1:8080", "max_fails=3",
	  "10.4.0.1:8080 max_fails=3" },
	{ "data", "/app/servers", "", "server-0000000001", "10.5.0.1:8080\n", "10.5.0.1:8080" },
	{ "registrator", "/registrator/web", "", "10.6.0.1:32001",
	  "{\"Name\":\"web\",\"IP\":\"10.6.0.1\",\"PublicPort\":32001,\"PrivatePort\":80,"
	  "\"ContainerID\":\"c0ffee\",\"Tags\":[\"prod\"],\"Attrs\":{}}",
	  "10.6.0.1:32001" },
	{ "dubbo", "/dubbo/org.example.Cart", "",
	  "providers/tri%3A%2F%2F10.7.0.1%3A50051%2Forg.example.Cart%3Fside%3Dprovider",
	  "10.0.0.77", "10.7.0.1:50051" },
	{ "solr", "/solr/live_nodes", "", "10.8.0.1:8983_solr", NULL, "10.8.0.1:8983" },
	{ "d2", "/d2/uris/greetings", "", "h1-0000000001",
	  "{\"clusterName\":\"greetings\",\"weights\":{\"http://10.11.0.1:8080/g\":1.0}}",
	  "10.11.0.1:8080" },
	{ "helix", "/pinot/LIVEINSTANCES", "", "Broker_10.12.0.1_8099",
	  "{\"id\":\"Broker_10.12.0.1_8099\",\"simpleFields\":{},\"mapFields\":{}}",
	  "10.12.0.1:8099" },
	{ "json", "/microservices/greeter", ",\"keys\":{\"url\":\"endpoints\"}", "7b1c",
	  "{\"id\":\"7b1c\",\"name\":\"greeter\",\"metadata\":null,\"endpoints\":"
	  "[\"grpc://10.9.0.1:9000\",\"http://10.9.0.1:8000\"]}",
	  "10.9.0.1:8000" },
	{ "auto", "/nerve/found", "",
	  "base64_60_"
	  "eyJob3N0IjoiMTAuMTAuMC4xIiwicG9ydCI6ODA4MCwibmFtZSI6ImkifQ==_0000000003",
	  "{\"host\":\"10.10.0.1\",\"port\":8080,\"name\":\"i\"}", "10.10.0.1:8080" },
};

#define GUARD "_c_19bceb86-4cc2-469c-8ec0-d544055457e8-"

/* The first format whose upstream is not of this one server, or NULL. */
static const char *not_served(struct rig_services *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(registrations); i++) {
		if (services_count(s, registrations[i].format) != 1 ||
		    !services_has(s, registrations[i].format, registrations[i].server))
			return registrations[i].format;
	}
	return NULL;
}

static void every_format_becomes_servers(void **state)
{
	struct rig_services *s = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));
	char text[512];

	rig_host_start(&s->host);
	for (size_t i = 0; i < ARRAY_SIZE(registrations); i++) {
		snprintf(text, sizeof(text), "{\"path\":\"%s\",\"format\":\"%s\"%s}",
			 registrations[i].path, registrations[i].format, registrations[i].discover);
		services_upstream(s, registrations[i].format, text, "");
		snprintf(text, sizeof(text), "%s/%s", registrations[i].path,
			 registrations[i].child);
		rig_zk_create_ephemeral(app, text, registrations[i].data);
	}
	eventually(NULL, services_are_applied(s) && !not_served(s));
	rig_zk_close(app);
	eventually(NULL, rig_host_problem_count(&s->host) == ARRAY_SIZE(registrations));
	assert_null(not_served(s));
}

static size_t times_logged(struct rig_services *s, const char *text)
{
	const char *log = rig_read(s->host.log);
	size_t count = 0;

	for (const char *at = log; at && (at = strstr(at, text)); at++)
		count++;
	return count;
}

/* Two servers that register themselves with Curator, in the config and in a path of their own; what
 * else is beside them is logged once, and is no problem. */
static void registrations_are_served_as_they_are_found(void **state)
{
	struct rig_services *s = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));
	char path[256], data[256];

	rig_host_start(&s->host);
	services_upstream(s, "Shop", "[{\"path\":\"/reg/app\"}]", "");
	services_site(s, CONFIG "/sites/shop", s->port, "Shop");
	snprintf(path, sizeof(path), UPSTREAMS "/Shop/" GUARD "127.0.0.1:%d", s->backend[0]);
	rig_zk_create_ephemeral(app, path, "127.0.0.1");
	snprintf(data, sizeof(data),
		 "[{\"ip\":\"127.0.0.1\",\"port\":%d},{\"ip\":\"127.0.0.1\",\"port\":%d}]",
		 s->backend[1], s->backend[2]);
	rig_zk_create_ephemeral(app, "/reg/app/node7", data);
	rig_zk_create(s->host.zk, "/reg/app/log_replicas", "of Mesos");
	eventually(NULL, services_are_applied(s) && services_count(s, "Shop") == 3);
	assert_true(services_answer(s->port, 6));
	eventually(NULL, times_logged(s, "\"log_replicas\" is not JSON: it is no registration, and "
					 "is ignored") == 1);
	rig_zk_create_ephemeral(app, "/reg/app/node8", "{\"ip\":\"127.0.0.9\",\"port\":80}");
	eventually(NULL, services_count(s, "Shop") == 4);
	assert_int_equal(times_logged(s, "log_replicas"), 1);
	rig_zk_close(app);
}

static void an_upstream_without_a_server_says_why(void **state)
{
	struct rig_services *s = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));

	rig_host_start(&s->host);
	services_upstream(s, "shop",
			  "{\"path\":\"/reg/shop\",\"format\":\"json\",\"keys\":{\"up\":"
			  "{\"key\":\"state\",\"is\":[\"GREEN\"]}}}",
			  "");
	rig_zk_create_ephemeral(app, "/reg/shop/a",
				"{\"host\":\"127.0.0.1\",\"port\":1,\"state\":\"RED\"}");
	eventually(NULL, rig_host_has_problem(&s->host, UPSTREAMS "/shop", "discovery", "absent",
					      "left out at /reg/shop (1): \"a\" is registered as "
					      "down: its state is \"RED\""));
	rig_zk_close(app);
}

/* --- paths ------------------------------------------------------------------------------------ */

#define POOL "{\"path\":\"/pools/shop\",\"format\":\"address\"}"

static void a_path_may_appear_vanish_and_return(void **state)
{
	struct rig_services *s = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));
	unsigned reloads;
	char *output;

	rig_host_start(&s->host);
	/* a missing path delays neither the upstream nor anything else */
	services_upstream(s, "shop", POOL, ",\"min_servers\":2");
	services_site(s, CONFIG "/sites/shop", s->port, "shop");
	eventually(NULL, rig_nginx_get(s->port, "/", NULL, NULL) == 502);
	eventually(NULL,
		   rig_host_has_problem(&s->host, UPSTREAMS "/shop", "discovery", "absent", "502"));
	assert_int_equal(rig_host_run(&s->host, &output, "--dry-run", NULL), 0);

	services_register(app, "/pools/shop", s->backend[0]);
	services_register(app, "/pools/shop", s->backend[1]);
	eventually(NULL, services_are_applied(s) && services_count(s, "shop") == 2);
	assert_true(services_answer(s->port, 4));

	reloads = rig_nginx_reloads(&s->host.nginx);
	rig_zk_close(app);
	rig_zk_delete_all(s->host.zk, "/pools");
	eventually(NULL, rig_host_is(&s->host, "held"));
	assert_true(
		rig_host_has_problem(&s->host, UPSTREAMS "/shop", "guard", "previous", "2 of 2"));
	assert_int_equal(services_count(s, "shop"), 2);
	assert_true(services_answer(s->port, 4));

	app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));
	services_register(app, "/pools/shop", s->backend[0]);
	services_register(app, "/pools/shop", s->backend[1]);
	eventually(NULL, services_are_applied(s) && services_count(s, "shop") == 2);
	assert_int_equal(rig_nginx_reloads(&s->host.nginx),
			 reloads); /* the same bytes all the time */
	rig_zk_close(app);
}

/* The paths of an upstream change; one of the new ones is unreadable, which is reported first. */
static void a_change_of_path_never_passes_through_nothing(void **state)
{
	struct rig_services *s = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));
	char path[64];

	services_register(app, "/pools/shop", s->backend[0]);
	services_register(app, "/new/shop", s->backend[1]);
	for (int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "/new/shop/10.0.%d.%d:80", i / 200, i % 200 + 1);
		rig_zk_send_create(app, path, "backup");
	}
	assert_int_equal(rig_zk_drain(app), 0);
	rig_zk_create(s->host.zk, "/forbidden", NULL);
	rig_zk_auth(s->host.zk, "digest", "operator:secret");
	rig_zk_restrict(s->host.zk, "/forbidden", true);
	services_upstream(s, "shop", POOL, "");
	services_site(s, CONFIG "/sites/shop", s->port, "shop");
	rig_host_start(&s->host);
	eventually(NULL, rig_nginx_says(s->port, "one"));

	services_upstream(s, "shop", "[{\"path\":\"/forbidden\"},{\"path\":\"/new/shop\"}]", "");
	eventually(NULL, rig_nginx_says(s->port, "two"));
	eventually(NULL, rig_host_has_problem(&s->host, "/forbidden", "access", "absent", ""));
	assert_int_equal(services_count(s, "shop"), 2001);
	assert_false(services_were_gone(s, "shop"));
	rig_zk_close(app);
}

static void a_forbidden_path_keeps_its_last_good(void **state)
{
	struct rig_services *s = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));
	unsigned reloads;

	services_upstream(s, "shop", POOL, "");
	services_site(s, CONFIG "/sites/shop", s->port, "shop");
	services_register(app, "/pools/shop", s->backend[0]);
	services_register(app, "/pools/shop", s->backend[1]);
	rig_host_start(&s->host);
	eventually(NULL, services_are_applied(s) && services_count(s, "shop") == 2);

	rig_zk_auth(s->host.zk, "digest", "operator:secret");
	rig_zk_restrict(s->host.zk, "/pools/shop", true);
	reloads = rig_nginx_reloads(&s->host.nginx);
	rig_host_stop_daemon(&s->host, SIGKILL); /* ZooKeeper announces no change of an ACL */
	rig_host_start_daemon(&s->host);
	eventually(NULL, rig_host_has_problem(&s->host, "/pools/shop", "access", "previous", ""));
	eventually(NULL, rig_host_is(&s->host, "degraded"));
	assert_int_equal(services_count(s, "shop"), 2);
	assert_true(services_answer(s->port, 4));
	assert_int_equal(rig_nginx_reloads(&s->host.nginx), reloads);
	/* the others are updated */
	services_upstream(s, "other", "{\"path\":\"/pools/other\",\"format\":\"address\"}", "");
	services_register(app, "/pools/other", s->backend[3]);
	eventually(NULL, services_has_port(s, "other", s->backend[3]));
	assert_int_equal(services_count(s, "shop"), 2);

	rig_zk_restrict(s->host.zk, "/pools/shop", false);
	services_register(app, "/pools/shop", s->backend[2]);
	eventually(NULL, services_are_applied(s) && services_count(s, "shop") == 3);
	assert_false(services_were_gone(s, "shop"));
	rig_zk_close(app);
}

/* --- registrations ---------------------------------------------------------------------------- */

#define NERVE "{\"path\":\"/nerve/web\",\"format\":\"nerve\"}"

static void register_nerve(struct rig_zk *app, const char *name, const char *host_text, int on)
{
	char path[64], json[128];

	snprintf(path, sizeof(path), "/nerve/web/%s", name);
	snprintf(json, sizeof(json), "{\"host\":\"%s\",\"port\":%d,\"name\":\"i\"}", host_text, on);
	rig_zk_set(app, path, json);
}

static void one_bad_registration_drops_no_other(void **state)
{
	struct rig_services *s = *state;

	services_upstream(s, "web", NERVE, "");
	services_site(s, CONFIG "/sites/web", s->port, "web");
	register_nerve(s->host.zk, "a", "127.0.0.1", s->backend[0]);
	register_nerve(s->host.zk, "b", "127.0.0.1; include /etc/passwd", s->backend[1]);
	register_nerve(s->host.zk, "c", "127.0.0.1", s->backend[2]);
	rig_host_start(&s->host);
	eventually(NULL, rig_host_has_problem(&s->host, "/nerve/web", "discovery", "absent",
					      "1 of 3 registrations"));
	assert_int_equal(rig_host_problem_count(&s->host), 1);
	assert_true(services_has_port(s, "web", s->backend[0]) &&
		    services_has_port(s, "web", s->backend[2]));
	assert_int_equal(services_count(s, "web"), 2);
	assert_null(strstr(rig_host_live(&s->host, "http.conf"), "passwd"));
	eventually(NULL, rig_host_is(&s->host, "degraded"));

	register_nerve(s->host.zk, "b", "127.0.0.1", s->backend[1]); /* corrected */
	eventually(NULL, services_are_applied(s) && services_count(s, "web") == 3);
	rig_zk_set(s->host.zk, "/nerve/web/a",
		   "{\"host\":"); /* a server that was good before stays */
	rig_zk_delete(s->host.zk, "/nerve/web/c");
	eventually(NULL, rig_host_has_problem(&s->host, "/nerve/web", "discovery", "previous",
					      "1 of 2 registrations"));
	eventually(NULL, services_count(s, "web") == 2);
	assert_true(services_has_port(s, "web", s->backend[0]) &&
		    services_has_port(s, "web", s->backend[1]));
	rig_zk_delete(s->host.zk, "/nerve/web/a");
	eventually(NULL, services_are_applied(s) && services_count(s, "web") == 1);
	assert_true(services_answer(s->port, 4));
}

/* --- the daemon goes, the registrations stay ---------------------------------------------------
 */

static void a_restart_of_the_daemon_reloads_nothing(void **state)
{
	struct rig_services *s = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));
	const char *before;
	unsigned reloads;

	services_upstream(s, "shop", POOL, "");
	services_site(s, CONFIG "/sites/shop", s->port, "shop");
	services_register(app, "/pools/shop", s->backend[0]);
	services_register(app, "/pools/shop", s->backend[1]);
	rig_host_start(&s->host);
	eventually(NULL, services_are_applied(s) && services_count(s, "shop") == 2);
	reloads = rig_nginx_reloads(&s->host.nginx);
	before = rig_host_live(&s->host, "http.conf");

	for (size_t i = 0; i < 2; i++) {
		rig_host_stop_daemon(&s->host, i ? SIGKILL : SIGTERM);
		rig_host_start_daemon(&s->host);
		eventually(NULL, rig_host_status_number(&s->host, "zookeeper.nodes") > 0);
		eventually(NULL, services_are_applied(s));
	}
	assert_string_equal(rig_host_live(&s->host, "http.conf"), before);
	assert_int_equal(rig_nginx_reloads(&s->host.nginx), reloads);

	/* all of them go while the daemon is down: it holds what nginx runs */
	rig_host_stop_daemon(&s->host, SIGKILL);
	rig_zk_close(app);
	rig_host_start_daemon(&s->host);
	eventually(NULL, rig_host_has_problem(&s->host, UPSTREAMS "/shop", "guard", "previous",
					      "2 of 2"));
	assert_string_equal(rig_host_live(&s->host, "http.conf"), before);
	assert_int_equal(rig_nginx_reloads(&s->host.nginx), reloads);
	assert_true(services_answer(s->port, 4));
}

/* Live since before the list was set; the metadata service is never one. */
static void only_listed_networks_become_servers(void **state)
{
	struct rig_services *s = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));
	char own[128];

	snprintf(own, sizeof(own), UPSTREAMS "/shop/127.0.0.1:%d", s->backend[1]);
	services_upstream(s, "shop", POOL, "");
	services_site(s, CONFIG "/sites/shop", s->port, "shop");
	rig_zk_create(s->host.zk, own, NULL); /* an operator's */
	services_register(app, "/pools/shop", s->backend[0]);
	rig_zk_create_ephemeral(app, "/pools/shop/10.0.0.9:80", "backup");
	rig_zk_create_ephemeral(app, "/pools/shop/169.254.169.254:80", NULL);
	rig_host_start(&s->host);
	eventually(NULL, services_count(s, "shop") == 3 && rig_host_is(&s->host, "degraded"));
	assert_false(services_has(s, "shop", "169.254.169.254:80"));
	assert_true(rig_host_has_problem(&s->host, "/pools/shop", "discovery", "absent",
					 "169.254.169.254:80, which is link-local"));

	rig_host_settings(&s->host, "discover: { networks = [ \"10.0.0.0/8\" ]; };");
	kill(s->host.daemon, SIGHUP);
	eventually(NULL, services_count(s, "shop") == 2 && rig_host_is(&s->host, "degraded"));
	assert_true(services_has(s, "shop", "10.0.0.9:80 backup"));
	eventually(NULL, rig_nginx_says(s->port, "two"));
	eventually(NULL, rig_host_has_problem(&s->host, "/pools/shop", "discovery", "absent",
					      "which is a loopback address: discover.networks in "
					      "the settings does not admit it"));

	rig_host_settings(&s->host,
			  "discover: { networks = [ \"10.0.0.0/8\", \"127.0.0.0/8\" ]; };");
	kill(s->host.daemon, SIGHUP);
	eventually(NULL, services_count(s, "shop") == 3);
	rig_zk_close(app);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, services_setup, services_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_format_becomes_servers),
		TEST(registrations_are_served_as_they_are_found),
		TEST(an_upstream_without_a_server_says_why),
		TEST(a_path_may_appear_vanish_and_return),
		TEST(a_change_of_path_never_passes_through_nothing),
		TEST(a_forbidden_path_keeps_its_last_good),
		TEST(one_bad_registration_drops_no_other),
		TEST(a_restart_of_the_daemon_reloads_nothing),
		TEST(only_listed_networks_become_servers),
	};

	return cmocka_run_group_tests_name("discovery", tests, NULL, NULL);
}
