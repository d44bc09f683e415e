/*
 * The daemon: what lives how long, and the signals that arrive.
 *
 * Everything runs on one sd-event loop in one thread (libzookeeper has threads of its own, inside
 * zk/session). A start or an end of the daemon does not touch nginx: what is published stays, and
 * what is not published yet is made again at the next start.
 */
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "core/compose/compose.h"
#include "daemon.h"
#include "host/notify.h"

#define ONCE_PATIENCE (60 * USEC_PER_SEC)

/* --- signals -------------------------------------------------------------------------------- */

static int on_hangup(sd_event_source *s UNUSED, const struct signalfd_siginfo *si UNUSED,
		     void *userdata)
{
	daemon_reload_settings(userdata);
	return 0;
}

static int on_terminate(sd_event_source *s, const struct signalfd_siginfo *si UNUSED,
			void *userdata)
{
	struct daemon *d = userdata;

	notify_stopping();
	if (d->leader && leader_leave(d->leader))
		return 0;
	return sd_event_exit(sd_event_source_get_event(s), 0);
}

static int on_out_of_patience(sd_event_source *s, uint64_t usec UNUSED, void *userdata)
{
	struct daemon *d = userdata;

	log_error("--once: nothing was applied within %u s (ZooKeeper: %s)",
		  (unsigned)(ONCE_PATIENCE / USEC_PER_SEC),
		  session_state_name(session_state(mirror_session(d->mirror))));
	d->exit_code = 1;
	return sd_event_exit(sd_event_source_get_event(s), 0);
}

/* Blocked before any thread is made, so that all of them inherit it and the loop reads them. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/*
 * Each run builds a new tree, model and bundle, and frees the old ones. Their pages are kept in the
 * heap, because getting them from the kernel again would cost every run.
 */
static void keep_freed_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

static void add_signals(struct daemon *d)
{
	int rc = sd_event_add_signal(d->loop, NULL, SIGHUP, on_hangup, d);

	if (rc >= 0)
		rc = sd_event_add_signal(d->loop, NULL, SIGTERM, on_terminate, d);
	if (rc >= 0)
		rc = sd_event_add_signal(d->loop, NULL, SIGINT, on_terminate, d);
	if (rc >= 0 && d->once)
		rc = sd_event_add_time_relative(d->loop, NULL, CLOCK_MONOTONIC, ONCE_PATIENCE, 0,
						on_out_of_patience, d);
	if (rc < 0)
		die("sd-event: %s", strerrordesc_np(-rc));
}

/* --- what the wings report ------------------------------------------------------------------ */

/* The membership or the election: both decide what this host may run, and do. */
static void on_fleet_state(void *daemon)
{
	struct daemon *d = daemon;

	report_soon(d->report);
	permission_update(d);
	daemon_update_leader(d);
	converge(d);
}

static void on_nginx_status(void *daemon)
{
	struct daemon *d = daemon;

	report_soon(d->report);
}

static void on_mirror_state(void *daemon)
{
	struct daemon *d = daemon;

	report_soon(d->report);
	if (d->tree)
		converge(d); /* a path that cannot be read any more, or again */
}

/* --- the report and the alerts -------------------------------------------------------------- */

static void on_report_due(void *daemon)
{
	daemon_update_alerts(daemon);
}

/* A problem that has settled is reported, too. */
static void on_alarm_due(void *daemon)
{
	struct daemon *d = daemon;

	daemon_update_alerts(d);
	report_soon(d->report);
}

static void on_alert(void *daemon)
{
	struct daemon *d = daemon;

	report_soon(d->report);
}

static void open_alarm(struct daemon *d)
{
	static const struct alarm_ops ops = { on_alarm_due, on_alert };

	d->alarm = alarm_new(&(struct alarm_spec){ .loop = d->loop,
						   .settings = &d->settings->alerts,
						   .host = d->host },
			     &ops, d);
}

static void open_report(struct daemon *d)
{
	static const struct report_ops ops = { on_report_due, daemon_facts, daemon_fill_status,
					       daemon_fill_member };

	report_recall(d->settings->state.directory, &d->problems);
	d->report = report_new(&(struct report_spec){ .loop = d->loop,
						      .settings = d->settings,
						      .host = d->host,
						      .id = d->id,
						      .started = d->started,
						      .fleet = d->fleet },
			       &ops, d);
}

/* --- lifetimes ------------------------------------------------------------------------------ */

static void set_host(struct daemon *d)
{
	const char *name = d->settings->cluster.host;

	if (*name)
		snprintf(d->host, sizeof(d->host), "%s", name);
	else if (gethostname(d->host, sizeof(d->host) - 1) < 0)
		die("gethostname: %m");
	d->address = member_address(d->settings->cluster.address, d->host);
}

/* Whether a condition is over is for the next leader to say. */
static void on_leader_change(void *daemon)
{
	struct daemon *d = daemon;

	if (!leader_is_active(d->leader)) {
		alarm_forget(d->alarm, "fleet-");
		alarm_forget(d->alarm, "rollout-");
	}
	daemon_update_alerts(d);
}

void daemon_update_leader(struct daemon *d)
{
	const struct permission *p = &d->permission;

	if (!d->leader)
		return;
	leader_update(d->leader, &(struct leader_facts){
					 .tree = d->tree,
					 .newest = p->newest,
					 .known = p->whole && !p->wiped,
					 .stored = p->config,
					 .stored_revision = p->held,
					 .applied = d->applied,
				 });
}

