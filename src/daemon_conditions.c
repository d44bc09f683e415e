/*
 * What is wrong on this host, as conditions: each owner's by a function. The report adds those
 * about problems of znodes, the leader those of the fleet; the alarm makes alerts of all of them.
 */
#include <string.h>

#include "daemon.h"

#define DEATHS_LAST (10 * 60 * USEC_PER_SEC) /* how long a worker's death stays a condition */
#define CUT_SHORT_LAST (10 * 60 * USEC_PER_SEC)

static bool is_recent(uint64_t when, uint64_t howlong)
{
	return when && timing_now() - when < howlong;
}

static void check_zookeeper(const struct daemon *d, struct conditions *c)
{
	const struct session *s = mirror_session(d->mirror);

	if (session_state(s) != SESSION_CONNECTED)
		conditions_add(c, "zookeeper-lost", "", ALERT_CRITICAL, session_timeout(s),
			       "no healthy ZooKeeper server answers (%s); nginx keeps serving the "
			       "last good generation",
			       d->settings->zookeeper.hosts);
}

/* Whether this host is registered in the fleet. While ZooKeeper is away, zookeeper-lost is enough.
 */
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
			       "this host is not registered in the fleet: %s",
			       *why ? why : "its session for the fleet is not connected");
	if (is_recent(session_cut_short(mirror_session(d->mirror)), CUT_SHORT_LAST) ||
	    (s && is_recent(session_cut_short(s), CUT_SHORT_LAST)))
		conditions_add(c, "zookeeper-session-ended", "", ALERT_WARNING, 1,
			       "a ZooKeeper session of this host ended before its timeout: another "
			       "client closed it, or the server that answered did not know it");
}

static void check_process(const struct daemon *d, const struct instance_state *n,
			  struct conditions *c)
{
	if (n->workers == 0)
		conditions_add(c, "nginx-workerless", "", ALERT_CRITICAL, 0,
			       "the nginx master (process %ld) has no worker that serves requests",
			       n->pid);
	if (!n->responding)
		conditions_add(c, "nginx-unresponsive", "", ALERT_CRITICAL, 0,
			       "the nginx master (process %ld) does not handle signals, so no "
			       "change can be loaded: %s",
			       n->pid, n->why);
	if (n->old_since && d->settings->nginx.linger != NEVER)
		conditions_add(c, "nginx-old-workers", "", ALERT_WARNING, d->settings->nginx.linger,
			       "%u old worker%s of nginx still serve%s old connections "
			       "(worker_shutdown_timeout in %s limits how long)",
			       n->old_workers, PLURAL(n->old_workers),
			       n->old_workers == 1 ? "s" : "", d->settings->nginx.config);
}

static void check_includes(const struct daemon *d, const struct instance_state *n,
			   struct conditions *c)
{
	const char *config = d->settings->nginx.config, *live = stage_live_directory(d->stage);

	if (n->includes == NGINX_INCLUDES_NOTHING)
		conditions_add(c, "nginx-not-included", "", ALERT_CRITICAL, 0,
			       "%s does not include %s/http.conf, so nothing from ZooKeeper goes "
			       "live: put the line \"include %s/http.conf;\" into the http { } "
			       "block",
			       config, live, live);
	else if (n->includes == NGINX_INCLUDES_NO_STREAM)
		conditions_add(c, "nginx-not-included", "", ALERT_CRITICAL, 0,
			       "%s does not include %s/stream.conf, so stream snippets do not go "
			       "live: put the line \"include %s/stream.conf;\" into a stream { } "
			       "block, beside http { }",
			       config, live, live);
}

static void check_files(const struct daemon *d, const struct instance_state *n,
			struct conditions *c)
{
	check_includes(d, n, c);
	if (n->drifted)
		conditions_add(c, "nginx-drift", "", ALERT_WARNING, 0,
			       "another program has changed %s/%s, which belongs to zknginxd "
			       "(nginx.drift = \"%s\")",
			       stage_live_directory(d->stage), n->drifted,
			       drift_mode_name(d->settings->nginx.drift));
}

