/* See status_families.h. */
#include <string.h>

#include "openmetrics.h"
#include "status_families.h"

static void put_labelled(struct buf *out, const char *name, const char *suffix, const char *label,
			 const char *value, double number)
{
	openmetrics_sample(out, name, suffix, &(struct openmetrics_label){ label, value }, 1,
			   number);
}

void status_put_build(const struct status *s, struct buf *out)
{
	openmetrics_head(out, "build", "info", NULL, "The daemon's version.");
	put_labelled(out, "build", "_info", "version", s->version, 1);
}

void status_put_state(const struct status *s, struct buf *out)
{
	openmetrics_head(out, "state", "gauge", NULL, "1 for the state that the host is in.");
	for (unsigned i = 0; i < STATUS_STATE_N; i++)
		put_labelled(out, "state", "", "state", status_state_name((enum status_state)i),
			     (unsigned)s->state == i);
}

void status_put_problems(const struct status *s, struct buf *out)
{
	unsigned long counts[PROBLEM_KIND_N] = { 0 };

	for (size_t i = 0; i < s->problem_count; i++)
		counts[s->problems[i].problem.kind]++;
	openmetrics_head(out, "problems", "gauge", NULL, "Problems in znodes, by kind.");
	for (unsigned i = 0; i < PROBLEM_KIND_N; i++)
		put_labelled(out, "problems", "", "kind", problem_kind_name((enum problem_kind)i),
			     (double)counts[i]);
}

void status_put_drains(const struct status *s, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s->drain_count; i++)
		n += s->drains[i].servers;
	openmetrics_head(out, "drained_servers", "gauge", NULL,
			 "Servers that an operator has drained.");
	openmetrics_sample(out, "drained_servers", "", NULL, 0, (double)n);
}

void status_put_updates(const struct status *s, struct buf *out)
{
	static const char name[] = "upstreams";
	size_t live = 0;

	for (size_t i = 0; i < s->update_count; i++)
		live += strcmp(s->updates[i].way, "live") == 0;
	openmetrics_head(out, name, "gauge", NULL,
			 "Upstreams while nginx has the module, by how their servers are changed.");
	put_labelled(out, name, "", "update", "live", (double)live);
	put_labelled(out, name, "", "update", "reload", (double)(s->update_count - live));
}

void status_put_checked(const struct status *s, struct buf *out)
{
	static const char name[] = "checked_servers";

	openmetrics_head(out, name, "gauge", NULL, "Servers that are checked, by state.");
	put_labelled(out, name, "", "state", "passing", (double)s->checker.passing);
	put_labelled(out, name, "", "state", "failing", (double)s->checker.failing);
	put_labelled(out, name, "", "state", "unknown", (double)s->checker.unknown);
}

void status_put_checks(const struct status *s, struct buf *out)
{
	static const char name[] = "checks";

	openmetrics_head(out, name, "counter", NULL, "Checks of servers, by result.");
	put_labelled(out, name, "_total", "result", "good", (double)s->checker.good);
	put_labelled(out, name, "_total", "result", "bad", (double)s->checker.bad);
}

void status_put_alerts(const struct status *s, struct buf *out)
{
	openmetrics_head(out, "alert", "gauge", NULL, "1 for each alert that is raised.");
	for (size_t i = 0; i < s->alert_count; i++) {
		const struct status_alert *a = &s->alerts[i];
		const struct openmetrics_label labels[] = { { "key", a->key },
							    { "subject", a->subject },
							    { "severity", a->severity } };

		openmetrics_sample(out, "alert", "", labels, ARRAY_SIZE(labels), 1);
	}
}

void status_put_deployments(const struct status *s, struct buf *out)
{
	static const char name[] = "deployments", total[] = "_total", label[] = "outcome";

	openmetrics_head(out, name, "counter", NULL, "Deployments, by outcome.");
	put_labelled(out, name, total, label, "applied", (double)s->deployments.applied);
	put_labelled(out, name, total, label, "rejected", (double)s->deployments.rejected);
	put_labelled(out, name, total, label, "rolled_back", (double)s->deployments.rolled_back);
}

void status_put_steps(const struct status *s, struct buf *out)
{
	static const char name[] = "last_deployment_stage_duration_seconds";

	openmetrics_head(out, name, "gauge", "seconds",
			 "Duration of each step of the last deployment.");
	for (unsigned i = 0; i < STEP_N; i++)
		put_labelled(out, name, "", "stage", step_name((enum step_id)i),
			     s->deployments.last.steps_ms[i] / 1000);
}
