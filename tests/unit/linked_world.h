/*
 * What the tests of link's kept result share: two hosts that see the same znodes. One keeps what
 * link found out, the other does not, and both have to agree.
 */
#ifndef TESTS_UNIT_LINKED_WORLD_H
#define TESTS_UNIT_LINKED_WORLD_H

#include "tree_fixture.h"

#include "core/compose/claims.h"
#include "core/compose/compose.h"
#include "core/compose/linked.h"
#include "core/decode/decode_cache.h"

#define ROOT "/nginx/config"
#define SEC USEC_PER_SEC

/* --- what may be written ---------------------------------------------------------------------- */

struct place {
	const char *path;
	const char *const *data; /* NULL-terminated */
};

#define DATA(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define ANSWER "\"locations\":[{\"path\":\"/\",\"return\":{\"status\":200}}]"
#define PROXY(name) "\"locations\":[{\"path\":\"/\",\"proxy\":\"" name "\"}]"
#define RAW(lines) "\"locations\":[{\"path\":\"/\",\"directives\":[\"" lines "\"]}]"

#define SERVERS DATA("", "weight=5", "weight=7 max_fails=0", "down", "{\"weight\": 3}")
#define UPSTREAMS                                                                                  \
	DATA("", "{\"balance\":\"least_conn\"}", "{\"balance\":\"hash $colour\"}",                 \
	     "{\"zone\":\"64k\"}", "{\"zone\":\"off\"}", "{\"protocol\":\"stream\"}",              \
	     "{\"sticky\":{\"cookie\":\"who\"}}", "{\"min_servers\":2}", "{")
#define SITES                                                                                      \
	DATA("{\"listen\":[\"80\"]," ANSWER "}", "{\"listen\":[\"81\"]," PROXY("a") "}",           \
	     "{\"listen\":[\"127.0.0.1:80\"]," ANSWER "}",                                         \
	     "{\"listen\":[\"80\",\"81\"],\"server_names\":[\"x.test\"]," PROXY("b") "}",          \
	     "{\"listen\":[\"80\"],\"server_names\":[\"y.test\"],\"default\":true," ANSWER "}",    \
	     "{\"listen\":[\"82\"],\"access_log\":\"l\",\"log_format\":\"f\"," ANSWER "}",         \
	     "{\"listen\":[\"82\"],\"server_names\":[\"z.test\"],\"include\":[\"x\"]," ANSWER "}", \
	     "{\"listen\":[\"83\"],\"locations\":[{\"path\":\"/\",\"return\":{\"status\":200,"     \
	     "\"text\":\"$colour\"}}]}",                                                           \
	     "{\"listen\":[\"83\"],\"server_names\":[\"v.test\"]," RAW(                            \
		     "proxy_pass http://b;") "}",                                                  \
	     "{\"listen\":[\"84\"]," RAW("proxy_pass http://$colour;") "}",                        \
	     "{\"protocol\":\"stream\",\"listen\":[\"84\"],\"proxy\":\"c\"}")
#define MAPS                                                                                       \
	DATA("{\"source\":\"$host\",\"values\":{\"q\":\"a\"}}",                                    \
	     "{\"source\":\"$host\",\"values\":{\"q\":\"b\"},\"default\":\"a\"}")

static const struct place places[] = {
	{ ROOT, DATA("") },
	{ ROOT "/upstreams/a", UPSTREAMS },
	{ ROOT "/upstreams/a/10.0.0.1:80", SERVERS },
	{ ROOT "/upstreams/a/10.0.0.2:80", SERVERS },
	{ ROOT "/upstreams/a/10.0.0.3:80", SERVERS },
	{ ROOT "/upstreams/b", UPSTREAMS },
	{ ROOT "/upstreams/b/10.0.0.1:80", SERVERS },
	{ ROOT "/upstreams/b/10.0.0.2:80", SERVERS },
	{ ROOT "/upstreams/c", DATA("{\"protocol\":\"stream\"}", "") },
	{ ROOT "/upstreams/c/10.0.0.1:80", SERVERS },
	{ ROOT "/upstreams/c/10.0.0.2:80", SERVERS },
	{ ROOT "/sites/one", SITES },
	{ ROOT "/sites/two", SITES },
	{ ROOT "/sites/three", SITES },
	{ ROOT "/maps/colour", MAPS },
	{ ROOT "/log_formats/f",
	  DATA("{\"format\":\"$remote_addr\"}", "{\"format\":\"$host $colour\"}") },
	{ ROOT "/snippets/server/x", DATA("gzip on;", "set $colour 1;", "proxy_pass http://a;") },
	{ ROOT "/snippets/http/s",
	  DATA("server { listen 80; server_name s.test; return 200; }",
	       "server { listen 85; location / { proxy_pass http://a; } }",
	       "upstream b { server 10.9.0.1:80; }", "map $uri $colour { default b; }",
	       "log_format f '$uri';", "server { listen 85; return 200 $colour; }") },
	{ ROOT "/snippets/stream/t", DATA("server { listen 86; proxy_pass c; }") },
};

