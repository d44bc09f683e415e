/* What is refused, and until when: znodes in quarantine, and configurations as a whole. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/log.h>

#include "core/data/quarantine.h"
#include "refusal.h"
#include "refusal_watch.h"
#include "sys/timing.h"
#include "trace.h"

#define REFUSAL_PAUSE (5 * USEC_PER_SEC)
#define REFUSAL_PAUSE_MAX (5 * 60 * USEC_PER_SEC)
#define HOST_PAUSE_MAX (30 * USEC_PER_SEC) /* a cause on this host is often over soon */

struct refusal {
	const struct settings *settings;
	const struct refusal_ops *ops;
	void *ctx;
	const struct attempt *attempt;
	const struct running *running;
	struct quarantine *quarantine;
	struct trace *trace;
	struct refusal_watch watch;
	char revision[DIGEST_HEX_SIZE]; /* of the last run */

	/* The configuration as a whole is not in force. */
	struct digest digest;
	char *message; /* NULL: it is */
	enum problem_kind kind;
	bool of_host;                  /* no znode is at fault */
	enum host_condition condition; /* … but this */
	uint64_t pause, due;           /* when the same bytes may be tried again */
};

/* --- what a trace finds ---------------------------------------------------------------------- */

void refusal_watch_causes(struct refusal *r)
{
	refusal_watch_update(&r->watch, trace_ground(r->trace), r->quarantine);
}

void refusal_whole(struct refusal *r, enum problem_kind kind, bool of_host, const char *message)
{
	char *copy = xstrdup(message);

	free(r->message);
	r->message = copy;
	r->kind = kind;
	r->of_host = of_host;
	r->condition = HOST_IS_WELL;
	r->digest = *bundle_digest(r->attempt->bundle);
	r->pause = r->pause ? 2 * r->pause : REFUSAL_PAUSE;
	if (r->pause > REFUSAL_PAUSE_MAX)
		r->pause = REFUSAL_PAUSE_MAX;
	r->due = timing_now() + r->pause;
}

void refusal_host(struct refusal *r, const struct outcome *o)
{
	refusal_whole(r, PROBLEM_RELOAD, true, o->message);
	r->condition = o->condition;
	if (r->pause > HOST_PAUSE_MAX)
		r->pause = HOST_PAUSE_MAX;
	r->due = timing_now() + r->pause;
}

void refusal_forget(struct refusal *r)
{
	free(TAKE(r->message));
	r->condition = HOST_IS_WELL;
	r->pause = 0;
}

static void on_host(void *refusal, const struct outcome *o)
{
	refusal_host(refusal, o);
}

static void on_whole(void *refusal, enum problem_kind kind, const char *message)
{
	refusal_whole(refusal, kind, false, message);
}

static void on_wait_for_host(void *refusal, const char *message)
{
	struct refusal *r = refusal;

	refusal_whole(r, PROBLEM_NGINX, true, message);
	r->due = quarantine_next_loss(r->quarantine, timing_now());
}

static void on_accept(void *refusal, struct model *m)
{
	struct refusal *r = refusal;

	r->ops->accept(r->ctx, m);
}

static void on_ground(void *refusal)
{
	struct refusal *r = refusal;

	r->ops->on_change(r->ctx);
	refusal_watch_causes(r);
}

static void on_progress(void *refusal)
{
	struct refusal *r = refusal;

	r->ops->on_change(r->ctx);
}

static void on_over(void *refusal)
{
	struct refusal *r = refusal;

	refusal_watch_causes(r);
	r->ops->on_over(r->ctx);
}

void refusal_trace(struct refusal *r, const struct outcome *o)
{
	trace_begin(r->trace, o);
}

bool refusal_takes_outcome(struct refusal *r, const struct outcome *o)
{
	if (r->condition != HOST_IS_WELL && o->result != DEPLOY_FAILED)
		refusal_forget(r);
	return trace_takes_outcome(r->trace, o);
}

bool refusal_is_busy(const struct refusal *r)
{
	return trace_is_busy(r->trace);
}

void refusal_on_newer(struct refusal *r)
{
	trace_on_newer(r->trace);
}

/* --- on the way there ------------------------------------------------------------------------ */

bool refusal_waits(struct refusal *r, const struct bundle *b, struct problems *problems,
		   uint64_t *due)
{
	if (!r->message || !digest_equal(&r->digest, bundle_digest(b)) || timing_now() >= r->due)
		return false;
	if (!r->of_host) {
		problems_add(problems, r->settings->zookeeper.config, r->kind, NULL, "%s",
			     r->message)
			->serving = SERVING_PREVIOUS;
		problems_sort(problems);
	}
	*due = r->due;
	return true;
}

/* A change of the configuration may have changed what was refused, or what it clashed with. A part
 * of the budget is kept for what is refused for the first time. */
