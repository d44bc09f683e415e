/*
 * Watching a real nginx: a master that does not respond, workers that die, old workers that stay,
 * live files and nginx.conf changed by others.
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

static const char *fifo; /* a master may hang on it */

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

static struct instance_state now(void)
{
	struct nginx_status s;

	deploy_nginx_status(r.deploy, &s);
	return s.nginx;
}

static void expect(enum deploy_result wanted, const char *text)
{
	rig_deploy_expect(&r, wanted, rig_deploy_put(&r, rig_bundle_saying(port, text)));
}

static bool has_passed(uint64_t since, uint64_t delay)
{
	return rig_now() > since + delay;
}

/* One check, sooner than its timer. */
static void look(void)
{
	uint64_t since = rig_now();

	deploy_look_soon(r.deploy);
	rig_turns(r.loop, 5); /* also when the time has passed before the first of them */
	eventually(r.loop, has_passed(since, 100 * USEC_PER_MSEC));
}

/* Several checks, for what must not happen. */
static void let_it_look(void)
{
	for (int i = 0; i < 5; i++)
		look();
}

/* The condition is asked once between two checks: what it asks about may not stay. */
#define is_seen(condition)                                                                         \
	do {                                                                                       \
		int left_ = 300;                                                                   \
		while (!(condition)) {                                                             \
			if (left_-- == 0)                                                          \
				fail_msg("never seen: %s", #condition);                            \
			look();                                                                    \
		}                                                                                  \
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

static bool serve(size_t count)
{
	struct workers w = workers();

	return w.serving_count == count && w.leaving == 0 && w.starting == 0;
}

/* Nothing is left of a reload, and none is to come: a set of workers that a reload is about to
 * replace is complete, too. */
static bool is_at_rest(size_t count)
{
	enum master_activity activity;
	struct master m;

	OK(master_find(r.nginx.pid_file, r.settings.binary, &m, e));
	activity = master_activity(&m);
	master_fini(&m);
	return activity == MASTER_IDLE && serve(count);
}

/* The end of the last old worker was seen: it is a change of the status, too. */
static void let_old_workers_end(void)
{
	eventually(r.loop, serve(2));
	let_it_look();
	r.changes = r.statuses = 0;
}

/* --- does it take signals? ------------------------------------------------------------------ */

static void a_stopped_master_is_reported(void **state UNUSED)
{
	expect(DEPLOY_APPLIED, "one");
	let_old_workers_end();
	assert_true(now().responding);
	kill(r.nginx.pid, SIGSTOP);
	is_seen(!now().responding);
	assert_int_equal(r.statuses, 1);
	assert_int_equal(now().state, NGINX_STATE_RUNNING);
	assert_non_null(strstr(now().why, "stopped"));
	kill(r.nginx.pid, SIGCONT);
	is_seen(now().responding);
	assert_string_equal(now().why, "");
	assert_int_equal(r.statuses, 2);
}

/* A configuration that nginx never finishes reading. */
static void a_master_that_hangs_in_a_reload_is_reported(void **state UNUSED)
{
	char text[512];

	fifo = rig_path("fifo");
	is_seen(now().responding);
	r.settings.reload_timeout = 2 * USEC_PER_SEC;
	assert_int_equal(mkfifo(fifo, 0644), 0);
	snprintf(text, sizeof(text), "include %s;", fifo);
	r.nginx.http_text = text;
	rig_nginx_configure(&r.nginx);
	rig_nginx_send_hup(&r.nginx);
	is_seen(!now().responding);
	assert_non_null(strstr(now().why, "blocked SIGHUP"));
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

/* … and wait until nginx has reaped it. */
static void kill_one(int sig)
{
	struct workers w;
	pid_t pid;

	/* an only worker is missing for a moment while another reload replaces it */
	eventually(NULL, (w = workers()).serving_count > 0);
	pid = w.serving[0];
	kill(pid, sig);
	eventually(NULL, kill(pid, 0) < 0);
}

static bool is_in_state(pid_t pid, char state)
{
	char name[64], *text, *at;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	text = rig_read(name);
	at = text ? strstr(text, "\nState:\t") : NULL;
	return at && at[strlen("\nState:\t")] == state;
}

/* The loop has seen the end of an only worker before the master can replace it: when the loop is
 * late, it takes a death for a reload (deaths.c). */
static void kill_only(int sig)
{
	struct workers w;

	eventually(NULL, (w = workers()).serving_count > 0);
	kill(r.nginx.pid, SIGSTOP);
	eventually(NULL, is_in_state(r.nginx.pid, 'T'));
	kill(w.serving[0], sig);
	eventually(NULL, is_in_state(w.serving[0], 'Z'));
	rig_turns(r.loop, 20);
	kill(r.nginx.pid, SIGCONT);
	eventually(NULL, kill(w.serving[0], 0) < 0);
}

static bool storm_is_over(uint64_t since, unsigned *sent)
{
	if (rig_now() > since + *sent * 30 * USEC_PER_MSEC) {
		rig_nginx_send_hup(&r.nginx);
		(*sent)++;
	}
	return *sent == 80;
}

/* Two new workers serve, and so many of the old ones are still there. An old worker that has not
 * taken its signal yet has the title of one that serves. */
static bool has_replaced(const struct workers *before, unsigned left)
{
	struct workers w = workers();

	for (size_t i = 0; i < w.serving_count; i++) {
		for (size_t k = 0; k < before->serving_count; k++) {
			if (w.serving[i] == before->serving[k])
				return false;
		}
	}
	return w.serving_count == 2 && w.leaving == left && w.starting == 0;
}

/* Signals of all kinds, then a storm of reloads, then a death again. */
static void die_and_reload(size_t count)
{
	void (*kill_a_worker)(int sig) = count == 1 ? kill_only : kill_one;
	unsigned sent = 0;
	uint64_t since;

	eventually(r.loop, is_at_rest(count));
	let_it_look();
	assert_int_equal(now().deaths, 0);
	kill_a_worker(SIGKILL);
	is_seen(now().deaths == 1);
	/* where the only worker was missing in a check, that is a change, and reports the death
	 * too */
	assert_true(r.statuses == 1 || r.changes > 0);
	eventually(r.loop, is_at_rest(count));
	let_it_look();
	kill_a_worker(SIGSEGV);
	is_seen(now().deaths == 2);
	since = rig_now();
	eventually(r.loop, storm_is_over(since, &sent));
	eventually(r.loop, is_at_rest(count));
	let_it_look();
	assert_int_equal(now().deaths, 2);
	kill_a_worker(SIGKILL);
	is_seen(now().deaths == 3);
	eventually(r.loop, now().workers == count); /* the log tells of it before it is replaced */
}

static void deaths_of_an_only_worker_are_counted(void **state UNUSED)
{
	set_workers(1);
	rig_nginx_start(&r.nginx);
	die_and_reload(1);
}

static void deaths_among_four_workers_are_counted(void **state UNUSED)
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

static void deaths_of_an_only_worker_are_counted_without_a_log(void **state UNUSED)
{
	hide_the_log();
	set_workers(1);
	rig_nginx_start(&r.nginx);
	die_and_reload(1);
}

/* A worker that does not get its SIGQUIT looks like one that outlived the others. */
static void reload_past_a_deaf_worker(void)
{
	pid_t deaf;

	eventually(r.loop, is_at_rest(4));
	let_it_look();
	deaf = workers().serving[0];
	kill(deaf, SIGSTOP);
	rig_nginx_send_hup(&r.nginx);
	eventually(r.loop, serve(5));
	let_it_look();
	assert_int_equal(now().deaths, 0);
	kill(deaf, SIGCONT);
	eventually(r.loop, is_at_rest(4));
	let_it_look();
	r.statuses = 0;
}

static void deaths_among_four_workers_are_counted_without_a_log(void **state UNUSED)
{
	hide_the_log();
	set_workers(4);
	rig_nginx_start(&r.nginx);
	reload_past_a_deaf_worker();
	die_and_reload(4);
}

/* More deaths than one check can see, read from the log. */
static void each_death_of_a_worker_counts_and_few_are_announced(void **state UNUSED)
{
	is_seen(r.changes > 0);
	for (unsigned i = 0; i < 10; i++) {
		eventually(NULL, serve(2)); /* without a check in between */
		kill_one(SIGKILL);
	}
	is_seen(now().deaths == 10);
	assert_true(r.statuses < 10);
}

/* nginx accepts a reload and its new workers die: two lines for each in the log. */
static void a_worker_that_exits_with_a_code_is_one_death(void **state UNUSED)
{
	is_seen(r.changes > 0);
	r.nginx.main_text = "working_directory /nonexistent;";
	rig_nginx_configure(&r.nginx);
	rig_nginx_send_hup(&r.nginx);
	eventually(r.loop, serve(0));
	is_seen(now().deaths == 2);
	let_it_look();
	assert_int_equal(now().deaths, 2);
}

static void a_rotated_log_loses_no_death(void **state UNUSED)
{
	is_seen(r.changes > 0);
	kill_one(SIGKILL);
	is_seen(now().deaths == 1);
	assert_int_equal(rename(r.nginx.error_log, rig_path("error.log.1")), 0);
	eventually(r.loop, serve(2));
	kill_one(SIGKILL); /* still written to the old log */
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

static void old_workers_that_linger_are_reported_since_the_first(void **state UNUSED)
{
	struct workers before;
	uint64_t since, left;
	int first, second;

	is_seen(r.changes > 0);
	assert_int_equal(now().old_since, 0);
	first = rig_nginx_hold(r.nginx.port);
	before = workers();
	rig_nginx_send_hup(&r.nginx);
	/* the worker without a connection has ended; the other one does not listen any more */
	is_seen(has_replaced(&before, 1));
	let_it_look(); /* the last check may have been before that */
	assert_int_equal(now().old_workers, 1);
	since = now().old_since;
	assert_true(since && since <= rig_now());
	second = rig_nginx_hold(r.nginx.port);
	before = workers();
	rig_nginx_send_hup(&r.nginx);
	is_seen(has_replaced(&before, 2));
	let_it_look(); /* the last check may have been before that */
	assert_int_equal(now().old_workers, 2);
	assert_int_equal(now().old_since, since);
	/* known again after a restart */
	left = rig_now();
	rig_deploy_leave(&r);
	rig_deploy_enter(&r);
	is_seen(now().old_since);
	assert_true(now().old_since < left);
	/* the first one ends; the second began later */
	since = now().old_since;
	close(first);
	close(second);
	is_seen(now().old_since == 0);
	assert_int_equal(now().deaths, 0);
}

/* A server that accepts and says nothing. */
static int listen_on(int at)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)at),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* nginx itself ends them: that is no death. */
static void a_worker_that_nginx_shuts_down_is_no_death(void **state UNUSED)
{
	int through = rig_port(), silent = rig_port(), server = listen_on(silent), fd, end = -1;
	struct workers before;
	char text[256];

	snprintf(text, sizeof(text),
		 "server {\n\tlisten 127.0.0.1:%d;\n\tproxy_pass 127.0.0.1:%d;\n}", through,
		 silent);
	r.nginx.main_text = "worker_shutdown_timeout 1s;";
	rig_nginx_configure(&r.nginx);
	rig_nginx_start(&r.nginx);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle("", text)));
	fd = dial(through);
	eventually(r.loop, (end = accept(server, NULL, NULL)) >= 0); /* a worker has it */
	before = workers();
	rig_nginx_send_hup(&r.nginx);
	eventually(r.loop, has_replaced(&before, 1) || has_replaced(&before, 0));
	is_seen(now().old_workers == 0);
	eventually(r.loop, serve(2));
	let_it_look();
	assert_int_equal(now().deaths, 0);
	close(fd);
	close(end);
	close(server);
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

/* Reported and not repaired: not by the watch, and not by a restart. */
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

static void drift_is_reported_and_left_alone(void **state UNUSED)
{
	r.settings.drift = DRIFT_REPORT;
	expect(DEPLOY_APPLIED, "one");
	let_old_workers_end();
	rig_write(rig_state_path("live/http.conf"), "# mine now\n");
	is_seen(is_drifted("http.conf"));
	assert_int_equal(r.statuses, 1);
	assert_int_equal(r.changes, 0);
	expect_held("http.conf", 1);
	assert_string_equal(rig_state_file("live/http.conf"), "# mine now\n");
	assert_int_equal(stage_live(r.stage), 1);

	/* a new bundle is a usual deployment */
	expect(DEPLOY_APPLIED, "two");
	assert_null(now().drifted);
	assert_true(rig_nginx_says(port, "two"));
	expect(DEPLOY_UNCHANGED, "two");
	expect(DEPLOY_APPLIED, "one");
	/* an empty file; no file */
	assert_int_equal(truncate(rig_state_path("live/http.conf"), 0), 0);
	expect_held("http.conf", 3);
	assert_int_equal(unlink(rig_state_path("live/http.conf")), 0);
	expect_held("http.conf", 3);
	assert_false(rig_state_has("live/http.conf"));

	/* the operator changes the setting */
	r.settings.drift = DRIFT_REPAIR;
	deploy_configure(r.deploy, &r.settings);
	expect(DEPLOY_APPLIED, "one");
	assert_null(now().drifted);
	assert_true(rig_nginx_says(port, "one"));
}

static void a_lost_live_link_is_reported_and_left_alone(void **state UNUSED)
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

static void files_that_were_restored_are_trusted_again(void **state UNUSED)
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

	/* but not when nginx has loaded the changed file */
	rig_write(file, "# mine now\n");
	is_seen(is_drifted("http.conf"));
	rig_nginx_send_hup(&r.nginx);
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

/* A file that changed in the second of its test is tested once more; wait until it is older. */
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

static void a_lost_include_line_is_noticed(void **state UNUSED)
{
	let_files_age();
	assert_int_equal(now().includes, NGINX_INCLUDES_ALL);
	configure(false);
	expect_change();
	expect(DEPLOY_NOT_INCLUDED, "one");
	assert_int_equal(now().includes, NGINX_INCLUDES_NOTHING);
	expect_no_change();
	configure(true);
	expect_change();
	expect(DEPLOY_UNCHANGED, "one");
	assert_int_equal(now().includes, NGINX_INCLUDES_ALL);
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);

	/* another program has reloaded meanwhile: nginx needs a new signal */
	let_it_look();
	r.changes = 0;
	configure(false);
	rig_nginx_send_hup(&r.nginx);
	eventually(r.loop, !rig_accepts(port));
	expect_change();
	expect(DEPLOY_NOT_INCLUDED, "one");
	configure(true);
	expect_change();
	expect(DEPLOY_APPLIED, "one");
	assert_true(rig_nginx_says(port, "one"));
}

