/*
 * The status as OpenMetrics text. One table row a family of plain numbers; families
 * with labels have a function each. A family's lines stand together, under its HELP
 * and TYPE, as the format demands.
 */
#include <string.h>

#include <zknginx/status.h>

static void put_family(struct buf *out, const char *name, const char *type, const char *unit,
		       const char *help)
{
	buf_printf(out, "# TYPE zknginx_%s %s\n", name, type);
	if (unit)
		buf_printf(out, "# UNIT zknginx_%s %s\n", name, unit);
	buf_printf(out, "# HELP zknginx_%s %s\n", name, help);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void put_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s=\"", name);
	for (; value && *value; value++) {
		if (*value == '\n')
			buf_puts(out, "\\n");
		else if (*value == '\\' || *value == '"')
			buf_printf(out, "\\%c", *value);
		else
			buf_putc(out, *value);
	}
	buf_putc(out, '"');
}

/* zknginx_NAME{LABEL="VALUE"} NUMBER */
static void put_labelled(struct buf *out, const char *name, const char *label, const char *value,
			 double number)
{
	buf_printf(out, "zknginx_%s{", name);
	put_label(out, label, value);
	buf_printf(out, "} %.15g\n", number);
}

static void put_build(const struct status *s, struct buf *out)
{
	put_family(out, "build", "info", NULL, "The daemon's version.");
	put_labelled(out, "build_info", "version", s->version, 1);
}

static void put_state(const struct status *s, struct buf *out)
{
	put_family(out, "state", "gauge", NULL, "1 for the state that the host is in.");
	for (int i = 0; i < STATUS_STATE_N; i++)
		put_labelled(out, "state", "state", status_state_name((enum status_state)i),
			     (int)s->state == i);
}

static void put_problems(const struct status *s, struct buf *out)
{
	unsigned long counts[PROBLEM_KIND_N] = { 0 };

	for (size_t i = 0; i < s->problem_count; i++)
		counts[s->problems[i].problem.kind]++;
	put_family(out, "problems", "gauge", NULL, "Problems in znodes, by kind.");
	for (int i = 0; i < PROBLEM_KIND_N; i++)
		put_labelled(out, "problems", "kind", problem_kind_name((enum problem_kind)i),
			     (double)counts[i]);
}

static void put_deployments(const struct status *s, struct buf *out)
{
	put_family(out, "deployments", "counter", NULL, "Deployments, by how they ended.");
	put_labelled(out, "deployments_total", "outcome", "applied",
		     (double)s->deployments.applied);
	put_labelled(out, "deployments_total", "outcome", "rejected",
		     (double)s->deployments.rejected);
	put_labelled(out, "deployments_total", "outcome", "rolled_back",
		     (double)s->deployments.rolled_back);
}

static void put_stages(const struct status *s, struct buf *out)
{
	static const char name[] = "last_deployment_stage_duration_seconds";

	if (!s->deployments.last_at)
		return;
	put_family(out, name, "gauge", "seconds", "How long each stage of it took.");
	for (int i = 0; i < STEP_N; i++)
		put_labelled(out, name, "stage", step_name((enum step_id)i),
			     s->deployments.steps_ms[i] / 1000);
}

static bool is(const char *s, const char *word)
{
	return s && strcmp(s, word) == 0;
}

/* Nothing newer than what nginx runs was tried and refused. */
static bool last_succeeded(const struct status *s)
{
	return s->deployments.last_generation == s->generation && s->state != STATUS_REJECTED;
}

static bool is_current(const struct status *s)
{
	return s->revision_applied && *s->revision_applied &&
	       is(s->revision_seen, s->revision_applied);
}

struct metric {
	const char *name; /* without "zknginx_" */
	const char *type, *unit, *help;
	double value;
};

static void put_metric(struct buf *out, const struct metric *m)
{
	put_family(out, m->name, m->type, m->unit, m->help);
	buf_printf(out, "zknginx_%s%s %.15g\n", m->name, is(m->type, "counter") ? "_total" : "",
		   m->value);
}

static void put_metrics(struct buf *out, const struct metric *metrics, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_metric(out, &metrics[i]);
}

#define GAUGE(n, v, h)                                                                             \
	{                                                                                          \
		.name = n, .type = "gauge", .help = h, .value = (double)(v)                        \
	}
#define COUNTER(n, v, h)                                                                           \
	{                                                                                          \
		.name = n, .type = "counter", .help = h, .value = (double)(v)                      \
	}
#define SECONDS(n, v, h)                                                                           \
	{                                                                                          \
		.name = n "_seconds", .type = "gauge", .unit = "seconds", .help = h, .value = (v)  \
	}

static void put_config(const struct status *s, struct buf *out)
{
	const struct metric metrics[] = {
		GAUGE("generation", s->generation, "The generation that nginx runs."),
		GAUGE("revision_current", is_current(s),
		      "1 when nginx runs the newest revision that was seen."),
		SECONDS("updated_timestamp", (double)s->updated / USEC_PER_SEC,
			"When these numbers were taken."),
	};

	put_metrics(out, metrics, ARRAY_SIZE(metrics));
}

