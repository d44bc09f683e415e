/* `limit` of a location: an object of its own, or the names of limits/NAME. */
#include <string.h>

#include "checks.h"
#include "core/text/emit.h"
#include "decode_limit.h"

#define LINES offsetof(struct location, common.lines)
#define NAMES_MOST 16

static const struct field limit_rows[] = {
	{ "rate", FIELD_TEXT, .where = offsetof(struct location, limit_rate), .check = check_rate },
	{ "burst", FIELD_NUMBER, .where = offsetof(struct location, limit_burst), .most = 1000000 },
	{ "nodelay", FIELD_BOOL, .where = offsetof(struct location, limit_nodelay) },
	{ "delay", FIELD_NUMBER, .where = offsetof(struct location, limit_delay), .least = 1,
	  .most = 1000000 },
	{ "key", FIELD_TEXT, .where = offsetof(struct location, limit_key),
	  .check = check_counted },
	{ "connections", FIELD_NUMBER, .where = offsetof(struct location, limit_connections),
	  .least = 1, .most = 60000 },
	{ "status", FIELD_LINE_NUMBER, .where = LINES, .least = 400, .most = 599,
	  .directive = "limit_req_status" },
};
const struct fields decode_limit_fields = FIELDS(limit_rows);

static void read_limit_name(struct reader *r, const json_t *value, struct location *l)
{
	const char *s = reader_text(r, value);

	s = s ? reader_checked(r, s, check_name) : NULL;
	for (size_t i = 0; s && i < l->limit_count; i++) {
		if (strcmp(l->limits[i], s) == 0)
			reader_problem(r, NULL, "\"%s\" is listed twice", s);
	}
	if (s)
		l->limits[l->limit_count++] = s;
}

/* A limit of its own is an object; those of limits/NAME are a name, or an array of names. */
void decode_limit(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;
	size_t count = json_is_array(value) ? json_array_size(value) : 1;

	if (!json_is_string(value) && !json_is_array(value)) {
		if (reader_is_object(r, value))
			fields_read(r, value, &decode_limit_fields, l);
		return;
	}
	if (!count || count > NAMES_MOST) {
		reader_problem(r, NULL, "expected 1 to %d names, found %zu", NAMES_MOST, count);
		return;
	}
	l->limits = arena_array(r->arena, const char *, count);
	if (json_is_string(value)) {
		read_limit_name(r, value, l);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t mark = reader_enter(r, NULL, i);

		read_limit_name(r, json_array_get(value, i), l);
		reader_leave(r, mark);
	}
}

void decode_limit_check_delay(struct reader *r, const char *field, long delay, long burst,
			      bool nodelay)
{
	if (delay == UNSET)
		return;
	if (nodelay)
		reader_problem(r, field, "excludes nodelay, which delays none of the burst");
	else if (delay >= burst)
		reader_problem(r, field,
			       "is not less than burst: of so many further requests, those after "
			       "the first %ld are delayed; for none, use nodelay",
			       delay);
}

void decode_limit_check(struct reader *r, const struct location *l, const json_t *limit)
{
	size_t size;

	if (!json_is_object(limit))
		return;
	if (!json_object_get(limit, "rate") && !json_object_get(limit, "connections"))
		reader_problem(r, "limit.rate", "is missing: expected rate, connections, or both");
	else if (!json_object_get(limit, "rate") &&
		 (json_object_get(limit, "burst") || json_object_get(limit, "nodelay") ||
		  json_object_get(limit, "delay")))
		reader_problem(r, "limit.rate", "is missing: burst, delay and nodelay need it");
	decode_limit_check_delay(r, "limit.delay", l->limit_delay, l->limit_burst,
				 l->limit_nodelay);
	if (l->limit_key && !emit_next_variable(l->limit_key, &size))
		reader_problem(r, "limit.key",
			       "has no variable: all requests would be counted "
			       "together");
}
