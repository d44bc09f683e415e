/* One question, one answer; a run is not answered here, but through its own control socket. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper_channel.h"
#include "helper_wire.h"

static int the_channel = -1;

void helper_channel_set(int channel)
{
	if (the_channel >= 0)
		close(the_channel);
	the_channel = channel;
}

int helper_channel(void)
{
	return the_channel;
}

bool helper_is_used(void)
{
	return the_channel >= 0;
}

bool helper_is_lost(void)
{
	struct pollfd p = { .fd = the_channel };

	return the_channel >= 0 && poll(&p, 1, 0) > 0;
}

int helper_check(struct err *e)
{
	return helper_is_lost() ? err_set(e, ERR_UNAVAILABLE,
					  "the helper process, which runs nginx -t, is missing")
				: 0;
}

/* A late answer must not be taken for that to the next question. */
static void lose(void)
{
	shutdown(the_channel, SHUT_RDWR);
}

void helper_look(const struct look *q, struct look_answer *a, int *fd)
{
	struct helper_message m = { .size = sizeof(*a) };

	helper_put_look(&m, q);
	*fd = -1;
	if (helper_send(the_channel, &m) < 0 || helper_receive(the_channel, &m) < 0 ||
	    !helper_get_answer(&m, a)) {
		*a = (struct look_answer){ .error = EPIPE };
		helper_close_all(&m);
		lose();
		return;
	}
	if (m.fd_count == 1)
		*fd = m.fds[0];
	else
		helper_close_all(&m);
}

int helper_launch(void *enclosed, const struct child_ends *ends, struct err *e)
{
	struct helper_message m = { .size = 0 };

	if (!helper_put_run(&m, enclosed, ends))
		return err_set(e, ERR_INPUT, "the paths of nginx are too long for a test");
	if (helper_send(the_channel, &m) == 0)
		return 0;
	err_sys(e, "cannot reach the helper process, which runs nginx -t");
	lose();
	return -1;
}
