/*
 * Which hosts there should be is known from the reports: they stay when a host goes, and an
 * operator who takes a host out of service deletes its report. Reports are large and change often,
 * so only their names are read, once in LEADER_PATROL.
 */
#include <stdlib.h>
#include <string.h>

#include "leader_watch.h"
#include "zk/mirror.h"

#define HINDERED_AFTER (10 * USEC_PER_SEC)

void leader_watch_init(struct leader_watch *w, struct leader_context *c)
{
	*w = (struct leader_watch){ .c = c };
}

/* --- which hosts there should be ------------------------------------------------------------- */

static void forget_expected(struct leader_watch *w)
{
	for (size_t i = 0; i < w->expected_count; i++)
		free(w->expected[i]);
	free(TAKE(w->expected));
	w->expected_count = 0;
}

void leader_watch_clear(struct leader_watch *w)
{
	answer_drop(TAKE(w->answer));
	forget_expected(w);
	w->list_at = 0;
	conditions_clear(&w->conditions);
}

static void on_reports(void *watch, const struct session_reply *r)
{
	struct leader_watch *w = watch;

	w->answer = NULL;
	if (r->rc != SESSION_OK)
		return;
	forget_expected(w);
	w->expected = xcalloc(r->child_count + 1, sizeof(*w->expected));
	for (size_t i = 0; i < r->child_count; i++)
		w->expected[w->expected_count++] = xstrdup(r->children[i]);
	w->c->on_change(w->c->ctx);
}

static void list_reports(struct leader_watch *w, struct arena *a)
{
	uint64_t now = timing_now();

	if (w->answer || now < w->list_at)
		return;
	w->list_at = now + LEADER_PATROL;
	w->answer = answer_new(on_reports, w);
	session_children(fleet_session(w->c->fleet),
			 cluster_path(a, w->c->settings->zookeeper.cluster, CLUSTER_REPORTS, NULL),
			 false, answer_take, w->answer);
}

/* --- what is wrong --------------------------------------------------------------------------- */

static const char *report_of(const struct leader_watch *w, struct arena *a, const char *host)
{
	return cluster_path(a, w->c->settings->zookeeper.cluster, CLUSTER_REPORTS, host);
}

static void check_missing(struct leader_watch *w, const struct leader_view *v)
{
	for (size_t i = 0; i < w->expected_count; i++) {
		const char *host = w->expected[i];

		if (members_find(v->members, v->member_count, host))
			continue;
		conditions_add(
			&w->conditions, "fleet-member-missing", host, ALERT_CRITICAL,
			w->c->settings->rollout.vanish_timeout,
			"%s is not in the fleet: its daemon is stopped, its host is down, or "
			"it cannot reach ZooKeeper; its nginx keeps serving the revision it "
			"has (delete %s if the host is gone for good)",
			host, report_of(w, v->arena, host));
	}
}

/* The revision that this member is to run; "" where the plan does not say. */
static const char *permitted(const struct leader_view *v, const struct member *m)
{
	if (!v->has_plan || m->part != MEMBER_JOINED)
		return "";
	return plan_names(&v->plan, m->host) ? v->plan.target.revision : v->plan.accepted.revision;
}

/* A host whose nginx is down raises that alert itself. */
static void check_member(struct leader_watch *w, const struct leader_view *v,
			 const struct member *m)
{
	const struct settings *s = w->c->settings;
	struct conditions *c = &w->conditions;
	const char *revision = permitted(v, m);

	if (*revision && strcmp(revision, m->revision) != 0)
		conditions_add(c, "fleet-lag", m->host, ALERT_WARNING, s->alerts.lag,
			       "%s runs revision %.12s; the plan permits it %.12s", m->host,
			       *m->revision ? m->revision : "none", revision);
	if (m->problems)
		conditions_add(c, "fleet-problems", m->host, ALERT_WARNING, 0,
			       "%s has %ld problem%s; see %s", m->host, m->problems,
			       PLURAL(m->problems), report_of(w, v->arena, m->host));
	if (strcmp(m->mode, rollout_mode_name(s->rollout.mode)) != 0)
		conditions_add(c, "fleet-mode", m->host, ALERT_WARNING, s->alerts.lag,
			       "rollout.mode is \"%s\" on %s and \"%s\" on the leader, %s", m->mode,
			       m->host, rollout_mode_name(s->rollout.mode), w->c->host);
}

