/*
 * Locations that pass requests on: proxy, grpc, fastcgi and uwsgi. A table has the headers that
 * every proxied request carries unless the site says otherwise, another one the parameters of
 * FastCGI and uwsgi.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/data/clauses.h"
#include "core/data/split.h"
#include "core/text/address.h"
#include "renderer.h"

struct pair {
	const char *name, *value;
};

/* Keeps two sites, or two names of one site, from being served each other's answers. nginx makes a
 * GET of a HEAD that it caches for HTTP servers only. */
#define CACHE_KEY "$scheme$proxy_host$host$request_uri"
#define CACHE_KEY_OF_PROGRAM "$scheme$request_method$host$request_uri"
#define STALE "error timeout updating http_500 http_502 http_503 http_504"
#define STALE_OF_PROGRAM "error timeout updating http_500 http_503"

static const struct pair PROXY_HEADERS[] = {
	{ "Host", "$host" },
	{ "X-Real-IP", "$remote_addr" },
	{ "X-Forwarded-For", "$proxy_add_x_forwarded_for" },
	{ "X-Forwarded-Proto", "$scheme" },
};

/* Those of nginx's own file fastcgi_params, which a host need not have. */
static const struct pair PARAMS[] = {
	{ "QUERY_STRING", "$query_string" },   { "REQUEST_METHOD", "$request_method" },
	{ "CONTENT_TYPE", "$content_type" },   { "CONTENT_LENGTH", "$content_length" },
	{ "REQUEST_URI", "$request_uri" },     { "DOCUMENT_URI", "$document_uri" },
	{ "DOCUMENT_ROOT", "$document_root" }, { "SERVER_PROTOCOL", "$server_protocol" },
	{ "REQUEST_SCHEME", "$scheme" },       { "HTTPS", "$https if_not_empty" },
	{ "REMOTE_ADDR", "$remote_addr" },     { "REMOTE_PORT", "$remote_port" },
	{ "SERVER_ADDR", "$server_addr" },     { "SERVER_PORT", "$server_port" },
	{ "SERVER_NAME", "$server_name" },     { "HTTP_PROXY", "\"\"" },
};

static const struct pair FASTCGI_PARAMS[] = {
	{ "GATEWAY_INTERFACE", "CGI/1.1" },
	{ "SERVER_SOFTWARE", "nginx/$nginx_version" },
	{ "SCRIPT_NAME", "$fastcgi_script_name" },
	{ "SCRIPT_FILENAME", "$document_root$fastcgi_script_name" },
	{ "REDIRECT_STATUS", "200" },
};

static const struct pair UWSGI_PARAMS[] = {
	{ "PATH_INFO", "$document_uri" },
};

/* `proxy_DIRECTIVE`, or that of the location's module. */
static void begin(struct renderer *r, const struct location *l, const char *directive)
{
	render_begin(r, location_module(l));
	buf_puts(&r->line, directive);
}

static void option(struct renderer *r, const struct location *l, const char *directive,
		   const char *values)
{
	if (!values)
		return;
	begin(r, l, directive);
	render_words(r, values);
	render_end(r);
}

/* Unless a field says something else. */
static void default_option(struct renderer *r, const struct location *l, const char *directive,
			   const char *values)
{
	if (!clauses_find(&l->common.lines, directive))
		option(r, l, directive, values);
}

/* --- TLS to the servers ---------------------------------------------------------------------- */

static bool says_tls(const struct location *l)
{
	for (size_t i = 0; i < l->common.lines.count; i++) {
		if (strncmp(l->common.lines.items[i].directive, "_ssl_", 5) == 0)
			return true;
	}
	return false;
}

static bool uses_tls(const struct model *m, const struct location *l, const char *upstream)
{
	const struct upstream *u = model_upstream(m, upstream);

	return (u && u->tls) || says_tls(l);
}

const char *location_scheme(const struct model *m, const struct location *l, const char *upstream)
{
	static const char *const schemes[][2] = { [LOCATION_PROXY] = { "http://", "https://" },
						  [LOCATION_GRPC] = { "grpc://", "grpcs://" },
						  [LOCATION_FASTCGI] = { "", "" },
						  [LOCATION_UWSGI] = { "uwsgi://", "suwsgi://" } };

	return schemes[l->kind][uses_tls(m, l, upstream)];
}

