/*
 * What the leader sees of the fleet, and what is wrong with it.
 *
 * Which hosts there should be is told by the reports: they stay when a host goes, and an
 * operator who takes a host out of service deletes its report. They are large and change
 * often, so only their names are read, now and then.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "leader.h"

/*
 * Who runs the newest at once does not ask the plan. So as long as there is anybody who does, a
 * leader whose own mode is "all" (the one host that was forgotten) still sends canaries ahead.
 */
static enum rollout_mode mode_of(enum rollout_mode mode, const struct leader_view *v)
{
	if (mode != ROLLOUT_ALL)
		return mode;
	for (size_t i = 0; i < v->member_count; i++) {
		if (v->members[i].part == MEMBER_JOINED)
			return ROLLOUT_CANARY;
	}
	return ROLLOUT_ALL;
}

struct rollout_rules leader_rules(const struct settings *settings, const struct leader_view *v)
{
	const struct rollout_settings *s = &settings->rollout;

	return (struct rollout_rules){
		.mode = mode_of(s->mode, v),
		.canaries = s->canaries,
		.canary_hosts = s->canary_hosts[0] ? s->canary_hosts : NULL,
		.batch = atol(s->batch),
		.batch_is_percent = strchr(s->batch, '%'),
		.bake_time = s->bake_time,
		.batch_time = s->batch_time,
		.settle = s->settle,
		.apply_timeout = s->apply_timeout,
		.vanish_timeout = s->vanish_timeout,
		.max_failures = s->max_failures,
		.revert = s->on_failure == FAILURE_REVERT,
	};
}

static const struct znode *find_below(struct daemon *d, struct arena *a, const char *name)
{
	return tree_find(d->leader.tree,
			 arena_printf(a, "%s/%s", d->settings->zookeeper.cluster, name));
}

void leader_look(struct daemon *d, struct arena *a, struct leader_view *v)
{
	const char *cluster = d->settings->zookeeper.cluster, *why = "";

	*v = (struct leader_view){ .arena = a, .answered = d->leader.answered };
	status_time(timing_wall(), v->wall);
	v->plan_znode = find_below(d, a, "plan");
	v->request = find_below(d, a, "request");
	v->live = find_below(d, a, "live");
	if (v->plan_znode)
		v->has_plan =
			plan_parse(a, v->plan_znode->data, v->plan_znode->size, &v->plan, &why);
	v->plan_fault = why;
	v->member_count = members_parse(a, d->leader.tree, cluster, &v->members);
	v->entry_count = history_parse(a, d->leader.tree, cluster, &v->entries, &v->last_seq);
}

/* --- which hosts there should be ------------------------------------------------------------- */

static void forget_expected(struct leader *l)
{
	for (size_t i = 0; i < l->expected_count; i++)
		free(l->expected[i]);
	free(TAKE(l->expected));
	l->expected_count = 0;
}

static void on_reports(void *daemon, const struct session_reply *r)
{
	struct daemon *d = daemon;
	struct leader *l = &d->leader;

	l->counting = false;
	if (!l->mirror || r->rc != SESSION_OK)
		return;
	forget_expected(l);
	l->expected = xcalloc(r->child_count + 1, sizeof(*l->expected));
	for (size_t i = 0; i < r->child_count; i++)
		l->expected[l->expected_count++] = xstrdup(r->children[i]);
	leader_step(d);
}

static void count_hosts(struct daemon *d, struct arena *a)
{
	struct leader *l = &d->leader;
	uint64_t now = timing_now();

	if (l->counting || now < l->count_at)
		return;
	l->counting = true;
	l->count_at = now + LEADER_PATROL;
	session_children(fleet_session(d->fleet),
			 arena_printf(a, "%s/reports", d->settings->zookeeper.cluster), false,
			 on_reports, d);
}

/* --- what is wrong --------------------------------------------------------------------------- */

static void check_missing(struct daemon *d, const struct leader_view *v)
{
	struct leader *l = &d->leader;
	struct conditions *c = &l->conditions;

	for (size_t i = 0; i < l->expected_count; i++) {
		if (members_find(v->members, v->member_count, l->expected[i]))
			continue;
		conditions_add(
			c, "fleet-member-missing", l->expected[i], ALERT_CRITICAL,
			d->settings->rollout.vanish_timeout,
			"%s is not in the fleet: its daemon is stopped, its host is down, or "
			"it cannot reach ZooKeeper; its nginx serves what it served (delete "
			"%s/reports/%s when it is gone for good)",
			l->expected[i], d->settings->zookeeper.cluster, l->expected[i]);
	}
}

