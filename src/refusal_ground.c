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
 * The ground is tested again after a pause that doubles up to half a minute, and at once when a
 * file changes that nginx's message is about.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zknginx/cause.h>
#include <zknginx/log.h>
#include <zknginx/warnings.h>

#include "daemon.h"

#define LOOK (500 * USEC_PER_MSEC)
#define PAUSE_MIN USEC_PER_SEC
#define PAUSE_MAX (30 * USEC_PER_SEC)

/* --- does it hold? --------------------------------------------------------------------------- */

static void set_ground(struct daemon *d, const char *message)
{
	struct refusal *r = &d->refusal;
	char *text = refusal_sentence(d, message);

	if (!r->ground || strcmp(r->ground, text) != 0) {
		log_error("nginx -t does not pass with what nginx runs now: %s; nginx serves on, "
			  "but could not be started again, and no change goes live",
			  text);
		r->traced = false;
		r->ground_pause = PAUSE_MIN;
		report_soon(d);
	} else {
		r->ground_pause = 2 * r->ground_pause < PAUSE_MAX ? 2 * r->ground_pause : PAUSE_MAX;
	}
	free(r->ground);
	r->ground = text;
	r->ground_due = now_monotonic() + r->ground_pause;
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
	report_soon(d);
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
		char *text =
			xasprintf("nginx -t does not pass even without the change: %s", r->ground);

		refusal_whole(d, PROBLEM_NGINX, true, text);
		r->due = quarantine_next_loss(d->quarantine, now_monotonic());
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
	quarantine_find_again(d->quarantine);
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
	char *text = xasprintf("nginx -t does not take it any more, though it has not changed: %s. "
			       "nginx still runs it, but could not be started with it; after "
			       "nginx.lost_ground (%.0f s) it is left out of the next change",
			       said, (double)grace / (double)USEC_PER_SEC);

	if (quarantine_lose(d->quarantine, c->to, text, now_monotonic() + grace))
		log_error("%s: %s", c->path, text);
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
		quarantine_find_again(d->quarantine);
		refusal_on_change(d);
		d->dirty = true;
		refusal_finish(d);
		return;
	}
	set_ground(d, o->message);
	trace(d);
}

static bool is_idle(const struct daemon *d)
{
	return !refusal_is_busy(d) && !d->attempt.model && !deploy_is_in_flight(d->deploy);
}

static void retest(struct daemon *d)
{
	d->refusal.step = REFUSAL_RETEST;
	test_accepted(d);
}

/* --- files that messages are about ----------------------------------------------------------- */

static struct fingerprint look_at(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? fingerprint_of(&st) : (struct fingerprint){ 0 };
}

static struct refusal_file *find_file(struct refusal *r, const char *path)
{
	for (size_t i = 0; i < r->file_count; i++) {
		if (strcmp(r->files[i].path, path) == 0)
			return &r->files[i];
	}
	return NULL;
}

struct gathering {
	struct arena *arena;
	struct refusal *refusal;
	struct refusal_file files[REFUSAL_FILES_MAX];
	size_t count;
};

static bool is_gathered(const struct gathering *g, const char *path)
{
	for (size_t i = 0; i < g->count; i++) {
		if (strcmp(g->files[i].path, path) == 0)
			return true;
	}
	return false;
}

static void gather(void *ctx, const char *message)
{
	struct gathering *g = ctx;
	const char **paths;
	size_t count = cause_files(g->arena, message, &paths);

	for (size_t i = 0; i < count && g->count < REFUSAL_FILES_MAX; i++) {
		const struct refusal_file *old = find_file(g->refusal, paths[i]);

		if (is_gathered(g, paths[i]))
			continue;
		g->files[g->count++] = (struct refusal_file){
			.path = xstrdup(paths[i]),
			.seen = old ? old->seen : look_at(paths[i]),
		};
	}
}

static void forget_files(struct refusal *r)
{
	for (size_t i = 0; i < r->file_count; i++)
		free(r->files[i].path);
	r->file_count = 0;
}

static void gather_files(struct daemon *d)
{
	struct refusal *r = &d->refusal;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct gathering g = { .arena = a, .refusal = r };

	if (r->ground)
		gather(&g, r->ground);
	quarantine_each_message(d->quarantine, gather, &g);
	forget_files(r);
	memcpy(r->files, g.files, g.count * sizeof(*g.files));
	r->file_count = g.count;
}

static bool files_have_changed(struct refusal *r)
{
	bool changed = false;

	for (size_t i = 0; i < r->file_count; i++) {
		struct fingerprint now = look_at(r->files[i].path);

		if (fingerprint_same(&now, &r->files[i].seen))
			continue;
		r->files[i].seen = now;
		changed = true;
		log_info("%s has changed; what nginx refused is tried again", r->files[i].path);
	}
	return changed;
}

static int on_look(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct daemon *d = userdata;
	struct refusal *r = &d->refusal;

	gather_files(d);
	if (files_have_changed(r)) {
		refusal_on_change(d);
		converge(d);
	}
	if (r->ground && is_idle(d) && now_monotonic() >= r->ground_due)
		retest(d);
	refusal_watch(d);
	return 0;
}

/* While nothing is refused nobody looks. */
void refusal_watch(struct daemon *d)
{
	bool needed = d->refusal.ground || !quarantine_is_empty(d->quarantine);

	timing_at(d->refusal.watch, needed ? now_monotonic() + LOOK : NEVER);
}

/* --- names ----------------------------------------------------------------------------------- */

static void want(void *ctx, const char *message)
{
	struct name_list *l = ctx;
	const char *name = cause_host_name(l->arena, message);

	if (name)
		name_list_add(l, name);
}

void refusal_want_names(const struct daemon *d, struct name_list *wanted)
{
	if (d->refusal.ground)
		want(wanted, d->refusal.ground);
	quarantine_each_message(d->quarantine, want, wanted);
}

void refusal_on_names(struct daemon *d)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct name_list list = { .arena = a };
	const struct names *names = names_cache_view(d->names);

	refusal_want_names(d, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (names->find(names->ctx, list.items[i]).state != NAME_FOUND)
			continue;
		log_info("%s resolves; what nginx refused is tried again", list.items[i]);
		refusal_on_change(d);
		return;
	}
}

void refusal_ground_init(struct daemon *d)
{
	d->refusal.watch = timing_new(d->loop, on_look, d);
}

void refusal_ground_fini(struct daemon *d)
{
	struct refusal *r = &d->refusal;

	forget_files(r);
	free(TAKE(r->ground));
	free(TAKE(r->warnings));
	sd_event_source_disable_unref(TAKE(r->watch));
}
