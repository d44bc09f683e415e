/*
 * The trace of a change: which transaction of ZooKeeper made a deployment due, and how long it took
 * from its commit until nginx serves it.
 *
 * The time of the commit is the mtime of the znode that it changed, by the clock of a ZooKeeper
 * server; everything after it is measured by this host's. If the commit is in the future of this
 * host's clock, the clocks differ, and the time before the run is left out. If ZooKeeper's clock is
 * behind by less than that time, nothing shows it. A deleted znode has no time of its own: only its
 * parent's pzxid shows the transaction.
 */
#ifndef ZKNGINX_CORE_EDIT_H
#define ZKNGINX_CORE_EDIT_H

#include <zknginx/buf.h>
#include <zknginx/status.h>
#include <zknginx/tree.h>

/* What a tree has of transactions that are newer than another one. */
struct edit {
	int64_t first, newest; /* the first and the last of them; 0: there is none */
	const char *znode;     /* of the first; borrowed from the tree */
	uint64_t committed;    /* the first, wall clock of ZooKeeper; 0: it deleted a znode */
	unsigned long znodes;  /* that they have written or deleted below */
};

/* after: a transaction; 0: nothing is newer, for nothing was deployed yet. newest_of: the newest
 * transaction in the tree, 0 for none. */
struct edit edit_find(const struct tree *tree, int64_t after);
int64_t edit_newest(const struct tree *tree);

/* What a deployment of it took, in milliseconds. */
struct edit_times {
	uint64_t began; /* wall clock of this host: the run for it */
	const double *steps_ms;
	double total_ms; /* of the run, all steps together */
};

/* Fills in all but the text, which `text` gets and `out` borrows. */
void edit_measure(const struct edit *c, const struct edit_times *t, unsigned long generation,
		  struct buf *text, struct status_change *out);
/* The line for the log: "change: zxid=0x1a … total_ms=61.2". */
void edit_print(const struct status_change *s, const struct edit_times *t, const char *kind,
		const char *result, struct buf *out);

#endif
