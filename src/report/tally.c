/*
 * A change is logged in one line when its outcome is known: with the transactions of ZooKeeper that
 * it consists of, and the time of each step. If nginx refuses a part of it, the rest is deployed by
 * a search; the next run finds that in force ("unchanged"), and only then is the change over.
 */
#include <stdlib.h>

#include <zknginx/log.h>

#include "tally.h"

void tally_fini(struct tally *t)
{
	free(t->znode);
	buf_fini(&t->text);
}

/* --- counters --------------------------------------------------------------------------------- */

static void count(struct tally *t, const struct deployed *d, double total_ms,
		  const double steps_ms[STEP_N])
{
	struct status_deployments *c = &t->deployments;
	struct deployment_numbers *n = &t->numbers[d->kind];
	enum deploy_result result = d->outcome->result;

	_Static_assert(DEPLOY_RESULT_N <= DEPLOYMENT_RESULTS_MOST, "room for all results");
	n->results[result]++;
	c->applied += (result == DEPLOY_APPLIED && d->kind != DEPLOYMENT_FILES) ||
		      result == DEPLOY_DEFERRED;
	c->rejected +=
		result == DEPLOY_REFUSED || result == DEPLOY_REJECTED || result == DEPLOY_DIED;
	c->rolled_back += result == DEPLOY_REJECTED || result == DEPLOY_DIED;
	if (result != DEPLOY_APPLIED)
		return;
	histogram_add(&n->total, total_ms / 1000);
	for (size_t i = 0; i < STEP_N; i++)
		histogram_add(&n->steps[i], steps_ms[i] / 1000);
}

static void remember(struct tally *t, const struct deployed *d, uint64_t wall, double total_ms,
		     const double steps_ms[STEP_N])
{
	t->deployments.last.on = true;
	t->deployments.last.generation = d->outcome->generation;
	t->deployments.last.at = wall;
	t->deployments.last.total_ms = total_ms;
	for (size_t i = 0; i < STEP_N; i++)
		t->deployments.last.steps_ms[i] = steps_ms[i];
}

/* --- the change ------------------------------------------------------------------------------- */

/* Was it found in force, after a search had deployed it? */
static bool was_searched(const struct tally *t, const struct deployed *d)
{
	return d->outcome->result == DEPLOY_UNCHANGED && t->live &&
	       d->outcome->generation != t->live;
}

static bool is_taken(const struct tally *t, const struct deployed *d)
{
	return d->outcome->result == DEPLOY_APPLIED || was_searched(t, d);
}

static void log_change(const struct status_change *s, const struct edit_times *times,
		       const struct deployed *d)
{
	CLEANUP(buf_fini) struct buf line = BUF_INIT;

	if (!log_enabled(LOG_LEVEL_INFO))
		return;
	edit_print(s, times, deployment_kind_name(d->kind), deploy_result_name(d->outcome->result),
		   &line);
	log_write(LOG_LEVEL_INFO, "%s", buf_str(&line));
}

static void keep(struct tally *t, struct status_change *s, struct buf *text)
{
	free(t->znode);
	t->znode = xstrdup(s->znode);
	buf_fini(&t->text);
	t->text = *text;
	*text = (struct buf)BUF_INIT;
	t->change = *s;
	t->change.znode = t->znode;
	t->change.text = buf_str(&t->text);
	histogram_add(&t->changes, s->total_ms / 1000);
}

static void follow_change(struct tally *t, const struct deployed *d, double total_ms,
			  const double steps_ms[STEP_N])
{
	const struct edit_times times = { d->began, steps_ms, total_ms };
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	bool taken = is_taken(t, d);
	struct status_change s;

	if (!d->change->first || (d->outcome->result == DEPLOY_UNCHANGED && !taken))
		return;
	edit_measure(d->change, &times, d->outcome->generation, &text, &s);
	log_change(&s, &times, d);
	if (taken)
		keep(t, &s, &text);
}

/* --- the whole -------------------------------------------------------------------------------- */

void tally_take(struct tally *t, const struct deployed *d, uint64_t wall)
{
	const struct outcome *o = d->outcome;
	double steps_ms[STEP_N];
	double total_ms = o->total_ms + d->earlier_ms[STEP_DECODE] + d->earlier_ms[STEP_RENDER];

	for (size_t i = 0; i < STEP_N; i++)
		steps_ms[i] = d->earlier_ms[i] + o->steps_ms[i];
	follow_change(t, d, total_ms, steps_ms);
	if (o->in_force)
		t->live = o->generation;
	if (o->result == DEPLOY_UNCHANGED) {
		t->numbers[d->kind].results[o->result]++;
		return;
	}
	count(t, d, total_ms, steps_ms);
	remember(t, d, wall, total_ms, steps_ms);
}

static const char *result_name(unsigned result)
{
	return deploy_result_name((enum deploy_result)result);
}

void tally_fill(const struct tally *t, struct status *s)
{
	s->deployments = t->deployments;
	s->change = t->change;
	s->numbers.deployments = t->numbers;
	s->numbers.result_name = result_name;
	s->numbers.result_count = DEPLOY_RESULT_N;
	s->numbers.changes = &t->changes;
}
