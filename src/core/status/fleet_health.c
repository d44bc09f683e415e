/* What is wrong in a fleet, and what is on its way. */
#include <stdarg.h>
#include <string.h>

#include "fleet_health.h"

struct judging {
	struct fleet_health *health;
	struct arena *arena;
	const struct fleet_view *view;
};

static void add(struct fleet_reasons *list, struct arena *a, const char *key, const char *subject,
		const char *fmt, va_list args) PRINTF(5, 0);
static void add(struct fleet_reasons *list, struct arena *a, const char *key, const char *subject,
		const char *fmt, va_list args)
{
	list->items = arena_grow(a, list->items, list->count, &list->room, sizeof(*list->items));
	list->items[list->count++] = (struct fleet_reason){
		.key = key,
		.subject = subject,
		.message = arena_vprintf(a, fmt, args),
	};
}

static void wrong(struct judging *j, const char *key, const char *subject, const char *fmt, ...)
	PRINTF(4, 5);
static void wrong(struct judging *j, const char *key, const char *subject, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(&j->health->wrong, j->arena, key, subject, fmt, args);
	va_end(args);
}

static void moving(struct judging *j, const char *key, const char *fmt, ...) PRINTF(3, 4);
static void moving(struct judging *j, const char *key, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(&j->health->moving, j->arena, key, "", fmt, args);
	va_end(args);
}

void fleet_health_add(struct fleet_health *h, struct arena *a, const char *key, const char *subject,
		      const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(&h->wrong, a, key, subject, fmt, args);
	va_end(args);
}

/* --- hosts ---------------------------------------------------------------------------------- */

static const char *words_of(const char *state)
{
	static const struct {
		enum status_state state;
		const char *words;
	} table[] = {
		{ STATUS_DEPLOYING, "a change is being deployed" },
		{ STATUS_DEGRADED, "nginx runs all but some objects, which have problems" },
		{ STATUS_HELD, "a guard keeps servers or objects that ZooKeeper has lost" },
		{ STATUS_REJECTED, "nginx refused the configuration as a whole" },
		{ STATUS_WAITING, "it waits for ZooKeeper's first answer, or for nginx" },
		{ STATUS_DISCONNECTED, "it has no connection to ZooKeeper" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(status_state_name(table[i].state), state) == 0)
			return table[i].words;
	}
	return "this version does not know that state";
}

static void judge_member(struct judging *j, const struct member *m)
{
	if (strcmp(m->state, status_state_name(STATUS_APPLIED)) != 0)
		wrong(j, "host-state", m->host, "%s is %s: %s", m->host,
		      *m->state ? m->state : "without a state", words_of(m->state));
	if (!m->nginx_up)
		wrong(j, "nginx-down", m->host,
		      "nginx on %s is down, has no workers, or does not include the generated "
		      "files",
		      m->host);
	if (!fleet_view_is_current(j->view, m))
		wrong(j, "host-lag", m->host, "%s runs revision %.12s; it is to run %.12s", m->host,
		      *m->revision ? m->revision : "none", fleet_view_permitted(j->view, m));
}

static void judge_host(struct judging *j, const struct fleet_host *h)
{
	if (h->error)
		wrong(j, "znode-invalid", h->name, "%s", h->error);
	if (!h->member)
		wrong(j, "host-missing", h->name,
		      "%s is not in the fleet: its daemon is stopped, its host is down, or it "
		      "cannot reach ZooKeeper; its nginx keeps serving what it has",
		      h->name);
	else
		judge_member(j, h->member);
	if (!h->report && !h->error)
		wrong(j, "host-unreported", h->name, "%s has not published a report", h->name);
}

/* --- the fleet ------------------------------------------------------------------------------ */

bool fleet_rollout_is_stopped(const struct fleet_view *v)
{
	enum plan_phase p = v->plan.phase;

	return v->has_plan && (p == PLAN_HALTED || p == PLAN_REVERTING || p == PLAN_REVERTED);
}

/* "web1: /nginx/config/sites/x: MESSAGE" */
static const char *failure_of(struct arena *a, const struct plan *p)
{
	return arena_printf(a, "%s%s%s%s%s", p->failure.host, *p->failure.host ? ": " : "",
			    p->failure.znode, *p->failure.znode ? ": " : "",
			    *p->failure.message ? p->failure.message : "the plan does not say why");
}

static void judge_stop(struct judging *j)
{
	const struct plan *p = &j->view->plan;

	if (!fleet_rollout_is_stopped(j->view))
		return;
	wrong(j, "rollout-stopped", p->failure.host, "the rollout of revision %.12s is %s: %s",
	      p->target.revision, plan_phase_name(p->phase), failure_of(j->arena, p));
	j->health->stopped = strcmp(p->target.revision, j->view->newest) == 0;
}

static void judge_plan(struct judging *j)
{
	const struct fleet_view *v = j->view;

	if (v->plan_error)
		wrong(j, "plan-invalid", "",
		      "the plan cannot be read: %s; no host takes another revision until the znode "
		      "is repaired or deleted",
		      v->plan_error);
	if (v->request_error)
		wrong(j, "request-invalid", "", "the request of an operator cannot be read: %s",
		      v->request_error);
	judge_stop(j);
}

