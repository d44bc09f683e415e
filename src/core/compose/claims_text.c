/*
 * Reads statement by statement, with nginx's own tokens. Only blocks matter that can have something
 * that nginx has only once: http, stream, server, upstream. In other blocks (a location, an if)
 * only definitions of variables matter, and the values of a block of values are not read as
 * directives.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims_text.h"
#include "core/text/statement.h"

void text_reader_init(struct text_reader *r, struct claims *claims, enum text_block context)
{
	*r = (struct text_reader){ .claims = claims };
	r->blocks[r->depth++] = context;
	r->protocol = context == BLOCK_STREAM ? PROTOCOL_STREAM : PROTOCOL_HTTP;
}

static enum text_block innermost(const struct text_reader *r)
{
	return r->blocks[r->depth - 1];
}

static bool is_http_or_stream(enum text_block b)
{
	return b == BLOCK_HTTP || b == BLOCK_STREAM;
}

static struct claim_place place_of(const struct text_reader *r, const struct statement *s)
{
	return (struct claim_place){ r->file, s->line };
}

/* --- zones ------------------------------------------------------------------------------------ */

/* "10m" and "10240k" are one size; "" for none. */
static const char *size_text(struct arena *a, const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*end == 'k' || *end == 'K')
		n <<= 10;
	else if (*end == 'm' || *end == 'M')
		n <<= 20;
	return *s ? arena_printf(a, "%lu", n) : "";
}

/* "NAME:SIZE": the name, and where the size begins. */
static const char *zone_name(struct arena *a, const char *s, const char **size)
{
	const char *colon = strrchr(s, ':');

	*size = colon ? colon + 1 : "";
	return arena_copy(a, s, colon ? (size_t)(colon - s) : strlen(s));
}

static void add_zone(struct text_reader *r, const struct statement *s, const char *text)
{
	const char *size;

	claims_add_zone(r->claims, zone_name(r->claims->arena, text, &size), NULL, place_of(r, s));
}

/* Directives with a zone of their own, and the beginning of the parameter that names it. */
static const struct {
	const char *directive, *prefix;
} zone_directives[] = {
	{ "limit_req_zone", "zone=" },        { "limit_conn_zone", "zone=" },
	{ "proxy_cache_path", "keys_zone=" }, { "fastcgi_cache_path", "keys_zone=" },
	{ "uwsgi_cache_path", "keys_zone=" }, { "scgi_cache_path", "keys_zone=" },
	{ "js_shared_dict_zone", "zone=" },   { "keyval_zone", "zone=" },
};

static bool read_zone(struct text_reader *r, const struct statement *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(zone_directives); i++) {
		const char *prefix = zone_directives[i].prefix;

		if (strcmp(statement_first(s), zone_directives[i].directive) != 0)
			continue;
		for (size_t w = 1; w < s->count; w++) {
			const char *word = statement_word(s, w);

			if (strncmp(word, prefix, strlen(prefix)) == 0)
				add_zone(r, s, word + strlen(prefix));
		}
		return true;
	}
	return false;
}

/*
 * ssl_session_cache: all that name one zone with one size share it, within http or within stream.
 */
static void read_session_cache(struct text_reader *r, const struct statement *s)
{
	struct arena *a = r->claims->arena;

	for (size_t w = 1; w < s->count; w++) {
		const char *word = statement_word(s, w), *name, *size;

		if (strncmp(word, "shared:", 7) != 0)
			continue;
		name = zone_name(a, word + 7, &size);
		claims_add_zone(r->claims, name,
				arena_printf(a, "%s ssl %s",
					     r->protocol == PROTOCOL_STREAM ? "stream" : "http",
					     size_text(a, size)),
				place_of(r, s));
	}
}

/* Several upstreams may share a zone; one of them gives its size. */
static void read_upstream_zone(struct text_reader *r, const struct statement *s)
{
	claims_add_zone(r->claims, statement_word(s, 1),
			r->protocol == PROTOCOL_STREAM ? "stream upstream" : "http upstream",
			place_of(r, s));
}

/* --- servers ---------------------------------------------------------------------------------- */

