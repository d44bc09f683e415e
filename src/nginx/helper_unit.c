/* The socket of systemd, and the one client. */
#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "helper_serve.h"
#include "helper_unit.h"
#include "helper_wire.h"
#include "sys/service.h"

static int accept_client(int listener, struct err *e)
{
	/* cppcheck-suppress nullPointer ; accept4(2) gives no address then */
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0)
		return err_sys(e, "cannot accept the daemon");
	if (helper_peer_is_own(client))
		return client;
	log_warning("a process of another user has connected to the helper; it is disconnected");
	close(client);
	errno = EAGAIN;
	return -1;
}

static void wait_for_client(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	do
		service_is_alive();
	while (poll(&p, 1, service_patience()) == 0);
}

int helper_unit_accept(int *channel, struct err *e)
{
	int listener = service_socket();

	if (listener < 0)
		return err_set(e, ERR_INPUT,
			       "--helper is for zknginxd-helper.service, which gets a socket from "
			       "zknginxd-helper.socket");
	prctl(PR_SET_NAME, "zknginxd-helper");
	service_is_ready();
	do {
		wait_for_client(listener);
		*channel = accept_client(listener, e);
	} while (*channel < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED));
	close(listener);
	return *channel < 0 ? -1 : 0;
}

int helper_unit_serve(int channel, const struct settings *settings, struct err *e)
{
	const char *state = settings->state.directory;
	bool lends = helper_lends(&settings->nginx);
	static struct helper_message m;

	if (!helper_put_greeting(&m, helper_build, state))
		return err_set(e, ERR_INPUT, "the path of state.directory is too long");
	if (helper_send(channel, &m) < 0)
		return err_sys(e, "the daemon has disconnected");
	helper_serve(channel, state, lends);
}
