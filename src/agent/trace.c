/* The steps of a trace: which follows which, and how it ends. */
#include <stdlib.h>

#include <zknginx/err.h>
#include <zknginx/log.h>

#include "ground.h"
#include "refusal_search.h"
#include "search_found.h"
#include "sys/timing.h"
#include "trace.h"

enum trace_step {
	TRACE_IDLE,
	TRACE_GROUND, /* what nginx runs is tested by itself */
	TRACE_BARE,   /* … it does not pass: does nginx.conf pass without any of it? */
	TRACE_LOST,   /* … it does: which accepted znodes does nginx not load any more? */
	TRACE_SEARCH, /* which of the changes does nginx accept? */
	TRACE_RETEST, /* the ground did not pass: does it now? */
};

struct trace {
	const struct settings *settings;
	const struct trace_ops *ops;
	void *ctx;
	const struct attempt *attempt;
	const struct running *running;
	struct deploy *deploy;
	struct quarantine *quarantine;
	struct tester tester;
	struct ground ground;
	struct refusal_search search;
	enum trace_step step;
	enum problem_kind blamed; /* the kind of the problems that come of the search */
	bool real;                /* nginx -t passed; only the reload failed */
	char *first;              /* what nginx said of the whole candidate */
	bool warned;              /* … which it would have accepted, with a warning */
	bool contradicted;        /* the last search found that nginx accepts all of it */
};

/* --- the end --------------------------------------------------------------------------------- */

bool trace_is_busy(const struct trace *t)
{
	return t->step != TRACE_IDLE;
}

static void finish(struct trace *t)
{
	t->step = TRACE_IDLE;
	t->real = false;
	refusal_search_end(&t->search);
	tester_forget(&t->tester);
	free(TAKE(t->first));
	t->ops->on_over(t->ctx);
}

/* This host failed: a full disk, no process. No znode is at fault. */
static void give_up(struct trace *t, const struct outcome *o)
{
	if (t->attempt->bundle)
		t->ops->host(t->ctx, o);
	finish(t);
}

/* --- the ground ------------------------------------------------------------------------------ */

static void fail_ground(struct trace *t, const struct bundle *b, const char *message)
{
	ground_fail(&t->ground, tester_sentence(&t->tester, b, message));
	t->ops->on_ground(t->ctx);
}

static void pass_ground(struct trace *t)
{
	if (!t->ground.message)
		return;
	ground_pass(&t->ground);
	t->ops->on_ground(t->ctx);
}

/* The cause is on this host; the attempt has to wait. */
static void wait_for_host(struct trace *t)
{
	if (t->attempt->bundle) {
		CLEANUP(freep)
		char *text =
			xasprintf("nginx -t fails even without the change: %s", t->ground.message);

		t->ops->wait_for_host(t->ctx, text);
	}
	finish(t);
}

/* What nginx runs, or nginx.conf without any of it. */
static void test_step(void *trace)
{
	struct trace *t = trace;
	CLEANUP(tree_unrefp)
	struct tree *sources =
		t->step == TRACE_BARE ? tree_empty() : tree_ref(t->running->accepted);

	if (tester_may_test(&t->tester, false, test_step, t))
		tester_test(&t->tester, sources);
}

/* If nginx.conf passes without any of the configuration, nginx cannot load some of the accepted
 * znodes any more. */
static void on_ground_failed(struct trace *t, const char *message)
{
	fail_ground(t, t->tester.bundle, message);
	if (t->ground.traced || tree_count(t->running->accepted) == 0) {
		wait_for_host(t);
		return;
	}
	t->step = TRACE_BARE;
	test_step(t);
}

static void test_ground(struct trace *t)
{
	CLEANUP(tree_unrefp) struct tree *sources = model_sources(t->attempt->model);

	t->step = TRACE_GROUND;
	if (tree_same(sources, t->running->accepted) && !t->warned)
		on_ground_failed(t, t->first);
	else
		test_step(t);
}

