/* Only in a test build: what the lists of an upstream are like, as this worker sees them. */
#ifndef ZKNGINX_MODULE_DUMP_H
#define ZKNGINX_MODULE_DUMP_H

#include "outbox.h"
#include "upstream.h"

/* DUMP_LIST, a DUMP_SERVER for each server in the order of nginx's own lists, DUMP_END. */
bool dump_run(const struct upstreams *all, const void *frame, size_t size, struct outbox *out);

#endif
