/* What is wrong in a fleet, and what is on its way. */
#include <stdarg.h>
#include <string.h>

#include "fleet_health.h"

struct checking {
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

static void wrong(struct checking *c, const char *key, const char *subject, const char *fmt, ...)
	PRINTF(4, 5);
static void wrong(struct checking *c, const char *key, const char *subject, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(&c->health->wrong, c->arena, key, subject, fmt, args);
	va_end(args);
}

static void moving(struct checking *c, const char *key, const char *fmt, ...) PRINTF(3, 4);
static void moving(struct checking *c, const char *key, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(&c->health->moving, c->arena, key, "", fmt, args);
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
		{ STATUS_HELD, "a guard keeps what ZooKeeper has lost, or holds changes back" },
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

static void check_member(struct checking *c, const struct member *m)
{
	if (strcmp(m->state, status_state_name(STATUS_APPLIED)) != 0)
		wrong(c, "host-state", m->host, "%s is %s: %s", m->host,
		      *m->state ? m->state : "without a state", words_of(m->state));
	if (!m->nginx_up)
		wrong(c, "nginx-down", m->host,
		      "nginx on %s is down, has no workers, or does not include the generated "
		      "files",
		      m->host);
	if (!fleet_view_is_current(c->view, m))
		wrong(c, "host-lag", m->host, "%s runs revision %.12s; it is to run %.12s", m->host,
		      *m->revision ? m->revision : "none", fleet_view_permitted(c->view, m));
}

static void check_host(struct checking *c, const struct fleet_host *h)
{
	if (h->error)
		wrong(c, "znode-invalid", h->name, "%s", h->error);
	if (!h->member)
		wrong(c, "host-missing", h->name,
		      "%s is not in the fleet: its daemon is stopped, its host is down, or it "
		      "cannot reach ZooKeeper; its nginx keeps serving what it has",
		      h->name);
	else
		check_member(c, h->member);
	if (!h->report && !h->error)
		wrong(c, "host-unreported", h->name, "%s has not published a report", h->name);
}

/* --- the fleet ------------------------------------------------------------------------------ */

bool fleet_rollout_is_stopped(const struct fleet_view *v)
{
	return v->has_plan && plan_is_stopped(&v->plan);
}

/* "web1: /nginx/config/sites/x: MESSAGE" */
static const char *failure_of(struct arena *a, const struct plan *p)
{
	return arena_printf(a, "%s%s%s%s%s", p->failure.host, *p->failure.host ? ": " : "",
			    p->failure.znode, *p->failure.znode ? ": " : "",
			    *p->failure.message ? p->failure.message : "the plan does not say why");
}

static void check_stop(struct checking *c)
{
	const struct plan *p = &c->view->plan;

	if (!fleet_rollout_is_stopped(c->view))
		return;
	wrong(c, "rollout-stopped", p->failure.host, "the rollout of revision %.12s is %s: %s",
	      p->target.revision, plan_phase_name(p->phase), failure_of(c->arena, p));
	c->health->stopped = strcmp(p->target.revision, c->view->newest) == 0;
}

static void check_plan(struct checking *c)
{
	const struct fleet_view *v = c->view;

	if (v->plan_error)
		wrong(c, "plan-invalid", "",
		      "the plan cannot be read: %s; no host takes another revision until the znode "
		      "is repaired or deleted",
		      v->plan_error);
	if (v->request_error)
		wrong(c, "request-invalid", "", "the request of an operator cannot be read: %s",
		      v->request_error);
	check_stop(c);
}

static void check_push(struct checking *c)
{
	const struct config_note *n = &c->view->note;
	const char *removed = config_push_removal(&n->push);

	if (!n->unfinished)
		return;
	moving(c, "push", removed ? "a removal is unfinished" : "a push is unfinished");
	if (removed)
		wrong(c, "push-unfinished", "",
		      "the removal of %s%s%s is unfinished, and %lu znode%s not deleted yet: no "
		      "host takes the config until it is. If it was interrupted: zknginxctl rm -r "
		      "%s again, or zknginxctl rollback",
		      removed, *n->push.by ? " by " : "", n->push.by, n->push.left,
		      n->push.left == 1 ? " is" : "s are", removed);
	else
		wrong(c, "push-unfinished", "",
		      "a push%s%s is unfinished, and %lu znode%s not written yet: no host takes "
		      "the config until it is. If it was interrupted: zknginxctl push again, or "
		      "zknginxctl rollback",
		      *n->push.by ? " by " : "", n->push.by, n->push.left,
		      n->push.left == 1 ? " is" : "s are");
}

static void check_fleet(struct checking *c)
{
	const struct fleet_view *v = c->view;

	if (!v->has_cluster)
		wrong(c, "no-cluster", "",
		      "the cluster's znode does not exist: no daemon has been started with these "
		      "settings");
	else if (!v->host_count)
		wrong(c, "no-host", "", "no host has joined the fleet");
	if (v->member_count && !*v->leader)
		wrong(c, "no-leader", "", "no host leads the fleet: no rollout goes on");
}

static size_t omitted(const struct fleet_view *v)
{
	size_t count = 0;

	for (size_t i = 0; i < v->host_count; i++)
		count += v->hosts[i].member ? fleet_problems_omitted(&v->hosts[i]) : 0;
	return count;
}

static void check_reports(struct checking *c)
{
	struct fleet_health *h = c->health;
	size_t more = omitted(c->view);

	h->problem_count = fleet_problems_fold(c->arena, c->view, &h->problems);
	h->alert_count = fleet_alerts_fold(c->arena, c->view, &h->alerts);
	if (h->problem_count)
		wrong(c, "problems", "", "%zu problem%s reported%s", h->problem_count,
		      h->problem_count == 1 ? " is" : "s are",
		      more ? ", and more than a report has room for" : "");
	if (h->alert_count)
		wrong(c, "alerts", "", "%zu alert%s raised", h->alert_count,
		      h->alert_count == 1 ? " is" : "s are");
}

/* --- what is on its way --------------------------------------------------------------------- */

static void check_target(struct checking *c)
{
	const struct plan *p = &c->view->plan;
	const char *paused = p->paused ? ", and the rollout is paused" : "";

	if (p->phase == PLAN_PENDING)
		moving(c, "rollout", "revision %.12s waits for an operator's promote%s",
		       p->target.revision, paused);
	else if (p->phase == PLAN_PUBLISHING)
		moving(c, "rollout", "a rollback to revision %.12s is being written",
		       p->publish.revision);
	else if (p->phase == PLAN_REVERTING)
		moving(c, "rollout", "revision %.12s is being reverted", p->target.revision);
	else if (p->phase == PLAN_CANARY || p->phase == PLAN_BATCH)
		moving(c, "rollout", "the rollout of revision %.12s is in step %u%s",
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

static void check_rest(struct checking *c)
{
	const struct fleet_view *v = c->view;

	if (v->has_plan)
		check_target(c);
	if (is_awaited(v))
		moving(c, "config", "revision %.12s of the config waits for its rollout%s",
		       v->newest, v->plan.paused ? "; rollouts are paused" : "");
	if (*v->newest && !v->has_plan && !v->plan_error && fleet_view_followers(v))
		moving(c, "plan", "the leader has not written the first plan");
	if (v->has_request)
		moving(c, "request", "the request \"%s\" waits for the leader",
		       request_action_name(v->request.action));
	for (size_t i = 0; i < v->member_count; i++) {
		if (strcmp(v->members[i].state, status_state_name(STATUS_DEPLOYING)) == 0 ||
		    !fleet_view_is_current(v, &v->members[i]))
			moving(c, "host", "%s deploys a change", v->members[i].host);
	}
}

void fleet_health_check(struct fleet_health *h, struct arena *a, const struct fleet_view *v)
{
	struct checking c = { .health = h, .arena = a, .view = v };

	*h = (struct fleet_health){ 0 };
	check_fleet(&c);
	for (size_t i = 0; i < v->host_count; i++)
		check_host(&c, &v->hosts[i]);
	check_plan(&c);
	check_push(&c);
	check_reports(&c);
	check_rest(&c);
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
