/*
 * Which nginx there is, and looking after it between deployments: it starts, ends, is
 * upgraded, loses its workers, or somebody changes the live files or the host's own. Each of
 * these is told once, and the caller runs the one path again. What there is to tell but not
 * to mend (the health of nginx, a drift that is to be kept) is told as a change of the
 * status alone.
 *
 * A pidfd tells of the end at once; for the rest a timer is enough: half a second while
 * there is nobody to talk to, else two. While a deployment is in flight only the health is
 * followed, and nothing else is told.
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

bool deploy_is_applied(const struct deploy *d, unsigned long generation)
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
	return w.serving_count > 0 &&
	       (deploy_is_applied(d, stage_live(d->stage)) || began_with_live(d));
}

void deploy_note_applied(struct deploy *d, unsigned long generation)
{
	struct applied a = {
		.generation = generation,
		.pid = d->master.pid,
		.start_time = d->master.start_time,
	};
	struct err e;

	if (!d->has_master || deploy_is_applied(d, generation))
		return;
	if (stage_set_applied(d->stage, &a, &e) < 0)
		log_warning("that nginx runs generation %lu was not recorded: %s", generation,
			    e.text);
}

/* --- which nginx there is ------------------------------------------------------------------ */

static void find_master(struct deploy *d)
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

static void log_master(const struct deploy *d)
{
	if (!d->has_master)
		log_warning("nginx is not running: %s", d->why);
	else if (d->master.upgrading)
		log_notice("nginx is being upgraded (process %ld)", (long)d->master.pid);
	else
		log_info("nginx is running (process %ld)", (long)d->master.pid);
}

/*
 * Whoever looks for the master learns of it: what is compared is what was known before, by the
 * last look or by a deployment. So the end of an nginx that only a deployment has met is news.
 */
void deploy_refresh(struct deploy *d)
{
	struct applied now = { 0 };
	bool upgrading;

	find_master(d);
	upgrading = d->has_master && d->master.upgrading;
	if (d->has_master) {
		now.pid = d->master.pid;
		now.start_time = d->master.start_time;
	}
	if (now.pid == d->known.pid && now.start_time == d->known.start_time &&
	    upgrading == d->known_upgrading)
		return;
	log_master(d);
	d->known = now;
	d->known_upgrading = upgrading;
	d->has_news = true;
	d->workerless = d->unsettled = false;
	if (d->included_known && d->included && !deploy_drifted(d) && deploy_may_signal(d) &&
	    began_with_live(d))
		deploy_note_applied(d, stage_live(d->stage));
}

void deploy_meet(struct deploy *d)
{
	deploy_refresh(d);
	d->has_news = false;
}

/* --- between deployments ------------------------------------------------------------------- */

/* What a look has found: something to tell, something that the path has to run for. */
enum finding { NOTHING = 0, STATUS = 1, CHANGE = 2 };

static unsigned look_at_master(struct deploy *d)
{
	bool news;

	deploy_refresh(d);
	news = d->has_news;
	d->has_news = false;
	return news ? CHANGE : NOTHING;
}

static unsigned look_at_workers(struct deploy *d, const struct workers *w)
{
	bool workerless, settled;

	if (!deploy_may_signal(d))
		return NOTHING;
	settled = d->unsettled && master_activity(&d->master) == MASTER_IDLE;
	workerless = w->serving_count == 0 && w->starting == 0;
	if (settled)
		d->unsettled = false;
	if (workerless == d->workerless)
		return settled ? CHANGE : NOTHING;
	d->workerless = workerless;
	if (workerless)
		log_error("nginx (process %d) has no worker left", (int)d->master.pid);
	return CHANGE;
}

const char *deploy_drifted(const struct deploy *d)
{
	return d->drifted_generation == stage_live(d->stage) ? d->drifted : NULL;
}

bool deploy_keeps_drift(const struct deploy *d)
{
	return d->nginx->drift == DRIFT_REPORT;
}

static unsigned look_at_files(struct deploy *d)
{
	const char *name, *before = deploy_drifted(d);
	bool drifted = !stage_live_is_intact(d->stage, &name);

	d->drifted = drifted ? name : NULL;
	d->drifted_generation = stage_live(d->stage);
	if (drifted == (before != NULL))
		return NOTHING;
	if (!drifted) {
		log_notice("the live generation is again as it was published");
		deploy_trust(d);
		return CHANGE;
	}
	log_warning("somebody has changed %s of the live generation (%s)%s", name,
		    stage_live_directory(d->stage),
		    deploy_keeps_drift(d) ? "; it is left like that, as nginx.drift says" : "");
	/* and may have reloaded nginx with it */
	deploy_doubt(d);
	return deploy_keeps_drift(d) ? STATUS : CHANGE;
}

/* One test a change, and what has taken long is not done too often. */
static unsigned look_at_conffiles(struct deploy *d)
{
	uint64_t stands = USEC_PER_SEC + 10 * d->last_check;

	if (!conffiles_have_changed(d->conffiles, timing_now(), stands))
		return NOTHING;
	log_info("a file of nginx's own configuration was changed; testing again");
	d->included_known = false;
	return CHANGE;
}

static unsigned look_at_health(struct deploy *d, const struct workers *w)
{
	bool told = health_look(&d->health, d->has_master ? &d->master : NULL, w, d->nginx->config,
				d->nginx->reload_timeout + 3 * d->last_check, timing_now());

	return told ? STATUS : NOTHING;
}

static void count_workers(const struct deploy *d, struct workers *w)
{
	if (d->has_master)
		master_workers(&d->master, w);
	else
		*w = (struct workers){ .serving_count = 0 };
}

static void tell(struct deploy *d, unsigned found)
{
	if (found & CHANGE)
		d->ops.on_change(d->ctx);
	else if (found && d->ops.on_status)
		d->ops.on_status(d->ctx);
}

static void look_after(struct deploy *d)
{
	unsigned found = look_at_master(d);
	struct workers w;

	count_workers(d, &w);
	found |= look_at_workers(d, &w);
	found |= look_at_health(d, &w);
	found |= look_at_files(d);
	found |= look_at_conffiles(d);
	if (!deploy_drifted(d) && !d->lost && conffiles_are_tested(d->conffiles))
		deploy_is_sane(d, &w);
	deploy_watch(d, deploy_may_signal(d) ? SLOW : FAST);
	tell(d, found);
}

static void look_in_flight(struct deploy *d)
{
	struct workers w;
	unsigned found;

	count_workers(d, &w);
	found = look_at_health(d, &w);
	deploy_watch(d, FAST);
	tell(d, found);
}

static int on_watch(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct deploy *d = userdata;

	if (d->in_flight)
		look_in_flight(d);
	else
		look_after(d);
	return 0;
}

/* An end that came while the deployment was in flight is told at once. */
void deploy_watch_on(struct deploy *d)
{
	struct workers w;

	count_workers(d, &w);
	if (w.serving_count)
		d->workerless = false;
	deploy_watch(d, d->has_master && !master_is_alive(&d->master) ? 0 : USEC_PER_SEC);
}

void deploy_watch(struct deploy *d, uint64_t delay)
{
	if (!d->watch)
		d->watch = timing_new(d->loop, on_watch, d);
	timing_arm(d->watch, delay);
}

void deploy_watch_free(struct deploy *d)
{
	sd_event_source_disable_unref(d->watch);
	sd_event_source_disable_unref(d->death);
	master_fini(&d->master);
	health_fini(&d->health);
}
