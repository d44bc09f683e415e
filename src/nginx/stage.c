/*
 * The state directory: opened, repaired, published to, pruned.
 *
 * A generation is complete once its manifest is there and its files hold what that says. `live` is
 * only ever replaced by a rename, and only names a complete, durable generation. After stage_open()
 * the lock is held, `live` names such a generation, and what was never published is gone. The one
 * exception: a damaged generation stays live when there is no other one, because an empty
 * configuration would be an outage.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "generation.h"
#include "live_files.h"
#include "live_link.h"
#include "stage.h"
#include "staging.h"
#include "statedir.h"
#include "treefile.h"

#define NO_GENERATION ULONG_MAX

struct stage {
	long keep;
	struct statedir directory;
	struct manifest live;
	struct live_files live_files;
	struct staging staging;
	struct treefile treefile;
	struct applied_record record;
};

void stage_configure(struct stage *s, const struct state_settings *settings)
{
	s->keep = settings->keep;
}

unsigned long stage_live(const struct stage *s)
{
	return s->live.generation;
}

bool stage_live_is(const struct stage *s, const struct bundle *b)
{
	return manifest_is_of(&s->live, b);
}

const char *stage_live_revision(const struct stage *s)
{
	return s->live.revision;
}

const char *stage_live_directory(const struct stage *s)
{
	return s->directory.live;
}

const char *stage_cache_directory(const struct stage *s)
{
	return s->directory.cache;
}

char *stage_generation_directory(const struct stage *s, unsigned long n)
{
	return generation_path(statedir_generations(&s->directory), n);
}

/* --- publishing ----------------------------------------------------------------------------- */

int stage_write(struct stage *s, struct bundle *b, const char *revision, unsigned long *n,
		struct err *e)
{
	return staging_write(&s->staging, statedir_generations(&s->directory), b, revision, n, e);
}

int stage_sync(struct stage *s, unsigned long n, struct err *e)
{
	return staging_sync(&s->staging, statedir_generations(&s->directory), n, e);
}

int stage_switch(struct stage *s, unsigned long n, struct err *e)
{
	struct manifest m;

	if (staging_is_durable(&s->staging, n)) {
		m = s->staging.written;
		staging_forget(&s->staging);
	} else if (generation_verify(statedir_generations(&s->directory), n, &m, e) < 0) {
		return err_wrap(e, "generation %lu", n);
	}
	if (live_link_point(statedir_root(&s->directory), n, e) < 0)
		return -1;
	s->live = m;
	live_files_forget(&s->live_files);
	applied_publish(&s->record, n);
	return 0;
}

int stage_settle(struct stage *s, struct err *e)
{
	/* an error of the record is no failure: a restart then reloads nginx once */
	applied_save(&s->record, statedir_root(&s->directory), NULL);
	return disk_sync(statedir_root(&s->directory), ".", s->directory.fd, e);
}

int stage_publish(struct stage *s, unsigned long n, struct err *e)
{
	struct manifest before = s->live;
	struct applied_record record = s->record;
	unsigned long old;
	bool had = live_link_read(statedir_root(&s->directory), &old);

	if (stage_switch(s, n, e) < 0)
		return -1;
	if (stage_settle(s, e) == 0)
		return 0;
	/* both generations are intact, but report failure and restore the old link */
	if (had)
		live_link_point(statedir_root(&s->directory), old, NULL);
	s->live = before;
	s->record = record;
	return -1;
}

void stage_discard(struct stage *s, unsigned long n)
{
	unsigned long live;
	struct err e;

	if (staging_has(&s->staging, n))
		staging_forget(&s->staging);
	/* the link decides, should it differ from what we believe */
	if (n == s->live.generation ||
	    (live_link_read(statedir_root(&s->directory), &live) && n == live))
		return;
	if (disk_remove(statedir_generations(&s->directory), generation_name(n).text, MANIFEST_NAME,
			&e) < 0)
		log_warning("%s", e.text);
}

bool stage_live_is_intact(struct stage *s, const char **name)
{
	struct place root = statedir_root(&s->directory), all = statedir_generations(&s->directory);
	unsigned long linked;

	*name = LIVE_LINK;
	return live_files_are_as_checked(&s->live_files, root, LIVE_LINK) ||
	       (live_link_read(root, &linked) && linked == s->live.generation &&
		live_files_are_intact(&s->live_files, all, &s->live, name));
}

