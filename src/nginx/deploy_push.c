/*
 * From a bundle in memory to a signalled master: stage, nginx -t, publish, SIGHUP.
 *
 * Files are made durable while nginx -t runs. The link is changed only while the master
 * is idle: one that is in the middle of a reload (somebody else's) could read http.conf
 * of one generation and stream.conf of the next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/warnings.h>

#include "deploy_parts.h"

#define IDLE_POLL (2 * USEC_PER_MSEC)

static void on_tested(void *ctx, const struct sandbox_result *r);

static void fail(struct deploy *d, const struct err *e)
{
	deploy_result(d, DEPLOY_FAILED, "%s", e->text);
	deploy_step(d, RELOAD_EV_PUBLISH_FAILED);
}

void deploy_check(struct deploy *d)
{
	CLEANUP(freep) char *directory = NULL;
	struct flight *f = &d->flight;
	struct err e;

	if (!f->relive && stage_write(d->stage, f->bundle, f->revision, &f->generation, &e) < 0) {
		fail(d, &e);
		return;
	}
	f->staged = !f->relive;
	deploy_took(d, STEP_STAGE);
	directory = stage_generation_directory(d->stage, f->generation);
	d->tests++;
	sandbox_limit(d->sandbox, f->timeout);
	if (!f->test_only)
		conffiles_begin(d->conffiles);
	if (sandbox_test(d->sandbox, d->loop, directory, d->has_master ? d->master.pid : 0,
			 on_tested, d, &e) < 0) {
		fail(d, &e);
		return;
	}
	if (f->staged && !f->test_only && stage_sync(d->stage, f->generation, &e) < 0) {
		sandbox_cancel(d->sandbox);
		fail(d, &e);
	}
}

/* nginx takes it, but would serve something else than the configuration says. */
static bool is_warned_off(struct deploy *d)
{
	struct flight *f = &d->flight;
	const char *line;
	size_t size;

	line = warnings_new(buf_str(&f->warnings), d->known_warnings ?: "", &size);
	if (!line || f->test_only || f->relive)
		return false;
	f->warning = strndup(line, size);
	deploy_result(d, DEPLOY_REFUSED, "nginx: [warn] %s\n", f->warning);
	return true;
}

static enum reload_event passed(struct deploy *d)
{
	if (d->flight.test_only) {
		d->flight.result = DEPLOY_PROVED;
		return RELOAD_EV_PROVED;
	}
	if (is_warned_off(d))
		return RELOAD_EV_CHECK_FAILED;
	return d->flight.current && d->included ? RELOAD_EV_CURRENT : RELOAD_EV_CHECK_OK;
}

static enum reload_event refused(struct deploy *d, const struct sandbox_result *r)
{
	struct flight *f = &d->flight;

	f->timed_out = r->timed_out;
	if (r->failed)
		deploy_result(d, DEPLOY_FAILED, "nginx -t could not be run: %s", r->text);
	else
		deploy_result(d, DEPLOY_REFUSED, "%s", r->text);
	if (!f->current)
		return RELOAD_EV_CHECK_FAILED;
	/* nginx runs these very bytes; it is the host's own configuration that is broken */
	log_warning("nginx runs generation %lu, but could not load it again now: %s", f->generation,
		    r->text);
	return RELOAD_EV_CURRENT;
}

/* Which of our files does nginx.conf include? */
static void learn_includes(struct deploy *d, const struct sandbox_result *r)
{
	const struct bundle_text *stream = &d->flight.bundle->files[BUNDLE_STREAM];
	bool had_lost = d->lost, was_included = d->included;

	d->included = r->http_included;
	d->stream_missing = !r->stream_included && !bundle_text_is_empty(stream);
	d->included_known = true;
	d->lost = !d->included || d->stream_missing;
	if (was_included && !d->included)
		deploy_doubt(d);
	if (!had_lost || d->lost)
		return;
	deploy_trust(d);
	if (d->flight.relive && !d->flight.held)
		d->flight.current = deploy_runs_live(d);
}

