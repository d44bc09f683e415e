/*
 * Each object is printed, field by field, as text that is never parsed; equal text is equal
 * meaning. A value that is left out is printed as its default. A field that is not printed here
 * would make two different forms the same, so the sizes of the structs are checked: a new field
 * changes a size, and the compiler points here.
 */
#include <string.h>

#include <jansson.h>

#include <zknginx/model.h>

#include "core/data/layout.h"
#include "decode.h"
#include "meaning.h"

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

PRINTS(header, 16);
static void put_headers(struct buf *out, const struct header *headers, size_t count)
{
	put_number(out, (long)count, 0);
	for (size_t i = 0; i < count; i++) {
		put_text(out, headers[i].name);
		put_text(out, headers[i].value);
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
	put_words(out, d->ignored, d->ignored_count);
	put_keys(out, &d->keys);
}

/* The servers, and what has become of it, are not of this znode; `tls` is that of the discovers. */
PRINTS(upstream, 240);
static void put_upstream(struct buf *out, const struct upstream *u)
{
	put_number(out, u->protocol, 0);
	put_text(out, u->balance);
	put_number(out, u->keepalive, 0);
	put_text(out, u->zone);
	put_params(out, u->defaults, &no_params);
	put_number(out, u->min_servers, 1);
	put_number(out, u->max_shrink, UNSET);
	put_number(out, u->on_empty, 0);
	put_number(out, (long)u->discover_count, 0);
	for (size_t i = 0; i < u->discover_count; i++)
		put_discover(out, &u->discovers[i]);
}

/* --- sites ------------------------------------------------------------------------------------ */

PRINTS(location, 208);
static void put_location(struct buf *out, const struct location *l)
{
	const char *const texts[] = { l->path,        l->proxy, l->retry_on, l->cache_zone,
				      l->cache_valid, l->root,  l->expires,  l->cache_control,
				      l->limit_rate,  l->text,  l->to };

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
	put_words(out, l->limits, l->limit_count);
	put_number(out, l->status, 0);
}

PRINTS(listen, 24);
static void put_listen(struct buf *out, const struct listen *l)
{
	put_text(out, l->address);
	put_text(out, l->options);
	put_number(out, l->ssl, 0);
	put_number(out, l->implied, 0);
}

PRINTS(site, 240);
static void put_site(struct buf *out, const struct site *s)
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
	buf_printf(out, "%d\n", s->gzip);
	put_text(out, s->client_max_body_size);
	put_text(out, s->access_log);
	put_text(out, s->log_format);
	put_number(out, (long)s->location_count, 0);
	for (size_t i = 0; i < s->location_count; i++)
		put_location(out, &s->locations[i]);
	put_text(out, s->proxy);
	put_timeouts(out, &s->timeouts);
}

/* --- forms ------------------------------------------------------------------------------------ */

/* Decided before an object is decoded: does it take defaults? */
static void put_defaults(struct buf *out, const struct znode *z)
{
	json_t *object = json_loadb(z->data, z->size, JSON_REJECT_DUPLICATES, NULL);

	put_number(out, json_is_false(json_object_get(object, "defaults")), 0);
	json_decref(object);
}

static bool print_upstream(const struct meaning *m UNUSED, struct arena *a, const struct znode *z,
			   struct buf *out, struct problems *ps)
{
	struct upstream u;

	if (!decode_upstream(a, z, &u, ps))
		return false;
	put_defaults(out, z);
	put_upstream(out, &u);
	return true;
}

/* The upstream of a server, as it is in the tree; one that is not valid has the defaults. */
static struct upstream upstream_of(const struct meaning *m, struct arena *a, const char *server,
				   struct problems *ps)
{
	struct config_place p = config_place(server, m->root);
	const char *path = arena_copy(a, server, (size_t)(p.child - 1 - server));
	const struct znode nothing = { .path = path, .data = "" }, *z = tree_find(m->tree, path);
	struct upstream u;

	if (!z || !decode_upstream(a, z, &u, ps))
		decode_upstream(a, &nothing, &u, ps);
	return u;
}

static bool print_server(const struct meaning *m, struct arena *a, const struct znode *z,
			 struct buf *out, struct problems *ps)
{
	struct upstream u = upstream_of(m, a, z->path, ps);
	struct server s;

