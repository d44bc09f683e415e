/*
 * A scanner of JSON that keeps its place. It reads each byte once: a value is either skipped or
 * searched, and a search goes through all of the value. Keys may have dots and brackets in them, so
 * a path is not taken apart first: at each object, every key is compared with what is left of the
 * path, and the search that gets furthest wins.
 */
#include <string.h>

#include <zknginx/buf.h>
#include <zknginx/macros.h>

#include "json_locate.h"
#include "json_text.h"

#define NAME_MOST 64 /* of a key's bytes are in a problem's path */

struct scan {
	const char *text, *at, *end;
	size_t best;       /* how much of the path was found … */
	const char *place; /* … and where */
	const char *field; /* the whole path */
};

struct text_place text_place_at(const char *text, size_t size, size_t offset)
{
	struct text_place p = { 1, 1 };

	for (size_t i = 0; i < size && i < offset; i++) {
		if (text[i] == '\n')
			p = (struct text_place){ p.line + 1, 1 };
		else
			p.column += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	return p;
}

static void skip_space(struct scan *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at)
		s->at++;
}

static bool take(struct scan *s, char c)
{
	skip_space(s);
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static void skip_string(struct scan *s)
{
	for (s->at++; s->at < s->end && *s->at != '"'; s->at++) {
		if (*s->at == '\\' && s->end - s->at > 1)
			s->at++;
	}
	if (s->at < s->end)
		s->at++;
}

/* A value that the path does not lead into. Strings count as one, so brackets in them do not. */
static void skip_value(struct scan *s)
{
	unsigned depth = 0;

	skip_space(s);
	while (s->at < s->end) {
		if (*s->at == '"') {
			skip_string(s);
		} else if (*s->at == '{' || *s->at == '[') {
			depth++;
			s->at++;
		} else if (*s->at == '}' || *s->at == ']') {
			if (!depth)
				return;
			depth--;
			s->at++;
		} else if (!depth && strchr(",:", *s->at) && *s->at) {
			return;
		} else {
			s->at++;
			continue;
		}
		if (!depth)
			return;
	}
}

/* --- keys ------------------------------------------------------------------------------------ */

/* The key's bytes as jansson reads them; it begins at `quote` and ends before `end`. */
static void read_key(const char *quote, const char *end, struct buf *out)
{
	json_t *key = json_loadb(quote, (size_t)(end - quote), JSON_DECODE_ANY, NULL);

	if (json_is_string(key))
		buf_put(out, json_string_value(key), json_string_length(key));
	json_decref(key);
}

/* How much of the path is this key; 0: the path does not begin with it. */
static size_t match_key(const char *path, const char *quote, const char *end)
{
	CLEANUP(buf_fini) struct buf key = BUF_INIT;
	size_t dot = *path == '.', size;

	read_key(quote, end, &key);
	size = key.size < NAME_MOST ? key.size : NAME_MOST;
	if (!size || strncmp(path + dot, buf_str(&key), size) != 0 ||
	    !strchr(".[", path[dot + size]))
		return 0;
	return dot + size;
}

/* How much of the path is "[index]"; 0: it does not begin with it. */
static size_t match_index(const char *path, size_t index)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	buf_printf(&text, "[%zu]", index);
	return strncmp(path, buf_str(&text), text.size) == 0 ? text.size : 0;
}

/* --- the search ------------------------------------------------------------------------------ */

static void found(struct scan *s, const char *path, const char *place)
{
	size_t matched = (size_t)(path - s->field);

	if (!s->place || matched > s->best) {
		s->best = matched;
		s->place = place;
	}
}

static void search(struct scan *s, const char *path);

static void search_member(struct scan *s, const char *path)
{
	const char *quote = s->at;
	size_t matched;

	skip_string(s);
	matched = match_key(path, quote, s->at);
	take(s, ':');
	if (!matched) {
		skip_value(s);
		return;
	}
	found(s, path + matched, quote);
	search(s, path + matched);
}

static void search_object(struct scan *s, const char *path)
{
	while (take(s, '{') || take(s, ',')) {
		skip_space(s);
		if (s->at < s->end && *s->at == '"')
			search_member(s, path);
	}
	take(s, '}');
}

static void search_array(struct scan *s, const char *path)
{
	for (size_t i = 0; take(s, '[') || take(s, ','); i++) {
		size_t matched = match_index(path, i);

		skip_space(s);
		if (matched)
			found(s, path + matched, s->at);
		if (matched)
			search(s, path + matched);
		else
			skip_value(s);
	}
	take(s, ']');
}

/* The path has a length, and each step takes some of it: so does the recursion end. */
static void search(struct scan *s, const char *path)
{
	skip_space(s);
	if (*path && s->at < s->end && *s->at == '{')
		search_object(s, path);
	else if (*path && s->at < s->end && *s->at == '[')
		search_array(s, path);
	else
		skip_value(s);
}

static const char *without_mark(const char *text, size_t size)
{
	return size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
}

bool json_locate(const char *text, size_t size, const char *field, struct text_place *out)
{
	const char *start = without_mark(text, size);
	struct scan s = { .text = start, .at = start, .end = text + size, .field = field };

	skip_space(&s);
	found(&s, field, s.at);
	search(&s, field);
	*out = text_place_at(start, (size_t)(s.end - start), (size_t)(s.place - start));
	return !field[s.best];
}

bool json_locate_error(const char *text, size_t size, struct text_place *out)
{
	const char *start = without_mark(text, size), *end = text + size;
	json_error_t error;
	json_t *value;

	*out = (struct text_place){ 0 };
	if (!json_depth_is_sane(start, end, &out->line))
		return true;
	value = json_loadb(start, (size_t)(end - start), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
			   &error);
	if (value) {
		json_decref(value);
		return false;
	}
	out->line = error.line > 0 ? (unsigned)error.line : 1;
	out->column = error.column > 0 ? (unsigned)error.column : 1;
	return true;
}
