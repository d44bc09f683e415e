/* The conditions of this host: what is wrong with ZooKeeper, the membership, nginx, the
 * configuration as a whole, and the plan. */
#include <string.h>

#include "agent_checks.h"
#include "converge.h"
#include "core/text/utc.h"
#include "sys/timing.h"

#define DEATHS_LAST (10 * 60 * USEC_PER_SEC) /* how long a worker's death stays a condition */
#define PUSH_TAKES (10 * USEC_PER_SEC)       /* a large push that goes well */
#define SEARCH_TAKES (3 * USEC_PER_SEC)      /* a search that few znodes cause */
#define CUT_SHORT_LAST (10 * 60 * USEC_PER_SEC)
#define DISTRUST_LASTS (10 * 60 * USEC_PER_SEC)

static bool is_recent(uint64_t when, uint64_t howlong)
{
	return when && timing_now() - when < howlong;
}

static void check_zookeeper(const struct agent *a, struct conditions *c)
{
	const struct session *s = mirror_session(a->mirror);
	uint64_t when;
	const char *distrust = session_distrust(s, &when), *slow = session_slow(s);
	const char *unanswered = session_unanswered(s);

	if (is_recent(when, DISTRUST_LASTS))
		conditions_add(c, "zookeeper-distrusted", "", ALERT_WARNING, 1,
			       "%s; the connection was closed, and nothing that it sent was used; "
			       "another server is tried, and nginx keeps serving what it has",
			       distrust);
	if (*slow)
		conditions_add(c, "zookeeper-slow", "", ALERT_WARNING, 0,
			       "an answer of ZooKeeper arrives slowly: %s are here; changes wait "
			       "until all of it has arrived",
			       slow);
	if (session_state(s) != SESSION_CONNECTED)
		conditions_add(c, "zookeeper-lost", "", ALERT_CRITICAL, session_timeout(s),
			       "no healthy ZooKeeper server answers (%s%s%s); nginx keeps serving "
			       "the last good generation",
			       a->settings->zookeeper.hosts, *unanswered ? "; " : "", unanswered);
}

/* ZooKeeper answers, and what it has is not used. */
static void check_past(const struct agent *a, struct conditions *c)
{
	CLEANUP(buf_fini) struct buf seen = BUF_INIT;
	struct past_watch_facts past;

	past_watch_facts(a->past, &past);
	if (!past.rolled_back)
		return;
	utc_print(past.seen, &seen);
	conditions_add(c, "zookeeper-rolled-back", "", ALERT_CRITICAL, 1,
		       "ZooKeeper's history has gone back: what this host last saw, at %s, is not "
		       "there any more: %s. It was restored from a copy or wiped, or another "
		       "ensemble answers at %s. Nothing of it is applied: nginx keeps serving "
		       "revision %.12s, generation %lu. Bring the newer data back, or run "
		       "\"zknginxctl confirm --history\" to accept what ZooKeeper has now",
		       buf_str(&seen), past.message, a->settings->zookeeper.hosts,
		       *a->running.applied ? a->running.applied : "none", stage_live(a->stage));
}

/* Without credentials everything is open, as the operator knows: that is no alert. */
static void check_acls(const struct agent *a, struct conditions *c)
{
	struct acl_findings found = acl_audit_findings(a->acls);
	bool held = a->settings->zookeeper.require_acl;

	if (!found.open || !(held || found.restricted))
		return;
	conditions_add(c, "zookeeper-acl-open", "", held ? ALERT_CRITICAL : ALERT_WARNING, 0,
		       "every client that reaches ZooKeeper can change %s, and with it what nginx "
		       "serves%s; \"zknginxctl doctor\" says how to protect them",
		       found.text,
		       held ? "; zookeeper.require_acl is true, so nothing new is applied, and "
			      "nginx keeps serving what it has"
			    : "");
}

/* Whether this host is registered in the fleet. While ZooKeeper is away, zookeeper-lost is enough.
 */
static void check_fleet(const struct agent *a, struct conditions *c)
{
	const struct session *s = a->fleet ? fleet_session(a->fleet) : NULL;
	const char *why = "";
	enum fleet_membership m = s ? fleet_membership(a->fleet, &why) : FLEET_MEMBER;

	if (m == FLEET_DUPLICATE)
		conditions_add(c, "duplicate-host", "", ALERT_CRITICAL, 0,
			       "this host is not in the fleet: %s", why);
	else if (m == FLEET_PENDING &&
		 session_state(mirror_session(a->mirror)) == SESSION_CONNECTED)
		conditions_add(c, "host-not-in-fleet", "", ALERT_WARNING, session_timeout(s),
			       "this host is not registered in the fleet: %s",
			       *why ? why : "its session for the fleet is not connected");
	if (is_recent(session_cut_short(mirror_session(a->mirror)), CUT_SHORT_LAST) ||
	    (s && is_recent(session_cut_short(s), CUT_SHORT_LAST)))
		conditions_add(c, "zookeeper-session-ended", "", ALERT_WARNING, 1,
			       "a ZooKeeper session of this host ended before its timeout: another "
			       "client closed it, or the server that answered did not know it");
}

