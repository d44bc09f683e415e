/*
 * The only place that knows where the value of a key is in struct settings. Defaults pass through
 * the same checks as the values of a file, so that the first test that runs finds a default that
 * its row refuses.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "settings_store.h"
#include "settings_value.h"

static void *place(struct settings *values, const struct setting *s)
{
	return (char *)values + s->offset;
}

static const void *place_const(const struct settings *values, const struct setting *s)
{
	return (const char *)values + s->offset;
}

static bool parse_amount(const struct setting *s, const char *text, uint64_t *out)
{
	return s->type == SETTING_SIZE ? size_parse(text, out) : duration_parse(text, out);
}

static bool amount_in_range(const struct setting *s, const char *text, uint64_t *out)
{
	uint64_t min, max;

	if (s->never && strcmp(text, "never") == 0) {
		*out = NEVER;
		return true;
	}
	if (!parse_amount(s, s->min, &min) || !parse_amount(s, s->max, &max))
		die("settings table: the range of %s is not valid", s->path);
	return parse_amount(s, text, out) && *out >= min && *out <= max;
}

/* gcc and clang give an enum without negative values this type. */
_Static_assert(sizeof(enum rollout_mode) == sizeof(unsigned), "a choice is stored as unsigned");

static bool store_choice(struct settings *values, const struct setting *s, const char *text)
{
	for (unsigned i = 0; s->choices[i]; i++) {
		if (strcmp(s->choices[i], text) != 0)
			continue;
		*(unsigned *)place(values, s) = i;
		return true;
	}
	return false;
}

/* *value: the text in its normal form, in the arena. */
static bool check_text(struct arena *a, const struct setting *s, const char *text,
		       const char **value, const char **why)
{
	const char *normal = text;

	if (s->form && !s->form(a, text, &normal, why))
		return false;
	*value = arena_strdup(a, normal);
	return true;
}

bool setting_store(struct arena *a, struct settings *values, const struct setting *s,
		   const char *text, const char **why)
{
	uint64_t amount;
	const char *value;

	*why = NULL;
	if (s->type == SETTING_DURATION || s->type == SETTING_SIZE) {
		if (!amount_in_range(s, text, &amount))
			return false;
		*(uint64_t *)place(values, s) = amount;
		return true;
	}
	if (s->type == SETTING_CHOICE)
		return store_choice(values, s, text);
	if (!check_text(a, s, text, &value, why))
		return false;
	*(const char **)place(values, s) = value;
	return true;
}

bool setting_store_integer(struct settings *values, const struct setting *s, long long n)
{
	if (n < atoll(s->min) || n > atoll(s->max))
		return false;
	*(long *)place(values, s) = (long)n;
	return true;
}

void setting_store_boolean(struct settings *values, const struct setting *s, bool value)
{
	*(bool *)place(values, s) = value;
}

/* Of a command only the program has a form. */
static bool check_entry(struct arena *a, const struct setting *s, size_t i, const char *text,
			const char **value, const char **why)
{
	if (s->type != SETTING_COMMAND || i == 0)
		return check_text(a, s, text, value, why);
	*value = arena_strdup(a, text);
	return true;
}

bool setting_store_texts(struct arena *a, struct settings *values, const struct setting *s,
			 const char *const *texts, size_t count, size_t *bad, const char **why)
{
	const char **copy = arena_array(a, const char *, count + 1);

	*why = NULL;
	*bad = count;
	if (count < (size_t)atol(s->min) || count > (size_t)atol(s->max))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!check_entry(a, s, i, texts[i], &copy[i], why)) {
			*bad = i;
			return false;
		}
	}
	*(const char *const **)place(values, s) = copy;
	return true;
}

static bool store_default_texts(struct arena *a, struct settings *values, const struct setting *s)
{
	char *rest = arena_strdup(a, s->default_text), *entry;
	const char *texts[64], *why;
	size_t count = 0, bad;

	while ((entry = strsep(&rest, ",")) && count < ARRAY_SIZE(texts)) {
		entry += strspn(entry, " ");
		if (*entry)
			texts[count++] = entry;
	}
	return setting_store_texts(a, values, s, texts, count, &bad, &why);
}

static bool store_default_boolean(struct settings *values, const struct setting *s)
{
	bool value = strcmp(s->default_text, "true") == 0;

	setting_store_boolean(values, s, value);
	return value || strcmp(s->default_text, "false") == 0;
}

void setting_store_default(struct arena *a, struct settings *values, const struct setting *s)
{
	const char *why;
	bool ok;

	if (s->list)
		*(const char *const **)place(values, s->list) = arena_array(a, const char *, 1);
	if (s->type == SETTING_INTEGER)
		ok = setting_store_integer(values, s, atoll(s->default_text));
	else if (s->type == SETTING_BOOLEAN)
		ok = store_default_boolean(values, s);
	else if (s->type == SETTING_TEXTS || s->type == SETTING_COMMAND)
		ok = store_default_texts(a, values, s);
	else
		ok = setting_store(a, values, s, s->default_text, &why);
	if (!ok)
		die("settings table: the default of %s is not valid", s->path);
}

static bool same_texts(const char *const *a, const char *const *b)
{
	for (; *a && *b; a++, b++) {
		if (strcmp(*a, *b) != 0)
			return false;
	}
	return !*a && !*b;
}

bool setting_same(const struct settings *a, const struct settings *b, const struct setting *s)
{
	const void *x = place_const(a, s), *y = place_const(b, s);

	if (s->list && !setting_same(a, b, s->list))
		return false;
	switch (s->type) {
	case SETTING_CHOICE:
		return *(const unsigned *)x == *(const unsigned *)y;
	case SETTING_TEXT:
		return strcmp(*(const char *const *)x, *(const char *const *)y) == 0;
	case SETTING_TEXTS:
	case SETTING_COMMAND:
		return same_texts(*(const char *const *const *)x, *(const char *const *const *)y);
	case SETTING_INTEGER:
		return *(const long *)x == *(const long *)y;
	case SETTING_BOOLEAN:
		return *(const bool *)x == *(const bool *)y;
	default:
		return *(const uint64_t *)x == *(const uint64_t *)y;
	}
}
