/*
 * This host's own verdict on a revision that it runs before others do.
 *
 * It begins when the plan names this host, and is fed by what happens anyway: the problems
 * of a run, the outcome of a deployment, nginx's health; and by two things that happen for
 * its sake: a sample every second, and the operator's gate command. The verdict goes into
 * the member znode, where the leader reads it.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <zknginx/log.h>

#include "daemon.h"

#define SAMPLE USEC_PER_SEC

static struct gate_rules rules_of(const struct daemon *d)
{
	const struct rollout_settings *s = &d->settings->rollout;

	return (struct gate_rules){
		.probe = *d->settings->nginx.probe,
		.max_errors = s->max_errors,
		.max_upstream_errors = s->max_upstream_errors,
		.min_requests = s->min_requests,
		.command = s->gate[0],
	};
}

/* False: there is no probe, or it has not answered yet. */
static bool count(const struct daemon *d, struct nginx_status *nginx, struct gate_counts *counts)
{
	deploy_nginx_status(d->deploy, nginx);
	*counts = (struct gate_counts){
		.start = nginx->probe.start,
		.requests = nginx->probe.requests,
		.errors = nginx->probe.errors,
		.upstream_errors = nginx->probe.upstream_errors,
	};
	return nginx->has_probe && nginx->probe.answers;
}

/* The verdict may have changed: say so once, and tell the leader. */
static void weigh(struct daemon *d)
{
	struct judge *j = &d->judge;
	struct gate_rules rules = rules_of(d);
	enum verdict now = gate_verdict(j->gate, &rules);

	if (now == j->told)
		return;
	j->told = now;
	if (now == VERDICT_BAD)
		log_error("revision %.12s does not pass its gate: %s%s%s", gate_revision(j->gate),
			  gate_znode(j->gate), *gate_znode(j->gate) ? ": " : "",
			  gate_message(j->gate));
	else if (now == VERDICT_GOOD)
		log_info("revision %.12s passes its gate", gate_revision(j->gate));
	report_soon(d->report);
}

/* --- the gate command ------------------------------------------------------------------------ */

static void on_command(void *daemon, const struct hook_result *r)
{
	struct daemon *d = daemon;
	struct judge *j = &d->judge;

	j->asking = false;
	j->ask_at = timing_now() + d->settings->rollout.gate_interval;
	if (!j->applied || strcmp(j->asked, gate_revision(j->gate)) != 0)
		return; /* it was about another revision */
	gate_command(j->gate, r->passed, r->message);
	weigh(d);
}

static void ask(struct daemon *d)
{
	const struct rollout_settings *s = &d->settings->rollout;
	struct judge *j = &d->judge;
	json_auto_t *input =
		json_pack("{s:s, s:s, s:I}", "host", d->host, "revision", gate_revision(j->gate),
			  "attempt", (json_int_t)gate_attempt(j->gate));
	CLEANUP(freep) char *text = json_dumps(input, JSON_SORT_KEYS);

	j->asking = true;
	snprintf(j->asked, sizeof(j->asked), "%s", gate_revision(j->gate));
	hooks_run(d->judge.hooks, &(struct hook_spec){
					  .name = "rollout.gate",
					  .argv = s->gate,
					  .input = text,
					  .input_size = strlen(text),
					  .deadline = s->gate_timeout,
					  .done = on_command,
					  .ctx = d,
				  });
}

/* --- samples --------------------------------------------------------------------------------- */

static void arm(struct judge *j, bool on)
{
	timing_at(j->timer, on ? timing_now() + SAMPLE : NEVER);
}

static void sample(struct daemon *d)
{
	struct judge *j = &d->judge;
	struct gate_rules rules = rules_of(d);
	struct nginx_status nginx;
	struct gate_counts counts;
	bool counted = count(d, &nginx, &counts);

	gate_sample(j->gate, &rules, nginx.nginx.deaths, counted ? &counts : NULL);
	if (rules.command && !j->asking && timing_now() >= j->ask_at)
		ask(d);
	weigh(d);
}

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct daemon *d = userdata;

	sample(d);
	arm(&d->judge, d->judge.applied);
	return 0;
}

/* --- what happens anyway --------------------------------------------------------------------- */

void judge_permit(struct daemon *d)
{
	struct judge *j = &d->judge;
	const struct permit *p = &d->permission.permit;
	unsigned long attempt = p->attempt;
	const char *revision = attempt ? p->revision.revision : "";

	if (strcmp(gate_revision(j->gate), revision) == 0 && gate_attempt(j->gate) == attempt)
		return;
	gate_begin(j->gate, revision, attempt, &d->problems);
	j->applied = false;
	j->told = VERDICT_WAITING;
	j->ask_at = 0;
	arm(j, false);
	if (attempt) {
		log_notice("judging revision %.12s, attempt %lu", revision, attempt);
		/* what was refused in an earlier attempt has a new chance in this one */
		quarantine_clear(d->quarantine);
		d->refusal.due = 0;
	}
	report_soon(d->report);
}

static bool is_judged(const struct daemon *d, const char *revision)
{
	const char *judged = gate_revision(d->judge.gate);

	return *judged && strcmp(judged, revision) == 0;
}

void judge_run(struct daemon *d)
{
	if (!is_judged(d, d->attempt.revision))
		return;
	gate_problems(d->judge.gate, &d->problems);
	weigh(d);
}

static void begin_sampling(struct daemon *d)
{
	struct judge *j = &d->judge;
	struct nginx_status nginx;
	struct gate_counts counts;
	bool counted;

	if (j->applied)
		return;
	j->applied = true;
	counted = count(d, &nginx, &counts);
	gate_applied(j->gate, nginx.nginx.deaths, counted ? &counts : NULL);
	sample(d);
	arm(j, true);
}

void judge_outcome(struct daemon *d, const struct outcome *o)
{
	if (!is_judged(d, d->attempt.revision))
		return;
	if (o->result == DEPLOY_APPLIED || o->result == DEPLOY_UNCHANGED) {
		if (!d->good->pending) /* else nginx runs a part of it only */
			begin_sampling(d);
	} else if (o->result == DEPLOY_NOT_INCLUDED || o->result == DEPLOY_STREAM_NOT_INCLUDED) {
		gate_refused(d->judge.gate, "", o->message);
		weigh(d);
	}
}

void judge_put_off(struct daemon *d)
{
	if (!is_judged(d, d->attempt.revision) || d->refusal.of_host)
		return;
	gate_refused(d->judge.gate, "", d->refusal.message);
	weigh(d);
}

void judge_fill(const struct daemon *d, struct member *m)
{
	struct gate_rules rules = rules_of(d);
	const struct gate *g = d->judge.gate;

	m->gate.revision = gate_revision(g);
	m->gate.attempt = gate_attempt(g);
	m->gate.verdict = gate_verdict(g, &rules);
	m->gate.znode = gate_znode(g);
	m->gate.message = gate_message(g);
}

void judge_init(struct daemon *d)
{
	struct judge *j = &d->judge;

	j->gate = gate_new(d->settings->zookeeper.config);
	j->hooks = hooks_new(d->loop);
	j->timer = timing_new(d->loop, on_timer, d);
}

void judge_fini(struct daemon *d)
{
	sd_event_source_disable_unref(TAKE(d->judge.timer));
	hooks_free(TAKE(d->judge.hooks));
	gate_free(TAKE(d->judge.gate));
}
