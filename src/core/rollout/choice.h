/*
 * Choice: what a permit makes of the newest tree. Pure.
 *
 * When the permitted revision is the one in ZooKeeper, the tree is rendered as it is; otherwise the
 * config is that of the permitted revision, and the servers are those of now: they never wait for a
 * rollout. While a config is not at hand the host stays on what it runs. A config that is gone is
 * not a revision: then the tree is left as it is, so that the guard sees it and says so.
 */
#ifndef ZKNGINX_CHOICE_H
#define ZKNGINX_CHOICE_H

#include <zknginx/tree.h>

#include "rollout.h"

struct choice {
	struct tree *live;  /* the newest … */
	const char *newest; /* … its revision */
	bool wiped;         /* … which has no object at all */
	const char *root;   /* zookeeper.config */
	const struct permit *permit;
	struct tree *accepted; /* the znodes behind what nginx runs … */
	const char *applied;   /* … and their revision; "" = none */
	struct tree *config;   /* as operators wrote it, and of this revision; NULL: none at hand */
	const char *held;
	/* The config of this revision, borrowed; NULL while it is not at hand. */
	struct tree *(*config_of)(void *ctx, const struct plan_revision *wanted);
	void *ctx;
};

/* The tree to render (one reference), and its revision. Another one than `live` of a config that is
 * wiped is what the fleet agreed on, for a host that runs nothing. */
struct tree *choice_tree(const struct choice *c, char revision[DIGEST_HEX_SIZE]);

#endif
