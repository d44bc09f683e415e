/* What systemd is told: READY, RELOADING, STATUS, STOPPING, and a watchdog fed by the real loop. */
#ifndef ZKNGINX_HOST_NOTIFY_H
#define ZKNGINX_HOST_NOTIFY_H

#include <systemd/sd-event.h>

/* The watchdog is fed from the loop at half its interval when systemd asks for one. */
void notify_start(sd_event *loop);
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_status(const char *line);

#endif
