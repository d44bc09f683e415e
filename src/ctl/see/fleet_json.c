/* The fleet as JSON. */
#include <string.h>

#include "core/text/json_text.h"
#include "fleet_json.h"

json_t *json_or_null(const char *s)
{
	return s && *s ? json_text(s) : json_null();
}

json_t *json_strings(const char *const *items, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_text(items[i]));
	return list;
}

static json_t *read_back(const struct buf *text)
{
	return json_loadb(buf_str(text), text->size, 0, NULL) ?: json_null();
}

json_t *report_json(const struct status *r)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	status_write_json(r, 0, &text);
	return read_back(&text);
}

/* --- hosts ---------------------------------------------------------------------------------- */

static json_t *roles(const struct snapshot *s, const struct fleet_host *h)
{
	json_t *list = json_array();
	const char *role = snapshot_role(s, h);

	while (*role) {
		size_t size = strcspn(role, ",");

		json_array_append_new(list, json_stringn(role, size));
		role += size + strspn(role + size, ", ");
	}
	return list;
}

static json_t *nginx_json(const struct fleet_host *h)
{
	const struct status *r = h->report;
	json_t *j = json_object();

	json_put(j, "up", h->member ? json_boolean(h->member->nginx_up) : json_null());
	json_put(j, "pid", r && r->nginx.pid > 0 ? json_integer(r->nginx.pid) : json_null());
	json_put_number(j, "workers", r ? r->nginx.workers : 0);
	json_put_number(j, "old_workers", r ? r->nginx.old_workers : 0);
	return j;
}

static void put_revision(json_t *j, const struct snapshot *s, const struct fleet_host *h)
{
	const struct member *m = h->member;
	const char *last = h->report ? h->report->revision_applied : NULL;

	json_put(j, "revision", json_or_null(m ? m->revision : last));
	json_put(j, "permitted", json_or_null(m ? fleet_view_permitted(&s->view, m) : NULL));
	json_put(j, "generation",
		 h->report ? json_integer((json_int_t)h->report->generation) : json_null());
}

static json_t *row(const struct snapshot *s, const struct fleet_host *h)
{
	const struct member *m = h->member;
	json_t *j = json_object();

	json_put_text(j, "host", h->name);
	json_put_text(j, "state", m ? m->state : "missing");
	json_put(j, "since", json_or_null(m ? m->since : NULL));
	json_put(j, "reported", json_time(h->report ? h->report->updated : 0));
	put_revision(j, s, h);
	json_put(j, "nginx", nginx_json(h));
	json_put_number(j, "problems", h->report ? h->report->problem_total : 0);
	json_put(j, "roles", roles(s, h));
	json_put(j, "error", json_or_null(h->error));
	json_put(j, "good", json_boolean(!fleet_host_is_wrong(&s->health, h->name)));
	return j;
}

static json_t *hosts_json(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->view.host_count; i++)
		json_array_append_new(list, row(s, &s->view.hosts[i]));
	return list;
}

static json_t *member_json(const struct member *m)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	member_print(m, &text);
	return read_back(&text);
}

json_t *host_json(const struct snapshot *s, const struct fleet_host *h)
{
	json_t *j = json_object();

	json_put_text(j, "host", h->name);
	json_put(j, "present", json_boolean(h->member));
	json_put(j, "member", h->member ? member_json(h->member) : json_null());
	json_put(j, "report", h->report ? report_json(h->report) : json_null());
	json_put(j, "roles", roles(s, h));
	json_put(j, "error", json_or_null(h->error));
	json_put(j, "good", json_boolean(!fleet_host_is_wrong(&s->health, h->name)));
	json_put_text(j, "source", "zookeeper");
	return j;
}

json_t *members_json(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->view.member_count; i++) {
		const struct member *m = &s->view.members[i];
		json_t *j = member_json(m);

		json_put(j, "roles", roles(s, fleet_view_host(&s->view, m->host)));
		json_array_append_new(list, j);
	}
	return list;
}

/* --- the rollout ---------------------------------------------------------------------------- */

static json_t *revision_json(const struct snapshot *s, const struct plan_revision *r)
{
	const struct history_entry *h = snapshot_entry(s, r->history);
	json_t *j = json_object();

	if (!*r->revision) {
		json_decref(j);
		return json_null();
	}
	json_put_text(j, "revision", r->revision);
	json_put_number(j, "history", r->history);
	json_put_number(j, "hosts", fleet_view_running(&s->view, r->revision));
	json_put(j, "by", json_or_null(h ? h->by : NULL));
	json_put(j, "note", json_or_null(h ? h->note : NULL));
	return j;
}

static json_t *failure_json(const struct plan *p)
{
	json_t *j;

	if (!*p->failure.host && !*p->failure.message)
		return json_null();
	j = json_object();
	json_put(j, "host", json_or_null(p->failure.host));
	json_put(j, "znode", json_or_null(p->failure.znode));
	json_put(j, "message", json_or_null(p->failure.message));
	json_put(j, "at", json_or_null(p->failure.at));
	return j;
}

static json_t *last_request_json(const struct plan *p)
{
	json_t *j;

	if (!*p->request.action)
		return json_null();
	j = json_object();
	json_put_text(j, "action", p->request.action);
	json_put(j, "by", json_or_null(p->request.by));
	json_put(j, "result", json_or_null(p->request.result));
	json_put(j, "at", json_or_null(p->request.at));
	return j;
}

