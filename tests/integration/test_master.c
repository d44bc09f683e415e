/* The master: found only when it really is one; its state comes from the kernel. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nginx/master.h"
#include "nginx/seen_workers.h"
#include "rig.h"
#include "rig_nginx.h"

#define BINARY "/usr/sbin/nginx"

static struct rig_nginx nginx;

static int start(void **state UNUSED)
{
	rig_nginx_init(&nginx, "nginx");
	nginx.include_http = nginx.include_stream = false;
	rig_nginx_configure(&nginx);
	rig_nginx_start(&nginx);
	return 0;
}

static int stop(void **state UNUSED)
{
	rig_nginx_stop(&nginx);
	rig_clean();
	return 0;
}

static void find(struct master *m)
{
	struct err e;

	if (master_find(nginx.pid_file, BINARY, m, &e) < 0)
		fail_msg("%s", e.text);
}

static void refuse(const char *pid_file, enum err_code code, const char *word)
{
	struct master m;
	struct err e;

	assert_int_equal(master_find(pid_file, BINARY, &m, &e), -1);
	assert_int_equal(m.pidfd, -1);
	if (e.code != code || !strstr(e.text, word))
		fail_msg("code %d: %s (not: %s)", (int)e.code, e.text, word);
}

static size_t serving(const struct master *m)
{
	struct workers w;

	master_workers(m, &w);
	return w.serving_count;
}

static void a_running_master_is_found_with_its_workers(void **state UNUSED)
{
	struct workers w;
	struct master m;

	find(&m);
	assert_int_equal(m.pid, nginx.pid);
	assert_true(m.start_time > 0);
	assert_false(m.upgrading);
	assert_true(master_is_alive(&m));
	eventually(NULL, master_activity(&m) == MASTER_IDLE && serving(&m) == 2);
	master_workers(&m, &w);
	assert_int_equal(w.starting, 0);
	assert_int_equal(w.leaving, 0);
	assert_int_equal(w.children, 2);
	assert_true(workers_have(&w, w.serving[1]));
	assert_false(workers_have(&w, m.pid));
	master_fini(&m);
}

/* The next turn of the loop. */
static void turn(sd_event *loop)
{
	assert_true(sd_event_run(loop, 0) >= 0);
}

static bool is_replaced(const struct master *m, pid_t worker)
{
	struct workers w;

	master_workers(m, &w);
	return !workers_have(&w, worker) && w.serving_count == 2;
}

static void workers_are_looked_at_once_in_a_turn(void **state UNUSED)
{
	struct master m;
	struct seen_workers *seen;
	sd_event *loop;
	pid_t worker;

	find(&m);
	eventually(NULL, serving(&m) == 2);
	assert_true(sd_event_new(&loop) >= 0);
	seen = seen_workers_new(loop);
	assert_int_equal(seen_workers_look(seen, &m)->serving_count, 2);
	worker = seen_workers_look(seen, &m)->serving[0];
	kill(worker, SIGKILL);
	eventually(NULL, is_replaced(&m, worker));
	assert_true(workers_have(seen_workers_look(seen, &m), worker));
	turn(loop);
	assert_false(workers_have(seen_workers_look(seen, &m), worker));
	eventually(NULL, (turn(loop), seen_workers_look(seen, &m)->serving_count == 2));
	worker = seen_workers_look(seen, &m)->serving[1];
	kill(worker, SIGKILL);
	eventually(NULL, is_replaced(&m, worker));
	assert_false(workers_have(seen_workers_look_closely(seen, &m), worker));
	assert_int_equal(seen_workers_look(seen, NULL)->serving_count, 0);
	assert_int_equal(seen_workers_look(seen, &m)->serving_count, 2);
	seen_workers_free(seen);
	sd_event_unref(loop);
	master_fini(&m);
}

static bool is_titled(pid_t pid, const char *start)
{
	char name[64], *title;

	snprintf(name, sizeof(name), "/proc/%d/cmdline", (int)pid);
	title = rig_read(name);
	return title && strncmp(title, start, strlen(start)) == 0;
}

