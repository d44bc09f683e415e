/*
 * The report as JSON: keys sorted, so that equal values are equal bytes. What is not
 * known is null; a line or a field that a problem does not have is absent.
 */
#include <inttypes.h>
#include <stdio.h>

#include <zknginx/status.h>

#include "core/text/json_text.h"

/* A string, or null where there is none. */
static json_t *text(const char *s)
{
	return s && *s ? json_text(s) : json_null();
}

static json_t *number(unsigned long n)
{
	return json_integer((json_int_t)n);
}

static json_t *when(uint64_t wall)
{
	char iso[32];

	if (!wall)
		return json_null();
	status_time(wall, iso);
	return json_string(iso);
}

/* Microseconds are as fine as anybody measures. */
static json_t *milliseconds(double ms)
{
	return json_real((double)(long)(ms * 1000 + 0.5) / 1000);
}

static json_t *problem_json(const struct status_problem *p)
{
	json_t *j = json_object();

	json_put(j, "znode", text(p->problem.znode));
	json_put(j, "kind", json_string(problem_kind_name(p->problem.kind)));
	json_put(j, "message", text(p->problem.message));
	if (p->problem.line)
		json_put(j, "line", number(p->problem.line));
	if (p->problem.field && *p->problem.field)
		json_put(j, "field", text(p->problem.field));
	json_put(j, "since", when(p->since));
	json_put(j, "serving", json_string(serving_name(p->problem.serving)));
	return j;
}

static json_t *problems_json(const struct status *s, size_t limit)
{
	json_t *j = json_array();
	size_t count = limit && limit < s->problem_count ? limit : s->problem_count;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(j, problem_json(&s->problems[i]));
	return j;
}

static json_t *discovery_json(const struct status *s)
{
	json_t *j = json_array();

	for (size_t i = 0; i < s->discovery_count; i++) {
		const struct status_discovery *d = &s->discovery[i];
		json_t *one = json_object();

		json_put(one, "upstream", text(d->upstream));
		json_put(one, "path", text(d->path));
		json_put(one, "format", text(d->format));
		json_put(one, "servers", number(d->servers));
		json_array_append_new(j, one);
	}
	return j;
}

static json_t *revision_json(const struct status *s)
{
	json_t *j = json_object();

	json_put(j, "seen", text(s->revision_seen));
	json_put(j, "applied", text(s->revision_applied));
	return j;
}

static json_t *session_json(int64_t session)
{
	char hex[20];

	if (!session)
		return json_null();
	snprintf(hex, sizeof(hex), "0x%" PRIx64, (uint64_t)session);
	return json_string(hex);
}

static json_t *zookeeper_json(const struct status *s)
{
	json_t *j = json_object();

	json_put(j, "state", text(s->zookeeper.state));
	json_put(j, "server", text(s->zookeeper.server));
	json_put(j, "session", session_json(s->zookeeper.session));
	json_put(j, "since", when(s->zookeeper.since));
	json_put(j, "nodes", number(s->zookeeper.nodes));
	json_put(j, "watches", number(s->zookeeper.watches));
	json_put(j, "reconnects", number(s->zookeeper.reconnects));
	json_put(j, "requests", number(s->zookeeper.requests));
	return j;
}

static json_t *nginx_json(const struct status *s)
{
	json_t *j = json_object();

	json_put(j, "state", text(nginx_state_name(s->nginx.state)));
	json_put(j, "pid", s->nginx.pid > 0 ? json_integer(s->nginx.pid) : json_null());
	json_put(j, "workers", number(s->nginx.workers));
	json_put(j, "old_workers", number(s->nginx.old_workers));
	json_put(j, "reloads", number(s->nginx.reloads));
	if (s->nginx.includes != NGINX_INCLUDES_UNKNOWN)
		json_put(j, "included", json_boolean(s->nginx.includes != NGINX_INCLUDES_NOTHING));
	json_put(j, "sandbox", text(s->nginx.sandbox));
	json_put(j, "responding", json_boolean(s->nginx.responding));
	json_put(j, "tests", number(s->nginx.tests));
	json_put(j, "test_error", text(s->nginx.test_error));
	json_put(j, "deaths", number(s->nginx.deaths));
	json_put(j, "drifted", text(s->nginx.drifted));
	return j;
}

