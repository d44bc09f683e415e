/*
 * The spine: newest tree → model → bundle → deployment → outcome, and again.
 *
 * There is one path. Whatever changes (a znode, the settings, nginx, time), converge() runs it from
 * the newest settled tree. While a deployment is in flight, or reloads are to be spaced, it only
 * notes that a run is due, or gives the workers other servers. So the cost is bounded by the
 * deployments, and the newest tree always wins.
 *
 *	agent.c		lifetimes, and what others ask of the agent
 *	converge.c	when a run begins, and what its outcome means
 *	candidate.c	what a run deploys
 *	deliver.c	how it comes to nginx: live.c, or nginx/deploy
 *	persist.c	the files that follow a change of servers
 *	accept.c	what nginx has taken of it
 *	agent_status.c, agent_conditions.c	what others see of it
 */
#ifndef ZKNGINX_AGENT_CONVERGE_H
#define ZKNGINX_AGENT_CONVERGE_H

#include "agent.h"
#include "attempt.h"
#include "core/compose/guard.h"
#include "core/fleet/override.h"
#include "core/policy/policy.h"
#include "host/checker.h"
#include "host/names.h"
#include "host_config.h"
#include "last_names.h"
#include "live.h"
#include "nginx/stage.h"
#include "past_watch.h"
#include "permission.h"
#include "refusal.h"
#include "running.h"
#include "trial.h"
#include "zk/acl_audit.h"
#include "zk/mirror.h"
#include "zk/roots.h"

struct agent {
	sd_event *loop;
	const struct settings *settings;
	const char *host;
	bool once;
	const struct agent_ops *ops;
	void *ctx;
	struct fleet *fleet; /* NULL: none */

	struct stage *stage;
	struct deploy *deploy;
	struct live *live;
	struct mirror *mirror;
	struct past_watch *past;
	struct acl_audit *acls;
	bool acl_held; /* zookeeper.require_acl: nothing new is applied */
	struct roots roots;
	struct names_cache *names;
	struct checker *checker;
	struct last_names *last_names;
	struct host_config host_config;
	struct policy policy;
	struct decode_cache *decoded; /* of the last run … */
	struct linked *linked;
	struct rendered *rendered;
	struct guard *guard;
	struct guard_rules guard_rules;
	struct overrides *overrides;
	struct permission *permission;
	struct trial *trial;
	struct refusal *refusal;

	struct running running;
	struct attempt attempt;
	struct attempt persisting; /* persist.h */
	struct problems problems;  /* of the last run */
	bool dirty;                /* something has changed since the last run began */
	sd_event_source *again;    /* timer: a run is due … */
	uint64_t again_at;         /* … at that time; NEVER = it is off */

	int64_t newest_zxid;  /* the newest transaction in the newest tree; 0: there is none */
	unsigned long deaths; /* of workers, when agent_conditions() last looked */
	uint64_t last_death;
};

/* Something has changed, or may have: run the path from the newest tree as soon as possible. */
void converge(struct agent *a);

/* Callbacks; the first argument is the agent. */
void converge_on_settled(void *agent, struct tree *tree);
void converge_on_tree(void *agent, struct tree *tree, const struct problems *unreadable);
void converge_on_past(void *agent);
void converge_on_mirror_state(void *agent);
void converge_on_done(void *agent, const struct outcome *o);
void converge_on_nginx(void *agent);
void converge_on_taken(void *agent, const char *error);
void converge_on_workers(void *agent);
void converge_on_stepped(void *agent, const char *error);
void converge_on_names(void *agent);
void converge_on_fetched(void *agent);
void converge_on_failures(void *agent);
void converge_on_acl(void *agent);
void converge_on_refusal_over(void *agent);

#endif
