/*
 * Requests of pages of other origins (CORS).
 *
 * A variable has the origin where it is one of the list, else nothing, and nginx sends no header
 * that is empty. A preflight is answered here, before access rules and the upstream are asked: it
 * has no password and no cookie.
 */
#include <stdio.h>
#include <string.h>

#include <zknginx/digest.h>
#include <zknginx/err.h>

#include "core/data/clauses.h"
#include "core/data/cors.h"
#include "core/text/emit.h"
#include "renderer.h"

const struct cors *location_cors(const struct site *site, const struct location *l)
{
	while (l && !l->cors)
		l = location_around(site, l);
	return l ? l->cors : NULL;
}

/* An origin whose host begins with "*." as a regular expression. */
static void render_pattern(struct renderer *r, const char *origin)
{
	const char *star = strstr(origin, "*.");

	buf_puts(&r->value, "~^");
	buf_put(&r->value, origin, (size_t)(star - origin));
	buf_puts(&r->value, "([a-z0-9_-]+\\.)+");
	for (const char *c = star + 2; *c; c++) {
		if (*c == '.')
			buf_putc(&r->value, '\\');
		buf_putc(&r->value, *c);
	}
	buf_puts(&r->value, "$");
	render_regex(r, buf_str(&r->value));
	buf_clear(&r->value);
}

void render_cors_map(struct renderer *r, const struct cors *cors)
{
	char variable[CORS_VARIABLE_SIZE];

	cors_variable(cors, variable);
	render_blank(r);
	render_begin(r, "map $http_origin");
	render_joined(r, "$", variable, "");
	render_open(r);
	for (size_t i = 0; i < cors->origin_count; i++) {
		render_begin(r, "");
		r->line.size--; /* the blank before the first parameter is one too many */
		if (strchr(cors->origins[i], '*'))
			render_pattern(r, cors->origins[i]);
		else
			render_word(r, cors->origins[i]);
		render_raw(r, "$http_origin");
		render_end(r);
	}
	render_close(r);
}

void render_preflight_map(struct renderer *r)
{
	render_blank(r);
	render_begin(r, "map \"$request_method $http_access_control_request_method\" " PREFLIGHT);
	render_open(r);
	render_plain(r, "\"~^OPTIONS .\" 1;");
	render_close(r);
}

static void render_one(struct renderer *r, const char *name, const char *value)
{
	if (!value)
		return;
	render_begin(r, "add_header Access-Control-");
	buf_puts(&r->line, name);
	render_word(r, value);
	render_raw(r, "always");
	render_end(r);
}

static void render_origin_headers(struct renderer *r, const struct cors *cors)
{
	char variable[CORS_VARIABLE_SIZE + 1] = "$";

	cors_variable(cors, variable + 1);
	render_one(r, "Allow-Origin", cors->any ? "*" : variable);
	render_one(r, "Allow-Credentials", cors->credentials ? "true" : NULL);
	if (!cors->any)
		render_plain(r, "add_header Vary Origin always;");
}

void render_preflight(struct renderer *r, const struct cors *cors)
{
	char age[24];

	snprintf(age, sizeof(age), "%ld", cors->max_age);
	render_plain(r, "if (" PREFLIGHT ") {");
	r->depth++;
	render_origin_headers(r, cors);
	render_one(r, "Allow-Methods", cors->methods);
	render_one(r, "Allow-Headers", cors->headers ?: "$http_access_control_request_headers");
	render_one(r, "Max-Age", cors->max_age == UNSET ? NULL : age);
}

void render_preflight_end(struct renderer *r)
{
	render_plain(r, "return 204;");
	render_close(r);
}

/* What an upstream says of it would stand beside ours, and browsers refuse two. */
static void hide(struct renderer *r, const struct location *l)
{
	static const char *const names[] = { "Origin", "Credentials", "Methods", "Headers" };

	if (!location_passes(l))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		render_begin(r, location_module(l));
		buf_puts(&r->line, "_hide_header Access-Control-Allow-");
		buf_puts(&r->line, names[i]);
		render_end(r);
	}
}

void render_cors(struct renderer *r, const struct location *l, const struct cors *cors)
{
	hide(r, l);
	render_origin_headers(r, cors);
	render_one(r, "Expose-Headers", cors->expose);
}
