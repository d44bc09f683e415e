/*
 * Patience: how long a search goes on although a newer tree waits.
 *
 * A search that has lasted for the limit is dropped for a newer tree. If the newer tree has nothing
 * of what is searched, a fifth of the limit is enough. The search was useful if it found a
 * refused znode that the newer tree has unchanged: the next search begins without that znode, so it
 * is shorter. If it found none, the limit doubles. So a client that writes every second delays the
 * search and never prevents its end. The limit is the first one again when a search came to its
 * end, or when a whole candidate is in force.
 *
 * Pure: time is an argument (CLOCK_MONOTONIC, microseconds).
 */
#ifndef ZKNGINX_PATIENCE_H
#define ZKNGINX_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <zknginx/macros.h>

#define PATIENCE_FIRST (10 * USEC_PER_SEC)
#define PATIENCE_MAX (3600 * USEC_PER_SEC)

struct patience {
	uint64_t limit;
	uint64_t ends, ends_early; /* of this search */
};

void patience_init(struct patience *p);
/* A search begins. */
void patience_begin(struct patience *p, uint64_t now);
/* When this search may be dropped. obsolete: the newer tree has nothing of what it is about. */
uint64_t patience_end(const struct patience *p, bool obsolete);
/* The search is dropped. */
void patience_drop(struct patience *p, bool was_useful);

#endif
