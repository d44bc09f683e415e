/*
 * presence.h reports the end of the master at once. A timer is enough for everything else: half a
 * second while there is no master, else two seconds.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "health.h"
#include "instance.h"
#include "loaded.h"
#include "presence.h"
#include "seen_workers.h"
#include "sys/timing.h"

#define SLOW (2 * USEC_PER_SEC)
#define FAST (500 * USEC_PER_MSEC)

struct instance {
	sd_event *loop;
	const struct nginx_settings *nginx;
	struct stage *stage;
	struct instance_ops ops;
	void *ctx;
	sd_event_source *watch;
	bool busy; /* a deployment is in flight */

	struct presence presence;
	struct seen_workers *seen;
	bool has_news; /* a look found another master, and that was not reported yet */
	bool workerless;
	bool unsettled; /* the last SIGHUP had no verdict yet */

	struct health health;
	struct loaded loaded;

	const char *drifted; /* the first live file that was changed; NULL: none */
	unsigned long drifted_generation;

	struct hostconf hostconf;
	struct replaced *replaced;
};

static void arm(struct instance *i, uint64_t delay)
{
	timing_arm(i->watch, delay);
}

/* --- which master there is ------------------------------------------------------------------ */

void instance_look_soon(struct instance *i)
{
	arm(i, 0);
}

static void on_end(void *ctx)
{
	instance_look_soon(ctx);
}

const struct master *instance_master(const struct instance *i)
{
	return presence_master(&i->presence);
}

const struct master *instance_signallable(const struct instance *i)
{
	return presence_signallable(&i->presence);
}

const char *instance_why(const struct instance *i)
{
	return i->presence.why;
}

bool instance_is_upgrading(const struct instance *i)
{
	return presence_is_upgrading(&i->presence);
}

/* How long nginx may take to read its configuration. */
static uint64_t reading_time(const struct instance *i)
{
	uint64_t test = i->hostconf.test_duration;

	return test ? USEC_PER_SEC + 2 * test : i->nginx->test_timeout;
}

/*
 * What is compared is what was known before, from the last look or from a deployment. So the end of
 * a master that only a deployment has met is reported, too.
 */
void instance_look(struct instance *i)
{
	if (!presence_look(&i->presence, i->nginx->pid, i->nginx->binary))
		return;
	i->has_news = true;
	i->workerless = i->unsettled = false;
	if (hostconf_is_surely_included(&i->hostconf) && !instance_drifted(i) &&
	    loaded_began_with_live(&i->loaded, instance_signallable(i), reading_time(i)))
		instance_record(i, stage_live(i->stage));
}

void instance_meet(struct instance *i)
{
	instance_look(i);
	i->has_news = false;
}

/* --- what it runs --------------------------------------------------------------------------- */

bool instance_runs_live(const struct instance *i)
{
	const struct master *m = instance_signallable(i);

	return seen_workers_look_closely(i->seen, m)->serving_count && instance_has_loaded_live(i);
}

bool instance_has_loaded_live(const struct instance *i)
{
	return loaded_has_live(&i->loaded, instance_signallable(i), reading_time(i));
}

void instance_record(struct instance *i, unsigned long generation)
{
	loaded_record(&i->loaded, instance_master(i), generation);
}

void instance_doubt(struct instance *i)
{
	i->unsettled = true;
	stage_doubt_applied(i->stage);
}

const char *instance_drifted(const struct instance *i)
{
	return i->drifted_generation == stage_live(i->stage) ? i->drifted : NULL;
}

bool instance_keeps_drift(const struct instance *i)
{
	return i->nginx->drift == DRIFT_REPORT;
}

static void trust_if_well(struct instance *i)
{
	if (!hostconf_lacks_include(&i->hostconf) && !instance_drifted(i))
		loaded_trust(&i->loaded, instance_signallable(i));
}

/* --- what nginx.conf includes --------------------------------------------------------------- */

