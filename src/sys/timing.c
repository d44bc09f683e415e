/* Time and chance. */
#include <sys/random.h>
#include <time.h>

#include <zknginx/err.h>

#include "timing.h"

uint64_t timing_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

void timing_arm(sd_event_source *timer, uint64_t after)
{
	if (sd_event_source_set_time(timer, timing_now() + after) < 0 ||
	    sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT) < 0)
		die("the event loop refuses a timer");
}

uint64_t timing_random(uint64_t bound)
{
	uint64_t r = 0;

	if (bound == 0 || getrandom(&r, sizeof(r), GRND_NONBLOCK) != (ssize_t)sizeof(r))
		return 0;
	return r % bound;
}
