/*
 * Watching a real nginx: a master that takes no signals, workers that die, old ones that
 * linger, live files and nginx.conf changed by somebody else.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nginx/deploy_parts.h"
#include "rig_deploy.h"

static struct rig_deploy r;
static int port; /* of what was deployed last */

static int open_running(void **state UNUSED)
{
	rig_deploy_open(&r);
	rig_nginx_start(&r.nginx);
	port = rig_port();
	return 0;
}

static int open_down(void **state UNUSED)
{
	rig_deploy_open(&r);
	return 0;
}

static const char *fifo; /* that a master may hang in */

static void release_master(void)
{
	int fd = fifo ? open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC) : -1;

	if (fd >= 0)
		close(fd);
}

static int close_all(void **state UNUSED)
{
	release_master();
	fifo = NULL;
	rig_deploy_close(&r);
	return 0;
}

static int clean(void **state UNUSED)
{
	rig_clean();
	return 0;
}

static struct nginx_status now(void)
{
	struct nginx_status s;

	deploy_nginx_status(r.deploy, &s);
	return s;
}

static void expect(enum deploy_result wanted, const char *text)
{
	rig_deploy_expect(&r, wanted, rig_deploy_put(&r, rig_bundle_saying(port, text)));
}

static bool has_passed(uint64_t since, uint64_t delay)
{
	return rig_now() > since + delay;
}

/* A look, sooner than it would come by itself. */
static void look(void)
{
	uint64_t since = rig_now();

	deploy_watch(r.deploy, 0);
	eventually(r.loop, has_passed(since, 100 * USEC_PER_MSEC));
}

/* Several: what should not happen has had its chance. */
static void let_it_look(void)
{
	for (int i = 0; i < 5; i++)
		look();
}

