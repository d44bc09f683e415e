/* A regular expression of nginx, as far as it can be checked without the library that reads it. */
#ifndef ZKNGINX_TEXT_REGEX_TEXT_H
#define ZKNGINX_TEXT_REGEX_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* NULL when its brackets and quantifiers are whole, else the rest of a sentence. */
const char *regex_text_error(const char *s);

/*
 * The next named group at s or after it, as (?<name>, (?P<name> or (?'name': the name, not
 * terminated. NULL: there is none, or s is NULL.
 */
const char *regex_text_next_name(const char *s, size_t *size);

/* Has it a group that captures? */
bool regex_text_captures(const char *s);

/*
 * The first capture ($1 to $9) in a text with variables that no group of the expression fills: its
 * digit; 0: there is none.
 */
int regex_text_lost_capture(const char *regex, const char *text);

#endif
