/* Families of the fields of a status that have labels. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/alerts.h>
#include <zknginx/err.h>
#include <zknginx/plan.h>

#include "families.h"
#include "openmetrics.h"

static void put_labelled(struct buf *out, const char *name, const char *suffix, const char *label,
			 const char *value, double number)
{
	openmetrics_sample(out, name, suffix, &(struct openmetrics_label){ label, value }, 1,
			   number);
}

/* Enough to tell revisions apart; "" while there is none. */
static char *short_revision(const char *revision)
{
	return xasprintf("%.12s", revision ? revision : "");
}

void family_build(const struct status *s, struct buf *out)
{
	openmetrics_head(out, "build", "info", NULL, "The daemon's version.");
	put_labelled(out, "build", "_info", "version", s->version, 1);
}

void family_state(const struct status *s, struct buf *out)
{
	openmetrics_head(out, "state", "gauge", NULL, "1 for the state that the host is in.");
	for (unsigned i = 0; i < STATUS_STATE_N; i++)
		put_labelled(out, "state", "", "state", status_state_name((enum status_state)i),
			     (unsigned)s->state == i);
}

void family_problems(const struct status *s, struct buf *out)
{
	unsigned long counts[PROBLEM_KIND_N] = { 0 };

	for (size_t i = 0; i < s->problem_count; i++)
		counts[s->problems[i].problem.kind]++;
	openmetrics_head(out, "problems", "gauge", NULL, "Problems in znodes, by kind.");
	for (unsigned i = 0; i < PROBLEM_KIND_N; i++)
		put_labelled(out, "problems", "", "kind", problem_kind_name((enum problem_kind)i),
			     (double)counts[i]);
}

void family_drains(const struct status *s, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s->drain_count; i++)
		n += s->drains[i].servers;
	openmetrics_head(out, "drained_servers", "gauge", NULL,
			 "Servers that an operator has drained.");
	openmetrics_sample(out, "drained_servers", "", NULL, 0, (double)n);
}

void family_checked(const struct status *s, struct buf *out)
{
	static const char name[] = "checked_servers";

	openmetrics_head(out, name, "gauge", NULL, "Servers that are checked, by state.");
	put_labelled(out, name, "", "state", "passing", (double)s->checker.passing);
	put_labelled(out, name, "", "state", "failing", (double)s->checker.failing);
	put_labelled(out, name, "", "state", "unknown", (double)s->checker.unknown);
}

void family_checks(const struct status *s, struct buf *out)
{
	static const char name[] = "checks";

	openmetrics_head(out, name, "counter", NULL, "Checks of servers, by result.");
	put_labelled(out, name, "_total", "result", "good", (double)s->checker.good);
	put_labelled(out, name, "_total", "result", "bad", (double)s->checker.bad);
}

static bool is_live(const struct status_update *u)
{
	return strcmp(u->way, "live") == 0;
}

void family_updates(const struct status *s, struct buf *out)
{
	size_t most =
		s->update_count < NUMBERS_UPSTREAMS_MOST ? s->update_count : NUMBERS_UPSTREAMS_MOST;
	size_t live = 0;

	for (size_t i = 0; i < s->update_count; i++)
		live += is_live(&s->updates[i]);
	openmetrics_head(out, "upstreams_live", "gauge", NULL,
			 "Upstreams whose servers are changed without a reload.");
	openmetrics_sample(out, "upstreams_live", "", NULL, 0, (double)live);
	openmetrics_head(out, "upstream_live", "gauge", NULL,
			 "1 when the servers of an upstream are changed without a reload.");
	for (size_t i = 0; i < most; i++)
		put_labelled(out, "upstream_live", "", "upstream", s->updates[i].upstream,
			     is_live(&s->updates[i]));
}

static void put_raised(const struct status *s, struct buf *out)
{
	size_t most = s->alert_count < NUMBERS_ALERTS_MOST ? s->alert_count : NUMBERS_ALERTS_MOST;

	openmetrics_head(out, "alert", "gauge", NULL, "1 for each alert that is raised.");
	for (size_t i = 0; i < most; i++) {
		const struct status_alert *a = &s->alerts[i];
		const struct openmetrics_label labels[] = { { "key", a->key },
							    { "subject", a->subject },
							    { "severity", a->severity } };

		openmetrics_sample(out, "alert", "", labels, ARRAY_SIZE(labels), 1);
	}
}

void family_alerts(const struct status *s, struct buf *out)
{
	put_raised(s, out);
	openmetrics_head(out, "alerts", "gauge", NULL, "Alerts that are raised, by severity.");
	for (unsigned i = 0; i < ALERT_SEVERITY_N; i++) {
		const char *severity = alert_severity_name((enum alert_severity)i);
		unsigned count = 0;

		for (size_t j = 0; j < s->alert_count; j++)
			count += strcmp(s->alerts[j].severity, severity) == 0;
		put_labelled(out, "alerts", "", "severity", severity, count);
	}
}

void family_deployments(const struct status *s, struct buf *out)
{
	static const char name[] = "deployments", total[] = "_total", label[] = "outcome";

	openmetrics_head(out, name, "counter", NULL, "Deployments, by outcome.");
	put_labelled(out, name, total, label, "applied", (double)s->deployments.applied);
	put_labelled(out, name, total, label, "rejected", (double)s->deployments.rejected);
	put_labelled(out, name, total, label, "rolled_back", (double)s->deployments.rolled_back);
}

void family_steps(const struct status *s, struct buf *out)
{
	static const char name[] = "last_deployment_stage_duration_seconds";

	openmetrics_head(out, name, "gauge", "seconds",
			 "Duration of each step of the last deployment.");
	for (unsigned i = 0; i < STEP_N; i++)
		put_labelled(out, name, "", "stage", step_name((enum step_id)i),
			     s->deployments.last.steps_ms[i] / 1000);
}

void family_phase(const struct status *s, struct buf *out)
{
	const char *phase = s->rollout.phase ? s->rollout.phase : "";

	openmetrics_head(out, "rollout_phase", "gauge", NULL,
			 "1 for the phase of the rollout's plan; all 0 while there is no plan.");
	for (unsigned i = 0; i < PLAN_PHASE_N; i++) {
		const char *name = plan_phase_name((enum plan_phase)i);

		put_labelled(out, "rollout_phase", "", "phase", name, strcmp(name, phase) == 0);
	}
}

void family_session(const struct status *s, struct buf *out)
{
	static const char *const names[] = { "connecting", "connected", "expired" };
	const char *state = s->zookeeper.state ? s->zookeeper.state : "";

	openmetrics_head(out, "zookeeper_session_state", "gauge", NULL,
			 "1 for the state of the session that mirrors the configuration.");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		put_labelled(out, "zookeeper_session_state", "", "state", names[i],
			     strcmp(names[i], state) == 0);
}

void family_revision(const struct status *s, struct buf *out)
{
	CLEANUP(freep) char *seen = short_revision(s->revision_seen);
	CLEANUP(freep) char *applied = short_revision(s->revision_applied);
	const struct openmetrics_label labels[] = { { "seen", seen }, { "applied", applied } };

	openmetrics_head(out, "revision", "info", NULL,
			 "The newest revision in ZooKeeper, and the one that nginx runs.");
	openmetrics_sample(out, "revision", "_info", labels, ARRAY_SIZE(labels), 1);
}
