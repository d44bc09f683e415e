/* The trial of a revision: samples, the gate command, and the verdict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <zknginx/log.h>

#include "core/rollout/gate.h"
#include "host/hook.h"
#include "sys/timing.h"
#include "trial.h"

#define SAMPLE USEC_PER_SEC

struct trial {
	const struct settings *settings;
	const char *host;
	const struct trial_ops *ops;
	void *ctx;
	struct gate *gate;
	struct hooks *hooks; /* a queue of its own: a gate command may take long */
	enum verdict logged;
	bool applied;                /* nginx runs the revision */
	bool asking;                 /* the gate command runs … */
	char asked[DIGEST_HEX_SIZE]; /* … for this revision */
	uint64_t ask_at;
	sd_event_source *timer;
};

static struct gate_rules rules_of(const struct trial *t)
{
	const struct rollout_settings *s = &t->settings->rollout;

	return (struct gate_rules){
		.probe = *t->settings->nginx.probe,
		.max_errors = s->max_errors,
		.max_upstream_errors = s->max_upstream_errors,
		.min_requests = s->min_requests,
		.command = s->gate[0],
	};
}

/* False: there is no probe, or it has not answered yet. */
static bool count(const struct trial *t, struct nginx_status *nginx, struct gate_counts *counts)
{
	t->ops->nginx(t->ctx, nginx);
	*counts = (struct gate_counts){
		.start = nginx->probe.start,
		.requests = nginx->probe.requests,
		.errors = nginx->probe.errors,
		.upstream_errors = nginx->probe.upstream_errors,
	};
	return nginx->has_probe && nginx->probe.answers;
}

/* The verdict may have changed: log it once, and publish it for the leader. */
static void update_verdict(struct trial *t)
{
	struct gate_rules rules = rules_of(t);
	enum verdict now = gate_verdict(t->gate, &rules);

	if (now == t->logged)
		return;
	t->logged = now;
	if (now == VERDICT_BAD)
		log_error("revision %.12s failed its trial on this host: %s%s%s",
			  gate_revision(t->gate), gate_znode(t->gate),
			  *gate_znode(t->gate) ? ": " : "", gate_message(t->gate));
	else if (now == VERDICT_GOOD)
		log_info("revision %.12s is good on this host", gate_revision(t->gate));
	t->ops->on_change(t->ctx);
}

/* --- the gate command ------------------------------------------------------------------------ */

static void on_command(void *trial, const struct hook_result *r)
{
	struct trial *t = trial;

	t->asking = false;
	t->ask_at = timing_now() + t->settings->rollout.gate_interval;
	if (!t->applied || strcmp(t->asked, gate_revision(t->gate)) != 0)
		return; /* the answer is about another revision */
	gate_command(t->gate, r->passed, r->message);
	update_verdict(t);
}

static void run_command(struct trial *t)
{
	const struct rollout_settings *s = &t->settings->rollout;
	json_auto_t *input =
		json_pack("{s:s, s:s, s:I}", "host", t->host, "revision", gate_revision(t->gate),
			  "attempt", (json_int_t)gate_attempt(t->gate));
	CLEANUP(freep) char *text = json_dumps(input, JSON_SORT_KEYS);

	t->asking = true;
	snprintf(t->asked, sizeof(t->asked), "%s", gate_revision(t->gate));
	hooks_run(t->hooks, &(struct hook_spec){
				    .name = "rollout.gate",
				    .argv = s->gate,
				    .input = text,
				    .input_size = strlen(text),
				    .deadline = s->gate_timeout,
				    .done = on_command,
				    .ctx = t,
			    });
}

/* --- samples --------------------------------------------------------------------------------- */

static void sample(struct trial *t)
{
	struct gate_rules rules = rules_of(t);
	struct nginx_status nginx;
	struct gate_counts counts;
	bool counted = count(t, &nginx, &counts);

	gate_sample(t->gate, &rules, nginx.nginx.deaths, counted ? &counts : NULL);
	if (rules.command && !t->asking && timing_now() >= t->ask_at)
		run_command(t);
	update_verdict(t);
}