static bool is_spared(const struct stage *s, unsigned long n)
{
	const struct applied_record *r = &s->record;

	return n == s->live.generation || (r->has_applied && n == r->applied.generation);
}

void stage_prune(struct stage *s, unsigned long spare)
{
	CLEANUP(numbers_fini) struct numbers all = { 0 };
	long kept = 0;

	if (generation_list(statedir_generations(&s->directory), &all, NULL) < 0)
		return;
	for (size_t i = all.count; i-- > 0;) {
		unsigned long n = all.items[i];

		if (n != spare && !is_spared(s, n) && ++kept > s->keep)
			stage_discard(s, n);
	}
}

/* --- accepted znodes, and what nginx runs --------------------------------------------------- */

int stage_accepted_tree(const struct stage *s, struct tree **tree, char revision[DIGEST_HEX_SIZE],
			struct err *e)
{
	return treefile_read_newest(statedir_generations(&s->directory), s->live.generation, tree,
				    revision, e);
}

int stage_peek_tree(const char *directory, struct tree **tree, struct err *e)
{
	CLEANUP(freep) char *live = xasprintf("%s/" LIVE_LINK, directory);

	return treefile_peek(live, tree, e);
}

int stage_record(struct stage *s, unsigned long n, const struct tree *accepted, struct err *e)
{
	return treefile_write(&s->treefile, statedir_generations(&s->directory), n, accepted, e);
}

bool stage_has_record(const struct stage *s)
{
	return treefile_exists(statedir_generations(&s->directory), s->live.generation);
}

int stage_set_applied(struct stage *s, const struct applied *a, struct err *e)
{
	s->record.applied = *a;
	s->record.has_applied = true;
	return applied_save(&s->record, statedir_root(&s->directory), e);
}

bool stage_applied(const struct stage *s, struct applied *a)
{
	*a = s->record.applied;
	return s->record.has_applied && s->record.applied.pid;
}

void stage_doubt_applied(struct stage *s)
{
	applied_doubt(&s->record);
	applied_save(&s->record, statedir_root(&s->directory), NULL);
}

bool stage_was_live_before(const struct stage *s, uint64_t ticks)
{
	const struct applied_record *r = &s->record;

	return r->has_published && r->published == s->live.generation && r->published_at < ticks;
}

bool stage_last_good(const struct stage *s, unsigned long bad, unsigned long *good)
{
	const struct applied_record *r = &s->record;
	struct manifest m;

	*good = r->applied.generation;
	if (r->has_applied && *good != bad &&
	    generation_verify(statedir_generations(&s->directory), *good, &m, NULL) == 0)
		return true;
	return treefile_newest_good(statedir_generations(&s->directory), bad, good);
}

/* --- opening: which generation is live ------------------------------------------------------ */

static int make_first(struct stage *s, struct err *e)
{
	struct bundle *empty = staging_empty_bundle();
	unsigned long n;
	int rc = stage_write(s, empty, "", &n, e);

	bundle_unref(empty);
	if (rc < 0 || stage_sync(s, n, e) < 0 || stage_publish(s, n, e) < 0)
		return -1;
	log_notice("%s: made an empty generation %lu", s->directory.path, n);
	return 0;
}

static int adopt_placeholder(struct stage *s, unsigned long n, struct err *e)
{
	if (staging_complete(statedir_generations(&s->directory), n, &s->live, e) < 0)
		return -1;
	log_notice("%s: starting with the empty files of generation %lu", s->directory.path, n);
	applied_publish(&s->record, n);
	return stage_settle(s, e);
}

static int recover(struct stage *s, unsigned long broken, const char *why, struct err *e)
{
	struct place all = statedir_generations(&s->directory);
	unsigned long good;

	if (stage_last_good(s, broken, &good)) {
		log_error("the live generation cannot be used (%s); restoring generation %lu", why,
			  good);
		return stage_publish(s, good, e);
	}
	if (broken != NO_GENERATION && generation_is_placeholder(all, broken))
		return adopt_placeholder(s, broken, e);
	log_error("the live generation cannot be used (%s) and there is no other one", why);
	if (broken == NO_GENERATION || !generation_has_files(all, broken))
		return make_first(s, e);
	/* until the next deployment: an empty configuration would be worse than a damaged one */
	s->live = (struct manifest){ .generation = broken };
	return 0;
}

