/* Checks of servers: a real ZooKeeper, a real nginx, and backends that fail in all ways. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_backends.h"
#include "rig_certificate.h"
#include "rig_ctl.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"
#define BACKENDS 4
#define FAST "\"interval\":\"100ms\",\"timeout\":\"80ms\",\"fall\":2,\"rise\":2"

static struct rig_host host;
static struct rig_backends *backends;
static int port;

/* --- the config ------------------------------------------------------------------------------- */

static const char *server_of(size_t i)
{
	return rig_text("127.0.0.1:%d", rig_backend_port(backends, i));
}

static void set_policy(const char *policy)
{
	rig_zk_set(host.zk, CONFIG "/upstreams/app", policy);
}

/* An upstream of all backends with this check, and a site. */
static void start(const char *check)
{
	set_policy(rig_text("{\"check\":{%s}}", check));
	for (size_t i = 0; i < BACKENDS; i++)
		rig_zk_set(host.zk, rig_text(CONFIG "/upstreams/app/%s", server_of(i)), "");
	rig_zk_set(host.zk, CONFIG "/sites/s",
		   rig_text("{\"listen\":[%d],\"locations\":[{\"path\":\"/\",\"proxy\":\"app\"}]}",
			    port));
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
	rig_host_assert_no_problems(&host);
}

/* --- what is seen ----------------------------------------------------------------------------- */

static bool is_down_at(const char *server)
{
	const char *live = rig_host_live(&host, "http.conf");

	return live && strstr(live, rig_text("server %s down;", server));
}

static bool is_down(size_t i)
{
	return is_down_at(server_of(i));
}

static bool is_up(size_t i)
{
	const char *live = rig_host_live(&host, "http.conf");

	return live && strstr(live, rig_text("server %s;", server_of(i)));
}

static json_t *check_of(const char *server)
{
	json_t *list = json_object_get(rig_host_status(&host), "checks"), *check;
	size_t i;

	json_array_foreach(list, i, check)
	{
		if (strcmp(json_string_value(json_object_get(check, "server")), server) == 0)
			return check;
	}
	return NULL;
}

/* Does the status say this of the server? */
static bool is_found_at(const char *server, const char *state, const char *found)
{
	json_t *check = check_of(server);

	return check && strcmp(json_string_value(json_object_get(check, "state")), state) == 0 &&
	       strstr(json_string_value(json_object_get(check, "found")), found);
}

static bool is_found(size_t i, const char *state, const char *found)
{
	return is_found_at(server_of(i), state, found);
}

static bool all_pass(void)
{
	for (size_t i = 0; i < BACKENDS; i++) {
		if (!is_found(i, "passing", "") || !is_up(i))
			return false;
	}
	return rig_host_is(&host, "applied");
}

/* --- out and in ------------------------------------------------------------------------------- */

static void assert_out_and_in(enum rig_backend_mode mode, const char *found)
{
	rig_backend_set(backends, 1, mode);
	eventually(NULL, is_down(1) && is_found(1, "failing", found));
	eventually(NULL, rig_host_is(&host, "applied"));
	assert_true(is_up(0) && is_up(2) && is_up(3));
	rig_backend_set(backends, 1, BACKEND_ANSWERS);
	eventually(NULL, all_pass());
}

static void a_server_that_fails_is_taken_out_until_it_recovers(void **state UNUSED)
{
	start(FAST);
	eventually(NULL, all_pass());
	assert_out_and_in(BACKEND_FAILS, "answers with status 500");
	assert_out_and_in(BACKEND_HANGS, "does not answer in time");
	assert_out_and_in(BACKEND_RESETS, "Connection reset");
	assert_out_and_in(BACKEND_DRIPS, "does not answer in time");
	assert_out_and_in(BACKEND_BABBLES, "does not answer in HTTP");
	rig_host_assert_no_problems(&host);
}

