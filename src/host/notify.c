/*
 * Messages to systemd. Without a notify socket (started by hand, in a test) all of them do nothing.
 * The environment is left as it is: children get one of their own anyway.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include <zknginx/err.h>
#include <zknginx/log.h>

#include "notify.h"
#include "sys/timing.h"

#define STATUS_SIZE 512

void notify_start(sd_event *loop)
{
	int rc = sd_event_set_watchdog(loop, true);

	if (rc < 0)
		log_warning("cannot serve the watchdog of systemd, which will restart zknginxd: %s",
			    strerrordesc_np(-rc));
}

void notify_ready(void)
{
	sd_notify(0, "READY=1");
}

/* Type=notify-reload (systemd 253 and later) needs MONOTONIC_USEC. */
void notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, timing_now());
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

/* A line feed in the text would begin another variable. */
void notify_status(const char *line)
{
	char text[STATUS_SIZE];

	snprintf(text, sizeof(text), "%s", line);
	text[strcspn(text, "\r\n")] = '\0';
	sd_notifyf(0, "STATUS=%s", text);
}
