/*
 * Deployments that fail: nginx keeps serving what it served before, the live link names it, and the
 * message is nginx's own reason.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nginx/master.h"
#include "rig_deploy.h"

static struct rig_deploy r;

static int listen_on(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

/* Generation 1 answers "one" on the port, and is applied. */
static void put_first(int port)
{
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
}

static void expect_first(int port)
{
	assert_int_equal(stage_live(r.stage), 1);
	assert_non_null(strstr(rig_state_file("live/http.conf"), "\"one\""));
	eventually(r.loop, rig_nginx_says(port, "one"));
	assert_true(rig_nginx_says(r.nginx.port, "rig"));
}

static void a_port_of_another_process_is_rejected_with_the_reason_of_nginx(void **state UNUSED)
{
	int port = rig_port(), taken = rig_port(), fd = listen_on(taken);
	unsigned reloads;

	put_first(port);
	rig_deploy_expect(&r, DEPLOY_REJECTED, rig_deploy_put(&r, rig_bundle_saying(taken, "two")));
	if (!strstr(r.message, "nginx: [emerg] bind() to 127.0.0.1:") ||
	    !strstr(r.message, "Address already in use"))
		fail_msg("%s", r.message);
	/* nginx prints it five times */
	assert_null(strstr(strstr(r.message, "bind() to") + 1, "bind() to"));
	expect_first(port);
	assert_false(rig_state_has("generations/2"));
	reloads = rig_nginx_reloads(&r.nginx);
	rig_deploy_expect(&r, DEPLOY_UNCHANGED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	assert_int_equal(rig_nginx_reloads(&r.nginx), reloads);

	close(fd);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(taken, "two")));
	assert_true(rig_nginx_says(taken, "two"));
}

static struct bundle *cache_in(const char *name, int port)
{
	char text[1024];

	snprintf(
		text, sizeof(text),
		"proxy_cache_path %s/%s keys_zone=c:1m;\n"
		"server {\n\tlisten 127.0.0.1:%d;\n\tlocation / {\n\t\treturn 200 \"one\";\n\t}\n}",
		stage_cache_directory(r.stage), name, port);
	return rig_bundle(text, "");
}

static void a_cache_that_moves_is_rejected_with_the_reason_of_nginx(void **state UNUSED)
{
	int port = rig_port();

	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, cache_in("a", port)));
	rig_deploy_expect(&r, DEPLOY_REJECTED, rig_deploy_put(&r, cache_in("b", port)));
	if (!strstr(r.message, "cache \"c\" uses the"))
		fail_msg("%s", r.message);
	expect_first(port);
}

static char *work;

static bool workers_have_died(void)
{
	char *log = rig_read(r.nginx.error_log);

	return log && strstr(log, "exited with fatal code");
}

static int open_with_directory(void **state UNUSED)
{
	static char line[512];

	rig_deploy_open(&r);
	work = rig_path("work%d", r.nginx.port);
	assert_int_equal(mkdir(work, 0755), 0);
	snprintf(line, sizeof(line), "working_directory %s;", work);
	r.nginx.main_text = line;
	rig_nginx_configure(&r.nginx);
	rig_nginx_start(&r.nginx);
	return 0;
}

