/*
 * --dry-run: from the newest tree of a mirror, and the revision that this host may run, to a
 * preview. Each tree is looked at once; one that lacks paths which its upstreams need makes the
 * mirror read them, and another tree follows.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "core/fleet/override.h"
#include "dry_run.h"
#include "nginx/stage.h"
#include "nginx/watermark_file.h"
#include "preview.h"
#include "preview_permit.h"
#include "sys/timing.h"
#include "zk/inquiry.h"
#include "zk/resolver.h"
#include "zk/roots.h"

#define PATIENCE (30 * USEC_PER_SEC)
#define ASK_AGAIN (200 * USEC_PER_MSEC) /* the mirror still reads, or the connection was lost */

struct dry_run {
	const struct settings *settings;
	sd_event *loop;
	struct mirror *mirror;
	struct roots roots;
	struct tree *newest, *accepted;
	struct preview_permit *permit;
	struct preview *preview;
	struct past past;
	struct inquiry *inquiry; /* NULL: none is under way */
	sd_event_source *again;  /* asks again */
	bool rolled_back;        /* ZooKeeper has gone back, so the daemon would apply nothing */
	int exit_code;
};

static void on_tested(void *ctx, bool passed)
{
	struct dry_run *d = ctx;

	d->exit_code = passed && !d->rolled_back ? 0 : 1;
	sd_event_exit(d->loop, 0);
}

/* NULL: the mirror has to read more first, and a tree follows. */
static struct model *compose_tree(struct dry_run *d, const struct tree *tree)
{
	CLEANUP(overrides_freep) struct overrides *o = overrides_new();
	const struct zookeeper_settings *z = &d->settings->zookeeper;
	CLEANUP(model_freep) struct model *m = NULL;
	struct problems problems;
	bool follows;

	problems_init(&problems);
	mirror_problems(d->mirror, &problems);
	overrides_read(o, d->newest, z->cluster, timing_now(), timing_wall());
	preview_use_drains(d->preview, overrides_drains(o));
	m = preview_compose(d->preview, tree, &problems);
	follows = roots_follow(&d->roots, m, d->mirror);
	preview_use_drains(d->preview, (struct drains){ 0 });
	overrides_problems(o, d->newest, z->config, m, &problems);
	problems_sort(&problems);
	if (!follows)
		preview_log_problems(&problems);
	problems_fini(&problems);
	return follows ? NULL : TAKE(m);
}

static int show(struct dry_run *d, const struct tree *tree, struct err *e)
{
	CLEANUP(model_freep) struct model *m = compose_tree(d, tree);

	if (!m)
		return 0;
	if (preview_show(d->preview, m, e) < 0)
		return -1;
	return preview_test(d->preview, d->loop, on_tested, d, e);
}

static void on_permitted(void *ctx)
{
	struct dry_run *d = ctx;
	CLEANUP(tree_unrefp) struct tree *tree = preview_permit_tree(d->permit, d->newest);
	struct err e;

	if (!tree || show(d, tree, &e) == 0)
		return;
	log_error("%s", e.text);
	sd_event_exit(d->loop, 0);
}

/* --- ZooKeeper's history --------------------------------------------------------------------- */

static struct watermark_places places_of(const struct dry_run *d)
{
	const struct zookeeper_settings *z = &d->settings->zookeeper;

	return (struct watermark_places){ z->config, z->cluster, hosts_chroot(z->hosts) };
}

/* As the daemon decides. */
static void check_past(struct dry_run *d, const struct watermark_evidence *evidence)
{
	const struct watermark_places places = places_of(d);
	CLEANUP(watermark_fini) struct watermark now = { 0 };
	CLEANUP(freep) char *what = NULL;
	struct problems unreadable;
	struct past_answer a;

	problems_init(&unreadable);
	mirror_problems(d->mirror, &unreadable);
	watermark_of(d->newest, &places, NULL, &now);
	d->rolled_back = past_judge(&(struct past_question){ &d->past, d->newest, &now, &places,
							     &unreadable, evidence },
				    &a) == PAST_OLDER;
	what = past_describe(&a.finding);
	if (d->rolled_back)
		log_error("ZooKeeper's history has gone back: %s; the daemon applies nothing of "
			  "it, and this shows what it would apply after \"zknginxctl confirm "
			  "--history\"",
			  d->past.back.on ? d->past.back.message : what);
	arena_free(a.arena);
	problems_fini(&unreadable);
}

