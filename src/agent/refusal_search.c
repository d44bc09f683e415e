/*
 * Which part of the change does nginx take?
 *
 * core/deploy/search.c says what to test next; here that is carried out. A test is a run of
 * nginx -t, or, where nginx -t passes and only the reload fails, a whole deployment, which is live
 * when it succeeds. The znodes that are refused go into quarantine, each with nginx's sentence for
 * it. When the search takes long, what is known to pass goes live before it is over.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "core/deploy/warnings.h"
#include "daemon.h"

#define PART_AFTER USEC_PER_SEC

static void step(struct daemon *d);

void refusal_search_fini(struct refusal *r)
{
	for (size_t i = 0; i < r->message_count; i++)
		free(r->messages[i]);
	free(TAKE(r->messages));
	r->message_count = 0;
	changes_free(TAKE(r->changes));
	search_free(TAKE(r->search));
	free(TAKE(r->take));
	r->live = 0;
}

/* --- what nginx said ------------------------------------------------------------------------- */

/* Keeps the sentence; returns its tag. */
static size_t keep_message(struct daemon *d, const char *message)
{
	struct refusal *r = &d->refusal;

	r->messages = xrealloc(r->messages, (r->message_count + 1) * sizeof(*r->messages));
	r->messages[r->message_count] = refusal_sentence(d, message);
	return r->message_count++;
}

/* failed: search_failed() or search_failed_before(). */
static void tell_failure(struct daemon *d, const char *message,
			 void (*failed)(struct search *s, const size_t *hints, size_t count,
					size_t tag))
{
	struct refusal *r = &d->refusal;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct blame b = blame_find(a, r->bundle, stage_live_directory(d->stage), message);
	size_t *hints = arena_array(a, size_t, b.count);

	for (size_t i = 0; i < b.count; i++)
		hints[i] = changes_find(r->changes, b.znodes[i]);
	failed(r->search, hints, b.count, keep_message(d, message));
}

/* What the test would have nginx ignore that it does not ignore now; NULL: nothing. */
static char *new_warning(const struct refusal *r, const struct outcome *o)
{
	size_t size;
	const char *line = warnings_new(o->warnings, r->warnings ?: "", &size);

	return line ? xasprintf("nginx: [warn] %.*s\n", (int)size, line) : NULL;
}

/* --- its end --------------------------------------------------------------------------------- */

static size_t quarantine_refused(struct daemon *d)
{
	struct refusal *r = &d->refusal;
	size_t refused = 0;

	for (size_t u = 0; u < changes_count(r->changes); u++) {
		const struct change *c = changes_at(r->changes, u);
		size_t reason = search_reason(r->search, u);

		if (search_fate(r->search, u) != SEARCH_REFUSED)
			continue;
		if (reason == SIZE_MAX)
			quarantine_keep(d->quarantine, c->path, c->to, timing_now());
		else
			quarantine_add(d->quarantine, c->path, c->to, r->blamed,
				       r->messages[reason], timing_now());
		refused++;
	}
	return refused;
}

static void end_search(struct daemon *d)
{
	struct refusal *r = &d->refusal;
	size_t refused;

	if (r->step == REFUSAL_LOST) {
		refusal_on_lost(d);
		return;
	}
	refused = quarantine_refused(d);
	log_info("nginx accepts %zu of %zu changed znodes and refuses %zu (%zu tests)",
		 search_taken(r->search), changes_count(r->changes), refused,
		 search_tests(r->search));
	/* nginx says no, and then yes to the same: no znode is the cause. It may be over now. When
	 * that happens twice, the next try has to wait. */
	if (!refused && r->contradicted) {
		CLEANUP(freep) char *text = refusal_sentence(d, r->first);

		refusal_whole(d, r->blamed, false, text);
	}
	r->contradicted = !refused;
	refusal_finish(d);
}

/* --- a part goes live ------------------------------------------------------------------------ */

static void mark_taken(const struct refusal *r)
{
	for (size_t u = 0; u < changes_count(r->changes); u++)
		r->take[u] = search_fate(r->search, u) == SEARCH_TAKEN;
}