#define is_seen(condition)                                                                         \
	do {                                                                                       \
		for (int i_ = 0; i_ < 300 && !(condition); i_++)                                   \
			look();                                                                    \
		if (!(condition))                                                                  \
			fail_msg("never seen: %s", #condition);                                    \
	} while (0)

static struct workers workers(void)
{
	struct master m;
	struct workers w;

	OK(master_find(r.nginx.pid_file, r.settings.binary, &m, e));
	master_workers(&m, &w);
	master_fini(&m);
	return w;
}

/* --- does it take signals? ------------------------------------------------------------------ */

static void test_a_stopped_master(void **state UNUSED)
{
	expect(DEPLOY_APPLIED, "one");
	let_it_look();
	assert_true(now().responding);
	r.statuses = 0;
	kill(r.nginx.pid, SIGSTOP);
	is_seen(!now().responding);
	assert_int_equal(r.statuses, 1);
	assert_string_equal(now().state, "running");
	assert_non_null(strstr(now().why, "stopped"));
	kill(r.nginx.pid, SIGCONT);
	is_seen(now().responding);
	assert_string_equal(now().why, "");
	assert_int_equal(r.statuses, 2);
}

/* A configuration that never ends to be read. */
static void test_a_master_that_hangs_in_a_reload(void **state UNUSED)
{
	char text[512];

	fifo = rig_path("fifo");
	is_seen(now().responding);
	r.settings.reload_timeout = 2 * USEC_PER_SEC;
	assert_int_equal(mkfifo(fifo, 0644), 0);
	snprintf(text, sizeof(text), "include %s;", fifo);
	r.nginx.http_text = text;
	rig_nginx_configure(&r.nginx);
	rig_nginx_hangup(&r.nginx);
	is_seen(!now().responding);
	assert_non_null(strstr(now().why, "busy"));
	release_master();
	is_seen(now().responding);
}

/* --- deaths --------------------------------------------------------------------------------- */

static void set_workers(unsigned count)
{
	char *text = rig_read(r.nginx.config), *at = strstr(text, "worker_processes 2;");

	assert_non_null(at);
	at[strlen("worker_processes ")] = (char)('0' + count);
	rig_write(r.nginx.config, "%s", text);
}

/* … and wait until nginx has buried it. */
static void kill_one(int sig)
{
	struct workers w = workers();
	pid_t pid = w.serving[0];

	assert_true(w.serving_count > 0);
	kill(pid, sig);
	eventually(NULL, kill(pid, 0) < 0);
}

static bool serve(size_t count)
{
	struct workers w = workers();

	return w.serving_count == count && w.leaving == 0 && w.starting == 0;
}

static bool storm_is_over(uint64_t since, unsigned *sent)
{
	if (rig_now() > since + *sent * 30 * USEC_PER_MSEC) {
		rig_nginx_hangup(&r.nginx);
		(*sent)++;
	}
	return *sent == 80;
}

/* Signals of all kinds, then a storm of reloads, then a death again. */
static void die_and_reload(size_t count)
{
	unsigned sent = 0;
	uint64_t since;

	eventually(r.loop, serve(count));
	let_it_look();
	assert_int_equal(now().deaths, 0);
	kill_one(SIGKILL);
	is_seen(now().deaths == 1);
	/* where an only worker was seen to be away, that is a change, and tells of the death too */
	assert_true(r.statuses == 1 || r.changes > 0);
	eventually(r.loop, serve(count));
	let_it_look();
	kill_one(SIGSEGV);
	is_seen(now().deaths == 2);
	since = rig_now();
	eventually(r.loop, storm_is_over(since, &sent));
	eventually(r.loop, serve(count));
	let_it_look();
	assert_int_equal(now().deaths, 2);
	kill_one(SIGKILL);
	is_seen(now().deaths == 3);
	assert_int_equal(now().workers, count);
}

static void test_deaths_of_an_only_worker(void **state UNUSED)
{
	set_workers(1);
	rig_nginx_start(&r.nginx);
	die_and_reload(1);
}

static void test_deaths_among_four(void **state UNUSED)
{
	set_workers(4);
	rig_nginx_start(&r.nginx);
	die_and_reload(4);
}

static void hide_the_log(void)
{
	r.nginx.error_log = (char *)"/dev/null";
	rig_nginx_configure(&r.nginx);
}

static void test_deaths_of_an_only_worker_without_a_log(void **state UNUSED)
{
	hide_the_log();
	set_workers(1);
	rig_nginx_start(&r.nginx);
	die_and_reload(1);
}

/* One that does not hear that it is to go looks as if it had outlived the others. */
static void reload_past_a_deaf_worker(void)
{
	pid_t deaf;

	eventually(r.loop, serve(4));
	let_it_look();
	deaf = workers().serving[0];
	kill(deaf, SIGSTOP);
	rig_nginx_hangup(&r.nginx);
	eventually(r.loop, workers().serving_count == 5 && workers().leaving == 0);
	let_it_look();
	assert_int_equal(now().deaths, 0);
	kill(deaf, SIGCONT);
	eventually(r.loop, serve(4));
	let_it_look();
	r.statuses = 0;
}

static void test_deaths_among_four_without_a_log(void **state UNUSED)
{
	hide_the_log();
	set_workers(4);
	rig_nginx_start(&r.nginx);
	reload_past_a_deaf_worker();
	die_and_reload(4);
}

/* More than one look sees at once; told in the log only. */
static void test_a_worker_that_dies_again_and_again(void **state UNUSED)
{
	is_seen(r.changes > 0);
	for (unsigned i = 0; i < 10; i++) {
		eventually(r.loop, serve(2));
		kill_one(SIGKILL);
	}
	is_seen(now().deaths == 10);
	assert_true(r.statuses < 10);
}

/* A reload that nginx takes and its workers do not live through: two lines for each in the log. */
static void test_workers_that_exit_with_a_code(void **state UNUSED)
{
	is_seen(r.changes > 0);
	r.nginx.main_text = "working_directory /nonexistent;";
	rig_nginx_configure(&r.nginx);
	rig_nginx_hangup(&r.nginx);
	eventually(r.loop, serve(0));
	is_seen(now().deaths == 2);
	let_it_look();
	assert_int_equal(now().deaths, 2);
}

static void test_a_rotated_log(void **state UNUSED)
{
	is_seen(r.changes > 0);
	kill_one(SIGKILL);
	is_seen(now().deaths == 1);
	assert_int_equal(rename(r.nginx.error_log, rig_path("error.log.1")), 0);
	eventually(r.loop, serve(2));
	kill_one(SIGKILL); /* still into the old one */
	kill(r.nginx.pid, SIGUSR1);
	eventually(r.loop, access(r.nginx.error_log, F_OK) == 0 && serve(2));
	kill_one(SIGKILL);
	is_seen(now().deaths == 3);
	assert_int_equal(truncate(r.nginx.error_log, 0), 0);
	let_it_look();
	kill_one(SIGKILL);
	is_seen(now().deaths == 4);
}

/* --- old workers ---------------------------------------------------------------------------- */

static int dial(int to)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)to),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Half a request: the worker has to wait for the rest. */
static int hold_connection(void)
{
	int fd = dial(r.nginx.port);

	assert_int_equal(send(fd, "GET / HT", 8, MSG_NOSIGNAL), 8);
	assert_true(rig_nginx_says(r.nginx.port, "rig"));
	return fd;
}