static void read_listen(struct text_reader *r, const struct statement *s)
{
	struct arena *a = r->claims->arena;
	struct claimed_listen *l;

	r->listens =
		arena_grow(a, r->listens, r->listen_count, &r->listen_room, sizeof(*r->listens));
	l = &r->listens[r->listen_count++];
	*l = (struct claimed_listen){ .address = arena_strdup(a, statement_word(s, 1)),
				      .place = place_of(r, s) };
	for (size_t w = 2; w < s->count; w++) {
		const char *word = statement_word(s, w);

		l->flags |= claims_listen_option(word, strlen(word));
	}
}

static void read_names(struct text_reader *r, const struct statement *s)
{
	struct arena *a = r->claims->arena;

	for (size_t w = 1; w < s->count; w++) {
		r->names = arena_grow(a, r->names, r->name_count, &r->name_room, sizeof(*r->names));
		r->names[r->name_count++] = arena_strdup(a, statement_word(s, w));
	}
}

static void begin_server(struct text_reader *r, const struct statement *s)
{
	r->listen_count = r->name_count = 0;
	r->ssl_on = false;
	r->server = place_of(r, s);
}

static void end_server(struct text_reader *r)
{
	for (size_t i = 0; r->ssl_on && i < r->listen_count; i++)
		r->listens[i].flags |= LISTEN_SSL;
	claims_add_server(r->claims, r->protocol, r->listens, r->listen_count, r->names,
			  r->name_count, r->server);
}

static void read_in_server(struct text_reader *r, const struct statement *s)
{
	const char *name = statement_first(s);

	if (strcmp(name, "listen") == 0)
		read_listen(r, s);
	else if (strcmp(name, "server_name") == 0)
		read_names(r, s);
	else if (strcmp(name, "ssl") == 0)
		r->ssl_on = strcmp(statement_word(s, 1), "on") == 0;
	else if (strcmp(name, "ssl_session_cache") == 0)
		read_session_cache(r, s);
}

/* --- definitions of variables ----------------------------------------------------------------- */

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

static void add_definition(struct text_reader *r, const struct statement *s, const char *word)
{
	size_t size = word[0] == '$' ? strspn(word + 1, name_bytes) : 0;

	if (size && !word[1 + size])
		claims_add_definition(r->claims, r->protocol, word + 1, size, place_of(r, s));
}

/* (?<name>…), (?P<name>…) or (?'name'…) */
static void add_captures(struct text_reader *r, const struct statement *s, const char *regex)
{
	while ((regex = strstr(regex, "(?"))) {
		size_t size;

		regex += 2;
		regex += *regex == 'P';
		if (*regex != '<' && *regex != '\'')
			continue;
		size = strspn(regex + 1, name_bytes);
		if (size && regex[1 + size] == (*regex == '<' ? '>' : '\''))
			claims_add_definition(r->claims, r->protocol, regex + 1, size,
					      place_of(r, s));
	}
}

