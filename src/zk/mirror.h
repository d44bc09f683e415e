/*
 * The mirror: watched subtrees, and a tree whenever they are settled.
 *
 * It has a session of its own (no ephemerals, disposable). Every znode is read with a watch, and an
 * event makes it read that one item again. When nothing is in flight and no event is queued,
 * everything that was read was true at one instant: the tree is settled and handed on. While
 * changes come faster than they can be read, no tree is handed on, and the caller keeps the newest
 * settled one.
 *
 * Limits keep data from exhausting the daemon's memory. What is beyond them is not read, the path
 * is reported, and in the tree it stays as it was last read.
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
	/* The connection changed, or a path became readable or unreadable. May be NULL. */
	void (*on_state)(void *ctx);
};

/* `name` is for log lines ("mirror", "leader"). */
int mirror_new(sd_event *loop, const char *name, const struct zookeeper_settings *settings,
	       const struct mirror_root *roots, size_t root_count, const struct mirror_ops *ops,
	       void *ctx, struct mirror **out, struct err *e);
void mirror_free(struct mirror *m);

/*
 * Replace the roots: new ones are read, dropped ones are forgotten, the rest is kept. When all have
 * been read a tree is handed on, even if it is the same as the last one.
 */
void mirror_set_roots(struct mirror *m, const struct mirror_root *roots, size_t root_count);

/*
 * Begin to read everything once more, slowly: a server sends a client no events about a znode that
 * it may not read, so a znode that was forbidden for a while may have changed unseen. Happens every
 * few minutes by itself.
 */
void mirror_audit(struct mirror *m);

struct session *mirror_session(const struct mirror *m);
/* Is nothing in flight, nothing queued and every change handed on? */
bool mirror_is_settled(const struct mirror *m);
/* Is the session connected, and has everything been read in it once at least? Until then the tree
 * is what another session has read. ops.on_state follows when it becomes true. */
bool mirror_is_current(const struct mirror *m);
/* Has everything been read at least once since the start? */
bool mirror_is_complete(const struct mirror *m);
unsigned long mirror_nodes(const struct mirror *m);
/* Bytes of their data. */
unsigned long mirror_bytes(const struct mirror *m);
unsigned long mirror_watches(const struct mirror *m);
/* Its problems are read by the operator of this command, which lives as long ("zknginxctl"). */
void mirror_set_command(struct mirror *m, const char *command);
/* Paths that cannot be read or exceed a limit, as ACCESS problems. */
void mirror_problems(const struct mirror *m, struct problems *ps);

#endif