/* Keeps the generation that was live, whatever its files hold; false: it has no manifest. */
static bool adopt_as_it_is(struct stage *s)
{
	const struct applied_record *r = &s->record;
	unsigned long n = r->published;
	const char *name;

	if (!live_link_read(statedir_root(&s->directory), &n) && !r->has_published)
		return false;
	if (generation_manifest(statedir_generations(&s->directory), n, &s->live, NULL) < 0)
		return false;
	if (!stage_live_is_intact(s, &name))
		log_warning("%s of the live generation %lu was changed by another program", name,
			    n);
	return true;
}

static int adopt(struct stage *s, const struct numbers *all, struct err *e)
{
	char why[sizeof(e->text)];
	unsigned long n = 0;
	struct err bad;

	if (live_link_check(statedir_root(&s->directory), e) < 0)
		return -1;
	if (!live_link_read(statedir_root(&s->directory), &n)) {
		if (!all->count && live_link_is_free(statedir_root(&s->directory)))
			return make_first(s, e);
		snprintf(why, sizeof(why), "%s is not a link to a generation", s->directory.live);
		return recover(s, NO_GENERATION, why, e);
	}
	if (generation_verify(statedir_generations(&s->directory), n, &s->live, &bad) < 0) {
		if (bad.code == ERR_REFUSED) /* an older one must not take its place in silence */
			return err_set(e, ERR_INPUT, "the live generation: %s", bad.text);
		return recover(s, n, bad.text, e);
	}
	return 0;
}

/* --- opening: the rest ---------------------------------------------------------------------- */

/* A generation with a higher number than the live one was never published, or was taken back. */
static void sweep_generations(struct stage *s, const struct numbers *all)
{
	unsigned long good;

	for (size_t i = 0; i < all->count; i++) {
		unsigned long n = all->items[i];

		if (n > s->live.generation ||
		    generation_is_damaged(statedir_generations(&s->directory), n))
			stage_discard(s, n);
	}
	/* also prune at start, for a daemon that crashes again and again */
	if (!stage_last_good(s, s->live.generation, &good))
		good = s->live.generation;
	stage_prune(s, good);
}

/* Numbers are never used twice, so that no record of an old generation is about a new one. */
static void find_next(struct stage *s, const struct numbers *all)
{
	const struct applied_record *r = &s->record;
	unsigned long next = all->count ? all->items[all->count - 1] + 1 : 0, linked;

	if (live_link_read(statedir_root(&s->directory), &linked) && linked >= next)
		next = linked + 1;
	if (r->has_applied && r->applied.generation >= next)
		next = r->applied.generation + 1;
	if (r->has_published && r->published >= next)
		next = r->published + 1;
	s->staging.next = next;
}

static int open_stage(const struct state_settings *settings, bool as_it_is, struct stage **out,
		      struct err *e)
{
	CLEANUP(numbers_fini) struct numbers all = { 0 };
	CLEANUP(stage_closep) struct stage *s = xcalloc(1, sizeof(*s));

	s->keep = settings->keep;
	staging_init(&s->staging);
	if (statedir_open(&s->directory, settings->directory, e) < 0)
		return -1;
	applied_load(&s->record, statedir_root(&s->directory));
	live_link_sweep(statedir_root(&s->directory));
	applied_sweep(statedir_root(&s->directory));
	if (generation_list(statedir_generations(&s->directory), &all, e) < 0)
		return -1;
	find_next(s, &all);
	if (!(as_it_is && adopt_as_it_is(s)) && adopt(s, &all, e) < 0)
		return -1;
	sweep_generations(s, &all);
	*out = TAKE(s);
	return 0;
}

int stage_open(const struct state_settings *settings, struct stage **out, struct err *e)
{
	return open_stage(settings, false, out, e);
}

int stage_open_as_it_is(const struct state_settings *settings, struct stage **out, struct err *e)
{
	return open_stage(settings, true, out, e);
}

void stage_close(struct stage *s)
{
	if (!s)
		return;
	staging_forget(&s->staging);
	statedir_close(&s->directory);
	free(s);
}