/* The line is in a file that nginx.conf includes. */
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

static void a_lost_include_line_of_another_file_is_noticed(void **state UNUSED)
{
	char *other = rig_path("other.conf");

	include_by(other);
	lose_the_other_file(other);
}

static void a_lost_include_line_is_noticed_without_namespaces(void **state UNUSED)
{
	char *other = rig_path("other2.conf");
	struct nginx_status s;

	r.settings.sandbox = SANDBOX_FALLBACK;
	deploy_configure(r.deploy, &r.settings);
	include_by(other);
	lose_the_other_file(other);
	deploy_nginx_status(r.deploy, &s);
	assert_string_equal(s.sandbox, "fallback");
}

/* An administrator's edit is tested once, and causes no reload. */
static void other_edits_of_nginx_conf_do_not_reload(void **state UNUSED)
{
	let_files_age();
	expect_no_change();
	r.nginx.main_text = "# a remark";
	configure(true);
	expect_change();
	expect(DEPLOY_UNCHANGED, "one");
	expect_no_change();
	/* an edit that nginx refuses, and a missing file */
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
	assert_int_equal(now().includes, NGINX_INCLUDES_ALL);
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);
}

int main(void)
{
#define TEST(name, open) cmocka_unit_test_prestate_setup_teardown(name, open, close_all, &r)
	const struct CMUnitTest tests[] = {
		TEST(a_stopped_master_is_reported, open_running),
		TEST(a_master_that_hangs_in_a_reload_is_reported, open_running),
		TEST(deaths_of_an_only_worker_are_counted, rig_deploy_setup_down),
		TEST(deaths_among_four_workers_are_counted, rig_deploy_setup_down),
		TEST(deaths_of_an_only_worker_are_counted_without_a_log, rig_deploy_setup_down),
		TEST(deaths_among_four_workers_are_counted_without_a_log, rig_deploy_setup_down),
		TEST(each_death_of_a_worker_counts_and_few_are_announced, open_running),
		TEST(a_worker_that_exits_with_a_code_is_one_death, open_running),
		TEST(a_rotated_log_loses_no_death, open_running),
		TEST(old_workers_that_linger_are_reported_since_the_first, open_running),
		TEST(a_worker_that_nginx_shuts_down_is_no_death, rig_deploy_setup_down),
		TEST(drift_is_reported_and_left_alone, open_running),
		TEST(a_lost_live_link_is_reported_and_left_alone, open_running),
		TEST(files_that_were_restored_are_trusted_again, open_running),
		TEST(a_lost_include_line_is_noticed, open_running),
		TEST(a_lost_include_line_of_another_file_is_noticed, rig_deploy_setup_down),
		TEST(a_lost_include_line_is_noticed_without_namespaces, rig_deploy_setup_down),
		TEST(other_edits_of_nginx_conf_do_not_reload, open_running),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, rig_deploy_remove_all);
}
