/*
 * The status, filled in by its owners: one function for each. Nothing is copied, so the value is
 * good until the next event.
 */
#include <string.h>

#include "core/endpoint/endpoint.h"
#include "daemon.h"

/* --- what this host runs -------------------------------------------------------------------- */

/* Is another run to come, or the outcome of this one? */
static bool is_busy(const struct daemon *d)
{
	return d->attempt.model || d->dirty || d->roots.waiting;
}

void daemon_facts(void *daemon, struct status_facts *out)
{
	struct daemon *d = daemon;
	struct nginx_status nginx;

	deploy_nginx_status(d->deploy, &nginx);
	out->connected = session_state(mirror_session(d->mirror)) == SESSION_CONNECTED;
	out->has_tree = d->tree != NULL;
	out->busy = is_busy(d);
	out->rejected = d->refusal.message != NULL;
	out->excluded = nginx.nginx.includes == NGINX_INCLUDES_NOTHING;
	out->partial = nginx.nginx.includes == NGINX_INCLUDES_NO_STREAM;
	out->running = nginx.nginx.state == NGINX_STATE_RUNNING;
	out->pending = d->good->pending;
}

/* The revision that nginx is known to run; "" = none. */
static const char *revision_applied(const struct daemon *d)
{
	struct nginx_status nginx;

	deploy_nginx_status(d->deploy, &nginx);
	return nginx.nginx.may_run_none ? "" : d->applied;
}

static void fill_revision(const struct daemon *d, struct status *s)
{
	s->revision_seen = d->seen;
	s->revision_applied = revision_applied(d);
	s->generation = stage_live(d->stage);
}

static void fill_zookeeper(const struct daemon *d, struct status *s)
{
	const struct session *session = mirror_session(d->mirror);

	s->zookeeper.state = session_state_name(session_state(session));
	s->zookeeper.server = session_server(session);
	s->zookeeper.session = session_id(session);
	s->zookeeper.since = timing_to_wall(session_since(session));
	s->zookeeper.nodes = mirror_nodes(d->mirror);
	s->zookeeper.watches = mirror_watches(d->mirror);
	s->zookeeper.reconnects = session_reconnects(session);
	s->zookeeper.requests = session_requests(session);
}

static enum status_maybe included(enum nginx_includes includes)
{
	if (includes == NGINX_INCLUDES_UNKNOWN)
		return STATUS_UNKNOWN;
	return includes == NGINX_INCLUDES_NOTHING ? STATUS_NO : STATUS_YES;
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
	s->nginx.test_error = d->refusal.ground;
	s->nginx.included = included(nginx.nginx.includes);
	s->nginx.sandbox = nginx.sandbox;
	s->nginx.responding = nginx.nginx.responding;
	s->nginx.deaths = nginx.nginx.deaths;
	s->nginx.drifted = nginx.nginx.drifted;
	s->probe.on = nginx.has_probe;
	s->probe.answers = nginx.probe.answers;
	s->probe.requests = nginx.probe.requests;
	s->probe.errors = nginx.probe.errors;
	s->probe.upstream_errors = nginx.probe.upstream_errors;
	s->probe.connections = nginx.probe.connections;
}

static void fill_rollout(const struct daemon *d, struct status *s)
{
	const struct permission *p = &d->permission;
	struct member judged = { 0 };

	judge_fill(d, &judged);
	s->rollout.mode = rollout_mode_name(d->settings->rollout.mode);
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

static size_t servers_of(const struct upstream *u, const struct discover *d)
{
	size_t n = 0;

	for (size_t i = 0; i < u->server_count; i++)
		n += u->servers[i].discover == d;
	return n;
}

static void fill_discovery(const struct daemon *d, struct status *s, struct arena *scratch)
{
	const struct model *m = d->good;
	struct status_discovery *list;
	size_t count = 0;

	for (size_t i = 0; i < m->upstream_count; i++)
		count += m->upstreams[i].discover_count;
	s->discovery = list = arena_array(scratch, struct status_discovery, count);
	s->discovery_count = count;
	for (size_t i = 0; i < m->upstream_count; i++) {
		const struct upstream *u = &m->upstreams[i];

		for (size_t j = 0; j < u->discover_count; j++) {
			const struct discover *found = &u->discovers[j];

			*list++ = (struct status_discovery){
				.upstream = u->name,
				.path = found->path,
				.format = found->chosen ? endpoint_format_name(found->chosen) : "",
				.servers = servers_of(u, found),
			};
		}
	}
}

void daemon_fill_member(void *daemon, struct member *m)
{
	const struct daemon *d = daemon;

	m->revision = revision_applied(d);
	m->seen = d->permission.newest;
	m->part = permission_part(d);
	judge_fill(d, m);
}

/* --- the others ----------------------------------------------------------------------------- */

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

static void fill_alerts(const struct daemon *d, struct status *s, struct arena *scratch)
{
	const struct alert *raised;
	size_t count = alarm_raised(d->alarm, &raised);
	struct status_alert *list = arena_array(scratch, struct status_alert, count);

	for (size_t i = 0; i < count; i++) {
		list[i] = (struct status_alert){
			.key = raised[i].key,
			.subject = raised[i].subject,
			.severity = alert_severity_name(raised[i].severity),
			.message = raised[i].message,
			.since = timing_to_wall(raised[i].since),
			.flaps = raised[i].flaps,
		};
	}
	s->alerts = list;
	s->alert_count = count;
}

void daemon_fill_status(void *daemon, struct status *s, struct arena *scratch)
{
	const struct daemon *d = daemon;

	fill_revision(d, s);
	fill_zookeeper(d, s);
	fill_nginx(d, s);
	fill_rollout(d, s);
	fill_discovery(d, s, scratch);
	fill_fleet(d, s);
	fill_alerts(d, s, scratch);
}

void daemon_report_unreadable(struct daemon *d)
{
	struct problems unreadable;

	problems_init(&unreadable);
	mirror_problems(d->mirror, &unreadable);
	report_unreadable(d->report, &unreadable);
	problems_fini(&unreadable);
}
