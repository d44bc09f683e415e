/*
 * A tree: an immutable, sorted snapshot of znodes.
 *
 * The order is depth first: a znode comes directly before its descendants, and siblings are in byte
 * order. So a subtree is one contiguous run. It is reference counted, and so is each of its znodes:
 * trees share those that they have in common, so that a tree that differs in one znode costs a list
 * of blocks of znodes, and the same address is the same znode. One thread alone uses trees: also a
 * look-up writes to a tree, where it was.
 *
 * Text form, for `--render`, the golden tests and a generation's record: a line with the znode's
 * path, optional ` name=value` attributes (version, mzxid, czxid, owner), then its data on lines
 * that begin with a tab. `\\`, `\xHH` escape bytes; a data line that ends in `\` has no line feed
 * after it. Lines that begin with `#`, and empty lines between znodes, are skipped.
 *
 *	/nginx/config/upstreams/shop
 *		{ "balance": "least_conn" }
 *	/nginx/config/upstreams/shop/10.0.0.1:80 owner=0x1000001
 */
#ifndef ZKNGINX_TREE_H
#define ZKNGINX_TREE_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>
#include <zknginx/digest.h>
#include <zknginx/err.h>

struct znode {
	const char *path; /* absolute */
	const char *data; /* size bytes followed by a NUL; never NULL */
	size_t size;      /* 0 for an empty znode and for one without data alike */
	int32_t version;  /* of the data */
	int64_t mzxid;    /* transaction of the last change of the data */
	int64_t czxid;    /* transaction that created it */
	int64_t pzxid;    /* … that last created or deleted a child of it */
	int64_t mtime;    /* when the data was last changed, and … */
	int64_t ctime;    /* … when it was created, by the server's clock; ms since 1970 */
	int64_t owner;    /* session of an ephemeral znode, 0 for a persistent one */
	/* Where this was copied from, if that is reference counted. A copy may then have been
	 * changed, which znode_keep() finds out. */
	const struct znode *kept;
};

/* Of two transactions. */
static inline int64_t zxid_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

struct tree;

struct tree *tree_ref(struct tree *t);
void tree_unref(struct tree *t);
DEFINE_CLEANUP(struct tree *, tree_unref)

size_t tree_count(const struct tree *t);
/* Borrowed; i < tree_count(t). */
const struct znode *tree_at(const struct tree *t, size_t i);
/* The znode with exactly this path, or NULL. */
const struct znode *tree_find(const struct tree *t, const char *path);
/* The same paths, bytes and owners? */
bool tree_same(const struct tree *a, const struct tree *b);
/* Is there a znode with this path, or below it? */
bool tree_has_within(const struct tree *t, const char *path);
/* Index of the first znode at or after path in tree order. */
size_t tree_lower_bound(const struct tree *t, const char *path);
/* Index just past the descendants of tree_at(t, i). */
size_t tree_subtree_end(const struct tree *t, size_t i);

/* Tree order of two paths: like strcmp, but '/' sorts before every other byte. */
int path_compare(const char *a, const char *b);
/* Is path strictly below ancestor ("/" is above all)? */
bool path_is_below(const char *path, const char *ancestor);
/* Is it at or below the ancestor, or one of them? */
bool path_is_within(const char *path, const char *ancestor);
bool path_is_within_any(const char *path, const char *const *ancestors, size_t count);
/* What follows the last '/'. */
const char *path_name(const char *path);

/* A reference to the znode: z's own where z, or what it was copied from, is reference counted and
 * the same; else to a copy. Given back with znode_release(). */
const struct znode *znode_keep(const struct znode *z);
void znode_release(const struct znode *z);
/* The same; the arena has the reference. */
const struct znode *znode_keep_in(struct arena *a, const struct znode *z);
struct znode znode_copy(struct arena *a, const struct znode *z);
bool znode_same(const struct znode *a, const struct znode *b); /* same path and bytes */
/* … and transactions, times and owner. */
bool znode_equal(const struct znode *a, const struct znode *b);
struct digest znode_digest(const struct znode *z); /* of path and bytes */

/* Builds a tree: add in any order (in tree order is fastest), then finish. */
struct tree_builder {
	struct tree_list *list;   /* core/data/tree_parts.h; NULL: nothing was added */
	const struct znode *last; /* the one added last, unless the caller is trusted */
	size_t loose_room, part_room;
	bool sorted;
	bool trusted;   /* a caller sets it who adds in tree order: nothing is compared */
	int64_t newest; /* transaction of what was added */
};
void tree_builder_init(struct tree_builder *b);
void tree_builder_fini(struct tree_builder *b);
void tree_builder_add(struct tree_builder *b, const struct znode *z); /* see znode_keep() */
/*
 * A block: znodes in tree order with one reference count, so that many trees can have them at the
 * cost of one. The one that is made has one reference.
 */
