/* The header says it. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child_elsewhere.h"

int elsewhere_start(const struct launch *l, int *control, struct err *e)
{
	struct child_ends ends = { l->input, l->output, l->errors, l->failure, -1 };
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "cannot make a socket pair");
	*control = pair[0];
	ends.control = pair[1];
	rc = l->spec->launch(l->spec->launch_ctx, &ends, e);
	close(ends.control);
	return rc;
}

bool elsewhere_status(int control, struct child_status *status)
{
	if (recv(control, status, sizeof(*status), MSG_DONTWAIT) == sizeof(*status))
		return true;
	*status = (struct child_status){ CLD_KILLED, SIGKILL };
	return false;
}
