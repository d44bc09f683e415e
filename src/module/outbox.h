/* Frames that wait until the daemon reads them. */
#ifndef ZKNGINX_MODULE_OUTBOX_H
#define ZKNGINX_MODULE_OUTBOX_H

#include <stdbool.h>

#include "flavour.h"

struct outbox {
	struct module_writer writer;
	size_t sent;
	bool lost; /* there was no memory for a frame: the connection has to end */
};

/* Begin a frame that has no more than `body` bytes after its head. */
struct module_writer *outbox_begin(struct outbox *o, enum module_kind kind, size_t body);
void outbox_end(struct outbox *o);
void outbox_clear(struct outbox *o);

#endif
