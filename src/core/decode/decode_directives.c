/* See decode_directives.h. */
#include <string.h>

#include "checks.h"
#include "core/policy/policy_pools.h"
#include "core/policy/policy_rules.h"
#include "core/policy/policy_site.h"
#include "core/text/secret.h"
#include "decode_directives.h"
#include "kinds.h"

#define LINE_LIMIT 100
#define LINE_SIZE 4000
#define INCLUDE_LIMIT 32

static const struct {
	enum policy_place place;
	const char *name, *here;
} places[] = {
	{ PLACE_HTTP, "http", "http" },
	{ PLACE_SERVER, "server", "a site" },
	{ PLACE_LOCATION, "location", "a location" },
	{ PLACE_IF, "if", "an if" },
	{ PLACE_UPSTREAM, "upstream", "an upstream" },
	{ PLACE_STREAM, "stream", "stream" },
	{ PLACE_STREAM_SERVER, "server of stream", "a stream site" },
	{ PLACE_STREAM_UPSTREAM, "upstream of stream", "an upstream of the stream protocol" },
};

static const char *here(enum policy_place place)
{
	size_t i = 0;

	while (places[i].place != place)
		i++;
	return places[i].here;
}

/* Is it a place in stream { }? Its letter is small. */
static bool is_in_stream(enum policy_place place)
{
	return place >= 'a';
}

/* "http, server and location": of the protocol of the object, or of the other one. */
static const char *where_it_fits(struct arena *a, const char *all, bool stream)
{
	char where[ARRAY_SIZE(places) + 1] = "";
	size_t count = 0;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	size_t left = 0;

	for (const char *c = all; *c && count < ARRAY_SIZE(places); c++) {
		if (is_in_stream((enum policy_place) * c) == stream)
			where[count++] = *c;
	}
	if (!count)
		return where_it_fits(a, all, !stream);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		left += strchr(where, (int)places[i].place) != NULL;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!strchr(where, (int)places[i].place))
			continue;
		left--;
		buf_printf(&text, "%s%s", places[i].name, !left ? "" : left == 1 ? " and " : ", ");
	}
	return arena_strdup(a, buf_str(&text));
}

/* What other code of ours has to know of an object, so that it must not be in a text. */
static bool is_field(enum policy_place place, const char *name)
{
	static const struct {
		enum policy_place place;
		const char *name;
	} fields[] = {
		{ PLACE_SERVER, "listen" },
		{ PLACE_SERVER, "server_name" },
		{ PLACE_STREAM_SERVER, "listen" },
		{ PLACE_STREAM_SERVER, "server_name" },
		{ PLACE_STREAM_SERVER, "proxy_pass" },
		{ PLACE_UPSTREAM, "server" },
		{ PLACE_UPSTREAM, "zone" },
		{ PLACE_STREAM_UPSTREAM, "server" },
		{ PLACE_STREAM_UPSTREAM, "zone" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].place == place && strcmp(fields[i].name, name) == 0)
			return true;
	}
	return false;
}

/* --- one line -------------------------------------------------------------------------------- */

static void check_directive_name(struct reader *r, const char *name, enum policy_place place)
{
	const struct directive *d = policy_directive(name);

	if (!secret_is_plain_name(name, strlen(name)))
		reader_problem(r, NULL, "does not begin with the name of a directive");
	else if (is_field(place, name))
		reader_problem(r, NULL, "\"%.60s\" is set by other fields of %s, not by a line",
			       name, here(place));
	else if (!policy_directive_fits(name, place))
		reader_problem(r, NULL, "\"%.60s\" is not possible in %s: nginx takes it in %s",
			       name, here(place),
			       where_it_fits(r->arena, d->where, is_in_stream(place)));
}

