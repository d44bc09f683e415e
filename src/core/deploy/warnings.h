/*
 * Warnings of `nginx -t` that change what is served: nginx accepts the configuration and ignores a
 * part of it. For a candidate such a warning counts as a refusal, unless what nginx runs now gives
 * the same warning. Pure.
 */
#ifndef ZKNGINX_WARNINGS_H
#define ZKNGINX_WARNINGS_H

#include <stdbool.h>
#include <zknginx/buf.h>

/*
 * Appends each such warning of `output` (what nginx wrote) to `out`, as one line: nginx's sentence
 * without its place in the files of `live`, as line numbers change.
 */
void warnings_read(const char *output, const char *live, struct buf *out);
/* The first line of `now` that `before` does not have as often, or NULL; both from
 * warnings_read(). *size: its length. */
const char *warnings_new(const char *now, const char *before, size_t *size);

#endif
