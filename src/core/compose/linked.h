/*
 * The kept result of link.
 *
 * What link does depends on the znodes of the objects in the next model and in that of what nginx
 * runs, on nginx.conf and on the policy, but not on the servers of upstreams. So a run after which
 * nothing had fallen and nothing had been brought back is kept with all of that; as long as it
 * stays the same, the next run has the same result.
 */
#ifndef ZKNGINX_CORE_LINKED_H
#define ZKNGINX_CORE_LINKED_H

#include "link.h"

struct linked *linked_new(void);
void linked_free(struct linked *k);
DEFINE_CLEANUP(struct linked *, linked_free)

/*
 * Is the result known? Then `next` has got what link sets in it: default servers and the claims of
 * texts. k may be NULL: it is not known.
 */
bool linked_repeat(struct linked *k, struct model *next, const struct link_input *in);
/* The run has changed nothing in `next` but what linked_repeat() sets, and had no problem. */
void linked_keep(struct linked *k, const struct model *next, const struct link_input *in);
/* The run's result is not to be kept. */
void linked_drop(struct linked *k);
/* How often the result was known. */
unsigned long linked_repeats(const struct linked *k);

#endif