/* Reads to the end of the statement, with its blocks; false and a problem: there is none. */
static bool skip_statement(struct reader *r, struct lexer *l, char name[static 128])
{
	struct statement s = { 0 };
	struct token t = statement_read(l, &s);
	int depth = t.kind == TOKEN_OPEN;
	bool begun = t.kind == TOKEN_OPEN || t.kind == TOKEN_SEMICOLON;

	snprintf(name, 128, "%s", statement_first(&s));
	while (depth > 0 && t.kind != TOKEN_END && t.kind != TOKEN_ERROR) {
		t = statement_read(l, &s);
		depth += (t.kind == TOKEN_OPEN) - (t.kind == TOKEN_CLOSE);
	}
	statement_fini(&s);
	if (t.kind == TOKEN_ERROR)
		reader_problem(r, NULL, "is not a statement of nginx: %s", t.error);
	else if (!begun || depth)
		reader_problem(r, NULL, "is not a whole statement of nginx, such as \"gzip on;\"");
	else
		return true;
	return false;
}

static void check_statement(struct reader *r, const char *line, enum policy_place place)
{
	char name[128];
	struct lexer l;
	struct token t;

	lexer_init(&l, line, strlen(line));
	if (skip_statement(r, &l, name)) {
		t = lexer_next(&l);
		if (t.kind != TOKEN_END)
			reader_problem(r, NULL,
				       "has more than one statement: write one an element");
		else
			check_directive_name(r, name, place);
	}
	lexer_fini(&l);
}

/* Is it a statement with a block? */
static bool opens_block(const char *s)
{
	struct statement statement = { 0 };
	struct lexer l;
	struct token t;

	lexer_init(&l, s, strlen(s));
	t = statement_read(&l, &statement);
	statement_fini(&statement);
	lexer_fini(&l);
	return t.kind == TOKEN_OPEN;
}

/* The line with a semicolon at its end. A } at the end may be that of ${name}. */
static const char *complete(struct arena *a, const char *s)
{
	size_t size = strlen(s);

	while (size && (s[size - 1] == ' ' || s[size - 1] == '\t'))
		size--;
	if (size && (s[size - 1] == ';' || (s[size - 1] == '}' && opens_block(s))))
		return arena_strdup(a, s);
	return arena_printf(a, "%.*s;", (int)size, s);
}

static void read_directive(struct reader *r, const json_t *value, struct raw_lines *raw,
			   enum policy_place place)
{
	const char *s = reader_text(r, value);
	unsigned found = r->found;

	if (!s)
		return;
	if (strlen(s) > LINE_SIZE)
		reader_problem(r, NULL, "is longer than %d bytes: use a snippet", LINE_SIZE);
	for (const char *c = s; *c && found == r->found; c++) {
		if ((unsigned char)*c < 0x20 && *c != '\t')
			reader_problem(r, NULL,
				       "has a line break or another control character: "
				       "write one line");
	}
	if (found != r->found)
		return;
	s = complete(r->arena, s);
	check_statement(r, s, place);
	raw->directives[raw->directive_count++] = s;
}

/* --- lists ----------------------------------------------------------------------------------- */

static bool begin_list(struct reader *r, const json_t *value, size_t most)
{
	if (!reader_is_array(r, value))
		return false;
	if (json_array_size(value) && json_array_size(value) <= most)
		return true;
	reader_problem(r, NULL, "expected 1 to %zu elements, found %zu", most,
		       json_array_size(value));
	return false;
}

static void read_directives(struct reader *r, const json_t *value, struct raw_lines *raw,
			    enum policy_place place)
{
	if (!begin_list(r, value, LINE_LIMIT))
		return;
	if (r->policy && r->policy->level == POLICY_OFF) {
		reader_problem(r, NULL, "not allowed on this host (snippets.policy is \"off\")")
			->kind = PROBLEM_POLICY;
		return;
	}
	raw->directives = arena_array(r->arena, const char *, json_array_size(value));
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = reader_enter(r, NULL, i);

		read_directive(r, json_array_get(value, i), raw, place);
		reader_leave(r, mark);
	}
}

static bool has_include(const struct raw_lines *raw, const char *name)
{
	for (size_t i = 0; i < raw->include_count; i++) {
		if (strcmp(raw->includes[i], name) == 0)
			return true;
	}
	return false;
}

