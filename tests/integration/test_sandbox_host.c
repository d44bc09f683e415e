/*
 * How the sandbox isolates the host from the test and the test from the host: with a real nginx,
 * and, for questions about the process itself, with a script in nginx's place that prints the
 * answer.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "nginx/sandbox_learn.h"
#include "rig_sandbox.h"

/* A script in nginx's place; its output is the text of the result. `nginx -V` runs outside. */
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

	host_assert_passed(host_test_in_namespace(h));
	assert_string_equal(host_listing(rig_directory()), before);
}

/* Other programs of the machine write to these places at any time: the test has empty ones. */
static void have_own_places(const char *const *places, size_t count)
{
	if (!rig_is_alone())
		return;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(mount("tmpfs", places[i], "tmpfs", 0, "mode=0755"), 0);
	assert_int_equal(mkdir("/var/log/nginx", 0755), 0);
}

static void leave_own_places(const char *const *places, size_t count)
{
	for (size_t i = 0; rig_is_alone() && i < count; i++)
		assert_int_equal(umount2(places[i], MNT_DETACH), 0);
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
	have_own_places(places, ARRAY_SIZE(places));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		before[i] = host_listing(places[i]);
	host_assert_passed(host_test_in_namespace(h));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		assert_string_equal(host_listing(places[i]), before[i]);
	leave_own_places(places, ARRAY_SIZE(places));
}

static void a_candidate_cannot_write_outside(void **state)
{
	static const char *const attacks[] = {
		"access_log /etc/zknginx-test;",
		"proxy_cache_path /etc/zknginx-test keys_zone=a:1m;",
		"server { client_body_temp_path \"/etc/zknginx-test\"; }",
		"error_log /root/zknginx-test;",
		"server { listen unix:/etc/zknginx-test; }",
	};
	struct host *h = *state;

	for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
		host_stage(h, "%s\n", attacks[i]);
		assert_false(host_test_in_namespace(h)->passed);
		host_assert_says(&h->result, "Read-only file system");
		assert_int_not_equal(access("/etc/zknginx-test", F_OK), 0);
		assert_int_not_equal(access("/root/zknginx-test", F_OK), 0);
	}
}

/* If the sandbox made it writable like a log of the host, the candidate would pass. */
static void a_file_that_the_candidate_names_is_not_opened_up(void **state)
{
	struct host *h = *state;

	rig_write(rig_path("etc/precious"), "precious\n");
	host_stage(h, "access_log '%s';\n", rig_path("etc/precious"));
	assert_false(host_test_in_namespace(h)->passed);
	host_assert_says(&h->result, "etc/precious\" failed");
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
	host_assert_passed(host_test_in_namespace(h));
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
	host_assert_passed(host_test_in_namespace(h));
	assert_true(h->result.http_included);
	assert_string_equal(host_listing(rig_path("odd")), before);
	host_assert_passed(host_test_in_namespace(h));
}

/* Caches are often there. It is no file system of the kernel's own, as the rest of /dev. */
static void a_cache_in_shared_memory_is_learned(void **state)
{
	struct host *h = *state;
	CLEANUP(freep) char *directory = xasprintf("/dev/shm/zknginx-test-%d", (int)getpid());
	CLEANUP(freep)
	char *cache =
		xasprintf("proxy_cache_path %s keys_zone=shm:1m;\n%s", directory, host_include(h));

	host_configure(h, "", cache);
	host_assert_passed(host_test_in_namespace(h));
	assert_true(h->result.http_included);
	assert_int_not_equal(access(directory, F_OK), 0);
}

static char *learned(const char *call, const char *path)
{
	CLEANUP(freep)
	char *text = xasprintf("%s() \"%s\" failed (30: Read-only file system)\n", call, path);

	return learn_denied(text, rig_directory(), rig_directory());
}

/* An nginx that is being started makes its directories while the test runs. */
static void a_directory_that_was_made_meanwhile_is_learned(void **state UNUSED)
{
	const char *directory = rig_path("made");
	CLEANUP(freep) char *made = NULL;

	assert_int_equal(mkdir(directory, 0755), 0);
	made = learned("mkdir", directory);
	assert_string_equal(made ?: "", directory);
	assert_null(learned("open", directory));
}