static void check_process(const struct agent *a, const struct instance_state *n,
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
	if (n->old_since && a->settings->nginx.linger != NEVER)
		conditions_add(c, "nginx-old-workers", "", ALERT_WARNING, a->settings->nginx.linger,
			       "%u old worker%s of nginx still serve%s old connections "
			       "(worker_shutdown_timeout in %s limits how long)",
			       n->old_workers, PLURAL(n->old_workers),
			       n->old_workers == 1 ? "s" : "", a->settings->nginx.config);
}

static void check_includes(const struct agent *a, const struct instance_state *n,
			   struct conditions *c)
{
	const char *config = a->settings->nginx.config, *live = stage_live_directory(a->stage);

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

static void check_files(const struct agent *a, const struct instance_state *n, struct conditions *c)
{
	check_includes(a, n, c);
	if (n->drifted)
		conditions_add(c, "nginx-drift", "", ALERT_WARNING, 0,
			       "another program has changed %s/%s, which belongs to zknginxd "
			       "(nginx.drift = \"%s\")",
			       stage_live_directory(a->stage), n->drifted,
			       drift_mode_name(a->settings->nginx.drift));
}

/* The next start of nginx would fail. */
static void check_disk(const struct agent *a, const struct instance_state *n, struct conditions *c)
{
	const char *binary = a->settings->nginx.binary;

	if (n->on_disk == REPLACED_REFUSES)
		conditions_add(
			c, "nginx-replaced-refuses", "", ALERT_CRITICAL, 1,
			"nginx was replaced on disk (%s, a module or a library), and its nginx -t "
			"refuses the live generation %lu: %s; the running nginx (process %ld) goes "
			"on, but a restart would fail: do not restart nginx; install the previous "
			"version or the missing module, or change the configuration that is "
			"refused",
			binary, stage_live(a->stage), n->on_disk_message, n->pid);
	else if (n->on_disk == REPLACED_MISSING)
		conditions_add(
			c, "nginx-binary-missing", "", ALERT_CRITICAL, 1,
			"%s does not exist any more; the running nginx (process %ld) goes on, "
			"and changes go live, but nginx cannot be started again: install "
			"nginx, or correct nginx.binary",
			binary, n->pid);
}

static void check_probe(const struct agent *a, const struct nginx_status *n, struct conditions *c)
{
	if (n->has_probe && !n->probe.answers)
		conditions_add(c, "nginx-probe-silent", "", ALERT_WARNING, 0,
			       "nginx does not answer its probe at %s: %s",
			       a->settings->nginx.probe, n->probe.why);
}

static void check_deaths(struct agent *a, const struct instance_state *n, struct conditions *c)
{
	if (n->deaths > a->deaths)
		a->last_death = timing_now();
	a->deaths = n->deaths;
	if (is_recent(a->last_death, DEATHS_LAST))
		conditions_add(c, "nginx-workers-died", "", ALERT_WARNING, 1,
			       "workers of nginx died (%lu since zknginxd started): see nginx's "
			       "error log",
			       n->deaths);
}

/* The last change failed because of this host. */
static void check_host(const struct agent *a, const struct instance_state *n, struct conditions *c)
{
	enum host_condition wrong = refusal_condition(a->refusal);
	bool is_ahead = live_model(a->live) != a->running.good; /* of what is on disk */

	if (wrong == HOST_IS_WELL || (wrong == HOST_NGINX_BUSY && !n->responding))
		return;
	conditions_add(c, host_condition_key(wrong), "", ALERT_CRITICAL, 0,
		       "%s on this host: %s; nginx keeps serving generation %lu%s",
		       is_ahead ? "only changes of servers go live" : "no change goes live",
		       refusal_message(a->refusal, NULL), stage_live(a->stage),
		       is_ahead ? " with other servers, which a reload or restart would lose" : "");
}

static void check_nginx(struct agent *a, struct conditions *c)
{
	struct nginx_status n;

	deploy_nginx_status(a->deploy, &n);
	if (n.nginx.state != NGINX_STATE_RUNNING) {
		conditions_add(c, "nginx-down", "", ALERT_CRITICAL, 0, "nginx is not running: %s",
			       n.nginx.why);
	} else {
		check_process(a, &n.nginx, c);
		check_files(a, &n.nginx, c);
		check_disk(a, &n.nginx, c);
		check_probe(a, &n, c);
	}
	check_host(a, &n.nginx, c);
	check_deaths(a, &n.nginx, c);
}

/* Does the nginx on disk accept what the one that runs does not load again? */
static bool needs_restart(const struct agent *a)
{
	struct nginx_status n;

	deploy_nginx_status(a->deploy, &n);
	return n.nginx.on_disk == REPLACED_PASSES;
}

static void check_refusal(const struct agent *a, struct conditions *c)
{
	const char *ground = refusal_ground(a->refusal);
	bool of_host;
	const char *message = refusal_message(a->refusal, &of_host);
	CLEANUP(freep) char *search = refusal_search_progress(a->refusal);

	if (ground)
		conditions_add(
			c, "nginx-test-fails", "", ALERT_CRITICAL, 0,
			"nginx -t refuses the configuration that nginx runs: %s; nginx keeps "
			"serving it, %s",
			ground,
			needs_restart(a)
				? "but no change can be deployed: nginx was replaced on disk, and "
				  "the one on disk accepts the configuration, so restart nginx"
				: "but a start of nginx would fail, and no change can be deployed");
	if (message && !of_host)
		conditions_add(c, "config-rejected", "", ALERT_CRITICAL, 0,
			       "the configuration cannot be deployed, and nginx keeps serving the "
			       "previous one: %s",
			       message);
	if (search)
		conditions_add(c, "config-search", "", ALERT_WARNING, SEARCH_TAKES, "%s", search);
}

/* Does the plan move on? Only a host that follows it needs to know. */
static void check_leader(const struct agent *a, struct conditions *c)
{
	struct permission_facts p;
	struct past_watch_facts past;
	bool known;

	permission_facts(a->permission, &p);
	past_watch_facts(a->past, &past);
	known = p.plan && (strcmp(p.newest_revision, p.plan->accepted.revision ?: "") == 0 ||
			   strcmp(p.newest_revision, p.plan->target.revision ?: "") == 0);
	if (!a->fleet || !p.newest || p.part != MEMBER_JOINED || p.wiped || p.push || p.untrusted ||
	    past.rolled_back)
		return;
	if (!p.plan || (!known && !p.plan->paused))
		conditions_add(
			c, "no-leader", "", ALERT_CRITICAL,
			a->settings->rollout.settle + a->settings->rollout.vanish_timeout,
			"no leader has planned revision %.12s, the newest in ZooKeeper; this "
			"host keeps the revision that it runs",
			p.newest_revision);
}

static void check_push(const struct agent *a, struct conditions *c)
{
	CLEANUP(freep) char *how = NULL;
	const char *removed;
	CLEANUP(buf_fini) struct buf time = BUF_INIT;
	struct permission_facts p;

	permission_facts(a->permission, &p);
	if (!p.push)
		return;
	utc_print(p.push->time, &time);
	removed = config_push_removal(p.push);
	if (removed)
		how = xasprintf("\"zknginxctl rm -r %s\"", removed);
	conditions_add(c, "config-push-unfinished", "", ALERT_WARNING, PUSH_TAKES,
		       "%s %s by %s, which began at %s, is unfinished: %lu znode%s not "
		       "%s yet, and no host takes the config; run %s again, or \"zknginxctl "
		       "rollback REVISION\"",
		       removed ? "the removal of" : "a push to",
		       removed ?: a->settings->zookeeper.config,
		       *p.push->by ? p.push->by : "an unknown client", buf_str(&time), p.push->left,
		       p.push->left == 1 ? " is" : "s are", removed ? "deleted" : "written",
		       how ?: "\"zknginxctl push\" of the same directory");
}

/* A removed or emptied config is a problem of its own. */
static void check_trust(const struct agent *a, struct conditions *c)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct permission_facts p;

	permission_facts(a->permission, &p);
	if (!p.untrusted || p.push || p.wiped)
		return;
	conditions_add(c, "config-unsigned", "", ALERT_CRITICAL, 0,
		       "%s: %s; \"zknginxctl sign\" signs the config with a trusted key",
		       a->settings->zookeeper.config,
		       trust_explain(permission_trust(a->permission), arena, p.newest_revision,
				     a->running.applied));
}

void agent_conditions(struct agent *a, struct conditions *out)
{
	check_zookeeper(a, out);
	check_past(a, out);
	check_acls(a, out);
	check_fleet(a, out);
	check_nginx(a, out);
	check_refusal(a, out);
	check_leader(a, out);
	check_push(a, out);
	check_trust(a, out);
	agent_checks_conditions(a->checker, out);
}