static void read_includes(struct reader *r, const json_t *value, struct raw_lines *raw)
{
	if (!begin_list(r, value, INCLUDE_LIMIT))
		return;
	raw->includes = arena_array(r->arena, const char *, json_array_size(value));
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = reader_enter(r, NULL, i);
		const char *s = reader_text(r, json_array_get(value, i));

		s = s ? reader_checked(r, s, check_name) : NULL;
		if (s && has_include(raw, s))
			reader_problem(r, NULL, "\"%.80s\" is listed twice", s);
		else if (s)
			raw->includes[raw->include_count++] = s;
		reader_leave(r, mark);
	}
}

void decode_site_directives(struct reader *r, const json_t *value, void *where)
{
	read_directives(r, value, &((struct site *)where)->raw,
			r->kinds & ONLY_STREAM ? PLACE_STREAM_SERVER : PLACE_SERVER);
}

void decode_site_includes(struct reader *r, const json_t *value, void *where)
{
	read_includes(r, value, &((struct site *)where)->raw);
}

void decode_location_directives(struct reader *r, const json_t *value, void *where)
{
	read_directives(r, value, &((struct location *)where)->raw, PLACE_LOCATION);
}

void decode_location_includes(struct reader *r, const json_t *value, void *where)
{
	read_includes(r, value, &((struct location *)where)->raw);
}

void decode_upstream_directives(struct reader *r, const json_t *value, void *where)
{
	read_directives(r, value, &((struct upstream *)where)->raw,
			r->kinds & ONLY_STREAM ? PLACE_STREAM_UPSTREAM : PLACE_UPSTREAM);
}

/* --- the whole object ------------------------------------------------------------------------ */

static void put_lines(struct buf *out, const struct raw_lines *raw)
{
	for (size_t i = 0; i < raw->directive_count; i++)
		buf_printf(out, "%s\n", raw->directives[i]);
}

static void find_upstreams(struct reader *r, struct site *site)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	put_lines(&text, &site->raw);
	for (size_t i = 0; i < site->location_count; i++)
		put_lines(&text, &site->locations[i].raw);
	if (!text.size)
		return;
	site->named = policy_upstreams(r->arena, text.data, text.size, &site->named_count);
	site->pools = policy_pools(r->arena, text.data, text.size);
}

/* Under "all" the braces count alone, and no Lua between them. */
static void check_braces(struct reader *r, const struct raw_lines *raw, const char *prefix,
			 enum policy_place place)
{
	struct violation v;

	for (size_t i = 0; r->policy && i < raw->directive_count; i++) {
		const char *s = raw->directives[i];

		if (!policy_check_part(r->policy, place, s, strlen(s), &v))
			reader_problem(r, arena_printf(r->arena, "%sdirectives[%zu]", prefix, i),
				       "%s", v.text)
				->kind = PROBLEM_POLICY;
	}
}

static void check_policy(struct reader *r, const struct site *site)
{
	struct site_violation v;

	if (policy_check_site(r->policy, r->arena, site, NULL, NULL, &v))
		return;
	reader_problem(r, *v.field ? v.field : NULL, "%s", v.violation.text)->kind =
		v.typed ? PROBLEM_FIELD : PROBLEM_POLICY;
}

void decode_site_finish_directives(struct reader *r, struct site *site)
{
	if (r->failed || !r->policy)
		return;
	find_upstreams(r, site);
	check_policy(r, site);
	if (r->policy->level == POLICY_SAFE)
		return;
	check_braces(r, &site->raw, "", PLACE_SERVER);
	for (size_t i = 0; i < site->location_count; i++)
		check_braces(r, &site->locations[i].raw,
			     arena_printf(r->arena, "%s.", site->locations[i].field),
			     PLACE_LOCATION);
}

void decode_upstream_finish_directives(struct reader *r, struct upstream *u)
{
	if (!r->failed)
		check_braces(r, &u->raw, "", PLACE_UPSTREAM);
}
