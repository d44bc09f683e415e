/*
 * What the sandbox keeps from the host, and the host from the sandbox: with a real
 * nginx, and, where the question is who and where the process is, with a script in
 * nginx's place that says so.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_sandbox.h"

static int set_up(void **state)
{
	*state = host_new();
	return 0;
}

static int tear_down(void **state)
{
	host_free(*state);
	rig_clean();
	return 0;
}

static const struct verdict *test(struct host *h)
{
	return host_test(h, SANDBOX_NAMESPACE);
}

static void assert_passed(const struct verdict *v)
{
	if (!v->passed)
		fail_msg("%s", v->text);
}

static void assert_says(const struct verdict *v, const char *text)
{
	if (!strstr(v->text, text))
		fail_msg("expected \"%s\" in: %s", text, v->text);
}

/* A script in nginx's place; what it writes is the verdict's text. `nginx -V` runs outside. */
static void replace_nginx(struct host *h, const char *script)
{
	h->settings.binary = rig_path("script");
	rig_write(h->settings.binary, "#!/bin/sh\ntest $1 = -V && exit\nexec >&2\n%s\n", script);
	if (chmod(h->settings.binary, 0755) < 0)
		die("chmod: %m");
}

/* --- nothing is left on the host -------------------------------------------------------------- */

static void a_test_leaves_nothing_behind(void **state)
{
	struct host *h = *state;
	const char *before = host_listing(rig_directory());

	assert_passed(test(h));
	assert_string_equal(host_listing(rig_directory()), before);
}

static void standard_places_stay_as_they_are(void **state)
{
	struct host *h = *state;
	const char *const places[] = { "/run", "/var/log", "/var/lib/nginx", "/var/cache" };
	const char *before[ARRAY_SIZE(places)];

	h->settings.log_directory = "/var/log/nginx";
	rig_write(h->settings.config,
		  "pid /run/zknginx-test.pid; error_log /var/log/nginx/zknginx-test.log;\n"
		  "events {} http { access_log /var/log/nginx/zknginx-test-access.log;\n%s }\n",
		  host_include(h));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		before[i] = host_listing(places[i]);
	assert_passed(test(h));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		assert_string_equal(host_listing(places[i]), before[i]);
}

static void a_candidate_cannot_write_outside(void **state)
{
	static const char *const attacks[] = {
		"access_log /etc/cron.d/zknginx-test;",
		"proxy_cache_path /etc/zknginx-test keys_zone=a:1m;",
		"server { client_body_temp_path \"/etc/zknginx-test\"; }",
		"error_log /root/zknginx-test;",
		"server { listen unix:/etc/zknginx-test; }",
	};
	struct host *h = *state;

	for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
		host_stage(h, "%s\n", attacks[i]);
		assert_false(test(h)->passed);
		assert_says(&h->verdict, "Read-only file system");
		assert_int_not_equal(access("/etc/cron.d/zknginx-test", F_OK), 0);
		assert_int_not_equal(access("/etc/zknginx-test", F_OK), 0);
		assert_int_not_equal(access("/root/zknginx-test", F_OK), 0);
	}
}

/* Were it opened up as a log of the host's own, the candidate would pass. */
static void a_file_that_the_candidate_names_is_not_opened_up(void **state)
{
	struct host *h = *state;

	rig_write(rig_path("etc/precious"), "precious\n");
	host_stage(h, "access_log '%s';\n", rig_path("etc/precious"));
	assert_false(test(h)->passed);
	assert_says(&h->verdict, "etc/precious\" failed");
	assert_string_equal(rig_read(rig_path("etc/precious")), "precious\n");
}

static void a_live_socket_survives(void **state)
{
	struct host *h = *state;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = rig_path("run/live.sock");
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *before;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 1), 0);
	before = host_listing(path);
	host_stage(h, "server { listen unix:%s; }\n", path);
	assert_passed(test(h));
	assert_string_equal(host_listing(path), before);
	assert_int_equal(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
	close(client);
	close(listener);
}

/* --- the host's own configuration works ------------------------------------------------------- */

static void a_log_in_an_odd_directory_is_learned(void **state)
{
	struct host *h = *state;
	const char *before;

	assert_int_equal(mkdir(rig_path("odd"), 0755), 0);
	rig_write(rig_path("odd/old.log"), "a line\n");
	rig_write(rig_path("odd/mime.conf"), "default_type text/plain;\n");
	host_configure(h, "", host_include(h));
	rig_write(h->settings.config,
		  "pid %s/odd/nginx.pid; error_log %s/odd/old.log; events {}\n"
		  "http { access_log %s/odd/new.log; include %s/odd/mime.conf; %s }\n",
		  rig_directory(), rig_directory(), rig_directory(), rig_directory(),
		  host_include(h));
	before = host_listing(rig_path("odd"));
	assert_passed(test(h));
	assert_true(h->verdict.http_included);
	assert_string_equal(host_listing(rig_path("odd")), before);
	assert_passed(test(h));
}

static void a_log_may_be_standard_error(void **state)
{
	struct host *h = *state;

	rig_write(h->settings.config,
		  "pid %s/run/nginx.pid; error_log /dev/stderr; events {}\n"
		  "http { access_log /dev/stdout; %s }\n",
		  rig_directory(), host_include(h));
	assert_passed(test(h));
	assert_true(h->verdict.http_included);
}

static void logs_in_directories_below_the_logs_work(void **state)
{
	struct host *h = *state;

	rig_write(rig_path("logs/sub/site.log"), "a line\n");
	host_stage(h, "access_log %s/sub/site.log;\n", h->logs);
	assert_passed(test(h));
	assert_string_equal(rig_read(rig_path("logs/sub/site.log")), "a line\n");
}

