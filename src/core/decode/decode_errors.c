/*
 * Pages for errors: {"404": "/404.html", "500 502 503 504": {"to": "/down.html", "status": 503}}.
 * A page is a path of the site, "@name" of a location, or a URL.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/model.h>

#include "checks.h"
#include "core/data/clauses.h"
#include "decode_errors.h"

#define CODES_MOST 32

static const char *check_page(const struct reader *r, const char *s)
{
	if (*s == '@')
		return check_location_path(r, s);
	return *s == '/' ? check_literal_uri(r, s) : check_target(r, s);
}

struct page {
	const char *to;
	long status; /* of the answer; UNSET: that of the error */
	bool status_of_page;
};

static const struct field decode_page_rows[] = {
	{ "to", FIELD_TEXT, .where = offsetof(struct page, to), .required = true,
	  .check = check_page },
	{ "status", FIELD_NUMBER, .where = offsetof(struct page, status), .least = 200,
	  .most = 599 },
	{ "status_of_page", FIELD_BOOL, .where = offsetof(struct page, status_of_page) },
};
const struct fields decode_page_fields = FIELDS(decode_page_rows);

static void read_page_object(struct reader *r, const json_t *value, struct page *page)
{
	if (reader_is_object(r, value))
		fields_read(r, value, &decode_page_fields, page);
	if (page->status != UNSET && page->status_of_page)
		reader_problem(r, "status_of_page", "excludes status");
}

static void read_page(struct reader *r, const json_t *value, struct page *page)
{
	if (json_is_string(value))
		page->to = reader_checked(r, json_string_value(value), check_page);
	else
		read_page_object(r, value, page);
}

/* The codes of "500 502", as words; NULL and a problem: they are none. */
static const char **read_codes(struct reader *r, const char *text, size_t *count)
{
	const char **codes = arena_array(r->arena, const char *, CODES_MOST);

	for (*count = 0; *text && *count < CODES_MOST;) {
		long code = strspn(text, "0123456789") == 3 ? strtol(text, NULL, 10) : 0;

		if (code < 300 || code > 599 || code == 499 || (text[3] && text[3] != ' '))
			break;
		codes[(*count)++] = arena_copy(r->arena, text, 3);
		text += 3;
		if (*text && text[1])
			text++;
	}
	if (!*text && *count)
		return codes;
	reader_problem(r, NULL,
		       "expected statuses from 300 to 599 with single blanks between, such as "
		       "\"500 502\" (nginx has no page for 499)");
	return NULL;
}

/* nginx would take the first page, and ignore the other one. */
static void check_code(struct reader *r, const struct clauses *lines, const char *code)
{
	for (size_t i = 0; i < lines->count; i++) {
		const struct clause *other = &lines->items[i];

		if (strcmp(other->directive, "error_page") != 0)
			continue;
		for (size_t j = 0; j < other->count; j++) {
			if (strcmp(other->words[j], code) == 0)
				reader_problem(r, NULL, "%s has a page already", code);
		}
	}
}

static void read_one(struct reader *r, const char *key, const json_t *value, struct clauses *lines)
{
	struct page page = { .status = UNSET };
	struct clause *s;
	size_t count;
	const char **codes = read_codes(r, key, &count);

	read_page(r, value, &page);
	if (!codes || !page.to)
		return;
	for (size_t i = 0; i < count; i++)
		check_code(r, lines, codes[i]);
	s = clauses_add(r->arena, lines, r->path, "error_page", count + 2);
	memcpy(s->words, codes, count * sizeof(*codes));
	s->count = count;
	if (page.status_of_page)
		s->words[s->count++] = "=";
	else if (page.status != UNSET)
		s->words[s->count++] = arena_printf(r->arena, "=%ld", page.status);
	s->words[s->count++] = page.to;
}

void decode_error_pages(struct reader *r, const json_t *value, void *where)
{
	const char *key;
	json_t *page;

	if (!reader_is_object(r, value))
		return;
	json_object_foreach((json_t *)(uintptr_t)value, key, page)
	{
		size_t mark = reader_enter(r, key, 0);

		read_one(r, key, page, where);
		reader_leave(r, mark);
	}
}
