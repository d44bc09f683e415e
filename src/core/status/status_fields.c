/*
 * The table of the status: see status_fields.h. Rows are in the order of the metrics; JSON sorts
 * its keys.
 */
#include <string.h>

#include "families.h"
#include "status_fields.h"

#define AT(member) .where = offsetof(struct status, member)
#define ROWS(array)                                                                                \
	{                                                                                          \
		(array), ARRAY_SIZE(array)                                                         \
	}
#define GAUGE(n, h) .metric = { .name = n, .type = "gauge", .help = h }
#define COUNTER(n, h) .metric = { .name = n, .type = "counter", .help = h }
#define SECONDS(n, h)                                                                              \
	.metric = { .name = n "_seconds", .type = "gauge", .unit = "seconds", .help = h }
/* 1 when a text is this word; NULL: when there is a text at all. */
#define IS(n, w, h) .metric = { .name = n, .type = "gauge", .word = w, .help = h }
#define COMPUTED(n, f, h) .metric = { .name = n, .type = "gauge", .value = f, .help = h }
#define FAMILY(f) .metric = { .write = f }

/* --- names ---------------------------------------------------------------------------------- */

static const char *state_name(unsigned value)
{
	return status_state_name((enum status_state)value);
}

static const char *nginx_name(unsigned value)
{
	return nginx_state_name((enum nginx_state)value);
}

static const char *kind_name(unsigned value)
{
	return problem_kind_name((enum problem_kind)value);
}

static const char *serving(unsigned value)
{
	return serving_name((enum serving)value);
}

/* --- numbers that are made of several fields ------------------------------------------------ */

static bool is(const char *s, const char *word)
{
	return s && strcmp(s, word) == 0;
}

static double is_current(const struct status *s)
{
	return s->revision_applied && *s->revision_applied &&
	       is(s->revision_seen, s->revision_applied);
}

static double is_moving(const struct status *s)
{
	return is(s->rollout.phase, "canary") || is(s->rollout.phase, "batch");
}

static double is_stopped(const struct status *s)
{
	return is(s->rollout.phase, "halted") || is(s->rollout.phase, "reverting") ||
	       is(s->rollout.phase, "reverted");
}

static double is_signed(const struct status *s)
{
	return is(s->trust.state, "good") && !(s->trust.why && *s->trust.why);
}

/* Nothing newer than what nginx runs was tried and refused. */
static double last_succeeded(const struct status *s)
{
	return s->deployments.last.generation == s->generation && s->state != STATUS_REJECTED;
}

/* --- the elements of lists ------------------------------------------------------------------ */

#define IN(member) .where = offsetof(struct status_problem, member)
static const struct status_field problem_rows[] = {
	{ "znode", STATUS_TEXT, IN(problem.znode) },
	{ "kind", STATUS_NAME, IN(problem.kind), .names = { kind_name, PROBLEM_KIND_N } },
	{ "message", STATUS_TEXT, IN(problem.message) },
	{ "line", STATUS_LINE, IN(problem.line), .omitted = true },
	{ "field", STATUS_TEXT, IN(problem.field), .omitted = true },
	{ "since", STATUS_TIME, IN(since) },
	{ "serving", STATUS_NAME, IN(problem.serving), .names = { serving, SERVING_N } },
};
#undef IN

#define IN(member) .where = offsetof(struct status_discovery, member)
static const struct status_field discovery_rows[] = {
	{ "upstream", STATUS_TEXT, IN(upstream) },
	{ "path", STATUS_TEXT, IN(path) },
	{ "format", STATUS_TEXT, IN(format) },
	{ "servers", STATUS_COUNT, IN(servers) },
};
#undef IN

#define IN(member) .where = offsetof(struct status_drain, member)
static const struct status_field drain_rows[] = {
	{ "upstream", STATUS_TEXT, IN(upstream) },
	{ "server", STATUS_TEXT, IN(server) },
	{ "until", STATUS_TIME, IN(until) },
	{ "servers", STATUS_COUNT, IN(servers) },
};
#undef IN

