/* The agent: lifetimes, and what others ask of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accept.h"
#include "candidate.h"
#include "converge.h"
#include "core/compose/compose.h"
#include "core/compose/linked.h"
#include "core/decode/decode_cache.h"
#include "core/render/rendered.h"
#include "core/status/census.h"

/* --- callbacks of the parts ------------------------------------------------------------------ */

static void on_change(void *agent)
{
	struct agent *a = agent;

	a->ops->on_change(a->ctx);
}

static void on_permit(void *agent, const struct permit *p)
{
	struct agent *a = agent;

	trial_permit(a->trial, p, &a->problems);
}

static void on_trial(void *agent)
{
	struct agent *a = agent;

	refusal_retry(a->refusal);
}

static void nginx_of(void *agent, struct nginx_status *out)
{
	const struct agent *a = agent;

	deploy_nginx_status(a->deploy, out);
}

static bool is_live(void *agent, const char *upstream)
{
	const struct agent *a = agent;
	const struct upstream *u = model_upstream(live_model(a->live), upstream);

	return u && live_takes(a->live, u);
}

static void on_retry(void *agent)
{
	converge(agent);
}

static void on_problems(void *agent)
{
	struct agent *a = agent;

	a->ops->on_problems(a->ctx, &a->problems);
}

/* --- lifetime -------------------------------------------------------------------------------- */

static void take_settings(struct agent *a, const struct settings *s)
{
	a->settings = s;
	a->policy = policy_from_settings(s);
	a->guard_rules = (struct guard_rules){
		.max_shrink = s->guard.max_shrink,
		.window = s->guard.window,
		.hold = s->guard.hold,
		.readmit = s->guard.readmit,
	};
}

/* With nginx.drift = "report" a restart does not repair a drift. */
static int open_stage(struct agent *a, struct err *e)
{
	if (a->settings->nginx.drift == DRIFT_REPORT)
		return stage_open_as_it_is(&a->settings->state, &a->stage, e);
	return stage_open(&a->settings->state, &a->stage, e);
}

/* What nginx runs is what the state directory says: the last good form of every znode. */
static int open_state(struct agent *a, struct err *e)
{
	struct running *r = &a->running;

	if (open_stage(a, e) < 0 || stage_accepted_tree(a->stage, &r->accepted, r->applied, e) < 0)
		return -1;
	r->good = compose_accepted(r->accepted, a->settings->zookeeper.config, &a->policy,
				   last_names_view(a->last_names));
	host_config_adopt(stage_live_directory(a->stage), r->good);
	census_take(r->good, &r->numbers);
	checker_follow(a->checker, r->good);
	return 0;
}

static int open_names(struct agent *a, struct err *e)
{
	if (names_cache_new(a->loop, converge_on_names, a, &a->names, e) < 0)
		return -1;
	a->last_names = last_names_new(a->settings->state.directory, names_cache_view(a->names));
	return 0;
}

static int open_deploy(struct agent *a, struct err *e)
{
	static const struct deploy_ops deploy_ops = { converge_on_done, converge_on_nginx,
						      on_change };
	static const struct live_ops live_ops = { converge_on_taken, converge_on_workers,
						  converge_on_stepped };
	static const struct refusal_ops refusal_ops = {
		.tester = { candidate_compose_sources, candidate_render },
		.accept = accept_model,
		.on_over = converge_on_refusal_over,
		.on_retry = on_retry,
		.on_change = on_change,
		.on_problems = on_problems,
	};

	if (deploy_new(a->loop, &a->settings->nginx, a->stage, &deploy_ops, a, &a->deploy, e) < 0)
		return err_wrap(e, "nginx");
	a->live = live_new(&(struct live_spec){ .loop = a->loop,
						.nginx = &a->settings->nginx,
						.deploy = a->deploy,
						.stage = a->stage,
						.attempt = &a->attempt,
						.running = &a->running,
						.once = a->once },
			   &live_ops, a);
	a->refusal = refusal_new(&(struct refusal_spec){ .loop = a->loop,
							 .settings = a->settings,
							 .deploy = a->deploy,
							 .live = stage_live_directory(a->stage),
							 .attempt = &a->attempt,
							 .running = &a->running },
				 &refusal_ops, a);
	return 0;
}

static int open_mirror(struct agent *a, struct err *e)
{
	static const struct mirror_ops ops = { converge_on_settled, converge_on_mirror_state };
	CLEANUP(freep) struct mirror_root *list = NULL;
	size_t count;

	roots_init(&a->roots, &a->settings->zookeeper);
	list = roots_begin(&a->roots, a->running.good, &count);
	if (mirror_new(a->loop, "mirror", &a->settings->zookeeper, list, count, &ops, a, &a->mirror,
		       e) < 0)
		return err_wrap(e, "zookeeper");
	/* A daemon in a fleet leaves the mirror's session to the mirror. */
	if (a->once)
		acl_audit_use(a->acls, mirror_session(a->mirror));
	return 0;
}

