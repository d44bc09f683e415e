/* The spine: the way there, and the way back. */
#include <string.h>

#include <zknginx/log.h>

#include "accept.h"
#include "acl_hold.h"
#include "candidate.h"
#include "converge.h"
#include "deliver.h"
#include "persist.h"
#include "sys/timing.h"
#include "whole_guard.h"

#define INCLUDE_PAUSE (10 * USEC_PER_SEC)

/* --- when ------------------------------------------------------------------------------------ */

static int on_again(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct agent *a = userdata;

	a->again_at = NEVER;
	converge(a);
	return 0;
}

/* Keeps the earliest requested time; each run starts from NEVER. */
static void converge_at(struct agent *a, uint64_t when)
{
	if (when >= a->again_at)
		return;
	a->again_at = when;
	if (!a->again)
		a->again = timing_new(a->loop, on_again, a);
	timing_at(a->again, when);
}

static double ms_since(uint64_t *then)
{
	uint64_t now = timing_now(), spent = now - *then;

	*then = now;
	return (double)spent / 1000.0;
}

/* --- a run ----------------------------------------------------------------------------------- */

/* The same bytes were refused a short time ago. */
static void postpone(struct agent *a)
{
	bool of_host;
	const char *message = refusal_message(a->refusal, &of_host);

	if (!of_host)
		trial_refused(a->trial, a->attempt.revision, message);
	attempt_end(&a->attempt);
	if (a->once)
		a->ops->on_over(a->ctx, false);
}

static void run(struct agent *a)
{
	struct attempt *t = &a->attempt;
	uint64_t clock = timing_now(), began = timing_wall(), due;
	bool made;

	a->dirty = false;
	problems_fini(&a->problems);
	problems_init(&a->problems);
	a->again_at = NEVER;
	made = candidate_make(a, &due);
	converge_at(a, due);
	if (!made)
		return;
	t->began = began;
	t->change = edit_find(t->tree, a->running.zxid);
	t->steps_ms[STEP_DECODE] = ms_since(&clock);
	t->bundle = candidate_render(a, t->model);
	t->steps_ms[STEP_RENDER] = ms_since(&clock);
	t->rendered = clock;
	converge_at(a, refusal_due(a->refusal));
	trial_problems(a->trial, t->revision, &a->problems);
	if (refusal_waits(a->refusal, t->bundle, &a->problems, &due)) {
		converge_at(a, due);
		postpone(a);
	} else {
		converge_at(a, deliver(a));
	}
	whole_guard_of_past(a);
	a->ops->on_problems(a->ctx, &a->problems);
}

static void report_unreadable(struct agent *a)
{
	struct problems unreadable;

	problems_init(&unreadable);
	mirror_problems(a->mirror, &unreadable);
	a->ops->on_unreadable(a->ctx, &unreadable);
	problems_fini(&unreadable);
}

/* While an attempt is under way. A search of it may be dropped for a newer tree. */
static void note_newest(struct agent *a)
{
	attempt_note_newest(&a->attempt, candidate_newest(a));
	if (a->attempt.newer)
		refusal_on_newer(a->refusal);
}

static bool is_busy(const struct agent *a)
{
	return a->attempt.model || refusal_is_busy(a->refusal) || live_is_stepping(a->live);
}

void converge(struct agent *a)
{
	uint64_t when = NEVER;

	a->dirty = true;
	if (!candidate_newest(a))
		return; /* its arrival calls again */
	if (is_busy(a)) {
		note_newest(a);
		return; /* the outcome calls again */
	}
	if (a->roots.waiting) {
		report_unreadable(a);
		return;
	}
	if (!acl_hold_permits(a))
		return; /* the audit calls again */
	live_look(a->live);
	if (!live_may_take(a->live) && !deploy_is_ready(a->deploy, timing_now(), &when)) {
		converge_at(a, when);
		return;
	}
	run(a);
}

/* The leader works on them. That waits while nginx is given servers: its worker may wait for the
 * processor that we are using. The end of the change tells them. */
