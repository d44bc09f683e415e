/* Messages to systemd: READY, RELOADING, STATUS, STOPPING, and the watchdog from the loop. */
#ifndef ZKNGINX_HOST_NOTIFY_H
#define ZKNGINX_HOST_NOTIFY_H

#include <systemd/sd-event.h>

/* Serve the watchdog from the loop at half its interval, if systemd asks for it. */
void notify_start(sd_event *loop);
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_status(const char *line);

#endif
