/*
 * Requests split between upstreams: {"to": [{"proxy": "canary", "percent": 5, "cookie":
 * "canary=yes", "header": "X-Canary: yes"}], "key": "$remote_addr"}. All other requests go to the
 * upstream of `proxy`. A header decides before a cookie, and a cookie before the percentage.
 */
#include <math.h>
#include <string.h>

#include <zknginx/model.h>

#include "checks.h"
#include "core/text/emit.h"
#include "decode_split.h"

#define TARGETS_MOST 16

static void read_percent(struct reader *r, const json_t *value, void *where)
{
	double hundredths = json_number_value(value) * 100;

	if (!json_is_number(value) || hundredths < 1 || hundredths > 9999.5 ||
	    fabs(hundredths - (double)(long)(hundredths + 0.5)) > 1e-6)
		reader_problem(r, NULL,
			       "expected a number from 0.01 to 99.99 with at most two "
			       "digits after the point");
	else
		*(long *)where = (long)(hundredths + 0.5);
}

/* The text cut at the separator: a name, and a value that nginx compares. */
struct pair {
	const char *name, *value;
};

static bool is_value(const char *s)
{
	size_t size = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				"_-.");

	return size && !s[size] && size < 64;
}

static struct pair read_pair(struct reader *r, const json_t *value, const char *separator,
			     const char *letters)
{
	const char *s = reader_text(r, value), *at = s ? strstr(s, separator) : NULL;
	struct pair p = { 0 };

	if (!s)
		return p;
	if (!at || at == s || at - s > 63 || strspn(s, letters) != (size_t)(at - s) ||
	    !is_value(at + strlen(separator))) {
		reader_problem(r, NULL,
			       "expected a name and a value such as \"canary%syes\" (letters, "
			       "digits, _ - .)",
			       separator);
		return p;
	}
	p.name = arena_copy(r->arena, s, (size_t)(at - s));
	p.value = arena_strdup(r->arena, at + strlen(separator));
	return p;
}

static void read_header(struct reader *r, const json_t *value, void *where)
{
	struct split_target *t = where;
	struct pair p = read_pair(r, value, ": ",
				  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "-");

	t->header = p.name;
	t->header_value = p.value;
}

static void read_cookie(struct reader *r, const json_t *value, void *where)
{
	struct split_target *t = where;
	struct pair p = read_pair(r, value, "=",
				  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "_");

	t->cookie = p.name;
	t->cookie_value = p.value;
}

static const struct field target_rows[] = {
	{ "proxy", FIELD_TEXT, .where = offsetof(struct split_target, proxy), .required = true,
	  .check = check_upstream },
	{ "percent", FIELD_CUSTOM, .where = offsetof(struct split_target, percent),
	  .read = read_percent, .shape = SHAPE_NUMBER },
	{ "header", FIELD_CUSTOM, .read = read_header, .shape = SHAPE_TEXT },
	{ "cookie", FIELD_CUSTOM, .read = read_cookie, .shape = SHAPE_TEXT },
};
static const struct fields target_fields = FIELDS(target_rows);

struct targets {
	struct split_target *items;
	size_t count;
};

static void read_target(struct reader *r, const json_t *value, struct split_target *t)
{
	*t = (struct split_target){ 0 };
	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &target_fields, t);
	if (!r->failed && !t->percent && !t->header && !t->cookie)
		reader_problem(r, NULL, "needs percent, header or cookie");
}

static bool is_same_choice(const char *name, const char *value, const char *other_name,
			   const char *other_value)
{
	return name && other_name && strcmp(name, other_name) == 0 &&
	       strcmp(value, other_value) == 0;
}

static void check_targets(struct reader *r, const struct split *s)
{
	long sum = 0;

	for (size_t i = 0; i < s->target_count; i++) {
		const struct split_target *t = &s->targets[i];

		sum += t->percent;
		for (size_t j = 0; j < i; j++) {
			const struct split_target *u = &s->targets[j];

			if (is_same_choice(t->header, t->header_value, u->header,
					   u->header_value) ||
			    is_same_choice(t->cookie, t->cookie_value, u->cookie, u->cookie_value))
				reader_problem(r, NULL, "[%zu] has the header or cookie of [%zu]",
					       i, j);
		}
	}
	if (sum >= 10000)
		reader_problem(r, NULL, "the percentages leave nothing to the upstream of proxy");
}

static void read_to(struct reader *r, const json_t *value, void *where)
{
	struct split *s = where;
	size_t count = json_array_size(value);
	struct split_target *targets;

	if (!reader_is_list(r, value, 1, TARGETS_MOST))
		return;
	targets = arena_array(r->arena, struct split_target, count);
	for (size_t i = 0; i < count; i++) {
		size_t mark = reader_enter(r, NULL, i);

		read_target(r, json_array_get(value, i), &targets[i]);
		reader_leave(r, mark);
	}
	s->targets = targets;
	s->target_count = count;
	if (!r->failed)
		check_targets(r, s);
}

static const struct field decode_split_rows[] = {
	{ "to", FIELD_CUSTOM, .required = true, .read = read_to, .shape = SHAPE_OBJECTS,
	  .inner = &target_fields },
	{ "key", FIELD_TEXT, .where = offsetof(struct split, key), .check = check_counted },
};
const struct fields decode_split_fields = FIELDS(decode_split_rows);

void decode_split(struct reader *r, const json_t *value, void *where)
{
	struct split *s = arena_new_of(r->arena, struct split);
	struct location *l = where;
	size_t size;

	if (!reader_is_object(r, value))
		return;
	s->key = "$remote_addr";
	fields_read(r, value, &decode_split_fields, s);
	if (s->key && !emit_next_variable(s->key, &size))
		reader_problem(r, "key", "has no variable: all requests would go one way");
	l->split = s;
}
