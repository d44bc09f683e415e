/*
 * Which nginx there is, and looking after it between deployments: it starts, ends, is
 * upgraded, loses its workers, or somebody changes the live files. Each of these is told
 * once, and the caller runs the one path again.
 *
 * A pidfd tells of the end at once; for the rest a timer is enough: half a second while
 * there is nobody to talk to, else two. While a deployment is in flight nothing is told.
 */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "deploy_parts.h"

#define SLOW (2 * USEC_PER_SEC)
#define FAST (500 * USEC_PER_MSEC)

static int on_death(sd_event_source *source, int fd UNUSED, uint32_t events UNUSED, void *userdata)
{
	/* the descriptor stays readable: once is enough */
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	deploy_watch(userdata, 0);
	return 0;
}

static void adopt(struct deploy *d, const struct master *m)
{
	d->death = sd_event_source_disable_unref(d->death);
	master_fini(&d->master);
	d->master = *m;
	d->has_master = true;
	/* without it the timer has to do */
	if (sd_event_add_io(d->loop, &d->death, m->pidfd, EPOLLIN, on_death, d) < 0)
		d->death = NULL;
}

static void lose(struct deploy *d, const struct err *why)
{
	d->death = sd_event_source_disable_unref(d->death);
	master_fini(&d->master);
	d->has_master = false;
	d->is_odd = why->code != ERR_UNAVAILABLE;
	snprintf(d->why, sizeof(d->why), "%s", why->text);
}

void deploy_refresh(struct deploy *d)
{
	struct master found;
	struct err e;

	if (master_find(d->nginx->pid, d->nginx->binary, &found, &e) < 0) {
		lose(d, &e);
		return;
	}
	d->is_odd = false;
	d->why[0] = '\0';
	if (d->has_master && d->master.pid == found.pid &&
	    d->master.start_time == found.start_time && master_is_alive(&d->master)) {
		d->master.upgrading = found.upgrading;
		master_fini(&found);
		return;
	}
	adopt(d, &found);
}

bool deploy_may_signal(const struct deploy *d)
{
	return d->has_master && !d->master.upgrading;
}

/*
 * A master that began after the live generation was published has read it; but a detached
 * one was forked only after its configuration had been read. So it has to be younger by as
 * much as reading may take.
 */
static bool began_with_live(const struct deploy *d)
{
	uint64_t reading =
		d->last_check ? USEC_PER_SEC + 2 * d->last_check : d->nginx->test_timeout;
	uint64_t ticks = reading * (uint64_t)sysconf(_SC_CLK_TCK) / USEC_PER_SEC;

	return d->master.start_time > ticks &&
	       stage_was_live_before(d->stage, d->master.start_time - ticks);
}

static bool is_applied(const struct deploy *d, unsigned long generation)
{
	struct applied a;

	return d->has_master && stage_applied(d->stage, &a) && a.generation == generation &&
	       a.pid == d->master.pid && a.start_time == d->master.start_time;
}

bool deploy_runs_live(const struct deploy *d)
{
	struct workers w;

	if (!deploy_may_signal(d))
		return false;
	master_workers(&d->master, &w);
	return w.serving_count > 0 && (is_applied(d, stage_live(d->stage)) || began_with_live(d));
}

void deploy_note_applied(struct deploy *d, unsigned long generation)
{
	struct applied a = {
		.generation = generation,
		.pid = d->master.pid,
		.start_time = d->master.start_time,
	};
	struct err e;

	if (!d->has_master || is_applied(d, generation))
		return;
	if (stage_set_applied(d->stage, &a, &e) < 0)
		log_warning("that nginx runs generation %lu was not recorded: %s", generation,
			    e.text);
}

/* --- between deployments ------------------------------------------------------------------- */

static bool look_at_master(struct deploy *d)
{
	struct applied now = { 0 };

	deploy_refresh(d);
	if (d->has_master) {
		now.pid = d->master.pid;
		now.start_time = d->master.start_time;
	}
	if (now.pid == d->told.pid && now.start_time == d->told.start_time &&
	    d->master.upgrading == d->told_upgrading)
		return false;
	if (!d->has_master)
		log_warning("nginx is not running: %s", d->why);
	else if (d->master.upgrading)
		log_notice("nginx is being upgraded (process %ld)", now.pid);
	else
		log_info("nginx is running (process %ld)", now.pid);
	d->told = now;
	d->told_upgrading = d->master.upgrading;
	d->workerless = d->unsettled = false;
	if (d->included_known && d->included && deploy_may_signal(d) && began_with_live(d))
		deploy_note_applied(d, stage_live(d->stage));
	return true;
}

static bool look_at_workers(struct deploy *d)
{
	bool workerless, settled;
	struct workers w;

	if (!deploy_may_signal(d))
		return false;
	master_workers(&d->master, &w);
	settled = d->unsettled && master_activity(&d->master) == MASTER_IDLE;
	workerless = w.serving_count == 0 && w.starting == 0;
	if (settled)
		d->unsettled = false;
	if (workerless == d->workerless)
		return settled;
	d->workerless = workerless;
	if (workerless)
		log_error("nginx (process %d) has no worker left", (int)d->master.pid);
	return true;
}

static bool look_at_files(struct deploy *d)
{
	const char *name;
	bool drifted = !stage_live_is_intact(d->stage, &name);

	if (drifted == d->drifted)
		return false;
	d->drifted = drifted;
	if (drifted) {
		log_warning("somebody has changed %s of the live generation (%s)", name,
			    stage_live_directory(d->stage));
		/* and may have reloaded nginx with it */
		stage_doubt_applied(d->stage);
	}
	return true;
}

static void look_after(struct deploy *d)
{
	bool changed = look_at_master(d);

	changed = look_at_workers(d) || changed;
	changed = look_at_files(d) || changed;
	deploy_watch(d, deploy_may_signal(d) ? SLOW : FAST);
	if (changed)
		d->ops.on_change(d->ctx);
}

static int on_watch(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct deploy *d = userdata;

	if (d->in_flight)
		deploy_watch(d, FAST);
	else
		look_after(d);
	return 0;
}

void deploy_watch(struct deploy *d, uint64_t delay)
{
	uint64_t when = deploy_now() + delay;

	if (!d->watch) {
		if (sd_event_add_time(d->loop, &d->watch, CLOCK_MONOTONIC, when, 50 * USEC_PER_MSEC,
				      on_watch, d) < 0)
			die("deploy: no timer");
		return;
	}
	if (sd_event_source_set_time(d->watch, when) < 0 ||
	    sd_event_source_set_enabled(d->watch, SD_EVENT_ONESHOT) < 0)
		die("deploy: no timer");
}

void deploy_watch_free(struct deploy *d)
{
	sd_event_source_disable_unref(d->watch);
	sd_event_source_disable_unref(d->death);
	master_fini(&d->master);
}