static void test_old_workers_that_linger(void **state UNUSED)
{
	uint64_t since, left;
	int first, second;

	is_seen(r.changes > 0);
	assert_int_equal(now().old_since, 0);
	first = hold_connection();
	rig_nginx_hangup(&r.nginx);
	is_seen(now().old_since);
	since = now().old_since;
	assert_true(since <= rig_now());
	second = hold_connection();
	rig_nginx_hangup(&r.nginx);
	is_seen(now().old_workers == 2);
	let_it_look();
	assert_int_equal(now().old_since, since);
	/* known again after a restart */
	left = rig_now();
	rig_deploy_leave(&r);
	rig_deploy_enter(&r);
	is_seen(now().old_since);
	assert_true(now().old_since < left);
	/* the first one ends: the second has not been there for as long */
	since = now().old_since;
	close(first);
	close(second);
	is_seen(now().old_since == 0);
	assert_int_equal(now().deaths, 0);
}

/* nginx itself puts an end to them: no death. */
static void test_worker_shutdown_timeout(void **state UNUSED)
{
	int through = rig_port(), fd;
	char text[256];

	snprintf(text, sizeof(text),
		 "server {\n\tlisten 127.0.0.1:%d;\n\tproxy_pass 127.0.0.1:%d;\n}", through,
		 r.nginx.port);
	r.nginx.main_text = "worker_shutdown_timeout 1s;";
	rig_nginx_configure(&r.nginx);
	rig_nginx_start(&r.nginx);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle("", text)));
	fd = dial(through);
	rig_nginx_hangup(&r.nginx);
	is_seen(now().old_workers > 0);
	is_seen(now().old_workers == 0);
	eventually(r.loop, serve(2));
	let_it_look();
	assert_int_equal(now().deaths, 0);
	close(fd);
}

/* --- drift ---------------------------------------------------------------------------------- */

static bool is_drifted(const char *name)
{
	const char *drifted = now().drifted;

	return drifted && strcmp(drifted, name) == 0;
}

static void restart_as_it_is(void)
{
	r.keep_drift = true;
	rig_deploy_leave(&r);
	rig_deploy_enter(&r);
}

/* Told, not put right: not by the path, and not by a restart. */
static void expect_held(const char *name, unsigned reloads)
{
	is_seen(is_drifted(name));
	expect(DEPLOY_UNCHANGED, "one");
	expect(DEPLOY_UNCHANGED, "one");
	restart_as_it_is();
	is_seen(is_drifted(name));
	expect(DEPLOY_UNCHANGED, "one");
	expect(DEPLOY_UNCHANGED, "one");
	assert_int_equal(rig_nginx_reloads(&r.nginx), reloads);
	assert_true(is_drifted(name));
}

