/*
 * The status as JSON. What is not known is null; a line or a field that a problem does not have is
 * left out.
 */
#include <inttypes.h>
#include <stdio.h>

#include "core/text/json_text.h"
#include "status_fields.h"

/* --- values --------------------------------------------------------------------------------- */

static json_t *text_json(const struct status_field *f UNUSED, const void *where)
{
	const char *s = *(const char *const *)where;

	return s && *s ? json_text(s) : json_null();
}

static json_t *count_json(const struct status_field *f UNUSED, const void *where)
{
	return json_integer((json_int_t) * (const unsigned long *)where);
}

static json_t *line_json(const struct status_field *f UNUSED, const void *where)
{
	unsigned line = *(const unsigned *)where;

	return line ? json_integer(line) : json_null();
}

static json_t *pid_json(const struct status_field *f UNUSED, const void *where)
{
	long pid = *(const long *)where;

	return pid > 0 ? json_integer(pid) : json_null();
}

static json_t *flag_json(const struct status_field *f UNUSED, const void *where)
{
	return json_boolean(*(const bool *)where);
}

static json_t *maybe_json(const struct status_field *f UNUSED, const void *where)
{
	enum status_maybe value = *(const enum status_maybe *)where;

	return value == STATUS_UNKNOWN ? json_null() : json_boolean(value == STATUS_YES);
}

static json_t *time_json(const struct status_field *f UNUSED, const void *where)
{
	uint64_t wall = *(const uint64_t *)where;
	char iso[32];

	if (!wall)
		return json_null();
	status_time(wall, iso);
	return json_string(iso);
}

static json_t *session_json(const struct status_field *f UNUSED, const void *where)
{
	int64_t session = *(const int64_t *)where;
	char hex[20];

	if (!session)
		return json_null();
	snprintf(hex, sizeof(hex), "0x%" PRIx64, (uint64_t)session);
	return json_string(hex);
}

/* Rounded to microseconds. */
static json_t *ms_json(const struct status_field *f UNUSED, const void *where)
{
	double ms = *(const double *)where;

	return json_real((double)(long)(ms * 1000 + 0.5) / 1000);
}

static json_t *name_json(const struct status_field *f, const void *where)
{
	return json_string(f->names.name(*(const unsigned *)where));
}

static json_t *(*const value_json[STATUS_KIND_N])(const struct status_field *f,
						  const void *where) = {
	[STATUS_TEXT] = text_json,       [STATUS_COUNT] = count_json, [STATUS_LINE] = line_json,
	[STATUS_PID] = pid_json,         [STATUS_FLAG] = flag_json,   [STATUS_TIME] = time_json,
	[STATUS_SESSION] = session_json, [STATUS_MS] = ms_json,       [STATUS_NAME] = name_json,
	[STATUS_MAYBE] = maybe_json,
};

/* --- rows ----------------------------------------------------------------------------------- */

static json_t *object_json(const struct status_fields *fields, const char *base, size_t limit);

static json_t *list_json(const struct status_field *f, const char *base, size_t limit)
{
	const char *items = *(const char *const *)(const void *)(base + f->where);
	size_t count = *(const size_t *)(const void *)(base + f->count);
	json_t *list = json_array();

	if (f->limited && limit && limit < count)
		count = limit;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, object_json(&f->inner, items + i * f->size, 0));
	return list;
}

static json_t *group_json(const struct status_field *f, const char *base, size_t limit)
{
	if (f->optional && !*(const bool *)(base + f->where))
		return json_null();
	return object_json(&f->inner, base, limit);
}

static json_t *field_json(const struct status_field *f, const char *base, size_t limit)
{
	if (f->kind == STATUS_GROUP)
		return group_json(f, base, limit);
	if (f->kind == STATUS_LIST)
		return list_json(f, base, limit);
	return value_json[f->kind](f, base + f->where);
}

static json_t *object_json(const struct status_fields *fields, const char *base, size_t limit)
{
	json_t *object = json_object();

	for (size_t i = 0; i < fields->count; i++) {
		const struct status_field *f = &fields->rows[i];
		json_t *value = f->name ? field_json(f, base, limit) : NULL;

		if (value && !(f->omitted && json_is_null(value)))
			json_put(object, f->name, value);
	}
	return object;
}

void status_write_json(const struct status *s, size_t problem_limit, struct buf *out)
{
	json_t *j = object_json(&status_fields, (const char *)s, problem_limit);

	json_print(j, JSON_INDENT(2) | JSON_REAL_PRECISION(15), out);
}

static void clear_counters(const struct status_fields *fields, char *base)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct status_field *f = &fields->rows[i];

		if (f->counts && f->kind == STATUS_COUNT)
			*(unsigned long *)(void *)(base + f->where) = 0;
		else if (f->counts && f->kind == STATUS_TIME)
			*(uint64_t *)(void *)(base + f->where) = 0;
		else if (f->kind == STATUS_GROUP)
			clear_counters(&f->inner, base);
	}
}

struct status status_without_counters(const struct status *s)
{
	struct status bare = *s;

	clear_counters(&status_fields, (char *)&bare);
	return bare;
}
