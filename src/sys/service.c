/* The header says it. */
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "service.h"
#include "timing.h"

int service_socket(void)
{
	return sd_listen_fds(0) == 1 && sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, 1,
							  NULL, 0) > 0
		       ? SD_LISTEN_FDS_START
		       : -1;
}

/* Microseconds; 0: there is none. */
static uint64_t watchdog(void)
{
	uint64_t usec = 0;

	return sd_watchdog_enabled(0, &usec) > 0 ? usec : 0;
}

void service_is_ready(void)
{
	sd_notify(0, "READY=1");
}

int service_patience(void)
{
	return watchdog() ? (int)(watchdog() / 4 / USEC_PER_MSEC) : -1;
}

void service_is_alive(void)
{
	static uint64_t due;
	uint64_t now = timing_now();

	if (!watchdog() || now < due)
		return;
	sd_notify(0, "WATCHDOG=1");
	due = now + watchdog() / 4;
}
