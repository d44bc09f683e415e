/* The whole report of a host for people. Counters of the daemon's inner life are left to --json. */
#include <stdarg.h>
#include <string.h>

#include "ctl/console/age.h"
#include "fleet_text.h"

struct page {
	const struct status *r;
	const struct screen *screen;
	uint64_t now;
};

/* "name       text" */
static void line(const struct page *p, enum color c, const char *name, const char *fmt, ...)
	PRINTF(4, 5);
static void line(const struct page *p, enum color c, const char *name, const char *fmt, ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	fprintf(p->screen->out, "%-12s ", name);
	screen_print(p->screen, c, "%s", text);
	fputc('\n', p->screen->out);
}

static const char *or_none(const char *s)
{
	return s && *s ? s : "none";
}

static void print_nginx(const struct page *p)
{
	const struct status *r = p->r;
	bool runs = r->nginx.state == NGINX_STATE_RUNNING;

	if (runs)
		line(p, r->nginx.responding ? COLOR_GOOD : COLOR_BAD, "nginx",
		     "running, pid %ld, %lu worker%s, %lu old%s", r->nginx.pid, r->nginx.workers,
		     PLURAL(r->nginx.workers), r->nginx.old_workers,
		     r->nginx.responding ? "" : ", does not handle signals");
	else
		line(p, COLOR_BAD, "nginx", "%s", nginx_state_name(r->nginx.state));
	line(p, COLOR_NONE, "", "%lu reload%s, %lu test%s (%s), %lu worker death%s",
	     r->nginx.reloads, PLURAL(r->nginx.reloads), r->nginx.tests, PLURAL(r->nginx.tests),
	     or_none(r->nginx.sandbox), r->nginx.deaths, PLURAL(r->nginx.deaths));
	if (r->nginx.included == STATUS_NO)
		line(p, COLOR_BAD, "", "nginx.conf does not include the generated files");
	if (*r->nginx.test_error)
		line(p, COLOR_BAD, "nginx -t", "%s", r->nginx.test_error);
	if (*r->nginx.drifted)
		line(p, COLOR_WARNING, "drift", "%s was changed by another program",
		     r->nginx.drifted);
}

static void print_probe(const struct page *p)
{
	const struct status *r = p->r;

	if (r->probe.on)
		line(p, r->probe.answers ? COLOR_GOOD : COLOR_BAD, "probe",
		     "%s, %lu requests, %lu errors, %lu of upstreams, %lu connections",
		     r->probe.answers ? "answers" : "does not answer", r->probe.requests,
		     r->probe.errors, r->probe.upstream_errors, r->probe.connections);
}

static void print_fleet(const struct page *p)
{
	const struct status *r = p->r;
	char age[AGE_SIZE];

	line(p, strcmp(r->zookeeper.state, "connected") == 0 ? COLOR_GOOD : COLOR_BAD, "zookeeper",
	     "%s to %s since %s, session 0x%llx, %lu znodes", or_none(r->zookeeper.state),
	     or_none(r->zookeeper.server), age_print(p->now, r->zookeeper.since, age),
	     (unsigned long long)r->zookeeper.session, r->zookeeper.nodes);
	line(p, COLOR_NONE, "fleet", "%s%s%s, %s, leader %s", or_none(r->fleet.member),
	     *r->fleet.why ? ": " : "", r->fleet.why, or_none(r->fleet.role),
	     or_none(r->fleet.leader));
}

static void print_rollout(const struct page *p)
{
	const struct status *r = p->r;

	line(p, COLOR_NONE, "rollout", "mode %s, %s, phase %s, step %lu%s",
	     or_none(r->rollout.mode), or_none(r->rollout.part), or_none(r->rollout.phase),
	     r->rollout.step, r->rollout.paused ? ", paused" : "");
	line(p, COLOR_NONE, "", "may run %s (%s)",
	     *r->rollout.permitted ? r->rollout.permitted : "the newest", or_none(r->rollout.why));
	if (*r->rollout.verdict)
		line(p, COLOR_NONE, "", "verdict %s", r->rollout.verdict);
}

