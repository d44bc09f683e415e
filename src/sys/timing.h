/* Time and chance, as the wings use them. */
#ifndef ZKNGINX_SYS_TIMING_H
#define ZKNGINX_SYS_TIMING_H

#include <systemd/sd-event.h>
#include <zknginx/macros.h>

/* CLOCK_MONOTONIC, in microseconds. */
uint64_t timing_now(void);
/* Lets the timer fire once, `after` from now. */
void timing_arm(sd_event_source *timer, uint64_t after);
/* A random number below `bound`, for jitter. */
uint64_t timing_random(uint64_t bound);

#endif
