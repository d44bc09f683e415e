/*
 * What nginx has is `model` while that is not persisted, and the model that it runs (running.h)
 * otherwise. `rest` tells what else it has; while that is not known, everything is deployed.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "live_parts.h"
#include "sys/timing.h"

const struct model *live_model(const struct live *l)
{
	return l->model ?: l->spec.running->good;
}

static void forget_model(struct live *l)
{
	model_free(TAKE(l->model));
	l->due = NEVER;
}

static void forget_change(struct live *l)
{
	servers_forget_change(l->servers);
	slow_start_forget(&l->steps.slow);
	if (l->arena)
		arena_free(TAKE(l->arena));
	l->apply = (struct apply){ 0 };
}

/* --- slow starts ----------------------------------------------------------------------------- */

static enum servers_state compare(struct live *l, const struct model *m, const char **upstream)
{
	return servers_compare(l->servers, m, slow_start_given(&l->steps.slow), false, upstream);
}

bool live_may_take(const struct live *l)
{
	const struct deploy *d = l->spec.deploy;

	return l->knows_rest && !l->failed && servers_has_module(l->servers) &&
	       (!deploy_is_in_flight(d) || deploy_is_persisting(d));
}

/* Steps wait for everything else, and go by the clock, so none is lost. */
static bool may_step(void *ctx)
{
	struct live *l = ctx;
	const char *upstream;

	return live_may_take(l) && !deploy_is_in_flight(l->spec.deploy) &&
	       !l->spec.attempt->model && !servers_is_changing(l->servers) &&
	       compare(l, live_model(l), &upstream) == SERVERS_AGREE;
}

static const struct model *model_of(void *ctx)
{
	return live_model(ctx);
}

bool live_is_stepping(const struct live *l)
{
	return l->steps.stepping;
}

/* --- an attempt ------------------------------------------------------------------------------ */

/* Its bytes may be live, but the workers may have other servers: deploy has to reload nginx. While
 * something is persisted nothing is decided: what is on disk will be something else. */
static enum live_answer leave(struct live *l, const char *why)
{
	bool same = stage_live_is(l->spec.stage, l->spec.attempt->bundle);

	if (deploy_is_in_flight(l->spec.deploy))
		return LIVE_NOT_TAKEN;
	if (why)
		log_debug("nginx is reloaded: %s", why);
	if (same && (l->model || l->failed))
		deploy_doubt(l->spec.deploy);
	return LIVE_NOT_TAKEN;
}

/* Do the workers have what they should, and the files the rest of it? Asked again, because a reload
 * by someone else may have begun while the run was made. What the workers that said hello have was
 * compared when they said it. */
static bool is_certain(const struct live *l)
{
	return deploy_has_loaded_live(l->spec.deploy) && servers_are_heard(l->servers);
}

static enum live_answer change(struct live *l, const char *revision)
{
	struct err e;

	if (strcmp(revision, l->spec.running->applied) != 0)
		return leave(l, "the revision is another one");
	if (!is_certain(l))
		return leave(l, "not every worker has said what it runs");
	if (servers_change(l->servers, &l->apply, &e) < 0)
		return leave(l, e.text);
	return LIVE_TAKEN;
}

static enum live_answer persist(struct live *l, const char *revision, uint64_t now)
{
	const char *upstream;

	if (deploy_is_in_flight(l->spec.deploy))
		return LIVE_NOT_TAKEN; /* the last one is not over */
	if (now < l->due && strcmp(revision, l->spec.running->applied) == 0)
		return LIVE_LATER;
	if (compare(l, l->model, &upstream) != SERVERS_AGREE)
		return leave(l, "not every worker has the servers that it was given");
	deploy_persist(l->spec.deploy, l->spec.attempt->bundle, revision);
	return LIVE_PERSISTED;
}

static void decide(struct live *l)
{
	const struct attempt *t = l->spec.attempt;
	struct apply_side before = { live_model(l), l->knows_rest ? &l->rest : NULL, NULL };
	struct apply_side after = { t->model, &t->bundle->rest, NULL };

	forget_change(l);
	l->arena = arena_new();
	slow_start_decide(&l->steps.slow, before, after, timing_now(), l->arena, &l->apply);
}

enum live_answer live_take(struct live *l, const char *revision, uint64_t now)
{
	enum live_answer answer = LIVE_NOT_TAKEN;

	if (!live_may_take(l))
		return leave(l, NULL);
	decide(l);
	if (l->apply.way == APPLY_RELOAD)
		answer = leave(l, l->apply.why);
	else if (l->apply.way == APPLY_SERVERS)
		answer = change(l, revision);
	else if (l->model)
		answer = persist(l, revision, now);
	if (answer != LIVE_TAKEN)
		forget_change(l);
	return answer;
}

uint64_t live_due(const struct live *l)
{
	return deploy_is_in_flight(l->spec.deploy) ? NEVER : l->due;
}

