/*
 * The headers of answers.
 *
 * nginx gives a location the headers of the block around it only where the location adds none. So a
 * location that adds one gets all those around it as well, but for those that it sets itself.
 */
#include <string.h>
#include <strings.h>

#include "core/data/content_type.h"
#include "renderer.h"

static void render_default_type(struct renderer *r, const char *type)
{
	render_plain(r, "types { }");
	render_begin(r, "default_type");
	render_literal(r, type);
	render_end(r);
}

/* Before the other headers, in place of nginx's own or the backend's. */
static void render_content_type(struct renderer *r, const struct location *l)
{
	char variable[CONTENT_TYPE_VARIABLE_SIZE];
	const char *type;

	switch (location_content_type(l, &type)) {
	case CONTENT_TYPE_DEFAULT:
		render_default_type(r, type);
		break;
	case CONTENT_TYPE_ADDED: /* an error of a root has nginx's type, so without `always` */
		render_default_type(r, "");
		render_begin(r, "add_header Content-Type");
		render_word(r, type);
		if (l->kind == LOCATION_RETURN)
			render_raw(r, "always");
		render_end(r);
		break;
	case CONTENT_TYPE_MAPPED:
		content_type_variable(type, variable);
		render_begin(r, location_module(l));
		buf_puts(&r->line, "_hide_header Content-Type");
		render_end(r);
		render_begin(r, "add_header Content-Type");
		render_joined(r, "$", variable, "");
		render_raw(r, "always");
		render_end(r);
		break;
	default:
		break;
	}
}

static void render_header(struct renderer *r, const struct header *h)
{
	if (header_is_content_type(h))
		return;
	render_begin(r, "add_header");
	render_word(r, h->name);
	render_word(r, h->value);
	if (!h->success_only)
		render_raw(r, "always");
	render_end(r);
}

static bool on_own_header(void *ctx, const struct statement *s)
{
	const char *name = ctx;

	return !name || strcasecmp(statement_word(s, 1), name) == 0;
}

/* Do the lines of the location add that header? name NULL: any. */
static bool lines_add(const struct renderer *r, const struct location *l, const char *name)
{
	return raw_lines_each_header(r, &l->raw, CONFIG_LOCATION_SNIPPET, on_own_header,
				     (void *)(uintptr_t)name);
}

static bool sets(const struct renderer *r, const struct location *l, const char *name)
{
	if (lines_add(r, l, name))
		return true;
	if (l->cache_control && strcasecmp(name, "Cache-Control") == 0)
		return true;
	for (size_t i = 0; i < l->response_header_count; i++) {
		if (strcasecmp(l->response_headers[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Does the location, or one around it that is within `outer`, set the header? */
static bool is_set_within(const struct renderer *r, const struct site *site,
			  const struct location *l, const struct location *outer, const char *name)
{
	for (; l && l != outer; l = location_around(site, l)) {
		if (sets(r, l, name))
			return true;
	}
	return false;
}

static void render_inherited(struct renderer *r, const struct site *site, const struct location *l,
			     const struct location *outer, const struct header *headers,
			     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_set_within(r, site, l, outer, headers[i].name))
			render_header(r, &headers[i]);
	}
}

/* --- of lines -------------------------------------------------------------------------------- */

struct inheriting {
	struct renderer *r;
	const struct site *site;
	const struct location *location, *outer; /* outer NULL: the site */
};

static bool on_outer_header(void *ctx, const struct statement *s)
{
	const struct inheriting *i = ctx;
	const char *word = statement_next(s, statement_first(s));

	if (is_set_within(i->r, i->site, i->location, i->outer, statement_word(s, 1)))
		return false;
	render_begin(i->r, "add_header");
	for (; word; word = statement_next(s, word))
		render_word(i->r, word);
	render_end(i->r);
	return false;
}

/* What the lines of the block around it add. */
static void render_outer_lines(struct renderer *r, const struct site *site,
			       const struct location *l, const struct location *outer)
{
	struct inheriting ctx = { r, site, l, outer };

	raw_lines_each_header(r, outer ? &outer->raw : &site->raw,
			      outer ? CONFIG_LOCATION_SNIPPET : CONFIG_SERVER_SNIPPET,
			      on_outer_header, &ctx);
}

static void render_cache_control(struct renderer *r, const struct location *l)
{
	if (!l->cache_control)
		return;
	render_begin(r, "add_header Cache-Control");
	render_word(r, l->cache_control);
	render_end(r);
}

/* Those of the locations around it, then those of the site. */
static void render_outer_headers(struct renderer *r, const struct site *site,
				 const struct location *l)
{
	const struct location *outer = l;

	while ((outer = location_around(site, outer))) {
		if (!is_set_within(r, site, l, outer, "Cache-Control"))
			render_cache_control(r, outer);
		render_inherited(r, site, l, outer, outer->response_headers,
				 outer->response_header_count);
		render_outer_lines(r, site, l, outer);
	}
	render_inherited(r, site, l, NULL, site->headers, site->header_count);
	render_outer_lines(r, site, l, NULL);
}

static bool adds_any(const struct renderer *r, const struct site *site, const struct location *l)
{
	const char *type;
	enum content_type how = location_content_type(l, &type);

	if (l->cache_control || how == CONTENT_TYPE_ADDED || how == CONTENT_TYPE_MAPPED ||
	    location_cors(site, l) || lines_add(r, l, NULL))
		return true;
	for (size_t i = 0; i < l->response_header_count; i++) {
		if (!header_is_content_type(&l->response_headers[i]))
			return true;
	}
	return false;
}

void render_response_headers(struct renderer *r, const struct site *site, const struct location *l)
{
	render_content_type(r, l);
	render_option(r, "expires", l->expires);
	render_cache_control(r, l);
	for (size_t i = 0; i < l->response_header_count; i++)
		render_header(r, &l->response_headers[i]);
	if (!adds_any(r, site, l))
		return;
	render_cors(r, site, l);
	render_outer_headers(r, site, l);
}

void render_site_headers(struct renderer *r, const struct site *site)
{
	for (size_t i = 0; i < site->header_count; i++)
		render_header(r, &site->headers[i]);
}
