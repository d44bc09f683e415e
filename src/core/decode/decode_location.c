/*
 * A site's locations. A location has exactly one of `proxy`, `grpc`, `fastcgi`, `uwsgi`, `root`,
 * `alias`, `return` and `redirect`, or none where files of a root around it are served. That is its
 * kind, which decides the other fields that it may have. Locations within a location follow it in
 * the list.
 */
#include <string.h>
#include <strings.h>

#include "checks.h"
#include "core/data/clauses.h"
#include "core/text/emit.h"
#include "core/text/regex_text.h"
#include "decode_answer.h"
#include "decode_common.h"
#include "decode_cors.h"
#include "decode_directives.h"
#include "decode_headers.h"
#include "decode_limit.h"
#include "decode_location.h"
#include "decode_params.h"
#include "decode_pass.h"
#include "decode_split.h"
#include "kinds.h"
#include "location_check.h"
#include "tables.h"

#define LOCATION_LIMIT 1000
#define TARGET_SIZE 2000

static const struct {
	const char *field;
	const char *name;
	unsigned only;
} kinds[] = {
	[LOCATION_PROXY] = { "proxy", "a location with \"proxy\"", ONLY_PROXY },
	[LOCATION_ROOT] = { "root", "a location with \"root\"", ONLY_ROOT },
	[LOCATION_RETURN] = { "return", "a location with \"return\"", ONLY_RETURN },
	[LOCATION_REDIRECT] = { "redirect", "a location with \"redirect\"", ONLY_REDIRECT },
	[LOCATION_GRPC] = { "grpc", "a location with \"grpc\"", ONLY_GRPC },
	[LOCATION_FASTCGI] = { "fastcgi", "a location with \"fastcgi\"", ONLY_FASTCGI },
	[LOCATION_UWSGI] = { "uwsgi", "a location with \"uwsgi\"", ONLY_UWSGI },
	[LOCATION_ALIAS] = { "alias", "a location with \"alias\"", ONLY_ALIAS },
	[LOCATION_FILES] = { "", "a location with files of the site's root", ONLY_FILES },
};

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

/* The text with each capture as a letter: what is left has to be valid in a header. */
static const char *check_captured_target(const struct reader *r, const char *s)
{
	char *plain = arena_strdup(r->arena, s);

	if (strlen(s) > TARGET_SIZE)
		return "is longer than 2000 bytes";
	for (char *c = strchr(plain, '$'); c; c = strchr(c + 1, '$')) {
		if (c[1] == '$')
			c++;
		else if (c[1] >= '1' && c[1] <= '9')
			c[0] = c[1] = 'x';
	}
	return check_target(r, plain);
}

static void read_target(struct reader *r, const json_t *value, void *where)
{
	const char *s = reader_text(r, value);

	if (s)
		*(const char **)where =
			reader_checked(r, s, r->captures ? check_captured_target : check_target);
}

static void read_internal(struct reader *r, const json_t *value, void *where)
{
	if (json_is_true(value))
		clauses_add(r->arena, where, r->path, "internal", 0);
	else if (!json_is_false(value))
		reader_problem(r, NULL, "expected true or false");
}

static void read_path_info(struct reader *r, const json_t *value, void *where)
{
	if (json_is_true(value))
		clauses_add(r->arena, where, r->path, "fastcgi_path_info", 0);
	else if (!json_is_false(value))
		reader_problem(r, NULL, "expected true or false");
}