static int open_fleet(struct daemon *d, struct err *e)
{
	static const struct leader_ops leader_ops = { on_leader_change };
	const struct fleet_spec spec = { .zookeeper = &d->settings->zookeeper,
					 .host = d->host,
					 .service = d->settings->cluster.service,
					 .on_state = on_fleet_state,
					 .ctx = d };

	if (fleet_new(d->loop, &spec, &d->fleet, e) < 0)
		return -1;
	d->leader = leader_new(&(struct leader_spec){ .loop = d->loop,
						      .settings = d->settings,
						      .host = d->host,
						      .fleet = d->fleet },
			       &leader_ops, d);
	return 0;
}

static void set_id(struct daemon *d)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) < 0)
		die("getrandom: %m");
	snprintf(d->id, sizeof(d->id), "%016" PRIx64, random);
	d->started = timing_wall();
}

/* A drift that is to be reported must not be put right by a restart. */
static int open_stage(struct daemon *d, struct err *e)
{
	if (d->settings->nginx.drift == DRIFT_REPORT)
		return stage_open_as_it_is(&d->settings->state, &d->stage, e);
	return stage_open(&d->settings->state, &d->stage, e);
}

/* What nginx runs is what the state directory says: the last good form of every znode. */
static int open_state(struct daemon *d, struct err *e)
{
	if (open_stage(d, e) < 0)
		return -1;
	if (stage_accepted_tree(d->stage, &d->accepted, d->applied, e) < 0)
		return -1;
	d->good = compose_accepted(d->accepted, d->settings->zookeeper.config, &d->policy,
				   last_names_view(d->last_names));
	host_config_init(&d->host_config, stage_live_directory(d->stage), d->good);
	return 0;
}

static int open_wings(struct daemon *d, struct err *e)
{
	static const struct deploy_ops deploy_ops = { converge_on_done, converge_on_change,
						      on_nginx_status };
	static const struct mirror_ops mirror_ops = { converge_on_tree, on_mirror_state };
	CLEANUP(freep) struct mirror_root *roots = NULL;
	size_t root_count;

	if (deploy_new(d->loop, &d->settings->nginx, d->stage, &deploy_ops, d, &d->deploy, e) < 0)
		return err_wrap(e, "nginx");
	roots_init(&d->roots, &d->settings->zookeeper);
	roots = roots_begin(&d->roots, d->good, &root_count);
	if (mirror_new(d->loop, "mirror", &d->settings->zookeeper, roots, root_count, &mirror_ops,
		       d, &d->mirror, e) < 0)
		return err_wrap(e, "zookeeper");
	if (!d->once && *d->settings->metrics.listen &&
	    http_new(d->loop, d->settings->metrics.listen, report_metrics, d->report, &d->http, e) <
		    0)
		return err_wrap(e, "metrics.listen");
	return 0;
}

static int start(struct daemon *d, struct err *e)
{
	CLEANUP(settings_errors_fini) struct settings_errors errors = { 0 };
	struct settings_file *file = NULL;

	if (settings_load(d->settings_path, d->settings_missing_ok, &file, &errors) < 0) {
		settings_errors_log(&errors, "");
		d->exit_code = 2;
		return err_set(e, ERR_INPUT, "the settings are not valid: zknginxd does not start");
	}
	daemon_use_settings(d, file);
	set_host(d);
	set_id(d);
	d->exit_code = 1;
	if (names_cache_new(d->loop, converge_on_names, d, &d->names, e) < 0)
		return -1;
	d->last_names = last_names_new(d->settings->state.directory, names_cache_view(d->names));
	d->again_at = NEVER;
	d->guard = guard_new();
	d->quarantine = quarantine_new();
	d->overrides = overrides_new();
	refusal_init(d);
	problems_init(&d->problems);
	if (open_state(d, e) < 0) {
		if (e->code == ERR_INPUT)
			d->exit_code = 2; /* it needs a person: a restart would not help */
		return -1;
	}
	permission_init(d);
	judge_init(d);
	open_alarm(d);
	if (!d->once && open_fleet(d, e) < 0)
		return err_wrap(e, "zookeeper");
	open_report(d);
	if (open_wings(d, e) < 0)
		return -1;
	add_signals(d);
	d->exit_code = 0;
	return 0;
}

static void stop(struct daemon *d)
{
	http_free(d->http);
	leader_free(TAKE(d->leader));
	permission_fini(d);
	fleet_free(TAKE(d->fleet));
	mirror_free(d->mirror);
	deploy_free(d->deploy);
	judge_fini(d);
	converge_fini(d);
	alarm_free(d->alarm);
	report_free(d->report);
	host_config_fini(&d->host_config);
	stage_close(d->stage);
	problems_fini(&d->problems);
	roots_fini(&d->roots);
	last_names_free(d->last_names);
	if (d->names)
		names_cache_free(d->names);
	guard_free(d->guard);
	quarantine_free(d->quarantine);
	overrides_free(d->overrides);
	model_free(d->good);
	tree_unref(d->tree);
	tree_unref(d->accepted);
	free(d->address);
	settings_free(d->file);
	sd_event_unref(d->loop);
}

int daemon_run(const char *settings_path, bool missing_ok, bool once)
{
	struct daemon d = { .settings_path = settings_path,
			    .settings_missing_ok = missing_ok,
			    .once = once };
	struct err e;
	int rc;

	block_signals();
	keep_freed_memory();
	rc = sd_event_default(&d.loop);
	if (rc < 0)
		die("sd-event: %s", strerrordesc_np(-rc));
	if (start(&d, &e) < 0) {
		log_error("%s", e.text);
	} else {
		log_notice("zknginxd %s: %s, serving generation %lu", ZKNGINX_VERSION, d.host,
			   stage_live(d.stage));
		if (!once)
			notify_start(d.loop);
		notify_ready();
		rc = sd_event_loop(d.loop);
		if (rc < 0)
			die("sd-event: %s", strerrordesc_np(-rc));
		report_now(d.report);
	}
	stop(&d);
	return d.exit_code;
}