static void make_parts(struct agent *a)
{
	static const struct permission_ops permission_ops = { on_permit, converge_on_fetched };
	static const struct trial_ops trial_ops = { on_trial, on_change, nginx_of };

	a->acls = acl_audit_new(a->loop, &a->settings->zookeeper, converge_on_acl, a);
	a->guard = guard_new();
	a->decoded = decode_cache_new();
	a->linked = linked_new();
	a->rendered = rendered_new();
	a->overrides = overrides_new();
	a->permission = permission_new(
		&(struct permission_spec){ .settings = a->settings, .host = a->host },
		&permission_ops, a);
	a->trial = trial_new(
		&(struct trial_spec){ .loop = a->loop, .settings = a->settings, .host = a->host },
		&trial_ops, a);
}

static int open_past(struct agent *a, struct err *e)
{
	static const struct past_watch_ops ops = { converge_on_tree, converge_on_past };

	return past_watch_new(a->loop, a->settings, &ops, a, &a->past, e);
}

static int open_parts(struct agent *a, struct err *e)
{
	static const struct checker_ops checker_ops = { on_change, is_live, converge_on_failures };

	a->checker = checker_new(a->loop, &checker_ops, a);
	if (open_names(a, e) < 0 || open_state(a, e) < 0 || open_past(a, e) < 0)
		return -1;
	make_parts(a);
	if (open_deploy(a, e) == 0 && open_mirror(a, e) == 0)
		return 0;
	if (e->code == ERR_INPUT)
		e->code = ERR_REFUSED; /* ERR_INPUT is for the state directory alone */
	return -1;
}

int agent_new(const struct agent_spec *spec, const struct problems *known,
	      const struct agent_ops *ops, void *ctx, struct agent **out, struct err *e)
{
	struct agent *a = xcalloc(1, sizeof(*a));

	*a = (struct agent){ .loop = spec->loop,
			     .host = spec->host,
			     .once = spec->once,
			     .ops = ops,
			     .ctx = ctx,
			     .again_at = NEVER };
	take_settings(a, spec->settings);
	problems_init(&a->problems);
	for (size_t i = 0; i < known->count; i++) {
		const struct problem *p = &known->items[i];

		problems_add(&a->problems, p->znode, p->kind, p->field, "%s", p->message);
	}
	if (open_parts(a, e) < 0) {
		agent_free(a);
		return -1;
	}
	live_configure(a->live, &a->settings->nginx);
	*out = a;
	return 0;
}

void agent_free(struct agent *a)
{
	if (!a)
		return;
	permission_free(a->permission);
	past_watch_free(a->past);
	mirror_free(a->mirror);
	live_free(a->live);
	deploy_free(a->deploy);
	trial_free(a->trial);
	attempt_end(&a->attempt);
	attempt_end(&a->persisting);
	refusal_free(a->refusal);
	sd_event_source_disable_unref(a->again);
	host_config_fini(&a->host_config);
	stage_close(a->stage);
	problems_fini(&a->problems);
	roots_fini(&a->roots);
	last_names_free(a->last_names);
	if (a->names)
		names_cache_free(a->names);
	guard_free(a->guard);
	decode_cache_free(a->decoded);
	linked_free(a->linked);
	rendered_free(a->rendered);
	checker_free(a->checker);
	acl_audit_free(a->acls);
	overrides_free(a->overrides);
	running_fini(&a->running);
	free(a);
}

/* --- what others ask ------------------------------------------------------------------------- */

void agent_join(struct agent *a, struct fleet *fleet)
{
	a->fleet = fleet;
	acl_audit_use(a->acls, fleet ? fleet_session(fleet) : NULL);
	permission_join(a->permission, fleet);
}

void agent_update(struct agent *a)
{
	acl_audit_permit_repair(a->acls, a->fleet && election_leads(fleet_election(a->fleet)));
	permission_update(a->permission);
	a->ops->on_facts(a->ctx);
	converge(a);
}

void agent_use_settings(struct agent *a, const struct settings *settings)
{
	take_settings(a, settings);
	deploy_configure(a->deploy, &settings->nginx);
	live_configure(a->live, &settings->nginx);
	stage_configure(a->stage, &settings->state);
	permission_use_settings(a->permission, settings);
	trial_use_settings(a->trial, settings);
	refusal_use_settings(a->refusal, settings);
	acl_audit_use_settings(a->acls, &settings->zookeeper);
}

void agent_retry(struct agent *a)
{
	refusal_retry(a->refusal);
	mirror_audit(a->mirror);
	acl_audit_again(a->acls);
	permission_update(a->permission);
	converge(a);
}