/* The host name that all servers were registered with; 0: there is none. */
static size_t find_registered(const struct upstream *u, const char **name)
{
	size_t size = 0;

	for (size_t i = 0; u && i < u->server_count; i++) {
		const char *s = u->servers[i].name ?: u->servers[i].address;
		size_t length = strcspn(s, ":");

		if (!host_name_is_valid(s, length) || s[strspn(s, "0123456789.")] == ':' ||
		    (size && (size != length || memcmp(*name, s, size) != 0)))
			return 0;
		*name = s;
		size = length;
	}
	return size;
}

/* A field says `proxy_tls`, or there is a name to verify and a CA to do it with. With a split the
 * servers may have several names, of which nginx can verify one only. */
static bool verifies(const struct renderer *r, const struct location *l, bool has_name)
{
	return says_tls(l) || (has_name && !l->split && r->options->trusted_ca);
}

static void render_verify(struct renderer *r, const struct location *l)
{
	const struct clause *verify = clauses_find(&l->common.lines, "_ssl_verify");

	if (!verify)
		option(r, l, "_ssl_verify", "on");
	if (!verify || strcmp(verify->words[0], "on") == 0)
		default_option(r, l, "_ssl_trusted_certificate", r->options->trusted_ca);
}

static void render_tls(struct renderer *r, const struct location *l)
{
	const struct upstream *u = model_upstream(r->model, l->proxy);
	const char *name = NULL;
	size_t size;

	if (!uses_tls(r->model, l, l->proxy))
		return;
	size = find_registered(u, &name);
	if (verifies(r, l, size))
		render_verify(r, l);
	if (!size || clauses_find(&l->common.lines, "_ssl_name"))
		return;
	begin(r, l, "_ssl_name");
	buf_put(&r->value, name, size);
	render_buffered(r);
	render_end(r);
	option(r, l, "_ssl_server_name", "on");
}

/* --- headers and parameters ------------------------------------------------------------------ */

static bool sets(const struct location *l, const char *name)
{
	for (size_t i = 0; i < l->request_header_count; i++) {
		if (strcasecmp(l->request_headers[i].name, name) == 0)
			return true;
	}
	return false;
}

static void default_pair(struct renderer *r, const struct location *l, const char *directive,
			 const char *name, const char *value)
{
	if (sets(l, name))
		return;
	render_begin(r, directive);
	render_raw(r, name);
	render_raw(r, value);
	render_end(r);
}

/* render_no_body() writes that one. */
static bool is_replaced(const struct location *l, const char *name)
{
	return l->gets_no_body && strcmp(name, "CONTENT_LENGTH") == 0;
}

static void default_pairs(struct renderer *r, const struct location *l, const char *directive,
			  const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_replaced(l, pairs[i].name))
			default_pair(r, l, directive, pairs[i].name, pairs[i].value);
	}
}

/* Does a line of the operator's say it? nginx refuses a second one. */
static bool has_line(const struct location *l, const char *directive)
{
	size_t size = strlen(directive);

	for (size_t i = 0; i < l->raw.directive_count; i++) {
		const char *s = l->raw.directives[i] + strspn(l->raw.directives[i], " \t");

		if (strncmp(s, directive, size) == 0)
			return true;
	}
	return false;
}

/* A subrequest without a body still has the length that the client's request has. */
static void render_no_body(struct renderer *r, const struct location *l, const char *directive,
			   const char *length)
{
	char pass[40];

	if (!l->gets_no_body)
		return;
	snprintf(pass, sizeof(pass), "%s_pass_request_body", location_module(l));
	if (l->kind != LOCATION_GRPC && !has_line(l, pass))
		option(r, l, "_pass_request_body", "off");
	default_pair(r, l, directive, length, "\"\"");
}

static void own_pairs(struct renderer *r, const struct location *l, const char *directive)
{
	for (size_t i = 0; i < l->request_header_count; i++) {
		render_begin(r, directive);
		render_word(r, l->request_headers[i].name);
		render_word(r, l->request_headers[i].value);
		render_end(r);
	}
}

static void render_proxy_headers(struct renderer *r, const struct location *l)
{
	if (l->websocket)
		default_pair(r, l, "proxy_set_header", "Upgrade", "$http_upgrade");
	default_pair(r, l, "proxy_set_header", "Connection",
		     l->websocket ? WEBSOCKET_VARIABLE : "\"\"");
	default_pairs(r, l, "proxy_set_header", PROXY_HEADERS, ARRAY_SIZE(PROXY_HEADERS));
	render_no_body(r, l, "proxy_set_header", "Content-Length");
	own_pairs(r, l, "proxy_set_header");
}

