/*
 * The ground: what nginx runs now, tested by itself.
 *
 * Where it does not pass any more, something outside of ZooKeeper has changed: nginx.conf, a
 * certificate, a name that does not resolve, nginx's binary. No change can go live then, and no
 * znode is blamed. If nginx.conf passes without any of our configuration, some accepted znodes have
 * become impossible: they are searched for and named. nginx goes on running them. When they have
 * been lost for nginx.lost_ground, they are left out of the next change, so that others can go
 * live.
 *
 * The ground is tested again after a pause that doubles up to half a minute, and at once when
 * refusal_watch.c sees that the cause may be over.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "core/deploy/warnings.h"
#include "daemon.h"

#define PAUSE_MIN USEC_PER_SEC
#define PAUSE_MAX (30 * USEC_PER_SEC)

/* --- does it hold? --------------------------------------------------------------------------- */

static void set_ground(struct daemon *d, const char *message)
{
	struct refusal *r = &d->refusal;
	char *text = refusal_sentence(d, message);

	if (!r->ground || strcmp(r->ground, text) != 0) {
		log_error("nginx -t fails even for what nginx runs now: %s; nginx keeps serving, "
			  "but could not be started again, and no change goes live",
			  text);
		r->traced = false;
		r->ground_pause = PAUSE_MIN;
		report_soon(d->report);
	} else {
		r->ground_pause = 2 * r->ground_pause < PAUSE_MAX ? 2 * r->ground_pause : PAUSE_MAX;
	}
	free(r->ground);
	r->ground = text;
	r->ground_due = timing_now() + r->ground_pause;
	refusal_watch(d);
}

void refusal_ground_holds(struct daemon *d)
{
	struct refusal *r = &d->refusal;

	if (!r->ground)
		return;
	log_notice("nginx -t passes again with what nginx runs");
	free(TAKE(r->ground));
	r->traced = false;
	report_soon(d->report);
}

void refusal_doubt_ground(struct daemon *d, const char *message)
{
	struct refusal *r = &d->refusal;

	set_ground(d, message);
	if (!r->traced)
		r->ground_due = 0;
}

/* The cause is on this host; the attempt has to wait. */
static void wait_for_host(struct daemon *d)
{
	struct refusal *r = &d->refusal;
	if (d->attempt.bundle) {
		CLEANUP(freep)
		char *text = xasprintf("nginx -t fails even without the change: %s", r->ground);

		refusal_whole(d, PROBLEM_NGINX, true, text);
		r->due = quarantine_next_loss(d->quarantine, timing_now());
	}
	refusal_finish(d);
}

static void ask_bare(struct daemon *d)
{
	CLEANUP(tree_unrefp) struct tree *nothing = NULL;
	struct tree_builder b;

	if (!refusal_may_test(d, ask_bare))
		return;
	tree_builder_init(&b);
	nothing = tree_builder_finish(&b);
	tree_builder_fini(&b);
	refusal_test(d, nothing);
}

static void trace(struct daemon *d)
{
	struct refusal *r = &d->refusal;

	if (r->traced || tree_count(d->accepted) == 0) {
		wait_for_host(d);
		return;
	}
	r->step = REFUSAL_BARE;
	ask_bare(d);
}

static void test_accepted(struct daemon *d)
{
	if (refusal_may_test(d, test_accepted))
		refusal_test(d, d->accepted);
}

void refusal_ask_ground(struct daemon *d)
{
	CLEANUP(tree_unrefp) struct tree *sources = model_sources(d->attempt.model);

	d->refusal.step = REFUSAL_GROUND;
	if (tree_same(sources, d->accepted) && !d->refusal.warned) {
		set_ground(d, d->refusal.first);
		trace(d);
		return;
	}
	test_accepted(d);
}

static void keep_warnings(struct daemon *d, const char *warnings)
{
	free(d->refusal.warnings);
	d->refusal.warnings = xstrdup(warnings);
	deploy_know_warnings(d->deploy, warnings);
}

