/*
 * History: every revision that went on its way, in cluster/history/SEQ, with what it took
 * to bring it back: the operators' config, and with it the persistent servers of its
 * upstreams (which are no part of the revision, but of what a person wrote).
 *
 * An entry is a small JSON (struct history_entry) with the compressed tree text in parts
 * below it, history/SEQ/0, 1, …, each small enough for a request. It is complete when its
 * `parts` says so; an entry without is one whose leader died, and counts for nothing.
 */
#ifndef ZKNGINX_HISTORY_H
#define ZKNGINX_HISTORY_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>
#include <zknginx/tree.h>

#define HISTORY_PART_SIZE ((size_t)512 * 1024)
#define HISTORY_UNPACKED_MAX ((size_t)256 * 1024 * 1024)

/* A higher number is not an entry: a fleet never comes so far. */
#define HISTORY_SEQ_MAX 999999999999UL

/* What became of a revision. Names as they stand in the JSON. */
#define HISTORY_OUTCOMES(X)                                                                        \
	X(UNKNOWN, "")              /* of another version, or written by hand */                   \
	X(PENDING, "pending")       /* at first, and when it is tried again */                     \
	X(ACCEPTED, "accepted")     /* the whole fleet has it */                                   \
	X(HALTED, "halted")         /* stopped by a failure */                                     \
	X(REVERTED, "reverted")     /* stopped by a failure, and withdrawn */                      \
	X(SUPERSEDED, "superseded") /* a newer revision took its place on the way */               \
	X(ABORTED, "aborted")       /* withdrawn by an operator's request */                       \
	X(WITHDRAWN, "withdrawn")   /* the config became the accepted one again */

enum history_outcome {
#define X(name, text) OUTCOME_##name,
	HISTORY_OUTCOMES(X)
#undef X
		OUTCOME_N
};

const char *history_outcome_name(enum history_outcome o);

struct history_entry {
	unsigned long seq; /* from the znode's name, "0000000042" */
	const char *revision;
	const char *at;      /* when the leader stored it */
	const char *changed; /* when ZooKeeper says the newest of its znodes was written; "" not
				known */
	const char *by;      /* the "by" of the config root's JSON, if it was written with it; "" */
	const char *note;    /* … and its "note" */
	const char *leader;
	unsigned long serial; /* of the signature of the config root; 0 = not signed */
	enum history_outcome outcome;
	const char *reason;  /* of a bad outcome; "" */
	const char **znodes; /* what changed against the one before, "+path", "-path", "~path"; the
				first few */
	size_t znode_count, changes; /* … and how many there are in all */
	unsigned parts;              /* 0: not complete */
	unsigned long size;          /* unpacked */
};

/* More than the parts that HISTORY_UNPACKED_MAX can come to, however little it compresses. */
#define HISTORY_PARTS_MAX (HISTORY_UNPACKED_MAX / HISTORY_PART_SIZE + 2)

/* "CLUSTER/history/0000000042" and "…/3", in the arena. */
const char *history_path(struct arena *a, const char *cluster, unsigned long seq);
const char *history_part_path(struct arena *a, const char *cluster, unsigned long seq, unsigned n);

/* False: it is none. An unknown field is ignored, an absent one is "" or 0. */
bool history_entry_parse(struct arena *a, const struct znode *z, struct history_entry *out);
/* JSON with sorted keys; text of any length is cut, so that an entry always fits into a request. */
void history_entry_print(const struct history_entry *h, struct buf *out);
/*
 * All complete entries of a tree, by seq; returns how many. *last: the highest seq of any, complete
 * or not, so that *last + 1 is the next; if the highest numbers possible are taken, so that there
 * is no next one, these entries do not count.
 */
size_t history_parse(struct arena *a, const struct tree *t, const char *cluster,
		     struct history_entry **out, unsigned long *last);

/* The part of a tree that history keeps: at and below root, without ephemeral servers, and without
 * the mark of an unfinished push (core/fleet/config_note.h). */
struct tree *history_extract(const struct tree *t, const char *root);
/* zlib; the text of the tree. Returns its size before that: what is above HISTORY_UNPACKED_MAX
 * cannot be unpacked again. */
size_t history_pack(const struct tree *config, struct buf *out);
/* ERR_INPUT: damaged, too big, or not the revision that it should be (below root). */
int history_unpack(const char *data, size_t size, const char *root, const char *revision,
		   struct tree **out, struct err *e);
/* What `h->znodes` is to say: the config znodes that differ. Returns how many there are, of which
 * *out has the first ones, at most `most`. The root itself, and servers, are none. `before` may be
 * NULL: there was nothing. */
size_t history_changes(struct arena *a, const struct tree *before, const struct tree *after,
		       const char *root, size_t most, const char ***out);

/*
 * What to write so that the config becomes that of `old`, the root's own data included: creates,
 * parents first; then sets with the version at hand; then deletes, children first. In this order
 * nothing that is still referred to is missing in between, should it take several transactions.
 *
 * Servers of upstreams that are there now stay unchanged; those of an upstream that comes back,
 * come back with it (the persistent ones). An upstream that `old` does not know goes with all its
 * servers, those too that applications have registered: what is to be gone cannot have children.
 * The root is never deleted, and nothing outside it is touched. The mark of an unfinished push is
 * never written, and one that is there is removed by the last operation.
 */
struct history_op {
	enum { HISTORY_CREATE, HISTORY_SET, HISTORY_DELETE } kind;
	const char *path, *data; /* borrowed: of a delete from `now`, else from `old`, or
					 in the arena */
	size_t size;
	int version; /* of what is there now */
};
size_t history_restore(struct arena *a, const struct tree *now, const struct tree *old,
		       const char *root, struct history_op **out);

/*
 * Overlay: the tree that a host renders when it may not run the newest config. Config znodes are
 * those of `permitted` (so its revision is that of `permitted`), everything outside root is that
 * of `newest`. The servers of an upstream of `permitted` are those of `newest` if the upstream is
 * there (even if it has none); else those of `accepted` (what nginx runs) if it is there; else
 * those that the history kept.
 */
struct tree *overlay(const struct tree *newest, const struct tree *permitted,
		     const struct tree *accepted, const char *root);

#endif