/* They are read after the location that they are in. */
static void skip_locations(struct reader *r UNUSED, const json_t *value UNUSED, void *where UNUSED)
{
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

static const struct field return_rows[] = {
	{ "status", FIELD_CUSTOM, .required = true, .read = read_return_status,
	  .shape = SHAPE_INTEGER },
	{ "text", FIELD_TEXT, .where = offsetof(struct location, text), .check = check_body },
};
static const struct fields return_fields = FIELDS(return_rows);

static const struct field redirect_rows[] = {
	{ "status", FIELD_CUSTOM, .required = true, .read = read_redirect_status,
	  .shape = SHAPE_INTEGER },
	{ "to", FIELD_CUSTOM, .where = offsetof(struct location, to), .required = true,
	  .read = read_target, .shape = SHAPE_TEXT },
};
static const struct fields redirect_fields = FIELDS(redirect_rows);

#define LINES offsetof(struct location, common.lines)
#define BUFFERED (ONLY_PROXY | ONLY_FASTCGI | ONLY_UWSGI)

static const struct field location_rows[] = {
	{ "defaults", FIELD_CUSTOM, .read = kinds_skip_defaults, .shape = SHAPE_FLAG },
	{ "path", FIELD_TEXT, .where = offsetof(struct location, path), .required = true,
	  .check = check_location_path },
	{ "internal", FIELD_CUSTOM, .where = LINES, .read = read_internal, .shape = SHAPE_FLAG },
	{ "locations", FIELD_CUSTOM, .only = ONLY_SERVED, .read = skip_locations,
	  .shape = SHAPE_OBJECTS, .inner = &location_fields },
	{ "proxy", FIELD_CUSTOM, .read = decode_proxy, .shape = SHAPE_TEXT },
	{ "grpc", FIELD_TEXT, .where = offsetof(struct location, proxy), .check = check_upstream },
	{ "fastcgi", FIELD_TEXT, .where = offsetof(struct location, proxy),
	  .check = check_upstream },
	{ "uwsgi", FIELD_TEXT, .where = offsetof(struct location, proxy), .check = check_upstream },
	{ "split", FIELD_CUSTOM, .only = ONLY_PROXY, .read = decode_split, .shape = SHAPE_OBJECT,
	  .inner = &decode_split_fields },
	{ "websocket", FIELD_BOOL, .where = offsetof(struct location, websocket),
	  .only = ONLY_PROXY },
	{ "timeouts", FIELD_OBJECT, .where = offsetof(struct location, timeouts), .only = ONLY_PASS,
	  .inner = &timeout_fields },
	{ "request_headers", FIELD_CUSTOM, .only = ONLY_PROXY | ONLY_GRPC,
	  .read = decode_request_headers, .shape = SHAPE_MAP },
	{ "params", FIELD_CUSTOM, .only = ONLY_FASTCGI | ONLY_UWSGI, .read = decode_params,
	  .shape = SHAPE_MAP },
	{ "path_info", FIELD_CUSTOM, .where = LINES, .only = ONLY_FASTCGI, .read = read_path_info,
	  .shape = SHAPE_FLAG },
	{ "fastcgi_index", FIELD_LINE_TEXT, .where = LINES, .only = ONLY_FASTCGI,
	  .check = check_file_name, .directive = "fastcgi_index" },
	{ "retry", FIELD_GROUP, .only = ONLY_PASS, .inner = &retry_fields },
	{ "cache", FIELD_GROUP, .only = BUFFERED, .inner = &decode_cache_fields },
	{ "proxy_tls", FIELD_GROUP, .only = ONLY_PROXY | ONLY_GRPC | ONLY_UWSGI,
	  .inner = &decode_proxy_tls_fields },
	{ "proxy_redirect", FIELD_CUSTOM, .where = LINES, .only = ONLY_PROXY,
	  .read = decode_proxy_redirect, .shape = SHAPE_FLAG | SHAPE_OBJECTS,
	  .inner = &decode_replacement_fields },
	{ "cookie", FIELD_GROUP, .only = ONLY_PROXY, .inner = &decode_cookie_fields },
	{ "buffering", FIELD_LINE_FLAG, .where = LINES, .only = BUFFERED,
	  .directive = "_buffering" },
	{ "request_buffering", FIELD_LINE_FLAG, .where = LINES, .only = BUFFERED,
	  .directive = "_request_buffering" },
	{ "buffers", FIELD_CUSTOM, .where = LINES, .only = BUFFERED, .read = decode_buffers,
	  .shape = SHAPE_OBJECT, .inner = &decode_buffers_fields },
	{ "max_temp_file_size", FIELD_LINE_TEXT, .where = LINES, .only = BUFFERED,
	  .check = check_size, .directive = "_max_temp_file_size" },
	{ "intercept_errors", FIELD_LINE_FLAG, .where = LINES, .only = ONLY_PASS,
	  .directive = "_intercept_errors" },
	{ "hide_headers", FIELD_CUSTOM, .where = LINES, .only = ONLY_PASS,
	  .read = decode_hidden_headers, .shape = SHAPE_TEXT | SHAPE_TEXTS },
	{ "ignore_headers", FIELD_LINE_WORDS, .where = LINES, .only = ONLY_PASS,
	  .check = check_ignored_header, .directive = "_ignore_headers" },
	{ "root", FIELD_TEXT, .where = offsetof(struct location, root),
	  .only = ONLY_ROOT | ONLY_FASTCGI | ONLY_UWSGI, .check = check_root },
	{ "alias", FIELD_TEXT, .where = offsetof(struct location, root), .check = check_root },
	{ "client_max_body_size", FIELD_LINE_TEXT, .where = LINES, .only = ONLY_SERVED,
	  .check = check_size, .directive = "client_max_body_size" },
	COMMON_ROWS(location, ONLY_SERVED),
	{ "expires", FIELD_TEXT, .where = offsetof(struct location, expires), .only = ONLY_SERVED,
	  .check = check_expires },
	{ "cache_control", FIELD_TEXT, .where = offsetof(struct location, cache_control),
	  .only = ONLY_SERVED, .check = check_line },
	{ "response_headers", FIELD_CUSTOM, .read = decode_response_headers,
	  .shape = SHAPE_MAP | SHAPE_MAP_OBJECTS, .inner = &decode_header_fields },
	{ "cors", FIELD_CUSTOM, .only = ONLY_SERVED, .read = decode_cors, .shape = SHAPE_OBJECT,
	  .inner = &decode_cors_fields },
	{ "limit", FIELD_CUSTOM, .only = ONLY_SERVED, .read = decode_limit,
	  .shape = SHAPE_TEXT | SHAPE_TEXTS | SHAPE_OBJECT, .inner = &decode_limit_fields },
	{ "return", FIELD_GROUP, .inner = &return_fields },
	{ "redirect", FIELD_GROUP, .inner = &redirect_fields },
	{ "include", FIELD_CUSTOM, .read = decode_location_includes, .shape = SHAPE_TEXTS },
	{ "directives", FIELD_CUSTOM, .read = decode_location_directives, .shape = SHAPE_TEXTS },
};
const struct fields location_fields = FIELDS(location_rows);

/* An application may have a root, for the files that it is told of. */
static bool is_addition(const json_t *object, enum location_kind kind)
{
	return kind == LOCATION_ROOT &&
	       (json_object_get(object, "fastcgi") || json_object_get(object, "uwsgi"));
}

unsigned location_kinds(const json_t *object)
{
	unsigned found = 0;

	for (enum location_kind i = 0; i < LOCATION_FILES; i++) {
		if (json_object_get(object, kinds[i].field) && !is_addition(object, i))
			found |= kinds[i].only;
	}
	return found;
}

void location_drop_kinds(json_t *object)
{
	for (enum location_kind i = 0; i < LOCATION_FILES; i++)
		json_object_del(object, kinds[i].field);
}

/* --- the kind -------------------------------------------------------------------------------- */

/* Is there a root around this location? */
static bool is_rooted(const struct site *site, size_t parent)
{
	for (; parent; parent = site->locations[parent - 1].parent) {
		const struct location *l = &site->locations[parent - 1];

		if (l->root && l->kind != LOCATION_ALIAS)
			return true;
	}
	return site->root;
}

/* A problem when the location has none of the fields that say what it is, or several. */
static bool find_kind(struct reader *r, const json_t *object, bool rooted, enum location_kind *kind)
{
	size_t count = 0;

	for (enum location_kind i = 0; i < LOCATION_FILES; i++) {
		if (!json_object_get(object, kinds[i].field) || is_addition(object, i))
			continue;
		*kind = i;
		count++;
	}
	if (!count && rooted) {
		*kind = LOCATION_FILES;
		return true;
	}
	if (count == 1)
		return true;
	reader_problem(r, NULL,
		       "needs exactly one of \"proxy\", \"root\", \"return\" and \"redirect\" (or "
		       "\"grpc\", \"fastcgi\", \"uwsgi\", \"alias\"), has %zu of them",
		       count);
	return false;
}

/* --- the list -------------------------------------------------------------------------------- */

/* Can the fields of this location use $1? */
static bool has_captures(const json_t *value)
{
	const char *path = json_string_value(json_object_get(value, "path"));

	return path && *path == '~' && regex_text_captures(path);
}

static void read_location(struct reader *r, const json_t *value, struct site *site,
			  struct location *l)
{
	if (!reader_is_object(r, value) ||
	    !find_kind(r, value, is_rooted(site, l->parent), &l->kind))
		return;
	r->kinds = kinds[l->kind].only;
	r->kind_name = kinds[l->kind].name;
	r->captures = has_captures(value);
	fields_read(r, value, &location_fields, l);
	r->captures = false;
	location_check(r, value, site, l);
}

static void read_list(struct reader *r, const json_t *list, struct site *site, size_t parent);

static void read_inner(struct reader *r, const json_t *value, struct site *site, size_t parent)
{
	const json_t *list = json_object_get(value, "locations");
	size_t mark;

	if (!list || !(r->kinds & ONLY_SERVED))
		return;
	mark = reader_enter(r, "locations", 0);
	if (reader_is_array(r, list))
		read_list(r, list, site, parent);
	reader_leave(r, mark);
}

static void read_list(struct reader *r, const json_t *list, struct site *site, size_t parent)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *value = json_array_get(list, i);
		size_t mark = reader_enter(r, NULL, i), index = site->location_count++;
		struct location *l = &site->locations[index];

		*l = (struct location){ .retry_tries = UNSET,
					.limit_burst = UNSET,
					.limit_delay = UNSET,
					.parent = parent,
					.field = arena_strdup(r->arena, r->path) };
		read_location(r, value, site, l);
		location_check_double(r, site, index);
		if (json_is_object(value))
			read_inner(r, value, site, index + 1);
		reader_leave(r, mark);
	}
}

/* With those within others. The depth is limited (json_depth_is_sane()). */
static size_t count_all(const json_t *list)
{
	size_t count = json_array_size(list);

	for (size_t i = 0; i < json_array_size(list); i++)
		count += count_all(json_object_get(json_array_get(list, i), "locations"));
	return count;
}

void decode_locations(struct reader *r, const json_t *value, void *where)
{
	struct site *site = where;
	unsigned outer = r->kinds;
	const char *outer_name = r->kind_name;
	size_t count = count_all(value);

	if (!reader_is_array(r, value))
		return;
	if (!count || count > LOCATION_LIMIT) {
		reader_problem(r, NULL, "expected 1 to %d locations, found %zu", LOCATION_LIMIT,
			       count);
		return;
	}
	site->locations = arena_array(r->arena, struct location, count);
	read_list(r, value, site, 0);
	r->kinds = outer;
	r->kind_name = outer_name;
}
