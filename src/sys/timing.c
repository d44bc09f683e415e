/* The clocks, timers of the event loop, and random numbers. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <zknginx/err.h>

#include "timing.h"

#define ACCURACY USEC_PER_MSEC /* how late a timer may be, for several to fire at once */

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

uint64_t timing_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t timing_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t timing_to_wall(uint64_t monotonic)
{
	return timing_wall() - (timing_now() - monotonic);
}

sd_event_source *timing_new(sd_event *loop, sd_event_time_handler_t on_time, void *ctx)
{
	sd_event_source *timer = NULL;

	if (sd_event_add_time(loop, &timer, CLOCK_MONOTONIC, 0, ACCURACY, on_time, ctx) < 0 ||
	    sd_event_source_set_enabled(timer, SD_EVENT_OFF) < 0)
		die("the event loop refused a timer");
	return timer;
}

/* What is due already is not late. */
static uint64_t accuracy(uint64_t when)
{
	return when > timing_now() ? ACCURACY : 1;
}

void timing_at(sd_event_source *timer, uint64_t when)
{
	int rc = sd_event_source_set_time(timer, when);

	if (rc >= 0)
		rc = sd_event_source_set_time_accuracy(timer, accuracy(when));
	if (rc >= 0)
		rc = sd_event_source_set_enabled(timer,
						 when == NEVER ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
	if (rc < 0 && rc != -ESTALE)
		die("the event loop refused a timer: %s", strerrordesc_np(-rc));
}

void timing_arm(sd_event_source *timer, uint64_t after)
{
	timing_at(timer, timing_now() + after);
}

sd_event_source *timing_defer(sd_event *loop, sd_event_handler_t on_turn, void *ctx)
{
	sd_event_source *deferred = NULL;

	if (sd_event_add_defer(loop, &deferred, on_turn, ctx) < 0 ||
	    sd_event_source_set_enabled(deferred, SD_EVENT_OFF) < 0)
		die("the event loop refused an event");
	return deferred;
}

void timing_soon(sd_event_source *deferred)
{
	int rc = sd_event_source_set_enabled(deferred, SD_EVENT_ONESHOT);

	if (rc < 0 && rc != -ESTALE)
		die("the event loop refused an event: %s", strerrordesc_np(-rc));
}

uint64_t timing_random(uint64_t bound)
{
	uint64_t r = 0;

	if (bound == 0 || getrandom(&r, sizeof(r), GRND_NONBLOCK) != (ssize_t)sizeof(r))
		return 0;
	return r % bound;
}

uint64_t timing_jitter(uint64_t delay, unsigned percent)
{
	uint64_t most = delay / 100 * percent;

	return delay - most + timing_random(2 * most);
}

void timing_unique(char *hex, size_t size)
{
	unsigned char byte;

	for (size_t i = 0; i + 1 < size; i++) {
		if (getrandom(&byte, sizeof(byte), 0) != (ssize_t)sizeof(byte))
			die("getrandom: %m");
		hex[i] = "0123456789abcdef"[byte & 15];
	}
	hex[size - 1] = '\0';
}