/* The revision that this member is to run, "" where the plan does not say. */
static const char *wanted(const struct leader_view *v, const struct member *m)
{
	if (!v->has_plan || m->part != MEMBER_JOINED)
		return "";
	return plan_names(&v->plan, m->host) ? v->plan.target.revision : v->plan.accepted.revision;
}

/* That its nginx is down is not said here: the host that reports it has raised an alert itself. */
static void check_member(struct daemon *d, const struct leader_view *v, const struct member *m)
{
	struct conditions *c = &d->leader.conditions;
	const char *revision = wanted(v, m);

	if (*revision && strcmp(revision, m->revision) != 0)
		conditions_add(c, "fleet-lag", m->host, ALERT_WARNING, d->settings->alerts.lag,
			       "%s runs revision %.12s, and the plan gives it %.12s", m->host,
			       *m->revision ? m->revision : "none", revision);
	if (m->problems)
		conditions_add(c, "fleet-problems", m->host, ALERT_WARNING, 0,
			       "%s has %ld problem%s; see %s/reports/%s", m->host, m->problems,
			       PLURAL(m->problems), d->settings->zookeeper.cluster, m->host);
	if (strcmp(m->mode, rollout_mode_name(d->settings->rollout.mode)) != 0)
		conditions_add(c, "fleet-mode", m->host, ALERT_WARNING, d->settings->alerts.lag,
			       "%s has rollout.mode \"%s\" and the leader, %s, has \"%s\"", m->host,
			       m->mode, d->host, rollout_mode_name(d->settings->rollout.mode));
}

static void check_rollout(struct daemon *d, const struct leader_view *v)
{
	const struct plan *p = &v->plan;

	if (v->plan_znode && !v->has_plan)
		conditions_add(&d->leader.conditions, "rollout-plan-unreadable", "", ALERT_CRITICAL,
			       0,
			       "%s is no plan (%s): no host takes another revision, until it is "
			       "mended or deleted",
			       v->plan_znode->path, v->plan_fault);
	if (v->has_plan && p->phase == PLAN_CANARY && !p->host_count)
		conditions_add(
			&d->leader.conditions, "rollout-without-canary", "", ALERT_CRITICAL,
			d->settings->rollout.vanish_timeout,
			"revision %.12s waits for a canary: none of rollout.canaries is in the "
			"fleet and takes part in rollouts",
			p->target.revision);
	if (!v->has_plan ||
	    (p->phase != PLAN_HALTED && p->phase != PLAN_REVERTING && p->phase != PLAN_REVERTED))
		return;
	conditions_add(&d->leader.conditions, "rollout-stopped", "", ALERT_CRITICAL, 0,
		       "the rollout of revision %.12s is %s: %s%s%s%s%s", p->target.revision,
		       plan_phase_name(p->phase), p->failure.host, *p->failure.host ? ": " : "",
		       p->failure.znode, *p->failure.znode ? ": " : "", p->failure.message);
}

static void check_writes(struct daemon *d, const struct leader_writes *w, const char *subject)
{
	if (w->fault)
		conditions_add(&d->leader.conditions, "fleet-leader-hindered", subject,
			       ALERT_CRITICAL, 10 * USEC_PER_SEC, "the leader, %s, is hindered: %s",
			       d->host, w->fault);
}

/* What the leader may not read, it does not hear. */
static void check_readable(struct daemon *d)
{
	struct problems hidden;

	problems_init(&hidden);
	mirror_problems(d->leader.mirror, &hidden);
	for (size_t i = 0; i < hidden.count; i++)
		conditions_add(&d->leader.conditions, "fleet-leader-hindered",
			       hidden.items[i].znode, ALERT_CRITICAL, 10 * USEC_PER_SEC,
			       "the leader, %s, is hindered: %s: %s", d->host,
			       hidden.items[i].znode, hidden.items[i].message);
	problems_fini(&hidden);
}

void leader_watch(struct daemon *d, const struct leader_view *v)
{
	count_hosts(d, v->arena);
	conditions_clear(&d->leader.conditions);
	check_missing(d, v);
	for (size_t i = 0; i < v->member_count; i++)
		check_member(d, v, &v->members[i]);
	check_rollout(d, v);
	check_writes(d, &d->leader.plan_writes, "plan");
	check_writes(d, &d->leader.live_writes, "live");
	check_readable(d);
	daemon_update_alerts(d);
}

void leader_unwatch(struct daemon *d)
{
	forget_expected(&d->leader);
	d->leader.count_at = 0;
	conditions_clear(&d->leader.conditions);
	/* whether it is over is for the next leader to say */
	alarm_forget(d->alarm, "fleet-");
	alarm_forget(d->alarm, "rollout-");
}
