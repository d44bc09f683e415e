/*
 * What the leader remembers: since when each host of the plan is as it is, since when the
 * whole step is steady, since when the newest revision is the newest.
 *
 * A host that is there without a verdict uses up apply_timeout; while it is missing it uses up
 * vanish_timeout instead. So one that was booted has the time that it had before, and one that
 * comes and goes uses up apply_timeout all the same. A good verdict resets both.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "rollout_parts.h"

struct rollout *rollout_new(void)
{
	struct rollout *r = xcalloc(1, sizeof(*r));

	r->newest = xstrdup("");
	r->reverting = r->steady = NEVER;
	return r;
}

static void forget_hosts(struct rollout *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->watched[i].host);
	free(TAKE(r->watched));
	r->count = 0;
	r->steady = NEVER;
}

void rollout_free(struct rollout *r)
{
	if (!r)
		return;
	forget_hosts(r);
	free(r->failed);
	free(r->newest);
	free(r);
}

void rollout_forget_publishing(struct rollout *r)
{
	r->asked = 0;
	free(TAKE(r->failed));
}

uint64_t time_after(uint64_t since, uint64_t span)
{
	return since > NEVER - span ? NEVER : since + span;
}

/* --- one host ------------------------------------------------------------------------------- */

static enum host_state state_now(const struct rollout_input *in, const char *host)
{
	const struct member *m = members_find(in->members, in->member_count, host);
	const struct plan *p = in->plan;

	if (!m)
		return HOST_MISSING;
	if (m->part != MEMBER_JOINED)
		return HOST_EXCUSED;
	if (m->gate.attempt != p->attempt || strcmp(m->gate.revision, p->target.revision) != 0)
		return HOST_WAITING;
	if (m->gate.verdict == VERDICT_BAD)
		return HOST_BAD;
	if (m->gate.verdict == VERDICT_GOOD && strcmp(m->revision, p->target.revision) == 0)
		return HOST_GOOD;
	return HOST_WAITING;
}

static void enter_state(struct watched *w, enum host_state state, uint64_t now)
{
	if (w->state == state)
		return;
	if (w->state == HOST_WAITING)
		w->waited = time_after(w->waited, now - w->since);
	if (state == HOST_GOOD)
		w->waited = 0;
	w->state = state;
	w->since = now;
}

/* When it has failed if it stays as it is. */
static uint64_t fails_at(const struct watched *w, const struct rollout_rules *rules)
{
	uint64_t left = rules->apply_timeout - w->waited;

	if (w->state == HOST_BAD)
		return w->since;
	if (w->state == HOST_MISSING)
		return time_after(w->since, rules->vanish_timeout);
	if (w->state != HOST_WAITING)
		return NEVER;
	return w->waited >= rules->apply_timeout ? w->since : time_after(w->since, left);
}

/* --- all of them ---------------------------------------------------------------------------- */

static int by_host(const void *a, const void *b)
{
	return strcmp(((const struct watched *)a)->host, ((const struct watched *)b)->host);
}

/* What is known of the host, or a new one whose time begins now. */
static struct watched take_watched(struct rollout *r, const char *host, uint64_t now)
{
	struct watched key = { .host = (char *)host }, *found = NULL;

	if (r->count)
		found = bsearch(&key, r->watched, r->count, sizeof(key), by_host);
	if (!found)
		return (struct watched){ .host = xstrdup(host),
					 .state = HOST_WAITING,
					 .since = now };
	key = *found;
	key.host = xstrdup(host);
	return key;
}

/* The hosts of the plan, in its order. */
static void watch_hosts(struct rollout *r, const struct rollout_input *in)
{
	const struct plan *p = in->plan;
	struct watched *next = xcalloc(p->host_count + 1, sizeof(*next));
	uint64_t steady = r->steady;

	for (size_t i = 0; i < p->host_count; i++) {
		next[i] = take_watched(r, p->hosts[i], in->now);
		enter_state(&next[i], state_now(in, p->hosts[i]), in->now);
	}
	forget_hosts(r);
	r->watched = next;
	r->count = p->host_count;
	r->steady = steady;
}

static void watch_trial(struct rollout *r, const struct rollout_input *in)
{
	const struct plan *p = in->plan;
	struct survey s;

	if (r->attempt != p->attempt)
		forget_hosts(r);
	if (r->step != p->step)
		r->steady = NEVER;
	r->attempt = p->attempt;
	r->step = p->step;
	watch_hosts(r, in);
	s = rollout_survey(r, in);
	if (s.holding || s.good == 0)
		r->steady = NEVER;
	else if (r->steady == NEVER)
		r->steady = in->now;
}

static void watch_newest(struct rollout *r, const char *newest, uint64_t now)
{
	if (strcmp(r->newest, newest) == 0)
		return;
	free(r->newest);
	r->newest = xstrdup(newest);
	r->newest_since = now;
}

/* The caller may say once what has to be written twice. */
static void watch_publishing(struct rollout *r, const struct rollout_input *in)
{
	if (!in->plan || in->plan->phase != PLAN_PUBLISHING) {
		rollout_forget_publishing(r);
	} else if (in->publish_error) {
		free(r->failed);
		r->failed = xstrdup(in->publish_error);
	}
}

void rollout_watch(struct rollout *r, const struct rollout_input *in)
{
	const struct plan *p = in->plan;

	watch_newest(r, in->newest, in->now);
	if (!p || p->phase != PLAN_REVERTING)
		r->reverting = NEVER;
	else if (r->reverting == NEVER)
		r->reverting = in->now;
	watch_publishing(r, in);
	if (p && (p->phase == PLAN_CANARY || p->phase == PLAN_BATCH))
		watch_trial(r, in);
	else
		forget_hosts(r);
}

/* --- what it comes to ----------------------------------------------------------------------- */

static bool is_canary(const struct plan *p, const char *host)
{
	for (size_t i = 0; i < p->canary_count; i++) {
		if (strcmp(p->canaries[i], host) == 0)
			return true;
	}
	return false;
}

static void count_failed(struct survey *s, const struct watched *w, bool canary)
{
	const struct watched **first = canary ? &s->canary : &s->other;

	if (!*first)
		*first = w;
	s->failed += !canary;
}

struct survey rollout_survey(const struct rollout *r, const struct rollout_input *in)
{
	struct survey s = { .due = NEVER };

	for (size_t i = 0; i < r->count; i++) {
		const struct watched *w = &r->watched[i];
		bool canary = is_canary(in->plan, w->host);
		uint64_t at = fails_at(w, in->rules);

		s.good += w->state == HOST_GOOD;
		s.standing += canary && w->state != HOST_EXCUSED;
		if (at <= in->now)
			count_failed(&s, w, canary);
		else if (w->state != HOST_GOOD && w->state != HOST_EXCUSED && !s.holding)
			s.holding = w;
		if (at > in->now && at < s.due)
			s.due = at;
	}
	return s;
}

bool rollout_is_halting(const struct turn *t)
{
	long most = t->in->rules->max_failures;

	return t->survey.canary || t->survey.failed > (most > 0 ? most : 0);
}

uint64_t rollout_settles_at(const struct turn *t)
{
	return time_after(t->r->newest_since, t->in->rules->settle);
}

bool rollout_newest_is_settled(const struct turn *t)
{
	return rollout_settles_at(t) <= t->in->now;
}

bool rollout_is_outdated(const struct turn *t)
{
	return *t->in->newest && strcmp(t->in->newest, t->plan->target.revision) != 0;
}
