/*
 * A statement: a directive with its parameters, unescaped and unquoted as nginx takes
 * them.
 */
#ifndef ZKNGINX_CORE_STATEMENT_H
#define ZKNGINX_CORE_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <zknginx/buf.h>

#include "lexer.h"

/* A directive with its parameters, up to `;` or `{`. */
struct statement {
	struct buf words; /* each followed by a NUL */
	size_t count;
	unsigned line;
	bool block; /* ended in `{` */
};

/* The word after w; NULL after the last one. statement_first() is the directive's name. */
const char *statement_first(const struct statement *s);
const char *statement_next(const struct statement *s, const char *w);
/* Word i (0 is the name), or "" when there are fewer. */
const char *statement_word(const struct statement *s, size_t i);

/* Reads up to the end of a statement or a block; the token that ended it. */
struct token statement_read(struct lexer *l, struct statement *s);
void statement_fini(struct statement *s);

#endif
