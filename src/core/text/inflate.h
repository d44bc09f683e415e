/* What was compressed, with a bound: registrations that a client library compressed (gzip),
 * and the parts of the history (zlib). */
#ifndef ZKNGINX_CORE_INFLATE_H
#define ZKNGINX_CORE_INFLATE_H

#include <zknginx/buf.h>

/*
 * Decompresses one stream of either format, to at most `most` bytes, and appends them to `out`.
 * Bytes after the stream are ignored. NULL, or the rest of a sentence: it is broken, or would be
 * more (then `out` has some of it, never much more than `most`).
 */
const char *inflate_bytes(const void *data, size_t size, size_t most, struct buf *out);

#endif