struct tree_block *tree_block_new(const struct znode *const *znodes, size_t count);
struct tree_block *tree_block_ref(struct tree_block *k);
void tree_block_unref(struct tree_block *k);
size_t tree_block_count(const struct tree_block *k);
/* As long as the block. */
const struct znode *const *tree_block_znodes(const struct tree_block *k);
/* The newest transaction of its znodes and of their children, and the same of all but the first. */
int64_t tree_block_newest(const struct tree_block *k);
int64_t tree_block_newest_below(const struct tree_block *k);
void tree_builder_add_block(struct tree_builder *b, struct tree_block *k);
/*
 * A page: blocks that follow each other, as a whole. It has references to them, and itself one. A
 * tree of thousands of blocks that differs from another in one of them shares all other pages.
 */
struct tree_page *tree_page_new(struct tree_block *const *blocks, size_t count);
struct tree_page *tree_page_ref(struct tree_page *p);
void tree_page_unref(struct tree_page *p);
void tree_builder_add_page(struct tree_builder *b, struct tree_page *p);
/* The tree, with one reference; of equal paths the one added last stays. */
struct tree *tree_builder_finish(struct tree_builder *b);
/* A tree without znodes (one reference). */
struct tree *tree_empty(void);

/* The newest transaction of its znodes and of their children. */
int64_t tree_newest(const struct tree *t);

/*
 * A walk over a tree that takes blocks as a whole, so that what has not changed since another tree
 * costs nothing. `at` is the index of the znode that comes next; the caller moves it forward.
 */
struct tree_walk {
	const struct tree *tree;
	size_t at, part, in_page;
};
struct tree_walk tree_walk_from(const struct tree *t, size_t at);
/* The block that begins at w->at (borrowed), or NULL. */
struct tree_block *tree_walk_block(struct tree_walk *w);
/* … and moves past it. */
struct tree_block *tree_walk_take(struct tree_walk *w);
/* The blocks from w->at on (borrowed) that follow each other in a page, or one by itself; 0: none
 * begins there. And moves past so many of them. */
#define TREE_WALK_BLOCKS 64
size_t tree_walk_blocks(struct tree_walk *w, const struct tree_block *list[TREE_WALK_BLOCKS]);
void tree_walk_pass(struct tree_walk *w, size_t count);
/* Moves past the block or page that begins at w->at if nothing in it is newer than this
 * transaction. False: it has something newer, or there is no block. */
bool tree_walk_skip_known(struct tree_walk *w, int64_t zxid);
/* Moves both past the block or page that begins at the place of both. False: there is none. */
bool tree_walk_both(struct tree_walk *a, struct tree_walk *b);

/*
 * What is known of the objects below a root: of the znodes there but for the servers of upstreams.
 * Trees with the same objects share it (core/data/layout.h), so that it is found out once.
 */
struct tree_facts {
	unsigned refs;
	char *root;
	bool has_revision, has_plain;
	struct digest revision; /* tree_revision() */
	bool plain;             /* nothing is to be expanded (core/decode/expand.h) */
};
/* Borrowed; NULL: that of another root was asked for first. */
struct tree_facts *tree_facts(const struct tree *t, const char *root);
/* t gets the facts of the other tree, if that has any. */
void tree_share_facts(struct tree *t, const struct tree *other);
/* Have both (`a` may be NULL) the same facts of this root, and so the same objects? */
bool tree_facts_are_same(const struct tree *a, const struct tree *b, const char *root);
/* The root of what is known; NULL: nothing is. */
const char *tree_facts_root(const struct tree *t);

/* The text form. `name` is what errors call the input; ERR_INPUT with the line. */
int tree_parse(const char *text, size_t size, const char *name, struct tree **tree, struct err *e);
void tree_print(const struct tree *t, struct buf *out);
/* The same text in parts, so that it is never in memory as a whole. -1: put() has returned it. */
typedef int tree_put(void *ctx, const char *bytes, size_t size, struct err *e);
int tree_print_parts(const struct tree *t, tree_put *put, void *ctx, struct err *e);
void znode_print(const struct znode *z, struct buf *out);

/*
 * A tree (one reference): t, and all znodes of `other` at and below these paths that t does not
 * have. For paths that are unreadable: `other` has what they were before.
 */
struct tree *tree_fill_in(const struct tree *t, const struct tree *other, const char *const *paths,
			  size_t count);

/* The rest of path after ROOT/, "" for root itself; NULL: it is neither root nor below it. */
const char *path_relative(const char *path, const char *root);

#endif
