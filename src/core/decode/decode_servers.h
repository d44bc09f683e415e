/* The servers of an upstream: its child znodes, and what its discovers find. */
#ifndef ZKNGINX_CORE_DECODE_SERVERS_H
#define ZKNGINX_CORE_DECODE_SERVERS_H

#include "decoder.h"

/*
 * Fills in u->servers from the child znodes of `path`, which begin at index i of the tree, and from
 * u's discovers. Returns the index after the last child. When u has no name, its own znode is not
 * valid: the children are decoded for their problems alone.
 */
size_t decode_servers(struct decoder *d, struct upstream *u, size_t i, const char *path);

#endif
