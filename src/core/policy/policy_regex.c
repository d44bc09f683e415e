/*
 * Reading regular expressions: PCRE's syntax into the nodes of policy_regex.h.
 *
 * Each piece becomes a fragment that is entered at `start` and left through the node
 * `end`, whose `next` is still open. Counted repetitions are read as "any number" or
 * "one or more", which accepts more; so do lazy ones, and \b.
 */
#include <string.h>

#include <zknginx/macros.h>

#include "policy_bytes.h"
#include "policy_regex.h"

struct fragment {
	int start, end;
};

/* --- nodes ----------------------------------------------------------------------------------- */

/* Past the limit node 0 is overwritten, so callers need no check. */
static int add(struct reading *r, struct node n)
{
	if (r->regex->count == REGEX_NODES) {
		reading_fail(r, "too many elements");
		return 0;
	}
	r->regex->nodes[r->regex->count] = n;
	return r->regex->count++;
}

static int add_empty(struct reading *r)
{
	return add(r, (struct node){ .kind = NODE_SPLIT, .next = -1, .other = -1 });
}

static int add_split(struct reading *r, int next, int other)
{
	return add(r, (struct node){ .kind = NODE_SPLIT, .next = next, .other = other });
}

static struct fragment single(struct reading *r, struct node n)
{
	int i;

	n.next = n.other = -1;
	i = add(r, n);
	return (struct fragment){ i, i };
}

static void link(struct reading *r, int from, int to)
{
	r->regex->nodes[from].next = to;
}

static struct fragment chain(struct reading *r, struct fragment a, struct fragment b)
{
	link(r, a.end, b.start);
	return (struct fragment){ a.start, b.end };
}

/* --- pieces ---------------------------------------------------------------------------------- */

static struct fragment read_choice(struct reading *r);

static struct fragment nothing(struct reading *r)
{
	int i = add_empty(r);

	return (struct fragment){ i, i };
}

/* (?<name>…), (?P<name>…), (?'name'…): returns what follows the name, or NULL for another group. */
static const char *after_group_name(const char *s)
{
	char end = *s == '\'' ? '\'' : '>';

	if (*s == 'P')
		s++;
	if (*s != '<' && *s != '\'')
		return NULL;
	for (s++; byte_is_letter(*s) || byte_is_digit(*s) || *s == '_'; s++)
		;
	return *s == end && s[-1] != '<' && s[-1] != '\'' ? s + 1 : NULL;
}

/* (?i), (?s), (?i:…): neither changes a letter. True: r->at is after the options. */
static bool skip_options(struct reading *r)
{
	const char *s = r->at + strspn(r->at, "is");

	if (*s != ':' && (*s != ')' || s == r->at))
		return reading_fail(r,
				    "a (?…) that is not supported (look-around, (?|, (?m, (?x, …)");
	r->at = s;
	return true;
}

static struct fragment end_group(struct reading *r, struct fragment inner)
{
	if (*r->at != ')')
		reading_fail(r, "a group without an end");
	else
		r->at++;
	return inner;
}

static struct fragment read_captured(struct reading *r)
{
	unsigned group = ++r->regex->groups;
	struct fragment open = single(r, (struct node){ .kind = NODE_OPEN, .group = group });
	struct fragment inner = end_group(r, read_choice(r));
	struct fragment close = single(r, (struct node){ .kind = NODE_CLOSE, .group = group });

	return chain(r, chain(r, open, inner), close);
}

static struct fragment read_group(struct reading *r)
{
	const char *named;

	if (*r->at == '*')
		reading_fail(r, "a (*VERB)");
	if (*r->at != '?')
		return read_captured(r);
	r->at++;
	named = after_group_name(r->at);
	if (named) {
		r->at = named;
		return read_captured(r);
	}
	if (!skip_options(r))
		return nothing(r);
	if (*r->at++ == ')')
		return nothing(r);
	return end_group(r, read_choice(r));
}

/* `.` may match a line feed here: with (?s) it does. What it stops at is kept apart. */
static struct fragment one_of(struct reading *r, const struct byte_set *set)
{
	return single(r,
		      (struct node){ .kind = NODE_LETTER, .letters = bytes_letters(set, true, 0) });
}

static struct fragment assertion(struct reading *r, enum node_kind kind)
{
	return single(r, (struct node){ .kind = kind });
}

/* \A, \z, \Z, \b and \B; anything else is a byte or a set of bytes. */
static struct fragment read_escaped(struct reading *r, struct byte_set *set)
{
	switch (*r->at) {
	case 'A':
		r->at++;
		return assertion(r, NODE_FIRST);
	case 'z':
		r->at++;
		return assertion(r, NODE_LAST);
	case 'Z':
		r->at++;
		return assertion(r, NODE_NEARLY);
	case 'b':
	case 'B':
		r->at++;
		return nothing(r);
	default:
		bytes_read_escape(r, set);
		return one_of(r, set);
	}
}

static struct fragment read_atom(struct reading *r, struct byte_set *set)
{
	char c = *r->at++;