static void workers_that_die_at_once_bring_back_the_last_generation(void **state UNUSED)
{
	int port = rig_port();
	struct applied a;

	put_first(port);
	/* neither nginx -t nor the master checks it */
	assert_int_equal(rmdir(work), 0);
	rig_deploy_begin(&r, rig_bundle_saying(port, "two"));
	eventually(r.loop, workers_have_died());
	assert_int_equal(mkdir(work, 0755), 0);
	rig_deploy_expect(&r, DEPLOY_DIED, rig_deploy_end(&r));
	if (!strstr(r.message, "chdir(") || !strstr(r.message, "exited with fatal code 2"))
		fail_msg("%s", r.message);
	expect_first(port);
	assert_true(stage_applied(r.stage, &a));
	assert_int_equal(a.generation, 1);
	rig_deploy_expect(&r, DEPLOY_UNCHANGED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
}

static void without_any_worker_the_next_deployment_repairs_it(void **state UNUSED)
{
	int port = rig_port();
	struct applied a;

	put_first(port);
	assert_int_equal(rmdir(work), 0);
	rig_deploy_expect(&r, DEPLOY_DIED, rig_deploy_put(&r, rig_bundle_saying(port, "two")));
	if (!strstr(r.message, "could not be loaded again either"))
		fail_msg("%s", r.message);
	assert_int_equal(stage_live(r.stage), 1);
	assert_false(stage_applied(r.stage, &a));
	/* the same bytes again: no worker serves them, so the result is not "unchanged" */
	assert_int_equal(mkdir(work, 0755), 0);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	expect_first(port);
}

/* The one that was started last: the old ones may still serve. */
static pid_t newest_worker(void)
{
	struct workers w = { .serving_count = 0 };
	struct master m;

	if (master_find(r.nginx.pid_file, r.settings.binary, &m, NULL) < 0)
		return 0;
	master_workers(&m, &w);
	master_fini(&m);
	return w.serving_count ? w.serving[w.serving_count - 1] : 0;
}

/* nginx accepts it, and then one of the new workers crashes. nginx starts another, but that proves
 * nothing. */
static void a_worker_that_dies_soon_brings_back_the_last_generation(void **state UNUSED)
{
	int port = rig_port();
	pid_t worker;

	put_first(port);
	rig_deploy_begin(&r, rig_bundle_saying(port, "two"));
	eventually(r.loop, deploy_state(r.deploy) == RELOAD_SETTLING);
	worker = newest_worker();
	assert_true(worker > 0);
	assert_int_equal(kill(worker, SIGSEGV), 0);
	/* the loop does not run before nginx has noticed: it settles no earlier */
	eventually(NULL, strstr(rig_read(r.nginx.error_log), "exited on signal 11"));
	rig_deploy_expect(&r, DEPLOY_DIED, rig_deploy_end(&r));
	if (!strstr(r.message, "exited on signal 11"))
		fail_msg("%s", r.message);
	expect_first(port);
}

/* nginx runs these bytes, although its own configuration is broken now. */
static void a_broken_nginx_conf_does_not_change_what_runs(void **state UNUSED)
{
	int port = rig_port();

	put_first(port);
	r.nginx.main_text = "bogus;";
	rig_nginx_configure(&r.nginx);
	rig_deploy_leave(&r);
	rig_deploy_enter(&r);
	rig_deploy_expect(&r, DEPLOY_UNCHANGED, rig_deploy_put(&r, rig_bundle_saying(port, "one")));
	rig_deploy_expect(&r, DEPLOY_REFUSED, rig_deploy_put(&r, rig_bundle_saying(port, "two")));
	expect_first(port);
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);
}

/* While old workers cannot end, no reload adds to them. */
static void no_reload_adds_to_a_crowd_of_old_workers(void **state UNUSED)
{
	int held[512];
	size_t count = 0;
	uint64_t when, now = 0;
	unsigned reloads = 0;

	while (deploy_is_ready(r.deploy, now = rig_now(), &when)) {
		assert_true(count + 8 < ARRAY_SIZE(held));
		for (int i = 0; i < 8; i++)
			held[count++] = rig_nginx_hold(r.nginx.port);
		rig_nginx_send_hup(&r.nginx);
		reloads++;
		eventually(r.loop, rig_nginx_reloads(&r.nginx) == reloads);
	}
	assert_true(when > now && when <= now + USEC_PER_SEC);
	assert_true(reloads >= 8);
	while (count)
		close(held[--count]);
	eventually(r.loop, deploy_is_ready(r.deploy, rig_now(), &when));
}

/* Killed between the rename and the signal. */
static void what_was_published_but_not_signalled_is_signalled_after_a_restart(void **state UNUSED)
{
	int port = rig_port();
	struct bundle *b = rig_bundle_saying(port, "two");
	unsigned long n;

	put_first(port);
	deploy_free(r.deploy);
	r.deploy = NULL;
	OK(stage_write(r.stage, b, "", &n, e));
	OK(stage_sync(r.stage, n, e));
	OK(stage_publish(r.stage, n, e));
	rig_deploy_leave(&r);
	rig_deploy_enter(&r);
	assert_true(rig_nginx_says(port, "one"));
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, b));
	assert_int_equal(r.generation, 2);
	assert_true(rig_nginx_says(port, "two"));
}

static bool is_stopped(pid_t pid)
{
	char name[64], *text;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	text = rig_read(name);
	return text && strstr(text, "\nState:\tT");
}

