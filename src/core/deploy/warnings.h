/*
 * Warnings of `nginx -t` that change what is served: nginx takes the configuration and ignores
 * a part of it. Of a candidate they count like a refusal, unless what nginx runs now gives the same
 * warning. Pure.
 */
#ifndef ZKNGINX_WARNINGS_H
#define ZKNGINX_WARNINGS_H

#include <stdbool.h>
#include <zknginx/buf.h>

/*
 * Appends to out each such warning in `output` (what nginx wrote) as a line of its own: nginx's
 * sentence, without a place in the files of `live`, whose line numbers change.
 */
void warnings_read(const char *output, const char *live, struct buf *out);
/* The first line of `now` that `before` does not have as often, or NULL; both from
 * warnings_read(). *size: its length. */
const char *warnings_new(const char *now, const char *before, size_t *size);

#endif