static void test_drift_is_reported(void **state UNUSED)
{
	r.settings.drift = DRIFT_REPORT;
	expect(DEPLOY_APPLIED, "one");
	let_it_look();
	r.changes = r.statuses = 0;
	rig_write(rig_state_path("live/http.conf"), "# mine now\n");
	is_seen(is_drifted("http.conf"));
	assert_int_equal(r.statuses, 1);
	assert_int_equal(r.changes, 0);
	expect_held("http.conf", 1);
	assert_string_equal(rig_state_file("live/http.conf"), "# mine now\n");
	assert_int_equal(stage_live(r.stage), 1);

	/* other bytes are a deployment like any other */
	expect(DEPLOY_APPLIED, "two");
	assert_null(now().drifted);
	assert_true(rig_nginx_says(port, "two"));
	expect(DEPLOY_UNCHANGED, "two");
	expect(DEPLOY_APPLIED, "one");
	/* an empty file; none at all */
	assert_int_equal(truncate(rig_state_path("live/http.conf"), 0), 0);
	expect_held("http.conf", 3);
	assert_int_equal(unlink(rig_state_path("live/http.conf")), 0);
	expect_held("http.conf", 3);
	assert_false(rig_state_has("live/http.conf"));

	/* the operator changes his mind */
	r.settings.drift = DRIFT_REPAIR;
	deploy_configure(r.deploy, &r.settings);
	expect(DEPLOY_APPLIED, "one");
	assert_null(now().drifted);
	assert_true(rig_nginx_says(port, "one"));
}

static void test_a_lost_link_is_reported(void **state UNUSED)
{
	r.settings.drift = DRIFT_REPORT;
	expect(DEPLOY_APPLIED, "one");
	assert_int_equal(unlink(rig_state_path("live")), 0);
	expect_held("live", 1);
	assert_false(rig_state_has("live"));
	r.settings.drift = DRIFT_REPAIR;
	expect(DEPLOY_APPLIED, "one");
	assert_null(now().drifted);
	assert_true(rig_nginx_says(port, "one"));
}

static void test_what_was_drifted_is_trusted_again(void **state UNUSED)
{
	char *file = rig_state_path("live/http.conf"), *bytes;

	r.settings.drift = DRIFT_REPORT;
	expect(DEPLOY_APPLIED, "one");
	file = rig_state_path("live/http.conf");
	bytes = rig_state_file("live/http.conf");
	let_it_look();
	rig_write(file, "# mine now\n");
	is_seen(is_drifted("http.conf"));
	rig_write(file, "%s", bytes);
	is_seen(!now().drifted);
	expect(DEPLOY_UNCHANGED, "one");
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);

	/* but not when nginx has loaded it */
	rig_write(file, "# mine now\n");
	is_seen(is_drifted("http.conf"));
	rig_nginx_hangup(&r.nginx);
	eventually(r.loop, !rig_accepts(port));
	rig_write(file, "%s", bytes);
	is_seen(!now().drifted);
	expect(DEPLOY_APPLIED, "one");
	assert_true(rig_nginx_says(port, "one"));
}

/* --- the host's own files ------------------------------------------------------------------- */

static void configure(bool include)
{
	r.nginx.include_http = include;
	rig_nginx_configure(&r.nginx);
}

static void expect_change(void)
{
	is_seen(r.changes > 0);
	r.changes = 0;
}

/* A file that is as young as its test is tested once more: it is no longer. */
static void let_files_age(void)
{
	look();
	expect(DEPLOY_APPLIED, "one");
	let_it_look();
	r.changes = 0;
}

static void expect_no_change(void)
{
	let_it_look();
	assert_int_equal(r.changes, 0);
}

