/* Sets of bytes in regular expressions: the bytes that a [class] or an escape matches. */
#ifndef ZKNGINX_CORE_POLICY_BYTES_H
#define ZKNGINX_CORE_POLICY_BYTES_H

#include "policy_regex.h"

struct byte_set {
	bool has[256];
};

/* A regular expression that is being read. */
struct reading {
	struct regex *regex;
	const char *at;
	const char *error; /* the first; NULL: none */
	unsigned depth;
};

/* Returns false. */
bool reading_fail(struct reading *r, const char *error);

bool byte_is_digit(char c);
bool byte_is_letter(char c);

/* The letters of the bytes that the set has (or, with `has` false, lacks), from `first` on. */
unsigned bytes_letters(const struct byte_set *set, bool has, int first);
void bytes_invert(struct byte_set *set);
/* Called after a backslash. Reads one byte or a set; false for \Q, \x and the like. */
bool bytes_read_escape(struct reading *r, struct byte_set *out);
/* Called after a `[`; reads up to its `]`. */
bool bytes_read_class(struct reading *r, struct byte_set *out);

#endif
