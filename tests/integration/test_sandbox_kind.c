/*
 * What the sandbox takes from the master, and what it does on hosts without namespaces.
 */
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_sandbox.h"

/* --- the master's executable and namespace ---------------------------------------------------- */

/* A copy of nginx that runs in a mount namespace of its own, with few files to open. */
static pid_t start_master(const char *executable)
{
	const char *conf = rig_path("master.conf"), *pid_file = rig_path("master.pid");
	pid_t master;

	assert_int_equal(rig_run(NULL, (char *[]){ (char *)"cp", (char *)"/usr/sbin/nginx",
						   (char *)executable, NULL }),
			 0);
	rig_write(conf,
		  "daemon off; pid %s; error_log %s/master.log; events {}\n"
		  "http { access_log off; server { listen 127.0.0.1:%d; } }\n",
		  pid_file, rig_directory(), rig_port());
	master = rig_start(NULL, (char *[]){ (char *)"unshare", (char *)"-m", (char *)"prlimit",
					     (char *)"--nofile=40", (char *)executable,
					     (char *)"-c", (char *)conf, NULL });
	eventually(NULL, rig_read(pid_file) && *rig_read(pid_file));
	return master;
}

static void the_masters_deleted_executable_in_its_namespace_is_used(void **state)
{
	struct host *h = *state;

	h->master = start_master(rig_path("nginx"));
	assert_int_equal(unlink(rig_path("nginx")), 0);
	h->settings.binary = "/nonexistent/nginx";
	host_test_in_namespace(h);
	rig_stop((pid_t)h->master, SIGTERM);
	host_assert_passed(&h->result);
	assert_true(h->result.http_included);
}

static void through_the_helper_it_is_used_too(void **state)
{
	host_start_helper(*state);
	the_masters_deleted_executable_in_its_namespace_is_used(state);
}

static void what_exceeds_the_masters_open_files_is_refused(void **state)
{
	struct host *h = *state;
	struct buf text = BUF_INIT;

	for (int i = 0; i < 60; i++)
		buf_printf(&text, "access_log %s/%d.log;\n", h->logs, i);
	host_stage(h, "%s", buf_str(&text));
	buf_fini(&text);
	host_assert_passed(host_test_in_namespace(h));
	h->master = start_master(rig_path("nginx"));
	host_test_in_namespace(h);
	rig_stop((pid_t)h->master, SIGTERM);
	assert_false(h->result.passed);
	host_assert_says(&h->result, "(24: Too many open files)");
}

/* --- where there are no namespaces ------------------------------------------------------------ */

static void lose_the_capability_to_mount(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		die("capget: %m");
	data[0].permitted &= ~(1U << CAP_SYS_ADMIN);
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	if (syscall(SYS_capset, &header, data) < 0)
		die("capset: %m");
}

/* Run in a process of its own, as a lost capability does not come back. Returns its exit status. */
static int elsewhere(int (*check)(struct host *h), struct host *h)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(check(h));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int check_refused(struct host *h)
{
	struct err e = { 0 };

	lose_the_capability_to_mount();
	if (host_open(h, SANDBOX_NAMESPACE, &e) == 0 || e.code != ERR_UNAVAILABLE)
		return 1;
	return strstr(e.text, "Operation not permitted") ? 0 : 2;
}

static int check_fallback(struct host *h)
{
	lose_the_capability_to_mount();
	if (host_open(h, SANDBOX_AUTO, NULL) < 0)
		return 1;
	return strcmp(sandbox_kind(h->sandbox), "fallback") == 0 ? 0 : 2;
}

static void without_the_right_to_mount_the_kind_is_fallback(void **state)
{
	struct host *h = *state;

	assert_int_equal(elsewhere(check_refused, h), 0);
	assert_int_equal(elsewhere(check_fallback, h), 0);
	assert_int_equal(host_open(h, SANDBOX_AUTO, NULL), 0);
	assert_string_equal(sandbox_kind(h->sandbox), "namespace");
}

static int check_unwritable(struct host *h)
{
	struct err e = { 0 };
	const char *etc = rig_path("etc");

	if (host_open(h, SANDBOX_FALLBACK, NULL) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(etc, etc, NULL, MS_BIND, NULL) < 0 ||
	    mount("", etc, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return 1;
	if (sandbox_test(h->sandbox, h->loop, h->staged, 0, NULL, NULL, &e) == 0)
		return 2;
	return strstr(e.text, "Read-only file system") ? 0 : 3;
}

static void a_copy_that_cannot_be_written_is_an_error(void **state)
{
	assert_int_equal(elsewhere(check_unwritable, *state), 0);
}

static void copies_of_dead_daemons_are_removed(void **state)
{
	struct host *h = *state;
	pid_t dead = fork();

	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	const char *old = rig_path("etc/.zknginxd-test-%d-0.conf", (int)dead);
	const char *busy = rig_path("etc/.zknginxd-test-1-0.conf");

	rig_write(old, "#\n");
	rig_write(busy, "#\n");
	assert_int_equal(host_open(h, SANDBOX_FALLBACK, NULL), 0);
	assert_int_not_equal(access(old, F_OK), 0);
	assert_int_equal(access(busy, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test_case(the_masters_deleted_executable_in_its_namespace_is_used),
		host_test_case(through_the_helper_it_is_used_too),
		host_test_case(what_exceeds_the_masters_open_files_is_refused),
		host_test_case(without_the_right_to_mount_the_kind_is_fallback),
		host_test_case(a_copy_that_cannot_be_written_is_an_error),
		host_test_case(copies_of_dead_daemons_are_removed),
	};

	return cmocka_run_group_tests_name("sandbox kind", tests, NULL, NULL);
}
