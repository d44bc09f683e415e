/* The parts of the status and of the member znode that are the agent's, and its facts. Nothing is
 * copied, so they are good until the next event. */
#include "agent_checks.h"
#include "agent_slow_start.h"
#include "converge.h"
#include "core/data/traits.h"
#include "core/endpoint/endpoint.h"
#include "sys/timing.h"

/* Is another run due, or the outcome of this one? */
static bool is_busy(const struct agent *a)
{
	return a->attempt.model || a->persisting.model || (a->dirty && !a->acl_held) ||
	       a->roots.waiting;
}

void agent_facts(const struct agent *a, struct agent_facts *out)
{
	struct permission_facts p;
	struct past_watch_facts past;

	permission_facts(a->permission, &p);
	past_watch_facts(a->past, &past);
	*out = (struct agent_facts){
		.newest = p.newest,
		.newest_revision = p.newest_revision,
		.whole = p.whole,
		.current = past.in_order && mirror_is_current(a->mirror),
		.stale_plan = past.stale_plan,
		.accepted = past.accepted,
		.plan = past.plan,
		.wiped = p.wiped,
		.unfinished = p.push,
		.untrusted = p.untrusted,
		.stored = p.stored,
		.stored_revision = p.stored_revision,
		.applied = a->running.applied,
		.generation = stage_live(a->stage),
		.zookeeper = session_state_name(session_state(mirror_session(a->mirror))),
	};
}

void agent_status_facts(const struct agent *a, struct status_facts *out)
{
	struct permission_facts p;
	struct past_watch_facts past;
	struct nginx_status nginx;

	permission_facts(a->permission, &p);
	past_watch_facts(a->past, &past);
	deploy_nginx_status(a->deploy, &nginx);
	out->connected = session_state(mirror_session(a->mirror)) == SESSION_CONNECTED;
	out->has_tree = p.newest || past.rolled_back;
	out->busy = p.newest && is_busy(a);
	out->rejected = refusal_message(a->refusal, NULL);
	out->excluded = nginx.nginx.includes == NGINX_INCLUDES_NOTHING;
	out->partial = nginx.nginx.includes == NGINX_INCLUDES_NO_STREAM;
	out->running = nginx.nginx.state == NGINX_STATE_RUNNING;
	out->pending = a->running.good->pending;
}

/* The revision that nginx is known to run; "" = none. */
static const char *revision_applied(const struct agent *a)
{
	struct nginx_status nginx;

	deploy_nginx_status(a->deploy, &nginx);
	return nginx.nginx.may_run_none ? "" : a->running.applied;
}

static void fill_zookeeper(const struct agent *a, struct status *s)
{
	const struct session *session = mirror_session(a->mirror);
	struct past_watch_facts past;

	s->zookeeper.state = session_state_name(session_state(session));
	s->zookeeper.server = session_server(session);
	s->zookeeper.session = session_id(session);
	s->zookeeper.since = timing_to_wall(session_since(session));
	s->zookeeper.nodes = mirror_nodes(a->mirror);
	s->zookeeper.watches = mirror_watches(a->mirror);
	s->zookeeper.reconnects = session_reconnects(session);
	s->zookeeper.requests = session_requests(session);
	past_watch_facts(a->past, &past);
	s->zookeeper.rolled_back = past.rolled_back ? past.message : "";
	s->zookeeper.confirmed = past.in_order ? past.confirmed : 0;
	s->zookeeper.open = acl_audit_findings(a->acls).text;
	s->zookeeper.open_znodes = acl_audit_findings(a->acls).open;
}

static enum status_maybe included(enum nginx_includes includes)
{
	if (includes == NGINX_INCLUDES_UNKNOWN)
		return STATUS_UNKNOWN;
	return includes == NGINX_INCLUDES_NOTHING ? STATUS_NO : STATUS_YES;
}

