/* Base64 of bytes whose number is known (RFC 4648, with padding). */
#ifndef ZKNGINX_CORE_BASE64_H
#define ZKNGINX_CORE_BASE64_H

#include <stdbool.h>
#include <zknginx/buf.h>

void base64_print(const void *bytes, size_t size, struct buf *out);
/* Exactly `size` bytes, in the only spelling that base64_print() has; false: it is not that. */
bool base64_parse(const char *text, void *bytes, size_t size);

#endif
