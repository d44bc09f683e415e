/*
 * The mirror: the watched subtrees, and a tree whenever they are settled.
 *
 * It has a session of its own (no ephemerals, disposable). Every znode is read
 * with a watch; an event re-reads that one item. When nothing is in flight and no
 * event is queued, what was read then all held at one instant: the tree is
 * settled and handed on. While changes come faster than they can be read, no tree
 * leaves: the newest settled one is what the caller has.
 *
 * Limits keep data from exhausting the daemon: what is beyond them is not read, the path is
 * reported, and in the tree it stays as it was last read.
 */
#ifndef ZKNGINX_ZK_MIRROR_H
#define ZKNGINX_ZK_MIRROR_H

#include <zknginx/problem.h>
#include <zknginx/tree.h>

#include "session.h"

struct mirror;

/* A subtree to watch. */
struct mirror_root {
	const char *path;
	/*
	 * Levels below path at which children are looked for (0: only path itself is read).
	 * The last level is read but its children are not watched.
	 */
	unsigned depth;
};

struct mirror_ops {
	/* Settled and different from the last one. Borrowed; take a reference to keep it. */
	void (*on_tree)(void *ctx, struct tree *tree);
	/* The connection changed, or a path became readable or not: status is to be told. */
	void (*on_state)(void *ctx);
};

/* `name` is for log lines ("mirror", "fleet"). */
int mirror_new(sd_event *loop, const char *name, const struct zookeeper_settings *settings,
	       const struct mirror_root *roots, size_t root_count, const struct mirror_ops *ops,
	       void *ctx, struct mirror **out, struct err *e);
void mirror_free(struct mirror *m);

/*
 * Other roots from now on: new ones are read, dropped ones forgotten, the rest is kept. When they
 * have been read a tree is handed on, also one that is as the last one was.
 */
void mirror_set_roots(struct mirror *m, const struct mirror_root *roots, size_t root_count);

/*
 * Read everything once more from now on, slowly: the server keeps events about a znode from whoever
 * may not read it, so a znode that was forbidden for a while may have changed unseen. Happens every
 * few minutes by itself.
 */
void mirror_audit(struct mirror *m);

const struct session *mirror_session(const struct mirror *m);
/* Has everything been read at least once since the start? */
bool mirror_is_complete(const struct mirror *m);
unsigned long mirror_nodes(const struct mirror *m);
unsigned long mirror_watches(const struct mirror *m);
/* Paths that may not be read (NOAUTH: kept as last read) or exceed a limit, as ACCESS problems. */
void mirror_problems(const struct mirror *m, struct problems *ps);

#endif