static void requests_go_to_the_servers_that_pass(void **state UNUSED)
{
	unsigned long before;

	start(FAST);
	eventually(NULL, all_pass());
	rig_backend_set(backends, 0, BACKEND_HANGS);
	eventually(NULL, is_down(0) && rig_host_is(&host, "applied"));
	before = rig_backend_visits(backends, 0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(rig_nginx_get(port, "/", NULL, NULL), 200);
	assert_int_equal(rig_backend_visits(backends, 0), before);
	assert_true(rig_backend_visits(backends, 1) > 0);
}

static void a_server_that_refuses_connections_is_taken_out(void **state UNUSED)
{
	const char *closed = rig_text("127.0.0.1:%d", rig_port());

	start("\"type\":\"tcp\"," FAST);
	eventually(NULL, all_pass());
	rig_zk_set(host.zk, rig_text(CONFIG "/upstreams/app/%s", closed), "");
	eventually(NULL, is_down_at(closed));
	eventually(NULL, is_found_at(closed, "failing", "Connection refused"));
	assert_true(is_found(0, "passing", "accepts connections"));
	assert_int_equal(rig_backend_checks(backends, 0), 0);
}

static void another_port_can_be_checked(void **state UNUSED)
{
	start(rig_text("\"port\":%d," FAST, rig_backend_port(backends, 3)));
	eventually(NULL, all_pass());
	assert_int_equal(rig_backend_checks(backends, 0), 0);
	rig_backend_set(backends, 3, BACKEND_FAILS);
	eventually(NULL, is_found(0, "failing", "500") && is_found(1, "failing", "500"));
	eventually(NULL, rig_host_has_alert(&host, "upstream-checks-panic"));
}

/* --- panic ------------------------------------------------------------------------------------ */

static void when_more_than_half_fail_all_stay_in_use(void **state UNUSED)
{
	start(FAST);
	eventually(NULL, all_pass());
	rig_backend_set(backends, 0, BACKEND_FAILS);
	rig_backend_set(backends, 1, BACKEND_FAILS);
	eventually(NULL, is_down(0) && is_down(1));
	assert_false(rig_host_has_alert(&host, "upstream-checks-panic"));
	rig_backend_set(backends, 2, BACKEND_FAILS);
	eventually(NULL, rig_host_has_alert(&host, "upstream-checks-panic"));
	eventually(NULL, is_up(0) && is_up(1) && is_up(2) && is_up(3));
	assert_true(is_found(2, "failing", "500"));
	rig_backend_set(backends, 2, BACKEND_ANSWERS);
	eventually(NULL, is_down(0) && is_down(1) && is_up(2));
	eventually(NULL, !rig_host_has_alert(&host, "upstream-checks-panic"));
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Three checks of the other server show that the time for one has passed. */
static void wait_for_checks(size_t of)
{
	unsigned long before = rig_backend_checks(backends, of);

	eventually(NULL, rig_backend_checks(backends, of) >= before + 3);
}

static void a_removed_server_is_not_checked_any_more(void **state UNUSED)
{
	unsigned long before;

	start(FAST);
	eventually(NULL, all_pass());
	rig_zk_delete(host.zk, rig_text(CONFIG "/upstreams/app/%s", server_of(0)));
	eventually(NULL, !is_up(0) && !check_of(server_of(0)) && rig_host_is(&host, "applied"));
	before = rig_backend_checks(backends, 0);
	wait_for_checks(1);
	assert_int_equal(rig_backend_checks(backends, 0), before);
	rig_zk_set(host.zk, CONFIG "/upstreams/other", "{\"check\":{" FAST "}}");
	rig_zk_set(host.zk, rig_text(CONFIG "/upstreams/other/%s", server_of(0)), "");
	eventually(NULL, rig_backend_checks(backends, 0) > before);
	set_policy("{}");
	eventually(NULL, !check_of(server_of(1)));
	before = rig_backend_checks(backends, 1);
	wait_for_checks(0);
	assert_int_equal(rig_backend_checks(backends, 1), before);
}

static void a_restart_of_the_daemon_keeps_a_failing_server_out(void **state UNUSED)
{
	unsigned reloads;

	start(FAST);
	eventually(NULL, all_pass());
	rig_backend_set(backends, 1, BACKEND_HANGS);
	eventually(NULL, is_down(1) && rig_host_is(&host, "applied"));
	rig_host_stop_daemon(&host, SIGKILL);
	reloads = rig_nginx_reloads(&host.nginx);
	rig_host_start_daemon(&host);
	eventually(NULL, is_found(1, "failing", "does not answer in time"));
	eventually(NULL, rig_host_is(&host, "applied"));
	assert_true(is_down(1));
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads);
}

/* The znodes stay the same while checks make generations. */
static void generations_of_checks_have_the_last_good_forms(void **state UNUSED)
{
	char *output;

	host.state_settings = "keep = 1;";
	rig_host_settings(&host, NULL);
	start(FAST);
	eventually(NULL, all_pass());
	assert_out_and_in(BACKEND_FAILS, "answers with status 500");
	rig_backend_set(backends, 1, BACKEND_FAILS);
	eventually(NULL, is_down(1) && rig_host_is(&host, "applied"));
	assert_int_equal(rig_host_run(&host, &output, "--dry-run", NULL), 0);
	assert_null(strstr(output, "@@"));
	rig_host_stop_daemon(&host, SIGKILL);
	set_policy("{\"balance\":\"unheard of\"}");
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/upstreams/app", "field", "previous",
					      "is not round_robin"));
	assert_true(is_down(1) && is_up(0));
	assert_int_equal(rig_nginx_get(port, "/", NULL, NULL), 200);
}

/* --- TLS -------------------------------------------------------------------------------------- */