static void print_deployments(const struct page *p)
{
	const struct status_deployments *d = &p->r->deployments;
	char age[AGE_SIZE];

	line(p, COLOR_NONE, "deployments", "%lu applied, %lu rejected, %lu rolled back", d->applied,
	     d->rejected, d->rolled_back);
	if (d->last.on)
		line(p, COLOR_NONE, "", "the last: generation %lu, %s ago, %.0f ms",
		     d->last.generation, age_print(p->now, d->last.at, age), d->last.total_ms);
	if (p->r->change.on)
		line(p, COLOR_NONE, "", "%s: %s", p->r->change.znode, p->r->change.text);
}

static void print_discovery(const struct page *p)
{
	for (size_t i = 0; i < p->r->discovery_count; i++) {
		const struct status_discovery *d = &p->r->discovery[i];

		line(p, COLOR_NONE, i ? "" : "discovery", "%s: %zu server%s at %s (%s)",
		     d->upstream, d->servers, PLURAL(d->servers), d->path,
		     *d->format ? d->format : "no registration yet");
	}
}

static void print_drains(const struct page *p)
{
	const struct status *r = p->r;

	for (size_t i = 0; i < r->drain_count; i++)
		line(p, COLOR_WARNING, i ? "" : "drained", "%s %s%s", r->drains[i].upstream,
		     r->drains[i].server,
		     r->drains[i].servers ? "" : " (the upstream does not have it)");
	if (r->push.on)
		line(p, COLOR_WARNING, "push", "unfinished, by %s, %lu znode%s left",
		     or_none(r->push.by), r->push.left, PLURAL(r->push.left));
}

static void print_problems(const struct page *p)
{
	const struct status *r = p->r;
	char age[AGE_SIZE];

	if (r->problem_total)
		fprintf(p->screen->out, "\nProblems (%zu)\n", r->problem_total);
	for (size_t i = 0; i < r->problem_count; i++) {
		const struct status_problem *s = &r->problems[i];
		CLEANUP(buf_fini) struct buf text = BUF_INIT;

		problem_print(&s->problem, &text);
		screen_lines(p->screen, COLOR_STRONG, 2, "%s", s->problem.znode);
		screen_lines(p->screen, COLOR_WARNING, 4, "%s", buf_str(&text));
		screen_lines(p->screen, COLOR_NONE, 4, "since %s; %s",
			     age_print(p->now, s->since, age),
			     s->problem.serving == SERVING_PREVIOUS ? "its last good form is served"
								    : "nothing of it is served");
	}
	if (r->problem_total > r->problem_count)
		screen_lines(p->screen, COLOR_WARNING, 2,
			     "… and %zu more; the report has no room for them",
			     r->problem_total - r->problem_count);
}

static void print_alerts(const struct page *p)
{
	const struct status *r = p->r;
	char age[AGE_SIZE];

	if (r->alert_count)
		fprintf(p->screen->out, "\nAlerts (%zu)\n", r->alert_count);
	for (size_t i = 0; i < r->alert_count; i++) {
		const struct status_alert *a = &r->alerts[i];

		screen_lines(p->screen, COLOR_WARNING, 2, "%s %s%s%s, since %s", a->severity,
			     a->key, *a->subject ? " " : "", a->subject,
			     age_print(p->now, a->since, age));
		screen_lines(p->screen, COLOR_NONE, 4, "%s", a->message);
	}
}

void report_print(const struct status *r, const struct screen *screen, uint64_t now)
{
	const struct page p = { r, screen, now };
	const char *state = status_state_name(r->state);
	char age[AGE_SIZE];

	line(&p, COLOR_STRONG, "host", "%s, zknginxd %s", or_none(r->host), or_none(r->version));
	line(&p, state_color(state), "state", "%s", state);
	line(&p, COLOR_NONE, "revision", "%s, generation %lu", or_none(r->revision_applied),
	     r->generation);
	if (strcmp(r->revision_seen, r->revision_applied) != 0)
		line(&p, COLOR_WARNING, "", "%s is the newest that it knows",
		     or_none(r->revision_seen));
	line(&p, COLOR_NONE, "reported", "%s ago", age_print(now, r->updated, age));
	print_nginx(&p);
	print_probe(&p);
	print_fleet(&p);
	print_rollout(&p);
	print_deployments(&p);
	print_discovery(&p);
	print_drains(&p);
	print_problems(&p);
	print_alerts(&p);
}
