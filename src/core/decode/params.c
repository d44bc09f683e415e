/* See params.h. `$$` is a `$` of the text, so "$$(x)" is no parameter. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "params.h"

#define NAME_SIZE 80
#define STRING_MOST ((size_t)64 << 10)

static const char name_bytes[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
static const char word_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "_.:/[]%-";
static const char first_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "_/[:";

void params_init(struct params *p, json_t *with, const struct host_var *vars)
{
	*p = (struct params){ .with = with, .vars = vars };
}

void params_fini(struct params *p)
{
	buf_fini(&p->used);
	buf_fini(&p->field);
	buf_fini(&p->error);
}

const char *params_next(const char **s, size_t *size)
{
	const char *at = *s;

	while ((at = strchr(at, '$'))) {
		if (at[1] == '$') {
			at += 2;
			continue;
		}
		if (at[1] != '(') {
			at++;
			continue;
		}
		*size = strcspn(at + 2, ")");
		*s = at + 2 + *size + (at[2 + *size] == ')');
		return at + 2;
	}
	return NULL;
}

bool params_used(const struct params *p, const char *name)
{
	const char *at = p->used.data, *end = at ? at + p->used.size : at;

	for (; at < end; at += strlen(at) + 1) {
		if (strcmp(at, name) == 0)
			return true;
	}
	return false;
}

/* --- values ---------------------------------------------------------------------------------- */

/* What a string is. */
enum place {
	PLACE_WORD,    /* something else than the two */
	PLACE_FREE,    /* one parameter of any text */
	PLACE_REWRITE, /* within a rewrite … */
	PLACE_REGEX,   /* … its regular expression; elsewhere one begins with `~` */
	PLACE_LINE,    /* a line of nginx's own language */
};

/* Fields whose strings nginx takes as one parameter of any text. */
static bool is_free(const char *field)
{
	static const char *const names[] = {
		"headers",
		"request_headers",
		"response_headers",
		"params",
		"set",
		"return",
		"text",
		"redirect",
		"realm",
		"ciphers",
		"curves",
		"cache_control",
		"values",
		"default",
		"format",
		"value",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], field) == 0)
			return true;
	}
	return false;
}

static enum place place_of(const char *field, enum place around)
{
	if (strcmp(field, "rewrite") == 0)
		return PLACE_REWRITE;
	if (around == PLACE_REWRITE && strcmp(field, "from") == 0)
		return PLACE_REGEX;
	if (strcmp(field, "directives") == 0)
		return PLACE_LINE;
	return is_free(field) ? PLACE_FREE : around;
}

static bool fail(struct params *p, const char *name, const char *why)
{
	if (!p->error.size)
		buf_printf(&p->error, "$(%s) %s", name, why);
	return false;
}

static const char *find_var(const struct host_var *vars, const char *name)
{
	for (; vars && vars->name; vars++) {
		if (strcmp(vars->name, name) == 0)
			return vars->value;
	}
	return NULL;
}

/* The value of a parameter, a new reference; NULL and an error. */
static json_t *look_up(struct params *p, const char *name)
{
	bool of_host = strncmp(name, "vars.", 5) == 0;
	const char *var = of_host ? find_var(p->vars, name + 5) : NULL;
	json_t *value = of_host ? NULL : json_object_get(p->with, name);

	if (of_host && !var)
		fail(p, name, "is not in the group \"vars\" of this host's settings");
	else if (!of_host && !value)
		fail(p, name,
		     p->with ? "has no value: expected it in \"with\""
			     : "is a parameter, which only a template has ($$ is a literal $)");
	if (!of_host && value)
		buf_put(&p->used, name, strlen(name) + 1);
	return of_host ? (var ? json_string(var) : NULL) : json_incref(value);
}

static bool put_word(struct params *p, struct buf *out, const char *name, const char *value)
{
	if (value[strspn(value, word_bytes)])
		return fail(p, name,
			    "has a value with a blank or another byte that is not possible here: "
			    "expected letters, digits and _ . : / [ ] % -");
	if (!out->size && *value && !strchr(first_bytes, *value))
		return fail(p, name,
			    "begins the string here, so its value has to begin with a letter, a "
			    "digit or one of _ / [ :");
	buf_puts(out, value);
	return true;
}

/* In a regular expression each byte stands for itself. */
static void put_quoted(struct buf *out, const char *value)
{
	for (; *value; value++) {
		if (strchr("\\.+*?()[]{}^$|~#-/ \"'", *value))
			buf_putc(out, '\\');
		buf_putc(out, *value);
	}
}

static void put_free(struct buf *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '$')
			buf_putc(out, '$');
		buf_putc(out, *value);
	}
}

