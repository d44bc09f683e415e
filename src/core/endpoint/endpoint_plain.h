/* The data of a registration as its application wrote it, before a format reads it. */
#ifndef ZKNGINX_CORE_ENDPOINT_PLAIN_H
#define ZKNGINX_CORE_ENDPOINT_PLAIN_H

#include <zknginx/tree.h>

/*
 * Decompresses the data of *z, which then points into scratch. NULL; or the rest of a sentence in
 * the arena, and *z unchanged: the data is too large, or cannot be decompressed.
 */
const char *endpoint_plain(struct arena *a, struct znode *z, struct buf *scratch);

/* Is the data an IP address and nothing else? Curator writes the address of the client where the
 * application gives no data. */
bool endpoint_is_client_address(const struct znode *z);

#endif