const struct hostconf *instance_hostconf(const struct instance *i)
{
	return &i->hostconf;
}

void instance_note_duration(struct instance *i, uint64_t duration)
{
	i->hostconf.test_duration = duration;
}

void instance_test_begins(struct instance *i)
{
	hostconf_test_begins(&i->hostconf);
}

bool instance_test_ended(struct instance *i, const struct sandbox_result *r, bool needs_stream,
			 uint64_t duration)
{
	struct hostconf *h = &i->hostconf;
	bool was_nothing = h->includes == NGINX_INCLUDES_NOTHING;
	bool lacked = hostconf_lacks_include(h);

	hostconf_test_ended(h, r, stage_live_directory(i->stage), needs_stream, duration);
	if (!was_nothing && h->includes == NGINX_INCLUDES_NOTHING)
		loaded_doubt(&i->loaded, instance_master(i));
	if (!lacked || hostconf_lacks_include(h))
		return false;
	trust_if_well(i);
	return true;
}

/* --- the regular look ----------------------------------------------------------------------- */

/* What a look has found: something to report, something to deploy again for. */
enum finding { NOTHING = 0, STATUS = 1, CHANGE = 2 };

static unsigned look_at_master(struct instance *i)
{
	bool news;

	instance_look(i);
	news = i->has_news;
	i->has_news = false;
	return news ? CHANGE : NOTHING;
}

static unsigned look_at_workers(struct instance *i, const struct workers *w)
{
	const struct master *m = instance_signallable(i);
	bool workerless, settled;

	if (!m)
		return NOTHING;
	settled = i->unsettled && master_activity(m) == MASTER_IDLE;
	workerless = w->serving_count == 0 && w->starting == 0;
	if (settled)
		i->unsettled = false;
	if (workerless == i->workerless)
		return settled ? CHANGE : NOTHING;
	i->workerless = workerless;
	if (workerless)
		log_error("nginx (process %d) has no worker left", (int)m->pid);
	return CHANGE;
}

static unsigned look_at_files(struct instance *i)
{
	const char *name, *before = instance_drifted(i);
	bool drifted = !stage_live_is_intact(i->stage, &name);

	i->drifted = drifted ? name : NULL;
	i->drifted_generation = stage_live(i->stage);
	if (drifted == (before != NULL))
		return NOTHING;
	if (!drifted) {
		log_notice("the files of the live generation are the published ones again");
		trust_if_well(i);
		return CHANGE;
	}
	log_warning("%s/%s was changed by another program%s", stage_live_directory(i->stage), name,
		    instance_keeps_drift(i) ? "; it is left as it is (nginx.drift = \"report\")"
					    : "");
	/* which may have reloaded nginx, too */
	loaded_doubt(&i->loaded, instance_master(i));
	return instance_keeps_drift(i) ? STATUS : CHANGE;
}

static unsigned look_at_conffiles(struct instance *i)
{
	if (!hostconf_look(&i->hostconf, timing_now()))
		return NOTHING;
	log_info("a file of nginx's own configuration was changed; testing again");
	return CHANGE;
}

static unsigned look_at_health(struct instance *i, const struct workers *w)
{
	bool changed =
		health_look(&i->health, instance_master(i), w, i->nginx->config,
			    i->nginx->reload_timeout + 3 * i->hostconf.test_duration, timing_now());

	return changed ? STATUS : NOTHING;
}

static void report(struct instance *i, unsigned found)
{
	if (found & CHANGE)
		i->ops.on_change(i->ctx);
	else if (found && i->ops.on_status)
		i->ops.on_status(i->ctx);
}

