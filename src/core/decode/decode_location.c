/*
 * A site's locations. A location has exactly one of `proxy`, `root`, `return` and `redirect`. That
 * is its kind, which decides the other fields that it may have.
 */
#include <string.h>
#include <strings.h>

#include "checks.h"
#include "core/text/emit.h"
#include "decode_location.h"
#include "kinds.h"
#include "tables.h"

#define LOCATION_LIMIT 1000
#define HEADER_LIMIT 64
#define LIMIT_LIMIT 16

static const struct {
	const char *field;
	const char *name;
	unsigned only;
} kinds[] = {
	[LOCATION_PROXY] = { "proxy", "a location with \"proxy\"", ONLY_PROXY },
	[LOCATION_ROOT] = { "root", "a location with \"root\"", ONLY_ROOT },
	[LOCATION_RETURN] = { "return", "a location with \"return\"", ONLY_RETURN },
	[LOCATION_REDIRECT] = { "redirect", "a location with \"redirect\"", ONLY_REDIRECT },
};

struct headers {
	struct header **list;
	size_t *count;
};

static bool has_header(const struct headers *h, const char *name)
{
	for (size_t i = 0; i < *h->count; i++) {
		if (strcasecmp((*h->list)[i].name, name) == 0)
			return true;
	}
	return false;
}

static void read_header(struct reader *r, const char *name, const json_t *value, struct headers *h)
{
	/* a name that is none may be a whole header line, with its value */
	bool is_name = !strchr(name, ':') && strlen(name) < 64;
	size_t mark = reader_enter(r, is_name ? name : "(name)", 0);
	const char *text = reader_text(r, value);
	struct header header = { .name = reader_checked(r, name, check_header_name) };

	if (text)
		header.value = reader_checked(r, text, check_value);
	if (has_header(h, name))
		reader_problem(r, NULL, "is set twice (header names are case-insensitive)");
	if (header.name && header.value)
		(*h->list)[(*h->count)++] = header;
	reader_leave(r, mark);
}

static void read_headers(struct reader *r, const json_t *value, struct headers h)
{
	const char *name;
	json_t *text;

	if (!reader_is_object(r, value))
		return;
	if (json_object_size(value) > HEADER_LIMIT) {
		reader_problem(r, NULL, "has more than %d headers", HEADER_LIMIT);
		return;
	}
	*h.list = arena_array(r->arena, struct header, json_object_size(value));
	json_object_foreach((json_t *)(uintptr_t)value, name, text) read_header(r, name, text, &h);
}

static void read_request_headers(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;

	read_headers(r, value, (struct headers){ &l->request_headers, &l->request_header_count });
}

static void read_response_headers(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;

	read_headers(r, value, (struct headers){ &l->response_headers, &l->response_header_count });
}

static void read_return_status(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;
	json_int_t status = json_integer_value(value);

	if (!json_is_integer(value) || status < 200 || status > 599)
		reader_problem(r, NULL, "expected a status from 200 to 599");
	else if (status >= 301 && status <= 308 && status != 304 && status != 305 && status != 306)
		reader_problem(r, NULL, "is a redirect's status: use \"redirect\"");
	else
		l->status = (long)status;
}

static void read_redirect_status(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;
	json_int_t status = json_integer_value(value);

	if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
		reader_problem(r, NULL, "expected 301, 302, 303, 307 or 308");
	else
		l->status = (long)status;
}

static const struct field timeout_rows[] = {
	{ "connect", FIELD_TEXT, .where = offsetof(struct timeouts, connect), .check = check_time },
	{ "read", FIELD_TEXT, .where = offsetof(struct timeouts, read), .check = check_time },
	{ "send", FIELD_TEXT, .where = offsetof(struct timeouts, send), .check = check_time },
};
static const struct fields timeout_fields = FIELDS(timeout_rows);

static const struct field retry_rows[] = {
	{ "on", FIELD_TEXT, .where = offsetof(struct location, retry_on), .check = check_retry },
	{ "tries", FIELD_NUMBER, .where = offsetof(struct location, retry_tries), .most = 100 },
};
static const struct fields retry_fields = FIELDS(retry_rows);

static const struct field cache_rows[] = {
	{ "zone", FIELD_TEXT, .where = offsetof(struct location, cache_zone), .required = true,
	  .check = check_name },
	{ "valid", FIELD_TEXT, .where = offsetof(struct location, cache_valid),
	  .check = check_cache_valid },
};
static const struct fields cache_fields = FIELDS(cache_rows);

