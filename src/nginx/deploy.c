/*
 * The driver: events go into core/deploy/reload's table, the command that comes out is looked up
 * in a table of functions, and each of these ends in one more event, in a timer, or in the
 * report. Everything happens from the loop; nothing is reported from within deploy_want().
 *
 * Nothing is on the stack between two turns of the loop, so a deploy may be freed in any
 * state. What is live on disk is then a whole generation, and the next start finds out
 * whether nginx runs it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy_parts.h"

#define CROWD_FACTOR 8   /* old workers a serving one */
#define CHILDREN_MAX 500 /* nginx gives up at 1024, and then serves nobody */
#define CROWD_PAUSE USEC_PER_SEC

void deploy_took(struct deploy *d, enum step_id stage)
{
	uint64_t now = timing_now();

	d->flight.steps_ms[stage] += (double)(now - d->flight.mark) / (double)USEC_PER_MSEC;
	d->flight.mark = now;
	d->flight.total_ms = (double)(now - d->flight.began) / (double)USEC_PER_MSEC;
}

void deploy_result(struct deploy *d, enum deploy_result result, const char *fmt, ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list args;

	d->flight.result = result;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		die("out of memory");
	va_end(args);
	buf_puts(&d->flight.message, text);
}

static int on_timer(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct deploy *d = userdata;

	d->on_timer(d);
	return 0;
}

void deploy_later(struct deploy *d, uint64_t delay, void (*fn)(struct deploy *d))
{
	d->on_timer = fn;
	if (!d->timer) {
		d->timer = timing_new(d->loop, on_timer, d);
		sd_event_source_set_time_accuracy(d->timer, 1); /* a reload is followed closely */
	}
	timing_arm(d->timer, delay);
}

/* What had to be said about it has been. */
static void command_none(struct deploy *d UNUSED)
{
}

/* --- the table's commands ------------------------------------------------------------------ */

static void (*const commands[RELOAD_COMMAND_N])(struct deploy *d) = {
	[RELOAD_CMD_UNEXPECTED] = command_none, [RELOAD_CMD_NONE] = command_none,
	[RELOAD_CMD_CHECK] = deploy_check,      [RELOAD_CMD_DISCARD] = deploy_report,
	[RELOAD_CMD_PUBLISH] = deploy_publish,  [RELOAD_CMD_SIGNAL] = deploy_signal,
	[RELOAD_CMD_VERIFY] = deploy_verify,    [RELOAD_CMD_SETTLE] = deploy_settle,
	[RELOAD_CMD_FINISH] = deploy_finish,    [RELOAD_CMD_KEEP] = deploy_keep,
	[RELOAD_CMD_DEFER] = deploy_defer,      [RELOAD_CMD_STRAND] = deploy_strand,
	[RELOAD_CMD_UNKNOWN] = deploy_unknown,  [RELOAD_CMD_REVERT] = deploy_revert,
	[RELOAD_CMD_RECOVER] = deploy_recover,  [RELOAD_CMD_GIVE_BACK] = deploy_report,
};

void deploy_step(struct deploy *d, enum reload_event event)
{
	struct reload_step next = reload_step(d->state, event);

	if (next.command == RELOAD_CMD_UNEXPECTED)
		log_error("deploy: \"%s\" cannot come while %s", reload_event_name(event),
			  reload_state_name(d->state));
	else
		log_debug("deploy: %s, %s: %s", reload_state_name(d->state),
			  reload_event_name(event), reload_command_name(next.command));
	d->state = next.state;
	commands[next.command](d);
}

/* --- in and out ---------------------------------------------------------------------------- */

static int new_sandbox(struct deploy *d, struct sandbox **out, struct err *e)
{
	return sandbox_new(d->nginx, stage_live_directory(d->stage),
			   stage_cache_directory(d->stage), out, e);
}

/* Between two deployments: a running test keeps the sandbox that it began with. */
static void renew_sandbox(struct deploy *d)
{
	struct sandbox *next;
	struct err e;

	d->has_new_settings = false;
	if (new_sandbox(d, &next, &e) < 0) {
		log_error("the sandbox of nginx -t stays as it was: %s", e.text);
		return;
	}
	sandbox_free(d->sandbox);
	d->sandbox = next;
}

void deploy_configure(struct deploy *d, const struct nginx_settings *nginx)
{
	d->nginx = nginx;
	d->has_new_settings = true;
	if (!d->in_flight)
		deploy_probe_configure(d);
}

void deploy_render_options(const struct deploy *d, struct render_options *out)
{
	out->probe = d->nginx->probe;
	if (out->probe && *out->probe)
		sandbox_render_options(d->sandbox, out);
}

/* What is drifted and to be kept is left to whoever has changed it, nginx included. */
static void compare_with_live(struct deploy *d)
{
	struct flight *f = &d->flight;
	const char *name;
	bool intact;

	if (!digest_equal(&f->bundle->digest, stage_live_digest(d->stage)))
		return;
	intact = stage_live_is_intact(d->stage, &name);
	f->held = !intact && deploy_keeps_drift(d);
	f->relive = intact || f->held;
	f->current = f->relive && (f->held || deploy_runs_live(d));
}

static void begin_test(struct deploy *d)
{
	if (d->has_new_settings)
		renew_sandbox(d);
	deploy_refresh(d);
	deploy_step(d, RELOAD_EV_WANT);
}

