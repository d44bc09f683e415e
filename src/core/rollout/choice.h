/*
 * Choice: what a permit makes of the newest tree. Pure.
 *
 * If the permitted revision is the newest one, the tree is rendered as it is. Otherwise the config
 * is that of the permitted revision, and the servers are those of the newest tree: they never wait
 * for a rollout. While the permitted config is not at hand, the host keeps what it runs. A config
 * that has no object is not a revision: the tree is left as it is, so that the guard sees it and
 * reports it. A config whose push is unfinished is not a revision either: the host keeps what it
 * runs, and one that runs nothing takes what the fleet has accepted. The same holds for a config
 * whose signature is not good, where one is asked for; what nginx runs already stays in force. Of a
 * replay that is not certain: nginx may have been given a later config since, with an outcome that
 * is not known, or with a deletion that waits. So the host keeps the znodes that nginx runs.
 */
#ifndef ZKNGINX_CHOICE_H
#define ZKNGINX_CHOICE_H

#include <zknginx/tree.h>

#include "rollout.h"

struct choice {
	struct tree *newest;
	const char *newest_revision;
	bool wiped;       /* the newest config has no object at all */
	bool unfinished;  /* a push of it is unfinished */
	bool untrusted;   /* it has not the signature that this host asks for */
	bool replayed;    /* … but one from before what this host has applied */
	const char *root; /* zookeeper.config */
	const struct permit *permit;
	struct tree *accepted; /* the znodes that nginx runs … */
	const char *applied;   /* … and their revision; "" = none */
	/* Revision of the live files; "" = none. nginx may read another one: a daemon that was
	 * killed after the signal does not know the outcome. */
	const char *published;
	struct tree *config; /* as operators wrote it, stored on this host; NULL: none … */
	const char *stored;  /* … and its revision */
	/* The config of this revision, borrowed; NULL while it is not at hand. */
	struct tree *(*config_of)(void *ctx, const struct plan_revision *wanted);
	void *ctx;
};

/* The tree to render (one reference), and its revision. If the config is wiped and the tree is not
 * the newest, it is what the fleet agreed on, for a host that runs nothing. */
struct tree *choice_tree(const struct choice *c, char revision[DIGEST_HEX_SIZE]);

#endif
