/*
 * Reading JSON by table.
 *
 * jansson parses: it refuses invalid UTF-8, NUL in strings, duplicate keys, numbers that are too
 * large, and text after the object. The depth of nesting is checked before that, so the parser
 * never recurses deeply. A znode has at most PROBLEM_LIMIT problems.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/data/clauses.h"
#include "core/text/json_text.h"
#include "core/text/secret.h"
#include "fields.h"

#define PROBLEM_LIMIT 32
#define WORDS_MAX 32
#define UNREAD (-2L)

static const char *type_name(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number with a fraction",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return names[json_typeof(value)];
}

size_t reader_enter(struct reader *r, const char *name, size_t index)
{
	size_t mark = strlen(r->path);

	if (name)
		snprintf(r->path + mark, sizeof(r->path) - mark, "%s%.64s", mark ? "." : "", name);
	else
		snprintf(r->path + mark, sizeof(r->path) - mark, "[%zu]", index);
	return mark;
}

void reader_leave(struct reader *r, size_t mark)
{
	r->path[mark] = '\0';
}

struct problem *reader_problem(struct reader *r, const char *name, const char *fmt, ...)
{
	/* After the limit the last problem is overwritten: the caller always gets one. */
	static const char more[] = "there are more problems than are listed here";
	char message[512];
	size_t mark = strlen(r->path);
	struct problem *p;
	va_list args;

	r->failed = true;
	if (++r->found > PROBLEM_LIMIT) {
		p = &r->problems->items[r->problems->count - 1];
		p->message = more;
		p->field = "";
		return p;
	}
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	if (name)
		reader_enter(r, name, 0);
	p = problems_add(r->problems, r->znode->path, PROBLEM_FIELD, r->path, "%s", message);
	reader_leave(r, mark);
	return p;
}

static struct problem *json_problem(struct reader *r, const char *what)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	r->failed = true;
	r->found++;
	secret_put_json_error(what, &text);
	return problems_add(r->problems, r->znode->path, PROBLEM_JSON, NULL, "%s", buf_str(&text));
}

json_t *reader_parse(struct reader *r)
{
	static const char mark[] = "\xef\xbb\xbf";
	const char *data = r->znode->data, *end = data + r->znode->size;
	json_error_t error;
	unsigned line;
	json_t *value;

	if (end - data >= 3 && memcmp(data, mark, 3) == 0)
		data += 3;
	if (!json_depth_is_sane(data, end, &line)) {
		json_problem(r, "objects and arrays are nested too deeply")->line = line;
		return NULL;
	}
	value = json_loadb(data, (size_t)(end - data), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
			   &error);
	if (!value) {
		json_problem(r, strstr(error.text, "JSON_ALLOW_NUL") ? "\\u0000 is not allowed"
								     : error.text)
			->line = error.line > 0 ? (unsigned)error.line : 0;
		return NULL;
	}
	if (json_is_object(value))
		return value;
	json_problem(r, "expected a JSON object");
	json_decref(value);
	return NULL;
}

bool reader_is_object(struct reader *r, const json_t *value)
{
	if (json_is_object(value))
		return true;
	reader_problem(r, NULL, "expected an object, found %s", type_name(value));
	return false;
}

bool reader_is_array(struct reader *r, const json_t *value)
{
	if (json_is_array(value))
		return true;
	reader_problem(r, NULL, "expected an array, found %s", type_name(value));
	return false;
}

bool reader_is_list(struct reader *r, const json_t *value, size_t least, size_t most)
{
	size_t count = json_array_size(value);

	if (!reader_is_array(r, value))
		return false;
	if (count >= least && count <= most)
		return true;
	reader_problem(r, NULL, "expected %zu to %zu elements, found %zu", least, most, count);
	return false;
}

const char *reader_text(struct reader *r, const json_t *value)
{
	if (json_is_string(value))
		return json_string_value(value);
	reader_problem(r, NULL, "expected a string, found %s", type_name(value));
	return NULL;
}

const char *reader_text_or_number(struct reader *r, const json_t *value)
{
	if (json_is_integer(value) && json_integer_value(value) >= 0)
		return arena_printf(r->arena, "%lld", (long long)json_integer_value(value));
	return reader_text(r, value);
}

const char *reader_checked(struct reader *r, const char *s, text_check *check)
{
	CLEANUP(buf_fini) struct buf value = BUF_INIT;
	const char *why = check(r, s);

	if (!why)
		return arena_strdup(r->arena, s);
	secret_put_value(r->path, s, &value);
	reader_problem(r, NULL, "%s %s", buf_str(&value), why);
	return NULL;
}

static void read_one_text(struct reader *r, const json_t *value, text_check *check,
			  const char **list, size_t *count)
{
	const char *s = reader_text_or_number(r, value);

	s = s ? reader_checked(r, s, check) : NULL;
	if (s)
		list[(*count)++] = s;
}