static void tell_facts(struct agent *a)
{
	if (!a->attempt.model || !live_is_changing(a->live))
		a->ops->on_facts(a->ctx);
}

/* --- what changes ---------------------------------------------------------------------------- */

/* A tree of an older history goes no further. */
void converge_on_settled(void *agent, struct tree *tree)
{
	struct agent *a = agent;
	struct problems unreadable;

	acl_audit_on_tree(a->acls, tree);
	problems_init(&unreadable);
	mirror_problems(a->mirror, &unreadable);
	past_watch_take(a->past, a->mirror, tree, &unreadable);
	problems_fini(&unreadable);
	tell_facts(a);
}

void converge_on_tree(void *agent, struct tree *tree, const struct problems *unreadable)
{
	struct agent *a = agent;
	struct past_watch_facts past;
	struct permission_facts p;

	past_watch_facts(a->past, &past);
	a->roots.waiting = false;
	a->newest_zxid = edit_newest(tree);
	permission_on_tree(a->permission, tree, unreadable, &a->running, past.stale_plan);
	permission_facts(a->permission, &p);
	past_watch_plan(a->past, p.plan);
	converge(a);
	tell_facts(a);
}

/* --once does not wait for an operator. */
void converge_on_past(void *agent)
{
	struct agent *a = agent;
	struct past_watch_facts past;

	past_watch_facts(a->past, &past);
	if (past.rolled_back) {
		whole_guard_of_past(a);
		a->ops->on_problems(a->ctx, &a->problems);
	}
	a->ops->on_change(a->ctx);
	a->ops->on_facts(a->ctx);
	if (a->once && past.rolled_back)
		a->ops->on_over(a->ctx, false);
}

/* A path that cannot be read any more, or again, is a problem or the end of one. */
void converge_on_mirror_state(void *agent)
{
	struct agent *a = agent;

	a->ops->on_change(a->ctx);
	if (candidate_newest(a))
		converge(a);
	tell_facts(a);
}

void converge_on_nginx(void *agent)
{
	struct agent *a = agent;

	refusal_on_change(a->refusal);
	a->ops->on_change(a->ctx);
	converge(a);
}

/* The same path persists later what the workers have. */
void converge_on_taken(void *agent, const char *error)
{
	struct agent *a = agent;

	if (error) {
		converge_at(a, deliver_by_deployment(a));
		persist_after_change(a);
		a->ops->on_facts(a->ctx);
		return;
	}
	accept_servers(a);
	attempt_end(&a->attempt);
	a->ops->on_change(a->ctx);
	a->ops->on_facts(a->ctx);
	converge_at(a, live_due(a->live));
	if (persist_after_change(a))
		return;
	if (live_look(a->live) || a->dirty)
		converge(a);
}

void converge_on_workers(void *agent)
{
	struct agent *a = agent;

	a->ops->on_change(a->ctx);
	if (!is_busy(a) && live_look(a->live))
		converge(a);
}

/* The weights of servers in the status are of the time of the reader: no step is news. */
void converge_on_stepped(void *agent, const char *error)
{
	struct agent *a = agent;

	a->ops->on_change(a->ctx);
	if (live_look(a->live) || error || a->dirty)
		converge(a);
}

void converge_on_names(void *agent)
{
	struct agent *a = agent;

	refusal_on_names(a->refusal, names_cache_view(a->names));
	a->ops->on_change(a->ctx);
	converge(a);
}

void converge_on_failures(void *agent)
{
	converge(agent);
}

void converge_on_fetched(void *agent)
{
	converge(agent);
}

/* What is applied depends on it only with zookeeper.require_acl. */
void converge_on_acl(void *agent)
{
	struct agent *a = agent;
	struct acl_findings found = acl_audit_findings(a->acls);

	acl_hold_log(a, &found);
	a->ops->on_change(a->ctx);
	if (a->settings->zookeeper.require_acl || a->acl_held)
		converge(a);
}