static void release_if_changed(struct refusal *r)
{
	if (strcmp(r->revision, r->attempt->revision) == 0)
		return;
	memcpy(r->revision, r->attempt->revision, sizeof(r->revision));
	if (trace_has_budget(r->trace, 2 * quarantine_count(r->quarantine)))
		quarantine_release(r->quarantine, false);
}

struct tree *refusal_filter(struct refusal *r, struct problems *problems)
{
	struct tree *tree = expansion_tree(r->attempt->expansion);
	struct tree *accepted = r->running->accepted;

	release_if_changed(r);
	quarantine_expire(r->quarantine, tree, accepted, timing_now());
	return quarantine_apply(r->quarantine, tree, accepted, problems);
}

/* Only together with another change: by themselves they stay. */
struct model *refusal_leave_out_lost(struct refusal *r)
{
	CLEANUP(tree_unrefp) struct tree *sources = NULL, *rest = NULL;
	struct model *m;

	if (quarantine_is_empty(r->quarantine))
		return NULL;
	sources = model_sources(r->attempt->model);
	if (tree_same(sources, r->running->accepted))
		return NULL;
	rest = quarantine_leave_out(r->quarantine, sources, timing_now());
	if (!rest)
		return NULL;
	m = r->ops->tester.compose(r->ctx, rest);
	m->pending = r->attempt->model->pending;
	return m;
}

uint64_t refusal_due(const struct refusal *r)
{
	return quarantine_due(r->quarantine);
}

void refusal_want_names(const struct refusal *r, struct name_list *wanted)
{
	refusal_watch_want_names(trace_ground(r->trace), r->quarantine, wanted);
}

/* --- a cause may be over --------------------------------------------------------------------- */

void refusal_on_change(struct refusal *r)
{
	r->due = 0;
	trace_on_change(r->trace);
	quarantine_release(r->quarantine, true);
}

static void on_passed_again(void *refusal)
{
	refusal_on_change(refusal);
}

void refusal_on_names(struct refusal *r, const struct names *names)
{
	if (refusal_watch_name_is_found(trace_ground(r->trace), r->quarantine, names))
		refusal_on_change(r);
}

void refusal_retry(struct refusal *r)
{
	quarantine_clear(r->quarantine);
	r->due = 0;
}

bool refusal_on_accepted(struct refusal *r, const struct outcome *o, struct problems *problems)
{
	/* the problem of a znode that is left out reads differently from now on */
	bool again = r->attempt->leaves_out;

	refusal_forget(r);
	if (quarantine_accept(r->quarantine, r->running->accepted, problems))
		r->ops->on_problems(r->ctx);
	trace_on_accepted(r->trace, o);
	if (!o->tested || !o->passed)
		return again;
	return quarantine_find_again(r->quarantine, r->running->accepted) || again;
}

static void on_look(void *refusal, bool changed)
{
	struct refusal *r = refusal;

	if (changed) {
		refusal_on_change(r);
		r->ops->on_retry(r->ctx);
	}
	trace_retest_if_due(r->trace);
	refusal_watch_causes(r);
}

/* --- for the status, and lifetime ------------------------------------------------------------ */

const char *refusal_ground(const struct refusal *r)
{
	return trace_ground(r->trace);
}

const char *refusal_message(const struct refusal *r, bool *of_host)
{
	if (of_host)
		*of_host = r->of_host;
	return r->message;
}

char *refusal_search_progress(const struct refusal *r)
{
	return trace_search_sentence(r->trace);
}

enum host_condition refusal_condition(const struct refusal *r)
{
	return r->condition;
}

struct refusal *refusal_new(const struct refusal_spec *spec, const struct refusal_ops *ops,
			    void *ctx)
{
	static const struct trace_ops trace_ops = {
		.accept = on_accept,
		.whole = on_whole,
		.host = on_host,
		.wait_for_host = on_wait_for_host,
		.on_progress = on_progress,
		.on_ground = on_ground,
		.on_passed_again = on_passed_again,
		.on_over = on_over,
	};
	struct refusal *r = xcalloc(1, sizeof(*r));

	*r = (struct refusal){
		.settings = spec->settings,
		.ops = ops,
		.ctx = ctx,
		.attempt = spec->attempt,
		.running = spec->running,
		.quarantine = quarantine_new(),
	};
	r->trace = trace_new(&(struct trace_spec){ .loop = spec->loop,
						   .settings = spec->settings,
						   .deploy = spec->deploy,
						   .live = spec->live,
						   .attempt = spec->attempt,
						   .running = spec->running,
						   .quarantine = r->quarantine },
			     &trace_ops, &ops->tester, r, ctx);
	refusal_watch_init(&r->watch, spec->loop, on_look, r);
	return r;
}

void refusal_free(struct refusal *r)
{
	if (!r)
		return;
	refusal_watch_fini(&r->watch);
	trace_free(r->trace);
	quarantine_free(r->quarantine);
	free(r->message);
	free(r);
}

void refusal_use_settings(struct refusal *r, const struct settings *settings)
{
	r->settings = settings;
	trace_use_settings(r->trace, settings);
}