	*set = (struct byte_set){ 0 };
	switch (c) {
	case '^':
		return assertion(r, NODE_FIRST);
	case '$':
		return assertion(r, NODE_NEARLY);
	case '(':
		return read_group(r);
	case '[':
		bytes_read_class(r, set);
		return one_of(r, set);
	case '.':
		bytes_invert(set);
		set->has['\n'] = false;
		return single(r, (struct node){ .kind = NODE_LETTER, .letters = LETTERS_ALL });
	case '\\':
		return read_escaped(r, set);
	case '*':
	case '+':
	case '?':
	case '{':
		reading_fail(r, "a quantifier after nothing");
		return nothing(r);
	default:
		set->has[(unsigned char)c] = true;
		return one_of(r, set);
	}
}

/* --- quantifiers ----------------------------------------------------------------------------- */

struct quantifier {
	bool none; /* may be left out */
	bool many; /* may be repeated */
	bool open; /* … without limit, and as often as possible */
};

static unsigned read_number(const char **s)
{
	unsigned n = 0;

	while (byte_is_digit(**s)) {
		if (n < 100000)
			n = 10 * n + (unsigned)(**s - '0');
		(*s)++;
	}
	return n;
}

/* {n}, {n,} or {n,m}; other braces are refused, because versions of PCRE differ. */
static bool read_counts(struct reading *r, struct quantifier *q)
{
	const char *s = r->at + 1;
	unsigned least, most;

	if (!byte_is_digit(*s))
		return reading_fail(r, "a brace that is not a quantifier");
	least = most = read_number(&s);
	if (*s == ',' && s[1] == '}') {
		q->open = true;
		s++;
	} else if (*s == ',' && byte_is_digit(s[1])) {
		s++;
		most = read_number(&s);
	}
	if (*s != '}')
		return reading_fail(r, "a brace that is not a quantifier");
	r->at = s + 1;
	q->none = least == 0;
	q->many = q->open || most > 1;
	return true;
}

static bool read_quantifier(struct reading *r, struct quantifier *q)
{
	*q = (struct quantifier){ 0 };
	if (!*r->at || !strchr("*+?{", *r->at))
		return false;
	if (*r->at == '{') {
		if (!read_counts(r, q))
			return false;
	} else {
		q->none = *r->at != '+';
		q->many = q->open = *r->at != '?';
		r->at++;
	}
	if (*r->at == '?' || *r->at == '+') {
		q->open = false;
		r->at++;
	}
	return true;
}

static struct fragment repeat(struct reading *r, struct fragment f, const struct quantifier *q)
{
	int end = add_empty(r), again;

	if (!q->many) {
		link(r, f.end, end);
		return (struct fragment){ q->none ? add_split(r, f.start, end) : f.start, end };
	}
	again = add_split(r, f.start, end);
	link(r, f.end, again);
	return (struct fragment){ q->none ? again : f.start, end };
}

/* A loop at the end of the regex takes all that it can, so none of its bytes can follow. */
static struct fragment stop_after(struct reading *r, struct fragment f, const struct byte_set *set)
{
	if (r->at[strspn(r->at, ")")])
		return f;
	return chain(r, f,
		     single(r, (struct node){ .kind = NODE_STOP,
					      .letters = bytes_letters(set, false, 0),
					      .plain_letters = bytes_letters(set, false, ' ') }));
}

static struct fragment read_piece(struct reading *r)
{
	struct byte_set set;
	struct fragment f = read_atom(r, &set);
	bool letter = r->regex->nodes[f.start].kind == NODE_LETTER && f.start == f.end;
	struct quantifier q;

	while (!r->error && read_quantifier(r, &q)) {
		f = repeat(r, f, &q);
		if (letter && q.open)
			f = stop_after(r, f, &set);
		letter = false;
	}
	return f;
}

static struct fragment read_sequence(struct reading *r)
{
	struct fragment f = nothing(r);

	while (!r->error && *r->at && *r->at != '|' && *r->at != ')')
		f = chain(r, f, read_piece(r));
	return f;
}

static struct fragment read_choice(struct reading *r)
{
	struct fragment f, more;
	int end;

	if (++r->depth > 30)
		reading_fail(r, "groups that are nested too deeply");
	f = read_sequence(r);
	while (!r->error && *r->at == '|') {
		r->at++;
		more = read_sequence(r);
		end = add_empty(r);
		link(r, f.end, end);
		link(r, more.end, end);
		f = (struct fragment){ add_split(r, f.start, more.start), end };
	}
	r->depth--;
	return f;
}

const char *regex_read(struct regex *regex, const char *text)
{
	struct reading r = { .regex = regex, .at = text };
	struct fragment all;
	int skip;

	regex->count = 0;
	regex->groups = 0;
	all = read_choice(&r);
	if (*r.at && !r.error)
		reading_fail(&r, "one ) too many");
	link(&r, all.end, add(&r, (struct node){ .kind = NODE_ACCEPT, .next = -1, .other = -1 }));
	skip = add(&r, (struct node){ .kind = NODE_LETTER, .letters = LETTERS_ALL, .other = -1 });
	regex->start = add_split(&r, all.start, skip);
	link(&r, skip, regex->start);
	return r.error;
}
