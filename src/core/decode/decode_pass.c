/*
 * Locations that pass requests on to an upstream: the upstream and the path there, TLS to it,
 * buffers, the cache, and limits.
 */
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "core/data/clauses.h"
#include "core/text/emit.h"
#include "decode_headers.h"
#include "decode_pass.h"

#define LINES offsetof(struct location, common.lines)
#define HEADERS_MOST 64

/* --- proxy ----------------------------------------------------------------------------------- */

/* "shop", or "shop/v1/": the upstream, and the path that takes the place of the location's. */
void decode_proxy(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;
	const char *s = reader_text(r, value), *slash = s ? strchr(s, '/') : NULL;

	if (!s)
		return;
	l->proxy = slash ? arena_copy(r->arena, s, (size_t)(slash - s)) : s;
	l->proxy = reader_checked(r, l->proxy, check_upstream);
	if (slash && l->proxy)
		l->proxy_path = reader_checked(r, slash, check_literal_uri);
}

/* --- TLS to the servers ---------------------------------------------------------------------- */

static void read_server_name(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;
	const char *s = reader_text(r, value);

	s = s ? reader_checked(r, s, check_host) : NULL;
	if (!s)
		return;
	clauses_add_word(r->arena, &l->common.lines, r->path, "_ssl_name", s);
	clauses_add_word(r->arena, &l->common.lines, r->path, "_ssl_server_name", "on");
}

static const struct field proxy_tls_rows[] = {
	{ "server_name", FIELD_CUSTOM, .read = read_server_name, .shape = SHAPE_TEXT },
	{ "verify", FIELD_LINE_FLAG, .where = LINES, .directive = "_ssl_verify" },
	{ "ca", FIELD_LINE_TEXT, .where = LINES, .check = check_path,
	  .directive = "_ssl_trusted_certificate" },
	{ "verify_depth", FIELD_LINE_NUMBER, .where = LINES, .least = 1, .most = 100,
	  .directive = "_ssl_verify_depth" },
	{ "certificate", FIELD_LINE_TEXT, .where = LINES, .check = check_path,
	  .directive = "_ssl_certificate" },
	{ "key", FIELD_LINE_TEXT, .where = LINES, .check = check_path,
	  .directive = "_ssl_certificate_key" },
	{ "protocols", FIELD_LINE_WORDS, .where = LINES, .check = check_tls_protocol,
	  .directive = "_ssl_protocols" },
	{ "ciphers", FIELD_LINE_TEXT, .where = LINES, .check = check_ciphers,
	  .directive = "_ssl_ciphers" },
};
const struct fields decode_proxy_tls_fields = FIELDS(proxy_tls_rows);

static bool has_line(const struct location *l, const char *directive)
{
	return clauses_find(&l->common.lines, directive);
}

static bool says_tls(const struct location *l)
{
	for (size_t i = 0; i < l->common.lines.count; i++) {
		if (strncmp(l->common.lines.items[i].directive, "_ssl_", 5) == 0)
			return true;
	}
	return false;
}

static void check_tls(struct reader *r, const struct location *l)
{
	if (!says_tls(l))
		reader_problem(r, "proxy_tls",
			       "is empty: expected server_name, verify or another member");
	if (has_line(l, "_ssl_certificate") != has_line(l, "_ssl_certificate_key"))
		reader_problem(r, "proxy_tls", "needs certificate and key together");
}

/* --- headers and buffers --------------------------------------------------------------------- */

void decode_hidden_headers(struct reader *r, const json_t *value, void *where)
{
	size_t count;
	const char **names = reader_texts(r, value, HEADERS_MOST, check_header_name, &count);

	for (size_t i = 0; i < count; i++)
		clauses_add_word(r->arena, where, r->path, "_hide_header", names[i]);
}

struct buffers {
	const char *header, *size;
	long count;
};

/* nginx keeps twice the largest of them busy, and refuses when that is not less than all but one.
 */
static const char *check_sizes(const struct buffers *b)
{
	uint64_t header = 0, size = 0, largest;

	emit_size_parse(b->header, &header);
	emit_size_parse(b->size, &size);
	largest = header > size ? header : size;
	return size && 2 * largest <= (uint64_t)(b->count - 1) * size
		       ? NULL
		       : "are too few: nginx needs twice the largest of header and size in all "
			 "buffers but one";
}

static const struct field decode_buffers_rows[] = {
	{ "header", FIELD_TEXT, .where = offsetof(struct buffers, header), .check = check_size },
	{ "size", FIELD_TEXT, .where = offsetof(struct buffers, size), .required = true,
	  .check = check_size },
	{ "count", FIELD_NUMBER, .where = offsetof(struct buffers, count), .least = 2,
	  .most = 10000 },
};
const struct fields decode_buffers_fields = FIELDS(decode_buffers_rows);

