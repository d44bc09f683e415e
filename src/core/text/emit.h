/*
 * The one way by which a value from a znode reaches nginx text.
 *
 * nginx has no escape for `$`, and quoting has been the hole in every tool that
 * relied on it: so decode refuses, with these predicates, whatever could mean
 * more than a plain value, and render writes it through emit_value(), which
 * refuses (dies: decode let it through) the same things again.
 */
#ifndef ZKNGINX_EMIT_H
#define ZKNGINX_EMIT_H

#include <stdbool.h>
#include <zknginx/buf.h>

/* Variables that a value may use, `$remote_addr` and such; without the `$`. */
bool emit_variable_is_allowed(const char *name, size_t size);

/*
 * May the text stand as one nginx parameter? Printable UTF-8 of at most 2,048
 * bytes, without control characters, `;{}"'\#` and back quotes; `$` only before
 * an allowed variable (and only if `variables`). Spaces are quoted when written.
 * False: *why (may be NULL) points to a static sentence that says what is wrong.
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
 * Append a znode path for a comment: bytes other than [A-Za-z0-9_./:@=+,-] as
 * %XX, cut at 200 bytes, so that a comment carries no text of anybody's.
 */
void emit_comment_path(struct buf *out, const char *path);

#endif
