/*
 * The watermark: how far this host has seen ZooKeeper's history. Pure.
 *
 * ZooKeeper never goes back by itself. A copy that was restored does, so does a server whose data
 * was wiped, and another ensemble behind the same name has another history. Neither the zxid of a
 * server's replies nor one number for all znodes can show this: an ensemble begins a new epoch when
 * it starts, so a restored copy soon answers with higher zxids than were ever seen, and the first
 * service that registers again writes one of them.
 *
 * So the watermark has each znode that operators write (the config without the servers of
 * upstreams, the plan, the overrides, the confirmation), with the transactions that created it,
 * changed it, and last created or deleted something below it. In one history, for each such znode:
 *
 *	it is the same znode	none of its transactions is older than before
 *	it was created again	after everything that was seen before
 *	it is gone		its parent shows a later transaction
 *
 * Two transactions of one number differ by their time: a standalone server that was restored counts
 * on from the copy, and uses the same numbers again.
 *
 * For a root that is gone (the whole config, say), the nearest znode above it that exists is the
 * parent. These are not mirrored, so they are asked for: the evidence.
 *
 * A follower or an observer that is behind shows an older state of the same history. It cannot be
 * told from a restored copy here. The caller makes the server catch up (sync) before it believes
 * that history has gone back.
 */
#ifndef ZKNGINX_FLEET_WATERMARK_H
#define ZKNGINX_FLEET_WATERMARK_H

#include <zknginx/digest.h>
#include <zknginx/problem.h>
#include <zknginx/tree.h>

/* What is in a watermark: the subtrees at these znodes. */
enum watermark_root {
	WATERMARK_CONFIG,
	WATERMARK_PLAN,
	WATERMARK_OVERRIDES,
	WATERMARK_CONFIRMED,
	WATERMARK_ROOT_N
};

struct watermark_places {
	const char *config, *cluster; /* zookeeper.config, zookeeper.cluster */
	const char *chroot;           /* … below this one, of zookeeper.hosts; "" */
};
/* The path of a root, in the arena. */
const char *watermark_root_path(struct arena *a, const struct watermark_places *p,
				enum watermark_root root);

struct watermark_znode {
	const char *path;     /* in the arena, or in a tree that the arena has */
	int64_t czxid, ctime; /* transaction and time of its creation … */
	int64_t mzxid, mtime; /* … and of the last change of its data */
	/* The last transaction below it: of a child's creation or deletion; of an upstream also the
	 * last change of a server. */
	int64_t below;
	/* An upstream that is one whole block of that tree: the block; NULL otherwise. Where two
	 * watermarks have the same block, all of this is the same. */
	const struct tree_block *block;
};

struct watermark {
	struct arena *arena;            /* NULL: it is empty */
	struct watermark_znode *znodes; /* in tree order */
	size_t count;
	int64_t zxid;                   /* the highest transaction in it; 0: none */
	int64_t written;                /* … without what happened to the servers of upstreams */
	char revision[DIGEST_HEX_SIZE]; /* of the config */
};

/* All zero is an empty one. */
void watermark_fini(struct watermark *w);
/* known: one of these places, of an earlier tree, which makes this faster and changes nothing of
 * it; NULL: there is none. `out` has a reference to the tree. */
void watermark_of(struct tree *t, const struct watermark_places *p, const struct watermark *known,
		  struct watermark *out);
/* Puts the znodes in order; for what was read from a file. */
void watermark_sort(struct watermark *w);
/* NULL: it is not in it. */
const struct watermark_znode *watermark_find(const struct watermark *w, const char *path);

/* The last transaction below the nearest existing znode above each root; −1: it cannot be read. */
struct watermark_evidence {
	int64_t zxid[WATERMARK_ROOT_N];
};

/* The first znode that shows an older history. */
struct watermark_finding {
	const char *path;        /* borrowed from `known` */
	int64_t expected, found; /* transactions; found 0: the znode does not exist */
	bool same_number;        /* both are equal, and of different times */
};

/*
 * Is `now` older than what is known? unreadable: paths that cannot be read now; they show nothing.
 * evidence NULL: a root that is gone counts as older.
 */
bool watermark_is_older(const struct watermark *known, const struct watermark *now,
			const struct watermark_places *p, const struct problems *unreadable,
			const struct watermark_evidence *evidence,
			struct watermark_finding *finding);

/* Adds to `now`, which continues the known history, what is known of znodes that cannot be read
 * now: they may be older when they can be read again. */
void watermark_keep_unreadable(struct watermark *now, const struct watermark *known,
			       const struct problems *unreadable);

/* The last transaction that both have; 0: none. */
int64_t watermark_shared(const struct watermark *a, const struct watermark *b);
/* Has `now` a transaction of `known` that came after this one? */
bool watermark_shows(const struct watermark *known, const struct watermark *now, int64_t after);

#endif