static void caches_work_below_the_cache_directory(void **state)
{
	struct host *h = *state;

	host_stage(h, "proxy_cache_path %s/one keys_zone=a:1m use_temp_path=off;\n", h->cache);
	assert_passed(test(h));
	assert_int_not_equal(access(rig_path("state/cache/one"), F_OK), 0);
}

/* resolv.conf of systemd-resolved, certificates of systemd's credentials: all below /run. */
static void what_lies_beside_the_pid_file_stays_readable(void **state)
{
	struct host *h = *state;

	assert_int_equal(mkdir(rig_path("run/systemd"), 0755), 0);
	rig_write(rig_path("run/systemd/a.conf"), "default_type text/plain;\n");
	rig_write(rig_path("run/nginx.pid"), "1\n");
	host_stage(h, "include %s/run/systemd/*.conf;\n", rig_directory());
	assert_passed(test(h));
	replace_nginx(h, "cat $(dirname $0)/run/systemd/a.conf; exit 0");
	assert_int_equal(host_open(h, SANDBOX_NAMESPACE, NULL), 0);
	test(h);
	assert_string_equal(h->verdict.text, "default_type text/plain;\n");
}

static void the_pid_file_may_lie_beside_nginx_conf(void **state)
{
	struct host *h = *state;

	h->settings.pid = rig_path("etc/nginx.pid");
	h->settings.log_directory = rig_path("etc");
	rig_write(rig_path("etc/nginx.pid"), "1\n");
	rig_write(rig_path("etc/conf.d/a.conf"), "%s", host_include(h));
	rig_write(h->settings.config,
		  "pid %s; error_log %s/etc/error.log; events {}\n"
		  "http { access_log off; include conf.d/*.conf; }\n",
		  h->settings.pid, rig_directory());
	assert_passed(test(h));
	assert_true(h->verdict.http_included);
}

/* --- whoever renames the link meanwhile ------------------------------------------------------- */

static void republish(const char *target)
{
	assert_int_equal(symlink(target, rig_path("state/.live")), 0);
	assert_int_equal(rename(rig_path("state/.live"), rig_path("state/live")), 0);
}

/* nginx waits in open() of a FIFO in front of our include, until the link has changed. */
static void a_link_replaced_meanwhile_does_not_matter(void **state)
{
	struct host *h = *state;
	const char *fifo = rig_path("etc/conf.d/fifo.conf");
	CLEANUP(freep) char *body = xasprintf("include conf.d/*.conf; %s", host_include(h));
	int fd = -1;

	assert_passed(test(h)); /* learns what there is to learn: the FIFO gives way but once */
	assert_int_equal(mkfifo(fifo, 0644), 0);
	host_configure(h, "", body);
	host_begin(h, SANDBOX_NAMESPACE);
	eventually(h->loop, (fd = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0);
	assert_false(h->verdict.over);
	assert_int_equal(mkdir(rig_path("state/generations/3"), 0755), 0);
	rig_write(rig_path("state/generations/3/http.conf"), "the_wrong_file_was_read;\n");
	republish("generations/3");
	close(fd);
	eventually(h->loop, h->verdict.over);
	assert_passed(&h->verdict);
	assert_true(h->verdict.http_included);
}

/* --- the identity ----------------------------------------------------------------------------- */

static void the_process_is_nobody_and_stays_so(void **state)
{
	struct host *h = *state;

	replace_nginx(h, "id -u; id -g; id -G; grep -E '^(Cap|NoNew)' /proc/self/status;"
			 "ulimit -c; pwd; umask; env | sort");
	test(h);
	assert_string_equal(h->verdict.text, "65534\n65534\n65534\n"
					     "CapInh:\t0000000000000404\n"
					     "CapPrm:\t0000000000000404\n"
					     "CapEff:\t0000000000000404\n"
					     "CapBnd:\t0000000000000404\n"
					     "CapAmb:\t0000000000000404\n"
					     "NoNewPrivs:\t1\n"
					     "0\n/\n0022\n"
					     "LANG=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\n"
					     "RES_OPTIONS=timeout:1 attempts:1\n");
}

static void nothing_but_the_empty_directories_is_writable(void **state)
{
	struct host *h = *state;

	replace_nginx(h, "cd $(dirname $0)\n"
			 "for d in / /etc /dev /proc . etc state/generations/1 state/live; do\n"
			 "	touch $d/zknginx-test 2>/dev/null && echo \"$d is writable\"\n"
			 "done\n"
			 "touch run/x logs/x logs/sub/x state/cache/x && echo fine >>/dev/stderr");
	test(h);
	assert_string_equal(h->verdict.text, "fine\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_test_leaves_nothing_behind),
		TEST(standard_places_stay_as_they_are),
		TEST(a_candidate_cannot_write_outside),
		TEST(a_file_that_the_candidate_names_is_not_opened_up),
		TEST(a_live_socket_survives),
		TEST(a_log_in_an_odd_directory_is_learned),
		TEST(a_log_may_be_standard_error),
		TEST(logs_in_directories_below_the_logs_work),
		TEST(caches_work_below_the_cache_directory),
		TEST(what_lies_beside_the_pid_file_stays_readable),
		TEST(the_pid_file_may_lie_beside_nginx_conf),
		TEST(a_link_replaced_meanwhile_does_not_matter),
		TEST(the_process_is_nobody_and_stays_so),
		TEST(nothing_but_the_empty_directories_is_writable),
	};

	return cmocka_run_group_tests_name("sandbox host", tests, NULL, NULL);
}