static bool wants_part(const struct daemon *d)
{
	const struct refusal *r = &d->refusal;
	uint64_t when;

	return r->step == REFUSAL_SEARCH && !r->real && search_taken(r->search) > r->live &&
	       timing_now() > r->began + PART_AFTER &&
	       deploy_is_ready(d->deploy, timing_now(), &when);
}

static void deploy_part(struct daemon *d)
{
	struct refusal *r = &d->refusal;
	CLEANUP(tree_unrefp) struct tree *sources = NULL;

	mark_taken(r);
	sources = changes_take(r->changes, r->take);
	r->step = REFUSAL_PART;
	refusal_test(d, sources);
}

void refusal_on_part(struct daemon *d, const struct outcome *o)
{
	struct refusal *r = &d->refusal;

	if (!refusal_is_success(o)) {
		log_warning("nginx -t accepted this part of the change, but it could not be "
			    "applied: %s",
			    o->message);
		refusal_finish(d);
		return;
	}
	converge_accept(d, TAKE(r->model));
	r->live = search_taken(r->search);
	r->began = timing_now();
	r->step = REFUSAL_SEARCH;
	step(d);
}

/* --- the search ------------------------------------------------------------------------------ */

/* What was refused before is tried again only while there is plenty of the budget left: nobody else
 * must wait for it. */
static bool is_enough(struct daemon *d)
{
	struct refusal *r = &d->refusal;

	return r->step == REFUSAL_SEARCH && search_is_settled(r->search) &&
	       !budget_is_ample(&r->budget, timing_now(), 0);
}

static void step(struct daemon *d)
{
	struct refusal *r = &d->refusal;
	CLEANUP(tree_unrefp) struct tree *sources = NULL;

	if (wants_part(d)) {
		deploy_part(d);
		return;
	}
	if (is_enough(d)) {
		end_search(d);
		return;
	}
	if (!refusal_may_test(d, step))
		return;
	if (!search_next(r->search, r->take)) {
		end_search(d);
		return;
	}
	sources = changes_take(r->changes, r->take);
	refusal_test(d, sources);
}

void refusal_on_searched(struct daemon *d, const struct outcome *o)
{
	struct refusal *r = &d->refusal;
	CLEANUP(freep) char *warning = NULL;

	if (!refusal_is_success(o)) {
		tell_failure(d, o->message, search_failed);
	} else if (!r->real && (warning = new_warning(r, o))) {
		tell_failure(d, warning, search_failed);
	} else {
		if (r->real)
			converge_accept(d, TAKE(r->model));
		search_passed(r->search);
	}
	step(d);
}

/* What was refused before is tried last. Returns how many these are. */
static size_t set_known_aside(struct daemon *d)
{
	struct refusal *r = &d->refusal;
	size_t known = 0;

	for (size_t u = 0; u < changes_count(r->changes); u++) {
		const struct change *c = changes_at(r->changes, u);

		if (!quarantine_knows(d->quarantine, c->path, c->to))
			continue;
		search_set_aside(r->search, u);
		known++;
	}
	return known;
}

static void refuse_whole(struct daemon *d, const char *message)
{
	CLEANUP(freep) char *text = refusal_sentence(d, message ?: d->refusal.first);

	refusal_whole(d, d->refusal.blamed, false, text);
	refusal_finish(d);
}

void refusal_search(struct daemon *d, struct tree *base, const struct model *candidate,
		    const char *message)
{
	struct refusal *r = &d->refusal;
	size_t known;

	if (r->step != REFUSAL_LOST)
		r->step = REFUSAL_SEARCH;
	r->changes = changes_new(base, candidate, d->settings->zookeeper.config);
	if (!changes_count(r->changes)) {
		refuse_whole(d, message);
		return;
	}
	r->search = search_new(changes_count(r->changes));
	r->take = xcalloc(changes_count(r->changes), sizeof(*r->take));
	changes_describe(r->changes, r->search);
	if (r->real)
		search_be_frugal(r->search);
	known = r->step == REFUSAL_SEARCH ? set_known_aside(d) : 0;
	/* The whole was tested already, if nothing of it is set aside. A failed reload is not
	 * repeated for a proof; a test costs little, and its cause may be over by now. */
	if (message && !known && !r->real)
		tell_failure(d, message, search_failed_before);
	else if (message && !known && search_next(r->search, r->take))
		tell_failure(d, message, search_failed);
	step(d);
}
