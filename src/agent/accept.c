/* See accept.h. */
#include <string.h>

#include "accept.h"
#include "foreign.h"
#include "sys/timing.h"

static void take_over(struct agent *a, struct model *m)
{
	foreign_log(a->running.good, m);
	running_accept(&a->running, m, a->stage);
	last_names_keep(a->last_names, a->running.good);
}

void accept_model(void *agent, struct model *m)
{
	struct agent *a = agent;

	take_over(a, m);
	checker_follow(a->checker, a->running.good);
}

void accept_attempt(struct agent *a, const struct outcome *o)
{
	bool is_ahead;

	permission_keep(a->permission, a->attempt.tree, a->attempt.revision);
	is_ahead = live_accept(a->live, o);
	running_note_transactions(&a->running, a->attempt.tree);
	take_over(a, TAKE(a->attempt.model));
	checker_follow(a->checker, live_model(a->live));
	if (a->attempt.is_behind && !is_ahead)
		a->dirty = true; /* a reload has put older servers in the place of newer ones */
	if (!a->running.good->pending && o->in_force)
		memcpy(a->running.applied, a->attempt.revision, sizeof(a->running.applied));
	if (refusal_on_accepted(a->refusal, o, &a->problems))
		a->dirty = true;
}

struct deployed accept_news(const struct agent *a, const struct outcome *o)
{
	return (struct deployed){ .outcome = o,
				  .kind = o->persisted ? DEPLOYMENT_FILES : DEPLOYMENT_RELOAD,
				  .change = &a->attempt.change,
				  .began = a->attempt.began,
				  .earlier_ms = a->attempt.steps_ms };
}

/* To tell the workers is a step like a signal. */
void accept_servers(struct agent *a)
{
	struct outcome o = { .result = DEPLOY_APPLIED,
			     .generation = stage_live(a->stage),
			     .in_force = true };
	struct deployed news = accept_news(a, &o);

	news.kind = DEPLOYMENT_SERVERS;
	o.total_ms = (double)(timing_now() - a->attempt.rendered) / (double)USEC_PER_MSEC;
	o.steps_ms[STEP_SIGNAL] = o.total_ms;
	running_note_transactions(&a->running, a->attempt.tree);
	checker_follow(a->checker, live_model(a->live));
	a->ops->on_outcome(a->ctx, &news);
}
