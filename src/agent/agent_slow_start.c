/* See agent_slow_start.h. */
#include "agent_slow_start.h"
#include "core/data/traits.h"
#include "sys/timing.h"

static const char *state_of(const struct live *l, const struct upstream *u, struct arena *scratch)
{
	const char *why = ramp_why_not(u) ?: live_why_not(l, u);

	return why ? arena_printf(scratch, "no effect: %s", why) : "on";
}

static void fill_upstreams(const struct live *l, const struct model *good, struct status *s,
			   struct arena *scratch)
{
	struct status_slow_start *list;

	for (size_t i = 0; i < good->upstream_count; i++)
		s->slow_start_count +=
			model_may_have(good, i, TRAIT_SLOW_START) && good->upstreams[i]->slow_start;
	s->slow_starts = list = arena_array(scratch, struct status_slow_start, s->slow_start_count);
	for (size_t i = 0; i < good->upstream_count; i++) {
		const struct upstream *u = good->upstreams[i];

		if (model_may_have(good, i, TRAIT_SLOW_START) && u->slow_start)
			*list++ = (struct status_slow_start){ u->name, u->slow_start,
							      state_of(l, u, scratch) };
	}
}

/* Rounded, so that a clock that is corrected makes no news. */
static uint64_t wall(uint64_t monotonic)
{
	uint64_t tenth = USEC_PER_SEC / 10;

	return (timing_to_wall(monotonic) + tenth / 2) / tenth * tenth;
}

static void fill_ramps(const struct ramps *r, const struct model *good, struct status *s,
		       struct arena *scratch)
{
	size_t most = r->count < STATUS_PROBLEMS_MOST ? r->count : STATUS_PROBLEMS_MOST;
	struct status_ramp *list = arena_array(scratch, struct status_ramp, most);

	for (size_t i = 0; i < most; i++) {
		const struct ramp *one = &r->items[i];
		const struct upstream *u = model_upstream(good, one->upstream);
		uint64_t length = u ? u->slow_start_time : 0;

		list[i] = (struct status_ramp){ one->upstream, one->server, wall(one->began),
						wall(one->began + length) };
	}
	s->ramps = list;
	s->ramp_count = most;
	s->ramp_total = r->count;
}

void agent_slow_start_fill(const struct live *l, const struct model *good, struct status *s,
			   struct arena *scratch)
{
	fill_upstreams(l, good, s, scratch);
	fill_ramps(live_ramps(l), good, s, scratch);
}
