/* The two clocks, timers of the event loop, and random numbers: the only ones outside of base. */
#ifndef ZKNGINX_SYS_TIMING_H
#define ZKNGINX_SYS_TIMING_H

#include <systemd/sd-event.h>
#include <zknginx/macros.h>

/* CLOCK_MONOTONIC, in microseconds: for all that is measured or waited for. */
uint64_t timing_now(void);
/* CLOCK_REALTIME, in microseconds since 1970: only for times that people read. */
uint64_t timing_wall(void);
/* The wall clock's time of that moment, which is one of timing_now(). */
uint64_t timing_to_wall(uint64_t monotonic);
/* A timer on CLOCK_MONOTONIC, off to begin with. */
sd_event_source *timing_new(sd_event *loop, sd_event_time_handler_t on_time, void *ctx);
/*
 * Let the timer fire once, at `when`; NEVER switches it off. A loop that has ended accepts no
 * timers, so while the daemon shuts down this does nothing.
 */
void timing_at(sd_event_source *timer, uint64_t when);
/* The same, `after` from now. */
void timing_arm(sd_event_source *timer, uint64_t after);
/* What is called once, in the next turn of the loop, after each timing_soon(). */
sd_event_source *timing_defer(sd_event *loop, sd_event_handler_t on_turn, void *ctx);
void timing_soon(sd_event_source *deferred);
/* A random number below `bound`; 0 when the kernel has none yet. */
uint64_t timing_random(uint64_t bound);
/* `delay`, up to `percent` of it shorter or longer, so that hosts do not act at the same time. */
uint64_t timing_jitter(uint64_t delay, unsigned percent);
/* Fill hex[size] with size - 1 random hexadecimal digits and a NUL. */
void timing_unique(char *hex, size_t size);

#endif
