/* Signals that administrators send by habit do not end the daemon. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <zknginx/err.h>

#include "rig_host.h"

static struct rig_host host;
static int port;

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	port = rig_port();
	rig_host_set_site(&host, port, "one");
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

static unsigned count(const char *text, const char *words)
{
	unsigned n = 0;

	for (; (text = strstr(text, words)); text++)
		n++;
	return n;
}

static void a_signal_that_means_nothing_is_logged_once_and_ignored(void **state UNUSED)
{
	static const int signals[] = { SIGUSR1, SIGUSR2,   SIGALRM,   SIGIO,
				       SIGPROF, SIGVTALRM, SIGSTKFLT, SIGPWR };
	char words[64];

	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		snprintf(words, sizeof(words), "SIG%s is ignored", sigabbrev_np(signals[i]));
		assert_int_equal(kill(host.daemon, signals[i]), 0);
		eventually(NULL, count(rig_read(host.log), words) == 1);
		assert_int_equal(kill(host.daemon, signals[i]), 0);
	}
	rig_host_set_site(&host, port, "two");
	eventually(NULL, rig_nginx_says(port, "two"));
	assert_int_equal(count(rig_read(host.log), " is ignored: "), ARRAY_SIZE(signals));
	assert_int_equal(rig_host_stop_daemon(&host, SIGTERM), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_signal_that_means_nothing_is_logged_once_and_ignored, setup, teardown),
	};

	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
