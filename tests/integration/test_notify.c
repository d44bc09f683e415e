/* The messages to systemd, received on a notify socket of the test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/notify.h"
#include "rig.h"

static int ear;
static sd_event *loop;

static int set_up(void **state UNUSED)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", rig_path("notify"));
	ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ear < 0 || bind(ear, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	setenv("NOTIFY_SOCKET", a.sun_path, 1);
	return sd_event_new(&loop);
}

static int tear_down(void **state UNUSED)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	loop = sd_event_unref(loop);
	close(ear);
	rig_clean();
	return 0;
}

/* The next message; "" when there is none. */
static const char *heard(void)
{
	static char text[1024];
	ssize_t size = recv(ear, text, sizeof(text) - 1, 0);

	text[size > 0 ? size : 0] = '\0';
	return text;
}

static void systemd_is_notified_of_each_step(void **state UNUSED)
{
	notify_ready();
	assert_string_equal(heard(), "READY=1");
	notify_reloading();
	assert_int_equal(strncmp(heard(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	notify_ready();
	assert_string_equal(heard(), "READY=1");
	notify_status("applied: generation 42");
	assert_string_equal(heard(), "STATUS=applied: generation 42");
	notify_stopping();
	assert_string_equal(heard(), "STOPPING=1");
}

/* A line feed must not add another variable. */
static void the_status_is_one_line(void **state UNUSED)
{
	notify_status("held\nMAINPID=1");
	assert_string_equal(heard(), "STATUS=held");
}

static void the_watchdog_is_fed_by_the_loop(void **state UNUSED)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	setenv("WATCHDOG_USEC", "20000", 1);
	notify_start(loop);
	for (int i = 0; i < 3; i++)
		eventually(loop, strcmp(heard(), "WATCHDOG=1") == 0);
}

static void nothing_is_sent_without_systemd(void **state UNUSED)
{
	unsetenv("NOTIFY_SOCKET");
	notify_start(loop);
	notify_ready();
	notify_status("x");
	assert_string_equal(heard(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(systemd_is_notified_of_each_step, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_status_is_one_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_watchdog_is_fed_by_the_loop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_sent_without_systemd, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
