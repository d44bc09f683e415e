/*
 * The spine: newest tree → model → bundle → deployment → outcome, and again.
 *
 * There is one path. Whatever changes (a znode, the settings, nginx, time), it is
 * converge() that runs, from the newest settled tree; while a deployment is in
 * flight or reloads are to be spaced, it only remembers that it has to. So the
 * cost is bounded by deployments and the newest tree always wins.
 *
 * What nginx refuses is traced to its cause (refusal.c), and the path runs again without the
 * znodes at fault.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "core/compose/compose.h"
#include "core/discover/discover.h"
#include "core/render/render.h"
#include "daemon.h"

#define INCLUDE_PAUSE (10 * USEC_PER_SEC)

/* --- the way there -------------------------------------------------------------------------- */

static int on_again(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct daemon *d = userdata;

	d->again_at = NEVER;
	converge(d);
	return 0;
}

/* The earliest of all wishes counts; the next run states its own anew. */
void converge_at(struct daemon *d, uint64_t when)
{
	if (when >= d->again_at)
		return;
	d->again_at = when;
	if (!d->again)
		d->again = timing_new(d->loop, on_again, d);
	timing_at(d->again, when);
}

static double ms_since(uint64_t *then)
{
	uint64_t now = timing_now(), spent = now - *then;

	*then = now;
	return (double)spent / 1000.0;
}

/* What could not be read has been filled in with what was there before (permission.c). */
static void add_unreadable(struct daemon *d)
{
	size_t first = d->problems.count;

	mirror_problems(d->mirror, &d->problems);
	for (size_t i = first; i < d->problems.count; i++) {
		struct problem *p = &d->problems.items[i];

		if (tree_has_within(d->tree, p->znode))
			p->serving = SERVING_PREVIOUS;
	}
}

static struct model *run_compose(struct daemon *d, const struct tree *tree, uint64_t *due)
{
	struct compose_input in = {
		.tree = tree,
		.accepted = d->accepted,
		.good = d->good,
		.root = d->settings->zookeeper.config,
		.policy = &d->policy,
		.names = last_names_view(d->last_names),
		.guard = d->guard,
		.rules = &d->guard_rules,
		.now = timing_now(),
		.confirmed = operator_confirmed,
		.ctx = d,
		.host = host_config_claims(&d->host_config, d->deploy),
		.sockets_are_free = host_config_sockets_are_free(d->deploy),
	};

	return compose(&in, &d->problems, due);
}

void converge_end_attempt(struct daemon *d)
{
	struct attempt *a = &d->attempt;

	model_free(a->model);
	tree_unref(a->tree);
	bundle_unref(a->bundle);
	*a = (struct attempt){ 0 };
}

/* What this host may run of what there is. */
static void choose_tree(struct daemon *d)
{
	add_unreadable(d);
	d->attempt.tree = permission_tree(d, d->tree, d->attempt.revision);
	memcpy(d->seen, d->permission.newest, sizeof(d->seen));
}

struct bundle *converge_render(struct daemon *d, const struct model *m)
{
	struct render_options options = {
		.log_directory = d->settings->nginx.log_directory,
		.cache_directory = stage_cache_directory(d->stage),
	};

	deploy_render_options(d->deploy, &options);
	return render(m, &options);
}

static void want_names(struct daemon *d, const struct model *m)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct name_list list = { .arena = a };

	for (size_t i = 0; i < m->name_count; i++)
		name_list_add(&list, m->names[i]);
	refusal_want_names(d, &list);
	name_list_sort(&list);
	names_cache_want(d->names, list.items, list.count);
}

/* The same bytes were refused, and not long ago. */
static void put_off(struct daemon *d)
{
	judge_put_off(d);
	converge_end_attempt(d);
	if (!d->once)
		return;
	d->exit_code = 1;
	sd_event_exit(d->loop, 0);
}

/* False: the paths that it discovers at are not mirrored yet. */
static bool make_model(struct daemon *d, uint64_t *due)
{
	struct attempt *a = &d->attempt;
	CLEANUP(tree_unrefp) struct tree *tree = NULL;

	choose_tree(d);
	operator_read(d);
	tree = refusal_filter(d);
	a->model = run_compose(d, tree, due);
	operator_problems(d);
	if (roots_follow(&d->roots, a->model, d->mirror)) {
		converge_end_attempt(d);
		return false;
	}
	want_names(d, a->model);
	refusal_leave_out_lost(d);
	return true;
}

static void run(struct daemon *d)
{
	struct attempt *a = &d->attempt;
	uint64_t clock = timing_now(), due = NEVER;

	d->dirty = false;
	problems_fini(&d->problems);
	problems_init(&d->problems);
	d->again_at = NEVER;
	if (!make_model(d, &due))
		return;
	a->steps_ms[STEP_DECODE] = ms_since(&clock);
	a->bundle = converge_render(d, a->model);
	a->steps_ms[STEP_RENDER] = ms_since(&clock);
	converge_at(d, due < quarantine_due(d->quarantine) ? due : quarantine_due(d->quarantine));
	judge_run(d);
	if (refusal_waits(d, a->bundle))
		put_off(d);
	else
		deploy_want(d->deploy, a->bundle, a->model->pending ? d->applied : a->revision);
	report_problems(d->report, &d->problems);
}

