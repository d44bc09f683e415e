/*
 * The driver: events go into core/deploy/reload's table, the command that comes out is looked up in
 * a table of functions, and each of these ends in one more event, in a timer, or in the report.
 * Everything happens from the loop; nothing is reported from within deploy_want().
 *
 * Nothing is on the stack between two turns of the loop, so a deploy may be freed in any state. A
 * whole generation is live on disk then, and the next start finds out whether nginx runs it. After
 * a call of on_event() or of the caller's operations nothing may be touched: the whole may be
 * freed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy_parts.h"
#include "sandbox.h"
#include "sys/timing.h"

/* --- the end of a deployment ---------------------------------------------------------------- */

static void log_outcome(struct deploy *d, const struct flight *f)
{
	bool again = d->logged == f->result && d->logged_condition == f->condition;

	flight_log(f, flight_level(f, again), stage_live(d->stage));
	if (f->work == FLIGHT_TEST && f->result != DEPLOY_FAILED)
		return;
	d->logged = f->result;
	d->logged_condition = f->condition;
}

/* The caller is told last, with everything of the deployment forgotten: it may begin the next one,
 * or free the whole. */
static void report_now(struct deploy *d)
{
	CLEANUP(flight_fini) struct flight f = d->pipeline.flight;
	struct outcome o;

	d->is_over = false;
	d->pipeline.flight = (struct flight){ 0 };
	d->in_flight = false;
	pipeline_end(&d->pipeline);
	if (f.is_staged)
		stage_discard(d->stage, f.generation);
	if (f.result != DEPLOY_UNCHANGED && f.work != FLIGHT_TEST)
		stage_prune(d->stage, f.previous);
	flight_explain(&f, stage_live_directory(d->stage));
	log_outcome(d, &f);
	instance_set_busy(d->instance, false);
	o = flight_outcome(&f);
	d->ops.on_done(d->ctx, &o);
}

static void report(struct deploy *d)
{
	d->is_over = true;
	if (!d->is_held)
		report_now(d);
}

/* What is for http { } goes live all the same; what is for stream { } has nowhere to go. */
static void note_missing_stream(struct deploy *d)
{
	if (instance_hostconf(d->instance)->includes != NGINX_INCLUDES_NO_STREAM)
		return;
	buf_clear(&d->pipeline.flight.message);
	d->pipeline.flight.in_force = false;
	flight_miss_include(&d->pipeline.flight, DEPLOY_STREAM_NOT_INCLUDED, d->nginx->config,
			    stage_live_directory(d->stage));
}

static void finish(struct deploy *d)
{
	d->pipeline.flight.result = DEPLOY_APPLIED;
	d->pipeline.flight.in_force = true;
	instance_record(d->instance, d->pipeline.flight.generation);
	note_missing_stream(d);
	report(d);
}

static void keep(struct deploy *d)
{
	d->pipeline.flight.result = DEPLOY_UNCHANGED;
	d->pipeline.flight.in_force = true;
	d->pipeline.flight.generation = stage_live(d->stage);
	buf_clear(&d->pipeline.flight.message);
	if (d->pipeline.flight.work != FLIGHT_LEAVE_DRIFT)
		instance_record(d->instance, d->pipeline.flight.generation);
	note_missing_stream(d);
	report(d);
}

static void defer(struct deploy *d)
{
	struct flight *f = &d->pipeline.flight;

	if (!f->message.size)
		flight_defer(f,
			     instance_is_upgrading(d->instance) ? NULL : instance_why(d->instance));
	f->result = DEPLOY_DEFERRED;
	/* nginx will run it when it starts, if it includes all of it. */
	f->in_force = instance_hostconf(d->instance)->includes != NGINX_INCLUDES_NO_STREAM;
	report(d);
}

static void end_not_included(struct deploy *d)
{
	flight_miss_include(&d->pipeline.flight, DEPLOY_NOT_INCLUDED, d->nginx->config,
			    stage_live_directory(d->stage));
	report(d);
}