/* --- the search ------------------------------------------------------------------------------ */

static void search_changes(struct trace *t)
{
	t->step = TRACE_SEARCH;
	refusal_search_begin(&t->search, &(struct refusal_search_spec){
						 .base = t->running->accepted,
						 .candidate = t->attempt->model,
						 .root = t->settings->zookeeper.config,
						 .message = t->first,
						 .reloads = t->real,
						 .quarantine = t->quarantine,
						 .applied = t->running->applied,
					 });
}

static void search_lost(struct trace *t)
{
	CLEANUP(tree_unrefp) struct tree *nothing = tree_empty();

	t->step = TRACE_LOST;
	refusal_search_begin(&t->search, &(struct refusal_search_spec){
						 .base = nothing,
						 .candidate = t->running->good,
						 .root = t->settings->zookeeper.config,
					 });
}

static void refuse_whole(struct trace *t)
{
	const char *message = t->first ?: t->ground.message;
	CLEANUP(freep) char *text = NULL;

	if (!t->attempt->bundle)
		return;
	text = tester_sentence(&t->tester, t->tester.bundle, message);
	t->ops->whole(t->ctx, t->blamed, text);
}

static void end_changes(struct trace *t, enum search_end end)
{
	size_t refused = search_found_refused(&t->search, t->quarantine, t->blamed);

	refusal_search_log(&t->search, refused, end);
	if (end == SEARCH_OUTDATED) {
		finish(t);
		return;
	}
	/* nginx refused it all and then accepts all of it: no znode is the cause. It may be over
	 * now. If that happens twice, the next try has to wait. */
	if (!refused && t->contradicted)
		refuse_whole(t);
	t->contradicted = !refused;
	finish(t);
}

static void on_search_end(void *trace, enum search_end end)
{
	struct trace *t = trace;

	if (end == SEARCH_NO_CHANGE) {
		refuse_whole(t);
		finish(t);
	} else if (end == SEARCH_STOPPED) {
		finish(t);
	} else if (t->step == TRACE_LOST) {
		search_found_lost(&t->search, t->quarantine, t->ground.message,
				  t->settings->nginx.lost_ground);
		wait_for_host(t);
	} else {
		end_changes(t, end);
	}
}

static void on_search_accept(void *trace, struct model *m)
{
	struct trace *t = trace;

	t->ops->accept(t->ctx, m);
}

static void on_search_progress(void *trace)
{
	struct trace *t = trace;

	t->ops->on_progress(t->ctx);
}

void trace_on_newer(struct trace *t)
{
	refusal_search_on_newer(&t->search);
}

char *trace_search_sentence(const struct trace *t)
{
	return refusal_search_sentence(&t->search);
}

/* --- the outcomes of tests ------------------------------------------------------------------- */

static void on_ground_passed(struct trace *t, const struct outcome *o)
{
	tester_keep_warnings(&t->tester, o->warnings);
	pass_ground(t);
	quarantine_find_again(t->quarantine, t->running->accepted);
}

static void on_ground(struct trace *t, const struct outcome *o)
{
	if (o->result != DEPLOY_PROVED) {
		on_ground_failed(t, o->message);
		return;
	}
	on_ground_passed(t, o);
	/* was the candidate refused for a warning that what nginx runs gives as well? */
	if (t->warned && tester_knows_warnings(&t->tester, t->first)) {
		finish(t);
		return;
	}
	tester_use_bundle(&t->tester, t->attempt->bundle);
	search_changes(t);
}

static void on_bare(struct trace *t, const struct outcome *o)
{
	t->ground.traced = true;
	if (o->result != DEPLOY_PROVED) {
		wait_for_host(t);
		return;
	}
	tester_keep_warnings(&t->tester, o->warnings);
	search_lost(t);
}

static void on_searched(struct trace *t, const struct outcome *o)
{
	refusal_search_outcome(&t->search, o);
}