static void look_at_all(struct instance *i)
{
	unsigned found = look_at_master(i);
	const struct workers *w = seen_workers_look_closely(i->seen, instance_master(i));

	found |= look_at_workers(i, w);
	found |= look_at_health(i, w);
	found |= look_at_files(i);
	found |= look_at_conffiles(i);
	replaced_look(i->replaced, instance_master(i), i->hostconf.serial);
	if (!instance_drifted(i) && !hostconf_lacks_include(&i->hostconf) &&
	    conffiles_are_tested(i->hostconf.changes))
		loaded_remember_sane_workers(&i->loaded, instance_master(i), w);
	arm(i, instance_signallable(i) ? SLOW : FAST);
	report(i, found);
}

static void look_while_busy(struct instance *i)
{
	unsigned found = look_at_health(i, seen_workers_look_closely(i->seen, instance_master(i)));

	arm(i, FAST);
	report(i, found);
}

static int on_watch(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct instance *i = userdata;

	if (i->busy)
		look_while_busy(i);
	else
		look_at_all(i);
	return 0;
}

/* An end of the master while the deployment was in flight is reported at once. */
void instance_set_busy(struct instance *i, bool busy)
{
	const struct master *m = instance_master(i);

	i->busy = busy;
	if (busy) {
		replaced_pause(i->replaced);
		return;
	}
	if (seen_workers_look_closely(i->seen, m)->serving_count)
		i->workerless = false;
	arm(i, m && !master_is_alive(m) ? 0 : USEC_PER_SEC);
}

/* --- the whole ------------------------------------------------------------------------------ */

void instance_state(const struct instance *i, struct instance_state *out)
{
	const struct master *m = instance_master(i);
	const struct workers *w = seen_workers_look(i->seen, m);
	/* only a process that runs has children */
	bool runs = m && (w->children || master_is_alive(m));

	*out = (struct instance_state){
		.state = runs                 ? NGINX_STATE_RUNNING
			 : i->presence.is_odd ? NGINX_STATE_UNKNOWN
					      : NGINX_STATE_DOWN,
		.why = !m     ? i->presence.why
		       : runs ? i->health.why
			      : "it has just ended",
		.pid = runs ? m->pid : 0,
		.workers = runs ? (unsigned)w->serving_count : 0,
		.old_workers = runs ? w->leaving : 0,
		.includes = i->hostconf.includes,
		.may_run_none = runs && i->hostconf.includes == NGINX_INCLUDES_NOTHING &&
				!loaded_has_known_workers(&i->loaded, w),
		.responding = runs && i->health.responding,
		.deaths = i->health.deaths,
		.old_since = runs ? i->health.old_since : 0,
		.drifted = instance_drifted(i),
	};
	out->on_disk = replaced_state(i->replaced, &out->on_disk_message);
}

bool instance_disk_lacks_status(const struct instance *i)
{
	return replaced_lacks_status(i->replaced);
}

void instance_configure(struct instance *i, const struct nginx_settings *nginx)
{
	i->nginx = nginx;
	replaced_configure(i->replaced, nginx);
}

struct instance *instance_new(sd_event *loop, const struct nginx_settings *nginx,
			      struct stage *stage, const struct instance_ops *ops, void *ctx)
{
	struct instance *i = xcalloc(1, sizeof(*i));

	*i = (struct instance){ .loop = sd_event_ref(loop),
				.nginx = nginx,
				.stage = stage,
				.ops = *ops,
				.ctx = ctx,
				.loaded.stage = stage };
	presence_init(&i->presence, loop, on_end, i);
	hostconf_init(&i->hostconf);
	health_init(&i->health, loop);
	i->replaced = replaced_new(loop, nginx, stage, ops->on_change, ctx);
	i->seen = seen_workers_new(loop);
	i->watch = timing_new(loop, on_watch, i);
	instance_look(i);
	arm(i, 0);
	return i;
}

void instance_free(struct instance *i)
{
	if (!i)
		return;
	sd_event_source_disable_unref(i->watch);
	presence_fini(&i->presence);
	seen_workers_free(i->seen);
	health_fini(&i->health);
	replaced_free(i->replaced);
	hostconf_fini(&i->hostconf);
	sd_event_unref(i->loop);
	free(i);
}