/* Is the warning for which the candidate was refused one that nginx gives anyway? */
static bool is_old_warning(const struct daemon *d)
{
	const struct refusal *r = &d->refusal;
	CLEANUP(buf_fini) struct buf now = BUF_INIT;
	size_t size;

	if (!r->warned)
		return false;
	warnings_read(r->first, stage_live_directory(d->stage), &now);
	return !warnings_new(buf_str(&now), r->warnings, &size);
}

void refusal_on_ground(struct daemon *d, const struct outcome *o)
{
	struct refusal *r = &d->refusal;

	if (o->result != DEPLOY_PROVED) {
		set_ground(d, o->message);
		trace(d);
		return;
	}
	keep_warnings(d, o->warnings);
	refusal_ground_holds(d);
	quarantine_find_again(d->quarantine, d->accepted);
	if (is_old_warning(d)) {
		d->dirty = true;
		refusal_finish(d);
		return;
	}
	bundle_unref(TAKE(r->bundle));
	r->bundle = bundle_ref(d->attempt.bundle);
	refusal_search(d, d->accepted, d->attempt.model, r->first);
}

/* --- which accepted znodes are lost? --------------------------------------------------------- */

void refusal_on_bare(struct daemon *d, const struct outcome *o)
{
	struct refusal *r = &d->refusal;
	CLEANUP(tree_unrefp) struct tree *nothing = NULL;

	r->traced = true;
	if (o->result != DEPLOY_PROVED) {
		wait_for_host(d);
		return;
	}
	keep_warnings(d, o->warnings);
	r->step = REFUSAL_LOST;
	nothing = model_sources(r->model);
	refusal_search(d, nothing, d->good, NULL);
}

static void lose(struct daemon *d, const struct change *c, const char *said)
{
	uint64_t grace = d->settings->nginx.lost_ground;
	CLEANUP(freep)
	char *text = xasprintf("nginx -t no longer accepts it, although it has not changed: %s. "
			       "nginx still runs it, but could not be started with it; after "
			       "nginx.lost_ground (%.0f s) it is left out of the next change",
			       said, (double)grace / (double)USEC_PER_SEC);

	quarantine_lose(d->quarantine, c->to, text, timing_now() + grace);
}

void refusal_on_lost(struct daemon *d)
{
	struct refusal *r = &d->refusal;

	for (size_t u = 0; u < changes_count(r->changes); u++) {
		size_t reason = search_reason(r->search, u);

		if (search_fate(r->search, u) == SEARCH_REFUSED)
			lose(d, changes_at(r->changes, u),
			     reason == SIZE_MAX ? r->ground : r->messages[reason]);
	}
	d->dirty = true;
	wait_for_host(d);
}

/* --- again ----------------------------------------------------------------------------------- */

void refusal_on_retest(struct daemon *d, const struct outcome *o)
{
	if (o->result == DEPLOY_PROVED) {
		keep_warnings(d, o->warnings);
		refusal_ground_holds(d);
		quarantine_find_again(d->quarantine, d->accepted);
		refusal_on_change(d);
		d->dirty = true;
		refusal_finish(d);
		return;
	}
	set_ground(d, o->message);
	trace(d);
}

/* Nothing is under way that would come to the same. */
static bool is_idle(const struct daemon *d)
{
	return !refusal_is_busy(d) && !d->attempt.model && !deploy_is_in_flight(d->deploy);
}

void refusal_retest_if_due(struct daemon *d)
{
	struct refusal *r = &d->refusal;
	uint64_t now = timing_now();

	/* without the budget for it nobody is made to wait: a change is tested in any case */
	if (!r->ground || !is_idle(d) || now < r->ground_due || budget_due(&r->budget, now) > now)
		return;
	r->step = REFUSAL_RETEST;
	test_accepted(d);
}
