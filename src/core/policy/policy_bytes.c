/* Sets of bytes in regular expressions: [classes] and escapes. */
#include <string.h>

#include <zknginx/macros.h>

#include "policy_bytes.h"

bool reading_fail(struct reading *r, const char *error)
{
	if (!r->error)
		r->error = error;
	return false;
}

enum letter letter_of(char c)
{
	return c == '.'   ? LETTER_DOT
	       : c == '/' ? LETTER_SLASH
	       : c == '?' ? LETTER_MARK
			  : LETTER_OTHER;
}

/* The letters of the bytes that the set has (or, with `has` false, lacks), from `first` on. */
unsigned bytes_letters(const struct byte_set *set, bool has, int first)
{
	unsigned letters = 0;

	for (int c = first; c < 256; c++) {
		if (set->has[c] == has)
			letters |= letter_of((char)c);
	}
	return letters;
}

static void set_range(struct byte_set *set, int from, int to)
{
	for (int c = from; c <= to; c++)
		set->has[c] = true;
}

void bytes_invert(struct byte_set *set)
{
	for (int c = 0; c < 256; c++)
		set->has[c] = !set->has[c];
}

static void set_merge(struct byte_set *set, const struct byte_set *more)
{
	for (int c = 0; c < 256; c++)
		set->has[c] = set->has[c] || more->has[c];
}

bool byte_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool byte_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* \d, \w, \s and their opposites; false for any other letter. */
static bool named_set(char name, struct byte_set *out)
{
	*out = (struct byte_set){ 0 };
	switch (name) {
	case 'w':
	case 'W':
		set_range(out, 'a', 'z');
		set_range(out, 'A', 'Z');
		out->has['_'] = true;
		set_range(out, '0', '9');
		break;
	case 'd':
	case 'D':
		set_range(out, '0', '9');
		break;
	case 's':
	case 'S':
		set_range(out, '\t', '\r');
		out->has[' '] = true;
		break;
	default:
		return false;
	}
	if (name < 'a')
		bytes_invert(out);
	return true;
}

/* What an escaped byte is: a set of one, or of several; \Q, \x and the like are not read. */
bool bytes_read_escape(struct reading *r, struct byte_set *out)
{
	static const char from[] = "nrtf", to[] = "\n\r\t\f";
	char c = *r->at;
	const char *control = c ? strchr(from, c) : NULL;

	if (!c)
		return reading_fail(r, "a backslash at its end");
	r->at++;
	if (named_set(c, out))
		return true;
	if (!control && (byte_is_letter(c) || byte_is_digit(c)))
		return reading_fail(
			r, "an escape that is not supported (\\K, \\Q, \\1, \\x and similar ones)");
	out->has[(unsigned char)(control ? to[control - from] : c)] = true;
	return true;
}

/* One item of a class; *byte is it when it is a single byte, else -1. */
static bool read_class_item(struct reading *r, struct byte_set *out, int *byte)
{
	char c = *r->at++;
	bool several;

	*out = (struct byte_set){ 0 };
	*byte = -1;
	if (c == '[' && *r->at && strchr(":.=", *r->at))
		return reading_fail(r, "a class such as [:alpha:]");
	if (c != '\\') {
		*byte = (unsigned char)c;
		out->has[*byte] = true;
		return true;
	}
	several = *r->at && strchr("dDwWsS", *r->at);
	if (!bytes_read_escape(r, out))
		return false;
	for (int i = 0; i < 256 && !several; i++) {
		if (out->has[i])
			*byte = i;
	}
	return true;
}

static bool read_class_range(struct reading *r, struct byte_set *out)
{
	struct byte_set item;
	int from, to;

	if (!read_class_item(r, &item, &from))
		return false;
	set_merge(out, &item);
	if (r->at[0] != '-' || !r->at[1] || r->at[1] == ']')
		return true;
	r->at++;
	if (!read_class_item(r, &item, &to))
		return false;
	if (from < 0 || to < from)
		return reading_fail(r, "an invalid range");
	set_range(out, from, to);
	return true;
}

bool bytes_read_class(struct reading *r, struct byte_set *out)
{
	bool inverted = *r->at == '^', first = true;

	*out = (struct byte_set){ 0 };
	r->at += inverted;
	for (; *r->at && (first || *r->at != ']'); first = false) {
		if (!read_class_range(r, out))
			return false;
	}
	if (*r->at++ != ']')
		return reading_fail(r, "a class without an end");
	if (inverted)
		bytes_invert(out);
	return true;
}
