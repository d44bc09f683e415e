/*
 * A small fleet for the tests of rollouts: members that the test sets by hand, a history
 * whose entries are numbers, and a leader that writes its plan as JSON and reads it again.
 */
#ifndef TESTS_FLEET_FIXTURE_H
#define TESTS_FLEET_FIXTURE_H

#include <stdio.h>
#include <string.h>
#include <zknginx/err.h>

#include "core/rollout/rollout.h"

#define SECOND USEC_PER_SEC
#define FLEET_MOST 8
/* Revisions of the tests: letters, and what a rollback may name. */
#define REV_A "aaaaaaaa"
#define REV_B "bbbbbbbb"
#define REV_C "cccccccc"

struct fleet {
	struct arena *arena;
	struct rollout *rollout;
	struct rollout_rules rules;
	struct rollout_input in;
	struct member members[FLEET_MOST]; /* m0, m1, … */
	struct plan plan;                  /* as it is stored */
	struct rollout_decision last;
	const char *stored[FLEET_MOST]; /* history: entry n + 1 */
	size_t stored_count;
	unsigned writes;
	char outcomes[256]; /* "1 accepted, 2 halted, " */
};

static unsigned long fleet_stored(void *ctx, const char *revision)
{
	struct fleet *f = ctx;

	for (size_t i = 0; i < f->stored_count; i++) {
		if (strcmp(f->stored[i], revision) == 0)
			return i + 1;
	}
	return 0;
}

static unsigned long fleet_find(void *ctx, const char *prefix, const char **revision,
				const char **why)
{
	struct fleet *f = ctx;
	unsigned long found = 0;

	for (size_t i = 0; i < f->stored_count; i++) {
		if (strncmp(f->stored[i], prefix, strlen(prefix)) != 0)
			continue;
		if (found) {
			*why = "several revisions begin so";
			return 0;
		}
		*revision = f->stored[i];
		found = i + 1;
	}
	return found;
}

static void fleet_init(struct fleet *f, enum rollout_mode mode, size_t members)
{
	*f = (struct fleet){ .arena = arena_new(), .rollout = rollout_new() };
	f->rules = (struct rollout_rules){ .mode = mode,
					   .canaries = 1,
					   .batch = 2,
					   .bake_time = 60 * SECOND,
					   .batch_time = 10 * SECOND,
					   .settle = 1 * SECOND,
					   .apply_timeout = 30 * SECOND,
					   .vanish_timeout = 20 * SECOND };
	for (size_t i = 0; i < FLEET_MOST; i++) {
		f->members[i] = (struct member){ .host = arena_printf(f->arena, "m%zu", i),
						 .state = "applied",
						 .revision = REV_A,
						 .nginx_up = true };
		f->members[i].gate.revision = f->members[i].gate.znode = "";
		f->members[i].gate.message = "";
	}
	f->in = (struct rollout_input){ .rules = &f->rules,
					.members = f->members,
					.member_count = members,
					.newest = REV_A,
					.running = REV_A,
					.stored = fleet_stored,
					.find = fleet_find,
					.ctx = f,
					.now = 1000 * SECOND,
					.wall = "now",
					.leader = "m0" };
}

static void fleet_fini(struct fleet *f)
{
	rollout_free(f->rollout);
	arena_free(f->arena);
}

/* Each write is read back, as in another process. */
static void fleet_write(struct fleet *f, const struct plan *next)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	const char *why = "";

	plan_print(next, &b);
	if (!plan_parse(f->arena, buf_str(&b), b.size, &f->plan, &why))
		fail_msg("%s: %s", why, buf_str(&b));
	f->in.plan = &f->plan;
	f->writes++;
}

/* One call, and what a leader does with the result. True: there was something to do. */
static bool fleet_turn(struct fleet *f)
{
	struct rollout_decision *d = &f->last;
	size_t used = strlen(f->outcomes);

	rollout_next(f->rollout, f->arena, &f->in, d);
	if (d->store)
		f->stored[f->stored_count++] = d->store;
	if (d->consumed) {
		f->in.request = NULL;
		f->in.request_error = NULL;
	}
	if (d->outcome_of)
		snprintf(f->outcomes + used, sizeof(f->outcomes) - used, "%lu %s, ", d->outcome_of,
			 history_outcome_name(d->outcome));
	if (d->changed)
		fleet_write(f, &d->next);
	return d->changed || d->store;
}

/* Until there is nothing more to do now. */
static void fleet_run(struct fleet *f)
{
	for (int i = 0; fleet_turn(f); i++)
		assert_true(i < 20);
}

static void fleet_pass(struct fleet *f, uint64_t span)
{
	f->in.now += span;
	fleet_run(f);
}

/* A new leader: everything that the old one remembered is lost. */
static void fleet_elect(struct fleet *f, const char *leader)
{
	rollout_free(f->rollout);
	f->rollout = rollout_new();
	f->in.leader = leader;
	fleet_run(f);
}

/* The host runs what it is permitted, and reports that. */
static void fleet_set_verdict(struct fleet *f, size_t host, enum verdict verdict)
{
	struct member *m = &f->members[host];

	m->gate.revision = f->plan.target.revision;
	m->gate.attempt = f->plan.attempt;
	m->gate.verdict = verdict;
	m->gate.message = verdict == VERDICT_BAD ? "too many errors" : "";
	m->gate.znode = verdict == VERDICT_BAD ? "/nginx/config/sites/shop" : "";
	m->revision = f->plan.target.revision;
}

/* All hosts that the plan names give the verdict good. */
static void fleet_all_good(struct fleet *f)
{
	for (size_t i = 0; i < f->in.member_count; i++) {
		if (plan_names(&f->plan, f->members[i].host))
			fleet_set_verdict(f, i, VERDICT_GOOD);
	}
	fleet_run(f);
}

static void fleet_push(struct fleet *f, const char *revision)
{
	f->in.newest = revision;
	fleet_run(f);
	fleet_pass(f, f->rules.settle);
}

static const char *fleet_ask(struct fleet *f, const char *request)
{
	struct request *r = arena_new_of(f->arena, struct request);
	const char *why = NULL;

	if (request_parse(f->arena, request, strlen(request), r, &why))
		f->in.request = r;
	else
		f->in.request_error = why;
	fleet_run(f);
	return f->plan.request.result;
}

/* "canary 1: m0 m1" */
static const char *fleet_says(struct fleet *f)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	buf_printf(&b, "%s %u:", plan_phase_name(f->plan.phase), f->plan.step);
	for (size_t i = 0; i < f->plan.host_count; i++)
		buf_printf(&b, " %s", f->plan.hosts[i]);
	return arena_strdup(f->arena, buf_str(&b));
}

#endif
