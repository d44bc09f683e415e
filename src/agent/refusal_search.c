/* The search for the part of a change that nginx accepts. */
#include <stdint.h>
#include <stdlib.h>

#include <zknginx/err.h>
#include <zknginx/log.h>

#include "core/text/secret.h"
#include "refusal_search.h"
#include "sys/timing.h"

#define PART_AFTER USEC_PER_SEC
#define LOG_INTERVAL (30 * USEC_PER_SEC)
#define TELL_INTERVAL USEC_PER_SEC
#define DROPPED                                                                                    \
	"nginx refuses a change: the search for the part that it accepts was dropped for a newer " \
	"config, and begins again; nginx keeps serving the last good configuration"

static void step(void *search);

/* --- what nginx said ------------------------------------------------------------------------- */

/* Keeps the sentence; returns its tag. */
static size_t keep_message(struct refusal_search *s, const char *message)
{
	s->messages = xrealloc(s->messages, (s->message_count + 1) * sizeof(*s->messages));
	s->messages[s->message_count] = tester_sentence(s->tester, s->tester->bundle, message);
	return s->message_count++;
}

/* failed: search_failed() or search_failed_before(). */
static void on_failure(struct refusal_search *s, const char *message,
		       void (*failed)(struct search *s, const size_t *hints, size_t count,
				      size_t tag))
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct blame b = tester_blame(s->tester, a, message);
	size_t *hints = arena_array(a, size_t, b.count);

	for (size_t i = 0; i < b.count; i++)
		hints[i] = changes_find(s->changes, b.znodes[i]);
	failed(s->search, hints, b.count, keep_message(s, message));
}

/* --- its end --------------------------------------------------------------------------------- */

size_t refusal_search_refused(const struct refusal_search *s,
			      void (*visit)(void *ctx, const struct change *c, const char *message),
			      void *ctx)
{
	size_t refused = 0;

	for (size_t u = 0; u < changes_count(s->changes); u++) {
		size_t reason = search_reason(s->search, u);

		if (search_fate(s->search, u) != SEARCH_REFUSED)
			continue;
		visit(ctx, changes_at(s->changes, u),
		      reason == SIZE_MAX ? NULL : s->messages[reason]);
		refused++;
	}
	return refused;
}

void refusal_search_log(const struct refusal_search *s, size_t refused, enum search_end end)
{
	if (end == SEARCH_OUTDATED) {
		log_notice("the search in a change of %zu znodes is dropped for a newer config: so "
			   "far "
			   "nginx accepts %zu of them and refuses %zu (%zu tests)",
			   changes_count(s->changes), search_taken(s->search), refused,
			   search_tests(s->search));
		return;
	}
	log_info("nginx accepts %zu of %zu changed znodes and refuses %zu (%zu tests)",
		 search_taken(s->search), changes_count(s->changes), refused,
		 search_tests(s->search));
}

void refusal_search_end(struct refusal_search *s)
{
	for (size_t i = 0; i < s->message_count; i++)
		free(s->messages[i]);
	free(TAKE(s->messages));
	s->message_count = 0;
	changes_free(TAKE(s->changes));
	search_free(TAKE(s->search));
	free(TAKE(s->take));
	s->live = 0;
	s->reloads = s->partly = s->dropping = s->deploying_part = false;
}

void refusal_search_fini(struct refusal_search *s)
{
	refusal_search_end(s);
	tree_unref(TAKE(s->left_open));
}

/* --- a part is deployed ---------------------------------------------------------------------- */

static bool wants_part(const struct refusal_search *s)
{
	uint64_t when;

	return s->partly && !s->reloads && search_taken(s->search) > s->live &&
	       timing_now() > s->refused_since + PART_AFTER &&
	       deploy_is_ready(s->tester->deploy, timing_now(), &when);
}

static void deploy_part(struct refusal_search *s)
{
	CLEANUP(tree_unrefp) struct tree *sources = NULL;

	for (size_t u = 0; u < changes_count(s->changes); u++)
		s->take[u] = search_fate(s->search, u) == SEARCH_TAKEN;
	sources = changes_take(s->changes, s->take);
	s->deploying_part = true;
	tester_deploy(s->tester, sources, s->applied);
}