static void a_stopped_master_is_not_deployed_to(void **state UNUSED)
{
	int port = rig_port();

	put_first(port);
	r.settings.reload_timeout = 200 * USEC_PER_MSEC;
	kill(r.nginx.pid, SIGSTOP);
	eventually(NULL, is_stopped(r.nginx.pid));
	rig_deploy_expect(&r, DEPLOY_FAILED, rig_deploy_put(&r, rig_bundle_saying(port, "two")));
	assert_non_null(strstr(r.message, "nothing was changed"));
	assert_int_equal(r.condition, HOST_NGINX_BUSY);
	assert_int_equal(stage_live(r.stage), 1);
	assert_false(rig_state_has("generations/2"));
	kill(r.nginx.pid, SIGCONT);
	r.settings.reload_timeout = 30 * USEC_PER_SEC;
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "two")));
	assert_true(rig_nginx_says(port, "two"));
}

/* An nginx.conf that nginx needs a long time to read. */
static void make_reloads_slow(struct buf *map)
{
	buf_puts(map, "map $uri $slow {\n");
	for (int i = 0; i < 300000; i++)
		buf_printf(map, "/page/%d 1;\n", i);
	buf_puts(map, "}\n");
	r.nginx.http_text = map->data;
	rig_nginx_configure(&r.nginx);
}

/* The master stops in the middle of the reload: an unknown result is neither a success nor a reason
 * to revert. */
static void a_reload_without_a_result_is_unknown_and_not_reverted(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf map = BUF_INIT;
	int port = rig_port();
	struct applied a;

	put_first(port);
	make_reloads_slow(&map);
	r.settings.reload_timeout = 300 * USEC_PER_MSEC;
	rig_deploy_begin(&r, rig_bundle_saying(port, "two"));
	eventually(r.loop, deploy_state(r.deploy) == RELOAD_VERIFYING);
	kill(r.nginx.pid, SIGSTOP);
	rig_deploy_expect(&r, DEPLOY_UNKNOWN, rig_deploy_end(&r));
	assert_false(r.in_force);
	assert_int_equal(stage_live(r.stage), 2);
	assert_false(stage_applied(r.stage, &a));
	r.changes = 0;
	r.settings.reload_timeout = 30 * USEC_PER_SEC;
	kill(r.nginx.pid, SIGCONT);
	eventually(r.loop, r.changes > 0);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "two")));
	assert_true(rig_nginx_says(port, "two"));
}

static void a_master_killed_during_the_reload_defers_it(void **state UNUSED)
{
	struct nginx_status status;
	int port = rig_port();
	enum deploy_result result;

	put_first(port);
	rig_deploy_begin(&r, rig_bundle_saying(port, "two"));
	eventually(r.loop, deploy_state(r.deploy) == RELOAD_VERIFYING);
	rig_nginx_kill9(&r.nginx);
	rig_deploy_expect(&r, DEPLOY_DEFERRED, rig_deploy_end(&r));
	deploy_nginx_status(r.deploy, &status);
	assert_int_equal(status.nginx.state, NGINX_STATE_DOWN);
	rig_nginx_stop(&r.nginx); /* the workers of the killed master */
	r.changes = 0;
	rig_nginx_start(&r.nginx);
	eventually(r.loop, r.changes > 0);
	result = rig_deploy_put(&r, rig_bundle_saying(port, "two"));
	if (result != DEPLOY_UNCHANGED)
		rig_deploy_expect(&r, DEPLOY_APPLIED, result);
	assert_true(rig_nginx_says(port, "two"));
}

/* A client that still owes the rest of its request: its worker does not end for some seconds when
 * nginx stops gracefully. */
static int begin_request(int port)
{
	static const char head[] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[1024];

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_true(send(fd, head, strlen(head), MSG_NOSIGNAL) > 0);
	assert_true(recv(fd, answer, sizeof(answer), 0) > 0);
	return fd;
}

/* It serves what is published when it is started again. */
static void end_and_start(int port, int client)
{
	close(client);
	rig_nginx_stop(&r.nginx);
	rig_nginx_start(&r.nginx);
	eventually(r.loop, rig_nginx_says(port, "two"));
}

static void an_nginx_that_stops_gracefully_refuses_nothing(void **state UNUSED)
{
	int port = rig_port(), client;

	put_first(port);
	client = begin_request(port);
	kill(r.nginx.pid, SIGQUIT);
	eventually(r.loop, newest_worker() == 0);
	rig_deploy_expect(&r, DEPLOY_DEFERRED, rig_deploy_put(&r, rig_bundle_saying(port, "two")));
	assert_non_null(strstr(r.message, "nginx is stopping"));
	assert_int_equal(stage_live(r.stage), 2);
	end_and_start(port, client);
}

