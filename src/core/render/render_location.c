/*
 * Locations: one small function a kind, one table for the headers that every proxied request
 * carries unless the site says otherwise.
 *
 * A redirect goes to `to` unchanged: the rest of the request's path is not appended, as with
 * nginx's own `return`.
 */
#include <string.h>
#include <strings.h>

#include "core/data/content_type.h"
#include "renderer.h"

/* Keeps two sites, or two names of one site, from being served each other's answers. */
#define CACHE_KEY "proxy_cache_key $scheme$proxy_host$host$request_uri;"

static const struct {
	const char *name, *value;
} PROXY_HEADERS[] = {
	{ "Host", "$host" },
	{ "X-Real-IP", "$remote_addr" },
	{ "X-Forwarded-For", "$proxy_add_x_forwarded_for" },
	{ "X-Forwarded-Proto", "$scheme" },
};

static bool sets_header(const struct location *l, const char *name)
{
	for (size_t i = 0; i < l->request_header_count; i++) {
		if (strcasecmp(l->request_headers[i].name, name) == 0)
			return true;
	}
	return false;
}

static void default_header(struct renderer *r, const struct location *l, const char *name,
			   const char *value)
{
	if (sets_header(l, name))
		return;
	render_begin(r, "proxy_set_header");
	render_raw(r, name);
	render_raw(r, value);
	render_end(r);
}

static void render_request_headers(struct renderer *r, const struct location *l)
{
	if (l->websocket)
		default_header(r, l, "Upgrade", "$http_upgrade");
	default_header(r, l, "Connection", l->websocket ? "$zknginx_connection" : "\"\"");
	for (size_t i = 0; i < ARRAY_SIZE(PROXY_HEADERS); i++)
		default_header(r, l, PROXY_HEADERS[i].name, PROXY_HEADERS[i].value);
	for (size_t i = 0; i < l->request_header_count; i++) {
		render_begin(r, "proxy_set_header");
		render_word(r, l->request_headers[i].name);
		render_word(r, l->request_headers[i].value);
		render_end(r);
	}
}

static void render_cache(struct renderer *r, const struct location *l)
{
	if (!l->cache_zone)
		return;
	render_begin(r, "proxy_cache");
	render_joined(r, CACHE_ZONE_PREFIX, l->cache_zone, "");
	render_end(r);
	render_plain(r, CACHE_KEY);
	render_option(r, "proxy_cache_valid", l->cache_valid);
	render_plain(r, "proxy_cache_use_stale error timeout updating "
			"http_500 http_502 http_503 http_504;");
	render_plain(r, "proxy_cache_lock on;");
}

static void render_proxy(struct renderer *r, const struct location *l)
{
	const struct upstream *u = model_upstream(r->model, l->proxy);

	render_begin(r, "proxy_pass");
	render_joined(r, u && u->tls ? "https://" : "http://", l->proxy, "");
	render_end(r);
	render_plain(r, "proxy_http_version 1.1;");
	render_request_headers(r, l);
	render_option(r, "proxy_connect_timeout", l->timeouts.connect);
	render_option(r, "proxy_read_timeout", l->timeouts.read);
	render_option(r, "proxy_send_timeout", l->timeouts.send);
	render_option(r, "proxy_next_upstream", l->retry_on);
	if (l->retry_tries > 0) {
		render_begin(r, "proxy_next_upstream_tries");
		render_number(r, "", l->retry_tries);
		render_end(r);
	}
	render_cache(r, l);
}

static void render_root(struct renderer *r, const struct location *l)
{
	render_begin(r, "root");
	render_word(r, l->root);
	render_end(r);
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

static void render_redirect(struct renderer *r, const struct location *l)
{
	render_begin(r, "return");
	render_number(r, "", l->status);
	render_word(r, l->to);
	render_end(r);
}

static void (*const KINDS[])(struct renderer *r, const struct location *l) = {
	[LOCATION_PROXY] = render_proxy,
	[LOCATION_ROOT] = render_root,
	[LOCATION_RETURN] = render_return,
	[LOCATION_REDIRECT] = render_redirect,
};

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
	if (d->nodelay)
		render_raw(r, "nodelay");
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

static void render_limit(struct renderer *r, const struct site *site, const struct location *l)
{
	char zone[LIMIT_ZONE_SIZE];

	if (l->limit_count)
		render_limits(r, l);
	if (!l->limit_rate)
		return;
	limit_zone_name(site, l, zone);
	render_begin(r, "limit_req");
	render_joined(r, "zone=", zone, "");
	if (l->limit_burst > 0)
		render_number(r, "burst=", l->limit_burst);
	if (l->limit_nodelay)
		render_raw(r, "nodelay");
	render_end(r);
	render_plain(r, "limit_req_status 429;");
}

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
		render_plain(r, "proxy_hide_header Content-Type;");
		render_begin(r, "add_header Content-Type");
		render_joined(r, "$", variable, "");
		render_raw(r, "always");
		render_end(r);
		break;
	default:
		break;
	}
}

static void render_response_headers(struct renderer *r, const struct location *l)
{
	render_content_type(r, l);
	render_option(r, "expires", l->expires);
	if (l->cache_control) {
		render_begin(r, "add_header Cache-Control");
		render_word(r, l->cache_control);
		render_end(r);
	}
	for (size_t i = 0; i < l->response_header_count; i++) {
		if (header_is_content_type(&l->response_headers[i]))
			continue;
		render_begin(r, "add_header");
		render_word(r, l->response_headers[i].name);
		render_word(r, l->response_headers[i].value);
		render_raw(r, "always");
		render_end(r);
	}
}

void render_location(struct renderer *r, const struct site *site, const struct location *l)
{
	size_t modifier = l->path[0] == '/' ? 0 : strcspn(l->path, " ");

	render_blank(r);
	render_begin(r, "location");
	if (modifier) {
		buf_put(&r->value, l->path, modifier);
		render_buffered(r);
	}
	render_literal(r, l->path + modifier + strspn(l->path + modifier, " "));
	render_open(r);
	render_limit(r, site, l);
	KINDS[l->kind](r, l);
	render_response_headers(r, l);
	render_close(r);
}
