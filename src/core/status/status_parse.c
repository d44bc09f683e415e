/*
 * A status read back from its JSON, by the rows that wrote it.
 *
 * The text may be a znode that another version wrote, or another client. So only its state is
 * demanded; every other field that is not as expected counts as unknown.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/json_text.h"
#include "core/text/utc.h"
#include "status_fields.h"

#define MS_MOST                                                                                    \
	1e12 /* far more than any deployment takes, and exact as an integer of microseconds */

struct source {
	struct arena *arena;
	struct err *error;
	bool failed;
};

/* --- values --------------------------------------------------------------------------------- */

static void read_text(struct source *r, const struct status_field *f UNUSED, const json_t *value,
		      void *where)
{
	const char *s = json_string_value(value);

	*(const char **)where = s ? arena_strdup(r->arena, s) : "";
}

static void read_count(struct source *r UNUSED, const struct status_field *f UNUSED,
		       const json_t *value, void *where)
{
	json_int_t n = json_integer_value(value);

	*(unsigned long *)where = n > 0 ? (unsigned long)n : 0;
}

static void read_line(struct source *r UNUSED, const struct status_field *f UNUSED,
		      const json_t *value, void *where)
{
	json_int_t n = json_integer_value(value);

	*(unsigned *)where = n > 0 && n <= UINT_MAX ? (unsigned)n : 0;
}

static void read_pid(struct source *r UNUSED, const struct status_field *f UNUSED,
		     const json_t *value, void *where)
{
	*(long *)where = (long)json_integer_value(value);
}

static void read_flag(struct source *r UNUSED, const struct status_field *f UNUSED,
		      const json_t *value, void *where)
{
	*(bool *)where = json_is_true(value);
}

static void read_maybe(struct source *r UNUSED, const struct status_field *f UNUSED,
		       const json_t *value, void *where)
{
	*(enum status_maybe *)where = !json_is_boolean(value) ? STATUS_UNKNOWN
				      : json_is_true(value)   ? STATUS_YES
							      : STATUS_NO;
}

static void read_time(struct source *r UNUSED, const struct status_field *f UNUSED,
		      const json_t *value, void *where)
{
	const char *s = json_string_value(value);

	*(uint64_t *)where = s ? utc_parse(s) : 0;
}

static void read_session(struct source *r UNUSED, const struct status_field *f UNUSED,
			 const json_t *value, void *where)
{
	const char *s = json_string_value(value);

	*(int64_t *)where = s ? (int64_t)strtoull(s, NULL, 16) : 0;
}

static void read_ms(struct source *r UNUSED, const struct status_field *f UNUSED,
		    const json_t *value, void *where)
{
	double ms = json_number_value(value);

	*(double *)where = ms > 0 && ms < MS_MOST ? ms : 0;
}

static void read_name(struct source *r, const struct status_field *f, const json_t *value,
		      void *where)
{
	const char *s = json_string_value(value);
	unsigned i = 0;

	while (i < f->names.count && (!s || strcmp(f->names.name(i), s) != 0))
		i++;
	if (i == f->names.count && f->required) {
		r->failed = true;
		err_set(r->error, ERR_INPUT, "not a host's status: its %s is %.80s", f->name,
			s ? s : "missing");
	}
	*(unsigned *)where = i < f->names.count ? i : f->names.count - 1;
}

static void (*const value_read[STATUS_KIND_N])(struct source *r, const struct status_field *f,
					       const json_t *value, void *where) = {
	[STATUS_TEXT] = read_text,       [STATUS_COUNT] = read_count, [STATUS_LINE] = read_line,
	[STATUS_PID] = read_pid,         [STATUS_FLAG] = read_flag,   [STATUS_TIME] = read_time,
	[STATUS_SESSION] = read_session, [STATUS_MS] = read_ms,       [STATUS_NAME] = read_name,
	[STATUS_MAYBE] = read_maybe,
};

/* --- rows ----------------------------------------------------------------------------------- */

static void read_object(struct source *r, const struct status_fields *fields, const json_t *object,
			char *base);

static void read_list(struct source *r, const struct status_field *f, const json_t *list,
		      char *base)
{
	size_t count = json_array_size(list);
	char *items = arena_alloc(r->arena, (count + 1) * f->size);

	memset(items, 0, (count + 1) * f->size);
	for (size_t i = 0; i < count; i++)
		read_object(r, &f->inner, json_array_get(list, i), items + i * f->size);
	*(char **)(void *)(base + f->where) = items;
	*(size_t *)(void *)(base + f->count) = count;
}

static void read_group(struct source *r, const struct status_field *f, const json_t *object,
		       char *base)
{
	if (f->optional)
		*(bool *)(base + f->where) = json_is_object(object);
	read_object(r, &f->inner, object, base);
}

static void read_object(struct source *r, const struct status_fields *fields, const json_t *object,
			char *base)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct status_field *f = &fields->rows[i];
		const json_t *value = f->name ? json_object_get(object, f->name) : NULL;

		if (!f->name)
			continue;
		if (f->kind == STATUS_GROUP)
			read_group(r, f, value, base);
		else if (f->kind == STATUS_LIST)
			read_list(r, f, value, base);
		else
			value_read[f->kind](r, f, value, base + f->where);
	}
}

int status_parse(struct arena *a, const char *text, size_t size, struct status *out, struct err *e)
{
	struct source r = { .arena = a, .error = e };
	json_error_t error;
	unsigned line;
	json_t *j;

	if (!json_depth_is_sane(text, text + size, &line))
		return err_set(e, ERR_INPUT, "line %u: nested too deeply", line);
	j = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	if (!j)
		return err_set(e, ERR_INPUT, "line %d: %s", error.line, error.text);
	*out = (struct status){ 0 };
	read_object(&r, &status_fields, j, (char *)out);
	json_decref(j);
	return r.failed ? -1 : 0;
}
