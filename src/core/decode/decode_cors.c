/*
 * Requests of pages of other origins (CORS). nginx answers the browser's question before such a
 * request (the preflight) itself, and adds the headers to the answers of the location.
 */
#include <string.h>

#include <zknginx/model.h>

#include "checks.h"
#include "core/text/address.h"
#include "decode_cors.h"

#define ORIGINS_MOST 200
#define WORDS_MOST 64

/* "https://a.example.com", "http://localhost:3000", a host that begins with "*.", or "*". */
static const char *check_origin(const struct reader *r UNUSED, const char *s)
{
	static const char wrong[] = "is not an origin such as \"https://app.example.com\" or "
				    "\"https://*.example.com\", in small letters and without a "
				    "path";
	const char *host = strstr(s, "://"), *port;
	size_t size;

	if (strcmp(s, "*") == 0)
		return NULL;
	if (!host || (strncmp(s, "http://", 7) != 0 && strncmp(s, "https://", 8) != 0))
		return wrong;
	host += strncmp(host, "://*.", 5) == 0 ? 5 : 3;
	size = strcspn(host, ":");
	port = host + size;
	if (!host_name_is_valid(host, size) || s[strcspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] ||
	    (*port &&
	     (!port[1] || strspn(port + 1, "0123456789") != strlen(port + 1) || strlen(port) > 6)))
		return wrong;
	return NULL;
}

static const char *check_method(const struct reader *r UNUSED, const char *s)
{
	size_t size = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return size && !s[size] && size < 32 ? NULL : "is not a method such as GET";
}

static void read_origins(struct reader *r, const json_t *value, void *where)
{
	struct cors *cors = where;

	cors->origins = reader_texts(r, value, ORIGINS_MOST, check_origin, &cors->origin_count);
	for (size_t i = 0; i < cors->origin_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(cors->origins[i], cors->origins[j]) == 0)
				reader_problem(r, NULL, "\"%.80s\" is listed twice",
					       cors->origins[i]);
		}
		cors->any |= strcmp(cors->origins[i], "*") == 0;
	}
	if (cors->any && cors->origin_count > 1)
		reader_problem(r, NULL, "\"*\" stands for every origin: expected it alone");
}

/* The strings of a list as one: "GET, POST". */
static const char *read_joined(struct reader *r, const json_t *value, text_check *check)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	size_t count;
	const char **words = reader_texts(r, value, WORDS_MOST, check, &count);

	for (size_t i = 0; i < count; i++)
		buf_printf(&out, "%s%s", i ? ", " : "", words[i]);
	return arena_strdup(r->arena, buf_str(&out));
}

static void read_methods(struct reader *r, const json_t *value, void *where)
{
	*(const char **)where = read_joined(r, value, check_method);
}

static void read_names(struct reader *r, const json_t *value, void *where)
{
	*(const char **)where = read_joined(r, value, check_header_name);
}

static const struct field cors_rows[] = {
	{ "origins", FIELD_CUSTOM, .required = true, .read = read_origins,
	  .shape = SHAPE_TEXT | SHAPE_TEXTS },
	{ "credentials", FIELD_BOOL, .where = offsetof(struct cors, credentials) },
	{ "methods", FIELD_CUSTOM, .where = offsetof(struct cors, methods), .read = read_methods,
	  .shape = SHAPE_TEXT | SHAPE_TEXTS },
	{ "headers", FIELD_CUSTOM, .where = offsetof(struct cors, headers), .read = read_names,
	  .shape = SHAPE_TEXT | SHAPE_TEXTS },
	{ "expose", FIELD_CUSTOM, .where = offsetof(struct cors, expose), .read = read_names,
	  .shape = SHAPE_TEXT | SHAPE_TEXTS },
	{ "max_age", FIELD_NUMBER, .where = offsetof(struct cors, max_age), .most = 86400 },
};
const struct fields decode_cors_fields = FIELDS(cors_rows);

void decode_cors(struct reader *r, const json_t *value, void *where)
{
	struct cors *cors = arena_new_of(r->arena, struct cors);
	struct location *l = where;

	if (!reader_is_object(r, value))
		return;
	cors->max_age = UNSET;
	cors->methods = "GET, HEAD, POST";
	fields_read(r, value, &decode_cors_fields, cors);
	if (cors->any && cors->credentials)
		reader_problem(r, "credentials",
			       "needs a list of origins: browsers refuse \"*\" with credentials");
	l->cors = cors;
}
