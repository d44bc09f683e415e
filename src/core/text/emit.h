/*
 * The only way for a value of a znode into nginx text.
 *
 * decode refuses, with these predicates, what nginx cannot express or what would be more than a
 * plain value. render writes each value with emit_value() or emit_literal(), which check it again
 * and die when it is not valid.
 */
#ifndef ZKNGINX_EMIT_H
#define ZKNGINX_EMIT_H

#include <stdbool.h>
#include <zknginx/buf.h>

/* A variable of ours: http.conf defines it, with the value `$`, where a text uses it. */
#define DOLLAR_VARIABLE "zknginx_dollar"

enum text_kind {
	TEXT_PLAIN,    /* of a path or name: printable, without nginx's own characters and `$` */
	TEXT_LITERAL,  /* any line of text where nginx takes no variables; `$$` is a `$` */
	TEXT_LINE,     /* any line of text; `$$` is a `$`, $name and ${name} are variables, and not
			  those of nginx that may hold a line feed */
	TEXT_LINES,    /* any text with variables, also with tabs and line breaks */
	TEXT_CAPTURES, /* the same, with captures such as $1 */
};

/*
 * Is the text valid as one nginx parameter? UTF-8 without control characters, of at most 2,048
 * bytes (TEXT_PLAIN), or what fits nginx's buffer of 4,096. False: *why (may be NULL) points to a
 * static sentence that says what is wrong.
 */
bool emit_text_is_valid(const char *s, enum text_kind kind, const char **why);

/*
 * The first variable at s or after it: its name, not terminated. NULL: there is none, or s is NULL.
 * The next one is at the name's end or after it. Whether it exists is not known here.
 */
const char *emit_next_variable(const char *s, size_t *size);

/* Has the text a literal `$`, for which emit_value() uses DOLLAR_VARIABLE? NULL: it has not. */
bool emit_uses_dollar(const char *s);

bool emit_time_is_valid(const char *s); /* "10s", "250ms", "1h30m", "5": an nginx time */
/* As above without milliseconds: what fail_timeout, expires and cache times take. */
bool emit_seconds_is_valid(const char *s);
/* As above, and how many seconds it is. */
bool emit_seconds_parse(const char *s, uint64_t *seconds);
bool emit_size_is_valid(const char *s); /* "10m", "64k", "1g", "4096": an nginx size */
/* As above, and how many bytes it is. */
bool emit_size_parse(const char *s, uint64_t *bytes);

/* Append s as one parameter, in double quotes where it needs them. */
void emit_value(struct buf *out, const char *s);
/* The same for a parameter in which nginx looks for no variables. */
void emit_literal(struct buf *out, const char *s);
/* The same for a regular expression, in which `$` is the end of the subject. */
void emit_regex(struct buf *out, const char *s);
/* Is it one line of text that fits nginx's buffer? As emit_text_is_valid(). */
bool emit_regex_is_valid(const char *s, const char **why);

/*
 * Append a znode path for a comment: bytes other than [A-Za-z0-9_./:@=+,-] as %XX, cut at 200
 * bytes, so that a comment has no text that a client could choose.
 */
void emit_comment_path(struct buf *out, const char *path);

#endif