	if (!decode_server(a, z, &u, &s, ps))
		return false;
	put_text(out, s.address);
	put_params(out, s.params, &no_params);
	return true;
}

static bool print_site(const struct meaning *m, struct arena *a, const struct znode *z,
		       struct buf *out, struct problems *ps)
{
	struct site s;

	if (!decode_site(a, z, m->policy, &s, ps))
		return false;
	put_defaults(out, z);
	put_site(out, &s);
	return true;
}

/* What a definition means is its text; a cache's is made by render. */
PRINTS(definition, 80);
static bool print_definition(const struct meaning *m, struct arena *a, const struct znode *z,
			     struct buf *out, struct problems *ps)
{
	struct snippet s;

	if (!decode_definition(a, z, config_place(z->path, m->root).kind, m->policy, &s, ps))
		return false;
	put_number(out, s.context, 0);
	put_text(out, s.text);
	put_number(out, s.definition->connections, 0);
	put_number(out, s.definition->burst, 0);
	put_number(out, s.definition->nodelay, 0);
	put_text(out, s.definition->keys);
	put_text(out, s.definition->max_size);
	put_text(out, s.definition->inactive);
	return true;
}

/* Its meaning depends on what uses it: the JSON decides. */
static bool print_part(const struct meaning *m UNUSED, struct arena *a UNUSED,
		       const struct znode *z UNUSED, struct buf *out UNUSED,
		       struct problems *ps UNUSED)
{
	return false;
}

typedef bool print_form(const struct meaning *m, struct arena *a, const struct znode *z,
			struct buf *out, struct problems *ps);

/* NULL: it is compared by its bytes. */
static print_form *printer(const struct meaning *m, const char *path)
{
	struct config_place p = config_place(path, m->root);

	static print_form *const printers[] = {
		[ROLE_UPSTREAM] = print_upstream,
		[ROLE_SITE] = print_site,
		[ROLE_DEFINITION] = print_definition,
		[ROLE_TEXT] = NULL,
		[ROLE_PART] = print_part,
	};

	if (p.level == CONFIG_CHILD && p.kind == CONFIG_UPSTREAM)
		return print_server;
	return p.level == CONFIG_OBJECT ? printers[config_role(p.kind)] : NULL;
}

static bool same_bytes(const struct znode *x, const struct znode *y)
{
	return x->size == y->size && memcmp(x->data, y->data, x->size) == 0;
}

static size_t size_without_blanks(const struct znode *z)
{
	size_t size = z->size;

	while (size && strchr(" \t\r\n", z->data[size - 1]) && z->data[size - 1])
		size--;
	return size;
}

static bool same_trimmed(const struct znode *x, const struct znode *y)
{
	size_t size = size_without_blanks(x);

	return size == size_without_blanks(y) && memcmp(x->data, y->data, size) == 0;
}

static bool same_json(const struct znode *x, const struct znode *y)
{
	json_t *jx = json_loadb(x->data, x->size, JSON_REJECT_DUPLICATES, NULL);
	json_t *jy = json_loadb(y->data, y->size, JSON_REJECT_DUPLICATES, NULL);
	bool same = jx && jy && json_equal(jx, jy);

	json_decref(jx);
	json_decref(jy);
	return same;
}

/* 1: both are valid and mean the same. 0: one is valid, or they differ. -1: neither is valid. */
static int compare_forms(const struct meaning *m, print_form *print, const struct znode *x,
			 const struct znode *y)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf of_x = BUF_INIT, of_y = BUF_INIT;
	struct problems ps;
	bool x_is_valid, y_is_valid;

	problems_init(&ps);
	x_is_valid = print(m, a, x, &of_x, &ps);
	y_is_valid = print(m, a, y, &of_y, &ps);
	problems_fini(&ps);
	if (!x_is_valid && !y_is_valid)
		return -1;
	if (!x_is_valid || !y_is_valid)
		return 0;
	return strcmp(buf_str(&of_x), buf_str(&of_y)) == 0 || same_json(x, y);
}

bool meaning_same(const struct meaning *m, const struct znode *x, const struct znode *y)
{
	print_form *print;
	int same;

	if (same_bytes(x, y))
		return true;
	print = printer(m, x->path);
	if (!print)
		return same_trimmed(x, y);
	same = compare_forms(m, print, x, y);
	return same < 0 ? same_json(x, y) || same_trimmed(x, y) : same;
}
