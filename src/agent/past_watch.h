/*
 * The watch on ZooKeeper's history: between the mirror and everything that follows a tree.
 *
 * Each settled tree is compared with the watermark. One that continues the known history is handed
 * on, and becomes the watermark. One that seems older is kept back: nothing of it is applied, and
 * nginx keeps serving what it serves. It may come from a server that is behind, so the server is
 * made to catch up first, and the mirror to settle again. (A session of this daemon is connected
 * only after a first sync, so this is rare: observers and local sessions.) Until the answer is
 * there no alert is raised, however long it takes. If the tree is older after that, history has
 * gone back. This is stored, and lasts until past_judge() lets go of it, also over restarts.
 *
 * While ZooKeeper is away or before the first tree, nothing is known, and the state is what it was.
 */
#ifndef ZKNGINX_AGENT_PAST_WATCH_H
#define ZKNGINX_AGENT_PAST_WATCH_H

#include <systemd/sd-event.h>
#include <zknginx/plan.h>
#include <zknginx/settings.h>

#include "core/rollout/past.h"
#include "zk/mirror.h"

struct past_watch_ops {
	/* This tree may be followed. unreadable: what could not be read of it. */
	void (*on_tree)(void *ctx, struct tree *tree, const struct problems *unreadable);
	/* History has gone back, another tree of it was read, or it is in order again (which comes
	 * after on_tree()). */
	void (*on_change)(void *ctx);
};

struct past_watch;
/* ERR_INPUT: another version has written the file in the state directory. */
int past_watch_new(sd_event *loop, const struct settings *settings,
		   const struct past_watch_ops *ops, void *ctx, struct past_watch **out,
		   struct err *e);
/* Before the mirror is freed. */
void past_watch_free(struct past_watch *w);

/* A settled tree of this mirror. */
void past_watch_take(struct past_watch *w, struct mirror *mirror, struct tree *tree,
		     const struct problems *unreadable);
/* Within on_tree(): the plan that is followed; NULL: none. Where ZooKeeper has none either, the
 * config's own revision counts as accepted; else the plan before goes on. */
void past_watch_plan(struct past_watch *w, const struct plan *plan);

struct past_watch_facts {
	bool in_order;        /* the last tree was handed on: false: it is kept back */
	bool rolled_back;     /* … because history has gone back: */
	bool empty;           /* … and the older config has no object at all */
	uint64_t since;       /* wall clock … */
	const char *message;  /* … and what was expected, and what came */
	uint64_t seen;        /* when the known history was last seen, wall clock */
	int64_t confirmed;    /* the transaction of the confirmation in the last tree; 0: none */
	int64_t stale_plan;   /* the plan of this transaction must not be followed; 0: none */
	const char *accepted; /* revision; "" */
	const char *plan;     /* that was followed last, JSON; "" */
};
/* Borrowed until the next event. */
void past_watch_facts(const struct past_watch *w, struct past_watch_facts *out);

#endif