#define PLACES ARRAY_SIZE(places)
#define IS_SERVER(i) (strstr(places[i].path, "/10.0.0.") != NULL)

struct state {
	const char *data[PLACES]; /* NULL: there is no such znode */
	int64_t mzxid[PLACES], czxid[PLACES], pzxid[PLACES];
};

static UNUSED size_t place_of(const char *path)
{
	size_t at = 0;

	while (strcmp(places[at].path, path) != 0)
		at++;
	return at;
}

/* The upstream of a server. */
static size_t parent_of(size_t i)
{
	while (IS_SERVER(i))
		i--;
	return i;
}

/* NULL: the znode is deleted. */
static void write_znode(struct state *s, size_t i, const char *data, int64_t zxid)
{
	if (!s->data[i])
		s->czxid[i] = zxid;
	if (!s->data[i] != !data)
		s->pzxid[parent_of(i)] = zxid;
	s->data[i] = data;
	s->mzxid[i] = zxid;
}

static UNUSED void put(struct state *s, const char *path, const char *data, int64_t zxid)
{
	write_znode(s, place_of(path), data, zxid);
}

static struct tree *tree_of(const struct state *s)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;

	tree_builder_init(&b);
	for (size_t i = 0; i < PLACES; i++) {
		if (s->data[i])
			tree_builder_add(&b, &(struct znode){ .path = places[i].path,
							      .data = s->data[i],
							      .size = strlen(s->data[i]),
							      .mzxid = s->mzxid[i],
							      .czxid = s->czxid[i],
							      .pzxid = s->pzxid[i] });
	}
	return tree_builder_finish(&b);
}

/* --- hosts ------------------------------------------------------------------------------------ */

/* What all hosts have. */
struct surroundings {
	uint64_t now;
	struct policy policy;
	struct host_claims *nginx_conf; /* NULL: not known */
	bool sockets_are_free, may_define;
	struct drain drain;
	bool has_drain;
};

struct host {
	struct decode_cache *decoded;
	struct linked *linked; /* NULL: nothing is kept */
	struct guard *guard;
	struct tree *accepted;
	struct model *good, *next;
	struct problems problems;
};

static UNUSED struct host_claims *read_nginx_conf(const char *text)
{
	const struct host_file f = { .path = "/etc/nginx/nginx.conf",
				     .text = text,
				     .size = strlen(text) };

	return host_claims_read(&f, 1);
}

static UNUSED void host_init(struct host *h, bool keeps)
{
	*h = (struct host){ .guard = guard_new(), .accepted = tree_empty(), .good = model_new() };
	problems_init(&h->problems);
	if (!keeps)
		return;
	h->decoded = decode_cache_new();
	h->linked = linked_new();
}

static UNUSED void host_fini(struct host *h)
{
	decode_cache_free(h->decoded);
	linked_free(h->linked);
	guard_free(h->guard);
	tree_unref(h->accepted);
	model_free(h->good);
	model_free(h->next);
	problems_fini(&h->problems);
}

static UNUSED void run(struct host *h, const struct state *state, struct surroundings *s)
{
	const struct guard_rules rules = { .max_shrink = 50, .window = 10 * SEC, .hold = 30 * SEC };
	CLEANUP(tree_unrefp) struct tree *tree = tree_of(state);

	model_free(h->next);
	problems_fini(&h->problems);
	problems_init(&h->problems);
	h->next = compose(&(struct compose_input){ .tree = tree,
						   .accepted = h->accepted,
						   .good = h->good,
						   .root = ROOT,
						   .policy = &s->policy,
						   .guard = h->guard,
						   .rules = &rules,
						   .now = s->now,
						   .drains = { &s->drain, s->has_drain, 1 },
						   .host = s->nginx_conf,
						   .sockets_are_free = s->sockets_are_free,
						   .host_may_define = s->may_define,
						   .cache = h->decoded,
						   .linked = h->linked },
			  &h->problems, NULL);
}

