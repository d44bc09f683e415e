/*
 * A change of hundreds of znodes that nginx refuses without a name, on a real ZooKeeper and a real
 * nginx. Each of the refused sites takes six tests at least, and the budget of tests is smaller
 * than all of them, so the search lasts for many minutes. What comes meanwhile does not wait for
 * its end.
 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "core/data/layout.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"
#define UPSTREAMS 200
#define SITES 100
/* More than the budget gives at once, and fewer than a whole search takes: SITES * 6. */
#define TESTS_MOST 400

static struct rig_host host;
static int port;

static int setup(void **state UNUSED)
{
	host = (struct rig_host){ 0 };
	rig_host_init(&host, "web1");
	port = rig_port();
	rig_zk_create(host.zk, CONFIG "/sites", NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

static void site_json(const char *name, const char *text, char *json, size_t size)
{
	snprintf(json, size,
		 "{\"listen\":[\"127.0.0.1:%d\"],\"server_names\":[\"%s.test\"],\"locations\":[{"
		 "\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"%s\"}}]}",
		 port, name, text);
}

static void push_site(const char *name, const char *text)
{
	char path[128], json[512];

	snprintf(path, sizeof(path), CONFIG "/sites/%s", name);
	site_json(name, text, json, sizeof(json));
	rig_zk_set(host.zk, path, json);
}

static bool answers(const char *name, const char *text)
{
	char server[128];
	const char *body;

	snprintf(server, sizeof(server), "%s.test", name);
	return rig_nginx_get(port, "/", server, &body) == 200 && strcmp(body, text) == 0;
}

static bool is_live_text(const char *words)
{
	const char *text = rig_host_live(&host, "http.conf");

	return text && strstr(text, words);
}

static void push_upstreams(void)
{
	char path[128];

	for (size_t i = 0; i < UPSTREAMS; i++) {
		snprintf(path, sizeof(path), CONFIG "/upstreams/up%zu", i);
		rig_zk_send_create(host.zk, path, "");
		snprintf(path, sizeof(path), CONFIG "/upstreams/up%zu/127.0.0.1:1", i);
		rig_zk_send_create(host.zk, path, "");
	}
}

static void bad_path(size_t i, char *path, size_t size)
{
	snprintf(path, size, CONFIG "/sites/bad%zu", i);
}

/* Their names are longer than a bucket of nginx's hash, and nginx names none of them. */
static void push_bad_sites(size_t count)
{
	char path[128], name[128], json[512];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name),
			 "ec2-52-10-27-%zu-staging-blue-0123456789.us-west-2.compute.internal."
			 "example-company",
			 i);
		site_json(name, "bad", json, sizeof(json));
		bad_path(i, path, sizeof(path));
		rig_zk_send_create(host.zk, path, json);
	}
}

static void delete_bad_sites(size_t count)
{
	char path[128];

	for (size_t i = 0; i < count; i++) {
		bad_path(i, path, sizeof(path));
		rig_zk_send_delete(host.zk, path);
	}
	assert_int_equal(rig_zk_drain(host.zk), 0);
}

static void start(void)
{
	rig_zk_create(host.zk, CONFIG "/upstreams/old/127.0.0.1:1", "");
	push_site("live", "live");
	rig_host_start(&host);
	eventually(NULL, answers("live", "live"));
}

/* The good part of the change is live, and the search goes on. */
static void push_change(void)
{
	push_upstreams();
	push_bad_sites(SITES);
	assert_int_equal(rig_zk_drain(host.zk), 0);
	eventually(NULL, is_live_text("upstream up199 {"));
}

static void start_search(void)
{
	start();
	push_change();
}

static long tests(void)
{
	return rig_host_status_number(&host, "nginx.tests");
}

static void a_correction_does_not_wait_for_the_end_of_the_search(void **state UNUSED)
{
	start_search();
	delete_bad_sites(SITES);
	push_site("fixed", "fixed");
	eventually(NULL, answers("fixed", "fixed"));
	eventually(NULL, rig_host_is(&host, "applied") && rig_host_problem_count(&host) == 0);
	assert_true(tests() < TESTS_MOST);
	assert_true(answers("live", "live"));
}

static void a_server_that_comes_does_not_wait_for_the_end_of_the_search(void **state UNUSED)
{
	start_search();
	rig_zk_create(host.zk, CONFIG "/upstreams/old/127.0.0.1:2", "");
	eventually(NULL, is_live_text("server 127.0.0.1:2"));
	assert_true(rig_host_problem_count(&host) < SITES);
	assert_true(tests() < TESTS_MOST);
}

/* nginx names none of the refused sites, and the new one comes after them in their order. */
static void a_new_site_does_not_wait_for_the_end_of_the_search(void **state UNUSED)
{
	start_search();
	push_site("fresh", "fresh");
	eventually(NULL, answers("fresh", "fresh"));
	push_site("fresh", "changed");
	eventually(NULL, answers("fresh", "changed"));
	assert_true(rig_host_problem_count(&host) < SITES);
	assert_true(tests() < TESTS_MOST);
}

static size_t drops(void)
{
	const char *at = rig_read(host.log);
	size_t n = 0;

	while ((at = strstr(at, "is dropped for a newer config"))) {
		at++;
		n++;
	}
	return n;
}

/* A site that nginx refuses, with other bytes each time. */
static void flap(void)
{
	static unsigned n;
	char text[16];

	snprintf(text, sizeof(text), "%u", n++);
	push_site("flap-52-10-27-203-staging-blue-0123456789-us-west-2-compute", text);
}

static bool flaps_until(bool condition)
{
	if (!condition)
		flap();
	return condition;
}

/* How many of the refused sites have their problem. */
static size_t found(void)
{
	json_t *status = rig_host_status(&host), *problem;
	size_t i, n = 0;

	json_array_foreach(json_object_get(status, "problems"), i, problem)
	{
		const char *znode = json_string_value(json_object_get(problem, "znode"));

		n += path_is_within(znode, CONFIG "/sites") &&
		     strncmp(path_name(znode), "bad", 3) == 0;
	}
	return n;
}

/* Each search has longer than the one before it (patience.h), and keeps what that one has found. */
static void a_client_that_writes_all_the_time_does_not_stop_the_search(void **state UNUSED)
{
	size_t before, dropped;

	start();
	flap();
	push_change();
	eventually(NULL, flaps_until(drops() > 0 && found() > 0));
	before = found();
	dropped = drops();
	eventually(NULL, flaps_until(drops() > dropped));
	assert_true(found() >= before);
	delete_bad_sites(SITES);
	push_site("fixed", "fixed");
	eventually(NULL, answers("fixed", "fixed"));
}

static void an_alert_tells_of_the_search_while_it_lasts(void **state UNUSED)
{
	start_search();
	eventually(NULL, rig_host_has_alert(&host, "config-search"));
	delete_bad_sites(SITES);
	eventually(NULL, rig_host_is(&host, "applied") && rig_host_problem_count(&host) == 0);
	eventually(NULL, !rig_host_has_alert(&host, "config-search"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_correction_does_not_wait_for_the_end_of_the_search),
		TEST(a_server_that_comes_does_not_wait_for_the_end_of_the_search),
		TEST(a_new_site_does_not_wait_for_the_end_of_the_search),
		TEST(a_client_that_writes_all_the_time_does_not_stop_the_search),
		TEST(an_alert_tells_of_the_search_while_it_lasts),
	};

	return cmocka_run_group_tests_name("long_search", tests, NULL, NULL);
}
