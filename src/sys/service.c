/* The header says it. */
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "service.h"

int service_socket(void)
{
	return sd_listen_fds(0) == 1 && sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, 1,
							  NULL, 0) > 0
		       ? SD_LISTEN_FDS_START
		       : -1;
}

void service_is_ready(void)
{
	sd_notify(0, "READY=1");
}

int service_patience(void)
{
	uint64_t usec = 0;

	return sd_watchdog_enabled(0, &usec) > 0 ? (int)(usec / 2 / USEC_PER_MSEC) : -1;
}

void service_is_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}