static UNUSED void accept(struct host *h)
{
	tree_unref(h->accepted);
	h->accepted = model_sources(h->next);
	model_free(h->good);
	h->good = TAKE(h->next);
}

/* As after a start: the model of what was accepted is made again. */
static UNUSED void reread(struct host *h, const struct surroundings *s)
{
	model_free(h->good);
	h->good = compose_accepted(h->accepted, ROOT, &s->policy, NULL);
}

/* --- do they agree? --------------------------------------------------------------------------- */

static void same_source(const struct znode *x, const struct znode *y)
{
	assert_string_equal(x->path, y->path);
	assert_string_equal(x->data, y->data);
	assert_true(x->czxid == y->czxid);
}

static void same_upstreams(const struct model *x, const struct model *y)
{
	assert_int_equal(x->upstream_count, y->upstream_count);
	for (size_t i = 0; i < x->upstream_count; i++) {
		same_source(&x->upstreams[i]->source, &y->upstreams[i]->source);
		assert_int_equal(x->upstreams[i]->retained, y->upstreams[i]->retained);
		assert_int_equal(x->upstreams[i]->server_count, y->upstreams[i]->server_count);
	}
}

static void same_sites(const struct model *x, const struct model *y)
{
	assert_int_equal(x->site_count, y->site_count);
	for (size_t i = 0; i < x->site_count; i++) {
		const struct site *a = &x->sites[i], *b = &y->sites[i];

		same_source(&a->source, &b->source);
		assert_int_equal(a->retained, b->retained);
		assert_int_equal(a->listen_count, b->listen_count);
		for (size_t j = 0; j < a->listen_count; j++)
			assert_int_equal(a->listens[j].stay_default, b->listens[j].stay_default);
	}
}

static void same_claims(const struct claims *x, const struct claims *y)
{
	assert_non_null(x);
	assert_int_equal(x->count, y->count);
	for (size_t i = 0; i < x->count; i++) {
		assert_string_equal(x->items[i].key, y->items[i].key);
		assert_int_equal(x->items[i].line, y->items[i].line);
		assert_int_equal(x->items[i].listen, y->items[i].listen);
		assert_int_equal(x->items[i].live, y->items[i].live);
	}
}

static void same_texts(const struct model *x, const struct model *y)
{
	assert_int_equal(x->snippet_count, y->snippet_count);
	for (size_t i = 0; i < x->snippet_count; i++) {
		same_source(&x->snippets[i].source, &y->snippets[i].source);
		assert_int_equal(x->snippets[i].retained, y->snippets[i].retained);
		same_claims(x->snippets[i].claims, y->snippets[i].claims);
	}
}

static void same_defaults(const struct model *x, const struct model *y)
{
	assert_int_equal(x->default_count, y->default_count);
	for (size_t i = 0; i < x->default_count; i++) {
		assert_string_equal(x->defaults[i].address, y->defaults[i].address);
		assert_string_equal(x->defaults[i].znode, y->defaults[i].znode);
	}
}

static void same_problems(const struct problems *x, const struct problems *y)
{
	for (size_t i = 0; i < x->count && i < y->count; i++) {
		assert_string_equal(x->items[i].znode, y->items[i].znode);
		assert_string_equal(x->items[i].message, y->items[i].message);
		assert_int_equal(problem_compare(&x->items[i], &y->items[i]), 0);
		assert_int_equal(x->items[i].line, y->items[i].line);
		assert_int_equal(x->items[i].serving, y->items[i].serving);
	}
	assert_int_equal(x->count, y->count);
}

static UNUSED void compare(const struct host *x, const struct host *y)
{
	same_problems(&x->problems, &y->problems);
	same_upstreams(x->next, y->next);
	same_sites(x->next, y->next);
	same_texts(x->next, y->next);
	same_defaults(x->next, y->next);
	assert_int_equal(x->next->pending, y->next->pending);
}

#endif
