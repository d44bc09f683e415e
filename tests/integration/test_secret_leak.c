/* A value that may be a secret, and is refused, is nowhere but in its znode and in files of root.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <zknginx/err.h>

#include "rig_ctl.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"
#define SECRET "S3cr3tT0ken-0123456789"
#define LOCATION "\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/\",%s}]"

static struct rig_host host;
static int port;

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	port = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	rig_host_set_site(&host, port, "one");
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

static void put_site(const char *name, const char *location)
{
	char path[128], json[1024];

	snprintf(path, sizeof(path), CONFIG "/sites/%s", name);
	snprintf(json, sizeof(json), "{" LOCATION "}", rig_port(), location);
	rig_zk_set(host.zk, path, json);
}

/* What the decoder and the policy refuse. */
static void put_refused(void)
{
	put_site("header",
		 "\"proxy\":\"app\",\"request_headers\":{\"Authorization\":\"Basic " SECRET
		 "\\u0001\"}");
	put_site("variable",
		 "\"proxy\":\"app\",\"request_headers\":{\"Authorization\":\"Basic a$" SECRET
		 "\"}");
	put_site("line", "\"proxy\":\"app\",\"request_headers\":{\"X-Key: " SECRET "\":\"x\"}");
	put_site("answer", "\"return\":{\"status\":200,\"text\":\"" SECRET "\\u0001\"}");
	rig_zk_set(host.zk, CONFIG "/sites/json", "{\"listen\": \"" SECRET "\" \"" SECRET "\"}");
	rig_zk_set(host.zk, CONFIG "/upstreams/app", "");
	rig_zk_create(host.zk, CONFIG "/upstreams/app/127.0.0.1:1", "password=" SECRET);
	rig_zk_set(host.zk, CONFIG "/snippets/http/word", SECRET " on;\n");
	rig_zk_set(host.zk, CONFIG "/snippets/http/lower", "s3cr3t0token0123 on;\n");
}

static void expect_absent(const char *where, const char *text)
{
	const char *at = strstr(text, "S3cr3tT0") ?: strstr(text, "s3cr3t0token0123");

	if (at)
		fail_msg("%s has the secret: …%.200s", where,
			 at - (at - text > 80 ? 80 : at - text));
}

static void expect_no_leak(void)
{
	char *report = rig_zk_get(host.zk, "/nginx/cluster/reports/web1");

	expect_absent("the log", rig_read(host.log));
	expect_absent("status.json", rig_read(rig_path("web1/state/status.json")));
	assert_non_null(report);
	expect_absent("the report znode", report);
	report = rig_zk_get(host.zk, "/nginx/cluster/members/web1");
	expect_absent("the member znode", report ?: "");
}

static void a_refused_value_is_not_echoed(void **state UNUSED)
{
	struct rig_ctl_result r;
	char *output;

	rig_host_settings(&host, "log: { level = \"debug\"; };");
	put_refused();
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, rig_host_problem_count(&host) >= 7);
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/sites/header", "field", "absent",
					      "bytes are not shown) contains a control character"));
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/sites/variable", "field", "absent",
					      "bytes are not shown), which is neither a variable"));
	eventually(NULL, rig_zk_exists(host.zk, "/nginx/cluster/reports/web1"));
	expect_no_leak();

	rig_host_run(&host, &output, "--dry-run", NULL);
	expect_absent("--dry-run", output);
	r = rig_ctl(host.settings, "problems", NULL);
	expect_absent("zknginxctl problems", r.out);
	r = rig_ctl(host.settings, "pull", rig_path("dir"), NULL);
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl(host.settings, "lint", rig_path("dir"), NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.out, "bytes are not shown"));
	expect_absent("zknginxctl lint", r.out);
	expect_absent("zknginxctl lint", r.err);
}

static void a_value_that_nginx_quotes_is_not_echoed(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_host_settings(&host, "log: { level = \"debug\"; };");
	rig_zk_set(host.zk, CONFIG "/snippets/http/value", "gzip \"" SECRET "\";\n");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/snippets/http/value", "nginx",
					      "absent", "in \"gzip\" directive"));
	eventually(NULL, rig_zk_exists(host.zk, "/nginx/cluster/reports/web1"));
	expect_no_leak();
	r = rig_ctl(host.settings, "pull", rig_path("dir"), NULL);
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl(host.settings, "lint", rig_path("dir"), NULL);
	rig_ctl_assert_code(&r, 1);
	expect_absent("zknginxctl lint", r.out);
	expect_absent("zknginxctl lint", r.err);
}

static unsigned mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(rig_path("web1/state/%s", name), &st), 0);
	return st.st_mode & 07777;
}

static void files_with_configuration_are_not_readable_by_all(void **state UNUSED)
{
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, rig_host_is(&host, "applied"));
	assert_int_equal(mode_of("live/http.conf"), 0640);
	assert_int_equal(mode_of("live/stream.conf"), 0640);
	assert_int_equal(mode_of("live/tree.txt"), 0600);
	assert_int_equal(mode_of("config.tree"), 0600);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_refused_value_is_not_echoed),
		TEST(a_value_that_nginx_quotes_is_not_echoed),
		TEST(files_with_configuration_are_not_readable_by_all),
	};

	return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
