/* Host names with letters of other scripts, as DNS has them (RFC 3492). */
#ifndef ZKNGINX_TEXT_PUNYCODE_H
#define ZKNGINX_TEXT_PUNYCODE_H

#include <zknginx/buf.h>

/*
 * Appends the name to out in lower case: each label that is not ASCII as "xn--…". NULL, or the rest
 * of a sentence that says why it is not possible.
 */
const char *punycode_put_name(struct buf *out, const char *name);

#endif