static void fill_nginx(const struct agent *a, struct status *s)
{
	struct nginx_status nginx;

	deploy_nginx_status(a->deploy, &nginx);
	s->nginx.state = nginx.nginx.state;
	s->nginx.pid = nginx.nginx.pid;
	s->nginx.workers = nginx.nginx.workers;
	s->nginx.old_workers = nginx.nginx.old_workers;
	s->nginx.reloads = nginx.reloads;
	s->nginx.tests = nginx.tests;
	s->nginx.test_error = refusal_ground(a->refusal);
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

static const char *permitted(const struct agent *a, const struct permit *p)
{
	if (p->kind == PERMIT_NAMED)
		return p->revision.revision;
	return p->kind == PERMIT_STAY ? a->running.applied : "";
}

static void fill_rollout(const struct agent *a, const struct permission_facts *p, struct status *s)
{
	struct member m = { 0 };

	trial_fill(a->trial, &m);
	s->rollout.mode = rollout_mode_name(a->settings->rollout.mode);
	s->rollout.part = member_part_name(p->part);
	s->rollout.phase = p->plan ? plan_phase_name(p->plan->phase) : "";
	s->rollout.paused = p->plan && p->plan->paused;
	s->rollout.step = p->plan ? p->plan->step : 0;
	s->rollout.permitted = permitted(a, p->permit);
	s->rollout.why = p->permit->why;
	s->push.on = p->push;
	if (p->push) {
		s->push.by = p->push->by;
		s->push.id = p->push->id;
		s->push.time = p->push->time;
		s->push.left = p->push->left;
	}
	s->rollout.verdict = *m.gate.revision ? verdict_name(m.gate.verdict) : "";
}

static void fill_trust(const struct agent *a, struct status *s)
{
	struct trust_facts f;

	trust_facts(permission_trust(a->permission), &f);
	s->trust.require = trust_mode_name(f.require);
	s->trust.on = f.require != TRUST_OFF;
	s->trust.state = f.state;
	s->trust.key = f.key;
	s->trust.why = f.why;
	s->trust.serial = f.serial;
	s->trust.last = f.last;
}

static size_t servers_of(const struct upstream *u, const struct discover *d)
{
	size_t n = 0;

	for (size_t i = 0; i < u->server_count; i++)
		n += u->servers[i].discover == d;
	return n;
}

static void fill_discovery(const struct model *m, struct status *s, struct arena *scratch)
{
	struct status_discovery *list;
	size_t count = 0;

	for (size_t i = 0; i < m->upstream_count; i++)
		count +=
			model_may_have(m, i, TRAIT_DISCOVERS) ? m->upstreams[i]->discover_count : 0;
	s->discovery = list = arena_array(scratch, struct status_discovery, count);
	s->discovery_count = count;
	for (size_t i = 0; i < m->upstream_count; i++) {
		const struct upstream *u = m->upstreams[i];

		if (!model_may_have(m, i, TRAIT_DISCOVERS))
			continue;
		for (size_t j = 0; j < u->discover_count; j++) {
			const struct discover *d = &u->discovers[j];

			*list++ = (struct status_discovery){
				.upstream = u->name,
				.path = d->path,
				.format = d->chosen ? endpoint_format_name(d->chosen) : "",
				.servers = servers_of(u, d),
			};
		}
	}
}

/* As nginx runs them, which is a moment later than ZooKeeper has them. */
static void fill_drains(const struct model *m, struct status *s, struct arena *scratch)
{
	struct status_drain *list = arena_array(scratch, struct status_drain, m->drains.count);

	s->drains = list;
	s->overrides = m->drains.mzxid;
	s->drain_count = s->drain_total = m->drains.count;
	for (size_t i = 0; i < m->drains.count; i++) {
		const struct drain *d = &m->drains.items[i];

		list[i] = (struct status_drain){ d->upstream, d->server, d->until, d->servers };
	}
}

/* Without the module there is nothing to say: every change is a reload. */
static void fill_updates(const struct agent *a, struct status *s, struct arena *scratch)
{
	const struct model *m = live_model(a->live);
	struct status_update *list;

	s->nginx.updates = live_updates(a->live);
	if (!live_has_module(a->live))
		return;
	list = arena_array(scratch, struct status_update, m->upstream_count);
	s->updates = list;
	s->update_count = m->upstream_count;
	for (size_t i = 0; i < m->upstream_count; i++) {
		const char *why = live_why_not(a->live, m->upstreams[i]);

		list[i] = (struct status_update){ m->upstreams[i]->name, why ? "reload" : "live",
						  why };
	}
}

void agent_fill_status(const struct agent *a, struct status *s, struct arena *scratch)
{
	const struct model *of_nginx = live_model(a->live);
	struct permission_facts p;

	permission_facts(a->permission, &p);
	s->revision_seen = p.newest_revision;
	s->revision_applied = revision_applied(a);
	s->generation = stage_live(a->stage);
	fill_zookeeper(a, s);
	fill_nginx(a, s);
	fill_rollout(a, &p, s);
	fill_trust(a, s);
	fill_discovery(of_nginx, s, scratch);
	fill_drains(of_nginx, s, scratch);
	agent_checks_fill(a->checker, of_nginx, s, scratch);
	agent_slow_start_fill(a->live, of_nginx, s, scratch);
	fill_updates(a, s, scratch);
}

static void fill_zookeeper_numbers(const struct agent *a, struct numbers *n)
{
	const struct session *session = mirror_session(a->mirror);

	n->zookeeper.expirations = session_expirations(session);
	n->zookeeper.beats = session_beats(session);
	n->zookeeper.data = mirror_bytes(a->mirror);
	n->zookeeper.zxid = a->newest_zxid;
	session_traffic(&n->zookeeper.received, &n->zookeeper.sent);
}

void agent_fill_numbers(const struct agent *a, struct numbers *n)
{
	struct nginx_memory memory = deploy_nginx_memory(a->deploy);
	struct nginx_status nginx;

	deploy_nginx_status(a->deploy, &nginx);
	fill_zookeeper_numbers(a, n);
	n->config = live_numbers(a->live);
	live_fill_servers(a->live, n);
	n->tests_passed = nginx.tests_passed;
	n->tests_refused = nginx.tests_refused;
	n->memory.master = memory.master;
	n->memory.workers = memory.workers;
	n->memory.old_workers = memory.old_workers;
	n->stub.reading = nginx.probe.reading;
	n->stub.writing = nginx.probe.writing;
	n->stub.waiting = nginx.probe.waiting;
	n->stub.accepted = nginx.probe.accepted;
	n->stub.handled = nginx.probe.handled;
}

void agent_fill_member(const struct agent *a, struct member *m)
{
	struct permission_facts p;

	permission_facts(a->permission, &p);
	m->revision = revision_applied(a);
	m->seen = p.newest_revision;
	m->part = p.part;
	trial_fill(a->trial, m);
}