static void a_pid_file_that_names_no_master_is_refused(void **state UNUSED)
{
	char *file = rig_path("some.pid");
	char *argv[] = { "sleep", "1000", NULL };
	struct workers w;
	struct master m;
	pid_t other;

	refuse(file, ERR_UNAVAILABLE, "no pid file");
	rig_write(file, "%s", "");
	refuse(file, ERR_UNAVAILABLE, "empty");
	rig_write(file, "nginx\n");
	refuse(file, ERR_UNAVAILABLE, "process id");
	rig_write(file, "-1\n");
	refuse(file, ERR_UNAVAILABLE, "process id");
	rig_write(file, "1x\n");
	refuse(file, ERR_UNAVAILABLE, "process id");

	other = rig_start(NULL, argv);
	eventually(NULL, is_titled(other, "sleep"));
	rig_write(file, "%d\n", (int)other);
	refuse(file, ERR_REFUSED, "is not an nginx master");
	rig_stop(other, SIGKILL);
	refuse(file, ERR_UNAVAILABLE, "stale");

	find(&m);
	master_workers(&m, &w);
	master_fini(&m);
	rig_write(file, "%d\n", (int)w.serving[0]);
	refuse(file, ERR_REFUSED, "worker process");

	unlink(file);
	assert_int_equal(mkfifo(file, 0600), 0);
	refuse(file, ERR_UNAVAILABLE, "empty");
	unlink(file);
}