static void check_rollout(struct leader_watch *w, const struct leader_view *v)
{
	struct conditions *c = &w->conditions;
	const struct plan *p = &v->plan;

	if (v->plan_znode && !v->has_plan && !v->plan_is_stale)
		conditions_add(c, "rollout-plan-unreadable", "", ALERT_CRITICAL, 0,
			       "%s is not a valid plan: %s; no host takes another revision until "
			       "the znode is repaired or deleted",
			       v->plan_znode->path, v->plan_error);
	if (v->has_plan && p->phase == PLAN_CANARY && !p->host_count)
		conditions_add(c, "rollout-without-canary", "", ALERT_CRITICAL,
			       w->c->settings->rollout.vanish_timeout,
			       "revision %.12s waits for a canary: none of rollout.canaries is in "
			       "the fleet and takes part in rollouts",
			       p->target.revision);
	if (v->has_plan && plan_is_stopped(p))
		conditions_add(c, "rollout-stopped", "", ALERT_CRITICAL, 0,
			       "the rollout of revision %.12s is %s: %s%s%s%s%s",
			       p->target.revision, plan_phase_name(p->phase), p->failure.host,
			       *p->failure.host ? ": " : "", p->failure.znode,
			       *p->failure.znode ? ": " : "", p->failure.message);
}

static void add_hindered(struct leader_watch *w, const char *subject, const char *error)
{
	conditions_add(&w->conditions, "fleet-leader-hindered", subject, ALERT_CRITICAL,
		       HINDERED_AFTER, "the leader %s cannot read or write a znode: %s", w->c->host,
		       error);
}

/* Znodes that the leader lacks permission to read. */
static void check_readable(struct leader_watch *w, struct arena *a, const struct mirror *mirror)
{
	struct problems hidden;

	problems_init(&hidden);
	mirror_problems(mirror, &hidden);
	for (size_t i = 0; i < hidden.count; i++) {
		const struct problem *p = &hidden.items[i];

		add_hindered(w, p->znode, arena_printf(a, "%s: %s", p->znode, p->message));
	}
	problems_fini(&hidden);
}

/* Of a rollout that is under way: of the whole way, not of a step. */
static struct leader_numbers count_hosts(const struct leader_view *v)
{
	bool moves = v->has_plan && plan_is_moving(&v->plan);
	const char *revision = !v->has_plan ? ""
			       : moves      ? v->plan.target.revision
					    : v->plan.accepted.revision;
	struct leader_numbers n = { .members = v->member_count };

	for (size_t i = 0; i < v->member_count; i++) {
		const struct member *m = &v->members[i];

		if (m->part != MEMBER_JOINED)
			continue;
		n.hosts++;
		n.hosts_done += *revision && strcmp(m->revision, revision) == 0;
	}
	return n;
}

void leader_watch_look(struct leader_watch *w, const struct leader_view *v,
		       const struct leader_limits *limits)
{
	list_reports(w, v->arena);
	conditions_clear(&w->conditions);
	check_missing(w, v);
	for (size_t i = 0; i < v->member_count; i++)
		check_member(w, v, &v->members[i]);
	check_rollout(w, v);
	w->numbers = count_hosts(v);
	if (limits->plan_error)
		add_hindered(w, "plan", limits->plan_error);
	if (limits->live_error)
		add_hindered(w, "live", limits->live_error);
	check_readable(w, v->arena, limits->mirror);
}
