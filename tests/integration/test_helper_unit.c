/*
 * A helper with a unit of its own. The test is systemd: it listens, starts the helper with the
 * socket, and tells the daemon where that is.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_host.h"

#define NOBODY 65534

static struct rig_host host;
static int port, listener;
static pid_t helper;

/* --- systemd ---------------------------------------------------------------------------------- */

static const char *socket_path(void)
{
	return rig_path("helper");
}

static int dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path());
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die("connect: %m");
	return fd;
}

static void listen_for_helper(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	unlink(socket_path());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path());
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 8) < 0 || chmod(socket_path(), 0666) < 0)
		die("listen: %m");
}

static __attribute__((noreturn)) void be_helper(const char *settings)
{
	int out = open(rig_path("helper.log"), O_WRONLY | O_CREAT | O_APPEND, 0644);
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	if (dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(1);
	if (listener == 3)
		fcntl(3, F_SETFD, 0);
	else if (dup2(listener, 3) < 0)
		_exit(1);
	execl(getenv("ZKNGINXD") ?: "build/zknginxd", "zknginxd", "-c", settings, "--helper", NULL);
	_exit(1);
}

static void start_helper(const char *settings)
{
	helper = fork();
	if (helper == 0)
		be_helper(settings);
}

static void kill_helper(void)
{
	assert_int_equal(kill(helper, SIGKILL), 0);
	assert_int_equal(waitpid(helper, NULL, 0), helper);
	helper = 0;
}

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	rig_host_settings(&host, "alerts: { raise_after = \"0s\"; };");
	setenv("ZKNGINXD_HELPER", socket_path(), 1);
	listen_for_helper();
	start_helper(host.settings);
	port = rig_port();
	rig_host_set_site(&host, port, "one");
	return 0;
}

static int teardown(void **state UNUSED)
{
	unsetenv("ZKNGINXD_HELPER");
	if (helper > 0)
		rig_stop(helper, SIGKILL);
	close(listener);
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

/* --- its life --------------------------------------------------------------------------------- */

static bool daemon_logged(const char *words)
{
	const char *log = rig_read(host.log);

	return log && strstr(log, words);
}

static void begin(void)
{
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
}

static void edit_goes_live(const char *text)
{
	rig_host_set_site(&host, port, text);
	eventually(NULL, rig_nginx_says(port, text));
	eventually(NULL, rig_host_is(&host, "applied"));
}

static void the_daemon_uses_it_and_forks_none(void **state UNUSED)
{
	char *children = NULL, pid[16];

	begin();
	assert_string_equal(rig_host_status_text(&host, "nginx.sandbox"), "namespace");
	snprintf(pid, sizeof(pid), "%d", (int)host.daemon);
	rig_run(&children, (char *[]){ (char *)"pgrep", (char *)"-P", pid, (char *)"-x",
				       (char *)"zknginxd-helper", NULL });
	assert_string_equal(children ?: "", "");
	edit_goes_live("two");
}

/* systemd has no use for a restart then: the next connection starts a new one. */
static void it_ends_with_its_daemon(void **state UNUSED)
{
	int status;

	begin();
	rig_host_stop_daemon(&host, SIGKILL);
	assert_int_equal(waitpid(helper, &status, 0), helper);
	helper = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	start_helper(host.settings);
	rig_host_start_daemon(&host);
	edit_goes_live("two");
}

static void a_new_one_is_found_when_it_was_killed(void **state UNUSED)
{
	pid_t daemon;

	begin();
	daemon = host.daemon;
	kill_helper();
	eventually(NULL, daemon_logged("zknginxd connects to a new one"));
	start_helper(host.settings);
	edit_goes_live("two");
	assert_int_equal(waitpid(daemon, NULL, WNOHANG), 0);
}

static void without_one_nothing_goes_live_and_an_alert_says_so(void **state UNUSED)
{
	begin();
	close(listener);
	kill_helper();
	rig_host_set_site(&host, port, "two");
	eventually(NULL, rig_host_has_alert(&host, "helper-missing"));
	eventually(NULL, rig_host_has_alert(&host, "nginx-test-unavailable"));
	assert_int_equal(rig_host_problem_count(&host), 0);
	assert_true(rig_nginx_says(port, "one"));
	listen_for_helper();
	start_helper(host.settings);
	eventually(NULL, rig_nginx_says(port, "two"));
	eventually(NULL, !rig_host_has_alert(&host, "helper-missing"));
	assert_true(daemon_logged("zknginxd has a helper process again"));
}

static void settings_that_are_read_again_do_not_matter_to_it(void **state UNUSED)
{
	begin();
	assert_int_equal(kill(host.daemon, SIGHUP), 0);
	eventually(NULL, daemon_logged("settings read again"));
	kill_helper();
	start_helper(host.settings);
	edit_goes_live("two");
}

static void one_that_hangs_is_given_up(void **state UNUSED)
{
	begin();
	rig_freeze(helper);
	rig_host_set_site(&host, port, "two");
	eventually(NULL, daemon_logged("has ended or does not answer"));
	assert_true(rig_nginx_says(port, "one"));
	kill_helper();
	start_helper(host.settings);
	eventually(NULL, rig_nginx_says(port, "two"));
}

/* --- who may speak with it -------------------------------------------------------------------- */

/* As another user. */
static bool is_disconnected(void)
{
	char byte;
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			_exit(2);
		_exit(recv(dial(), &byte, 1, 0) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status == 0;
}

static void another_user_is_disconnected(void **state UNUSED)
{
	assert_int_equal(chmod(rig_path("."), 0755), 0);
	assert_true(is_disconnected());
	begin();
}

static void without_a_socket_it_says_what_it_is_for(void **state UNUSED)
{
	char *output = NULL;

	assert_int_equal(rig_host_run(&host, &output, "--helper", NULL), 2);
	assert_non_null(strstr(output, "--helper is for zknginxd-helper.service"));
}

static void the_state_directory_must_be_that_of_the_daemon(void **state UNUSED)
{
	const char *other = rig_path("other.conf");
	int status;

	kill_helper();
	rig_write(other, "state: { directory = \"%s\"; };\n", rig_path("elsewhere"));
	start_helper(other);
	rig_host_start_daemon(&host);
	assert_int_equal(waitpid(host.daemon, &status, 0), host.daemon);
	host.daemon = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_true(daemon_logged("start both units with the same settings file"));
}

#define UNIT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_daemon_uses_it_and_forks_none),
		UNIT_TEST(it_ends_with_its_daemon),
		UNIT_TEST(a_new_one_is_found_when_it_was_killed),
		UNIT_TEST(without_one_nothing_goes_live_and_an_alert_says_so),
		UNIT_TEST(settings_that_are_read_again_do_not_matter_to_it),
		UNIT_TEST(one_that_hangs_is_given_up),
		UNIT_TEST(another_user_is_disconnected),
		UNIT_TEST(without_a_socket_it_says_what_it_is_for),
		UNIT_TEST(the_state_directory_must_be_that_of_the_daemon),
	};

	return cmocka_run_group_tests_name("helper unit", tests, NULL, NULL);
}