static void render_cache(struct renderer *r, const struct location *l)
{
	bool http = l->kind == LOCATION_PROXY;

	if (!l->cache_zone)
		return;
	begin(r, l, "_cache");
	render_joined(r, CACHE_ZONE_PREFIX, l->cache_zone, location_cache_suffix(l));
	render_end(r);
	default_option(r, l, "_cache_key", http ? CACHE_KEY : CACHE_KEY_OF_PROGRAM);
	option(r, l, "_cache_valid", l->cache_valid);
	default_option(r, l, "_cache_use_stale", http ? STALE : STALE_OF_PROGRAM);
	default_option(r, l, "_cache_lock", "on");
}

/* --- the kinds ------------------------------------------------------------------------------- */

static void render_pass_common(struct renderer *r, const struct location *l)
{
	option(r, l, "_connect_timeout", l->timeouts.connect);
	option(r, l, "_read_timeout", l->timeouts.read);
	option(r, l, "_send_timeout", l->timeouts.send);
	option(r, l, "_next_upstream", l->retry_on);
	if (l->retry_tries > 0) {
		begin(r, l, "_next_upstream_tries");
		render_number(r, "", l->retry_tries);
		render_end(r);
	}
	render_tls(r, l);
}

static void render_pass(struct renderer *r, const struct location *l, const char *path)
{
	char variable[SPLIT_VARIABLE_SIZE];

	begin(r, l, "_pass");
	if (l->split) {
		split_variable(l, split_steps(l->split), variable);
		render_joined(r, "$", variable, path ?: "");
	} else {
		buf_puts(&r->value, location_scheme(r->model, l, l->proxy));
		render_joined(r, l->proxy, path ?: "", "");
	}
	render_end(r);
}

/* What takes the place of the location's path; NULL: nothing does. */
static const char *request_path(const struct location *l)
{
	if (l->gets_copies && !l->proxy_path && !l->common.rewrite_count)
		return "$request_uri";
	return l->proxy_path;
}

void render_proxy(struct renderer *r, const struct location *l)
{
	render_pass(r, l, request_path(l));
	render_plain(r, "proxy_http_version 1.1;");
	render_proxy_headers(r, l);
	render_pass_common(r, l);
	render_cache(r, l);
}

void render_grpc(struct renderer *r, const struct location *l)
{
	render_pass(r, l, NULL);
	default_pairs(r, l, "grpc_set_header", PROXY_HEADERS, ARRAY_SIZE(PROXY_HEADERS));
	render_no_body(r, l, "grpc_set_header", "Content-Length");
	own_pairs(r, l, "grpc_set_header");
	render_pass_common(r, l);
}

static void render_own_root(struct renderer *r, const struct location *l)
{
	if (!l->root)
		return;
	render_begin(r, "root");
	render_word(r, l->root);
	render_end(r);
}

/* try_files sets the URI, and with it $fastcgi_path_info: the value is kept from before. */
static void render_path_info(struct renderer *r, const struct location *l)
{
	if (!clauses_find(&l->common.lines, "fastcgi_path_info"))
		return;
	render_plain(r, "set $zknginx_path_info $fastcgi_path_info;");
	default_pair(r, l, "fastcgi_param", "PATH_INFO", "$zknginx_path_info");
}

/* PHP would look for the script in front of a path that is no file: nginx looks first. */
void render_fastcgi(struct renderer *r, const struct location *l)
{
	render_own_root(r, l);
	render_pass(r, l, NULL);
	render_default(r, &l->common, "try_files $fastcgi_script_name =404;");
	default_pairs(r, l, "fastcgi_param", PARAMS, ARRAY_SIZE(PARAMS));
	default_pairs(r, l, "fastcgi_param", FASTCGI_PARAMS, ARRAY_SIZE(FASTCGI_PARAMS));
	render_path_info(r, l);
	render_no_body(r, l, "fastcgi_param", "CONTENT_LENGTH");
	own_pairs(r, l, "fastcgi_param");
	render_pass_common(r, l);
	render_cache(r, l);
}

void render_uwsgi(struct renderer *r, const struct location *l)
{
	render_own_root(r, l);
	render_pass(r, l, NULL);
	default_pairs(r, l, "uwsgi_param", PARAMS, ARRAY_SIZE(PARAMS));
	default_pairs(r, l, "uwsgi_param", UWSGI_PARAMS, ARRAY_SIZE(UWSGI_PARAMS));
	render_no_body(r, l, "uwsgi_param", "CONTENT_LENGTH");
	own_pairs(r, l, "uwsgi_param");
	render_pass_common(r, l);
	render_cache(r, l);
}
