/*
 * The status value, filled in from every wing. Nothing is copied: it is good for as long as
 * nothing happens.
 */
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* How long a problem may be half of a change: while nothing is to come, and in any case. */
#define GAP_MAX (5 * USEC_PER_SEC)
#define PATIENCE (30 * USEC_PER_SEC)

/* Does a guard keep something that ZooKeeper does not have any more? */
static bool is_held(const struct report *r)
{
	for (size_t i = 0; i < r->problem_count; i++) {
		const struct problem *p = &r->problems[i].problem;

		if (p->kind == PROBLEM_GUARD && p->serving == SERVING_PREVIOUS)
			return true;
	}
	return false;
}

/* Is another run to come, or the outcome of this one? */
static bool is_busy(const struct daemon *d)
{
	return d->attempt.model || d->dirty || d->discovery.waiting;
}

struct settling report_settling(const struct daemon *d)
{
	uint64_t gap = d->settings->nginx.reload_gap;

	return (struct settling){
		.gap = gap < GAP_MAX ? gap : GAP_MAX,
		.patience = PATIENCE,
		.last_run = d->report.last_run,
		.busy = is_busy(d),
		.now = now_monotonic(),
	};
}

size_t report_settled(const struct daemon *d)
{
	struct settling s = report_settling(d);
	size_t n = 0;

	for (size_t i = 0; i < d->report.problem_count; i++)
		n += settling_is_over(&s, d->report.problems[i].found);
	return n;
}

enum status_state report_state(const struct daemon *d)
{
	struct nginx_status nginx;

	deploy_nginx_status(d->deploy, &nginx);
	if (session_state(mirror_session(d->mirror)) != SESSION_CONNECTED)
		return STATUS_DISCONNECTED;
	/* also during the regular looks whether it is included now */
	if (!d->tree || nginx.nginx.includes == NGINX_INCLUDES_NOTHING)
		return STATUS_WAITING;
	if (is_busy(d))
		return STATUS_DEPLOYING;
	if (d->refusal.message)
		return STATUS_REJECTED;
	if (nginx.nginx.state != NGINX_STATE_RUNNING)
		return STATUS_WAITING;
	if (is_held(&d->report))
		return STATUS_HELD;
	if (d->good->pending)
		return STATUS_DEPLOYING;
	return d->report.problem_count || nginx.nginx.includes == NGINX_INCLUDES_NO_STREAM
		       ? STATUS_DEGRADED
		       : STATUS_APPLIED;
}

void scratch_fini(struct scratch *s)
{
	free(s->discovery);
	free(s->alerts);
}

static uint64_t to_wall(uint64_t monotonic)
{
	return now_wall() - (now_monotonic() - monotonic);
}

static void fill_zookeeper(const struct daemon *d, struct status *s)
{
	const struct session *session = mirror_session(d->mirror);

	s->zookeeper.state = session_state_name(session_state(session));
	s->zookeeper.server = session_server(session);
	s->zookeeper.session = session_id(session);
	s->zookeeper.since = to_wall(session_since(session));
	s->zookeeper.nodes = mirror_nodes(d->mirror);
	s->zookeeper.watches = mirror_watches(d->mirror);
	s->zookeeper.reconnects = session_reconnects(session);
	s->zookeeper.requests = session_requests(session);
}

static void fill_nginx(const struct daemon *d, struct status *s)
{
	struct nginx_status nginx;

	deploy_nginx_status(d->deploy, &nginx);
	s->nginx.state = nginx.nginx.state;
	s->nginx.pid = nginx.nginx.pid;
	s->nginx.workers = nginx.nginx.workers;
	s->nginx.old_workers = nginx.nginx.old_workers;
	s->nginx.reloads = nginx.reloads;
	s->nginx.tests = nginx.tests;
	s->nginx.test_error = d->refusal.ground ?: "";
	s->nginx.includes = nginx.nginx.includes;
	if (nginx.nginx.may_run_none)
		s->revision_applied = "";
	s->nginx.sandbox = nginx.sandbox;
	s->nginx.responding = nginx.nginx.responding;
	s->nginx.deaths = nginx.nginx.deaths;
	s->nginx.drifted = nginx.nginx.drifted ? nginx.nginx.drifted : "";
	s->probe.on = nginx.has_probe;
	s->probe.answers = nginx.probe.answers;
	s->probe.requests = nginx.probe.requests;
	s->probe.errors = nginx.probe.errors;
	s->probe.upstream_errors = nginx.probe.upstream_errors;
	s->probe.connections = nginx.probe.connections;
}

