/*
 * What is wrong now, and who is told.
 *
 * The conditions of this host are gathered from the wings, those of the fleet come from the
 * leader's last look. core/status/alerts makes events of them; an event is a line in the log and,
 * where alerts.command is set, a run of that with the event as JSON. What is raised stands
 * in the status as long as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "daemon.h"

#define NAMED_MOST 10                        /* of more hosts than that an alert tells together */
#define DEATHS_LAST (10 * 60 * USEC_PER_SEC) /* a death is worth talking of for so long */
#define CUT_SHORT_LAST (10 * 60 * USEC_PER_SEC)

/* --- this host ------------------------------------------------------------------------------- */

static void check_zookeeper(const struct daemon *d, struct conditions *c)
{
	const struct session *s = mirror_session(d->mirror);

	if (session_state(s) != SESSION_CONNECTED)
		conditions_add(c, "zookeeper-lost", "", ALERT_CRITICAL, session_timeout(s),
			       "no healthy ZooKeeper server answers (%s); nginx serves the last "
			       "good generation",
			       d->settings->zookeeper.hosts);
}

static bool is_recent(uint64_t when, uint64_t howlong)
{
	return when && timing_now() - when < howlong;
}

/* Whether the fleet sees this host; with ZooKeeper away altogether there is nothing more to say. */
static void check_fleet(const struct daemon *d, struct conditions *c)
{
	const struct session *s = d->fleet ? fleet_session(d->fleet) : NULL;
	const char *why = "";
	enum fleet_membership m = s ? fleet_membership(d->fleet, &why) : FLEET_MEMBER;

	if (m == FLEET_DUPLICATE)
		conditions_add(c, "duplicate-host", "", ALERT_CRITICAL, 0,
			       "this host is not in the fleet: %s", why);
	else if (m == FLEET_PENDING &&
		 session_state(mirror_session(d->mirror)) == SESSION_CONNECTED)
		conditions_add(c, "host-not-in-fleet", "", ALERT_WARNING, session_timeout(s),
			       "the fleet does not see this host: %s",
			       *why ? why : "its session for the fleet is not connected");
	if (is_recent(session_cut_short(mirror_session(d->mirror)), CUT_SHORT_LAST) ||
	    (s && is_recent(session_cut_short(s), CUT_SHORT_LAST)))
		conditions_add(
			c, "zookeeper-session-ended", "", ALERT_WARNING, 1,
			"a ZooKeeper session of this host was ended before its time: another "
			"client has closed it, or what answered did not know it");
}

static void check_nginx(const struct daemon *d, const struct nginx_status *n, struct conditions *c)
{
	if (strcmp(n->state, "running") != 0) {
		conditions_add(c, "nginx-down", "", ALERT_CRITICAL, 0, "nginx does not run: %s",
			       n->why);
		return;
	}
	if (n->workers == 0)
		conditions_add(c, "nginx-workerless", "", ALERT_CRITICAL, 0,
			       "the nginx master (process %ld) has no worker that serves", n->pid);
	if (!n->responding)
		conditions_add(c, "nginx-unresponsive", "", ALERT_CRITICAL, 0,
			       "the nginx master (process %ld) takes no signals, so no change "
			       "reaches it: %s",
			       n->pid, n->why);
	if (!n->included)
		conditions_add(c, "nginx-not-included", "", ALERT_CRITICAL, 0,
			       "%s does not include %s/http.conf: nothing that ZooKeeper says is "
			       "served",
			       d->settings->nginx.config, stage_live_directory(d->stage));
	if (n->drifted)
		conditions_add(c, "nginx-drift", "", ALERT_WARNING, 0,
			       "somebody has changed %s/%s, which is this daemon's (nginx.drift = "
			       "\"%s\")",
			       stage_live_directory(d->stage), n->drifted,
			       d->settings->nginx.drift);
	if (n->old_since && d->settings->nginx.linger != NEVER)
		conditions_add(c, "nginx-old-workers", "", ALERT_WARNING, d->settings->nginx.linger,
			       "%u old worker%s of nginx still serve%s the last connections "
			       "(worker_shutdown_timeout in %s limits that)",
			       n->old_workers, PLURAL(n->old_workers),
			       n->old_workers == 1 ? "s" : "", d->settings->nginx.config);
	if (n->has_probe && !n->probe.answers)
		conditions_add(c, "nginx-probe-silent", "", ALERT_WARNING, 0,
			       "nginx does not answer its probe at %s: %s",
			       d->settings->nginx.probe, n->probe.why);
}

