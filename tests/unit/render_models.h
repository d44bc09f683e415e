/* Small models written by hand for the tests of render, and checks for every rendering. */
#ifndef ZKNGINX_TESTS_RENDER_MODELS_H
#define ZKNGINX_TESTS_RENDER_MODELS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <zknginx/err.h>

#include "core/render/render.h"
#include "core/text/lexer.h"

static const struct render_options OPTIONS = {
	.log_directory = "/var/log/nginx",
	.cache_directory = "/var/cache/nginx",
};

static const struct znode SERVER_SOURCE = { .path = "/u/shop/server", .data = "" };

static UNUSED struct server server(const char *address)
{
	return (struct server){
		.address = address,
		.params = { .weight = 1, .max_fails = 1, .fail_timeout = "10s", .max_conns = 0 },
		.source = &SERVER_SOURCE,
	};
}

static UNUSED struct upstream upstream(const char *name, struct server *servers, size_t count)
{
	return (struct upstream){
		.name = name,
		.keepalive = UNSET,
		.servers = servers,
		.server_count = count,
		.source = { .path = "/u/shop", .data = "" },
	};
}

static UNUSED struct location proxy(const char *path)
{
	return (struct location){
		.path = path,
		.kind = LOCATION_PROXY,
		.proxy = "shop",
		.retry_tries = UNSET,
		.limit_burst = UNSET,
	};
}

static struct listen LISTENS[] = { { .address = "80", .options = "", .ssl = false } };

static UNUSED struct site site(const char *name, struct location *locations, size_t count)
{
	return (struct site){
		.name = name,
		.listens = LISTENS,
		.listen_count = 1,
		.gzip = -1,
		.locations = locations,
		.location_count = count,
		.source = { .path = "/s/site", .data = "" },
	};
}

/* Both files can be read by nginx, and their braces balance. */
static UNUSED void assert_readable(const struct bundle_text *t)
{
	struct lexer l;
	struct token token;
	int depth = 0;

	lexer_init(&l, t->data, t->size);
	do {
		token = lexer_next(&l);
		depth += (token.kind == TOKEN_OPEN) - (token.kind == TOKEN_CLOSE);
		assert_true(depth >= 0);
	} while (token.kind != TOKEN_END && token.kind != TOKEN_ERROR);
	assert_int_equal(token.kind, TOKEN_END);
	assert_int_equal(depth, 0);
	lexer_fini(&l);
}

static UNUSED struct bundle *rendered(const struct model *m)
{
	struct bundle *b = render(m, &OPTIONS);

	assert_readable(bundle_text(b, BUNDLE_HTTP));
	assert_readable(bundle_text(b, BUNDLE_STREAM));
	return b;
}

static const char *http(const struct bundle *b)
{
	return bundle_text(b, BUNDLE_HTTP)->data;
}

static UNUSED void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\n%s\n--- is not in ---\n%s", part, text);
}

static UNUSED void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\n%s\n--- is in ---\n%s", part, text);
}

static UNUSED struct bundle *of_upstream(struct upstream *u)
{
	struct model m = { .upstreams = (const struct upstream *[]){ u }, .upstream_count = 1 };

	return rendered(&m);
}

static UNUSED struct bundle *of_site(struct site *s)
{
	struct model m = { .sites = s, .site_count = 1 };

	return rendered(&m);
}

static UNUSED struct bundle *of_location(struct location *l)
{
	struct site s = site("shop", l, 1);

	return of_site(&s);
}

#endif