static void on_tested(void *ctx, const struct sandbox_result *r)
{
	struct deploy *d = ctx;

	d->flight.tested = true;
	d->flight.passed = r->passed;
	if (r->passed)
		d->last_check = timing_now() - d->flight.mark;
	deploy_took(d, STEP_CHECK);
	if (r->passed)
		warnings_read(r->text, stage_live_directory(d->stage), &d->flight.warnings);
	if (!d->flight.test_only)
		conffiles_tested(d->conffiles, r->passed ? r->files : NULL,
				 stage_live_directory(d->stage));
	if (r->passed && !d->flight.test_only) {
		learn_includes(d, r);
		deploy_host_learn(d, r);
	}
	deploy_step(d, r->passed ? passed(d) : refused(d, r));
}

static void publish_now(struct deploy *d)
{
	struct flight *f = &d->flight;
	struct err e;

	if (!f->relive && stage_switch(d->stage, f->generation, &e) < 0) {
		fail(d, &e);
		return;
	}
	f->staged = false;
	deploy_took(d, STEP_PUBLISH);
	deploy_step(d, RELOAD_EV_PUBLISHED);
}

/*
 * Nothing is going on that could read half of the change, or that could be taken for ours: the
 * master is idle; or, where somebody else keeps it busy, it has just started the workers of a
 * reload. It is done with reading then, and sleeps for 100 ms before it tells the old ones to go
 * (ngx_master_process_cycle() in nginx/src/os/unix/ngx_process_cycle.c).
 */
static bool is_quiet(struct deploy *d)
{
	struct workers *seen = &d->verify.before, now;
	enum master_activity activity;
	bool fresh = false;

	if (!d->included || !deploy_may_signal(d))
		return true;
	activity = master_activity(&d->master);
	if (activity == MASTER_GONE)
		return true;
	master_workers(&d->master, &now);
	for (size_t i = 0; d->has_seen && i < now.serving_count; i++)
		fresh = fresh || !workers_have(seen, now.serving[i]);
	d->has_seen = !now.starting;
	*seen = now;
	return !now.starting && (activity == MASTER_IDLE || fresh);
}

static void wait_for_quiet(struct deploy *d)
{
	if (is_quiet(d)) {
		publish_now(d);
		return;
	}
	if (timing_now() < d->wait_until) {
		deploy_later(d, IDLE_POLL, wait_for_quiet);
		return;
	}
	deploy_result(d, DEPLOY_FAILED,
		      "nginx's master (process %d) has been busy for %.0f s; nothing was "
		      "changed",
		      (int)d->master.pid, (double)d->nginx->reload_timeout / (double)USEC_PER_SEC);
	deploy_step(d, RELOAD_EV_TIMED_OUT);
}

void deploy_publish(struct deploy *d)
{
	d->wait_until = timing_now() + d->nginx->reload_timeout;
	d->has_seen = false;
	wait_for_quiet(d);
}

/* Sends SIGHUP, or says in an event why not. */
static enum reload_event hang_up(struct deploy *d)
{
	struct err e;

	if (!d->included)
		return RELOAD_EV_NOT_INCLUDED;
	deploy_refresh(d);
	if (!deploy_may_signal(d))
		return RELOAD_EV_MASTER_ABSENT;
	if (deploy_hangup(d, &e) < 0) {
		deploy_result(d, DEPLOY_DEFERRED, "%s", e.text);
		return RELOAD_EV_MASTER_ABSENT;
	}
	return RELOAD_EV_SIGNALLED;
}

/* The disk has its turn while nginx reads. */
void deploy_signal(struct deploy *d)
{
	enum reload_event event = hang_up(d);
	struct err e;

	deploy_took(d, STEP_SIGNAL);
	if (!d->flight.relive && stage_settle(d->stage, &e) < 0)
		log_error("generation %lu is live, but may not be after a crash of the host: %s",
			  d->flight.generation, e.text);
	deploy_step(d, event);
}