static void put_zookeeper(const struct status *s, struct buf *out)
{
	const struct metric metrics[] = {
		GAUGE("zookeeper_connected", is(s->zookeeper.state, "connected"),
		      "1 while the session is connected."),
		GAUGE("zookeeper_nodes", s->zookeeper.nodes, "Znodes that are mirrored."),
		GAUGE("zookeeper_watches", s->zookeeper.watches, "Watches that are set."),
		COUNTER("zookeeper_reconnects", s->zookeeper.reconnects,
			"Connections after the first one."),
		COUNTER("zookeeper_requests", s->zookeeper.requests, "Requests sent."),
	};

	put_metrics(out, metrics, ARRAY_SIZE(metrics));
}

static void put_nginx(const struct status *s, struct buf *out)
{
	const struct metric included[] = {
		GAUGE("nginx_included", s->nginx.includes != NGINX_INCLUDES_NOTHING,
		      "1 when nginx.conf includes the generated files."),
	};
	const struct metric metrics[] = {
		GAUGE("nginx_up", s->nginx.state == NGINX_STATE_RUNNING,
		      "1 while the master runs."),
		GAUGE("nginx_workers", s->nginx.workers, "Workers of the newest configuration."),
		GAUGE("nginx_old_workers", s->nginx.old_workers,
		      "Workers of older configurations that still finish their work."),
		COUNTER("nginx_reloads", s->nginx.reloads, "Reloads asked of the master."),
		GAUGE("nginx_responding", s->nginx.responding, "1 while the master takes signals."),
		COUNTER("nginx_tests", s->nginx.tests, "Runs of nginx -t."),
		GAUGE("nginx_test_fails", s->nginx.test_error && *s->nginx.test_error,
		      "1: what nginx runs does not pass nginx -t any more."),
		COUNTER("nginx_worker_deaths", s->nginx.deaths, "Workers that ended badly."),
		GAUGE("nginx_drifted", s->nginx.drifted && *s->nginx.drifted,
		      "1 while a live file is not as it was published."),
	};

	put_metrics(out, metrics, ARRAY_SIZE(metrics));
	/* not before the first look at nginx.conf */
	if (s->nginx.includes != NGINX_INCLUDES_UNKNOWN)
		put_metrics(out, included, ARRAY_SIZE(included));
}

static void put_probe(const struct status *s, struct buf *out)
{
	const struct metric metrics[] = {
		GAUGE("probe_answers", s->probe.answers, "1 while nginx answers its probe."),
		GAUGE("probe_connections", s->probe.connections, "Connections that are open."),
		COUNTER("probe_requests", s->probe.requests, "Requests that nginx has served."),
		COUNTER("probe_errors", s->probe.errors, "… and answered with 5xx."),
		COUNTER("probe_upstream_errors", s->probe.upstream_errors,
			"… in which an upstream server failed."),
	};

	if (s->probe.on)
		put_metrics(out, metrics, ARRAY_SIZE(metrics));
}

static void put_fleet(const struct status *s, struct buf *out)
{
	const struct metric metrics[] = {
		GAUGE("fleet_member", is(s->fleet.member, "member"),
		      "1 while the host is registered in the fleet."),
		GAUGE("fleet_leader", is(s->fleet.role, "leading"), "1 while the host leads."),
		GAUGE("rollout_moving",
		      is(s->rollout.phase, "canary") || is(s->rollout.phase, "batch"),
		      "1 while a revision is on its way."),
		GAUGE("rollout_stopped",
		      is(s->rollout.phase, "halted") || is(s->rollout.phase, "reverting") ||
			      is(s->rollout.phase, "reverted"),
		      "1 while a revision has been stopped on its way."),
		GAUGE("rollout_step", s->rollout.step, "Step of the rollout."),
	};

	put_metrics(out, metrics, ARRAY_SIZE(metrics));
}

static void put_alerts(const struct status *s, struct buf *out)
{
	put_family(out, "alert", "gauge", NULL, "1 for each alert that is raised.");
	for (size_t i = 0; i < s->alert_count; i++) {
		buf_puts(out, "zknginx_alert{");
		put_label(out, "key", s->alerts[i].key);
		buf_putc(out, ',');
		put_label(out, "subject", s->alerts[i].subject);
		buf_putc(out, ',');
		put_label(out, "severity", s->alerts[i].severity);
		buf_puts(out, "} 1\n");
	}
}

static void put_last(const struct status *s, struct buf *out)
{
	const struct metric metrics[] = {
		GAUGE("last_deployment_successful", last_succeeded(s),
		      "1 when nginx runs the last generation that was deployed."),
		SECONDS("last_deployment_timestamp", (double)s->deployments.last_at / USEC_PER_SEC,
			"When the last deployment ended."),
		SECONDS("last_deployment_duration", s->deployments.last_total_ms / 1000,
			"How long it took in all."),
	};

	if (s->deployments.last_at)
		put_metrics(out, metrics, ARRAY_SIZE(metrics));
}

void status_write_metrics(const struct status *s, struct buf *out)
{
	put_build(s, out);
	put_state(s, out);
	put_config(s, out);
	put_problems(s, out);
	put_zookeeper(s, out);
	put_nginx(s, out);
	put_probe(s, out);
	put_fleet(s, out);
	put_alerts(s, out);
	put_deployments(s, out);
	put_last(s, out);
	put_stages(s, out);
	buf_puts(out, "# EOF\n");
}