static const struct field limit_rows[] = {
	{ "rate", FIELD_TEXT, .where = offsetof(struct location, limit_rate), .required = true,
	  .check = check_rate },
	{ "burst", FIELD_NUMBER, .where = offsetof(struct location, limit_burst), .most = 1000000 },
	{ "nodelay", FIELD_BOOL, .where = offsetof(struct location, limit_nodelay) },
};
static const struct fields limit_fields = FIELDS(limit_rows);

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
static void read_limit(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;
	size_t count = json_is_array(value) ? json_array_size(value) : 1;

	if (!json_is_string(value) && !json_is_array(value)) {
		if (reader_is_object(r, value))
			fields_read(r, value, &limit_fields, l);
		return;
	}
	if (!count || count > LIMIT_LIMIT) {
		reader_problem(r, NULL, "expected 1 to %d names, found %zu", LIMIT_LIMIT, count);
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

static const struct field return_rows[] = {
	{ "status", FIELD_CUSTOM, .required = true, .read = read_return_status,
	  .shape = SHAPE_INTEGER },
	{ "text", FIELD_TEXT, .where = offsetof(struct location, text), .check = check_body },
};
static const struct fields return_fields = FIELDS(return_rows);

static const struct field redirect_rows[] = {
	{ "status", FIELD_CUSTOM, .required = true, .read = read_redirect_status,
	  .shape = SHAPE_INTEGER },
	{ "to", FIELD_TEXT, .where = offsetof(struct location, to), .required = true,
	  .check = check_target },
};
static const struct fields redirect_fields = FIELDS(redirect_rows);

#define SERVED (ONLY_PROXY | ONLY_ROOT)

static const struct field location_rows[] = {
	{ "path", FIELD_TEXT, .where = offsetof(struct location, path), .required = true,
	  .check = check_location_path },
	{ "proxy", FIELD_TEXT, .where = offsetof(struct location, proxy), .check = check_upstream },
	{ "websocket", FIELD_BOOL, .where = offsetof(struct location, websocket),
	  .only = ONLY_PROXY },
	{ "timeouts", FIELD_OBJECT, .where = offsetof(struct location, timeouts),
	  .only = ONLY_PROXY, .inner = &timeout_fields },
	{ "request_headers", FIELD_CUSTOM, .only = ONLY_PROXY, .read = read_request_headers,
	  .shape = SHAPE_MAP },
	{ "retry", FIELD_GROUP, .only = ONLY_PROXY, .inner = &retry_fields },
	{ "cache", FIELD_GROUP, .only = ONLY_PROXY, .inner = &cache_fields },
	{ "root", FIELD_TEXT, .where = offsetof(struct location, root), .check = check_root },
	{ "expires", FIELD_TEXT, .where = offsetof(struct location, expires), .only = SERVED,
	  .check = check_expires },
	{ "cache_control", FIELD_TEXT, .where = offsetof(struct location, cache_control),
	  .only = SERVED, .check = check_line },
	{ "response_headers", FIELD_CUSTOM, .read = read_response_headers, .shape = SHAPE_MAP },
	{ "limit", FIELD_CUSTOM, .only = SERVED, .read = read_limit,
	  .shape = SHAPE_TEXT | SHAPE_TEXTS | SHAPE_OBJECT, .inner = &limit_fields },
	{ "return", FIELD_GROUP, .inner = &return_fields },
	{ "redirect", FIELD_GROUP, .inner = &redirect_fields },
};
const struct fields location_fields = FIELDS(location_rows);

unsigned location_kinds(const json_t *object)
{
	unsigned found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		found |= json_object_get(object, kinds[i].field) ? kinds[i].only : 0;
	return found;
}

void location_drop_kinds(json_t *object)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		json_object_del(object, kinds[i].field);
}

/* A problem when the location has none of the four fields, or several. */
static bool find_kind(struct reader *r, const json_t *object, enum location_kind *kind)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!json_object_get(object, kinds[i].field))
			continue;
		*kind = (enum location_kind)i;
		count++;
	}
	if (count == 1)
		return true;
	reader_problem(r, NULL,
		       "needs exactly one of \"proxy\", \"root\", \"return\" and \"redirect\", "
		       "has %zu of them",
		       count);
	return false;
}

static void read_location(struct reader *r, const json_t *value, struct location *l)
{
	*l = (struct location){ .retry_tries = UNSET, .limit_burst = UNSET };
	if (!reader_is_object(r, value) || !find_kind(r, value, &l->kind))
		return;
	r->kinds = kinds[l->kind].only;
	r->kind_name = kinds[l->kind].name;
	fields_read(r, value, &location_fields, l);
	if (l->kind == LOCATION_RETURN && l->status == 444 && l->text)
		reader_problem(r, "return.text",
			       "has no effect with status 444, which closes the connection: remove "
			       "one of the two");
}

/* For nginx "^~ /x" and "/x" are the same location, "= /x" is another one. */
static bool same_path(const char *a, const char *b)
{
	if (strncmp(a, "^~ ", 3) == 0)
		a += 3;
	if (strncmp(b, "^~ ", 3) == 0)
		b += 3;
	return strcmp(a, b) == 0;
}

static void check_double(struct reader *r, const struct site *site, size_t index)
{
	const char *path = site->locations[index].path;

	for (size_t i = 0; path && i < index; i++) {
		const char *other = site->locations[i].path;

		if (other && same_path(other, path)) {
			reader_problem(r, "path", "\"%.80s\" is also the path of locations[%zu]",
				       path, i);
			return;
		}
	}
}

void decode_locations(struct reader *r, const json_t *value, void *where)
{
	struct site *site = where;
	unsigned outer = r->kinds;
	const char *outer_name = r->kind_name;
	size_t count = json_array_size(value);

	if (!reader_is_array(r, value))
		return;
	if (!count || count > LOCATION_LIMIT) {
		reader_problem(r, NULL, "expected 1 to %d locations, found %zu", LOCATION_LIMIT,
			       count);
		return;
	}
	site->locations = arena_array(r->arena, struct location, count);
	site->location_count = count;
	for (size_t i = 0; i < count; i++) {
		size_t mark = reader_enter(r, NULL, i);

		read_location(r, json_array_get(value, i), &site->locations[i]);
		check_double(r, site, i);
		reader_leave(r, mark);
	}
	r->kinds = outer;
	r->kind_name = outer_name;
}
