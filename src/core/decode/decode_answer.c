/*
 * What is changed in the head of a server's answer: where it redirects to, and its cookies. Each is
 * a list of replacements, of which nginx makes the first that fits.
 */
#include <string.h>

#include <zknginx/model.h>

#include "checks.h"
#include "core/data/clauses.h"
#include "core/text/emit.h"
#include "core/text/regex_text.h"
#include "decode_answer.h"

#define LINES offsetof(struct location, common.lines)
#define REPLACEMENTS_MOST 32
#define FLAGS_MOST 8

/* --- replacements ---------------------------------------------------------------------------- */

struct replacement {
	const char *from, *to;
};

static bool is_regex(const char *s)
{
	return s[0] == '~';
}

/* "~^/a/" or "~*^/a/" is a regular expression, anything else is compared as it is. */
static const char *check_from(const struct reader *r, const char *s)
{
	size_t size;

	if (!is_regex(s))
		return check_line(r, s);
	s += 1 + (s[1] == '*');
	if (regex_text_next_name(s, &size))
		return "has a named group: use a plain one, and $1 for it";
	return *s ? check_regex(r, s) : "is an empty regular expression";
}

static bool is_capture(const char *s)
{
	return s[0] == '$' && s[1] >= '1' && s[1] <= '9';
}

/* As check_line(), with captures: they are parts of a header, which is one line. */
static const char *check_to(const struct reader *r, const char *s)
{
	char *plain = arena_strdup(r->arena, s);

	for (char *c = plain; (c = strchr(c, '$')); c += c[1] ? 2 : 1) {
		if (is_capture(c))
			c[0] = c[1] = 'x';
	}
	return check_line(r, plain);
}

static bool has_capture(const char *s)
{
	size_t size;

	for (const char *at = s; (at = emit_next_variable(at, &size)); at += size) {
		if (*at >= '1' && *at <= '9')
			return true;
	}
	return false;
}

static const struct field replacement_rows[] = {
	{ "from", FIELD_TEXT, .where = offsetof(struct replacement, from), .required = true,
	  .check = check_from },
	{ "to", FIELD_TEXT, .where = offsetof(struct replacement, to), .required = true,
	  .check = check_to },
};
const struct fields decode_replacement_fields = FIELDS(replacement_rows);

static void read_replacement(struct reader *r, const json_t *value, struct clauses *lines,
			     const char *directive)
{
	struct replacement p = { 0 };
	struct clause *s;

	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &decode_replacement_fields, &p);
	if (!p.from || !p.to)
		return;
	if (has_capture(p.to) && !is_regex(p.from))
		reader_problem(r, "to", "has a capture, but \"from\" is no regular expression");
	s = clauses_add(r->arena, lines, r->path, directive, 2);
	s->words[s->count++] = p.from;
	s->words[s->count++] = p.to;
}

static void read_replacements(struct reader *r, const json_t *value, struct clauses *lines,
			      const char *directive)
{
	if (!reader_is_list(r, value, 1, REPLACEMENTS_MOST))
		return;
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = reader_enter(r, NULL, i);

		read_replacement(r, json_array_get(value, i), lines, directive);
		reader_leave(r, mark);
	}
}

void decode_proxy_redirect(struct reader *r, const json_t *value, void *where)
{
	if (json_is_false(value))
		clauses_add_word(r->arena, where, r->path, "_redirect", "off");
	else if (json_is_true(value))
		clauses_add_word(r->arena, where, r->path, "_redirect", "default");
	else
		read_replacements(r, value, where, "_redirect");
}

/* --- cookies --------------------------------------------------------------------------------- */

struct flags {
	const char *name;
	const char **set;
	size_t set_count;
};

static const char *check_flag(const struct reader *r UNUSED, const char *s)
{
	static const char *const words[] = { "secure",        "nosecure",     "httponly",
					     "nohttponly",    "samesite=lax", "samesite=strict",
					     "samesite=none", "nosamesite" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], s) == 0)
			return NULL;
	}
	return "is not secure, httponly, samesite=lax, samesite=strict, samesite=none, nosecure, "
	       "nohttponly or nosamesite";
}

/* nginx takes `~` as a regular expression that fits every name. */
static const char *check_cookie_name(const struct reader *r, const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";

	if (strcmp(s, "*") == 0)
		return NULL;
	if (is_regex(s))
		return check_from(r, s);
	return *s && !s[strspn(s, letters)] && strlen(s) < 128
		       ? NULL
		       : "is not \"*\" or the name of a cookie (letters, digits, _ . -), nor \"~\" "
			 "and "
			 "a regular expression";
}

static void read_set(struct reader *r, const json_t *value, void *where)
{
	struct flags *f = where;

	f->set = reader_texts(r, value, FLAGS_MOST, check_flag, &f->set_count);
}

static const struct field flags_rows[] = {
	{ "name", FIELD_TEXT, .where = offsetof(struct flags, name), .required = true,
	  .check = check_cookie_name },
	{ "set", FIELD_CUSTOM, .required = true, .read = read_set,
	  .shape = SHAPE_TEXT | SHAPE_TEXTS },
};
static const struct fields flags_fields = FIELDS(flags_rows);

static void add_flags(struct reader *r, struct clauses *lines, const struct flags *f)
{
	struct clause *s;

	if (!f->name || !f->set_count)
		return;
	s = clauses_add(r->arena, lines, r->path, "_cookie_flags", f->set_count + 1);
	s->words[s->count++] = strcmp(f->name, "*") == 0 ? "~" : f->name;
	for (size_t i = 0; i < f->set_count; i++)
		s->words[s->count++] = f->set[i];
}

/* Strings alone are flags of every cookie. */
static void read_flags(struct reader *r, const json_t *value, void *where)
{
	struct flags all = { .name = "*" };

	if (!json_is_object(json_array_get(value, 0))) {
		read_set(r, value, &all);
		add_flags(r, where, &all);
		return;
	}
	for (size_t i = 0; i < json_array_size(value); i++) {
		struct flags f = { 0 };
		size_t mark = reader_enter(r, NULL, i);

		if (reader_is_object(r, json_array_get(value, i))) {
			fields_read(r, json_array_get(value, i), &flags_fields, &f);
			add_flags(r, where, &f);
		}
		reader_leave(r, mark);
	}
}

static void read_domain(struct reader *r, const json_t *value, void *where)
{
	read_replacements(r, value, where, "_cookie_domain");
}

static void read_path(struct reader *r, const json_t *value, void *where)
{
	read_replacements(r, value, where, "_cookie_path");
}

static const struct field cookie_rows[] = {
	{ "flags", FIELD_CUSTOM, .where = LINES, .read = read_flags,
	  .shape = SHAPE_TEXT | SHAPE_TEXTS | SHAPE_OBJECTS, .inner = &flags_fields },
	{ "domain", FIELD_CUSTOM, .where = LINES, .read = read_domain, .shape = SHAPE_OBJECTS,
	  .inner = &decode_replacement_fields },
	{ "path", FIELD_CUSTOM, .where = LINES, .read = read_path, .shape = SHAPE_OBJECTS,
	  .inner = &decode_replacement_fields },
};
const struct fields decode_cookie_fields = FIELDS(cookie_rows);