void converge(struct daemon *d)
{
	uint64_t when = NEVER;

	d->dirty = true;
	if (!d->tree || d->attempt.model || refusal_is_busy(d))
		return; /* the tree's arrival, or the outcome, comes back here */
	if (d->roots.waiting) {
		daemon_report_unreadable(d);
		return;
	}
	if (!deploy_is_ready(d->deploy, timing_now(), &when)) {
		converge_at(d, when);
		return;
	}
	run(d);
}

void converge_on_tree(void *daemon, struct tree *tree)
{
	struct daemon *d = daemon;

	tree_unref(d->tree);
	d->tree = tree_ref(tree);
	d->roots.waiting = false;
	permission_on_tree(d);
	converge(d);
	daemon_update_leader(d);
}

void converge_on_change(void *daemon)
{
	struct daemon *d = daemon;

	refusal_on_change(d);
	report_soon(d->report);
	converge(d);
}

void converge_on_names(void *daemon)
{
	struct daemon *d = daemon;

	refusal_on_names(d);
	report_soon(d->report);
	converge(d);
}

/* --- the way back --------------------------------------------------------------------------- */

/* nginx runs it, or will when it starts: from now on this is the last good form of everything. */
void converge_accept(struct daemon *d, struct model *model)
{
	struct tree *sources = model_sources(model);
	bool changed = !tree_same(sources, d->accepted);
	struct err e;

	model_free(d->good);
	d->good = model;
	tree_unref(d->accepted);
	d->accepted = sources;
	last_names_keep(d->last_names, d->good);
	if (changed && stage_record(d->stage, stage_live(d->stage), sources, &e) < 0)
		log_warning("%s (the last good forms of znodes would not survive a restart)",
			    e.text);
}

static void accept_attempt(struct daemon *d, const struct outcome *o)
{
	permission_keep(d);
	converge_accept(d, TAKE(d->attempt.model));
	if (!d->good->pending && o->in_force)
		memcpy(d->applied, d->attempt.revision, sizeof(d->applied));
	refusal_on_accepted(d, o);
}

static void on_accepted(struct daemon *d, const struct outcome *o)
{
	accept_attempt(d, o);
}

/* nginx does not run it, so nothing is accepted. No event tells that nginx.conf was corrected, so
 * it is tested again regularly. */
static void on_not_included(struct daemon *d, const struct outcome *o UNUSED)
{
	refusal_forget(d);
	converge_at(d, timing_now() + INCLUDE_PAUSE);
}

static void on_stream_not_included(struct daemon *d, const struct outcome *o)
{
	accept_attempt(d, o);
	converge_at(d, timing_now() + INCLUDE_PAUSE);
}

static void on_failed(struct daemon *d, const struct outcome *o)
{
	refusal_host(d, o);
}

static void (*const outcomes[DEPLOY_RESULT_N])(struct daemon *d, const struct outcome *o) = {
	[DEPLOY_UNCHANGED] = on_accepted,
	[DEPLOY_APPLIED] = on_accepted,
	[DEPLOY_DEFERRED] = on_accepted,
	[DEPLOY_NOT_INCLUDED] = on_not_included,
	[DEPLOY_STREAM_NOT_INCLUDED] = on_stream_not_included,
	[DEPLOY_UNKNOWN] = on_accepted,
	[DEPLOY_REFUSED] = refusal_trace,
	[DEPLOY_REJECTED] = refusal_trace,
	[DEPLOY_DIED] = refusal_trace,
	[DEPLOY_FAILED] = on_failed,
};

/* --once: leave when nothing more is going to happen soon. */
static void leave_if_done(struct daemon *d, const struct outcome *o)
{
	bool good = o->result == DEPLOY_APPLIED || o->result == DEPLOY_UNCHANGED ||
		    o->result == DEPLOY_DEFERRED;

	if (!d->once || d->dirty || d->again_at < timing_now() + 3 * USEC_PER_SEC)
		return;
	d->exit_code = good && d->problems.count == 0 ? 0 : 1;
	sd_event_exit(d->loop, 0);
}

void converge_on_done(void *daemon, const struct outcome *o)
{
	struct daemon *d = daemon;

	if (refusal_takes_outcome(d, o))
		return;
	outcomes[o->result](d, o);
	if (outcomes[o->result] == refusal_trace) {
		/* the rest follows when the search is over */
		report_outcome(d->report, o, d->attempt.steps_ms);
		return;
	}
	judge_outcome(d, o);
	report_outcome(d->report, o, d->attempt.steps_ms);
	converge_end_attempt(d);
	refusal_watch(d);
	if (host_config_has_changed(&d->host_config, d->deploy))
		d->dirty = true; /* nginx.conf was not known, or is another one */
	daemon_update_leader(d);
	leave_if_done(d, o);
	if (d->dirty)
		converge(d);
}

void converge_fini(struct daemon *d)
{
	converge_end_attempt(d);
	refusal_fini(d);
	sd_event_source_disable_unref(TAKE(d->again));
}
