/* What the parts of the mirror share: its session and its trees (mirror.c), the reading of
 * znodes (mirror_walk.c), the nodes' states (mirror_node.c), its roots (mirror_roots.c), what
 * cannot be read (mirror_trouble.c), what no watch tells (mirror_audit.c). */
#ifndef ZKNGINX_ZK_MIRROR_PARTS_H
#define ZKNGINX_ZK_MIRROR_PARTS_H

#include "mirror.h"
#include "node.h"

#define MIRROR_MAX_NODES 400000
#define MIRROR_MAX_BYTES ((size_t)256 << 20)
#define MIRROR_MAX_CHILDREN 200000
#define MIRROR_MAX_DATA ((size_t)1 << 20)

struct mirror {
	sd_event *loop;
	struct session *session;
	struct mirror_ops ops;
	void *ctx;
	size_t watch_limit, chroot_size;
	sd_event_source *work, *retry, *audit;

	struct node *top;
	struct node_list todo, troubled;
	size_t in_flight, dead;       /* items; nodes */
	size_t nodes, present, bytes; /* that are kept, with levels >= 0 */
	size_t watches, watch_bytes;  /* armed in this session */

	unsigned epoch; /* of the session that watches are armed in; 0: none yet */
	unsigned barriers, lost_barriers;
	bool caught_up; /* nothing that happened while we were away is still to be told */
	/* The server denies exists of what may not be read, as from 3.9.3 on: no use in asking. */
	bool exists_denied;
	bool changed; /* since the last tree */
	bool tell;    /* that a path became readable or not */
	bool complete;
	uint64_t retry_pause;
	bool retry_armed;
	char *audited; /* the last node that was audited; NULL: none in this sweep */
	struct tree *last;
	uint64_t published; /* when it left */
};

/* mirror.c */
/* Look at the next turn of the loop whether there is something to hand on. */
void mirror_poke(struct mirror *m);

/* Under a storm, a tree that is due leaves at the first settled instant, even with more notes
 * queued. */
void mirror_seize(struct mirror *m);

/* mirror_node.c */
void mirror_arm(struct node *n, enum item item);
void mirror_disarm(struct node *n, unsigned items);
/* All watches are gone with their session. */
void mirror_forget_watches(struct mirror *m);
/* Ask for these items of the node, as soon as the window allows. */
void mirror_want(struct node *n, unsigned items);
void mirror_want_all(struct node *n);
void mirror_unwant(struct node *n, unsigned items);
/* Wanted or flying, one of them at least. */
bool mirror_is_under_way(const struct node *n, unsigned items);
void mirror_set_levels(struct node *n, int levels);
void mirror_set_dead(struct node *n, bool dead);
/* No root reaches it any more; what is below it is not looked at. */
void mirror_uncover(struct node *n);
/* There is no such znode (any more): it leaves the tree, with all below that is not pinned. */
void mirror_vacate(struct node *n);
/* The node itself is forgotten; the caller takes it out of its parent's children. */
void mirror_remove(struct node *n);
/* As mirror_remove, out of its parent's children too; vacated only when a pin needs it. */
void mirror_leave(struct node *n);
/* The server says that there is no such znode. */
void mirror_gone(struct node *n);

/* mirror_walk.c */
/* Sends what is wanted. */
void mirror_feed(struct mirror *m);
/* A watch of the session fired. */
void mirror_event(struct mirror *m, int type, const char *path);

/* mirror_trouble.c */
/* `item`: ITEM_DATA or ITEM_KIDS. */
void mirror_set_trouble(struct node *n, enum item item, enum trouble t);
void mirror_clear_troubles(struct node *n);
int mirror_on_retry(sd_event_source *source, uint64_t usec, void *ctx);

/* mirror_audit.c */
/* The next sweep is not due before long: all has just been read. */
void mirror_plan_audit(struct mirror *m);
int mirror_on_audit(sd_event_source *source, uint64_t usec, void *ctx);

#endif
