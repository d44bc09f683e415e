/*
 * A world for the simulation: a store with versioned writes, hosts that follow plans which may be
 * old, and leaders that die. Nothing here knows the rules; it only makes events.
 */
#ifndef TESTS_ROLLOUT_WORLD_H
#define TESTS_ROLLOUT_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zknginx/err.h>

#include "core/rollout/rollout.h"

#define SECOND USEC_PER_SEC
#define HOSTS_MOST 9
#define REVISIONS_MOST 24
#define PLANS_MOST 1024
#define STORED_MOST 64

/* The verdict of a host on a revision. */
enum taste { TASTE_GOOD, TASTE_REFUSED, TASTE_HARMFUL, TASTE_SILENT, TASTE_N };

struct host {
	struct member m; /* as it publishes it */
	bool present, follows, frozen;
	size_t seen; /* the plan that it knows; 0 = none */
};

/* The observer's own record, independent of the leader: who was good since when. */
struct observer {
	unsigned long attempt;
	unsigned step;
	uint64_t fine; /* since when no host of the plan blocked the next step; NEVER */
	uint64_t not_good[HOSTS_MOST];
	size_t newest; /* … and since when this was the newest revision */
	uint64_t newest_since;
	bool failing; /* a canary is bad, or more others than are allowed */
};

struct world {
	unsigned long seed;
	uint64_t random;
	unsigned event;
	struct arena *arena;
	uint64_t now;
	struct rollout_rules rules;
	const char *canary_hosts[HOSTS_MOST + 1];

	const char *revisions[REVISIONS_MOST];
	size_t revision_count, newest; /* REVISIONS_MOST: not known */
	enum taste taste[REVISIONS_MOST][HOSTS_MOST];
	bool accepted[REVISIONS_MOST];          /* … ever */
	bool named[REVISIONS_MOST][HOSTS_MOST]; /* … ever, in a plan with this target */

	const char *stored[STORED_MOST];
	size_t stored_count;
	struct plan plans[PLANS_MOST]; /* every version; the last one is the one that is stored */
	size_t plan_count;
	const struct request *request;
	const char *request_error;
	unsigned long publishing; /* requested by a leader, and not carried out yet */
	bool publish_failed;

	struct host hosts[HOSTS_MOST];
	size_t host_count;

	struct rollout *leader; /* NULL: there is none */
	unsigned leaders;
	size_t view;   /* the plan that it knows */
	bool quiet;    /* only the time has changed since the last call … */
	uint64_t due;  /* … which returned this */
	size_t writes; /* in all */
	struct observer observer;
};

/* --- chance --------------------------------------------------------------------------------- */

static uint64_t chance(struct world *w)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return (w->random * UINT64_C(0x2545F4914F6CDD1D)) >> 16;
}

static size_t below(struct world *w, size_t n)
{
	return (size_t)(chance(w) % n);
}

static bool one_in(struct world *w, size_t n)
{
	return below(w, n) == 0;
}

/* --- verdicts ------------------------------------------------------------------------------- */

static void check_at(struct world *w, int line, bool holds, const char *what)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	if (holds)
		return;
	for (size_t i = w->plan_count > 2 ? w->plan_count - 2 : 1; i <= w->plan_count; i++)
		plan_print(&w->plans[i], &b);
	fail_msg("seed %lu, event %u (line %d): %s\n%s", w->seed, w->event, line, what,
		 buf_str(&b));
}

#define check(w, holds, what) check_at(w, __LINE__, holds, what)

static size_t revision_index(const struct world *w, const char *revision)
{
	for (size_t i = 0; i < w->revision_count; i++) {
		if (strcmp(w->revisions[i], revision) == 0)
			return i;
	}
	return REVISIONS_MOST;
}

static const char *newest(const struct world *w)
{
	return w->newest < REVISIONS_MOST ? w->revisions[w->newest] : "";
}

/* --- the store ------------------------------------------------------------------------------ */

