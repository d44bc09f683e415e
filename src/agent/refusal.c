/*
 * What becomes of a refusal: which step follows which, and how it ends.
 *
 * The attempt of the spine stays as it is until the work is over, so the spine waits. All tests go
 * through one budget: a refusal that lasts must not cost much.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "core/compose/compose.h"
#include "core/render/render.h"
#include "daemon.h"

#define REFUSAL_PAUSE (5 * USEC_PER_SEC)
#define REFUSAL_PAUSE_MAX (5 * 60 * USEC_PER_SEC)
#define HOST_PAUSE_MAX (30 * USEC_PER_SEC) /* a cause on this host is often over soon */
#define TEST_MIN (4 * USEC_PER_SEC)        /* nginx -t may take that long, or … */
#define TEST_FACTOR 20                     /* … so many times what it takes for what nginx runs */

/* --- tests ----------------------------------------------------------------------------------- */

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct daemon *d = userdata;

	d->refusal.again(d);
	return 0;
}

bool refusal_may_test(struct daemon *d, void (*again)(struct daemon *d))
{
	struct refusal *r = &d->refusal;
	uint64_t now = timing_now(), due = budget_due(&r->budget, now), ready = now;

	if (r->real && !deploy_is_ready(d->deploy, now, &ready) && ready > due)
		due = ready;
	if (due <= now)
		return true;
	r->again = again;
	timing_at(r->timer, due);
	return false;
}

static void forget_test(struct refusal *r)
{
	model_free(TAKE(r->model));
	bundle_unref(TAKE(r->bundle));
}

/* The znodes are a finished model's: nothing is guarded a second time. */
static struct model *compose_sources(struct daemon *d, const struct tree *sources)
{
	struct compose_input in = {
		.tree = sources,
		.accepted = sources,
		.good = d->good,
		.root = d->settings->zookeeper.config,
		.policy = &d->policy,
		.names = last_names_view(d->last_names),
		.host = host_config_claims(&d->host_config, d->deploy),
		.sockets_are_free = host_config_sockets_are_free(d->deploy),
	};
	struct problems ignored;
	struct model *m;

	problems_init(&ignored);
	m = compose(&in, &ignored, NULL);
	problems_fini(&ignored);
	return m;
}

static uint64_t longest_test(const struct daemon *d)
{
	uint64_t usual = TEST_FACTOR * deploy_test_duration(d->deploy);

	return usual > TEST_MIN ? usual : TEST_MIN;
}

void refusal_test(struct daemon *d, struct tree *sources)
{
	struct refusal *r = &d->refusal;
	bool whole = r->step == REFUSAL_PART || (r->real && r->step == REFUSAL_SEARCH);

	forget_test(r);
	r->model = compose_sources(d, sources);
	r->bundle = converge_render(d, r->model);
	r->test_began = timing_now();
	if (whole)
		deploy_want(d->deploy, r->bundle, d->applied);
	else
		deploy_test(d->deploy, r->bundle, longest_test(d));
}

bool refusal_is_success(const struct outcome *o)
{
	static const bool good[DEPLOY_RESULT_N] = {
		[DEPLOY_UNCHANGED] = true,
		[DEPLOY_APPLIED] = true,
		[DEPLOY_DEFERRED] = true,
		[DEPLOY_PROVED] = true,
		[DEPLOY_STREAM_NOT_INCLUDED] = true,
		[DEPLOY_UNKNOWN] = true,
	};

	return good[o->result];
}

char *refusal_sentence(const struct daemon *d, const char *message)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct bundle *bundle = d->refusal.bundle ?: d->attempt.bundle;
	struct blame b = { 0 };

	if (bundle)
		b = blame_find(a, bundle, stage_live_directory(d->stage), message);
	return xstrdup(b.message && *b.message ? b.message : message);
}

/* --- the way through ------------------------------------------------------------------------- */

bool refusal_is_busy(const struct daemon *d)
{
	return d->refusal.step != REFUSAL_IDLE;
}

void refusal_whole(struct daemon *d, enum problem_kind kind, bool of_host, const char *message)
{
	struct refusal *r = &d->refusal;
	char *copy = xstrdup(message);

	free(r->message);
	r->message = copy;
	r->kind = kind;
	r->of_host = of_host;
	r->condition = HOST_IS_WELL;
	r->digest = d->attempt.bundle->digest;
	r->pause = r->pause ? 2 * r->pause : REFUSAL_PAUSE;
	if (r->pause > REFUSAL_PAUSE_MAX)
		r->pause = REFUSAL_PAUSE_MAX;
	r->due = timing_now() + r->pause;
	d->dirty = true; /* the next run finds the refusal, and reports it */
}

void refusal_host(struct daemon *d, const struct outcome *o)
{
	struct refusal *r = &d->refusal;

	refusal_whole(d, PROBLEM_RELOAD, true, o->message);
	r->condition = o->condition;
	if (r->pause > HOST_PAUSE_MAX)
		r->pause = HOST_PAUSE_MAX;
	r->due = timing_now() + r->pause;
}

void refusal_forget(struct daemon *d)
{
	struct refusal *r = &d->refusal;

	free(TAKE(r->message));
	r->condition = HOST_IS_WELL;
	r->pause = 0;
}

