/* The watch on ZooKeeper's history. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "core/data/layout.h"
#include "nginx/watermark_file.h"
#include "past_watch.h"
#include "sys/timing.h"
#include "zk/inquiry.h"
#include "zk/resolver.h"

#define ASK_AGAIN (200 * USEC_PER_MSEC)  /* the mirror still reads, or the connection was lost */
#define SAVE_GAP USEC_PER_SEC            /* between two writes of the file … */
#define SAVE_SERVERS (60 * USEC_PER_SEC) /* … where only servers of upstreams have changed */

struct past_watch {
	char *state, *config, *cluster, *chroot; /* of the settings */
	struct watermark_places places;          /* the last three */
	const struct past_watch_ops *ops;
	void *ctx;
	struct past past;
	sd_event_source *save, *again;
	uint64_t saved_at, save_due; /* CLOCK_MONOTONIC; due NEVER: nothing is to be saved */
	bool failed;                 /* the last write */

	struct mirror *mirror;
	struct tree *tree; /* the last one; NULL: none was read */
	struct problems unreadable;
	bool in_order;
	struct inquiry *inquiry; /* NULL: none is under way */
	int64_t confirmed;
};

/* --- the file -------------------------------------------------------------------------------- */

static void save(struct past_watch *w, enum durability durability)
{
	struct err e;
	bool failed = watermark_file_write(w->state, &w->places, &w->past, durability, &e) < 0;

	w->saved_at = timing_now();
	w->save_due = NEVER;
	timing_at(w->save, NEVER);
	if (failed && !w->failed)
		log_error("%s (after a restart, this host does not notice that ZooKeeper's history "
			  "has gone back)",
			  e.text);
	w->failed = failed;
	if (!failed)
		return;
	w->save_due = w->saved_at + SAVE_SERVERS;
	timing_at(w->save, w->save_due);
}

static int on_save(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *watch)
{
	save(watch, DISK_VOLATILE);
	return 0;
}

/* Servers of upstreams come and go; the file need not have each of them. */
static void save_later(struct past_watch *w, bool only_servers)
{
	uint64_t now = timing_now();
	uint64_t due = only_servers ? now + SAVE_SERVERS : w->saved_at + SAVE_GAP;

	if (due >= w->save_due)
		return;
	if (due <= now) {
		save(w, DISK_VOLATILE);
		return;
	}
	w->save_due = due;
	timing_at(w->save, due);
}

/* --- verdicts -------------------------------------------------------------------------------- */

static void log_end(const struct past_watch *w, enum past_verdict verdict,
		    const struct past_answer *a)
{
	const struct past *p = &w->past;
	CLEANUP(freep) char *what = past_describe(&a->finding);

	if (verdict == PAST_CONFIRMED)
		log_notice("ZooKeeper's history was confirmed by %s: what ZooKeeper has now is "
			   "followed",
			   *a->confirmation.by ? a->confirmation.by : "an operator");
	else if (verdict == PAST_RETURNED)
		log_notice("ZooKeeper's history is the known one again, and is followed");
	else if (verdict == PAST_SAME)
		log_warning("ZooKeeper has gone back (%s), but its config is revision %.12s, which "
			    "this host knows: what ZooKeeper has now is followed",
			    p->back.on ? p->back.message : what, p->mark.revision);
}

static void end_back(struct past *p)
{
	free(p->back.message);
	memset(&p->back, 0, sizeof(p->back));
}

/* The tree is handed on, and is what later trees are compared with. */
static void accept_tree(struct past_watch *w, struct watermark *now, enum past_verdict verdict,
			const struct past_question *q, const struct past_answer *a)
{
	struct past *p = &w->past;
	bool only_servers;

	if (verdict == PAST_CONTINUES)
		watermark_keep_unreadable(now, &p->mark, &w->unreadable);
	only_servers = p->mark.written == now->written && p->time;
	log_end(w, verdict, a);
	if (verdict != PAST_CONTINUES)
		p->stale_plan = verdict == PAST_RETURNED ? 0 : past_stale_plan(q, a);
	end_back(p);
	watermark_fini(&p->mark);
	p->mark = *now;
	*now = (struct watermark){ 0 };
	p->time = timing_wall();
	w->in_order = true;
	if (verdict == PAST_CONTINUES)
		save_later(w, only_servers);
	else
		save(w, DISK_DURABLE);
	w->ops->on_tree(w->ctx, w->tree, &w->unreadable);
	if (verdict != PAST_CONTINUES)
		w->ops->on_change(w->ctx);
}

static void go_back(struct past_watch *w, const struct watermark *now, const struct past_answer *a)
{
	struct past *p = &w->past;

	if (p->back.on) {
		w->ops->on_change(w->ctx);
		return;
	}
	p->back.on = true;
	p->back.since = timing_wall();
	p->back.shared = watermark_shared(&p->mark, now);
	p->back.message = past_describe(&a->finding);
	memcpy(p->back.revision, now->revision, sizeof(p->back.revision));
	log_error("ZooKeeper's history has gone back: %s; it was restored from a copy or wiped, or "
		  "another ensemble answers; nothing of it is applied, and nginx keeps serving "
		  "what it serves (zknginxctl confirm --history accepts what ZooKeeper has now)",
		  p->back.message);
	save(w, DISK_DURABLE);
	w->ops->on_change(w->ctx);
}

static void begin_inquiry(struct past_watch *w);

