/* What a worker says to the daemon, and what it does when the daemon asks. */
#ifndef ZKNGINX_MODULE_COMMANDS_H
#define ZKNGINX_MODULE_COMMANDS_H

#include "outbox.h"
#include "upstream.h"

/* HELLO, an UPSTREAM for each, READY. */
void commands_hello(const struct upstreams *all, struct outbox *out);
/* A whole frame of the daemon. False: it is not one that a daemon sends. */
bool commands_run(const struct upstreams *all, enum module_kind kind, const void *frame,
		  size_t size, struct outbox *out);

#endif
