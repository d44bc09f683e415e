/*
 * The agent: what this host runs.
 *
 * It mirrors the config, decides what this host may run of it, makes a model and nginx's files,
 * deploys them, and traces what nginx refuses to its cause. It owns the state directory, the
 * mirror and nginx/deploy. It knows nothing of its reports and of the leader: they get values, and
 * are told through the ops.
 */
#ifndef ZKNGINX_AGENT_H
#define ZKNGINX_AGENT_H

#include <systemd/sd-event.h>
#include <zknginx/member.h>
#include <zknginx/settings.h>
#include <zknginx/status.h>
#include <zknginx/tree.h>

#include "core/status/conditions.h"
#include "core/status/state.h"
#include "nginx/deploy.h"
#include "zk/fleet.h"

struct agent_spec {
	sd_event *loop;
	const struct settings *settings; /* until agent_use_settings() */
	const char *host;                /* borrowed */
	bool once;                       /* one deployment, then on_over() */
};

struct agent_ops {
	/* Something that the status or an alert depends on may have changed. */
	void (*on_change)(void *ctx);
	/* What the leader depends on may have changed: agent_facts(). */
	void (*on_facts)(void *ctx);
	/* A run is over, and these are its problems. */
	void (*on_problems)(void *ctx, const struct problems *problems);
	/* No run is possible until the next tree; these paths cannot be read now. */
	void (*on_unreadable)(void *ctx, const struct problems *unreadable);
	/* A deployment is over. */
	void (*on_outcome)(void *ctx, const struct deployed *d);
	/* With `once`: nothing more is to be done soon. good: everything is deployed, and there is
	 * no problem. */
	void (*on_over)(void *ctx, bool good);
};

struct agent;
/* known: problems that are not new, those of the last run before this start; copied. None of the
 * ops is called before this returns. ERR_INPUT: something in the state directory needs a person,
 * and a restart would not help. */
int agent_new(const struct agent_spec *spec, const struct problems *known,
	      const struct agent_ops *ops, void *ctx, struct agent **out, struct err *e);
void agent_free(struct agent *a);

/* Membership and the history; borrowed. NULL: there is none any more. */
void agent_join(struct agent *a, struct fleet *fleet);
/* The membership or the election has changed: it decides what this host may run. */
void agent_update(struct agent *a);
/* The settings before may be freed after this call. agent_retry() has to follow. */
void agent_use_settings(struct agent *a, const struct settings *settings);
/* Everything that was refused is tried again, and everything is read again. */
void agent_retry(struct agent *a);

/* --- values, borrowed until the next event ---------------------------------------------------- */

struct agent_facts {
	struct tree *newest;         /* what could not be read is filled in; NULL: none was read */
	const char *newest_revision; /* "" = none */
	bool whole;                  /* everything in it was read once at least */
	/* ZooKeeper is connected, and the newest tree is what it has: neither what was read before
	 * the connection was lost, nor an older history that is kept back. */
	bool current;
	int64_t stale_plan; /* the plan of this transaction is from an older history; 0: none */
	const char
		*accepted;   /* the revision that the fleet accepted last, as this host knows; "" */
	const char *plan;    /* … and the plan that this host followed last, JSON; "" */
	bool wiped;          /* its config has no object at all */
	bool unfinished;     /* … is incomplete: a push is unfinished */
	bool untrusted;      /* … has not the signature that trust.require asks for */
	struct tree *stored; /* the config that is stored on this host; NULL: none … */
	const char *stored_revision; /* … and its revision; "" = none */
	const char *applied;         /* revision that nginx is known to run; "" = none */
	unsigned long generation;    /* the live one; 0 = none */
	const char *zookeeper;       /* state of the mirror's session, by name */
};
void agent_facts(const struct agent *a, struct agent_facts *out);

/* Those of the state; the facts about problems are left as they are. */
void agent_status_facts(const struct agent *a, struct status_facts *out);
/* The parts of the status: revision, zookeeper, nginx, probe, rollout, discovery. Lists are made in
 * the arena. */
void agent_fill_status(const struct agent *a, struct status *s, struct arena *scratch);
/* Those that only /metrics shows, nginx's memory among them. */
void agent_fill_numbers(const struct agent *a, struct numbers *n);
/* The revisions, the part in rollouts, and the verdict. */
void agent_fill_member(const struct agent *a, struct member *m);
/* Adds the conditions of this host. */
void agent_conditions(struct agent *a, struct conditions *out);

#endif
