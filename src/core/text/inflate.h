/*
 * Decompression with a limit: of registrations that a client library compressed (gzip), and of the
 * parts of the history (zlib).
 */
#ifndef ZKNGINX_CORE_INFLATE_H
#define ZKNGINX_CORE_INFLATE_H

#include <zknginx/buf.h>

/*
 * Decompresses one stream of either format, to at most `most` bytes, and appends them to `out`.
 * Bytes after the stream are ignored. NULL, or the rest of a sentence: the stream is damaged, or
 * its data is longer (then `out` has the beginning, never much more than `most`).
 */
const char *inflate_bytes(const void *data, size_t size, size_t most, struct buf *out);

#endif