static void on_changed(void *ctx, const char *error)
{
	struct live *l = ctx;
	size_t upstreams = l->apply.count, operations = apply_size(&l->apply);

	/* If nginx had the right servers before, it has them now. When a worker says hello,
	 * on_news() is called, and all is compared again. */
	l->agrees = l->agrees && !error && !l->steps.stepping;
	if (l->steps.stepping) {
		stepper_take(&l->steps, error);
		l->failed |= error != NULL;
		l->ops->on_stepped(l->ctx, error);
		return;
	}
	if (!error)
		slow_start_commit(&l->steps.slow);
	forget_change(l);
	if (error) {
		l->failed = true;
		log_notice("nginx is reloaded, because its servers could not be changed without: "
			   "%s",
			   error);
		l->ops->on_taken(l->ctx, error);
		return;
	}
	log_info("nginx has %zu change%s of servers in %zu upstream%s, without a reload",
		 operations, PLURAL(operations), upstreams, PLURAL(upstreams));
	model_free(l->model);
	l->model = TAKE(l->spec.attempt->model);
	if (l->due == NEVER)
		l->due = timing_now() + l->spec.nginx->persist_gap;
	stepper_arm(&l->steps, live_model(l));
	l->updates++;
	l->ops->on_taken(l->ctx, NULL);
}

/* --- what becomes of deployments ------------------------------------------------------------- */

void live_outcome(struct live *l, const struct outcome *o)
{
	l->agrees = false;
	if (o->result != DEPLOY_PROVED && o->result != DEPLOY_REFUSED && o->result != DEPLOY_FAILED)
		l->knows_rest = false;
}

/* What a daemon before this one knew is not known: at its first outcome no server is new. */
static void take_over(struct live *l, const struct model *m)
{
	slow_start_follow(&l->steps.slow, live_model(l), m, timing_now(),
			  l->has_accepted && servers_has_module(l->servers));
	l->has_accepted = true;
	l->agrees = false;
	forget_model(l);
	stepper_arm(&l->steps, m);
}

bool live_accept(struct live *l, const struct outcome *o)
{
	const struct attempt *t = l->spec.attempt;
	bool has_newer = t->is_behind && (o->persisted || o->result == DEPLOY_UNCHANGED);
	bool is_ahead = has_newer && l->model;

	l->rest = t->bundle->rest;
	l->knows_rest = true;
	if (!has_newer)
		l->failed = false;
	if (is_ahead)
		l->due = timing_now() + l->spec.nginx->persist_gap;
	else
		take_over(l, t->model);
	return is_ahead;
}

/* Nobody knows what servers nginx has: what is on disk is loaded again, once. */
static bool doubt(struct live *l, const char *upstream)
{
	if (l->reloaded)
		return false;
	l->reloaded = true;
	log_notice("nginx has other servers in the upstream %s than it was given; it is reloaded",
		   upstream);
	deploy_doubt(l->spec.deploy);
	return true;
}

/* A reload by someone else has loaded what was persisted. */
static bool go_back(struct live *l)
{
	const char *upstream;

	slow_start_follow(&l->steps.slow, l->model, l->spec.running->good, timing_now(), false);
	forget_model(l);
	stepper_on_reload(&l->steps);
	if (servers_compare(l->servers, live_model(l), NULL, true, &upstream) == SERVERS_DIFFER)
		doubt(l, upstream);
	return true;
}

/* Has nginx the servers with their full weights, in place of those that it was given? */
static bool was_reloaded(struct live *l)
{
	const char *upstream;

	if (!slow_start_given(&l->steps.slow)->count ||
	    servers_compare(l->servers, live_model(l), NULL, true, &upstream) != SERVERS_AGREE)
		return false;
	stepper_on_reload(&l->steps);
	return true;
}

bool live_look(struct live *l)
{
	const char *upstream;
	enum servers_state state;

	if (l->agrees || !l->knows_rest || !servers_has_module(l->servers))
		return false;
	state = compare(l, live_model(l), &upstream);
	l->agrees = state == SERVERS_AGREE;
	if (l->agrees)
		l->reloaded = false;
	if (state != SERVERS_DIFFER || was_reloaded(l))
		return false;
	return l->model ? go_back(l) : doubt(l, upstream);
}

bool live_is_changing(const struct live *l)
{
	return servers_is_changing(l->servers);
}

/* --- the workers ----------------------------------------------------------------------------- */

static const struct master *master(void *ctx)
{
	const struct live *l = ctx;

	return deploy_master(l->spec.deploy);
}

static void on_stranger(void *ctx)
{
	struct live *l = ctx;

	deploy_look_soon(l->spec.deploy);
}

static void on_news(void *ctx)
{
	struct live *l = ctx;

	l->agrees = false;
	l->ops->on_news(l->ctx);
}

/* --- in and out ------------------------------------------------------------------------------ */

void live_configure(struct live *l, const struct nginx_settings *nginx)
{
	bool use = nginx->servers == SERVERS_AUTO && !l->spec.once;

	l->spec.nginx = nginx;
	l->agrees = false;
	if (!use)
		stepper_end(&l->steps);
	servers_use(l->servers, use);
}

struct live *live_new(const struct live_spec *spec, const struct live_ops *ops, void *ctx)
{
	static const struct servers_ops servers_ops = { master, on_stranger, on_news, on_changed };
	static const struct stepper_ops stepper_ops = { may_step, model_of };
	struct live *l = xcalloc(1, sizeof(*l));

	*l = (struct live){ .spec = *spec, .ops = ops, .ctx = ctx, .due = NEVER };
	l->servers = servers_new(spec->loop, &servers_ops, l);
	stepper_init(&l->steps, spec->loop, l->servers, &stepper_ops, l);
	return l;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	stepper_end(&l->steps);
	forget_change(l);
	stepper_fini(&l->steps);
	servers_free(l->servers);
	model_free(l->model);
	free(l);
}
