/* See slow_start.h. */
#include <string.h>

#include <zknginx/log.h>

#include "slow_start.h"

static void given_fini(struct slow_start_given *g)
{
	if (g->arena)
		arena_free(g->arena);
	*g = (struct slow_start_given){ 0 };
}

static struct slow_start_given weights_at(const struct ramps *r, const struct model *m, uint64_t at)
{
	struct slow_start_given g = { .arena = arena_new(), .at = at };

	g.weights = ramps_weights(r, m, at, g.arena);
	return g;
}

void slow_start_fini(struct slow_start *s)
{
	slow_start_forget(s);
	slow_start_end(s);
}

/* --- changes --------------------------------------------------------------------------------- */

void slow_start_prepare(struct slow_start *s, const struct model *before, const struct model *after,
			uint64_t now)
{
	slow_start_forget(s);
	s->next_ramps = ramps_next(&s->ramps, before, after, now, true);
	s->next = weights_at(&s->next_ramps, after, s->behind ? now : s->given.at);
	s->prepared = true;
}

/* Whether there is anything to do, the models decide: no step is of an attempt. */
void slow_start_decide(struct slow_start *s, struct apply_side before, struct apply_side after,
		       uint64_t now, struct arena *a, struct apply *out)
{
	apply_decide(&before, &after, a, out);
	if (out->way == APPLY_SERVERS)
		slow_start_prepare(s, before.model, after.model, now);
	if (out->way != APPLY_SERVERS || !slow_start_matters(s))
		return;
	before.weights = slow_start_given(s);
	after.weights = slow_start_next(s);
	apply_decide(&before, &after, a, out);
	if (out->way == APPLY_NOTHING)
		out->way = APPLY_SERVERS;
}

void slow_start_prepare_step(struct slow_start *s, const struct model *m, uint64_t now)
{
	slow_start_forget(s);
	s->next_ramps = ramps_next(&s->ramps, m, m, now, false);
	s->next = weights_at(&s->next_ramps, m, now);
	s->prepared = true;
}

/* Once for a ramp; steps are not logged. */
static void log_begin(struct slow_start *s)
{
	uint64_t newest = s->logged;
	size_t count = 0;

	for (size_t i = 0; i < s->next_ramps.count; i++) {
		uint64_t began = s->next_ramps.items[i].began;

		count += began > s->logged;
		newest = began > newest ? began : newest;
	}
	s->logged = newest;
	if (count)
		log_info("the weight of %zu server%s rises within slow_start", count,
			 PLURAL(count));
}

void slow_start_commit(struct slow_start *s)
{
	if (!s->prepared)
		return;
	log_begin(s);
	slow_start_end(s);
	s->ramps = s->next_ramps;
	s->given = s->next;
	s->next_ramps = (struct ramps){ 0 };
	s->next = (struct slow_start_given){ 0 };
	s->prepared = s->behind = false;
}

void slow_start_forget(struct slow_start *s)
{
	ramps_fini(&s->next_ramps);
	given_fini(&s->next);
	s->prepared = false;
}

const struct weights *slow_start_given(const struct slow_start *s)
{
	return &s->given.weights;
}

const struct weights *slow_start_next(const struct slow_start *s)
{
	return &s->next.weights;
}

bool slow_start_matters(const struct slow_start *s)
{
	return s->given.weights.count || s->next.weights.count;
}

/* --- what nginx does ------------------------------------------------------------------------- */

void slow_start_follow(struct slow_start *s, const struct model *before, const struct model *after,
		       uint64_t now, bool begin)
{
	struct ramps next = ramps_next(&s->ramps, before, after, now, begin);

	s->behind |= next.count != s->ramps.count;
	for (size_t i = 0; i < next.count; i++)
		s->behind |= next.items[i].began == now;
	ramps_fini(&s->ramps);
	s->ramps = next;
}

void slow_start_on_reload(struct slow_start *s)
{
	given_fini(&s->given);
	s->behind = s->ramps.count != 0;
}

void slow_start_end(struct slow_start *s)
{
	ramps_fini(&s->ramps);
	given_fini(&s->given);
	s->behind = false;
}

void slow_start_end_upstream(struct slow_start *s, const char *upstream)
{
	struct ramps left = { .arena = arena_new() };
	struct ramp *items = arena_array(left.arena, struct ramp, s->ramps.count);

	for (size_t i = 0; i < s->ramps.count; i++) {
		const struct ramp *r = &s->ramps.items[i];

		if (strcmp(r->upstream, upstream) != 0)
			items[left.count++] =
				(struct ramp){ arena_strdup(left.arena, r->upstream),
					       arena_strdup(left.arena, r->server), r->began };
	}
	left.items = items;
	ramps_fini(&s->ramps);
	s->ramps = left;
}

uint64_t slow_start_due(const struct slow_start *s, const struct model *m)
{
	uint64_t due = ramps_due(&s->ramps, m, s->given.at);

	if (s->behind)
		return 0;
	return due > s->given.at + RAMP_STEP_LEAST ? due : s->given.at + RAMP_STEP_LEAST;
}