static void on_retest(struct trace *t, const struct outcome *o)
{
	if (o->result != DEPLOY_PROVED) {
		on_ground_failed(t, o->message);
		return;
	}
	on_ground_passed(t, o);
	t->ops->on_passed_again(t->ctx);
	finish(t);
}

bool trace_takes_outcome(struct trace *t, const struct outcome *o)
{
	static void (*const takers[])(struct trace * t, const struct outcome *o) = {
		[TRACE_GROUND] = on_ground, [TRACE_BARE] = on_bare,
		[TRACE_LOST] = on_searched, [TRACE_SEARCH] = on_searched,
		[TRACE_RETEST] = on_retest,
	};

	if (t->step == TRACE_IDLE)
		return false;
	tester_end_test(&t->tester);
	if (o->result == DEPLOY_FAILED)
		give_up(t, o);
	else
		takers[t->step](t, o);
	return true;
}

void trace_begin(struct trace *t, const struct outcome *o)
{
	if (!t->search.refused_since)
		t->search.refused_since = timing_now();
	t->real = o->result != DEPLOY_REFUSED;
	t->blamed = t->real ? PROBLEM_RELOAD : PROBLEM_NGINX;
	t->warned = o->warning;
	free(t->first);
	t->first = xstrdup(o->message);
	tester_forget(&t->tester);
	tester_use_bundle(&t->tester, t->attempt->bundle);
	if (t->real)
		search_changes(t);
	else
		test_ground(t);
}

/* --- the ground, seen from elsewhere ---------------------------------------------------------- */

void trace_on_accepted(struct trace *t, const struct outcome *o)
{
	refusal_search_on_accepted(&t->search);
	t->contradicted = false;
	if (!o->tested)
		return;
	if (o->passed) {
		deploy_know_warnings(t->deploy, o->warnings);
		pass_ground(t);
		return;
	}
	fail_ground(t, t->attempt->bundle, o->message);
	if (!t->ground.traced)
		t->ground.due = 0;
}

/* Not while something is under way that gives the same answer. A retest waits for the budget
 * without making others wait: a change is tested in any case. */
void trace_retest_if_due(struct trace *t)
{
	uint64_t now = timing_now();

	if (!t->ground.message || trace_is_busy(t) || t->attempt->model ||
	    deploy_is_in_flight(t->deploy) || now < t->ground.due ||
	    budget_due(&t->tester.budget, now) > now)
		return;
	t->step = TRACE_RETEST;
	test_step(t);
}

void trace_on_change(struct trace *t)
{
	t->ground.due = 0;
}

const char *trace_ground(const struct trace *t)
{
	return t->ground.message;
}

bool trace_has_budget(struct trace *t, size_t tests)
{
	return budget_is_ample(&t->tester.budget, timing_now(), tests);
}

/* --- lifetime -------------------------------------------------------------------------------- */

struct trace *trace_new(const struct trace_spec *spec, const struct trace_ops *ops,
			const struct tester_ops *tester_ops, void *ctx, void *tester_ctx)
{
	static const struct refusal_search_ops search_ops = { on_search_accept, on_search_progress,
							      on_search_end };
	struct trace *t = xcalloc(1, sizeof(*t));

	*t = (struct trace){
		.settings = spec->settings,
		.ops = ops,
		.ctx = ctx,
		.attempt = spec->attempt,
		.running = spec->running,
		.deploy = spec->deploy,
		.quarantine = spec->quarantine,
	};
	tester_init(&t->tester, spec->loop, spec->deploy, spec->live, tester_ops, tester_ctx);
	refusal_search_init(&t->search, &t->tester, spec->attempt, &search_ops, t);
	return t;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	refusal_search_fini(&t->search);
	tester_fini(&t->tester);
	ground_fini(&t->ground);
	free(t->first);
	free(t);
}

void trace_use_settings(struct trace *t, const struct settings *settings)
{
	t->settings = settings;
}
