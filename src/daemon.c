/*
 * The daemon: lifetimes, signals, and who is told what by whom.
 *
 * Everything runs on one sd-event loop in one thread (libzookeeper has its own, see zk/session).
 * A start or an end of the daemon does not touch nginx: what is published stays, and what is not
 * yet published is made again at the next start.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "daemon.h"
#include "host/notify.h"
#include "host/settings_trust.h"
#include "report/pages.h"
#include "sys/timing.h"

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
	struct agent_facts f;

	agent_facts(d->agent, &f);
	log_error("--once: nothing was applied within %u s (ZooKeeper: %s)",
		  (unsigned)(ONCE_PATIENCE / USEC_PER_SEC), f.zookeeper);
	d->exit_code = 1;
	return sd_event_exit(sd_event_source_get_event(s), 0);
}

/* Signals that administrators send to daemons by habit. By default each of them ends a process, and
 * to nginx SIGUSR1 means "open the log files again". */
static const int meaningless[] = { SIGUSR1, SIGUSR2,   SIGALRM,   SIGIO,
				   SIGPROF, SIGVTALRM, SIGSTKFLT, SIGPWR };

/* Each is logged once. */
static int on_meaningless(sd_event_source *s UNUSED, const struct signalfd_siginfo *si,
			  void *userdata)
{
	struct daemon *d = userdata;
	uint64_t bit = UINT64_C(1) << si->ssi_signo;

	if (!(d->signals_logged & bit))
		log_notice("SIG%s is ignored: zknginxd reads its settings again at SIGHUP, and its "
			   "log goes to standard error",
			   sigabbrev_np((int)si->ssi_signo) ?: "?");
	d->signals_logged |= bit;
	return 0;
}

/* Blocked before any thread is made, so that all threads inherit it and the loop reads them. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGPIPE);
	for (size_t i = 0; i < ARRAY_SIZE(meaningless); i++)
		sigaddset(&set, meaningless[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Each run builds a tree, a model and a bundle and frees the last ones. If their pages stay in the
 * heap, the next run need not ask the kernel for them. */
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
	for (size_t i = 0; rc >= 0 && i < ARRAY_SIZE(meaningless); i++)
		rc = sd_event_add_signal(d->loop, NULL, meaningless[i], on_meaningless, d);
	if (rc >= 0 && d->once)
		rc = sd_event_add_time_relative(d->loop, NULL, CLOCK_MONOTONIC, ONCE_PATIENCE, 0,
						on_out_of_patience, d);
	if (rc < 0)
		die("sd-event: %s", strerrordesc_np(-rc));
}

/* --- what the fleet and the agent report ------------------------------------------------------ */

/* The membership or the election. */
static void on_fleet_state(void *daemon)
{
	struct daemon *d = daemon;

	report_soon(d->report);
	agent_update(d->agent);
}

static void on_agent_change(void *daemon)
{
	struct daemon *d = daemon;

	report_soon(d->report);
}

static void on_agent_facts(void *daemon)
{
	daemon_update_leader(daemon);
}

static void on_agent_problems(void *daemon, const struct problems *problems)
{
	struct daemon *d = daemon;

	report_problems(d->report, problems);
}

static void on_agent_unreadable(void *daemon, const struct problems *unreadable)
{
	struct daemon *d = daemon;

	report_unreadable(d->report, unreadable);
}

static void on_agent_outcome(void *daemon, const struct deployed *news)
{
	struct daemon *d = daemon;

	report_outcome(d->report, news);
}

static void on_agent_over(void *daemon, bool good)
{
	struct daemon *d = daemon;

	d->exit_code = good ? 0 : 1;
	sd_event_exit(d->loop, 0);
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
					       daemon_fill_numbers, daemon_fill_member };

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
	char name[HOST_NAME_MAX + 1];

	snprintf(d->host, sizeof(d->host), "%s", settings_host(d->settings, name));
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
	timing_unique(d->id, sizeof(d->id));
	d->started = timing_wall();
}

/* A problem from before this start does not count against a revision whose trial begins now. */
static int open_agent(struct daemon *d, struct err *e)
{
	static const struct agent_ops ops = {
		.on_change = on_agent_change,
		.on_facts = on_agent_facts,
		.on_problems = on_agent_problems,
		.on_unreadable = on_agent_unreadable,
		.on_outcome = on_agent_outcome,
		.on_over = on_agent_over,
	};
	const struct agent_spec spec = { d->loop, d->settings, d->host, d->once };
	struct problems known;
	int rc;

	problems_init(&known);
	report_recall(d->settings->state.directory, &known);
	rc = agent_new(&spec, &known, &ops, d, &d->agent, e);
	problems_fini(&known);
	return rc;
}

static int open_http(struct daemon *d, struct err *e)
{
	const struct http_spec spec = { d->settings->metrics.listen, report_pages,
					report_page_count };

	if (d->once || !*spec.listen)
		return 0;
	return http_new(d->loop, &spec, d->report, &d->http, e);
}

static int open_parts(struct daemon *d, struct err *e)
{
	if (open_agent(d, e) < 0) {
		if (e->code == ERR_INPUT)
			d->exit_code = 2; /* it needs a person: a restart would not help */
		return -1;
	}
	open_alarm(d);
	if (!d->once) {
		if (open_fleet(d, e) < 0)
			return err_wrap(e, "zookeeper");
		agent_join(d->agent, d->fleet);
	}
	open_report(d);
	return open_http(d, e);
}

static int start(struct daemon *d, struct err *e)
{
	CLEANUP(settings_errors_fini) struct settings_errors errors = { 0 };
	struct settings_file *file = NULL;

	if (settings_load_trusted(d->settings_path, d->settings_missing_ok, &file, &errors) < 0) {
		settings_errors_log(&errors, "");
		d->exit_code = 2;
		return err_set(e, ERR_INPUT, "the settings are not valid: zknginxd does not start");
	}
	daemon_use_settings(d, file);
	set_host(d);
	set_id(d);
	d->exit_code = 1;
	if (daemon_give_up_privileges(d, e) < 0 || open_parts(d, e) < 0)
		return -1;
	add_signals(d);
	d->exit_code = 0;
	return 0;
}

static void stop(struct daemon *d)
{
	http_free(d->http);
	leader_free(TAKE(d->leader));
	if (d->agent)
		agent_join(d->agent, NULL);
	fleet_free(TAKE(d->fleet));
	agent_free(d->agent);
	alarm_free(d->alarm);
	report_free(d->report);
	daemon_return_helper(d);
	settings_free(d->file);
	sd_event_unref(d->loop);
}

static void log_start(const struct daemon *d)
{
	struct agent_facts f;

	agent_facts(d->agent, &f);
	log_notice("zknginxd %s: %s, serving generation %lu", ZKNGINX_VERSION, d->host,
		   f.generation);
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
		log_start(&d);
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