/* text: the whole string that it is put into. */
static bool put_value(struct params *p, struct buf *out, const char *name, const json_t *value,
		      const char *text, enum place place)
{
	char digits[32];
	const char *s = json_string_value(value);

	if (json_is_integer(value)) {
		snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(value));
		s = digits;
	}
	if (!s)
		return fail(p, name,
			    "is a part of a string here, so its value has to be a string or a "
			    "whole number");
	if (place == PLACE_FREE)
		put_free(out, s);
	else if (*text == '~' || place == PLACE_REGEX)
		put_quoted(out, s);
	else if (place == PLACE_LINE && !out->size)
		return fail(p, name,
			    "begins a line, and the name of a directive has no parameters");
	else
		return put_word(p, out, name, s);
	return true;
}

/* --- strings --------------------------------------------------------------------------------- */

static bool take_name(struct params *p, const char *from, size_t size, char name[static NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%.*s", (int)(size < NAME_SIZE ? size : NAME_SIZE - 1), from);
	if (from[size] != ')' || !size || size >= NAME_SIZE || name[strspn(name, name_bytes)])
		return fail(p, name, "is not the name of a parameter ($$ is a literal $)");
	return true;
}

/* The parts of the string around its parameters. */
static bool replace(struct params *p, struct buf *out, const char *text, enum place place)
{
	const char *at = text, *done = text, *found;
	char name[NAME_SIZE];
	size_t size;

	while ((found = params_next(&at, &size))) {
		json_t *value;
		bool ok;

		buf_put(out, done, (size_t)(found - 2 - done));
		done = at;
		if (!take_name(p, found, size, name))
			return false;
		value = look_up(p, name);
		ok = value && put_value(p, out, name, value, text, place);
		json_decref(value);
		if (!ok)
			return false;
		if (out->size > STRING_MOST)
			return fail(p, name, "makes the string longer than 64 KB");
	}
	buf_puts(out, done);
	return true;
}

static json_t *copy_checked(struct params *p, const char *name, const json_t *value,
			    enum place place);

/* An array as a value: each string in it is checked like one. */
static json_t *copy_array(struct params *p, const char *name, const json_t *value, enum place place)
{
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(value); i++) {
		json_t *element = copy_checked(p, name, json_array_get(value, i), place);

		if (!element) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, element);
	}
	return list;
}

/* A parameter that is the whole string keeps the type of its value. */
static json_t *copy_checked(struct params *p, const char *name, const json_t *value,
			    enum place place)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (json_is_array(value))
		return copy_array(p, name, value, place);
	if (json_is_integer(value) || json_is_boolean(value))
		return json_incref((json_t *)(uintptr_t)value);
	if (!json_is_string(value)) {
		fail(p, name,
		     "has a value that is not a string, a whole number, true or false, or an "
		     "array of these");
		return NULL;
	}
	return put_value(p, &text, name, value, "", place) ? json_string(buf_str(&text)) : NULL;
}

static json_t *apply_to_string(struct params *p, const json_t *string, enum place place)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const char *s = json_string_value(string), *at = s, *found;
	char name[NAME_SIZE];
	json_t *value, *out;
	size_t size;

	found = params_next(&at, &size);
	if (!found)
		return json_incref((json_t *)(uintptr_t)string);
	if (found != s + 2 || *at)
		return replace(p, &text, s, place) ? json_string(buf_str(&text)) : NULL;
	if (!take_name(p, found, size, name))
		return NULL;
	value = look_up(p, name);
	out = value ? copy_checked(p, name, value, place) : NULL;
	json_decref(value);
	return out;
}

/* --- values within values -------------------------------------------------------------------- */

static void cut(struct buf *b, size_t size)
{
	b->size = size;
	if (b->data)
		b->data[size] = '\0';
}

static json_t *apply(struct params *p, const json_t *value, enum place place);

static json_t *apply_to_object(struct params *p, const json_t *value, enum place place)
{
	json_t *object = json_object(), *member, *made;
	size_t mark = p->field.size;
	const char *name;

	json_object_foreach((json_t *)(uintptr_t)value, name, member)
	{
		buf_printf(&p->field, "%s%s", mark ? "." : "", name);
		made = apply(p, member, place_of(name, place));
		if (!made) {
			json_decref(object);
			return NULL;
		}
		json_object_set_new_nocheck(object, name, made);
		cut(&p->field, mark);
	}
	return object;
}

static json_t *apply_to_array(struct params *p, const json_t *value, enum place place)
{
	json_t *array = json_array(), *made;
	size_t mark = p->field.size;

	for (size_t i = 0; i < json_array_size(value); i++) {
		buf_printf(&p->field, "[%zu]", i);
		made = apply(p, json_array_get(value, i), place);
		if (!made) {
			json_decref(array);
			return NULL;
		}
		json_array_append_new(array, made);
		cut(&p->field, mark);
	}
	return array;
}

static json_t *apply(struct params *p, const json_t *value, enum place place)
{
	if (json_is_object(value))
		return apply_to_object(p, value, place);
	if (json_is_array(value))
		return apply_to_array(p, value, place);
	if (json_is_string(value))
		return apply_to_string(p, value, place);
	return json_incref((json_t *)(uintptr_t)value);
}

json_t *params_apply(struct params *p, const json_t *value)
{
	return apply(p, value, PLACE_WORD);
}