static unsigned long world_stored(void *ctx, const char *revision)
{
	struct world *w = ctx;

	for (size_t i = 0; i < w->stored_count; i++) {
		if (strcmp(w->stored[i], revision) == 0)
			return i + 1;
	}
	return 0;
}

static unsigned long world_find(void *ctx, const char *prefix, const char **revision,
				const char **why)
{
	unsigned long history = 0;
	struct world *w = ctx;

	for (size_t i = 0; i < w->stored_count; i++) {
		if (strncmp(w->stored[i], prefix, strlen(prefix)) == 0) {
			history = i + 1;
			*revision = w->stored[i];
		}
	}
	if (!history)
		*why = "there is none";
	return history;
}

/* What is stored is what is read: the JSON must contain all of it. */
static void store_plan(struct world *w, const struct plan *p)
{
	CLEANUP(buf_fini) struct buf once = BUF_INIT, again = BUF_INIT;
	struct plan *stored = &w->plans[w->plan_count + 1];
	const char *why;
	size_t target;

	check(w, w->plan_count + 2 < PLANS_MOST, "too many plans");
	plan_print(p, &once);
	check(w, plan_parse(w->arena, buf_str(&once), once.size, stored, &why), "not a plan");
	plan_print(stored, &again);
	w->plan_count++;
	check(w, strcmp(buf_str(&once), buf_str(&again)) == 0, "the plan reads back differently");
	w->writes++;
	target = revision_index(w, stored->target.revision);
	for (size_t i = 0; i < w->host_count && target < REVISIONS_MOST; i++)
		w->named[target][i] |= plan_names(stored, w->hosts[i].m.host);
	if (*stored->accepted.revision)
		w->accepted[revision_index(w, stored->accepted.revision)] = true;
}

/* --- hosts ---------------------------------------------------------------------------------- */

static struct permit host_permit(const struct world *w, const struct host *h)
{
	const struct permit_host who = { .host = h->m.host,
					 .follows = h->follows,
					 .frozen = h->frozen,
					 .is_member = h->present,
					 .newest = newest(w) };

	return rollout_permit(h->seen ? &w->plans[h->seen] : NULL, &who);
}

static void host_looks(struct world *w, struct host *h, bool at_the_last)
{
	size_t missed = w->plan_count - h->seen;

	h->seen = at_the_last || !missed ? w->plan_count : h->seen + 1 + below(w, missed);
}

static void gate_begins(struct host *h, const struct permit *p)
{
	if (strcmp(h->m.gate.revision, p->revision.revision) == 0 &&
	    h->m.gate.attempt == p->attempt)
		return;
	h->m.gate.revision = p->revision.revision;
	h->m.gate.attempt = p->attempt;
	h->m.gate.verdict = VERDICT_WAITING;
	h->m.gate.message = h->m.gate.znode = "";
}

static void host_finds_it_bad(struct host *h)
{
	h->m.gate.verdict = VERDICT_BAD;
	h->m.gate.message = "it is bad";
	h->m.gate.znode = "/nginx/config/sites/s";
}

/* The host runs what it is permitted, or refuses it. */
static void host_applies(struct world *w, struct host *h)
{
	struct permit p = host_permit(w, h);
	size_t index = (size_t)(h - w->hosts), revision;

	if (p.kind == PERMIT_STAY || !h->m.nginx_up)
		return;
	if (p.kind == PERMIT_NEWEST) {
		if (w->newest < REVISIONS_MOST)
			h->m.revision = newest(w);
		return;
	}
	revision = revision_index(w, p.revision.revision);
	check(w, revision < REVISIONS_MOST, "a permit for what never was");
	check(w, w->accepted[revision] || w->named[revision][index],
	      "runs what it was never permitted");
	check(w, w->accepted[revision] || p.attempt > 0, "a trial without an attempt");
	gate_begins(h, &p);
	if (w->taste[revision][index] == TASTE_REFUSED && p.attempt)
		host_finds_it_bad(h);
	else
		h->m.revision = p.revision.revision;
}

