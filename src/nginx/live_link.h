/*
 * The link STATE/live -> generations/N. It is only ever replaced by a rename, so http.conf and
 * stream.conf change in the same instant.
 *
 * A directory in its place is taken over when it is empty or holds nothing but empty http.conf and
 * stream.conf files (a provisioning tool or an image build made it): the link and the directory
 * are exchanged in one step. Any other directory is refused with a sentence for the operator.
 */
#ifndef ZKNGINX_NGINX_LIVE_LINK_H
#define ZKNGINX_NGINX_LIVE_LINK_H

#include "sys/disk.h"

#define LIVE_LINK "live"

/* `root` is the state directory. The number in the link; false when it is missing or its target is
 * not a generation. */
bool live_link_read(struct place root, unsigned long *n);
/* Is there nothing of that name, or a directory that can be taken over? */
bool live_link_is_free(struct place root);
/* ERR_INPUT when a directory is in its place that cannot be taken over. */
int live_link_check(struct place root, struct err *e);
/* Atomic; not durable before the state directory is synced. */
int live_link_point(struct place root, unsigned long n, struct err *e);
/* Remove the temporary link that a crash left. */
void live_link_sweep(struct place root);

#endif