static bool is_any(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

/* Where nginx takes a regular expression; elsewhere one begins with `~`. */
static void read_captures(struct text_reader *r, const struct statement *s)
{
	static const char *const matching[] = { "location", "if", "rewrite", NULL };
	bool any = innermost(r) != BLOCK_DATA && is_any(statement_first(s), matching);

	for (const char *w = statement_first(s); w; w = statement_next(s, w)) {
		if (any || *w == '~')
			add_captures(r, s, w);
	}
}

/* `set`, and those of modules that are called like it: auth_request_set, js_set, set_random. */
static bool sets_first(const char *name)
{
	size_t size = strlen(name);

	return strcmp(name, "set") == 0 || strncmp(name, "set_", 4) == 0 ||
	       strcmp(name, "js_var") == 0 || (size > 4 && strcmp(name + size - 4, "_set") == 0);
}

static bool defines_last(const char *name)
{
	static const char *const names[] = { "map", "geo", "split_clients", NULL };

	return is_any(name, names);
}

static void read_definitions(struct text_reader *r, const struct statement *s)
{
	const char *name = statement_first(s);

	if (!s->count)
		return;
	read_captures(r, s);
	if (innermost(r) == BLOCK_DEFINITIONS)
		add_definition(r, s, name);
	if (innermost(r) == BLOCK_DATA || innermost(r) == BLOCK_DEFINITIONS)
		return;
	if (sets_first(name))
		add_definition(r, s, statement_word(s, 1));
	else if (strcmp(name, "keyval") == 0)
		add_definition(r, s, statement_word(s, 2));
	else if (s->block && is_http_or_stream(innermost(r)) && defines_last(name))
		add_definition(r, s, statement_word(s, s->count - 1));
}

/* --- statements and blocks -------------------------------------------------------------------- */

static void read_in_context(struct text_reader *r, const struct statement *s)
{
	const char *name = statement_first(s);

	if (strcmp(name, "log_format") == 0)
		claims_add_name(r->claims, CLAIM_LOG_FORMAT, r->protocol, statement_word(s, 1),
				NULL, place_of(r, s));
	else if (strcmp(name, "ssl_session_cache") == 0)
		read_session_cache(r, s);
	else
		read_zone(r, s);
}

static enum text_block open_in_context(struct text_reader *r, const struct statement *s)
{
	const char *name = statement_first(s);

	if (defines_last(name)) {
		claims_add_name(r->claims, CLAIM_VARIABLE, r->protocol,
				statement_word(s, s->count - 1), NULL, place_of(r, s));
		return BLOCK_DATA;
	}
	if (strcmp(name, "server") == 0) {
		begin_server(r, s);
		return BLOCK_SERVER;
	}
	if (strcmp(name, "upstream") == 0) {
		claims_add_upstream(r->claims, r->protocol, statement_word(s, 1), place_of(r, s));
		return BLOCK_UPSTREAM;
	}
	if (strcmp(name, "geoip2") == 0)
		return BLOCK_DEFINITIONS;
	return strcmp(name, "types") == 0 ? BLOCK_DATA : BLOCK_OTHER;
}

static enum text_block open_in_main(struct text_reader *r, const struct statement *s)
{
	if (strcmp(statement_first(s), "http") == 0) {
		r->protocol = PROTOCOL_HTTP;
		return BLOCK_HTTP;
	}
	if (strcmp(statement_first(s), "stream") == 0) {
		r->protocol = PROTOCOL_STREAM;
		return BLOCK_STREAM;
	}
	return BLOCK_OTHER;
}

static bool open_block(struct text_reader *r, const struct statement *s)
{
	enum text_block in = innermost(r), block = BLOCK_OTHER;

	if (r->depth == TEXT_DEPTH)
		return false;
	read_definitions(r, s);
	if (in == BLOCK_MAIN)
		block = open_in_main(r, s);
	else if (is_http_or_stream(in))
		block = open_in_context(r, s);
	r->blocks[r->depth++] = block;
	return true;
}

static void read_directive(struct text_reader *r, const struct statement *s)
{
	enum text_block in = innermost(r);

	read_definitions(r, s);
	if (strcmp(statement_first(s), "include") == 0 && r->include)
		r->include(r, statement_word(s, 1));
	else if (in == BLOCK_OTHER || in == BLOCK_DATA || in == BLOCK_DEFINITIONS)
		return;
	else if (in == BLOCK_SERVER)
		read_in_server(r, s);
	else if (in == BLOCK_UPSTREAM && strcmp(statement_first(s), "zone") == 0)
		read_upstream_zone(r, s);
	else if (is_http_or_stream(in))
		read_in_context(r, s);
}

static void close_block(struct text_reader *r, size_t bottom)
{
	if (r->depth <= bottom)
		return;
	if (innermost(r) == BLOCK_SERVER)
		end_server(r);
	r->depth--;
}

bool text_reader_read(struct text_reader *r, const char *text, size_t size)
{
	const size_t bottom = r->depth;
	struct statement s = { 0 };
	struct lexer l;
	struct token t;
	bool fine = true;

	lexer_init(&l, text, size);
	while (fine && (t = statement_read(&l, &s)).kind != TOKEN_END) {
		if (t.kind == TOKEN_ERROR)
			fine = false;
		else if (t.kind == TOKEN_CLOSE)
			close_block(r, bottom);
		else if (t.kind == TOKEN_OPEN)
			fine = open_block(r, &s);
		else
			read_directive(r, &s);
	}
	r->depth = bottom;
	lexer_fini(&l);
	statement_fini(&s);
	return fine;
}

struct claims *claims_of_text(struct arena *a, enum protocol context, const char *text, size_t size)
{
	struct claims *c = arena_new_of(a, struct claims);
	struct text_reader r;

	c->arena = a;
	text_reader_init(&r, c, context == PROTOCOL_STREAM ? BLOCK_STREAM : BLOCK_HTTP);
	text_reader_read(&r, text, size);
	return c;
}
