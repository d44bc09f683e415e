/*
 * Upstreams, of both contexts. Each server's lines come from the server's own znode,
 * so that nginx's complaint about one of 10,000 servers leads to that one alone. What
 * equals nginx's default is left out. A block is never empty: without a server, or
 * with backup servers alone, nginx would refuse the whole configuration.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/data/traits.h"
#include "rendered.h"
#include "renderer.h"
#include "server_line.h"

static void render_params(struct renderer *r, const struct server_line *l)
{
	if (l->weight > 1)
		render_number(r, "weight=", l->weight);
	if (l->max_fails != 1)
		render_number(r, "max_fails=", l->max_fails);
	if (strcmp(l->fail_timeout, SERVER_FAIL_TIMEOUT) != 0)
		render_joined(r, "fail_timeout=", l->fail_timeout, "");
	if (l->max_conns > 0)
		render_number(r, "max_conns=", l->max_conns);
	if (l->backup)
		render_raw(r, "backup");
	if (l->down)
		render_raw(r, "down");
}

static void render_servers(struct renderer *r, const struct upstream *u)
{
	size_t count = server_line_count(u);
	bool backups = server_line_has_backups(u);

	if (server_line_is_placeholder(u))
		render_plain(r, "# No server is available; every request is refused at once.");
	for (size_t i = 0; i < count; i++) {
		struct server_line l = server_line(u, i, backups);

		render_origin(r, l.source ? l.source : &u->source);
		render_begin(r, "server");
		render_word(r, l.address);
		render_params(r, &l);
		render_end(r);
	}
	render_origin(r, &u->source);
}

/* "hash $request_uri consistent": the directive and its parameters. */
static void render_balance(struct renderer *r, const char *balance)
{
	size_t size = strcspn(balance, " ");

	buf_put(&r->value, balance, size);
	render_begin(r, r->value.data);
	buf_clear(&r->value);
	render_words(r, balance + size);
	render_end(r);
}

static bool has_zone(const struct renderer *r, const struct upstream *u)
{
	return u->zone || (u->zone_size && !r->options->lacks_zones[u->protocol]);
}

static void render_zone(struct renderer *r, const struct upstream *u)
{
	size_t k = u->zone_size >> 10;

	if (!has_zone(r, u))
		return;
	render_begin(r, "zone");
	if (u->zone) {
		render_word(r, u->name);
		render_word(r, u->zone);
	} else {
		render_joined(r, UPSTREAM_ZONE_PREFIX, u->name, "");
		buf_printf(&r->value, k % 1024 ? "%zuk" : "%zum", k % 1024 ? k : k / 1024);
		render_buffered(r);
	}
	render_end(r);
}

static void render_upstream(struct renderer *r, const struct upstream *u)
{
	render_heading(r, &u->source);
	render_begin(r, "upstream");
	render_word(r, u->name);
	render_open(r);
	render_zone(r, u);
	if (u->balance)
		render_balance(r, u->balance);
	render_raw_lines(r, &u->source, &u->raw, CONFIG_SERVER_SNIPPET);
	bundle_builder_servers(&r->out, has_zone(r, u));
	render_servers(r, u);
	bundle_builder_servers(&r->out, false);
	/* After the balancing method, which nginx wants first. */
	if (u->keepalive > 0 && u->protocol == PROTOCOL_HTTP) {
		render_begin(r, "keepalive");
		render_number(r, "", u->keepalive);
		render_end(r);
		if (u->keepalive_requests > 0) {
			render_begin(r, "keepalive_requests");
			render_number(r, "", u->keepalive_requests);
			render_end(r);
		}
		render_option(r, "keepalive_time", u->keepalive_time);
		render_option(r, "keepalive_timeout", u->keepalive_timeout);
	}
	render_close(r);
}

/* The lines of an upstream by themselves. */
static struct bundle_piece *render_apart(struct renderer *r, const struct upstream *u)
{
	struct bundle_builder whole = r->out;
	struct bundle_piece *p;

	bundle_builder_init(&r->out);
	render_upstream(r, u);
	p = bundle_builder_cut(&r->out, r->file);
	bundle_builder_fini(&r->out);
	r->out = whole;
	return p;
}

static struct bundle_piece *piece_of(struct renderer *r, const struct upstream *u)
{
	struct bundle_piece *p = rendered_find(r->cache, u);

	return p ? bundle_piece_ref(p) : render_apart(r, u);
}

/* Returns how many upstreams it has. */
static size_t put_new_group(struct renderer *r, const struct upstream *const *list, size_t count)
{
	CLEANUP(freep) struct bundle_piece **pieces = NULL;
	struct bundle_group *g;
	size_t n = 0;

	while (++n < count && !rendered_ends_group(list[n - 1]))
		;
	pieces = xcalloc(n, sizeof(struct bundle_piece *));
	for (size_t i = 0; i < n; i++)
		pieces[i] = piece_of(r, list[i]);
	g = bundle_group_new(pieces, n);
	for (size_t i = 0; i < n; i++)
		bundle_piece_unref(pieces[i]);
	rendered_add(r->cache, list, g);
	bundle_builder_group(&r->out, r->file, g);
	bundle_group_unref(g);
	return n;
}

static size_t put_group(struct renderer *r, const struct upstream *const *list, size_t count)
{
	struct bundle_group *g = rendered_find_group(r->cache, list, count);

	if (!g)
		return put_new_group(r, list, count);
	bundle_builder_group(&r->out, r->file, g);
	return bundle_group_count(g);
}

static bool is_of(const struct model *m, size_t i, enum protocol protocol)
{
	bool may = model_may_have(m, i, TRAIT_STREAM);

	return may ? m->upstreams[i]->protocol == protocol : protocol == PROTOCOL_HTTP;
}

void render_upstreams(struct renderer *r, enum protocol protocol)
{
	CLEANUP(freep) const struct upstream **list = NULL;
	const struct model *m = r->model;
	size_t count = 0;

	list = xcalloc(m->upstream_count + 1, sizeof(*list));
	for (size_t i = 0; i < m->upstream_count; i++) {
		if (is_of(m, i, protocol))
			list[count++] = m->upstreams[i];
	}
	for (size_t i = 0; i < count;)
		i += put_group(r, list + i, count - i);
}
