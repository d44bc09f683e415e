/*
 * The end of a deployment: what it came to is recorded, logged in one line, and told to the
 * caller, in this order. The caller is told last, with everything of the deployment already
 * forgotten, so that it may begin the next one or free the whole.
 */
#include <stdlib.h>
#include <string.h>

#include "deploy_parts.h"

const char *deploy_result_name(enum deploy_result r)
{
	static const char *const names[] = {
#define X(name, text) [DEPLOY_##name] = text,
		DEPLOY_RESULTS(X)
#undef X
	};
	return names[r];
}

static enum log_level log_level_of(enum deploy_result r)
{
	static const enum log_level levels[DEPLOY_RESULT_N] = {
		[DEPLOY_UNCHANGED] = LOG_LEVEL_DEBUG,  [DEPLOY_APPLIED] = LOG_LEVEL_INFO,
		[DEPLOY_DEFERRED] = LOG_LEVEL_NOTICE,  [DEPLOY_NOT_INCLUDED] = LOG_LEVEL_WARNING,
		[DEPLOY_PROVED] = LOG_LEVEL_DEBUG,     [DEPLOY_REFUSED] = LOG_LEVEL_INFO,
		[DEPLOY_REJECTED] = LOG_LEVEL_WARNING, [DEPLOY_DIED] = LOG_LEVEL_ERROR,
		[DEPLOY_UNKNOWN] = LOG_LEVEL_ERROR,    [DEPLOY_FAILED] = LOG_LEVEL_ERROR,
	};
	return levels[r];
}

static void put_one_line(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text != '\n')
			buf_putc(out, *text);
		else if (text[1])
			buf_puts(out, "; ");
	}
}

static void log_flight(const struct flight *f)
{
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	const char *comma = "";

	if (!log_enabled(log_level_of(f->result)) ||
	    (f->test_only && !log_enabled(LOG_LEVEL_DEBUG)))
		return;
	buf_printf(&line, "generation %lu: %s in %.1f ms (", f->generation,
		   deploy_result_name(f->result), f->total_ms);
	for (int i = 0; i < STEP_N; i++) {
		if (f->steps_ms[i] <= 0)
			continue;
		buf_printf(&line, "%s%s %.1f", comma, step_name((enum step_id)i),
			   f->steps_ms[i]);
		comma = ", ";
	}
	buf_putc(&line, ')');
	if (f->message.size)
		buf_puts(&line, ": ");
	put_one_line(&line, buf_str(&f->message));
	log_write(log_level_of(f->result), "%s", buf_str(&line));
}

void flight_fini(struct flight *f)
{
	bundle_unref(f->bundle);
	free(f->revision);
	buf_fini(&f->message);
	buf_fini(&f->warnings);
	free(f->warning);
	*f = (struct flight){ 0 };
}

static void explain(const struct deploy *d, struct flight *f)
{
	struct buf text = BUF_INIT;

	bundle_explain(f->bundle, stage_live_directory(d->stage), buf_str(&f->message), &text);
	buf_fini(&f->message);
	f->message = text;
}

/* The end of every deployment. */
void deploy_report(struct deploy *d)
{
	CLEANUP(flight_fini) struct flight f = d->flight;
	struct outcome o = {
		.result = f.result,
		.generation = f.generation,
		.timed_out = f.timed_out,
		.tested = f.tested,
		.passed = f.passed,
		.warning = f.warning,
		.total_ms = f.total_ms,
	};

	d->flight = (struct flight){ 0 };
	d->in_flight = false;
	errorlog_close(&d->verify.log);
	if (f.staged)
		stage_discard(d->stage, f.generation);
	if (f.result != DEPLOY_UNCHANGED && !f.test_only)
		stage_prune(d->stage, f.previous);
	explain(d, &f);
	o.message = buf_str(&f.message);
	o.warnings = buf_str(&f.warnings);
	memcpy(o.steps_ms, f.steps_ms, sizeof(o.steps_ms));
	log_flight(&f);
	deploy_watch_on(d);
	d->ops.on_done(d->ctx, &o);
}

/* What is for http{} goes live all the same; what is for stream{} has nowhere to go. */
static void tell_missing_stream(struct deploy *d)
{
	if (!d->stream_missing)
		return;
	buf_clear(&d->flight.message);
	deploy_result(d, DEPLOY_NOT_INCLUDED,
		      "nginx does not read our stream.conf: put the line \"include "
		      "%s/stream.conf;\" into a stream { } block of %s, beside http { }",
		      stage_live_directory(d->stage), d->nginx->config);
}

void deploy_finish(struct deploy *d)
{
	d->flight.result = DEPLOY_APPLIED;
	deploy_note_applied(d, d->flight.generation);
	tell_missing_stream(d);
	deploy_report(d);
}

void deploy_keep(struct deploy *d)
{
	d->flight.result = DEPLOY_UNCHANGED;
	d->flight.generation = stage_live(d->stage);
	buf_clear(&d->flight.message);
	if (!d->flight.held)
		deploy_note_applied(d, d->flight.generation);
	tell_missing_stream(d);
	deploy_report(d);
}

void deploy_defer(struct deploy *d)
{
	if (!d->flight.message.size && d->has_master && d->master.upgrading)
		deploy_result(
			d, DEPLOY_DEFERRED,
			"nginx is being upgraded (there are two masters); it is not signalled");
	else if (!d->flight.message.size)
		deploy_result(d, DEPLOY_DEFERRED, "nginx is not running: %s", d->why);
	d->flight.result = DEPLOY_DEFERRED;
	deploy_report(d);
}

void deploy_strand(struct deploy *d)
{
	deploy_result(
		d, DEPLOY_NOT_INCLUDED,
		"nginx does not read our http.conf: put the line \"include %s/http.conf;\" into "
		"the http { } block of %s",
		stage_live_directory(d->stage), d->nginx->config);
	deploy_report(d);
}

/* The kernel says that the reload was taken, and nginx itself does not confirm it. */
static void doubt(struct deploy *d)
{
	deploy_result(
		d, DEPLOY_UNKNOWN,
		"nginx took the reload, but %s (%.1f seconds after it); generation %lu stays live",
		d->verify.said, (double)(timing_now() - d->verify.sent) / (double)USEC_PER_SEC,
		d->flight.generation);
	if (d->verify.disagreed) {
		d->unsettled = true;
		stage_doubt_applied(d->stage);
	} else {
		deploy_note_applied(d, d->flight.generation);
	}
	deploy_probe_forget(d);
	deploy_report(d);
}

void deploy_unknown(struct deploy *d)
{
	if (*d->verify.said) {
		doubt(d);
		return;
	}
	d->unsettled = true;
	stage_doubt_applied(d->stage);
	deploy_result(d, DEPLOY_UNKNOWN,
		      "nginx got SIGHUP but has not come to an end with it in %.1f seconds; "
		      "generation %lu stays live",
		      (double)(timing_now() - d->verify.sent) / (double)USEC_PER_SEC,
		      d->flight.generation);
	deploy_report(d);
}