const char **reader_texts(struct reader *r, const json_t *value, size_t most, text_check *check,
			  size_t *count)
{
	size_t size = json_is_array(value) ? json_array_size(value) : 1;
	const char **list = arena_array(r->arena, const char *, size);

	*count = 0;
	if (!json_is_array(value))
		read_one_text(r, value, check, list, count);
	else if (reader_is_list(r, value, 1, most)) {
		for (size_t i = 0; i < size; i++) {
			size_t mark = reader_enter(r, NULL, i);

			read_one_text(r, json_array_get(value, i), check, list, count);
			reader_leave(r, mark);
		}
	}
	return list;
}

static void read_text(struct reader *r, const json_t *value, const struct field *f, void *where)
{
	const char *s = reader_text(r, value);

	if (s)
		*(const char **)where = reader_checked(r, s, f->check);
}

static void read_number(struct reader *r, const json_t *value, const struct field *f, void *where)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value))
		reader_problem(r, NULL, "expected a whole number, found %s", type_name(value));
	else if (number < f->least || number > f->most)
		reader_problem(r, NULL, "expected a number from %ld to %ld, found %lld", f->least,
			       f->most, (long long)number);
	else
		*(long *)where = (long)number;
}

static bool is_boolean(struct reader *r, const json_t *value)
{
	if (json_is_boolean(value))
		return true;
	reader_problem(r, NULL, "expected true or false, found %s", type_name(value));
	return false;
}

static void read_bool(struct reader *r, const json_t *value, const struct field *f UNUSED,
		      void *where)
{
	if (is_boolean(r, value))
		*(bool *)where = json_is_true(value);
}

static void read_tristate(struct reader *r, const json_t *value, const struct field *f UNUSED,
			  void *where)
{
	if (is_boolean(r, value))
		*(int *)where = json_is_true(value);
}

static void read_object(struct reader *r, const json_t *value, const struct field *f, void *where)
{
	if (reader_is_object(r, value))
		fields_read(r, value, f->inner, where);
}

static void read_custom(struct reader *r, const json_t *value, const struct field *f, void *where)
{
	f->read(r, value, where);
}

static void read_line_text(struct reader *r, const json_t *value, const struct field *f,
			   void *where)
{
	const char *s = reader_text_or_number(r, value);

	s = s ? reader_checked(r, s, f->check) : NULL;
	if (s)
		clauses_add_word(r->arena, where, r->path, f->directive, s);
}

static void read_line_number(struct reader *r, const json_t *value, const struct field *f,
			     void *where)
{
	long number = UNREAD;

	read_number(r, value, f, &number);
	if (number != UNREAD)
		clauses_add_word(r->arena, where, r->path, f->directive,
				 arena_printf(r->arena, "%ld", number));
}

static void read_line_flag(struct reader *r, const json_t *value, const struct field *f,
			   void *where)
{
	if (is_boolean(r, value))
		clauses_add_word(r->arena, where, r->path, f->directive,
				 json_is_true(value) ? "on" : "off");
}

static void read_line_words(struct reader *r, const json_t *value, const struct field *f,
			    void *where)
{
	size_t count;
	const char **words = reader_texts(r, value, WORDS_MAX, f->check, &count);
	struct clause *line = clauses_add(r->arena, where, r->path, f->directive, 0);

	line->words = words;
	line->count = count;
}

const struct field *fields_find(const struct fields *fields, const char *name, unsigned kinds)
{
	const struct field *found = NULL;

	for (size_t i = 0; i < fields->count; i++) {
		const struct field *f = &fields->rows[i];

		if (strcmp(f->name, name) != 0)
			continue;
		if (!f->only || (f->only & kinds))
			return f;
		found = f;
	}
	return found;
}

static void read_field(struct reader *r, const struct fields *fields, const char *name,
		       const json_t *value, void *target)
{
	static void (*const readers[])(struct reader *, const json_t *, const struct field *,
				       void *) = {
		[FIELD_TEXT] = read_text,
		[FIELD_NUMBER] = read_number,
		[FIELD_BOOL] = read_bool,
		[FIELD_TRISTATE] = read_tristate,
		[FIELD_OBJECT] = read_object,
		[FIELD_GROUP] = read_object,
		[FIELD_CUSTOM] = read_custom,
		[FIELD_LINE_TEXT] = read_line_text,
		[FIELD_LINE_NUMBER] = read_line_number,
		[FIELD_LINE_FLAG] = read_line_flag,
		[FIELD_LINE_WORDS] = read_line_words,
	};
	const struct field *f = fields_find(fields, name, r->kinds);
	size_t mark = reader_enter(r, name, 0);

	if (!f)
		reader_problem(r, NULL, "is not a known field");
	else if (f->only && !(f->only & r->kinds))
		reader_problem(r, NULL, "does not belong to %s", r->kind_name);
	else
		readers[f->kind](r, value, f,
				 f->kind == FIELD_GROUP ? target : (char *)target + f->where);
	reader_leave(r, mark);
}

void fields_read(struct reader *r, const json_t *object, const struct fields *fields, void *target)
{
	const char *name;
	json_t *value;

	/* jansson's iteration takes no const object, but changes nothing. */
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
		read_field(r, fields, name, value, target);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *f = &fields->rows[i];

		if (f->required && (!f->only || (f->only & r->kinds)) &&
		    !json_object_get(object, f->name))
			reader_problem(r, f->name, "is missing");
	}
}
