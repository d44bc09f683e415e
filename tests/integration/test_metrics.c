/*
 * The pages of a real daemon, looked at by Prometheus' own promtool; and the alerting rules with
 * their tests.
 */
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_host.h"

#define CONFIG "/nginx/config"

static struct rig_host host;
static int port, metrics;

static void start(void)
{
	rig_host_settings(&host, rig_text("metrics = { listen = \"127.0.0.1:%d\"; };", metrics));
	rig_zk_set(host.zk, CONFIG "/upstreams/shop", "");
	rig_zk_create(host.zk, CONFIG "/upstreams/shop/127.0.0.1:1", NULL);
	rig_zk_create(host.zk, CONFIG "/upstreams/shop/127.0.0.1:2", "down");
	rig_host_set_site(&host, port, "one");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, rig_host_is(&host, "applied"));
}

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	port = rig_port();
	metrics = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

/* The status of the answer, and its body in *body. */
static int get(const char *path, const char *accept, char **body)
{
	char *url = rig_text("http://127.0.0.1:%d%s", metrics, path);
	char *header = rig_text("Accept: %s", accept);
	char *file = rig_path("page"), *status = NULL;
	char *argv[] = { "curl",     "--silent", "--noproxy", "*",           "--output",     file,
			 "--header", header,     url,         "--write-out", "%{http_code}", NULL };
	int code;

	assert_int_equal(rig_run(&status, argv), 0);
	code = atoi(status);
	*body = rig_read(file);
	return code;
}

static bool page_has(const char *path, const char *words)
{
	char *body;

	return get(path, "*/*", &body) == 200 && strstr(body, words);
}

static void assert_promtool(const char *command)
{
	char *argv[] = { "sh", "-c", (char *)command, NULL }, *output = NULL;
	int rc = rig_run(&output, argv);

	if (rc != 0)
		fail_msg("%s: exit status %d: %s", command, rc, output);
}

static void promtool_finds_nothing_wrong_with_the_metrics(void **state UNUSED)
{
	char *body;

	start();
	eventually(NULL, page_has("/metrics", "zknginx_deployments_total{outcome=\"applied\"} "));
	assert_int_equal(get("/metrics", "*/*", &body), 200);
	rig_write(rig_path("metrics"), "%s", body);
	assert_promtool(rig_text("promtool check metrics <%s 2>&1", rig_path("metrics")));
	assert_non_null(strstr(body, "zknginx_upstream_servers{upstream=\"shop\"} 2\n"));
	assert_non_null(strstr(body, "zknginx_upstream_usable{upstream=\"shop\"} 1\n"));
	assert_non_null(strstr(body, "zknginx_zookeeper_session_state{state=\"connected\"} 1\n"));
	assert_null(strstr(body, "zknginx_zookeeper_received_bytes_total 0\n"));
	assert_null(strstr(body, "zknginx_zookeeper_zxid 0\n"));
	assert_null(strstr(body, "nginx_resident_memory_bytes{process=\"workers\"} 0\n"));
	assert_int_equal(get("/metrics", "application/openmetrics-text;version=1.0.0", &body), 200);
	assert_non_null(strstr(body, "# TYPE zknginx_build info\n"));
}

static void promtool_accepts_the_alerting_rules_and_their_tests(void **state UNUSED)
{
	assert_promtool("promtool check rules conf/prometheus/alerts.yml 2>&1");
	assert_promtool("promtool test rules conf/prometheus/alerts_test.yml 2>&1");
}

/* A query of the dashboard as the expression of a rule; Grafana's intervals become five minutes. */
static void put_rule(struct buf *rules, size_t number, const char *query)
{
	buf_printf(rules, "  - record: query:%zu\n    expr: >-\n      ", number);
	while (*query) {
		size_t plain = strcspn(query, "$");

		buf_put(rules, query, plain);
		query += plain;
		if (strncmp(query, "$__", 3) == 0) {
			buf_puts(rules, "5m");
			query += 3 + strspn(query + 3, "abcdefghijklmnopqrstuvwxyz_");
		} else if (*query) {
			buf_putc(rules, *query++);
		}
	}
	buf_putc(rules, '\n');
}

