/*
 * Patience: how long a search goes on although a newer tree waits.
 *
 * A search that has lasted for the limit is dropped for a newer tree. It was useful if it found a
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
	uint64_t ends; /* of this search */
};

void patience_init(struct patience *p);
/* A search begins. */
void patience_begin(struct patience *p, uint64_t now);
bool patience_is_over(const struct patience *p, uint64_t now);
/* The search is dropped. */
void patience_drop(struct patience *p, bool was_useful);

#endif