static void check_deaths(struct daemon *d, const struct nginx_status *n, struct conditions *c)
{
	struct alarm *a = &d->alarm;
	uint64_t now = timing_now();

	if (n->deaths > a->deaths)
		a->last_death = now;
	a->deaths = n->deaths;
	if (is_recent(a->last_death, DEATHS_LAST))
		conditions_add(c, "nginx-workers-died", "", ALERT_WARNING, 1,
			       "workers of nginx died (%lu since this daemon started); its error "
			       "log says more",
			       n->deaths);
}

/* Held back, or simply wrong: how many, and the first of them. */
struct tally {
	size_t count;
	const struct problem *first;
	uint64_t after; /* of the condition: NEVER while none has settled */
};

static struct tally count_problems(const struct daemon *d, bool held)
{
	struct settling s = report_settling(d);
	struct tally t = { .after = NEVER };

	for (size_t i = 0; i < d->report.problem_count; i++) {
		const struct problem *p = &d->report.problems[i].problem;

		if ((p->kind == PROBLEM_GUARD && p->serving == SERVING_PREVIOUS) != held)
			continue;
		if (t.count++ == 0)
			t.first = p;
		if (settling_is_over(&s, d->report.problems[i].found))
			t.after = 0;
	}
	return t;
}

static void check_config(const struct daemon *d, struct conditions *c)
{
	struct tally held = count_problems(d, true), wrong = count_problems(d, false);

	if (d->refusal.ground)
		conditions_add(c, "nginx-test-fails", "", ALERT_CRITICAL, 0,
			       "nginx -t fails even for what nginx runs now: %s; nginx keeps "
			       "serving, but could not be started again, and no change goes live",
			       d->refusal.ground);
	if (d->refusal.message && !d->refusal.of_host)
		conditions_add(c, "config-rejected", "", ALERT_CRITICAL, 0,
			       "the configuration cannot be put in force, and the one before is "
			       "served: %s",
			       d->refusal.message);
	if (held.count) {
		conditions_add(c, "config-held", "", ALERT_CRITICAL, held.after,
			       held.count == 1
				       ? "%zu loss is held back, and what was there is served "
					 "on: %s"
				       : "%zu losses are held back, and what was there is served "
					 "on; the first: %s",
			       held.count, held.first->znode);
	}
	if (wrong.count) {
		conditions_add(c, "config-problems", "", ALERT_WARNING, wrong.after,
			       "%zu problem%s in znodes%s: %s: %s", wrong.count,
			       PLURAL(wrong.count), wrong.count == 1 ? "" : "; the first",
			       wrong.first->znode, wrong.first->message);
	}
}

/* When the next problem settles, should nothing happen. */
static uint64_t settles_at(const struct daemon *d)
{
	struct settling s = report_settling(d);
	uint64_t due = NEVER;

	for (size_t i = 0; i < d->report.problem_count; i++) {
		uint64_t at = settling_ends(&s, d->report.problems[i].found);

		if (at > s.now && at < due)
			due = at;
	}
	return due;
}