static void end_unknown(struct deploy *d)
{
	struct flight *f = &d->pipeline.flight;
	bool is_loaded = *d->pipeline.confirm.answer && !d->pipeline.confirm.disagreed;

	flight_leave_unknown(f, d->pipeline.confirm.answer, timing_now() - d->pipeline.verify.sent);
	if (is_loaded)
		instance_record(d->instance, f->generation);
	else
		instance_doubt(d->instance);
	f->in_force = is_loaded;
	confirm_forget(&d->pipeline.confirm);
	report(d);
}

/* --- the table's commands ------------------------------------------------------------------- */

#define STEP(name)                                                                                 \
	static void do_##name(struct deploy *d)                                                    \
	{                                                                                          \
		pipeline_##name(&d->pipeline);                                                     \
	}

STEP(check)
STEP(publish)
STEP(signal)
STEP(verify)
STEP(settle)
STEP(revert)
STEP(recover)
#undef STEP

/* Nothing to do; an unexpected event was logged already. */
static void do_nothing(struct deploy *d UNUSED)
{
}

static void (*const commands[RELOAD_COMMAND_N])(struct deploy *d) = {
	[RELOAD_CMD_UNEXPECTED] = do_nothing, [RELOAD_CMD_NONE] = do_nothing,
	[RELOAD_CMD_CHECK] = do_check,        [RELOAD_CMD_DISCARD] = report,
	[RELOAD_CMD_PUBLISH] = do_publish,    [RELOAD_CMD_SIGNAL] = do_signal,
	[RELOAD_CMD_VERIFY] = do_verify,      [RELOAD_CMD_SETTLE] = do_settle,
	[RELOAD_CMD_FINISH] = finish,         [RELOAD_CMD_KEEP] = keep,
	[RELOAD_CMD_DEFER] = defer,           [RELOAD_CMD_NOT_INCLUDED] = end_not_included,
	[RELOAD_CMD_UNKNOWN] = end_unknown,   [RELOAD_CMD_REVERT] = do_revert,
	[RELOAD_CMD_RECOVER] = do_recover,    [RELOAD_CMD_GIVE_BACK] = report,
};

static void on_event(void *ctx, enum reload_event event)
{
	struct deploy *d = ctx;
	struct reload_step next = reload_step(d->state, event);

	if (next.command == RELOAD_CMD_UNEXPECTED)
		log_error("deploy: the event \"%s\" is not expected in the state \"%s\"",
			  reload_event_name(event), reload_state_name(d->state));
	else
		log_debug("deploy: %s, %s: %s", reload_state_name(d->state),
			  reload_event_name(event), reload_command_name(next.command));
	d->state = next.state;
	commands[next.command](d);
}

/* --- the start of a deployment -------------------------------------------------------------- */

static enum flight_work work_for(const struct deploy *d, const struct flight *f)
{
	const char *name;
	bool runs = instance_runs_live(d->instance);
	bool persists = f->work == FLIGHT_PERSIST && runs && deploy_has_loaded_live(d);

	if (!stage_live_is(d->stage, f->bundle))
		return persists ? FLIGHT_PERSIST : FLIGHT_PUBLISH;
	if (!stage_live_is_intact(d->stage, &name))
		return instance_keeps_drift(d->instance) ? FLIGHT_LEAVE_DRIFT : FLIGHT_PUBLISH;
	return runs ? FLIGHT_NOTHING : FLIGHT_SIGNAL;
}

static int on_start(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct deploy *d = userdata;
	struct flight *f = &d->pipeline.flight;

	pipeline_take_settings(&d->pipeline);
	if (f->work == FLIGHT_TEST) {
		instance_look(d->instance);
		on_event(d, RELOAD_EV_WANT);
		return 0;
	}
	instance_meet(d->instance);
	f->work = work_for(d, f);
	/* what nginx.conf includes is not known before the first test */
	if (flight_is_done(f) && hostconf_is_surely_included(instance_hostconf(d->instance)))
		on_event(d, RELOAD_EV_CURRENT);
	else
		on_event(d, RELOAD_EV_WANT);
	return 0;
}

