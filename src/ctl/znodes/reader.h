/*
 * The reader: whole subtrees of ZooKeeper, as the daemon's mirror reads them. A tree is the state
 * after one transaction, and a new one follows each change.
 */
#ifndef ZKNGINX_CTL_READER_H
#define ZKNGINX_CTL_READER_H

#include <zknginx/problem.h>
#include <zknginx/tree.h>

#include "ctl/console/ctl.h"
#include "zk/mirror.h"

struct reader;

/* ctl outlives it. */
int reader_new(struct ctl *ctl, const struct mirror_root *roots, size_t count, struct reader **out,
	       struct err *e);
void reader_free(struct reader *r);
DEFINE_CLEANUP(struct reader *, reader_free)

/*
 * The next tree that differs from the one before (one reference): 1. 0: the timeout (microseconds)
 * has passed; *out is NULL.
 */
int reader_next(struct reader *r, uint64_t timeout, struct tree **out);
/* The first one. ERR_UNAVAILABLE: ZooKeeper gave no answer within the command's timeout. */
int reader_first(struct reader *r, struct tree **out, struct err *e);
/* Is there a connection now? */
bool reader_is_connected(const struct reader *r);
/* Appends what cannot be read. */
void reader_problems(const struct reader *r, struct problems *out);
/* ERR_UNAVAILABLE: a part of what is at or below this path cannot be read, so that it is missing in
 * the trees. */
int reader_check(const struct reader *r, const char *path, struct err *e);
/* For zk/roots.h. */
struct mirror *reader_mirror(struct reader *r);

/* Reads these subtrees once (one reference). unreadable may be NULL. */
int read_tree(struct ctl *ctl, const struct mirror_root *roots, size_t count, struct tree **out,
	      struct problems *unreadable, struct err *e);
/* One subtree, once. ERR_REFUSED: a part of it cannot be read. */
int read_whole_tree(struct ctl *ctl, const struct mirror_root *root, struct tree **out,
		    struct err *e);

#endif