/* As before an upgrade by hand: mv nginx nginx.old, and a new nginx in its place. */
static void a_master_whose_binary_was_renamed_is_still_ours(void **state UNUSED)
{
	static const char *const names[] = { "nginx.old", "nginx-1.22.1", "nginx~",
					     "nginx_before" };
	char *binary = rig_path("bin/other"), *new = rig_path("bin/nginx"),
	     *file = rig_path("renamed.pid");
	char *sleep_argv[] = { "bash", "-c", NULL, NULL };
	struct master m;
	struct err e;

	assert_int_equal(mkdir(rig_path("bin"), 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char command[512];
		pid_t other;

		/* any program will do: it is the name of its file that counts */
		snprintf(command, sizeof(command), "cp /bin/sleep %s", new);
		assert_int_equal(rig_run(NULL, (char *[]){ "sh", "-c", command, NULL }), 0);
		snprintf(command, sizeof(command), "exec -a 'nginx: master process x' %s 1000",
			 new);
		sleep_argv[2] = command;
		other = rig_start(NULL, sleep_argv);
		eventually(NULL, is_titled(other, "nginx: "));
		assert_int_equal(rename(new, rig_path("bin/%s", names[i])), 0);
		snprintf(command, sizeof(command), "cp /bin/sleep %s", new);
		assert_int_equal(rig_run(NULL, (char *[]){ "sh", "-c", command, NULL }), 0);
		rig_write(file, "%d\n", (int)other);
		if (master_find(file, new, &m, &e) < 0)
			fail_msg("%s", e.text);
		master_fini(&m);
		/* another program is not */
		assert_int_equal(rename(rig_path("bin/%s", names[i]), binary), 0);
		assert_int_equal(master_find(file, new, &m, &e), -1);
		assert_non_null(strstr(e.text, "does not run"));
		rig_stop(other, SIGKILL);
	}
}

/* A process with the title of a master that runs another program. */
static void a_process_that_only_has_the_title_is_refused(void **state UNUSED)
{
	char *argv[] = { "bash", "-c", "exec -a 'nginx: master process x' sleep 1000", NULL };
	char *file = rig_path("borrowed.pid");
	pid_t other = rig_start(NULL, argv);

	eventually(NULL, is_titled(other, "nginx: "));
	rig_write(file, "%d\n", (int)other);
	refuse(file, ERR_REFUSED, "does not run");
	rig_stop(other, SIGKILL);
}

static unsigned leaving(const struct master *m)
{
	struct workers w;

	master_workers(m, &w);
	return w.leaving;
}

/* Two new workers serve, and one of the old ones is still there. An old worker that has not taken
 * its signal yet has the title of one that serves. */
static bool has_replaced(const struct master *m, const struct workers *before)
{
	struct workers w;

	master_workers(m, &w);
	for (size_t i = 0; i < before->serving_count; i++) {
		if (workers_have(&w, before->serving[i]))
			return false;
	}
	return w.serving_count == 2 && w.leaving == 1 && w.starting == 0;
}

static void a_sighup_changes_the_workers(void **state UNUSED)
{
	struct workers before;
	struct master m;
	struct err e;
	int fd;

	find(&m);
	eventually(NULL, serving(&m) == 2);
	master_workers(&m, &before);
	fd = rig_nginx_hold(nginx.port);
	assert_int_equal(master_send_hup(&m, &e), 0);
	eventually(NULL, has_replaced(&m, &before));
	eventually(NULL, master_activity(&m) == MASTER_IDLE);
	close(fd);
	eventually(NULL, leaving(&m) == 0);
	assert_true(master_is_alive(&m));
	master_fini(&m);
}

static bool is_stopped(pid_t pid)
{
	char name[64], *text;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	text = rig_read(name);
	return text && strstr(text, "\nState:\tT");
}

static void a_stopped_master_keeps_the_signal(void **state UNUSED)
{
	struct master m;
	struct err e;

	find(&m);
	kill(m.pid, SIGSTOP);
	eventually(NULL, is_stopped(m.pid));
	assert_int_equal(master_send_hup(&m, &e), 0);
	eventually(NULL, master_activity(&m) == MASTER_QUEUED);
	kill(m.pid, SIGCONT);
	eventually(NULL, master_activity(&m) == MASTER_IDLE);
	/* the next test needs all workers: one that starts while the master is killed is missed */
	eventually(NULL, serving(&m) == 2 && leaving(&m) == 0);
	master_fini(&m);
}

/* One that has ended is no worker any more, and the set is not complete. */
static void a_worker_that_nobody_has_reaped_is_ending(void **state UNUSED)
{
	struct workers w;
	struct master m;

	find(&m);
	eventually(NULL, (master_workers(&m, &w), w.serving_count == 2 && w.ending == 0));
	kill(m.pid, SIGSTOP);
	eventually(NULL, is_stopped(m.pid));
	kill(w.serving[0], SIGKILL);
	eventually(NULL, (master_workers(&m, &w), w.ending == 1));
	assert_int_equal(w.serving_count, 1);
	assert_int_equal(w.children, 1);
	assert_int_not_equal(master_activity(&m), MASTER_IDLE);
	kill(m.pid, SIGCONT);
	eventually(NULL, (master_workers(&m, &w), w.serving_count == 2 && w.ending == 0));
	eventually(NULL, master_activity(&m) == MASTER_IDLE);
	master_fini(&m);
}

static void a_dead_master_is_noticed_and_its_pid_file_is_stale(void **state UNUSED)
{
	struct master m;
	struct err e;

	find(&m);
	rig_nginx_kill9(&nginx);
	assert_false(master_is_alive(&m));
	assert_int_equal(master_activity(&m), MASTER_GONE);
	assert_int_equal(master_send_hup(&m, &e), -1);
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	refuse(nginx.pid_file, ERR_UNAVAILABLE, "stale");
	master_fini(&m);
	assert_false(master_is_alive(&m));
	rig_nginx_stop(&nginx);
	rig_nginx_start(&nginx);
}

static bool is_upgrading(pid_t not )
{
	struct master m;
	bool yes;

	if (master_find(nginx.pid_file, BINARY, &m, NULL) < 0)
		return false;
	yes = m.upgrading && m.pid != not ;
	master_fini(&m);
	return yes;
}

static bool found_alone(struct master *m)
{
	if (master_find(nginx.pid_file, BINARY, m, NULL) < 0)
		return false;
	if (!m->upgrading && m->pid != nginx.pid)
		return true;
	master_fini(m);
	return false;
}

static void an_upgrade_of_the_binary_is_noticed(void **state UNUSED)
{
	struct master m;
	pid_t old;

	rig_nginx_stop(&nginx);
	nginx.daemon = true;
	rig_nginx_configure(&nginx);
	rig_nginx_start(&nginx);
	old = nginx.pid;
	kill(old, SIGUSR2);
	eventually(NULL, is_upgrading(old));
	rig_stop(old, SIGQUIT);
	nginx.pid = 0;
	eventually(NULL, found_alone(&m));
	eventually(NULL, serving(&m) == 2);
	kill(m.pid, SIGTERM);
	eventually(NULL, !master_is_alive(&m));
	master_fini(&m);
	/* an old .oldbin file of a dead master has no effect */
	rig_nginx_start(&nginx);
	rig_write(rig_path("nginx/run/nginx.pid.oldbin"), "%d\n", (int)old);
	find(&m);
	assert_false(m.upgrading);
	master_fini(&m);
	unlink(rig_path("nginx/run/nginx.pid.oldbin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_running_master_is_found_with_its_workers),
		cmocka_unit_test(workers_are_looked_at_once_in_a_turn),
		cmocka_unit_test(a_pid_file_that_names_no_master_is_refused),
		cmocka_unit_test(a_process_that_only_has_the_title_is_refused),
		cmocka_unit_test(a_master_whose_binary_was_renamed_is_still_ours),
		cmocka_unit_test(a_sighup_changes_the_workers),
		cmocka_unit_test(a_stopped_master_keeps_the_signal),
		cmocka_unit_test(a_worker_that_nobody_has_reaped_is_ending),
		cmocka_unit_test(a_dead_master_is_noticed_and_its_pid_file_is_stale),
		cmocka_unit_test(an_upgrade_of_the_binary_is_noticed),
	};

	return cmocka_run_group_tests_name("master", tests, start, stop);
}
