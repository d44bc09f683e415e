/*
 * The way of servers into nginx without a reload. This is the seam: converge.c gives each attempt
 * to live_take() before it deploys it. What is taken comes back through on_taken(); what is not is
 * deployed as without the module. Nothing else in the agent knows the difference.
 *
 * The attempt differs from what nginx has in
 *
 *	nothing, and all is on disk	not taken: nginx/deploy finds nothing to do
 *	servers of upstreams with a zone	the workers get them at once; persisted later
 *	nothing, but not all is on disk	persisted, when nginx.persist_gap is over
 *	anything else	not taken
 *
 * To persist means: the same path runs again, and its text is staged, tested and published without
 * a signal. Only then is it the last good form of its znodes. So what is refused is traced as ever,
 * and after that a reload by anyone serves the same. The guards compare with both: with what was
 * persisted, and with what the workers were given since.
 *
 * Servers that start slowly have other weights in the workers than in the files. The steps of these
 * are changes of servers that no attempt asks for: they are made while nothing else is under way,
 * for all upstreams in one change, at most once a second. A reload by anyone gives all servers
 * their full weights; then the ramps are taken up again where they would be by now.
 *
 * The workers get servers while something is persisted, too. What else there is to do waits: the
 * attempt is not taken, and the path runs again when that deployment is over. Its report waits for
 * the change under way (deploy_hold()), so what it is accepted into stays as it is until then.
 *
 * Each doubt ends in a reload: live_take() does not take the attempt, or on_taken() has an error.
 */
#ifndef ZKNGINX_AGENT_LIVE_H
#define ZKNGINX_AGENT_LIVE_H

#include <zknginx/settings.h>

#include "attempt.h"
#include "nginx/deploy.h"
#include "nginx/servers.h"
#include "running.h"
#include "stepper.h"

struct live_spec { /* all borrowed */
	sd_event *loop;
	const struct nginx_settings *nginx;
	struct deploy *deploy;
	struct stage *stage;
	struct attempt *attempt;
	const struct running *running;
	bool once; /* nothing is given to the workers */
};

struct live_ops {
	/* The workers have the attempt's servers; or error: they may not, and it has to be
	 * deployed. */
	void (*on_taken)(void *ctx, const char *error);
	/* A worker has said hello, or is gone: live_look() is due, when nothing is under way. */
	void (*on_news)(void *ctx);
	/* A step of slow starts is over. error: the path has to run again, which reloads nginx. */
	void (*on_stepped)(void *ctx, const char *error);
};

struct live;
struct live *live_new(const struct live_spec *spec, const struct live_ops *ops, void *ctx);
void live_free(struct live *l);
void live_configure(struct live *l, const struct nginx_settings *nginx);

/* Is a step of slow starts under way? Nothing else may begin until on_stepped(). */
bool live_is_stepping(const struct live *l);

/* May an attempt be taken while reloads are to be spaced? */
bool live_may_take(const struct live *l);

enum live_answer {
	LIVE_NOT_TAKEN, /* it is to be deployed, or has to wait for a deployment */
	LIVE_TAKEN,     /* on_taken() follows */
	LIVE_PERSISTED, /* deploy_want() was called for it, or its like */
	LIVE_LATER,     /* nginx has it; it is persisted when live_due() has come */
};
/* revision: of the deployment. now: CLOCK_MONOTONIC. */
enum live_answer live_take(struct live *l, const char *revision, uint64_t now);
/* When something is to be persisted; NEVER: nothing is, or something is persisted now. */
uint64_t live_due(const struct live *l);

/* A deployment, or one of a search, is over. */
void live_outcome(struct live *l, const struct outcome *o);
/* The attempt was accepted, after live_outcome(). Before its model is taken over. True: the workers
 * were given more since it was made, and still have that. */
bool live_accept(struct live *l, const struct outcome *o);
/* While nothing is under way: has nginx the servers that it should have? True: it has not, so the
 * path has to run again. It costs nothing while nothing has happened since it had them. */
bool live_look(struct live *l);
/* Are the workers being given servers? */
bool live_is_changing(const struct live *l);

/* What nginx has: the model of what was persisted, or what the workers were given since then. Good
 * until the next attempt is over. */
const struct model *live_model(const struct live *l);
/* Will other servers of this upstream come to nginx without a reload, as far as is known? */
bool live_takes(const struct live *l, const struct upstream *u);

/* --- for the status --- */

/* Of live_model(). */
const struct config_numbers *live_numbers(struct live *l);

/* What nginx said of its servers after the call before this one; it is asked again. */
void live_fill_servers(struct live *l, struct numbers *n);

/* How often nginx was given servers without a reload. */
unsigned long live_updates(const struct live *l);
/* Has nginx the module? */
bool live_has_module(const struct live *l);
/* The servers that start slowly. */
const struct ramps *live_ramps(const struct live *l);
/* Why the servers of this upstream are not changed without a reload: a clause; NULL: they are. */
const char *live_why_not(const struct live *l, const struct upstream *u);

#endif
