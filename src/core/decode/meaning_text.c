/* See meaning_text.h. */
#include <string.h>

#include "meaning_text.h"

#define PRINTS(type, bytes)                                                                        \
	_Static_assert(sizeof(void *) != 8 || sizeof(struct type) == (bytes),                      \
		       "struct " #type " has changed: print all fields that a znode can set")

/* --- values ---------------------------------------------------------------------------------- */

static void put_text(struct buf *out, const char *s)
{
	if (s)
		buf_printf(out, "%zu:%s\n", strlen(s), s);
	else
		buf_puts(out, "-\n");
}

static void put_number(struct buf *out, long n, long if_unset)
{
	buf_printf(out, "%ld\n", n == UNSET ? if_unset : n);
}

PRINTS(server_params, 40);
static void put_params(struct buf *out, struct server_params p,
		       const struct server_params *defaults)
{
	server_params_complete(&p, defaults);
	put_number(out, p.weight, 0);
	put_number(out, p.max_fails, 0);
	put_text(out, p.fail_timeout);
	put_number(out, p.max_conns, 0);
	put_number(out, p.backup, 0);
	put_number(out, p.down, 0);
}

PRINTS(header, 24);
static void put_headers(struct buf *out, const struct header *headers, size_t count)
{
	put_number(out, (long)count, 0);
	for (size_t i = 0; i < count; i++) {
		put_text(out, headers[i].name);
		put_text(out, headers[i].value);
		put_number(out, headers[i].success_only, 0);
	}
}

PRINTS(timeouts, 24);
static void put_timeouts(struct buf *out, const struct timeouts *t)
{
	put_text(out, t->connect);
	put_text(out, t->read);
	put_text(out, t->send);
}

/* --- upstreams and servers ------------------------------------------------------------------- */

static const struct server_params no_params = { .weight = UNSET,
						.max_fails = UNSET,
						.max_conns = UNSET };

static void put_words(struct buf *out, const char *const *words, size_t count)
{
	put_number(out, (long)count, 0);
	for (size_t i = 0; i < count; i++)
		put_text(out, words[i]);
}

PRINTS(discover_keys, 72);
static void put_keys(struct buf *out, const struct discover_keys *k)
{
	const char *const all[] = { k->host,   k->port, k->tls_port, k->url,
				    k->weight, k->up,   k->labels };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		put_text(out, all[i]);
	put_words(out, k->up_is, k->up_is_count);
}

/* `key` is the text of the same choices; the rest is from the tree. */
PRINTS(discover, 216);
static void put_discover(struct buf *out, const struct discover *d)
{
	put_text(out, d->path);
	buf_printf(out, "%p\n", (const void *)d->format);
	put_number(out, d->tls, 0);
	put_text(out, d->endpoint);
	put_number(out, (long)d->label_count, 0);
	for (size_t i = 0; i < d->label_count; i++) {
		put_text(out, d->labels[i].name);
		put_text(out, d->labels[i].value);
	}
	put_number(out, d->show_down, 0);
	put_number(out, d->backup, 0);
	put_words(out, d->ignored, d->ignored_count);
	put_keys(out, &d->keys);
}

static void put_raw(struct buf *out, const struct raw_lines *raw)
{
	put_number(out, (long)raw->directive_count, 0);
	for (size_t i = 0; i < raw->directive_count; i++)
		put_text(out, raw->directives[i]);
	put_number(out, (long)raw->include_count, 0);
	for (size_t i = 0; i < raw->include_count; i++)
		put_text(out, raw->includes[i]);
}

PRINTS(check_rule, 144);
static void put_check(struct buf *out, const struct check_rule *c)
{
	put_number(out, c != NULL, 0);
	if (!c)
		return;
	put_number(out, c->tcp, 0);
	put_text(out, c->path);
	put_text(out, c->host);
	put_number(out, (long)c->range_count, 0);
	for (size_t i = 0; i < c->range_count; i++)
		buf_printf(out, "%u-%u\n", c->ranges[i].least, c->ranges[i].most);
	buf_printf(out, "%ju %ju %ld %ld %ld %ld\n", (uintmax_t)c->interval, (uintmax_t)c->timeout,
		   c->fall, c->rise, c->port, c->panic);
}

PRINTS(upstream, 368);
void meaning_put_upstream(struct buf *out, const struct upstream *u)
{
	put_number(out, u->protocol, 0);
	put_text(out, u->balance);
	put_number(out, u->keepalive, 0);
	put_text(out, u->zone);
	put_number(out, u->keepalive_requests, UNSET);
	put_text(out, u->keepalive_time);
	put_text(out, u->keepalive_timeout);
	put_params(out, u->defaults, &no_params);
	put_number(out, u->min_servers, 1);
	put_number(out, u->max_shrink, UNSET);
	put_number(out, u->on_empty, 0);
	put_number(out, (long)u->discover_count, 0);
	for (size_t i = 0; i < u->discover_count; i++)
		put_discover(out, &u->discovers[i]);
	put_raw(out, &u->raw);
	put_number(out, u->zone_off, 0);
	put_check(out, u->check);
	put_text(out, u->slow_start);
}

/* --- sites ------------------------------------------------------------------------------------ */

PRINTS(clause, 32);
static void put_lines(struct buf *out, const struct clauses *lines)
{
	put_number(out, (long)lines->count, 0);
	for (size_t i = 0; i < lines->count; i++) {
		put_text(out, lines->items[i].directive);
		put_words(out, lines->items[i].words, lines->items[i].count);
	}
}

PRINTS(access, 32);
static void put_access(struct buf *out, const struct access *access)
{
	put_number(out, access != NULL, 0);
	if (!access)
		return;
	put_words(out, access->allow, access->allow_count);
	put_words(out, access->deny, access->deny_count);
}

PRINTS(rewrite, 24);
static void put_rewrites(struct buf *out, const struct rewrite *rewrites, size_t count)
{
	put_number(out, (long)count, 0);
	for (size_t i = 0; i < count; i++) {
		put_text(out, rewrites[i].from);
		put_text(out, rewrites[i].to);
		put_text(out, rewrites[i].flag);
	}
}

PRINTS(common, 48);
static void put_scope(struct buf *out, const struct common *common)
{
	put_lines(out, &common->lines);
	put_access(out, common->access);
	put_rewrites(out, common->rewrites, common->rewrite_count);
}

PRINTS(cors, 56);
static void put_cors(struct buf *out, const struct cors *cors)
{
	put_number(out, cors != NULL, 0);
	if (!cors)
		return;
	put_words(out, cors->origins, cors->origin_count);
	put_number(out, cors->any, 0);
	put_number(out, cors->credentials, 0);
	put_text(out, cors->methods);
	put_text(out, cors->headers);
	put_text(out, cors->expose);
	put_number(out, cors->max_age, UNSET);
}

PRINTS(split, 24);
PRINTS(split_target, 48);
static void put_split(struct buf *out, const struct split *split)
{
	put_number(out, split != NULL, 0);
	if (!split)
		return;
	put_text(out, split->key);
	put_number(out, (long)split->target_count, 0);
	for (size_t i = 0; i < split->target_count; i++) {
		const struct split_target *t = &split->targets[i];

		put_text(out, t->proxy);
		put_number(out, t->percent, 0);
		put_text(out, t->header);
		put_text(out, t->header_value);
		put_text(out, t->cookie);
		put_text(out, t->cookie_value);
	}
}

PRINTS(location, 352);
static void put_location(struct buf *out, const struct location *l)
{
	const char *const texts[] = { l->path,        l->proxy, l->retry_on, l->cache_zone,
				      l->cache_valid, l->root,  l->expires,  l->cache_control,
				      l->limit_rate,  l->text,  l->to,       l->proxy_path,
				      l->limit_key };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		put_text(out, texts[i]);
	put_number(out, l->kind, 0);
	put_number(out, l->websocket, 0);
	put_timeouts(out, &l->timeouts);
	put_headers(out, l->request_headers, l->request_header_count);
	put_number(out, l->retry_tries, 0);
	put_headers(out, l->response_headers, l->response_header_count);
	put_number(out, l->limit_burst, 0);
	put_number(out, l->limit_nodelay, 0);
	put_number(out, l->limit_delay, UNSET);
	put_number(out, l->limit_connections, 0);
	put_words(out, l->limits, l->limit_count);
	put_number(out, l->status, 0);
	put_number(out, (long)l->parent, 0);
	put_scope(out, &l->common);
	put_cors(out, l->cors);
	put_split(out, l->split);
	put_raw(out, &l->raw);
}

PRINTS(listen, 24);
static void put_listen(struct buf *out, const struct listen *l)
{
	put_text(out, l->address);
	put_text(out, l->options);
	put_number(out, l->ssl, 0);
	put_number(out, l->implied, 0);
}

PRINTS(stream_fields, 40);
static void put_stream(struct buf *out, const struct stream_fields *s)
{
	for (size_t i = 0; i < s->sni_count; i++) {
		put_text(out, s->sni[i].name);
		put_text(out, s->sni[i].upstream);
	}
	put_number(out, s->requests, UNSET);
	put_number(out, s->responses, UNSET);
	put_number(out, s->proxy_protocol, 0);
}

PRINTS(site, 432);
void meaning_put_site(struct buf *out, const struct site *s)
{
	put_number(out, s->protocol, 0);
	put_number(out, (long)s->listen_count, 0);
	for (size_t i = 0; i < s->listen_count; i++)
		put_listen(out, &s->listens[i]);
	put_number(out, s->is_default, 0);
	put_number(out, (long)s->server_name_count, 0);
	for (size_t i = 0; i < s->server_name_count; i++)
		put_text(out, s->server_names[i]);
	put_text(out, s->certificate);
	put_text(out, s->key);
	put_number(out, s->redirect_http, 0);
	put_number(out, s->proxy_protocol, 0);
	buf_printf(out, "%d\n", s->gzip);
	put_text(out, s->client_max_body_size);
	put_text(out, s->access_log);
	put_text(out, s->log_format);
	put_number(out, (long)s->location_count, 0);
	for (size_t i = 0; i < s->location_count; i++)
		put_location(out, &s->locations[i]);
	put_text(out, s->proxy);
	put_timeouts(out, &s->timeouts);
	put_scope(out, &s->common);
	put_headers(out, s->headers, s->header_count);
	put_text(out, s->root);
	put_number(out, s->redirect_status, 0);
	put_text(out, s->redirect_to);
	put_stream(out, &s->stream);
	put_raw(out, &s->raw);
}

/* What a definition means is its text; a cache's is made by render. */
PRINTS(definition, 88);
void meaning_put_definition(struct buf *out, const struct snippet *s)
{
	put_number(out, s->context, 0);
	put_text(out, s->text);
	put_number(out, s->definition->connections, 0);
	put_number(out, s->definition->burst, 0);
	put_number(out, s->definition->nodelay, 0);
	put_number(out, s->definition->delay, UNSET);
	put_text(out, s->definition->keys);
	put_text(out, s->definition->max_size);
	put_text(out, s->definition->inactive);
}

void meaning_put_server(struct buf *out, const struct server *server)
{
	put_text(out, server->address);
	put_params(out, server->params, &no_params);
}