#define IN(member) .where = offsetof(struct status_check, member)
static const struct status_field check_rows[] = {
	{ "upstream", STATUS_TEXT, IN(upstream) }, { "server", STATUS_TEXT, IN(server) },
	{ "state", STATUS_TEXT, IN(state) },       { "since", STATUS_TIME, IN(since) },
	{ "down", STATUS_FLAG, IN(down) },         { "found", STATUS_TEXT, IN(found) },
};
#undef IN

#define IN(member) .where = offsetof(struct status_slow_start, member)
static const struct status_field slow_start_rows[] = {
	{ "upstream", STATUS_TEXT, IN(upstream) },
	{ "time", STATUS_TEXT, IN(time) },
	{ "state", STATUS_TEXT, IN(state) },
};
#undef IN

#define IN(member) .where = offsetof(struct status_ramp, member)
static const struct status_field ramp_rows[] = {
	{ "upstream", STATUS_TEXT, IN(upstream) },
	{ "server", STATUS_TEXT, IN(server) },
	{ "since", STATUS_TIME, IN(since) },
	{ "until", STATUS_TIME, IN(until) },
};
#undef IN

#define IN(member) .where = offsetof(struct status_update, member)
static const struct status_field update_rows[] = {
	{ "upstream", STATUS_TEXT, IN(upstream) },
	{ "update", STATUS_TEXT, IN(way) },
	{ "why", STATUS_TEXT, IN(why), .omitted = true },
};
#undef IN

#define IN(member) .where = offsetof(struct status_alert, member)
static const struct status_field alert_rows[] = {
	{ "key", STATUS_TEXT, IN(key) },           { "subject", STATUS_TEXT, IN(subject) },
	{ "severity", STATUS_TEXT, IN(severity) }, { "message", STATUS_TEXT, IN(message) },
	{ "since", STATUS_TIME, IN(since) },       { "flaps", STATUS_COUNT, IN(flaps) },
};
#undef IN

/* --- groups --------------------------------------------------------------------------------- */

static const struct status_field revision_rows[] = {
	{ "seen", STATUS_TEXT, AT(revision_seen), FAMILY(family_revision) },
	{ "applied", STATUS_TEXT, AT(revision_applied) },
	{ COMPUTED("revision_current", is_current,
		   "1 when nginx runs the newest revision in ZooKeeper.") },
};

static const struct status_field checker_rows[] = {
	{ "passing", STATUS_COUNT, AT(checker.passing), FAMILY(family_checked) },
	{ "failing", STATUS_COUNT, AT(checker.failing) },
	{ "unknown", STATUS_COUNT, AT(checker.unknown) },
	{ "panics", STATUS_COUNT, AT(checker.panics),
	  GAUGE("check_panics", "Upstreams with so many failing servers that none is taken out.") },
	{ "good", STATUS_COUNT, AT(checker.good), .counts = true, FAMILY(family_checks) },
	{ "bad", STATUS_COUNT, AT(checker.bad), .counts = true },
	{ "late", STATUS_COUNT, AT(checker.late), .counts = true,
	  COUNTER("checks_late", "Checks that had to wait for a free socket.") },
	{ "sockets", STATUS_COUNT, AT(checker.sockets), .counts = true,
	  GAUGE("check_sockets", "Open sockets of the checks.") },
};