void deploy_want(struct deploy *d, struct bundle *b, const char *revision)
{
	if (d->in_flight)
		die("deploy: two deployments at once");
	d->in_flight = true;
	instance_set_busy(d->instance, true);
	flight_begin(&d->pipeline.flight, b, revision, stage_live(d->stage));
	timing_arm(d->start, 0);
}

void deploy_test(struct deploy *d, struct bundle *b, uint64_t timeout)
{
	deploy_want(d, b, "");
	d->pipeline.flight.work = FLIGHT_TEST;
	d->pipeline.flight.timeout = timeout;
}

void deploy_persist(struct deploy *d, struct bundle *b, const char *revision)
{
	deploy_want(d, b, revision);
	d->pipeline.flight.work = FLIGHT_PERSIST;
}

const struct master *deploy_master(const struct deploy *d)
{
	return instance_signallable(d->instance);
}

bool deploy_has_loaded_live(const struct deploy *d)
{
	const char *name;

	return instance_has_loaded_live(d->instance) &&
	       hostconf_is_surely_included(instance_hostconf(d->instance)) &&
	       stage_live_is_intact(d->stage, &name);
}

void deploy_doubt(struct deploy *d)
{
	instance_doubt(d->instance);
}

bool deploy_is_in_flight(const struct deploy *d)
{
	return d->in_flight;
}

bool deploy_is_persisting(const struct deploy *d)
{
	return d->in_flight && d->pipeline.flight.work == FLIGHT_PERSIST;
}

void deploy_hold(struct deploy *d)
{
	d->is_held = d->in_flight;
}

bool deploy_release(struct deploy *d)
{
	d->is_held = false;
	if (!d->is_over)
		return false;
	report_now(d);
	return true;
}

bool deploy_is_ready(struct deploy *d, uint64_t now, uint64_t *when)
{
	*when = NEVER;
	return !d->in_flight && spacing_is_over(&d->pipeline.spacing, d->nginx->reload_gap,
						instance_master(d->instance), now, when);
}

/* --- in and out ----------------------------------------------------------------------------- */

void deploy_configure(struct deploy *d, const struct nginx_settings *nginx)
{
	d->nginx = nginx;
	instance_configure(d->instance, nginx);
	pipeline_configure(&d->pipeline, nginx, !d->in_flight);
}

/* The sandbox is not touched while it tests. */
static void meet(struct deploy *d, const struct master *m)
{
	if (!m || m->pid != d->met.pid || m->start_time != d->met.start_time)
		sandbox_meet(d->pipeline.sandbox, m ? m->pid : 0);
	d->met = m ? *m : (struct master){ 0 };
}

void deploy_render_options(struct deploy *d, struct render_options *out)
{
	const struct master *m = instance_master(d->instance);

	out->probe = d->nginx->probe;
	if (!d->in_flight)
		meet(d, m);
	sandbox_render_options(d->pipeline.sandbox, out);
	out->probe_lacks_status |= instance_disk_lacks_status(d->instance);
}

void deploy_know_warnings(struct deploy *d, const char *warnings)
{
	free(d->pipeline.known_warnings);
	d->pipeline.known_warnings = xstrdup(warnings);
}

void deploy_look_soon(struct deploy *d)
{
	instance_look_soon(d->instance);
}

int deploy_new(sd_event *loop, const struct nginx_settings *nginx, struct stage *stage,
	       const struct deploy_ops *ops, void *ctx, struct deploy **out, struct err *e)
{
	const struct instance_ops instance_ops = { ops->on_change, ops->on_status };
	struct deploy *d = xcalloc(1, sizeof(*d));

	d->nginx = nginx;
	d->stage = stage;
	d->ops = *ops;
	d->ctx = ctx;
	d->instance = instance_new(loop, nginx, stage, &instance_ops, ctx);
	if (pipeline_init(&d->pipeline, loop, nginx, stage, d->instance, on_event, d, e) < 0) {
		instance_free(d->instance);
		free(d);
		return -1;
	}
	d->start = timing_new(loop, on_start, d);
	*out = d;
	return 0;
}

void deploy_free(struct deploy *d)
{
	if (!d)
		return;
	pipeline_fini(&d->pipeline);
	instance_free(d->instance);
	sd_event_source_disable_unref(d->start);
	free(d);
}
