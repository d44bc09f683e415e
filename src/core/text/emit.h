/*
 * The only way for a value of a znode into nginx text.
 *
 * nginx has no escape for `$`, and tools that rely on quotes have had security holes. So decode
 * refuses, with these predicates, everything that could be more than a plain value. render writes
 * each value with emit_value(), which checks it again and dies when it is not valid.
 */
#ifndef ZKNGINX_EMIT_H
#define ZKNGINX_EMIT_H

#include <stdbool.h>
#include <zknginx/buf.h>

/* Variables that a value may use, `$remote_addr` and such; without the `$`. */
bool emit_variable_is_allowed(const char *name, size_t size);

/*
 * Is the text valid as one nginx parameter? Printable UTF-8 of at most 2,048 bytes, without control
 * characters, `;{}"'\#` and back quotes; `$` only before an allowed variable (and only if
 * `variables`). Spaces are quoted when written. False: *why (may be NULL) points to a static
 * sentence that says what is wrong.
 */
bool emit_text_is_valid(const char *s, bool variables, const char **why);

bool emit_time_is_valid(const char *s); /* "10s", "250ms", "1h30m", "5": an nginx time */
/* As above without milliseconds: what fail_timeout, expires and cache times take. */
bool emit_seconds_is_valid(const char *s);
bool emit_size_is_valid(const char *s); /* "10m", "64k", "1g", "4096": an nginx size */
/* As above, and how many bytes it is. */
bool emit_size_parse(const char *s, uint64_t *bytes);

/* Append s as one parameter, in double quotes where it needs them. */
void emit_value(struct buf *out, const char *s);

/*
 * Append a znode path for a comment: bytes other than [A-Za-z0-9_./:@=+,-] as %XX, cut at 200
 * bytes, so that a comment has no text that a client could choose.
 */
void emit_comment_path(struct buf *out, const char *path);

#endif