static const struct status_field zookeeper_rows[] = {
	{ "state", STATUS_TEXT, AT(zookeeper.state),
	  IS("zookeeper_connected", "connected", "1 while the session is connected.") },
	{ "server", STATUS_TEXT, AT(zookeeper.server), FAMILY(family_session) },
	{ "session", STATUS_SESSION, AT(zookeeper.session) },
	{ "since", STATUS_TIME, AT(zookeeper.since) },
	{ "nodes", STATUS_COUNT, AT(zookeeper.nodes),
	  GAUGE("zookeeper_nodes", "Znodes that are mirrored.") },
	{ "watches", STATUS_COUNT, AT(zookeeper.watches),
	  GAUGE("zookeeper_watches", "Watches that are set.") },
	{ "reconnects", STATUS_COUNT, AT(zookeeper.reconnects),
	  COUNTER("zookeeper_reconnects", "Connections after the first one.") },
	{ "requests", STATUS_COUNT, AT(zookeeper.requests), .counts = true,
	  COUNTER("zookeeper_requests", "Requests sent.") },
	{ "rolled_back", STATUS_TEXT, AT(zookeeper.rolled_back), .omitted = true },
	{ "confirmed", STATUS_SESSION, AT(zookeeper.confirmed), .omitted = true },
	{ "open", STATUS_TEXT, AT(zookeeper.open) },
	{ "open_znodes", STATUS_COUNT, AT(zookeeper.open_znodes),
	  GAUGE("zookeeper_open_znodes", "Znodes that every client may change.") },
};

static const struct status_field nginx_rows[] = {
	{ "state", STATUS_NAME, AT(nginx.state), .names = { nginx_name, NGINX_STATE_N },
	  IS("nginx_up", "running", "1 while the master process runs.") },
	{ "pid", STATUS_PID, AT(nginx.pid) },
	{ "sandbox", STATUS_TEXT, AT(nginx.sandbox) },
	{ "included", STATUS_MAYBE, AT(nginx.included), .omitted = true,
	  GAUGE("nginx_included", "1 when nginx.conf includes the generated files.") },
	{ "workers", STATUS_COUNT, AT(nginx.workers),
	  GAUGE("nginx_workers", "Workers of the newest configuration.") },
	{ "old_workers", STATUS_COUNT, AT(nginx.old_workers),
	  GAUGE("nginx_old_workers",
		"Workers of older configurations that still finish their work.") },
	{ "reloads", STATUS_COUNT, AT(nginx.reloads),
	  COUNTER("nginx_reloads", "Reloads requested from the master process.") },
	{ "updates", STATUS_COUNT, AT(nginx.updates), .counts = true,
	  COUNTER("nginx_updates", "Changes of servers that needed no reload.") },
	{ "responding", STATUS_FLAG, AT(nginx.responding),
	  GAUGE("nginx_responding", "1 while the master process handles signals.") },
	{ "tests", STATUS_COUNT, AT(nginx.tests), .counts = true,
	  COUNTER("nginx_tests", "Runs of nginx -t.") },
	{ "test_error", STATUS_TEXT, AT(nginx.test_error),
	  IS("nginx_test_fails", NULL,
	     "1 when the configuration that nginx runs no longer passes nginx -t.") },
	{ "deaths", STATUS_COUNT, AT(nginx.deaths),
	  COUNTER("nginx_worker_deaths", "Workers that ended abnormally.") },
	{ "drifted", STATUS_TEXT, AT(nginx.drifted),
	  IS("nginx_drifted", NULL,
	     "1 while a live file differs from what the daemon published.") },
};

static const struct status_field probe_rows[] = {
	{ "answers", STATUS_FLAG, AT(probe.answers),
	  GAUGE("probe_answers", "1 while nginx answers its probe.") },
	{ "connections", STATUS_COUNT, AT(probe.connections), .counts = true,
	  GAUGE("probe_connections", "Open connections.") },
	{ "requests", STATUS_COUNT, AT(probe.requests), .counts = true,
	  COUNTER("probe_requests", "Requests that nginx has served.") },
	{ "errors", STATUS_COUNT, AT(probe.errors),
	  COUNTER("probe_errors", "Requests that nginx has answered with 5xx.") },
	{ "upstream_errors", STATUS_COUNT, AT(probe.upstream_errors),
	  COUNTER("probe_upstream_errors", "Requests in which an upstream server failed.") },
};

static const struct status_field fleet_rows[] = {
	{ "member", STATUS_TEXT, AT(fleet.member),
	  IS("fleet_member", "member", "1 while the host is registered in the fleet.") },
	{ "why", STATUS_TEXT, AT(fleet.why) },
	{ "role", STATUS_TEXT, AT(fleet.role),
	  IS("fleet_leader", "leading", "1 while the host is the leader.") },
	{ "leader", STATUS_TEXT, AT(fleet.leader) },
};