static void an_nginx_that_stops_soon_after_the_reload_defers_it(void **state UNUSED)
{
	int port = rig_port(), client;

	put_first(port);
	rig_deploy_begin(&r, rig_bundle_saying(port, "two"));
	eventually(r.loop, deploy_state(r.deploy) == RELOAD_SETTLING);
	eventually(NULL, rig_nginx_says(port, "two"));
	client = begin_request(port);
	kill(r.nginx.pid, SIGQUIT);
	rig_deploy_expect(&r, DEPLOY_DEFERRED, rig_deploy_end(&r));
	assert_int_equal(stage_live(r.stage), 2);
	end_and_start(port, client);
}

/* Another program reloads all the time. */
static void reloads_of_others_do_not_disturb_a_deployment(void **state UNUSED)
{
	pid_t pid = r.nginx.pid, other = fork();
	int port = rig_port();
	char text[16];

	if (other == 0) {
		for (uint64_t next = 0; getppid() > 1; rig_pause(NULL)) {
			if (rig_now() < next)
				continue;
			kill(pid, SIGHUP);
			next = rig_now() + 170 * USEC_PER_MSEC;
		}
		_exit(0);
	}
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		rig_deploy_expect(&r, DEPLOY_APPLIED,
				  rig_deploy_put(&r, rig_bundle_saying(port, text)));
		/* while nginx is busy with another reload, old workers still answer */
		eventually(r.loop, rig_nginx_says(port, text));
	}
	rig_stop(other, SIGKILL);
}

static int open_detached(void **state UNUSED)
{
	rig_deploy_open(&r);
	r.nginx.daemon = true;
	rig_nginx_configure(&r.nginx);
	rig_nginx_start(&r.nginx);
	return 0;
}

static bool has_old_pid_file(void)
{
	return access(rig_path("%s/run/nginx.pid.oldbin", strrchr(r.nginx.root, '/') + 1), F_OK) ==
	       0;
}

/* The new master has written its own, too. */
static bool is_upgrading(void)
{
	char *text = has_old_pid_file() ? rig_read(r.nginx.pid_file) : NULL;

	return text && strtol(text, NULL, 10) > 0;
}

static void a_deployment_waits_for_an_upgrade_of_the_binary(void **state UNUSED)
{
	int port = rig_port();
	pid_t old = r.nginx.pid;
	enum deploy_result result;
	struct nginx_status status = { .nginx.pid = 0 };

	put_first(port);
	kill(old, SIGUSR2);
	eventually(r.loop, is_upgrading());
	rig_deploy_expect(&r, DEPLOY_DEFERRED, rig_deploy_put(&r, rig_bundle_saying(port, "two")));
	assert_non_null(strstr(r.message, "upgraded"));
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);
	r.changes = 0;
	rig_stop(old, SIGQUIT);
	r.nginx.pid = 0;
	eventually(r.loop,
		   !has_old_pid_file() &&
			   (deploy_nginx_status(r.deploy, &status), status.nginx.pid != old) &&
			   status.nginx.pid);
	r.nginx.pid = (pid_t)status.nginx.pid;
	eventually(r.loop, r.changes > 0);
	result = rig_deploy_put(&r, rig_bundle_saying(port, "two"));
	if (result != DEPLOY_UNCHANGED)
		rig_deploy_expect(&r, DEPLOY_APPLIED, result);
	assert_true(rig_nginx_says(port, "two"));
}

/* The daemon ends in each state: the next one continues from what is on the disk. */
static void a_daemon_that_ends_in_any_state_leaves_the_next_one_able_to_go_on(void **state UNUSED)
{
	int port = rig_port();
	char text[32];

	put_first(port);
	for (int s = RELOAD_CHECKING; s <= RELOAD_SETTLING; s++) {
		if (s == RELOAD_PUBLISHING || s == RELOAD_SIGNALLING)
			continue; /* these end within one turn of the loop */
		snprintf(text, sizeof(text), "state %d", s);
		rig_deploy_begin(&r, rig_bundle_saying(port, text));
		eventually(r.loop, deploy_state(r.deploy) == (enum reload_state)s);
		rig_deploy_leave(&r);
		rig_deploy_enter(&r);
		rig_deploy_expect(&r, DEPLOY_APPLIED,
				  rig_deploy_put(&r, rig_bundle_saying(port, text)));
		/* while nginx is busy with the other reload, old workers still answer */
		eventually(r.loop, rig_nginx_says(port, text));
	}
	rig_deploy_begin(&r, rig_bundle_saying(port, "never"));
	rig_deploy_leave(&r);
	rig_deploy_enter(&r);
}

