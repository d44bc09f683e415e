/* A site of the stream context: it listens, and passes bytes to one upstream. */
#include "renderer.h"

void render_stream_site(struct renderer *r, const struct site *site)
{
	const struct upstream *u = site->proxy ? model_upstream(r->model, site->proxy) : NULL;

	render_begin(r, "server");
	render_open(r);
	for (size_t i = 0; i < site->listen_count; i++)
		render_listen(r, site, &site->listens[i]);
	render_option(r, "proxy_connect_timeout", site->timeouts.connect);
	render_option(r, "proxy_timeout", site->timeouts.read);
	if (site->proxy) {
		render_begin(r, "proxy_pass");
		render_word(r, site->proxy);
		render_end(r);
	}
	if (u && u->tls)
		render_plain(r, "proxy_ssl on;");
	render_raw_lines(r, &site->source, &site->raw, SNIPPET_SERVER);
	render_close(r);
}