static void promtool_can_read_each_query_of_the_dashboard(void **state UNUSED)
{
	json_auto_t *dashboard = json_load_file("conf/grafana/zknginx.json", 0, NULL);
	CLEANUP(buf_fini) struct buf rules = BUF_INIT;
	const json_t *panel, *target;
	size_t i, t, count = 0;

	assert_non_null(dashboard);
	buf_puts(&rules, "groups:\n- name: dashboard\n  rules:\n");
	json_array_foreach(json_object_get(dashboard, "panels"), i, panel)
	{
		json_array_foreach(json_object_get(panel, "targets"), t, target) put_rule(
			&rules, count++, json_string_value(json_object_get(target, "expr")));
	}
	assert_true(count > 30);
	rig_write(rig_path("rules.yml"), "%s", buf_str(&rules));
	assert_promtool(rig_text("promtool check rules %s 2>&1", rig_path("rules.yml")));
}

static void
the_log_and_the_status_say_what_caused_a_deployment_and_how_long_it_took(void **state UNUSED)
{
	char *log, *line;

	start();
	rig_host_set_site(&host, port, "two");
	eventually(NULL, rig_nginx_says(port, "two"));
	eventually(NULL, page_has("/status", "\"text\": \"this edit took "));
	eventually(NULL, page_has("/metrics", "zknginx_change_duration_seconds_count "));
	log = rig_read(host.log);
	line = strstr(log, "change: zxid=0x");
	assert_non_null(line);
	assert_non_null(strstr(line, " znode=" CONFIG "/sites/s znodes=1 "));
	assert_non_null(strstr(line, " kind=reload result=applied total_ms="));
}

/* nginx refuses one of two changes; a search deploys the other one. */
static void
a_change_of_which_nginx_refuses_a_part_is_traced_until_the_rest_is_served(void **state UNUSED)
{
	char *log;

	rig_zk_create(host.zk, CONFIG "/snippets/http", "");
	start();
	rig_host_set_site(&host, port, "two");
	eventually(NULL, page_has("/metrics", "zknginx_change_duration_seconds_count 1\n"));
	rig_zk_send_create(host.zk, CONFIG "/snippets/http/bad", "client_body_timeout never;\n");
	rig_host_set_site(&host, port, "three");
	eventually(NULL, rig_nginx_says(port, "three"));
	eventually(NULL, page_has("/metrics", "zknginx_change_duration_seconds_count 2\n"));
	log = rig_read(host.log);
	assert_non_null(strstr(log, " result=refused total_ms="));
}

static void a_host_is_ready_as_long_as_its_nginx_serves(void **state UNUSED)
{
	char *body;

	start();
	assert_int_equal(get("/healthz", "*/*", &body), 200);
	eventually(NULL, get("/readyz", "*/*", &body) == 200);
	rig_zookeeper_kill(host.zookeeper);
	eventually(NULL, page_has("/status", "\"state\": \"disconnected\""));
	assert_int_equal(get("/readyz", "*/*", &body), 200);
	rig_nginx_stop(&host.nginx);
	eventually(NULL, get("/readyz", "*/*", &body) == 503);
	assert_string_equal(body, "nginx does not run\n");
	assert_int_equal(get("/healthz", "*/*", &body), 200);
}

static void the_pages_are_served_on_a_unix_socket(void **state UNUSED)
{
	char *path = rig_path("metrics.sock"), *output = NULL;
	char *argv[] = { "curl", "--silent", "--unix-socket", path, "http://zknginx/status", NULL };

	rig_host_settings(&host, rig_text("metrics = { listen = \"unix:%s\"; };", path));
	rig_host_start(&host);
	assert_int_equal(rig_run(&output, argv), 0);
	assert_non_null(strstr(output, "\"host\": \"web1\""));
	rig_host_stop_daemon(&host, SIGTERM);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(promtool_finds_nothing_wrong_with_the_metrics),
		cmocka_unit_test(promtool_accepts_the_alerting_rules_and_their_tests),
		cmocka_unit_test(promtool_can_read_each_query_of_the_dashboard),
		TEST(the_log_and_the_status_say_what_caused_a_deployment_and_how_long_it_took),
		TEST(a_change_of_which_nginx_refuses_a_part_is_traced_until_the_rest_is_served),
		TEST(a_host_is_ready_as_long_as_its_nginx_serves),
		TEST(the_pages_are_served_on_a_unix_socket),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