static void begin(struct deploy *d)
{
	struct flight *f = &d->flight;

	if (d->has_new_settings)
		renew_sandbox(d);
	deploy_probe_configure(d);
	deploy_meet(d);
	compare_with_live(d);
	/* what nginx.conf includes is not known before the first test of ours */
	if (f->current && d->included_known && !d->lost)
		deploy_step(d, RELOAD_EV_CURRENT);
	else
		deploy_step(d, RELOAD_EV_WANT);
}

static void take_off(struct deploy *d, struct bundle *b, const char *revision)
{
	if (d->in_flight)
		die("deploy: two deployments at once");
	d->in_flight = true;
	d->flight = (struct flight){
		.bundle = bundle_ref(b),
		.revision = xstrdup(revision),
		.generation = stage_live(d->stage),
		.previous = stage_live(d->stage),
		.began = timing_now(),
	};
	d->flight.mark = d->flight.began;
}

void deploy_want(struct deploy *d, struct bundle *b, const char *revision)
{
	take_off(d, b, revision);
	deploy_later(d, 0, begin);
}

void deploy_test(struct deploy *d, struct bundle *b, uint64_t timeout)
{
	take_off(d, b, "");
	d->flight.test_only = true;
	d->flight.timeout = timeout;
	deploy_later(d, 0, begin_test);
}

bool deploy_is_in_flight(const struct deploy *d)
{
	return d->in_flight;
}

void deploy_know_warnings(struct deploy *d, const char *warnings)
{
	free(d->known_warnings);
	d->known_warnings = xstrdup(warnings);
}

uint64_t deploy_test_duration(const struct deploy *d)
{
	return d->last_check;
}

enum reload_state deploy_state(const struct deploy *d)
{
	return d->state;
}

static bool is_crowded(struct deploy *d, uint64_t now)
{
	struct workers w;
	unsigned suppressed;

	if (!d->has_master)
		return false;
	master_workers(&d->master, &w);
	if (w.leaving < CROWD_FACTOR * (w.serving_count ? w.serving_count : 1) &&
	    w.children <= CHILDREN_MAX)
		return false;
	if (log_limit_pass(&d->crowd, now, 60 * USEC_PER_SEC, &suppressed))
		log_warning(
			"holding back: %u old nginx worker%s, for %zu new, still serve the last "
			"connections (worker_shutdown_timeout in nginx.conf limits that)",
			w.leaving, PLURAL(w.leaving), w.serving_count);
	return true;
}

bool deploy_is_ready(struct deploy *d, uint64_t now, uint64_t *when)
{
	uint64_t gap = d->nginx->reload_gap;

	*when = NEVER;
	if (d->in_flight)
		return false;
	if (gap < 2 * d->last_reload)
		gap = 2 * d->last_reload;
	if (d->last_hangup && now < d->last_hangup + gap) {
		*when = d->last_hangup + gap;
		return false;
	}
	if (is_crowded(d, now)) {
		*when = now + CROWD_PAUSE;
		return false;
	}
	*when = now;
	return true;
}

int deploy_new(sd_event *loop, const struct nginx_settings *nginx, struct stage *stage,
	       const struct deploy_ops *ops, void *ctx, struct deploy **out, struct err *e)
{
	struct deploy *d = xcalloc(1, sizeof(*d));

	d->master.pidfd = d->verify.log.fd = -1;
	d->nginx = nginx;
	d->stage = stage;
	if (new_sandbox(d, &d->sandbox, e) < 0) {
		free(d);
		return -1;
	}
	d->loop = sd_event_ref(loop);
	d->ops = *ops;
	d->ctx = ctx;
	d->included = true; /* as long as nothing else is known */
	d->conffiles = conffiles_new();
	health_init(&d->health, d->loop);
	deploy_probe_configure(d);
	deploy_refresh(d);
	deploy_watch(d, 0);
	*out = d;
	return 0;
}

void deploy_free(struct deploy *d)
{
	if (!d)
		return;
	deploy_probe_free(d);
	sandbox_free(d->sandbox);
	deploy_watch_free(d);
	conffiles_free(d->conffiles);
	if (d->host_arena)
		arena_free(d->host_arena);
	if (d->flight.staged)
		stage_discard(d->stage, d->flight.generation);
	flight_fini(&d->flight);
	errorlog_close(&d->verify.log);
	sd_event_source_disable_unref(d->timer);
	sd_event_unref(d->loop);
	free(d->known_warnings);
	free(d);
}

void deploy_nginx_status(const struct deploy *d, struct nginx_status *out)
{
	struct workers w = { .serving_count = 0 };
	bool runs = d->has_master && master_is_alive(&d->master);

	if (runs)
		master_workers(&d->master, &w);
	*out = (struct nginx_status){
		.responding = runs && d->health.responding,
		.deaths = d->health.deaths,
		.old_since = runs ? d->health.old_since : 0,
		.drifted = deploy_drifted(d),
		.state = runs        ? "running"
			 : d->is_odd ? "unknown"
				     : "down",
		.why = !d->has_master ? d->why
		       : runs         ? d->health.why
				      : "it has just ended",
		.pid = runs ? d->master.pid : 0,
		.workers = (unsigned)w.serving_count,
		.old_workers = w.leaving,
		.reloads = d->reloads,
		.tests = d->tests,
		.included = d->included,
		.sandbox = sandbox_kind(d->sandbox),
		.has_probe = d->probe,
	};
	if (d->probe)
		probe_status(d->probe, &out->probe);
}