static void on_part(struct refusal_search *s, const struct outcome *o)
{
	s->deploying_part = false;
	if (!tester_is_success(o)) {
		CLEANUP(freep) char *text = secret_mask_nginx(o->message);

		log_warning("nginx -t accepted this part of the change, but it could not be "
			    "deployed: %s",
			    text);
		s->ops->on_end(s->ctx, SEARCH_STOPPED);
		return;
	}
	s->ops->accept(s->ctx, TAKE(s->tester->model));
	s->live = search_taken(s->search);
	s->refused_since = timing_now();
	step(s);
}

/* --- a newer tree ---------------------------------------------------------------------------- */

/* Is nothing that this search has found, or may still find, in the newer tree? */
static bool is_obsolete(const struct refusal_search *s)
{
	return !changes_any_in(s->changes, s->search, SEARCH_OPEN, s->attempt->newer) &&
	       !changes_any_in(s->changes, s->search, SEARCH_REFUSED, s->attempt->newer);
}

static bool is_outdated(const struct refusal_search *s)
{
	if (s->dropping || !s->partly || !s->attempt->newer)
		return s->dropping;
	return timing_now() >= patience_end(&s->patience, is_obsolete(s));
}

/* Is a znode that this search has proved to be refused unchanged in the newest tree? */
static bool is_useful(const struct refusal_search *s)
{
	const struct tree *newest = s->attempt->newer ?: s->attempt->newest;

	return changes_any_in(s->changes, s->search, SEARCH_REFUSED, newest);
}

/* The next run begins with a deployment, so it may have to wait. */
static void drop(struct refusal_search *s)
{
	if (!tester_may_deploy(s->tester, step, s))
		return;
	if (!s->reloads && search_taken(s->search) > s->live) {
		deploy_part(s);
		return;
	}
	search_open_rest(s->search);
	patience_drop(&s->patience, is_useful(s));
	tree_unref(s->left_open);
	s->left_open = model_sources(s->attempt->model);
	s->ops->on_end(s->ctx, SEARCH_OUTDATED);
}

void refusal_search_on_newer(struct refusal_search *s)
{
	if (s->search && s->partly && !s->dropping && s->attempt->newer)
		tester_wake(s->tester, patience_end(&s->patience, is_obsolete(s)));
}

/* --- the tests ------------------------------------------------------------------------------- */

static void forget_dropped(struct refusal_search *s)
{
	patience_init(&s->patience);
	tree_unref(TAKE(s->left_open));
}

static void end(struct refusal_search *s)
{
	forget_dropped(s);
	s->ops->on_end(s->ctx, SEARCH_OVER);
}

/* What was refused before is tested again only while there is plenty of the budget left, so that no
 * other change has to wait for it. */
static bool is_enough(struct refusal_search *s)
{
	return s->partly && search_is_settled(s->search) &&
	       !budget_is_ample(&s->tester->budget, timing_now(), 0);
}

char *refusal_search_sentence(const struct refusal_search *s)
{
	size_t count = s->search && s->partly ? changes_count(s->changes) : 0;

	if (!count)
		return s->left_open ? xstrdup(DROPPED) : NULL;
	return xasprintf("nginx%s refuses a change of %zu znode%s: zknginxd is searching for the "
			 "part that it accepts, %zu test%s so far; nginx keeps serving the last "
			 "good configuration, and other changes wait",
			 s->reloads ? "" : " -t", count, PLURAL(count), search_tests(s->search),
			 PLURAL(search_tests(s->search)));
}

/* Other changes wait meanwhile, so an operator has to be able to see it. */
static void tell_progress(struct refusal_search *s)
{
	CLEANUP(freep) char *text = refusal_search_sentence(s);
	uint64_t now = timing_now();

	if (!s->partly)
		return;
	if (now - s->told >= TELL_INTERVAL) {
		s->told = now;
		s->ops->on_progress(s->ctx);
	}
	if (now - s->logged >= LOG_INTERVAL) {
		s->logged = now;
		log_notice("%s", text);
	}
}

/* What search_next() has marked. */
static void test(struct refusal_search *s)
{
	CLEANUP(tree_unrefp) struct tree *sources = changes_take(s->changes, s->take);

	if (s->reloads && s->partly)
		tester_deploy(s->tester, sources, s->applied);
	else
		tester_test(s->tester, sources);
}

