/* Which problems of the config have settled: they are not only half of a change. */
#include <zknginx/alerts.h>

static uint64_t later(uint64_t when, uint64_t delay)
{
	return delay > NEVER - when ? NEVER : when + delay;
}

uint64_t settling_ends(const struct settling *s, uint64_t found)
{
	uint64_t at = later(found, s->busy && s->patience > s->gap ? s->patience : s->gap);

	return s->last_run >= later(found, s->gap) || at < s->now ? s->now : at;
}

bool settling_is_over(const struct settling *s, uint64_t found)
{
	return settling_ends(s, found) <= s->now;
}