static json_t *probe_json(const struct status *s)
{
	json_t *j;

	if (!s->probe.on)
		return json_null();
	j = json_object();
	json_put(j, "answers", json_boolean(s->probe.answers));
	json_put(j, "requests", number(s->probe.requests));
	json_put(j, "errors", number(s->probe.errors));
	json_put(j, "upstream_errors", number(s->probe.upstream_errors));
	json_put(j, "connections", number(s->probe.connections));
	return j;
}

static json_t *fleet_json(const struct status *s)
{
	json_t *j = json_object();

	json_put(j, "member", text(s->fleet.member));
	json_put(j, "why", text(s->fleet.why));
	json_put(j, "role", text(s->fleet.role));
	json_put(j, "leader", text(s->fleet.leader));
	return j;
}

static json_t *rollout_json(const struct status *s)
{
	json_t *j = json_object();

	json_put(j, "mode", text(s->rollout.mode));
	json_put(j, "part", text(s->rollout.part));
	json_put(j, "phase", text(s->rollout.phase));
	json_put(j, "paused", json_boolean(s->rollout.paused));
	json_put(j, "step", number(s->rollout.step));
	json_put(j, "permitted", text(s->rollout.permitted));
	json_put(j, "why", text(s->rollout.why));
	json_put(j, "verdict", text(s->rollout.verdict));
	return j;
}

static json_t *alerts_json(const struct status *s)
{
	json_t *j = json_array();

	for (size_t i = 0; i < s->alert_count; i++) {
		const struct status_alert *a = &s->alerts[i];
		json_t *one = json_object();

		json_put(one, "key", text(a->key));
		json_put(one, "subject", text(a->subject));
		json_put(one, "severity", text(a->severity));
		json_put(one, "message", text(a->message));
		json_put(one, "since", when(a->since));
		json_put(one, "flaps", number(a->flaps));
		json_array_append_new(j, one);
	}
	return j;
}

static json_t *last_json(const struct status *s)
{
	json_t *j, *stages;

	if (!s->deployments.last_at)
		return json_null();
	j = json_object();
	stages = json_object();
	for (int i = 0; i < STEP_N; i++)
		json_put(stages, step_name((enum step_id)i),
			 milliseconds(s->deployments.steps_ms[i]));
	json_put(j, "generation", number(s->deployments.last_generation));
	json_put(j, "at", when(s->deployments.last_at));
	json_put(j, "total_ms", milliseconds(s->deployments.last_total_ms));
	json_put(j, "stages_ms", stages);
	return j;
}

static json_t *deployments_json(const struct status *s)
{
	json_t *j = json_object();

	json_put(j, "applied", number(s->deployments.applied));
	json_put(j, "rejected", number(s->deployments.rejected));
	json_put(j, "rolled_back", number(s->deployments.rolled_back));
	json_put(j, "last", last_json(s));
	return j;
}

void status_write_json(const struct status *s, size_t problem_limit, struct buf *out)
{
	json_t *j = json_object();

	json_put(j, "host", text(s->host));
	json_put(j, "version", text(s->version));
	json_put(j, "updated", when(s->updated));
	json_put(j, "state", json_string(status_state_name(s->state)));
	json_put(j, "revision", revision_json(s));
	json_put(j, "generation", number(s->generation));
	json_put(j, "problems", problems_json(s, problem_limit));
	json_put(j, "problem_count", number(s->problem_count));
	json_put(j, "discovery", discovery_json(s));
	json_put(j, "zookeeper", zookeeper_json(s));
	json_put(j, "nginx", nginx_json(s));
	json_put(j, "probe", probe_json(s));
	json_put(j, "fleet", fleet_json(s));
	json_put(j, "rollout", rollout_json(s));
	json_put(j, "alerts", alerts_json(s));
	json_put(j, "deployments", deployments_json(s));
	json_print(j, JSON_INDENT(2) | JSON_REAL_PRECISION(15), out);
}