static const struct status_field rollout_rows[] = {
	{ "mode", STATUS_TEXT, AT(rollout.mode) },
	{ "part", STATUS_TEXT, AT(rollout.part) },
	{ "phase", STATUS_TEXT, AT(rollout.phase), FAMILY(family_phase) },
	{ COMPUTED("rollout_moving", is_moving, "1 while a revision is being rolled out.") },
	{ COMPUTED("rollout_stopped", is_stopped, "1 while a rollout is halted or reverted.") },
	{ "paused", STATUS_FLAG, AT(rollout.paused),
	  GAUGE("rollout_paused", "1 while an operator has paused the rollout.") },
	{ "step", STATUS_COUNT, AT(rollout.step), GAUGE("rollout_step", "Step of the rollout.") },
	{ "permitted", STATUS_TEXT, AT(rollout.permitted) },
	{ "why", STATUS_TEXT, AT(rollout.why) },
	{ "verdict", STATUS_TEXT, AT(rollout.verdict) },
};

static const struct status_field push_rows[] = {
	{ "by", STATUS_TEXT, AT(push.by) },
	{ "id", STATUS_TEXT, AT(push.id) },
	{ "time", STATUS_TIME, AT(push.time) },
	{ "left", STATUS_COUNT, AT(push.left),
	  GAUGE("push_left", "Znodes that an unfinished push has not written yet.") },
};

static const struct status_field trust_rows[] = {
	{ "require", STATUS_TEXT, AT(trust.require) },
	{ "state", STATUS_TEXT, AT(trust.state) },
	{ COMPUTED("trust_signed", is_signed,
		   "1 when the newest configuration has a good signature.") },
	{ "key", STATUS_TEXT, AT(trust.key) },
	{ "why", STATUS_TEXT, AT(trust.why) },
	{ "serial", STATUS_COUNT, AT(trust.serial) },
	{ "last", STATUS_COUNT, AT(trust.last),
	  GAUGE("trust_serial", "The last serial that was applied.") },
};

static const struct status_field step_rows[] = {
#define X(id, text) { text, STATUS_MS, AT(deployments.last.steps_ms[STEP_##id]) },
	STEPS(X)
#undef X
};

static const struct status_field last_rows[] = {
	{ COMPUTED("last_deployment_successful", last_succeeded,
		   "1 when nginx runs the generation that was deployed last.") },
	{ "generation", STATUS_COUNT, AT(deployments.last.generation) },
	{ "at", STATUS_TIME, AT(deployments.last.at),
	  SECONDS("last_deployment_timestamp", "When the last deployment ended.") },
	{ "total_ms", STATUS_MS, AT(deployments.last.total_ms),
	  SECONDS("last_deployment_duration", "Duration of the last deployment.") },
	{ "stages_ms", STATUS_GROUP, .inner = ROWS(step_rows), FAMILY(family_steps) },
};

static const struct status_field deployment_rows[] = {
	{ "applied", STATUS_COUNT, AT(deployments.applied), FAMILY(family_deployments) },
	{ "rejected", STATUS_COUNT, AT(deployments.rejected) },
	{ "rolled_back", STATUS_COUNT, AT(deployments.rolled_back) },
	{ "last", STATUS_GROUP, AT(deployments.last.on), .optional = true,
	  .inner = ROWS(last_rows) },
};

static const struct status_field change_rows[] = {
	{ "zxid", STATUS_SESSION, AT(change.zxid) },
	{ "newest", STATUS_SESSION, AT(change.newest) },
	{ "znode", STATUS_TEXT, AT(change.znode) },
	{ "znodes", STATUS_COUNT, AT(change.znodes) },
	{ "generation", STATUS_COUNT, AT(change.generation) },
	{ "committed", STATUS_TIME, AT(change.committed),
	  SECONDS("last_change_committed_timestamp",
		  "When the last change was committed, by ZooKeeper's clock.") },
	{ "total_ms", STATUS_MS, AT(change.total_ms),
	  SECONDS("last_change_duration",
		  "Time from the commit of the last change until nginx served it.") },
	{ "waited_ms", STATUS_MS, AT(change.waited_ms) },
	{ "clocks_differ", STATUS_FLAG, AT(change.clocks_differ),
	  GAUGE("last_change_clocks_differ",
		"1 when ZooKeeper's clock was ahead of this host's at the last change.") },
	{ "text", STATUS_TEXT, AT(change.text) },
};

