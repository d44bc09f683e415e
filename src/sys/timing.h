/* Time and chance, as the wings use them. */
#ifndef ZKNGINX_SYS_TIMING_H
#define ZKNGINX_SYS_TIMING_H

#include <systemd/sd-event.h>
#include <zknginx/macros.h>

/* CLOCK_MONOTONIC, in microseconds. */
uint64_t timing_now(void);
/* CLOCK_REALTIME, in microseconds since the epoch. */
uint64_t timing_wall(void);
/* The wall clock's time of that moment, which is one of timing_now(). */
uint64_t timing_to_wall(uint64_t monotonic);
/* A timer on CLOCK_MONOTONIC, off to begin with. */
sd_event_source *timing_new(sd_event *loop, sd_event_time_handler_t on_time, void *ctx);
/*
 * Lets the timer fire once, at that time; NEVER: not. A loop that has ended takes no timers and
 * needs none, so while the daemon is taken apart this does nothing.
 */
void timing_at(sd_event_source *timer, uint64_t when);
/* The same, `after` from now. */
void timing_arm(sd_event_source *timer, uint64_t after);
/* A random number below `bound`, for jitter. */
uint64_t timing_random(uint64_t bound);

#endif