static void judge_push(struct judging *j)
{
	const struct config_note *n = &j->view->note;

	if (!n->unfinished)
		return;
	wrong(j, "push-unfinished", "",
	      "a push%s%s is not finished, and %lu znode%s not written yet: no host takes the "
	      "config until it is. If it was interrupted: zknginxctl push again, or zknginxctl "
	      "rollback",
	      *n->push.by ? " by " : "", n->push.by, n->push.left,
	      n->push.left == 1 ? " is" : "s are");
	moving(j, "push", "a push is not finished");
}

static void judge_fleet(struct judging *j)
{
	const struct fleet_view *v = j->view;

	if (!v->has_cluster)
		wrong(j, "no-cluster", "",
		      "the cluster's znode does not exist: no daemon has been started with these "
		      "settings");
	else if (!v->host_count)
		wrong(j, "no-host", "", "no host has joined the fleet");
	if (v->member_count && !*v->leader)
		wrong(j, "no-leader", "", "no host leads the fleet: no rollout goes on");
}

static size_t omitted(const struct fleet_view *v)
{
	size_t count = 0;

	for (size_t i = 0; i < v->host_count; i++)
		count += v->hosts[i].member ? fleet_problems_omitted(&v->hosts[i]) : 0;
	return count;
}

static void judge_reports(struct judging *j)
{
	struct fleet_health *h = j->health;
	size_t more = omitted(j->view);

	h->problem_count = fleet_problems_fold(j->arena, j->view, &h->problems);
	h->alert_count = fleet_alerts_fold(j->arena, j->view, &h->alerts);
	if (h->problem_count)
		wrong(j, "problems", "", "%zu problem%s reported%s", h->problem_count,
		      h->problem_count == 1 ? " is" : "s are",
		      more ? ", and more than a report has room for" : "");
	if (h->alert_count)
		wrong(j, "alerts", "", "%zu alert%s raised", h->alert_count,
		      h->alert_count == 1 ? " is" : "s are");
}

/* --- what is on its way --------------------------------------------------------------------- */

static void judge_target(struct judging *j)
{
	const struct plan *p = &j->view->plan;
	const char *paused = p->paused ? ", and the rollout is paused" : "";

	if (p->phase == PLAN_PENDING)
		moving(j, "rollout", "revision %.12s waits for an operator's promote%s",
		       p->target.revision, paused);
	else if (p->phase == PLAN_PUBLISHING)
		moving(j, "rollout", "a rollback to revision %.12s is being written",
		       p->publish.revision);
	else if (p->phase == PLAN_REVERTING)
		moving(j, "rollout", "revision %.12s is being reverted", p->target.revision);
	else if (p->phase == PLAN_CANARY || p->phase == PLAN_BATCH)
		moving(j, "rollout", "the rollout of revision %.12s is in step %u%s",
		       p->target.revision, p->step, paused);
}

/* Is the newest revision neither accepted nor on its way? */
static bool is_awaited(const struct fleet_view *v)
{
	return *v->newest && !v->note.unfinished && v->has_plan && fleet_view_followers(v) &&
	       v->plan.phase != PLAN_PUBLISHING &&
	       strcmp(v->plan.accepted.revision, v->newest) != 0 &&
	       strcmp(v->plan.target.revision, v->newest) != 0;
}

static void judge_rest(struct judging *j)
{
	const struct fleet_view *v = j->view;

	if (v->has_plan)
		judge_target(j);
	if (is_awaited(v))
		moving(j, "config", "revision %.12s of the config waits for its rollout%s",
		       v->newest, v->plan.paused ? "; rollouts are paused" : "");
	if (*v->newest && !v->has_plan && !v->plan_error && fleet_view_followers(v))
		moving(j, "plan", "the leader has not written the first plan");
	if (v->has_request)
		moving(j, "request", "the request \"%s\" waits for the leader",
		       request_action_name(v->request.action));
	for (size_t i = 0; i < v->member_count; i++) {
		if (strcmp(v->members[i].state, status_state_name(STATUS_DEPLOYING)) == 0 ||
		    !fleet_view_is_current(v, &v->members[i]))
			moving(j, "host", "%s deploys a change", v->members[i].host);
	}
}

void fleet_health_judge(struct fleet_health *h, struct arena *a, const struct fleet_view *v)
{
	struct judging j = { .health = h, .arena = a, .view = v };

	*h = (struct fleet_health){ 0 };
	judge_fleet(&j);
	for (size_t i = 0; i < v->host_count; i++)
		judge_host(&j, &v->hosts[i]);
	judge_plan(&j);
	judge_push(&j);
	judge_reports(&j);
	judge_rest(&j);
}

bool fleet_is_healthy(const struct fleet_health *h)
{
	return !h->wrong.count;
}

bool fleet_is_quiet(const struct fleet_health *h)
{
	return !h->moving.count;
}

bool fleet_host_is_wrong(const struct fleet_health *h, const char *host)
{
	for (size_t i = 0; i < h->wrong.count; i++) {
		if (strcmp(h->wrong.items[i].subject, host) == 0)
			return true;
	}
	return false;
}