static void a_log_may_be_standard_error(void **state)
{
	struct host *h = *state;

	rig_write(h->settings.config,
		  "pid %s/run/nginx.pid; error_log /dev/stderr; events {}\n"
		  "http { access_log /dev/stdout; %s }\n",
		  rig_directory(), host_include(h));
	host_assert_passed(host_test_in_namespace(h));
	assert_true(h->result.http_included);
}

static void logs_in_directories_below_the_logs_work(void **state)
{
	struct host *h = *state;

	rig_write(rig_path("logs/sub/site.log"), "a line\n");
	host_stage(h, "access_log %s/sub/site.log;\n", h->logs);
	host_assert_passed(host_test_in_namespace(h));
	assert_string_equal(rig_read(rig_path("logs/sub/site.log")), "a line\n");
}

static void caches_work_below_the_cache_directory(void **state)
{
	struct host *h = *state;

	host_stage(h, "proxy_cache_path %s/one keys_zone=a:1m use_temp_path=off;\n", h->cache);
	host_assert_passed(host_test_in_namespace(h));
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
	host_assert_passed(host_test_in_namespace(h));
	replace_nginx(h, "cat $(dirname $0)/run/systemd/a.conf; exit 0");
	assert_int_equal(host_open(h, SANDBOX_NAMESPACE, NULL), 0);
	host_test_in_namespace(h);
	assert_string_equal(h->result.text, "default_type text/plain;\n");
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
	host_assert_passed(host_test_in_namespace(h));
	assert_true(h->result.http_included);
}

/* --- the link is renamed meanwhile ----------------------------------------------------------- */

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

	/* the FIFO opens only once: a first test caches what the sandbox has to know */
	host_assert_passed(host_test_in_namespace(h));
	assert_int_equal(mkfifo(fifo, 0644), 0);
	host_configure(h, "", body);
	host_begin(h, SANDBOX_NAMESPACE);
	eventually(h->loop, (fd = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0);
	assert_false(h->result.over);
	assert_int_equal(mkdir(rig_path("state/generations/3"), 0755), 0);
	rig_write(rig_path("state/generations/3/http.conf"), "the_wrong_file_was_read;\n");
	republish("generations/3");
	close(fd);
	eventually(h->loop, h->result.over);
	host_assert_passed(&h->result);
	assert_true(h->result.http_included);
}

/* --- the identity ----------------------------------------------------------------------------- */

static void the_process_is_nobody_and_stays_so(void **state)
{
	struct host *h = *state;

	replace_nginx(h, "id -u; id -g; id -G; grep -E '^(Cap|NoNew)' /proc/self/status;"
			 "ulimit -c; pwd; umask; env | sort");
	host_test_in_namespace(h);
	assert_string_equal(h->result.text, "65534\n65534\n65534\n"
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
	host_test_in_namespace(h);
	assert_string_equal(h->result.text, "fine\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test_case(a_test_leaves_nothing_behind),
		host_test_case(standard_places_stay_as_they_are),
		host_test_case(a_candidate_cannot_write_outside),
		host_test_case(a_file_that_the_candidate_names_is_not_opened_up),
		host_test_case(a_live_socket_survives),
		host_test_case(a_log_in_an_odd_directory_is_learned),
		host_test_case(a_cache_in_shared_memory_is_learned),
		host_test_case(a_directory_that_was_made_meanwhile_is_learned),
		host_test_case(a_log_may_be_standard_error),
		host_test_case(logs_in_directories_below_the_logs_work),
		host_test_case(caches_work_below_the_cache_directory),
		host_test_case(what_lies_beside_the_pid_file_stays_readable),
		host_test_case(the_pid_file_may_lie_beside_nginx_conf),
		host_test_case(a_link_replaced_meanwhile_does_not_matter),
		host_test_case(the_process_is_nobody_and_stays_so),
		host_test_case(nothing_but_the_empty_directories_is_writable),
	};
	int failed = cmocka_run_group_tests_name("sandbox host", tests, NULL, NULL);

	host_use_helper();
	return failed +
	       cmocka_run_group_tests_name("sandbox host, through the helper", tests, NULL, NULL);
}