static void host_gives_verdict(struct world *w, struct host *h)
{
	size_t revision = revision_index(w, h->m.gate.revision);
	enum taste taste;

	if (revision == REVISIONS_MOST || strcmp(h->m.revision, h->m.gate.revision) != 0 ||
	    h->m.gate.verdict == VERDICT_BAD)
		return;
	taste = w->taste[revision][h - w->hosts];
	if (taste == TASTE_HARMFUL)
		host_finds_it_bad(h);
	else if (taste == TASTE_GOOD)
		h->m.gate.verdict = VERDICT_GOOD;
}

/* The daemon starts again: it knows what nginx runs, and has no verdict. */
static void host_restarts(struct host *h)
{
	if (h->m.gate.verdict != VERDICT_BAD)
		h->m.gate.verdict = VERDICT_WAITING;
}

static void host_settings(struct host *h, bool follows, bool frozen)
{
	h->follows = follows;
	h->frozen = frozen;
	h->m.part = frozen ? MEMBER_FROZEN : follows ? MEMBER_JOINED : MEMBER_EXEMPT;
}

/* --- the beginning -------------------------------------------------------------------------- */

static size_t new_revision(struct world *w)
{
	size_t n = w->revision_count;
	bool harmless = one_in(w, 2);

	if (n == REVISIONS_MOST)
		return n - 1 - below(w, n);
	w->revisions[n] = arena_printf(w->arena, "%08zx%08x", n + 0xabc0, (unsigned)chance(w));
	for (size_t i = 0; i < HOSTS_MOST; i++)
		w->taste[n][i] =
			harmless || !one_in(w, 4) ? TASTE_GOOD : (enum taste)below(w, TASTE_N);
	return w->revision_count++;
}

static void random_rules(struct world *w)
{
	static const enum rollout_mode modes[] = { ROLLOUT_CANARY, ROLLOUT_CANARY, ROLLOUT_CANARY,
						   ROLLOUT_CANARY, ROLLOUT_MANUAL, ROLLOUT_MANUAL,
						   ROLLOUT_ALL };
	size_t named = 0;

	for (size_t i = 0; i < w->host_count; i++) {
		if (one_in(w, 4))
			w->canary_hosts[named++] = w->hosts[i].m.host;
	}
	w->canary_hosts[named] = NULL;
	w->rules = (struct rollout_rules){
		.mode = modes[below(w, ARRAY_SIZE(modes))],
		.canaries = (long)below(w, 4),
		.canary_hosts = named && one_in(w, 3) ? w->canary_hosts : NULL,
		.batch_is_percent = one_in(w, 2),
		.bake_time = below(w, 60) * SECOND,
		.batch_time = below(w, 20) * SECOND,
		.settle = below(w, 4) * SECOND,
		.apply_timeout = (1 + below(w, 60)) * SECOND,
		.vanish_timeout = (1 + below(w, 60)) * SECOND,
		.max_failures = (long)below(w, 3),
		.revert = one_in(w, 2),
	};
	w->rules.batch = (long)below(w, w->rules.batch_is_percent ? 100 : 5);
}

static void world_init(struct world *w, unsigned long seed)
{
	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->random = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
	w->arena = arena_new();
	w->now = 1000 * SECOND;
	w->host_count = 1 + below(w, HOSTS_MOST);
	new_revision(w);
	w->newest = one_in(w, 4) ? REVISIONS_MOST : 0;
	for (size_t i = 0; i < w->host_count; i++) {
		struct host *h = &w->hosts[i];

		h->present = !one_in(w, 4);
		h->m.host = arena_printf(w->arena, "m%zu", i);
		h->m.state = "applied";
		h->m.nginx_up = true;
		h->m.revision = one_in(w, 4) ? "" : w->revisions[0];
		h->m.gate.revision = h->m.gate.message = h->m.gate.znode = "";
		host_settings(h, !one_in(w, 8), one_in(w, 12));
	}
	random_rules(w);
}

static void world_fini(struct world *w)
{
	rollout_free(w->leader);
	arena_free(w->arena);
}

#endif