static void a_deployment_may_be_freed_by_its_own_report(void **state UNUSED)
{
	static const char *const bad[] = { "bogus;", "" };

	for (size_t i = 0; i < 2; i++) {
		r.free_when_done = true;
		rig_deploy_begin(&r, rig_bundle(bad[i], ""));
		rig_deploy_end(&r);
		assert_null(r.deploy);
		r.free_when_done = false;
		rig_deploy_leave(&r);
		rig_deploy_enter(&r);
	}
}

static void put_directory_in_place_of_the_link(const char *text)
{
	assert_int_equal(unlink(rig_state_path("live")), 0);
	assert_int_equal(mkdir(rig_state_path("live"), 0755), 0);
	rig_write(rig_state_path("live/http.conf"), "%s", text);
	rig_write(rig_state_path("live/stream.conf"), "%s", "");
}

static void a_directory_with_content_in_place_of_the_link_is_a_condition(void **state UNUSED)
{
	int port = rig_port();

	put_first(port);
	put_directory_in_place_of_the_link("# theirs\n");
	rig_deploy_expect(&r, DEPLOY_FAILED, rig_deploy_put(&r, rig_bundle_saying(port, "two")));
	assert_int_equal(r.condition, HOST_STATE_DIRECTORY);
	assert_false(r.in_force);
	if (!strstr(r.message, "/live is a directory that holds \"http.conf\""))
		fail_msg("%s", r.message);
	assert_false(rig_state_has("generations/2"));
	assert_true(rig_nginx_says(port, "one"));
	assert_string_equal(rig_state_file("live/http.conf"), "# theirs\n");
}

static void an_empty_directory_in_place_of_the_link_is_replaced(void **state UNUSED)
{
	int port = rig_port();

	put_first(port);
	put_directory_in_place_of_the_link("");
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, rig_bundle_saying(port, "two")));
	assert_true(r.in_force);
	assert_true(rig_nginx_says(port, "two"));
	assert_false(rig_state_has(".live.tmp"));
}

int main(void)
{
#define TEST(name, open) deploy_test(name, &r, open)
	const struct CMUnitTest tests[] = {
		TEST(a_port_of_another_process_is_rejected_with_the_reason_of_nginx,
		     rig_deploy_setup_running),
		TEST(a_cache_that_moves_is_rejected_with_the_reason_of_nginx,
		     rig_deploy_setup_running),
		TEST(workers_that_die_at_once_bring_back_the_last_generation, open_with_directory),
		TEST(without_any_worker_the_next_deployment_repairs_it, open_with_directory),
		TEST(a_worker_that_dies_soon_brings_back_the_last_generation,
		     rig_deploy_setup_running),
		TEST(a_broken_nginx_conf_does_not_change_what_runs, rig_deploy_setup_running),
		TEST(no_reload_adds_to_a_crowd_of_old_workers, rig_deploy_setup_running),
		TEST(what_was_published_but_not_signalled_is_signalled_after_a_restart,
		     rig_deploy_setup_running),
		TEST(a_stopped_master_is_not_deployed_to, rig_deploy_setup_running),
		TEST(a_reload_without_a_result_is_unknown_and_not_reverted,
		     rig_deploy_setup_running),
		TEST(a_master_killed_during_the_reload_defers_it, rig_deploy_setup_running),
		TEST(an_nginx_that_stops_gracefully_refuses_nothing, rig_deploy_setup_running),
		TEST(an_nginx_that_stops_soon_after_the_reload_defers_it, rig_deploy_setup_running),
		TEST(reloads_of_others_do_not_disturb_a_deployment, rig_deploy_setup_running),
		TEST(a_deployment_waits_for_an_upgrade_of_the_binary, open_detached),
		TEST(a_daemon_that_ends_in_any_state_leaves_the_next_one_able_to_go_on,
		     rig_deploy_setup_running),
		TEST(a_deployment_may_be_freed_by_its_own_report, rig_deploy_setup_down),
		TEST(a_directory_with_content_in_place_of_the_link_is_a_condition,
		     rig_deploy_setup_running),
		TEST(an_empty_directory_in_place_of_the_link_is_replaced, rig_deploy_setup_running),
	};

	return cmocka_run_group_tests_name("deploy_faults", tests, NULL, rig_deploy_remove_all);
}