static void test_the_include_line_is_lost(void **state UNUSED)
{
	let_files_age();
	assert_true(now().included);
	configure(false);
	expect_change();
	expect(DEPLOY_NOT_INCLUDED, "one");
	assert_false(now().included);
	expect_no_change();
	configure(true);
	expect_change();
	expect(DEPLOY_UNCHANGED, "one");
	assert_true(now().included);
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);

	/* somebody has reloaded meanwhile: nginx has to be told again */
	let_it_look();
	r.changes = 0;
	configure(false);
	rig_nginx_hangup(&r.nginx);
	eventually(r.loop, !rig_accepts(port));
	expect_change();
	expect(DEPLOY_NOT_INCLUDED, "one");
	configure(true);
	expect_change();
	expect(DEPLOY_APPLIED, "one");
	assert_true(rig_nginx_says(port, "one"));
}

/* The line stands in a file that nginx.conf includes. */
static void include_by(char *other)
{
	static char text[512];

	snprintf(text, sizeof(text), "include %s;", other);
	rig_write(other, "include %s/live/http.conf;\n", r.nginx.state);
	r.nginx.http_text = text;
	configure(false);
	rig_nginx_start(&r.nginx);
	port = rig_port();
}

static void lose_the_other_file(char *other)
{
	let_files_age();
	rig_write(other, "# nothing\n");
	expect_change();
	expect(DEPLOY_NOT_INCLUDED, "one");
	rig_write(other, "include %s/live/http.conf;\n", r.nginx.state);
	expect_change();
	expect(DEPLOY_UNCHANGED, "one");
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);
}

static void test_the_include_line_of_another_file_is_lost(void **state UNUSED)
{
	char *other = rig_path("other.conf");

	include_by(other);
	lose_the_other_file(other);
}

static void test_the_same_without_namespaces(void **state UNUSED)
{
	char *other = rig_path("other2.conf");

	r.settings.sandbox = SANDBOX_FALLBACK;
	deploy_configure(r.deploy, &r.settings);
	include_by(other);
	lose_the_other_file(other);
	assert_string_equal(now().sandbox, "fallback");
}

/* An edit is the administrator's business: tested once, and no reload. */
static void test_other_edits(void **state UNUSED)
{
	let_files_age();
	expect_no_change();
	r.nginx.main_text = "# a remark";
	configure(true);
	expect_change();
	expect(DEPLOY_UNCHANGED, "one");
	expect_no_change();
	/* one that nginx will not have, and no file at all */
	r.nginx.main_text = "bogus;";
	configure(true);
	expect_change();
	expect(DEPLOY_UNCHANGED, "one");
	expect_no_change();
	assert_int_equal(rename(r.nginx.config, rig_path("away.conf")), 0);
	expect_change();
	expect_no_change();
	r.nginx.main_text = NULL;
	configure(true);
	expect_change();
	expect(DEPLOY_UNCHANGED, "one");
	assert_true(now().included);
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);
}

int main(void)
{
#define TEST(name, open) cmocka_unit_test_setup_teardown(name, open, close_all)
	const struct CMUnitTest tests[] = {
		TEST(test_a_stopped_master, open_running),
		TEST(test_a_master_that_hangs_in_a_reload, open_running),
		TEST(test_deaths_of_an_only_worker, open_down),
		TEST(test_deaths_among_four, open_down),
		TEST(test_deaths_of_an_only_worker_without_a_log, open_down),
		TEST(test_deaths_among_four_without_a_log, open_down),
		TEST(test_a_worker_that_dies_again_and_again, open_running),
		TEST(test_workers_that_exit_with_a_code, open_running),
		TEST(test_a_rotated_log, open_running),
		TEST(test_old_workers_that_linger, open_running),
		TEST(test_worker_shutdown_timeout, open_down),
		TEST(test_drift_is_reported, open_running),
		TEST(test_a_lost_link_is_reported, open_running),
		TEST(test_what_was_drifted_is_trusted_again, open_running),
		TEST(test_the_include_line_is_lost, open_running),
		TEST(test_the_include_line_of_another_file_is_lost, open_down),
		TEST(test_the_same_without_namespaces, open_down),
		TEST(test_other_edits, open_running),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, clean);
}
