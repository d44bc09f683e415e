/*
 * A site of the stream context: it listens, and passes bytes to an upstream. Where the name that
 * the client asks for decides on the upstream, a map before the server does so: its variable has a
 * digest of the site's name, which may have bytes that no variable can have.
 */
#include <string.h>

#include "renderer.h"

static const char *const TLS_LINES[] = {
	"ssl_protocols TLSv1.2 TLSv1.3;",
	"ssl_session_cache shared:" STREAM_TLS_ZONE ":" TLS_ZONE_SIZE ";",
	"ssl_session_timeout 1d;",
	"ssl_session_tickets off;",
};

/* These words have a meaning of their own in a map. */
static bool is_special(const char *name)
{
	static const char *const words[] = { "default", "hostnames", "volatile", "include" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], name) == 0)
			return true;
	}
	return false;
}

static void render_map(struct renderer *r, const struct site *site)
{
	char variable[SNI_VARIABLE_SIZE];

	site_sni_variable(site, variable);
	render_begin(r,
		     site->certificate ? "map $ssl_server_name" : "map $ssl_preread_server_name");
	render_raw(r, variable);
	render_open(r);
	render_plain(r, "hostnames;");
	render_begin(r, "default");
	render_word(r, site->proxy);
	render_end(r);
	for (size_t i = 0; i < site->stream.sni_count; i++) {
		buf_printf(&r->value, "%s%s", is_special(site->stream.sni[i].name) ? "\\" : "",
			   site->stream.sni[i].name);
		render_begin(r, buf_str(&r->value));
		buf_clear(&r->value);
		render_word(r, site->stream.sni[i].upstream);
		render_end(r);
	}
	render_close(r);
	render_blank(r);
}

static void render_tls(struct renderer *r, const struct site *site)
{
	if (!site->certificate)
		return;
	render_certificate(r, site);
	for (size_t i = 0; i < ARRAY_SIZE(TLS_LINES); i++)
		render_plain(r, TLS_LINES[i]);
}

static void render_pass(struct renderer *r, const struct site *site)
{
	const struct upstream *u = site->proxy ? model_upstream(r->model, site->proxy) : NULL;
	char variable[SNI_VARIABLE_SIZE];

	if (site->stream.sni_count && !site->certificate)
		render_plain(r, "ssl_preread on;");
	if (site->proxy) {
		render_begin(r, "proxy_pass");
		site_sni_variable(site, variable);
		if (site->stream.sni_count)
			render_raw(r, variable);
		else
			render_word(r, site->proxy);
		render_end(r);
	}
	if (u && u->tls)
		render_plain(r, "proxy_ssl on;");
}

static void render_count(struct renderer *r, const char *directive, long number)
{
	if (number == UNSET)
		return;
	render_begin(r, directive);
	render_number(r, "", number);
	render_end(r);
}

void render_stream_site(struct renderer *r, const struct site *site)
{
	if (site->stream.sni_count)
		render_map(r, site);
	render_begin(r, "server");
	render_open(r);
	for (size_t i = 0; i < site->listen_count; i++)
		render_listen(r, site, &site->listens[i]);
	render_tls(r, site);
	render_common(r, &site->common, "");
	render_option(r, "proxy_connect_timeout", site->timeouts.connect);
	render_option(r, "proxy_timeout", site->timeouts.read);
	if (site->stream.udp) {
		render_count(r, "proxy_requests", site->stream.requests);
		render_count(r, "proxy_responses", site->stream.responses);
	}
	if (site->stream.proxy_protocol)
		render_plain(r, "proxy_protocol on;");
	render_pass(r, site);
	render_raw_lines(r, &site->source, &site->raw, CONFIG_SERVER_SNIPPET);
	render_close(r);
}