/* evidence NULL: the servers were not asked yet. */
static void judge(struct past_watch *w, const struct watermark_evidence *evidence)
{
	CLEANUP(watermark_fini) struct watermark now = { 0 };
	struct past_question q = { .past = &w->past,
				   .tree = w->tree,
				   .now = &now,
				   .places = &w->places,
				   .unreadable = &w->unreadable,
				   .evidence = evidence };
	struct past_answer a;
	enum past_verdict verdict;

	watermark_of(w->tree, &w->places, &w->past.mark, &now);
	verdict = past_judge(&q, &a);
	w->confirmed = a.confirmed;
	if (verdict == PAST_CONTINUES || ((evidence || w->past.back.on) && verdict != PAST_OLDER))
		accept_tree(w, &now, verdict, &q, &a);
	else if (evidence || w->past.back.on)
		go_back(w, &now, &a);
	else
		begin_inquiry(w);
	arena_free(a.arena);
}

/* --- the servers are asked ------------------------------------------------------------------- */

static void on_answer(void *watch, bool ok, const int64_t *zxids)
{
	struct past_watch *w = watch;
	struct watermark_evidence evidence;

	w->inquiry = NULL;
	/* What the sync has brought is read before anything is decided. */
	if (!ok || !mirror_is_settled(w->mirror)) {
		timing_arm(w->again, ASK_AGAIN);
		return;
	}
	memcpy(evidence.zxid, zxids, sizeof(evidence.zxid));
	judge(w, &evidence);
}

static void begin_inquiry(struct past_watch *w)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *paths[WATERMARK_ROOT_N];

	if (w->inquiry)
		return;
	for (enum watermark_root r = 0; r < WATERMARK_ROOT_N; r++)
		paths[r] = watermark_root_path(a, &w->places, r);
	w->inquiry =
		inquiry_begin(mirror_session(w->mirror), paths, WATERMARK_ROOT_N, on_answer, w);
}

static int on_again(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *watch)
{
	struct past_watch *w = watch;

	if (session_state(mirror_session(w->mirror)) == SESSION_CONNECTED)
		begin_inquiry(w);
	else
		timing_arm(w->again, ASK_AGAIN);
	return 0;
}

static void copy_problems(struct problems *to, const struct problems *from)
{
	problems_fini(to);
	problems_init(to);
	for (size_t i = 0; i < from->count; i++) {
		const struct problem *p = &from->items[i];

		problems_add(to, p->znode, p->kind, p->field, "%s", p->message);
	}
}

void past_watch_take(struct past_watch *w, struct mirror *mirror, struct tree *tree,
		     const struct problems *unreadable)
{
	w->mirror = mirror;
	tree_unref(w->tree);
	w->tree = tree_ref(tree);
	copy_problems(&w->unreadable, unreadable);
	inquiry_drop(TAKE(w->inquiry));
	timing_at(w->again, NEVER);
	w->in_order = false;
	judge(w, NULL);
}

static bool has_plan_znode(const struct past_watch *w)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();

	return tree_find(w->tree, watermark_root_path(a, &w->places, WATERMARK_PLAN));
}

void past_watch_plan(struct past_watch *w, const struct plan *plan)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct past *p = &w->past;
	const char *accepted = plan ? plan->accepted.revision : p->mark.revision;

	if (!plan && has_plan_znode(w))
		return;
	if (plan)
		plan_print(plan, &text);
	if (strcmp(p->accepted, accepted) == 0 && strcmp(p->plan ?: "", buf_str(&text)) == 0)
		return;
	snprintf(p->accepted, sizeof(p->accepted), "%s", accepted);
	free(p->plan);
	p->plan = plan ? xstrdup(buf_str(&text)) : NULL;
	save_later(w, false);
}

void past_watch_facts(const struct past_watch *w, struct past_watch_facts *out)
{
	const struct past *p = &w->past;

	*out = (struct past_watch_facts){ .in_order = w->in_order,
					  .rolled_back = p->back.on,
					  .empty = w->tree &&
						   !config_has_objects(w->tree, w->config),
					  .since = p->back.since,
					  .message = p->back.message ?: "",
					  .seen = p->time,
					  .confirmed = w->confirmed,
					  .stale_plan = p->stale_plan,
					  .accepted = p->accepted,
					  .plan = p->plan ?: "" };
}

/* --- lifetime -------------------------------------------------------------------------------- */

int past_watch_new(sd_event *loop, const struct settings *settings,
		   const struct past_watch_ops *ops, void *ctx, struct past_watch **out,
		   struct err *e)
{
	struct past_watch *w = xcalloc(1, sizeof(*w));

	*w = (struct past_watch){ .state = xstrdup(settings->state.directory),
				  .config = xstrdup(settings->zookeeper.config),
				  .cluster = xstrdup(settings->zookeeper.cluster),
				  .chroot = xstrdup(hosts_chroot(settings->zookeeper.hosts)),
				  .ops = ops,
				  .ctx = ctx,
				  .save_due = NEVER };
	w->places = (struct watermark_places){ w->config, w->cluster, w->chroot };
	problems_init(&w->unreadable);
	if (watermark_file_read(w->state, &w->places, &w->past, e) < 0) {
		past_watch_free(w);
		return -1;
	}
	w->save = timing_new(loop, on_save, w);
	w->again = timing_new(loop, on_again, w);
	if (w->past.back.on)
		log_error("ZooKeeper's history had gone back before this start: %s",
			  w->past.back.message);
	*out = w;
	return 0;
}

void past_watch_free(struct past_watch *w)
{
	if (!w)
		return;
	if (w->save_due != NEVER)
		save(w, DISK_VOLATILE);
	inquiry_drop(w->inquiry);
	sd_event_source_disable_unref(w->save);
	sd_event_source_disable_unref(w->again);
	problems_fini(&w->unreadable);
	tree_unref(w->tree);
	past_fini(&w->past);
	free(w->state);
	free(w->config);
	free(w->cluster);
	free(w->chroot);
	free(w);
}