static json_t *rollout_json(const struct snapshot *s)
{
	const struct fleet_view *v = &s->view;
	const struct plan *p = &v->plan;
	json_t *j;

	if (!v->has_plan)
		return json_null();
	j = json_object();
	json_put_text(j, "phase", plan_phase_name(p->phase));
	json_put(j, "mode", json_or_null(p->mode));
	json_put(j, "paused", json_boolean(p->paused));
	json_put(j, "stopped", json_boolean(fleet_rollout_is_stopped(v)));
	json_put_number(j, "step", p->step);
	json_put_number(j, "followers", fleet_view_followers(v));
	json_put(j, "hosts", json_strings(p->hosts, p->host_count));
	json_put(j, "canaries", json_strings(p->canaries, p->canary_count));
	json_put(j, "since", json_or_null(p->since));
	json_put(j, "accepted", revision_json(s, &p->accepted));
	json_put(j, "target", revision_json(s, &p->target));
	json_put(j, "publish", revision_json(s, &p->publish));
	json_put(j, "failure", failure_json(p));
	json_put(j, "last_request", last_request_json(p));
	return j;
}

static json_t *request_json(const struct fleet_view *v)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (!v->has_request)
		return json_null();
	request_print(&v->request, &text);
	return read_back(&text);
}

/* --- problems and alerts -------------------------------------------------------------------- */

static json_t *problem_json(const struct fleet_problem *p)
{
	json_t *j = json_object();

	json_put_text(j, "znode", p->problem.znode);
	json_put_text(j, "kind", problem_kind_name(p->problem.kind));
	json_put_text(j, "message", p->problem.message);
	json_put(j, "field", json_or_null(p->problem.field));
	json_put(j, "line", p->problem.line ? json_integer(p->problem.line) : json_null());
	json_put(j, "since", json_time(p->since));
	json_put(j, "hosts", json_strings(p->hosts, p->host_count));
	json_put_number(j, "serving_previous", p->previous);
	json_put_number(j, "serving_absent", p->host_count - p->previous);
	return j;
}

json_t *fleet_problems_json(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->health.problem_count; i++)
		json_array_append_new(list, problem_json(&s->health.problems[i]));
	return list;
}

static json_t *alerts_json(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->health.alert_count; i++) {
		const struct fleet_alert *a = &s->health.alerts[i];
		json_t *j = json_object();

		json_put_text(j, "key", a->alert.key);
		json_put(j, "subject", json_or_null(a->alert.subject));
		json_put_text(j, "severity", a->alert.severity);
		json_put_text(j, "message", a->alert.message);
		json_put(j, "since", json_time(a->alert.since));
		json_put(j, "hosts", json_strings(a->hosts, a->host_count));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *reasons_json(const struct fleet_reasons *reasons)
{
	json_t *list = json_array();

	for (size_t i = 0; i < reasons->count; i++) {
		const struct fleet_reason *r = &reasons->items[i];
		json_t *j = json_object();

		json_put_text(j, "key", r->key);
		json_put(j, "host", json_or_null(r->subject));
		json_put_text(j, "message", r->message);
		json_array_append_new(list, j);
	}
	return list;
}

/* --- drains and pushes ---------------------------------------------------------------------- */

static json_t *drains_json(const struct snapshot *s)
{
	struct drains d = overrides_drains(s->overrides);
	json_t *list = json_array();

	for (size_t i = 0; i < d.count; i++) {
		json_t *j = json_object();

		json_put_text(j, "upstream", d.items[i].upstream);
		json_put_text(j, "server", d.items[i].server);
		json_put(j, "until", json_time(d.items[i].until));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *push_json(const struct config_note *n)
{
	json_t *j;

	if (!n->unfinished)
		return json_null();
	j = json_object();
	json_put(j, "by", json_or_null(n->push.by));
	json_put_text(j, "id", n->push.id);
	json_put(j, "time", json_time(n->push.time));
	json_put_number(j, "left", n->push.left);
	return j;
}

/* --- the whole ------------------------------------------------------------------------------ */

json_t *fleet_json(const struct snapshot *s)
{
	const struct fleet_view *v = &s->view;
	json_t *j = json_object();

	json_put_text(j, "source", "zookeeper");
	json_put(j, "connected", json_boolean(s->connected));
	json_put_text(j, "cluster", s->cluster);
	json_put(j, "time", json_time(s->wall));
	json_put(j, "config", json_or_null(v->newest));
	json_put(j, "leader", json_or_null(v->leader));
	json_put(j, "healthy",
		 s->connected ? json_boolean(fleet_is_healthy(&s->health)) : json_null());
	json_put(j, "quiet", s->connected ? json_boolean(fleet_is_quiet(&s->health)) : json_null());
	json_put(j, "wrong", reasons_json(&s->health.wrong));
	json_put(j, "moving", reasons_json(&s->health.moving));
	json_put(j, "hosts", hosts_json(s));
	json_put(j, "rollout", rollout_json(s));
	json_put(j, "request", request_json(v));
	json_put(j, "problems", fleet_problems_json(s));
	json_put_number(j, "reporters", fleet_reporters(v));
	json_put(j, "alerts", alerts_json(s));
	json_put(j, "drains", drains_json(s));
	json_put(j, "push", push_json(&v->note));
	return j;
}