/* Not at once: the caller may still use the attempt. */
void converge_on_refusal_over(void *agent)
{
	struct agent *a = agent;

	attempt_end(&a->attempt);
	converge_at(a, 0);
}

/* --- the way back ---------------------------------------------------------------------------- */

static void on_accepted(struct agent *a, const struct outcome *o)
{
	accept_attempt(a, o);
	converge_at(a, live_due(a->live));
}

/* nginx does not run it, so nothing is accepted. No event tells that nginx.conf was corrected, so
 * it is tested again regularly. */
static void on_not_included(struct agent *a, const struct outcome *o UNUSED)
{
	refusal_forget(a->refusal);
	converge_at(a, timing_now() + INCLUDE_PAUSE);
}

static void on_stream_not_included(struct agent *a, const struct outcome *o)
{
	on_accepted(a, o);
	converge_at(a, timing_now() + INCLUDE_PAUSE);
}

static void on_failed(struct agent *a, const struct outcome *o)
{
	refusal_host(a->refusal, o);
	a->dirty = true; /* the next run finds the refusal, and reports it */
}

static void on_refused(struct agent *a, const struct outcome *o)
{
	note_newest(a); /* it may have come while this one was persisted */
	refusal_trace(a->refusal, o);
}

static void (*const outcomes[DEPLOY_RESULT_N])(struct agent *a, const struct outcome *o) = {
	[DEPLOY_UNCHANGED] = on_accepted,
	[DEPLOY_APPLIED] = on_accepted,
	[DEPLOY_DEFERRED] = on_accepted,
	[DEPLOY_NOT_INCLUDED] = on_not_included,
	[DEPLOY_STREAM_NOT_INCLUDED] = on_stream_not_included,
	[DEPLOY_UNKNOWN] = on_accepted,
	[DEPLOY_REFUSED] = on_refused,
	[DEPLOY_REJECTED] = on_refused,
	[DEPLOY_DIED] = on_refused,
	[DEPLOY_FAILED] = on_failed,
};

/* --once: leave when nothing more is going to happen soon. */
static void leave_if_done(struct agent *a, const struct outcome *o)
{
	struct permission_facts p;
	bool good = o->result == DEPLOY_APPLIED || o->result == DEPLOY_UNCHANGED ||
		    o->result == DEPLOY_DEFERRED;

	if (!a->once || a->dirty || a->again_at < timing_now() + 3 * USEC_PER_SEC)
		return;
	permission_facts(a->permission, &p);
	a->ops->on_over(a->ctx, good && a->problems.count == 0 && !p.push);
}

/*
 * The order is behaviour:
 *
 *	outcome	what nginx runs, and the problems, are brought up to date
 *	trial	judges by them, while the attempt still names its revision
 *	report	counts the deployment, with the times of the attempt's steps
 *	free	the attempt is over, so that a run may begin
 *	leader	sees what this host runs now
 *	leave	--once ends before another run begins
 *	again	what has changed meanwhile
 *
 * A refusal goes another way: the attempt stays until converge_on_refusal_over().
 */
void converge_on_done(void *agent, const struct outcome *o)
{
	struct agent *a = agent;
	struct deployed news;

	live_outcome(a->live, o);
	if (refusal_takes_outcome(a->refusal, o))
		return;
	persist_end(a);
	news = accept_news(a, o);
	outcomes[o->result](a, o);
	if (outcomes[o->result] == on_refused) {
		a->ops->on_outcome(a->ctx, &news);
		return;
	}
	trial_outcome(a->trial, a->attempt.revision, o, a->running.good->pending);
	a->ops->on_outcome(a->ctx, &news);
	attempt_end(&a->attempt);
	refusal_watch_causes(a->refusal);
	if (host_config_has_changed(&a->host_config, a->deploy))
		a->dirty = true; /* nginx.conf was not known, or has changed */
	a->ops->on_facts(a->ctx);
	leave_if_done(a, o);
	if (live_look(a->live) || a->dirty)
		converge(a);
}