static void fill_fleet(const struct daemon *d, struct status *s)
{
	static const char *const names[] = {
		[FLEET_PENDING] = "pending",
		[FLEET_MEMBER] = "member",
		[FLEET_DUPLICATE] = "duplicate",
	};

	s->fleet.member = names[FLEET_PENDING];
	s->fleet.role = election_state_name(ELECTION_OUT);
	if (!d->fleet)
		return;
	s->fleet.member = names[fleet_membership(d->fleet, &s->fleet.why)];
	s->fleet.role = election_state_name(election_role(fleet_election(d->fleet)));
	s->fleet.leader = election_leader(fleet_election(d->fleet));
}

static void fill_rollout(const struct daemon *d, struct status *s)
{
	const struct permission *p = &d->permission;
	struct member judged = { 0 };

	judge_fill(d, &judged);
	s->rollout.mode = d->settings->rollout.mode;
	s->rollout.part = member_part_name(permission_part(d));
	s->rollout.phase = p->has_plan ? plan_phase_name(p->plan.phase) : "";
	s->rollout.paused = p->has_plan && p->plan.paused;
	s->rollout.step = p->has_plan ? p->plan.step : 0;
	s->rollout.permitted = p->permit.kind == PERMIT_NAMED  ? p->permit.revision.revision
			       : p->permit.kind == PERMIT_STAY ? d->applied
							       : "";
	s->rollout.why = p->permit.why;
	s->rollout.verdict = *judged.gate.revision ? verdict_name(judged.gate.verdict) : "";
}

static void fill_alerts(const struct daemon *d, struct status *s, struct scratch *scratch)
{
	const struct alert *raised;
	size_t count = alarm_raised(d, &raised);

	scratch->alerts = xcalloc(count + 1, sizeof(*scratch->alerts));
	for (size_t i = 0; i < count; i++) {
		scratch->alerts[i] = (struct status_alert){
			.key = raised[i].key,
			.subject = raised[i].subject,
			.severity = alert_severity_name(raised[i].severity),
			.message = raised[i].message,
			.since = to_wall(raised[i].since),
			.flaps = raised[i].flaps,
		};
	}
	s->alerts = scratch->alerts;
	s->alert_count = count;
}

struct status report_fill(const struct daemon *d, struct scratch *scratch)
{
	const struct report *r = &d->report;
	struct status s = {
		.host = d->host,
		.version = ZKNGINX_VERSION,
		.updated = now_wall(),
		.state = report_state(d),
		.revision_seen = d->seen,
		.revision_applied = d->applied,
		.generation = stage_live(d->stage),
		.problems = r->problems,
		.problem_count = r->problem_count,
	};

	s.discovery = scratch->discovery = discovery_status(d->good, &s.discovery_count);
	fill_zookeeper(d, &s);
	fill_nginx(d, &s);
	fill_fleet(d, &s);
	fill_rollout(d, &s);
	fill_alerts(d, &s, scratch);
	s.deployments.applied = r->applied;
	s.deployments.rejected = r->rejected;
	s.deployments.rolled_back = r->rolled_back;
	s.deployments.last_generation = r->last_generation;
	s.deployments.last_at = r->last_at;
	s.deployments.last_total_ms = r->last_total_ms;
	memcpy(s.deployments.steps_ms, r->steps_ms, sizeof(r->steps_ms));
	return s;
}
