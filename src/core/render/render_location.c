/*
 * Locations: one small function a kind. Those that pass requests on are in render_pass.c.
 *
 * A redirect goes to `to` unchanged: the rest of the request's path is not appended, as with
 * nginx's own `return`.
 */
#include <string.h>

#include "core/data/clauses.h"
#include "core/data/content_type.h"
#include "core/text/emit.h"
#include "renderer.h"

static void render_root(struct renderer *r, const struct location *l)
{
	render_begin(r, l->kind == LOCATION_ALIAS ? "alias" : "root");
	render_word(r, l->root);
	render_end(r);
}

static void render_files(struct renderer *r UNUSED, const struct location *l UNUSED)
{
}

static void render_return(struct renderer *r, const struct location *l)
{
	const char *type;

	if (l->text && location_content_type(l, &type) == CONTENT_TYPE_NONE)
		render_plain(r, "default_type text/plain;");
	render_begin(r, "return");
	render_number(r, "", l->status);
	if (l->text)
		render_word(r, l->text);
	render_end(r);
}

static bool has_capture(const char *s)
{
	size_t size;

	for (const char *at = s; (at = emit_next_variable(at, &size)); at += size) {
		if (*at >= '1' && *at <= '9')
			return true;
	}
	return false;
}

/*
 * nginx escapes a capture in the target of a rewrite, and not in that of a return, where a line
 * feed of the client would begin another header. The `?` keeps nginx from adding the arguments.
 */
static void render_captured_redirect(struct renderer *r, const struct location *l)
{
	const char *regex = l->path + strcspn(l->path, " ") + 1;

	render_begin(r, "rewrite");
	if (l->path[1] == '*')
		buf_puts(&r->value, "(?i)");
	buf_puts(&r->value, regex);
	render_regex(r, buf_str(&r->value));
	buf_clear(&r->value);
	render_joined(r, l->to, "?", "");
	render_raw(r, l->status == 301 ? "permanent" : "redirect");
	render_end(r);
}

static void render_redirect(struct renderer *r, const struct location *l)
{
	if (has_capture(l->to)) {
		render_captured_redirect(r, l);
		return;
	}
	render_begin(r, "return");
	render_number(r, "", l->status);
	render_word(r, l->to);
	render_end(r);
}

static void (*const KINDS[])(struct renderer *r, const struct location *l) = {
	[LOCATION_PROXY] = render_proxy,   [LOCATION_ROOT] = render_root,
	[LOCATION_RETURN] = render_return, [LOCATION_REDIRECT] = render_redirect,
	[LOCATION_GRPC] = render_grpc,     [LOCATION_FASTCGI] = render_fastcgi,
	[LOCATION_UWSGI] = render_uwsgi,   [LOCATION_ALIAS] = render_root,
	[LOCATION_FILES] = render_files,
};

static void render_delay(struct renderer *r, long delay, bool nodelay)
{
	if (nodelay)
		render_raw(r, "nodelay");
	else if (delay != UNSET)
		render_number(r, "delay=", delay);
}

static void render_limit_use(struct renderer *r, const struct definition *d)
{
	if (d->connections != UNSET) {
		render_begin(r, "limit_conn");
		render_raw(r, d->zone);
		render_number(r, "", d->connections);
		render_end(r);
		return;
	}
	render_begin(r, "limit_req");
	render_joined(r, "zone=", d->zone, "");
	if (d->burst > 0)
		render_number(r, "burst=", d->burst);
	render_delay(r, d->delay, d->nodelay);
	render_end(r);
}

/* Limits that are znodes. */
static void render_limits(struct renderer *r, const struct location *l)
{
	bool requests = false, connections = false;

	for (size_t i = 0; i < l->limit_count; i++) {
		const struct snippet *s = model_text(r->model, CONFIG_LIMIT, l->limits[i]);

		if (!s)
			continue;
		render_limit_use(r, s->definition);
		requests |= s->definition->connections == UNSET;
		connections |= s->definition->connections != UNSET;
	}
	if (requests)
		render_plain(r, "limit_req_status 429;");
	if (connections)
		render_plain(r, "limit_conn_status 429;");
}

static void render_rate(struct renderer *r, const struct site *site, const struct location *l)
{
	char zone[LIMIT_ZONE_SIZE];

	if (!l->limit_rate)
		return;
	limit_zone_name(site, l, LIMIT_REQUESTS, zone);
	render_begin(r, "limit_req");
	render_joined(r, "zone=", zone, "");
	if (l->limit_burst > 0)
		render_number(r, "burst=", l->limit_burst);
	render_delay(r, l->limit_delay, l->limit_nodelay);
	render_end(r);
	render_default(r, &l->common, "limit_req_status 429;");
}

static void render_connections(struct renderer *r, const struct site *site,
			       const struct location *l)
{
	const struct clause *status = clauses_find(&l->common.lines, "limit_req_status");
	char zone[LIMIT_ZONE_SIZE];

	if (!l->limit_connections)
		return;
	limit_zone_name(site, l, LIMIT_CONNECTIONS, zone);
	render_begin(r, "limit_conn");
	render_word(r, zone);
	render_number(r, "", l->limit_connections);
	render_end(r);
	render_begin(r, "limit_conn_status");
	render_word(r, status ? status->words[0] : "429");
	render_end(r);
}

static void open_location(struct renderer *r, const char *path)
{
	size_t modifier = *path == '/' || *path == '@' ? 0 : strcspn(path, " ");

	render_begin(r, "location");
	if (modifier) {
		buf_put(&r->value, path, modifier);
		render_buffered(r);
	}
	if (*path == '~')
		render_regex(r, path + modifier + 1);
	else
		render_literal(r, path + modifier + strspn(path + modifier, " "));
	render_open(r);
}

/* Those directly within it; they follow it in the list. */
static void render_inner(struct renderer *r, const struct site *site, size_t parent)
{
	for (size_t i = 0; i < site->location_count; i++) {
		if (site->locations[i].parent == parent)
			render_location(r, site, &site->locations[i]);
	}
}

void render_location(struct renderer *r, const struct site *site, const struct location *l)
{
	render_blank(r);
	open_location(r, l->path);
	render_limits(r, l);
	render_rate(r, site, l);
	render_connections(r, site, l);
	KINDS[l->kind](r, l);
	render_response_headers(r, site, l);
	render_common(r, &l->common, location_module(l));
	render_raw_lines(r, &site->source, &l->raw, CONFIG_LOCATION_SNIPPET);
	render_inner(r, site, (size_t)(l - site->locations) + 1);
	render_close(r);
}

void render_locations(struct renderer *r, const struct site *site)
{
	render_inner(r, site, 0);
}
