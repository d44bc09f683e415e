/*
 * A site of the http context: one server block, and for `redirect_http` a second one
 * that takes over the plain listens and sends everybody to HTTPS.
 */
#include <limits.h>
#include <string.h>

#include "core/data/clauses.h"
#include "renderer.h"

static const char *const TLS_LINES[] = {
	"ssl_protocols TLSv1.2 TLSv1.3;",
	"ssl_session_cache shared:" TLS_ZONE ":" TLS_ZONE_SIZE ";",
	"ssl_session_timeout 1d;",
	"ssl_session_tickets off;",
};

/* Of text alone: images, fonts and archives are compressed already. */
static const char *const GZIP_LINES[] = {
	"gzip on;",
	"gzip_vary on;",
	"gzip_proxied any;",
	"gzip_types text/plain text/css text/xml text/javascript application/javascript",
	"    application/json application/manifest+json application/xml application/rss+xml",
	"    application/atom+xml application/xhtml+xml application/wasm image/svg+xml;",
};

static void render_lines(struct renderer *r, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		render_plain(r, lines[i]);
}

/* From 1.25.1 on `http2` is a directive, and the option of `listen` draws a warning. */
static bool has_http2_directive(const struct renderer *r)
{
	return r->options->nginx_version >= 1025001 && r->options->nginx_version != UINT_MAX;
}

static bool is_http2(const char *word, size_t size)
{
	return size == strlen("http2") && memcmp(word, "http2", size) == 0;
}

static bool has_http2(const struct listen *listen)
{
	for (const char *s = listen->options; s && *s; s += strcspn(s, " ")) {
		s += strspn(s, " ");
		if (is_http2(s, strcspn(s, " ")))
			return true;
	}
	return false;
}

static void render_options(struct renderer *r, const char *options)
{
	while (*options) {
		size_t size = strcspn(options, " ");

		if (size && !(has_http2_directive(r) && is_http2(options, size))) {
			buf_put(&r->value, options, size);
			render_buffered(r);
		}
		options += size;
		options += strspn(options, " ");
	}
}

void render_listen(struct renderer *r, const struct site *site, const struct listen *listen)
{
	const char *options = listen->options ? listen->options : "";

	render_begin(r, "listen");
	render_word(r, listen->address);
	render_options(r, options);
	if ((site->is_default || listen->stay_default) && !strstr(options, "default_server"))
		render_raw(r, "default_server");
	render_end(r);
}

static bool has_tls(const struct site *site)
{
	for (size_t i = 0; i < site->listen_count; i++) {
		if (site->listens[i].ssl)
			return true;
	}
	return false;
}

static void render_server_names(struct renderer *r, const struct site *site)
{
	if (!site->server_name_count)
		return;
	render_begin(r, "server_name");
	for (size_t i = 0; i < site->server_name_count; i++) {
		if (site->server_names[i][0] == '~')
			render_regex(r, site->server_names[i]);
		else
			render_word(r, site->server_names[i]);
	}
	render_end(r);
}

/* An access_log in a server replaces those of http { }. Then the probe's has to be repeated. */
static void render_access_log(struct renderer *r, const struct site *site)
{
	bool off = site->access_log && strcmp(site->access_log, "off") == 0;

	if (site->access_log && !off) {
		render_begin(r, "access_log");
		render_path(r, r->options->log_directory, site->access_log, ".access.log");
		if (site->log_format)
			render_word(r, site->log_format);
		render_end(r);
	}
	if (has_probe(r) && (site->access_log || probe_log_is_lost(r)))
		render_probe_log(r);
	else if (off)
		render_plain(r, "access_log off;");
}

void render_certificate(struct renderer *r, const struct site *site)
{
	render_begin(r, "ssl_certificate");
	render_word(r, site->certificate);
	render_end(r);
	render_begin(r, "ssl_certificate_key");
	render_word(r, site->key);
	render_end(r);
}

static void render_tls(struct renderer *r, const struct site *site)
{
	if (!site->certificate || !has_tls(site))
		return;
	render_certificate(r, site);
	for (size_t i = 0; i < ARRAY_SIZE(TLS_LINES); i++)
		render_default(r, &site->common, TLS_LINES[i]);
	if (clauses_find(&site->common.lines, "ssl_client_certificate"))
		render_default(r, &site->common, "ssl_verify_client on;");
}

static void render_gzip(struct renderer *r, const struct site *site)
{
	if (site->gzip == 1)
		render_lines(r, GZIP_LINES, ARRAY_SIZE(GZIP_LINES));
	else if (site->gzip == 0)
		render_plain(r, "gzip off;");
}

static const char *port_of(const char *address)
{
	const char *colon = strrchr(address, ':');

	return colon ? colon + 1 : address;
}

static const char *tls_port(const struct site *site)
{
	for (size_t i = 0; i < site->listen_count; i++) {
		if (site->listens[i].ssl)
			return port_of(site->listens[i].address);
	}
	return "443";
}

static void render_listens(struct renderer *r, const struct site *site, bool plain, bool tls)
{
	bool http2 = false;

	for (size_t i = 0; i < site->listen_count; i++) {
		if (!(site->listens[i].ssl ? tls : plain) ||
		    (site->listens[i].quic && !r->options->has_quic))
			continue;
		render_listen(r, site, &site->listens[i]);
		http2 |= has_http2(&site->listens[i]);
	}
	if (http2 && has_http2_directive(r))
		render_plain(r, "http2 on;");
}

static void render_root(struct renderer *r, const struct site *site)
{
	if (!site->root)
		return;
	render_begin(r, "root");
	render_word(r, site->root);
	render_end(r);
}

/* A redirect of the server itself would come before its locations. */
static void render_site_redirect(struct renderer *r, const struct site *site)
{
	if (!site->redirect_to)
		return;
	if (site->location_count) {
		render_blank(r);
		render_begin(r, "location /");
		render_open(r);
	}
	render_begin(r, "return");
	render_number(r, "", site->redirect_status);
	render_word(r, site->redirect_to);
	render_end(r);
	if (site->location_count)
		render_close(r);
}

static void render_redirect(struct renderer *r, const struct site *site)
{
	const char *port = tls_port(site);

	render_blank(r);
	render_begin(r, "server");
	render_open(r);
	render_listens(r, site, true, false);
	render_server_names(r, site);
	render_access_log(r, site);
	render_begin(r, "return 301");
	if (strcmp(port, "443") == 0)
		render_raw(r, "https://$host$request_uri");
	else
		render_joined(r, "https://$host:", port, "$request_uri");
	render_end(r);
	render_close(r);
}

void render_site(struct renderer *r, const struct site *site)
{
	bool redirect = site->redirect_http && has_tls(site);

	render_begin(r, "server");
	render_open(r);
	render_listens(r, site, !redirect, true);
	render_server_names(r, site);
	render_tls(r, site);
	render_option(r, "client_max_body_size", site->client_max_body_size);
	render_access_log(r, site);
	render_gzip(r, site);
	render_root(r, site);
	render_site_headers(r, site);
	render_common(r, &site->common, "");
	render_raw_lines(r, &site->source, &site->raw, CONFIG_SERVER_SNIPPET);
	render_locations(r, site);
	render_site_redirect(r, site);
	render_close(r);
	if (redirect)
		render_redirect(r, site);
}