static void on_answer(void *ctx, bool ok, const int64_t *zxids)
{
	struct dry_run *d = ctx;
	struct watermark_evidence evidence;

	d->inquiry = NULL;
	/* What the sync has brought is read before anything is decided. */
	if (!ok || !mirror_is_settled(d->mirror)) {
		timing_arm(d->again, ASK_AGAIN);
		return;
	}
	memcpy(evidence.zxid, zxids, sizeof(evidence.zxid));
	check_past(d, &evidence);
	on_permitted(d);
}

/* Was a config that is gone deleted or lost? And the server may be behind the others. */
static void ask(struct dry_run *d)
{
	const struct watermark_places places = places_of(d);
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *paths[WATERMARK_ROOT_N];

	for (enum watermark_root r = 0; r < WATERMARK_ROOT_N; r++)
		paths[r] = watermark_root_path(a, &places, r);
	inquiry_drop(d->inquiry);
	d->inquiry =
		inquiry_begin(mirror_session(d->mirror), paths, WATERMARK_ROOT_N, on_answer, d);
}

static int on_again(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct dry_run *d = ctx;

	if (session_state(mirror_session(d->mirror)) == SESSION_CONNECTED)
		ask(d);
	else
		timing_arm(d->again, ASK_AGAIN);
	return 0;
}

/* --- the run --------------------------------------------------------------------------------- */

static void on_tree(void *ctx, struct tree *tree)
{
	struct dry_run *d = ctx;

	tree_unref(d->newest);
	d->newest = tree_ref(tree);
	timing_at(d->again, NEVER);
	ask(d);
}

static void on_mirror_state(void *ctx UNUSED)
{
}

static int on_timeout(sd_event_source *s UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct dry_run *d = userdata;

	log_error("no answer from ZooKeeper at %s", d->settings->zookeeper.hosts);
	return sd_event_exit(d->loop, 0);
}

static int open_mirror(struct dry_run *d, struct err *e)
{
	static const struct mirror_ops ops = { on_tree, on_mirror_state };
	CLEANUP(model_freep) struct model *nothing = model_new();
	CLEANUP(freep) struct mirror_root *roots = NULL;
	const struct zookeeper_settings *z = &d->settings->zookeeper;
	size_t root_count;

	roots_init(&d->roots, z);
	roots = roots_begin(&d->roots, nothing, &root_count);
	return mirror_new(d->loop, "mirror", z, roots, root_count, &ops, d, &d->mirror, e);
}

static int run(struct dry_run *d, struct err *e)
{
	const struct watermark_places places = places_of(d);

	if (watermark_file_read(d->settings->state.directory, &places, &d->past, e) < 0 ||
	    stage_peek_tree(d->settings->state.directory, &d->accepted, e) < 0 ||
	    preview_new(d->settings, d->accepted, &d->preview, e) < 0)
		return -1;
	d->again = timing_new(d->loop, on_again, d);
	d->permit = preview_permit_new(d->loop, d->settings, d->accepted, on_permitted, d);
	if (open_mirror(d, e) < 0)
		return -1;
	if (sd_event_add_time_relative(d->loop, NULL, CLOCK_MONOTONIC, PATIENCE, 0, on_timeout, d) <
	    0)
		die("sd-event: no timer");
	sd_event_loop(d->loop);
	return 0;
}

static void dry_run_fini(struct dry_run *d)
{
	inquiry_drop(d->inquiry);
	mirror_free(d->mirror);
	sd_event_source_disable_unref(d->again);
	preview_permit_free(d->permit);
	preview_free(d->preview);
	roots_fini(&d->roots);
	past_fini(&d->past);
	tree_unref(d->newest);
	tree_unref(d->accepted);
	sd_event_unref(d->loop);
}

int dry_run(const struct settings *settings)
{
	struct dry_run d = { .settings = settings, .exit_code = 1 };
	struct err e;

	if (sd_event_default(&d.loop) < 0)
		die("sd-event: no loop");
	if (run(&d, &e) < 0)
		log_error("%s", e.text);
	dry_run_fini(&d);
	return d.exit_code;
}
