/*
 * What the parts of the mirror share. Each calls only those before it:
 *
 *	mirror_limits.c   how much is kept, and asked for at once
 *	mirror_node.c     the states of the nodes
 *	mirror_publish.c  when a tree leaves
 *	mirror_walk.c     reading, replies and events
 *	mirror_reread.c   reading without an event
 *	mirror_roots.c    which subtrees are read
 *	mirror.c          the session, and the mirror's life
 */
#ifndef ZKNGINX_ZK_MIRROR_PARTS_H
#define ZKNGINX_ZK_MIRROR_PARTS_H

#include "mirror.h"
#include "node.h"
#include "unreadable.h"

#define MIRROR_MAX_NODES 400000
#define MIRROR_MAX_CHILDREN 200000
#define MIRROR_MAX_DATA ((size_t)1 << 20) /* of one znode, where it has no smaller limit */

struct mirror {
	sd_event *loop;
	struct session *session;
	struct mirror_ops ops;
	void *ctx;
	char *config; /* the root of the config, for the limits of its znodes; NULL: none */
	size_t watch_limit, max_data, chroot_size;
	sd_event_source *work, *audit;

	struct node *top;
	struct node_list todo;
	struct unreadable unreadable;
	size_t in_flight, dead;       /* items; nodes */
	size_t nodes, present, bytes; /* that are kept, with levels >= 0 */
	size_t large_bytes;           /* of `bytes`, those of large znodes */
	size_t expected;              /* bytes of the next answer */
	size_t watches, watch_bytes;  /* armed in this session */

	unsigned epoch;         /* of the session that watches are armed in; 0: none yet */
	unsigned settled_epoch; /* of the session in which a tree was last settled; 0: none yet */
	unsigned barriers, lost_barriers;
	struct node *witness; /* of the last transaction that was seen, while it is looked for … */
	int64_t witness_zxid; /* … and that transaction */
	bool caught_up;       /* all events that were missed while disconnected have arrived */
	/* Servers from 3.9.3 on deny exists, too, on a znode that may not be read. */
	bool exists_denied;
	bool changed;  /* since the last tree */
	bool has_news; /* for ops.on_state: a path became readable or unreadable */
	bool complete;
	char *audited; /* path of the last node that was audited; NULL: none in this audit */
	struct tree *last;
	uint64_t published; /* when a tree left last */
};

/* Look at the next turn of the loop whether there is something to publish or to report. */
static inline void mirror_schedule_work(struct mirror *m)
{
	sd_event_source_set_enabled(m->work, SD_EVENT_ONESHOT);
}

/* mirror_limits.c */
/* How many bytes of data the znode may have. */
size_t mirror_data_most(const struct node *n);
/* The node is about to have `size` bytes of data instead of n->size. */
void mirror_count_data(struct node *n, size_t size);
/* Would that be within the limits? */
enum unreadable_reason mirror_check_data(const struct node *n, size_t size);
/* A list with new children has come; or answers of any size may come. */
void mirror_expect(struct mirror *m, size_t new_children);
void mirror_expect_anything(struct mirror *m);
/* An answer of this size has come. */
void mirror_saw(struct mirror *m, size_t size);
/* Has another request room in memory for its answer? */
bool mirror_may_send(const struct mirror *m);
/* Why data is past the limit of all together. */
void mirror_describe_data(const struct mirror *m, struct buf *out);

/* mirror_node.c */
void mirror_arm(struct node *n, enum item item);
void mirror_disarm(struct node *n, unsigned items);
/* All watches are gone with their session. */
void mirror_forget_watches(struct mirror *m);
/* Ask for these items of the node, as soon as the window allows. */
void mirror_want(struct node *n, unsigned items);
void mirror_want_all(struct node *n);
void mirror_unwant(struct node *n, unsigned items);
/* Is one of these items, at least, wanted or in flight? */
bool mirror_is_under_way(const struct node *n, unsigned items);
void mirror_set_levels(struct node *n, int levels);
void mirror_set_dead(struct node *n, bool dead);
void mirror_set_unreadable(struct node *n, enum item item, enum unreadable_reason reason);
/* No root reaches it any more. What is below it is left as it is. */
void mirror_uncover(struct node *n);
/* The znode does not exist: it leaves the tree, with all below it that leads to no pin. */
void mirror_empty(struct node *n);
/* Free the node and all below it; the caller takes it out of its parent's children. */
void mirror_remove(struct node *n);
/* As mirror_remove, and out of its parent's children; a node that leads to a pin is emptied. */
void mirror_leave(struct node *n);
/* The server reports that there is no such znode. */
void mirror_gone(struct node *n);

/* mirror_publish.c */
/* Hand the tree on, if it is settled and there is news in it. */
void mirror_publish(struct mirror *m);
/* While changes come without a break: publish at the first settled instant, also with more notes
 * queued, if the last tree left some time ago. */
void mirror_publish_overdue(struct mirror *m);

/* mirror_walk.c */
/* Send what is wanted, as far as the window allows. */
void mirror_feed(struct mirror *m);
/* A watch of the session fired. */
void mirror_event(struct mirror *m, int type, const char *path);

/* mirror_reread.c */
/* Begin the next audit after a full interval: everything has just been read. */
void mirror_plan_audit(struct mirror *m);
int mirror_on_audit(sd_event_source *source, uint64_t usec, void *ctx);
int mirror_on_retry(sd_event_source *source, uint64_t usec, void *ctx);

#endif