/* --- the whole ------------------------------------------------------------------------------ */

#define LIST(list, number, array)                                                                  \
	AT(list), .count = offsetof(struct status, number),                                        \
		  .size = sizeof(*((struct status *)NULL)->list), .inner = ROWS(array)

static const struct status_field rows[] = {
	{ "host", STATUS_TEXT, AT(host) },
	{ "version", STATUS_TEXT, AT(version), FAMILY(family_build) },
	{ "state", STATUS_NAME, AT(state), .names = { state_name, STATUS_STATE_N },
	  .required = true, FAMILY(family_state) },
	{ "generation", STATUS_COUNT, AT(generation),
	  GAUGE("generation", "The generation that nginx runs.") },
	{ "revision", STATUS_GROUP, .inner = ROWS(revision_rows) },
	{ "updated", STATUS_TIME, AT(updated), .counts = true,
	  SECONDS("updated_timestamp", "When these numbers were taken.") },
	{ "problems", STATUS_LIST, LIST(problems, problem_count, problem_rows), .limited = true,
	  FAMILY(family_problems) },
	{ "problem_count", STATUS_COUNT, AT(problem_total) },
	{ "discovery", STATUS_LIST, LIST(discovery, discovery_count, discovery_rows) },
	{ "drains", STATUS_LIST, LIST(drains, drain_count, drain_rows), .limited = true,
	  FAMILY(family_drains) },
	{ "drain_count", STATUS_COUNT, AT(drain_total) },
	{ "overrides", STATUS_SESSION, AT(overrides) },
	{ "checks", STATUS_LIST, LIST(checks, check_count, check_rows), .limited = true },
	{ "check_count", STATUS_COUNT, AT(check_total) },
	{ "checker", STATUS_GROUP, AT(checker.on), .optional = true, .inner = ROWS(checker_rows) },
	{ "slow_starts", STATUS_LIST, LIST(slow_starts, slow_start_count, slow_start_rows) },
	{ "ramps", STATUS_LIST, LIST(ramps, ramp_count, ramp_rows), .limited = true },
	{ "ramp_count", STATUS_COUNT, AT(ramp_total),
	  GAUGE("ramping_servers", "Servers whose weight rises within slow_start.") },
	{ "upstreams", STATUS_LIST, LIST(updates, update_count, update_rows), .limited = true,
	  FAMILY(family_updates) },
	{ "zookeeper", STATUS_GROUP, .inner = ROWS(zookeeper_rows) },
	{ "nginx", STATUS_GROUP, .inner = ROWS(nginx_rows) },
	{ "probe", STATUS_GROUP, AT(probe.on), .optional = true, .inner = ROWS(probe_rows) },
	{ "fleet", STATUS_GROUP, .inner = ROWS(fleet_rows) },
	{ "rollout", STATUS_GROUP, .inner = ROWS(rollout_rows) },
	{ "push", STATUS_GROUP, AT(push.on), .optional = true, .inner = ROWS(push_rows) },
	{ "trust", STATUS_GROUP, AT(trust.on), .optional = true, .inner = ROWS(trust_rows) },
	{ "alerts", STATUS_LIST, LIST(alerts, alert_count, alert_rows), FAMILY(family_alerts) },
	{ "deployments", STATUS_GROUP, .inner = ROWS(deployment_rows) },
	{ "change", STATUS_GROUP, AT(change.on), .optional = true, .omitted = true,
	  .inner = ROWS(change_rows) },
};

const struct status_fields status_fields = ROWS(rows);