static void set_timer(struct trial *t)
{
	timing_at(t->timer, t->applied ? timing_now() + SAMPLE : NEVER);
}

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct trial *t = userdata;

	sample(t);
	set_timer(t);
	return 0;
}

static void begin_sampling(struct trial *t)
{
	struct nginx_status nginx;
	struct gate_counts counts;
	bool counted;

	if (t->applied)
		return;
	t->applied = true;
	counted = count(t, &nginx, &counts);
	gate_applied(t->gate, nginx.nginx.deaths, counted ? &counts : NULL);
	sample(t);
	set_timer(t);
}

/* --- what happens to a revision -------------------------------------------------------------- */

void trial_permit(struct trial *t, const struct permit *p, const struct problems *known)
{
	unsigned long attempt = p->attempt;
	const char *revision = attempt ? p->revision.revision : "";

	if (strcmp(gate_revision(t->gate), revision) == 0 && gate_attempt(t->gate) == attempt)
		return;
	gate_begin(t->gate, revision, attempt, known);
	t->applied = false;
	t->logged = VERDICT_WAITING;
	t->ask_at = 0;
	set_timer(t);
	if (attempt) {
		log_notice("revision %.12s is on trial on this host (attempt %lu)", revision,
			   attempt);
		t->ops->on_begin(t->ctx);
	}
	t->ops->on_change(t->ctx);
}

static bool is_on_trial(const struct trial *t, const char *revision)
{
	const char *mine = gate_revision(t->gate);

	return *mine && strcmp(mine, revision) == 0;
}

void trial_problems(struct trial *t, const char *revision, const struct problems *problems)
{
	if (!is_on_trial(t, revision))
		return;
	gate_problems(t->gate, problems);
	update_verdict(t);
}

void trial_outcome(struct trial *t, const char *revision, const struct outcome *o, bool pending)
{
	if (!is_on_trial(t, revision))
		return;
	if (o->result == DEPLOY_APPLIED || o->result == DEPLOY_UNCHANGED) {
		if (!pending)
			begin_sampling(t);
	} else if (o->result == DEPLOY_NOT_INCLUDED || o->result == DEPLOY_STREAM_NOT_INCLUDED) {
		gate_refused(t->gate, "", o->message);
		update_verdict(t);
	}
}

void trial_refused(struct trial *t, const char *revision, const char *message)
{
	if (!is_on_trial(t, revision))
		return;
	gate_refused(t->gate, "", message);
	update_verdict(t);
}

void trial_fill(const struct trial *t, struct member *m)
{
	struct gate_rules rules = rules_of(t);

	m->gate.revision = gate_revision(t->gate);
	m->gate.attempt = gate_attempt(t->gate);
	m->gate.verdict = gate_verdict(t->gate, &rules);
	m->gate.znode = gate_znode(t->gate);
	m->gate.message = gate_message(t->gate);
}

/* --- lifetime -------------------------------------------------------------------------------- */

struct trial *trial_new(const struct trial_spec *spec, const struct trial_ops *ops, void *ctx)
{
	struct trial *t = xcalloc(1, sizeof(*t));

	*t = (struct trial){
		.settings = spec->settings,
		.host = spec->host,
		.ops = ops,
		.ctx = ctx,
		.gate = gate_new(spec->settings->zookeeper.config),
		.hooks = hooks_new(spec->loop),
		.timer = timing_new(spec->loop, on_timer, t),
	};
	return t;
}

void trial_free(struct trial *t)
{
	if (!t)
		return;
	sd_event_source_disable_unref(t->timer);
	hooks_free(t->hooks);
	gate_free(t->gate);
	free(t);
}

void trial_use_settings(struct trial *t, const struct settings *settings)
{
	t->settings = settings;
}
