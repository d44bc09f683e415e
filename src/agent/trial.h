/*
 * The trial: this host's own verdict on a revision that it runs before other hosts do.
 *
 * A trial begins when the plan names this host. It is fed with values: the problems of a run, the
 * outcome of a deployment. While nginx runs the revision, it takes a sample of nginx's health each
 * second and runs the operator's gate command. The verdict goes into the member znode, where the
 * leader reads it.
 */
#ifndef ZKNGINX_AGENT_TRIAL_H
#define ZKNGINX_AGENT_TRIAL_H

#include <systemd/sd-event.h>
#include <zknginx/member.h>
#include <zknginx/problem.h>
#include <zknginx/settings.h>

#include "core/rollout/rollout.h"
#include "nginx/deploy.h"

struct trial_spec {
	sd_event *loop;
	const struct settings *settings; /* until trial_use_settings() */
	const char *host;
};

struct trial_ops {
	/* A trial begins: what was refused before is to be tried again. */
	void (*on_begin)(void *ctx);
	/* Another revision is on trial, or the verdict has changed. */
	void (*on_change)(void *ctx);
	/* The health of nginx now. */
	void (*nginx)(void *ctx, struct nginx_status *out);
};

struct trial;
struct trial *trial_new(const struct trial_spec *spec, const struct trial_ops *ops, void *ctx);
void trial_free(struct trial *t);
void trial_use_settings(struct trial *t, const struct settings *settings);

/* What this host is permitted to run may have changed. `known`: the problems of the last run, which
 * do not count against a revision whose trial begins now. */
void trial_permit(struct trial *t, const struct permit *p, const struct problems *known);

/* --- what happens to a revision; if it is not on trial, nothing is done ------------------------
 */

/* The problems of a run with it. */
void trial_problems(struct trial *t, const char *revision, const struct problems *problems);
/* A deployment of it is over. pending: nginx runs only a part of it so far. */
void trial_outcome(struct trial *t, const char *revision, const struct outcome *o, bool pending);
/* nginx refused it as a whole, and it is not tried again for a while. */
void trial_refused(struct trial *t, const char *revision, const char *message);

/* The verdict, for the member znode; borrowed. */
void trial_fill(const struct trial *t, struct member *m);

#endif