void decode_buffers(struct reader *r, const json_t *value, void *where)
{
	struct buffers b = { .count = 8 };
	struct clause *s;
	const char *why;

	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &decode_buffers_fields, &b);
	if (!b.size)
		return;
	b.header = b.header ?: b.size;
	why = check_sizes(&b);
	if (why)
		reader_problem(r, NULL, "%s", why);
	clauses_add_word(r->arena, where, r->path, "_buffer_size", b.header);
	s = clauses_add(r->arena, where, r->path, "_buffers", 2);
	s->words[s->count++] = arena_printf(r->arena, "%ld", b.count);
	s->words[s->count++] = b.size;
}

/* --- the cache ------------------------------------------------------------------------------- */

static const struct field cache_rows[] = {
	{ "zone", FIELD_TEXT, .where = offsetof(struct location, cache_zone), .required = true,
	  .check = check_name },
	{ "valid", FIELD_TEXT, .where = offsetof(struct location, cache_valid),
	  .check = check_cache_valid },
	{ "key", FIELD_LINE_TEXT, .where = LINES, .check = check_counted,
	  .directive = "_cache_key" },
	{ "bypass", FIELD_LINE_WORDS, .where = LINES, .check = check_counted,
	  .directive = "_cache_bypass" },
	{ "no_store", FIELD_LINE_WORDS, .where = LINES, .check = check_counted,
	  .directive = "_no_cache" },
	{ "stale", FIELD_LINE_WORDS, .where = LINES, .check = check_stale,
	  .directive = "_cache_use_stale" },
	{ "lock", FIELD_LINE_FLAG, .where = LINES, .directive = "_cache_lock" },
	{ "methods", FIELD_LINE_WORDS, .where = LINES, .check = check_cached_method,
	  .directive = "_cache_methods" },
	{ "background_update", FIELD_LINE_FLAG, .where = LINES,
	  .directive = "_cache_background_update" },
	{ "revalidate", FIELD_LINE_FLAG, .where = LINES, .directive = "_cache_revalidate" },
	{ "min_uses", FIELD_LINE_NUMBER, .where = LINES, .least = 1, .most = 1000000,
	  .directive = "_cache_min_uses" },
};
const struct fields decode_cache_fields = FIELDS(cache_rows);

static void check_cache(struct reader *r, const struct location *l)
{
	const struct clause *update = clauses_find(&l->common.lines, "_cache_background_update");
	const struct clause *stale = clauses_find(&l->common.lines, "_cache_use_stale");
	const struct clause *key = clauses_find(&l->common.lines, "_cache_key");
	bool updating = !stale;
	bool has_method = l->kind == LOCATION_PROXY;
	size_t size;

	for (size_t i = 0; stale && i < stale->count; i++)
		updating |= strcmp(stale->words[i], "updating") == 0;
	if (update && strcmp(update->words[0], "on") == 0 && !updating)
		reader_problem(r, "cache.background_update",
			       "has no effect without \"updating\" in cache.stale");
	if (key && !emit_next_variable(key->words[0], &size))
		reader_problem(r, "cache.key",
			       "has no variable: every request would get one answer");
	else if (key && !has_method && !strstr(key->words[0], "request_method"))
		reader_problem(r, "cache.key",
			       "needs $request_method: an answer to HEAD, which has no body, would "
			       "be an answer to GET");
}

/* --- the location ---------------------------------------------------------------------------- */

static bool ends_with_slash(const char *s)
{
	return *s && s[strlen(s) - 1] == '/';
}

/* Else a path such as /api../x would leave the place that it is mapped to. */
static void check_path_there(struct reader *r, const struct location *l)
{
	const char *path = l->path;

	if (*path == '~' || *path == '@')
		reader_problem(r, "proxy",
			       "has a path, which nginx does not take in a location with a "
			       "regular expression or a name: use rewrite");
	else if (*path != '=' && ends_with_slash(path) != ends_with_slash(l->proxy_path))
		reader_problem(r, "proxy",
			       "has a path that ends in / where the path of the location does not, "
			       "or the other way round");
	if (l->split)
		reader_problem(r, "split", "excludes a path in proxy: use rewrite");
}

void decode_pass_check(struct reader *r, const struct location *l, bool has_tls)
{
	if (l->path && l->proxy_path)
		check_path_there(r, l);
	if (has_tls)
		check_tls(r, l);
	check_cache(r, l);
}