void refusal_trace(struct daemon *d, const struct outcome *o)
{
	struct refusal *r = &d->refusal;

	if (!r->began)
		r->began = timing_now();
	r->real = o->result != DEPLOY_REFUSED;
	r->blamed = r->real ? PROBLEM_RELOAD : PROBLEM_NGINX;
	r->warned = o->warning;
	free(r->first);
	r->first = xstrdup(o->message);
	forget_test(r);
	r->bundle = bundle_ref(d->attempt.bundle);
	if (r->real)
		refusal_search(d, d->accepted, d->attempt.model, r->first);
	else
		refusal_ask_ground(d);
}

void refusal_finish(struct daemon *d)
{
	struct refusal *r = &d->refusal;

	r->step = REFUSAL_IDLE;
	r->real = false;
	refusal_search_fini(r);
	forget_test(r);
	free(TAKE(r->first));
	refusal_watch(d);
	converge_end_attempt(d);
	converge_at(d, 0); /* not from here: whoever called may still look at the attempt */
}

/* This host failed: a full disk, no process. No znode is at fault. */
static void give_up(struct daemon *d, const struct outcome *o)
{
	if (d->attempt.bundle)
		refusal_host(d, o);
	refusal_finish(d);
}

bool refusal_takes_outcome(struct daemon *d, const struct outcome *o)
{
	static void (*const takers[])(struct daemon * d, const struct outcome *o) = {
		[REFUSAL_GROUND] = refusal_on_ground, [REFUSAL_BARE] = refusal_on_bare,
		[REFUSAL_LOST] = refusal_on_searched, [REFUSAL_SEARCH] = refusal_on_searched,
		[REFUSAL_PART] = refusal_on_part,     [REFUSAL_RETEST] = refusal_on_retest,
	};
	struct refusal *r = &d->refusal;
	uint64_t now = timing_now();

	if (r->condition != HOST_IS_WELL && o->result != DEPLOY_FAILED)
		refusal_forget(d);
	if (r->step == REFUSAL_IDLE)
		return false;
	budget_spend(&r->budget, now, now - r->test_began);
	if (o->result == DEPLOY_FAILED)
		give_up(d, o);
	else
		takers[r->step](d, o);
	return true;
}

/* --- for the spine --------------------------------------------------------------------------- */

bool refusal_waits(struct daemon *d, const struct bundle *b)
{
	struct refusal *r = &d->refusal;

	if (!r->message || !digest_equal(&r->digest, &b->digest) || timing_now() >= r->due)
		return false;
	if (!r->of_host) {
		problems_add(&d->problems, d->settings->zookeeper.config, r->kind, NULL, "%s",
			     r->message)
			->serving = SERVING_PREVIOUS;
		problems_sort(&d->problems);
	}
	converge_at(d, r->due);
	return true;
}

/* Whoever changes the configuration may have changed what was refused, or what it clashed with.
 * What is refused for the first time comes first: a part of the budget is kept for that. */
static void release_if_changed(struct daemon *d)
{
	struct refusal *r = &d->refusal;
	uint64_t now = timing_now();

	if (strcmp(r->revision, d->attempt.revision) == 0)
		return;
	memcpy(r->revision, d->attempt.revision, sizeof(r->revision));
	if (budget_is_ample(&r->budget, now, 2 * quarantine_count(d->quarantine)))
		quarantine_release(d->quarantine, false);
}

struct tree *refusal_filter(struct daemon *d)
{
	struct attempt *a = &d->attempt;

	release_if_changed(d);
	quarantine_expire(d->quarantine, a->tree, d->accepted, timing_now());
	return quarantine_apply(d->quarantine, a->tree, d->accepted, &d->problems);
}

/* Only when something else has changed: for its own sake nothing is taken out. */
void refusal_leave_out_lost(struct daemon *d)
{
	struct attempt *a = &d->attempt;
	CLEANUP(tree_unrefp) struct tree *sources = model_sources(a->model);
	CLEANUP(tree_unrefp) struct tree *rest = NULL;
	bool pending;

	d->refusal.leaves_out = false;
	if (tree_same(sources, d->accepted))
		return;
	rest = quarantine_leave_out(d->quarantine, sources, timing_now());
	if (!rest)
		return;
	pending = a->model->pending;
	model_free(a->model);
	a->model = compose_sources(d, rest);
	a->model->pending = pending;
	d->refusal.leaves_out = true;
}

void refusal_on_accepted(struct daemon *d, const struct outcome *o)
{
	struct refusal *r = &d->refusal;

	refusal_forget(d);
	r->began = 0;
	r->contradicted = false;
	if (quarantine_accept(d->quarantine, d->accepted, &d->problems))
		report_problems(d->report, &d->problems);
	/* its problem says something else from now on */
	d->dirty = d->dirty || r->leaves_out;
	r->leaves_out = false;
	if (!o->tested)
		return;
	if (o->passed) {
		deploy_know_warnings(d->deploy, o->warnings);
		refusal_ground_holds(d);
		if (quarantine_find_again(d->quarantine, d->accepted))
			d->dirty = true;
	} else {
		refusal_doubt_ground(d, o->message);
	}
}

void refusal_on_change(struct daemon *d)
{
	struct refusal *r = &d->refusal;

	r->due = r->ground_due = 0;
	quarantine_release(d->quarantine, true);
}

void refusal_init(struct daemon *d)
{
	budget_init(&d->refusal.budget, timing_now());
	d->refusal.timer = timing_new(d->loop, on_timer, d);
	refusal_watch_init(d);
}

void refusal_fini(struct daemon *d)
{
	struct refusal *r = &d->refusal;

	refusal_watch_fini(d);
	refusal_search_fini(r);
	forget_test(r);
	free(TAKE(r->first));
	free(TAKE(r->message));
	sd_event_source_disable_unref(TAKE(r->timer));
}