static void servers_with_tls_are_checked_over_tls(void **state UNUSED)
{
	int tls = rig_port();
	char *certificate = rig_path("tls.crt"), *key = rig_path("tls.key");

	rig_certificate(certificate, key, "shop.example.com", 10);
	host.nginx.http_text =
		rig_text("server { listen 127.0.0.1:%d ssl; ssl_certificate %s; "
			 "ssl_certificate_key %s; location / { return 200 $ssl_server_name; } "
			 "location /no { return 503; } }",
			 tls, certificate, key);
	rig_nginx_configure(&host.nginx);
	rig_zk_create(host.zk, "/services", "");
	rig_zk_create(host.zk, "/services/app", "");
	rig_zk_create(host.zk, rig_text("/services/app/127.0.0.1:%d", tls), "");
	rig_zk_set(host.zk, CONFIG "/upstreams/secure",
		   "{\"discover\":{\"path\":\"/services/app\",\"format\":\"address\","
		   "\"tls\":\"only\"},\"check\":{\"host\":\"shop.example.com\"," FAST "}}");
	start(FAST);
	eventually(NULL, is_found_at(rig_text("127.0.0.1:%d", tls), "passing", "status 200"));
	rig_zk_set(host.zk, CONFIG "/upstreams/secure",
		   "{\"discover\":{\"path\":\"/services/app\",\"format\":\"address\","
		   "\"tls\":\"only\"},\"check\":{\"path\":\"/no\"," FAST "}}");
	eventually(NULL, is_found_at(rig_text("127.0.0.1:%d", tls), "failing", "status 503"));
}

/* --- what people see -------------------------------------------------------------------------- */

/* The command reads the reports of the hosts in ZooKeeper. */
static bool is_shown(const char *server)
{
	struct rig_ctl_result r = rig_ctl(host.settings, "upstreams", "app", NULL);

	return r.code == 0 &&
	       strstr(r.out, rig_text("check on web1: %s answers with status 500, failing since",
				      server)) &&
	       strstr(r.out, "; nginx does not use it") &&
	       strstr(r.out, rig_text("checks on web1: %d pass, 1 fails", BACKENDS - 1)) &&
	       strstr(r.out,
		      "slow_start 30s on web1: no effect: no worker of nginx has the module");
}

static void assert_shown(const char *server)
{
	eventually(NULL, is_shown(server));
}

static void the_status_and_the_command_say_what_was_found(void **state UNUSED)
{
	start(FAST);
	set_policy("{\"slow_start\":\"30s\",\"check\":{" FAST "}}");
	eventually(NULL, all_pass());
	rig_backend_set(backends, 2, BACKEND_FAILS);
	eventually(NULL, is_down(2) && is_found(2, "failing", "500"));
	eventually(NULL, json_is_true(json_object_get(check_of(server_of(2)), "down")));
	assert_true(json_is_string(json_object_get(check_of(server_of(2)), "since")));
	assert_shown(server_of(2));
	assert_int_equal(rig_host_status_number(&host, "check_count"), BACKENDS);
	assert_int_equal(rig_host_status_number(&host, "checker.failing"), 1);
	assert_int_equal(rig_host_status_number(&host, "checker.passing"), BACKENDS - 1);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(rig_host_status(&host), "slow_starts"), 0),
			"state")),
		"no effect: no worker of nginx has the module");
}

/* --- zones ------------------------------------------------------------------------------------ */

/* nginx takes another size of a zone at a reload. */
static void a_zone_grows_with_a_reload(void **state UNUSED)
{
	start(FAST);
	assert_non_null(strstr(rig_host_live(&host, "http.conf"), "zone upstream/app 64k;"));
	for (unsigned i = 1; i <= 60; i++)
		rig_zk_set(host.zk, rig_text(CONFIG "/upstreams/app/127.0.9.%u:9", i), "backup");
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "server 127.0.9.60:9 backup;"));
	/* how large it is now depends on how many servers came at once */
	assert_null(strstr(rig_host_live(&host, "http.conf"), "zone upstream/app 64k;"));
	eventually(NULL, rig_host_is(&host, "applied"));
	rig_host_assert_no_problems(&host);
	assert_int_equal(rig_nginx_get(port, "/", NULL, NULL), 200);
}

static int setup(void **state UNUSED)
{
	host = (struct rig_host){ 0 };
	rig_host_init(&host, "web1");
	backends = rig_backends_start(BACKENDS);
	port = rig_port();
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_backends_stop(TAKE(backends));
	rig_clean();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_server_that_fails_is_taken_out_until_it_recovers),
		TEST(requests_go_to_the_servers_that_pass),
		TEST(a_server_that_refuses_connections_is_taken_out),
		TEST(another_port_can_be_checked),
		TEST(when_more_than_half_fail_all_stay_in_use),
		TEST(a_removed_server_is_not_checked_any_more),
		TEST(a_restart_of_the_daemon_keeps_a_failing_server_out),
		TEST(generations_of_checks_have_the_last_good_forms),
		TEST(servers_with_tls_are_checked_over_tls),
		TEST(the_status_and_the_command_say_what_was_found),
		TEST(a_zone_grows_with_a_reload),
	};

	return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