/* The next test, or a wait for it. */
static void test_next(struct refusal_search *s)
{
	if (!tester_may_test(s->tester, s->reloads, step, s)) {
		refusal_search_on_newer(s);
		return;
	}
	if (search_next(s->search, s->take))
		test(s);
	else
		end(s);
}

/* What was proved is tested again if the budget allows it at once: the newer tree waits. */
static void test_or_drop(struct refusal_search *s)
{
	uint64_t now = timing_now();

	if (!s->dropping)
		search_stop(s->search);
	s->dropping = true;
	if (budget_due(&s->tester->budget, now) <= now && search_next(s->search, s->take))
		test(s);
	else
		drop(s);
}

static void step(void *search)
{
	struct refusal_search *s = search;

	tell_progress(s);
	if (wants_part(s))
		deploy_part(s);
	else if (is_enough(s))
		end(s);
	else if (is_outdated(s))
		test_or_drop(s);
	else
		test_next(s);
}

static void on_test(struct refusal_search *s, const struct outcome *o)
{
	CLEANUP(freep) char *warning = NULL;

	/* The host changed meanwhile: no znode is the cause. The next run reports it. */
	if (o->result == DEPLOY_NOT_INCLUDED) {
		s->ops->on_end(s->ctx, SEARCH_STOPPED);
		return;
	}
	if (!tester_is_success(o)) {
		on_failure(s, o->message, search_failed);
	} else if (!s->reloads && (warning = tester_new_warning(s->tester, o))) {
		on_failure(s, warning, search_failed);
	} else {
		if (s->reloads)
			s->ops->accept(s->ctx, TAKE(s->tester->model));
		search_passed(s->search);
	}
	step(s);
}

void refusal_search_outcome(struct refusal_search *s, const struct outcome *o)
{
	if (s->deploying_part)
		on_part(s, o);
	else
		on_test(s, o);
}

/* What was refused before is tested last, and what the dropped search has left open after what is
 * new. Returns how many these are. */
static size_t put_in_order(struct refusal_search *s, const struct quarantine *q)
{
	size_t apart = 0;

	for (size_t u = 0; s->partly && u < changes_count(s->changes); u++) {
		const struct change *c = changes_at(s->changes, u);

		if (quarantine_knows(q, c->path, c->to))
			search_set_aside(s->search, u);
		else if (s->left_open && change_is_in(c, s->left_open))
			search_postpone(s->search, u);
		else
			continue;
		apart++;
	}
	return apart;
}

void refusal_search_begin(struct refusal_search *s, const struct refusal_search_spec *spec)
{
	size_t apart;

	s->reloads = spec->reloads;
	s->partly = spec->quarantine;
	s->logged = timing_now();
	s->told = 0;
	patience_begin(&s->patience, s->logged);
	s->applied = spec->applied;
	s->changes = changes_new(spec->base, spec->candidate, spec->root);
	if (!changes_count(s->changes)) {
		s->ops->on_end(s->ctx, SEARCH_NO_CHANGE);
		return;
	}
	s->search = search_new(changes_count(s->changes));
	s->take = xcalloc(changes_count(s->changes), sizeof(*s->take));
	changes_describe(s->changes, s->search);
	if (s->reloads)
		search_be_frugal(s->search);
	apart = put_in_order(s, spec->quarantine);
	/* The whole was tested already, if no part of it comes later. A failed reload is not
	 * repeated as a proof. A test costs little, and its cause may be over by now. */
	if (spec->message && !apart && !s->reloads)
		on_failure(s, spec->message, search_failed_before);
	else if (spec->message && !apart && search_next(s->search, s->take))
		on_failure(s, spec->message, search_failed);
	step(s);
}

void refusal_search_on_accepted(struct refusal_search *s)
{
	s->refused_since = 0;
	forget_dropped(s);
}

void refusal_search_init(struct refusal_search *s, struct tester *tester,
			 const struct attempt *attempt, const struct refusal_search_ops *ops,
			 void *ctx)
{
	*s = (struct refusal_search){
		.tester = tester,
		.attempt = attempt,
		.ops = ops,
		.ctx = ctx,
	};
	patience_init(&s->patience);
}