static void check_probe(const struct daemon *d, const struct nginx_status *n, struct conditions *c)
{
	if (n->has_probe && !n->probe.answers)
		conditions_add(c, "nginx-probe-silent", "", ALERT_WARNING, 0,
			       "nginx does not answer its probe at %s: %s",
			       d->settings->nginx.probe, n->probe.why);
}

static void check_deaths(struct daemon *d, const struct instance_state *n, struct conditions *c)
{
	if (n->deaths > d->deaths)
		d->last_death = timing_now();
	d->deaths = n->deaths;
	if (is_recent(d->last_death, DEATHS_LAST))
		conditions_add(c, "nginx-workers-died", "", ALERT_WARNING, 1,
			       "workers of nginx died (%lu since zknginxd started): see nginx's "
			       "error log",
			       n->deaths);
}

/* The last change failed because of this host. */
static void check_host(const struct daemon *d, const struct instance_state *n, struct conditions *c)
{
	enum host_condition wrong = d->refusal.condition;

	if (wrong == HOST_IS_WELL || (wrong == HOST_NGINX_BUSY && !n->responding))
		return;
	conditions_add(c, host_condition_key(wrong), "", ALERT_CRITICAL, 0,
		       "no change goes live on this host: %s; nginx keeps serving generation %lu",
		       d->refusal.message, stage_live(d->stage));
}

static void check_nginx(struct daemon *d, struct conditions *c)
{
	struct nginx_status n;

	deploy_nginx_status(d->deploy, &n);
	if (n.nginx.state != NGINX_STATE_RUNNING) {
		conditions_add(c, "nginx-down", "", ALERT_CRITICAL, 0, "nginx is not running: %s",
			       n.nginx.why);
	} else {
		check_process(d, &n.nginx, c);
		check_files(d, &n.nginx, c);
		check_probe(d, &n, c);
	}
	check_host(d, &n.nginx, c);
	check_deaths(d, &n.nginx, c);
}

static void check_refusal(const struct daemon *d, struct conditions *c)
{
	if (d->refusal.ground)
		conditions_add(c, "nginx-test-fails", "", ALERT_CRITICAL, 0,
			       "nginx -t fails even for the configuration that nginx runs: %s; "
			       "nginx keeps serving, but could not be started again, and no change "
			       "can be deployed",
			       d->refusal.ground);
	if (d->refusal.message && !d->refusal.of_host)
		conditions_add(c, "config-rejected", "", ALERT_CRITICAL, 0,
			       "the configuration cannot be deployed, and nginx keeps serving the "
			       "previous one: %s",
			       d->refusal.message);
}

/* Does the plan move on? Only a host that follows it needs to know. */
static void check_leader(const struct daemon *d, struct conditions *c)
{
	const struct permission *p = &d->permission;
	bool known = p->has_plan && (strcmp(p->newest, p->plan.accepted.revision ?: "") == 0 ||
				     strcmp(p->newest, p->plan.target.revision ?: "") == 0);

	if (!d->fleet || !d->tree || permission_part(d) != MEMBER_JOINED || p->wiped)
		return;
	if (!p->has_plan || (!known && !p->plan.paused))
		conditions_add(
			c, "no-leader", "", ALERT_CRITICAL,
			d->settings->rollout.settle + d->settings->rollout.vanish_timeout,
			"no leader has planned revision %.12s, the newest in ZooKeeper; this "
			"host keeps the revision that it runs",
			p->newest);
}

void daemon_update_alerts(struct daemon *d)
{
	struct conditions now = { 0 };
	uint64_t due;

	if (d->once)
		return;
	check_zookeeper(d, &now);
	check_fleet(d, &now);
	check_nginx(d, &now);
	check_refusal(d, &now);
	check_leader(d, &now);
	if (d->leader)
		conditions_append(&now, leader_conditions(d->leader));
	due = report_conditions(d->report, &now);
	alarm_update(d->alarm, &now, due);
	conditions_clear(&now);
}
