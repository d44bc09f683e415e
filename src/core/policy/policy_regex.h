/*
 * A regular expression of nginx, as far as it matters for what its groups capture: a
 * small automaton over the letters of policy_uri.h.
 *
 * It accepts at least what PCRE accepts: where the two differ, it is more. What it
 * does not know (look-around, back-references, \K, \Q, (?|…), recursion, options but
 * i and s) it refuses to read.
 */
#ifndef ZKNGINX_CORE_POLICY_REGEX_H
#define ZKNGINX_CORE_POLICY_REGEX_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of a path, as far as they differ here. Sets of them are sums. */
enum letter {
	LETTER_DOT = 1,
	LETTER_SLASH = 2,
	LETTER_MARK = 4, /* '?' */
	LETTER_OTHER = 8,
	LETTERS_ALL = 15,
};
enum letter letter_of(char c);

enum node_kind {
	NODE_ACCEPT, /* matched; whatever follows in the subject */
	NODE_LETTER, /* takes one of `letters` */
	NODE_SPLIT,  /* goes on at `next` or at `other` (-1: there is none) */
	NODE_OPEN,   /* `group` begins */
	NODE_CLOSE,  /* `group` ends */
	NODE_FIRST,  /* only at the beginning of the subject */
	NODE_LAST,   /* only at its end (\z) */
	NODE_NEARLY, /* only at its end, or before a line feed there ($) */
	NODE_STOP    /* only at its end, or before one of `letters` */
};

struct node {
	enum node_kind kind;
	unsigned letters;       /* of NODE_LETTER and NODE_STOP */
	unsigned plain_letters; /* of NODE_STOP: without the control characters */
	unsigned group;
	int next, other;
};

#define REGEX_NODES 400

struct regex {
	struct node nodes[REGEX_NODES];
	int count;
	int start;       /* a search: it begins anywhere */
	unsigned groups; /* the number of the last */
};

/* NULL, or what it holds that is not read here. */
const char *regex_read(struct regex *r, const char *text);

#endif