/* Is there anybody who moves the plan? Only who waits for it needs to know. */
static void check_leader(const struct daemon *d, struct conditions *c)
{
	const struct permission *p = &d->permission;
	bool known = p->has_plan && (strcmp(p->newest, p->plan.accepted.revision ?: "") == 0 ||
				     strcmp(p->newest, p->plan.target.revision ?: "") == 0);

	if (!d->fleet || !d->tree || permission_part(d) != MEMBER_JOINED || p->wiped)
		return;
	if (!p->has_plan || (!known && !p->plan.paused))
		conditions_add(c, "no-leader", "", ALERT_CRITICAL,
			       d->settings->rollout.settle + d->settings->rollout.vanish_timeout,
			       "revision %.12s is in ZooKeeper and no leader has taken it up; this "
			       "host stays on what it runs",
			       p->newest);
}

static void gather(struct daemon *d, struct conditions *c)
{
	struct nginx_status n;

	deploy_nginx_status(d->deploy, &n);
	check_zookeeper(d, c);
	check_fleet(d, c);
	check_nginx(d, &n, c);
	check_deaths(d, &n, c);
	check_config(d, c);
	check_leader(d, c);
	if (d->leader)
		conditions_append(c, leader_conditions(d->leader));
}

/* --- telling --------------------------------------------------------------------------------- */

static void log_alert(const struct alert *a)
{
	const char *colon = *a->subject ? " " : "";

	if (a->event == ALERT_CLEARED)
		log_notice("alert %s%s%s is over%s", a->key, colon, a->subject,
			   a->flaps ? " (it came and went)" : "");
	else if (a->severity == ALERT_CRITICAL)
		log_error("alert %s%s%s: %s", a->key, colon, a->subject, a->message);
	else
		log_warning("alert %s%s%s: %s", a->key, colon, a->subject, a->message);
}

static void run_command(struct daemon *d, const struct alert *a)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	char since[32], at[32];

	status_time(timing_to_wall(a->since), since);
	status_time(timing_wall(), at);
	alert_print(a, &(struct alert_stamp){ .host = d->host, .since = since, .time = at }, &text);
	hooks_run(d->alarm.hooks, &(struct hook_spec){
					  .name = "alerts.command",
					  .argv = d->settings->alerts.command,
					  .input = text.data,
					  .input_size = text.size,
					  .deadline = d->settings->alerts.timeout,
					  .keep_all = true,
				  });
}

static void tell(void *daemon, const struct alert *a)
{
	struct daemon *d = daemon;

	log_alert(a);
	if (d->settings->alerts.command[0])
		run_command(d, a);
	report_soon(d);
}

/* --- when ------------------------------------------------------------------------------------ */

void alarm_update(struct daemon *d)
{
	const struct alerts_settings *s = &d->settings->alerts;
	struct alert_rules rules = {
		.raise_after = s->raise_after,
		.clear_after = s->clear_after,
		.repeat = s->repeat,
	};
	struct conditions now = { 0 };
	uint64_t due, settles;

	if (!d->alarm.timer)
		return;
	gather(d, &now);
	if (now.count)
		now.count = conditions_fold(now.arena, now.items, now.count, NAMED_MOST);
	due = alerts_update(d->alarm.alerts, &rules, now.items, now.count, timing_now(), tell, d);
	conditions_clear(&now);
	settles = settles_at(d);
	timing_at(d->alarm.timer, settles < due ? settles : due);
}

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	alarm_update(userdata);
	report_soon(userdata); /* a problem that has settled is to be told of */
	return 0;
}

void alarm_forget(struct daemon *d, const char *prefix)
{
	alerts_forget(d->alarm.alerts, prefix);
}

size_t alarm_raised(const struct daemon *d, const struct alert **out)
{
	return alerts_raised(d->alarm.alerts, out);
}

void alarm_init(struct daemon *d)
{
	d->alarm.alerts = alerts_new();
	d->alarm.hooks = hooks_new(d->loop);
	if (!d->once)
		d->alarm.timer = timing_new(d->loop, on_timer, d);
}

void alarm_fini(struct daemon *d)
{
	sd_event_source_disable_unref(TAKE(d->alarm.timer));
	hooks_free(TAKE(d->alarm.hooks));
	alerts_free(TAKE(d->alarm.alerts));
}
