/* The tester: one test at a time, within a budget. */
#include <stdlib.h>

#include <zknginx/err.h>

#include "core/deploy/warnings.h"
#include "core/text/secret.h"
#include "sys/timing.h"
#include "tester.h"

#define TEST_MIN (4 * USEC_PER_SEC) /* a run of nginx -t may take that long, or … */
#define TEST_FACTOR 20              /* … that many times what it takes for what nginx runs */

/* --- when ------------------------------------------------------------------------------------ */

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct tester *t = userdata;

	t->due = NEVER;
	t->again(t->caller);
	return 0;
}

static void wait_until(struct tester *t, uint64_t when, void (*again)(void *caller), void *caller)
{
	t->again = again;
	t->caller = caller;
	t->due = when;
	timing_at(t->timer, when);
}

bool tester_may_test(struct tester *t, bool reloads, void (*again)(void *caller), void *caller)
{
	uint64_t now = timing_now(), due = budget_due(&t->budget, now), ready = now;

	if (reloads && !deploy_is_ready(t->deploy, now, &ready) && ready > due)
		due = ready;
	if (due <= now)
		return true;
	wait_until(t, due, again, caller);
	return false;
}

bool tester_may_deploy(struct tester *t, void (*again)(void *caller), void *caller)
{
	uint64_t when;

	if (deploy_is_ready(t->deploy, timing_now(), &when))
		return true;
	wait_until(t, when, again, caller);
	return false;
}

void tester_wake(struct tester *t, uint64_t when)
{
	if (t->due == NEVER || when >= t->due)
		return;
	t->due = when;
	timing_at(t->timer, when);
}

/* --- tests ----------------------------------------------------------------------------------- */

void tester_forget(struct tester *t)
{
	model_free(TAKE(t->model));
	bundle_unref(TAKE(t->bundle));
}

static void begin_test(struct tester *t, struct tree *sources)
{
	tester_forget(t);
	t->model = t->ops->compose(t->ctx, sources);
	t->bundle = t->ops->render(t->ctx, t->model);
	t->began = timing_now();
}

static uint64_t longest_test(const struct tester *t)
{
	uint64_t usual = TEST_FACTOR * deploy_test_duration(t->deploy);

	return usual > TEST_MIN ? usual : TEST_MIN;
}

void tester_test(struct tester *t, struct tree *sources)
{
	begin_test(t, sources);
	deploy_test(t->deploy, t->bundle, longest_test(t));
}

void tester_deploy(struct tester *t, struct tree *sources, const char *revision)
{
	begin_test(t, sources);
	deploy_want(t->deploy, t->bundle, revision);
}

void tester_end_test(struct tester *t)
{
	uint64_t now = timing_now();

	budget_spend(&t->budget, now, now - t->began);
}

void tester_use_bundle(struct tester *t, struct bundle *b)
{
	bundle_unref(t->bundle);
	t->bundle = bundle_ref(b);
}

bool tester_is_success(const struct outcome *o)
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

/* --- what nginx wrote ------------------------------------------------------------------------ */

char *tester_sentence(const struct tester *t, const struct bundle *b, const char *message)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct blame found = { 0 };

	if (b)
		found = blame_find(a, b, t->live, message);
	return found.message && *found.message ? xstrdup(found.message)
					       : secret_mask_nginx(message);
}

struct blame tester_blame(const struct tester *t, struct arena *a, const char *message)
{
	return blame_find(a, t->bundle, t->live, message);
}

void tester_keep_warnings(struct tester *t, const char *warnings)
{
	free(t->warnings);
	t->warnings = xstrdup(warnings);
	deploy_know_warnings(t->deploy, warnings);
}

char *tester_new_warning(const struct tester *t, const struct outcome *o)
{
	size_t size;
	const char *line = warnings_new(o->warnings, t->warnings ?: "", &size);

	return line ? xasprintf("nginx: [warn] %.*s\n", (int)size, line) : NULL;
}

bool tester_knows_warnings(const struct tester *t, const char *message)
{
	CLEANUP(buf_fini) struct buf now = BUF_INIT;
	size_t size;

	warnings_read(message, t->live, &now);
	return !warnings_new(buf_str(&now), t->warnings ?: "", &size);
}

/* --- lifetime -------------------------------------------------------------------------------- */

void tester_init(struct tester *t, sd_event *loop, struct deploy *deploy, const char *live,
		 const struct tester_ops *ops, void *ctx)
{
	*t = (struct tester){
		.deploy = deploy, .live = live, .ops = ops, .ctx = ctx, .due = NEVER
	};
	budget_init(&t->budget, timing_now());
	t->timer = timing_new(loop, on_timer, t);
}

void tester_fini(struct tester *t)
{
	tester_forget(t);
	free(TAKE(t->warnings));
	sd_event_source_disable_unref(TAKE(t->timer));
}
