/* The fork, and its end. */
#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"
#include "helper_channel.h"
#include "helper_serve.h"

static pid_t helper;

/* The descriptors of the daemon stay with the daemon. */
static void close_others(int channel)
{
	const unsigned kept = (unsigned)channel;

	if (kept > 3)
		syscall(SYS_close_range, 3U, kept - 1, 0);
	syscall(SYS_close_range, kept + 1, ~0U, 0);
}

static __attribute__((noreturn)) void be_helper(int channel, const char *state, bool lends)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "zknginxd-helper");
	close_others(channel);
	helper_serve(channel, state, lends);
}

int helper_start(const struct settings *settings, struct err *e)
{
	bool lends = helper_lends(&settings->nginx);
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "cannot make a socket pair for the helper process");
	helper = fork();
	if (helper == 0)
		be_helper(pair[1], settings->state.directory, lends);
	close(pair[1]);
	if (helper < 0) {
		err_sys(e, "cannot fork the helper process");
		close(pair[0]);
		return -1;
	}
	helper_channel_set(pair[0]);
	return 0;
}

void helper_stop(void)
{
	if (!helper)
		return;
	helper_channel_set(-1);
	while (waitpid(helper, NULL, 0) < 0 && errno == EINTR)
		;
	helper = 0;
}
