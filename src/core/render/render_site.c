/*
 * A site of the http context: one server block, and for `redirect_http` a second one
 * that takes over the plain listens and sends everybody to HTTPS.
 */
#include <string.h>

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

void render_listen(struct renderer *r, const struct site *site, const struct listen *listen)
{
	const char *options = listen->options ? listen->options : "";

	render_begin(r, "listen");
	render_word(r, listen->address);
	render_words(r, options);
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
	for (size_t i = 0; i < site->server_name_count; i++)
		render_word(r, site->server_names[i]);
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

static void render_tls(struct renderer *r, const struct site *site)
{
	if (!site->certificate || !has_tls(site))
		return;
	render_begin(r, "ssl_certificate");
	render_word(r, site->certificate);
	render_end(r);
	render_begin(r, "ssl_certificate_key");
	render_word(r, site->key);
	render_end(r);
	render_lines(r, TLS_LINES, ARRAY_SIZE(TLS_LINES));
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
	for (size_t i = 0; i < site->listen_count; i++) {
		if (site->listens[i].ssl ? tls : plain)
			render_listen(r, site, &site->listens[i]);
	}
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
	for (size_t i = 0; i < site->location_count; i++)
		render_location(r, site, &site->locations[i]);
	render_close(r);
	if (redirect)
		render_redirect(r, site);
}
