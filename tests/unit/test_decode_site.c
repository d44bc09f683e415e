/* Sites and snippets, each znode by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <zknginx/decode.h>

struct fixture {
	struct arena *arena;
	struct problems problems;
	struct site site;
};

static const char *const roots[] = { "/srv", "/etc/ssl", NULL };
static const struct policy policy = { POLICY_SAFE, roots };

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .arena = arena_new() };
	problems_init(&f.problems);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	problems_fini(&f->problems);
	return 0;
}

static bool site(struct fixture *f, const char *json)
{
	struct znode z = { .path = "/c/sites/shop", .data = json, .size = strlen(json) };

	f->problems.count = 0;
	return decode_site(f->arena, &z, &policy, &f->site, &f->problems);
}

/* A site with these fields beside a listen and a location that are fine. */
static bool site_with(struct fixture *f, const char *fields)
{
	return site(f, arena_printf(f->arena,
				    "{ \"listen\": [\"80\"], \"locations\": [{ \"path\": \"/\", "
				    "\"proxy\": \"a\" }], %s }",
				    fields));
}

static bool site_listening(struct fixture *f, const char *listen)
{
	return site(f, arena_printf(f->arena,
				    "{ \"listen\": [%s], \"tls\": { \"certificate\": \"/srv/c\", "
				    "\"key\": \"/srv/k\" }, \"locations\": [{ \"path\": \"/\", "
				    "\"proxy\": \"a\" }] }",
				    listen));
}

static bool location(struct fixture *f, const char *fields)
{
	return site(f, arena_printf(f->arena, "{ \"listen\": [\"80\"], \"locations\": [{ %s }] }",
				    fields));
}

static void expect_field(const struct fixture *f, const char *what, const char *field)
{
	if (f->problems.count != 1 || strcmp(f->problems.items[0].field, field) != 0)
		fail_msg("%s: %zu problems, the first of \"%s\" (expected \"%s\"): %s", what,
			 f->problems.count, f->problems.count ? f->problems.items[0].field : "",
			 field, f->problems.count ? f->problems.items[0].message : "");
	assert_int_equal(f->problems.items[0].kind, PROBLEM_FIELD);
	assert_string_equal(f->problems.items[0].znode, "/c/sites/shop");
}

static const char full_site[] =
	"{ \"listen\": [ \"80\", \"443 ssl http2\" ],"
	"  \"server_names\": [ \"Shop.example.com\", \"*.shop.example.com\", \"shop.*\", \"_\" ],"
	"  \"tls\": { \"certificate\": \"/etc/ssl/shop.crt\", \"key\": "
	"\"/etc/ssl/private/shop.key\","
	"             \"redirect_http\": true },"
	"  \"gzip\": false, \"client_max_body_size\": \"10m\", \"access_log\": \"shop\","
	"  \"locations\": ["
	"    { \"path\": \"/\", \"proxy\": \"shop\", \"websocket\": true,"
	"      \"timeouts\": { \"connect\": \"250ms\", \"read\": \"30s\", \"send\": \"5\" },"
	"      \"request_headers\": { \"X-Real-IP\": \"$remote_addr\", \"Accept-Encoding\": \"\" },"
	"      \"response_headers\": { \"X-A\": \"a b\" },"
	"      \"retry\": { \"on\": \"error timeout http_502\", \"tries\": 2 } },"
	"    { \"path\": \"^~ /static/\", \"root\": \"/srv/www\", \"expires\": \"30d\","
	"      \"cache_control\": \"public, immutable\" },"
	"    { \"path\": \"/api/\", \"proxy\": \"api\","
	"      \"cache\": { \"zone\": \"api\", \"valid\": \"200 302 10m\" },"
	"      \"limit\": { \"rate\": \"50r/s\", \"burst\": 100, \"nodelay\": true } },"
	"    { \"path\": \"= /ping\", \"return\": { \"status\": 200, \"text\": \"ok\" } },"
	"    { \"path\": \"/old/\", \"redirect\": { \"status\": 301, \"to\": \"/new$request_uri\" "
	"} }"
	"  ] }";

static void test_full_site(void **state)
{
	struct fixture *f = *state;
	const struct site *s = &f->site;

	assert_true(site(f, full_site));
	assert_int_equal(f->problems.count, 0);
	assert_string_equal(s->name, "shop");
	assert_int_equal(s->listen_count, 2);
	assert_string_equal(s->listens[0].address, "80");
	assert_string_equal(s->listens[0].options, "");
	assert_false(s->listens[0].ssl);
	assert_string_equal(s->listens[1].address, "443");
	assert_string_equal(s->listens[1].options, "ssl http2");
	assert_true(s->listens[1].ssl);
	assert_int_equal(s->server_name_count, 4);
	assert_string_equal(s->server_names[0], "shop.example.com");
	assert_string_equal(s->certificate, "/etc/ssl/shop.crt");
	assert_string_equal(s->key, "/etc/ssl/private/shop.key");
	assert_true(s->redirect_http);
	assert_int_equal(s->gzip, 0);
	assert_string_equal(s->client_max_body_size, "10m");
	assert_string_equal(s->access_log, "shop");
	assert_int_equal(s->location_count, 5);
}

static void test_full_locations(void **state)
{
	struct fixture *f = *state;
	const struct location *l;

	assert_true(site(f, full_site));
	l = f->site.locations;
	assert_int_equal(l[0].kind, LOCATION_PROXY);
	assert_string_equal(l[0].proxy, "shop");
	assert_true(l[0].websocket);
	assert_string_equal(l[0].timeouts.connect, "250ms");
	assert_string_equal(l[0].timeouts.send, "5");
	assert_int_equal(l[0].request_header_count, 2);
	assert_string_equal(l[0].request_headers[0].value, "$remote_addr");
	assert_string_equal(l[0].request_headers[1].value, "");
	assert_int_equal(l[0].response_header_count, 1);
	assert_string_equal(l[0].retry_on, "error timeout http_502");
	assert_int_equal(l[0].retry_tries, 2);
	assert_int_equal(l[0].limit_burst, UNSET);
	assert_int_equal(l[1].kind, LOCATION_ROOT);
	assert_string_equal(l[1].path, "^~ /static/");
	assert_string_equal(l[1].root, "/srv/www");
	assert_string_equal(l[1].expires, "30d");
	assert_string_equal(l[1].cache_control, "public, immutable");
	assert_int_equal(l[1].retry_tries, UNSET);
	assert_string_equal(l[2].cache_zone, "api");
	assert_string_equal(l[2].cache_valid, "200 302 10m");
	assert_string_equal(l[2].limit_rate, "50r/s");
	assert_int_equal(l[2].limit_burst, 100);
	assert_true(l[2].limit_nodelay);
	assert_int_equal(l[3].kind, LOCATION_RETURN);
	assert_int_equal(l[3].status, 200);
	assert_string_equal(l[3].text, "ok");
	assert_int_equal(l[4].kind, LOCATION_REDIRECT);
	assert_int_equal(l[4].status, 301);
	assert_string_equal(l[4].to, "/new$request_uri");
}

static void test_small_site(void **state)
{
	struct fixture *f = *state;

	assert_true(site_with(f, "\"protocol\": \"http\""));
	assert_int_equal(f->site.gzip, -1);
	assert_null(f->site.access_log);
	assert_null(f->site.certificate);
	assert_int_equal(f->site.server_name_count, 0);
}

static void test_listens(void **state)
{
	static const struct {
		const char *json, *address, *options;
	} good[] = {
		{ "\"443 ssl\"", "443", "ssl" },
		{ "\"*:443 ssl\"", "443", "ssl" },
		{ "\"0.0.0.0:443 ssl\"", "443", "ssl" },
		{ "\"127.0.0.1:443 ssl default_server reuseport\"", "127.0.0.1:443",
		  "ssl default_server reuseport" },
		{ "\"[::]:443 ssl ipv6only=on\"", "[::]:443", "ssl ipv6only=on" },
		{ "\"[2001:DB8::1]:443 ssl proxy_protocol\"", "[2001:db8::1]:443",
		  "ssl proxy_protocol" },
	};
	static const char *const bad[] = {
		"\"80a\"",
		"\"0\"",
		"\"65536\"",
		"\"080\"",
		"\"localhost:80\"",
		"\"unix:/x\"",
		"\"127.1:80\"",
		"\"[::1]\"",
		"\"::1:80\"",
		"\"10.0.0.1\"",
		"\"224.0.0.1:80\"",
		"\"\"",
		"\" 80\"",
		"\"80 \"",
		"\"80  ssl\"",
		"\"80 ssl ssl\"",
		"\"80 udp\"",
		"\"80 backlog=1\"",
		"\"80;\"",
		"\"80 ssl;\"",
		"\"80 ipv6only=on\"",
		"\"[::]:80 ipv6only=on ipv6only=off\"",
		"\"80\\n\"",
		"80",
		"null",
		"\"80 SSL\"",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(site_listening(f, good[i].json));
		assert_string_equal(f->site.listens[0].address, good[i].address);
		assert_string_equal(f->site.listens[0].options, good[i].options);
		assert_true(f->site.listens[0].ssl);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(site_listening(f, bad[i]));
		expect_field(f, bad[i], "listen[0]");
	}
	assert_false(site_listening(f, "\"80\", \"443 ssl\", \"*:80\""));
	expect_field(f, "a double", "listen[2]");
	assert_false(site_listening(f, ""));
	expect_field(f, "no listen", "listen");
}

static void test_server_names(void **state)
{
	static const char *const bad[] = {
		"\"\"",      "\"~^a$\"", "\"a b\"",         "\"*\"",     "\"*.\"",
		"\"a.*.b\"", "\"*a.b\"", "\".a\"",          "\"a.\"",    "\"a..b\"",
		"\"-a\"",    "\"a;\"",   "\"$host\"",       "\"a\\\"\"", "\"*.*\"",
		"\"__;\"",   "1",        "\"\xc3\xa4.de\"", "\"a/b\"",   "\"a:80\"",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(
			site_with(f, arena_printf(f->arena, "\"server_names\": [%s]", bad[i])));
		expect_field(f, bad[i], "server_names[0]");
	}
	assert_false(site_with(f, "\"server_names\": [\"a\", \"b\", \"A\"]"));
	expect_field(f, "a double", "server_names[2]");
	assert_false(site_with(f, "\"server_names\": \"a\""));
	expect_field(f, "no list", "server_names");
}

static void test_tls(void **state)
{
	static const struct {
		const char *tls, *field;
	} bad[] = {
		{ "{\"certificate\":\"/srv/a\"}", "tls.key" },
		{ "{\"key\":\"/srv/a\"}", "tls.certificate" },
		{ "{\"certificate\":\"/etc/passwd\",\"key\":\"/srv/a\"}", "tls.certificate" },
		{ "{\"certificate\":\"/srv/a\",\"key\":\"engine:/srv/x:k\"}", "tls.key" },
		{ "{\"certificate\":\"/srv/a\",\"key\":\"/srv/../etc/shadow\"}", "tls.key" },
		{ "{\"certificate\":\"data:$a\",\"key\":\"/srv/a\"}", "tls.certificate" },
		{ "{\"certificate\":\"/srv/$host\",\"key\":\"/srv/a\"}", "tls.certificate" },
		{ "{\"certificate\":\"srv/a\",\"key\":\"/srv/a\"}", "tls.certificate" },
		{ "{\"certificate\":\"/srv/a\",\"key\":\"/srv/b\",\"redirect_http\":1}",
		  "tls.redirect_http" },
		{ "{\"certificate\":\"/srv/a\",\"key\":\"/srv/b\",\"ca\":\"/srv/c\"}", "tls.ca" },
		{ "true", "tls" },
		/* No listen has ssl. */
		{ "{\"certificate\":\"/srv/a\",\"key\":\"/srv/b\"}", "tls" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(site_with(f, arena_printf(f->arena, "\"tls\": %s", bad[i].tls)));
		expect_field(f, bad[i].tls, bad[i].field);
	}
	assert_false(site(f, "{\"listen\":[\"443 ssl\"],\"locations\":[{\"path\":\"/\","
			     "\"proxy\":\"a\"}]}"));
	expect_field(f, "ssl without tls", "tls");
}

static void test_site_fields(void **state)
{
	static const struct {
		const char *fields, *field;
	} bad[] = {
		{ "\"gzip\": \"on\"", "gzip" },
		{ "\"client_max_body_size\": \"10mb\"", "client_max_body_size" },
		{ "\"client_max_body_size\": 10", "client_max_body_size" },
		{ "\"access_log\": \"/etc/cron.d/x\"", "access_log" },
		{ "\"access_log\": \"../x\"", "access_log" },
		{ "\"access_log\": true", "access_log" },
		{ "\"proxy\": \"a\"", "proxy" },
		{ "\"timeouts\": {}", "timeouts" },
		{ "\"protocol\": \"ftp\"", "protocol" },
		{ "\"include\": \"x\"", "include" },
		{ "\"a.b;\\u000a{\": 1", "a.b;\n{" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(site_with(f, bad[i].fields));
		expect_field(f, bad[i].fields, bad[i].field);
	}
	assert_true(site_with(f, "\"access_log\": \"off\", \"client_max_body_size\": \"0\""));
	assert_false(site(f, "{}"));
	assert_int_equal(f->problems.count, 2);
}

static void test_bad_locations(void **state)
{
	static const struct {
		const char *fields, *field;
	} bad[] = {
		{ "\"path\":\"/\"", "" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"root\":\"/srv\"", "" },
		{ "\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"\",\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"a\",\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"~ ^/a\",\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"=/a\",\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"=  /a\",\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"@a\",\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"/a$host\",\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"/a;\",\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"/ { } \",\"proxy\":\"a\"", ".path" },
		{ "\"path\":\"/\",\"proxy\":\"http://a\"", ".proxy" },
		{ "\"path\":\"/\",\"proxy\":\"unix:/x\"", ".proxy" },
		{ "\"path\":\"/\",\"proxy\":\"A\"", ".proxy" },
		{ "\"path\":\"/\",\"proxy\":1", ".proxy" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"websocket\":1", ".websocket" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"timeouts\":{\"read\":\"1 s\"}",
		  ".timeouts.read" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"timeouts\":{\"idle\":\"1s\"}",
		  ".timeouts.idle" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"error error\"}",
		  ".retry.on" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"error off\"}", ".retry.on" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"error;\"}", ".retry.on" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"error \"}", ".retry.on" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"\"}", ".retry.on" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"tries\":-1}", ".retry.tries" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"valid\":\"1m\"}", ".cache.zone" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"zone\":\"/x\"}", ".cache.zone" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"zone\":\"z\",\"valid\":\"200\"}",
		  "?" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"zone\":\"z\",\"valid\":\"600 1m\"}",
		  ".cache.valid" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"zone\":\"z\",\"valid\":\"200 1ms\"}",
		  ".cache.valid" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"limit\":{\"rate\":\"50\"}", ".limit.rate" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"limit\":{\"rate\":\"0r/s\"}", ".limit.rate" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"limit\":{\"burst\":1}", ".limit.rate" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"A B\":\"x\"}",
		  ".request_headers.A B" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"\":\"x\"}",
		  ".request_headers." },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"A$host\":\"x\"}",
		  ".request_headers.A$host" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"A\":\"$evil\"}",
		  ".request_headers.A" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"A\":\"$uri\"}",
		  ".request_headers.A" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"A\":\"a\\u000ab\"}",
		  ".request_headers.A" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"A\":\"1\",\"a\":\"2\"}",
		  ".request_headers.a" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"Content-Length\":\"2\"}",
		  ".request_headers.Content-Length" },
		{ "\"path\":\"/\",\"root\":\"/etc\"", ".root" },
		{ "\"path\":\"/\",\"root\":\"srv\"", ".root" },
		{ "\"path\":\"/\",\"root\":\"/srv\",\"expires\":\"1ms\"", ".expires" },
		{ "\"path\":\"/\",\"root\":\"/srv\",\"expires\":\"$x\"", ".expires" },
		{ "\"path\":\"/\",\"root\":\"/srv\",\"expires\":\"--1\"", ".expires" },
		{ "\"path\":\"/\",\"root\":\"/srv\",\"cache_control\":\"a\\\"b\"",
		  ".cache_control" },
		{ "\"path\":\"/\",\"root\":\"/srv\",\"cache_control\":\"\"", ".cache_control" },
		{ "\"path\":\"/\",\"root\":\"/srv\",\"websocket\":true", ".websocket" },
		{ "\"path\":\"/\",\"root\":\"/srv\",\"retry\":{}", ".retry" },
		{ "\"path\":\"/\",\"return\":{\"status\":200},\"expires\":\"1d\"", ".expires" },
		{ "\"path\":\"/\",\"return\":{}", ".return.status" },
		{ "\"path\":\"/\",\"return\":{\"status\":199}", ".return.status" },
		{ "\"path\":\"/\",\"return\":{\"status\":600}", ".return.status" },
		{ "\"path\":\"/\",\"return\":{\"status\":\"200\"}", ".return.status" },
		{ "\"path\":\"/\",\"return\":{\"status\":301,\"text\":\"/x\"}", ".return.status" },
		{ "\"path\":\"/\",\"return\":{\"status\":444,\"text\":\"x\"}", ".return.text" },
		{ "\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"$host\"}", ".return.text" },
		{ "\"path\":\"/\",\"redirect\":{\"status\":301}", ".redirect.to" },
		{ "\"path\":\"/\",\"redirect\":{\"to\":\"/\"}", ".redirect.status" },
		{ "\"path\":\"/\",\"redirect\":{\"status\":300,\"to\":\"/\"}", ".redirect.status" },
		{ "\"path\":\"/\",\"redirect\":{\"status\":301,\"to\":\"x\"}", ".redirect.to" },
		{ "\"path\":\"/\",\"redirect\":{\"status\":301,\"to\":\"/$uri\"}", ".redirect.to" },
		{ "\"path\":\"/\",\"redirect\":{\"status\":301,\"to\":\"javascript:a\"}",
		  ".redirect.to" },
		{ "\"path\":\"/\",\"proxy\":\"a\",\"alias\":\"/x\"", ".alias" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (bad[i].field[0] == '?') {
			/* "200" is a time of 200 seconds, for every status that is cached. */
			assert_true(location(f, bad[i].fields));
			continue;
		}
		assert_false(location(f, bad[i].fields));
		expect_field(f, bad[i].fields,
			     arena_printf(f->arena, "locations[0]%s", bad[i].field));
	}
}

static void test_good_locations(void **state)
{
	static const char *const good[] = {
		"\"path\":\"/a b\",\"proxy\":\"a\"",
		"\"path\":\"/\",\"return\":{\"status\":444}",
		"\"path\":\"/\",\"return\":{\"status\":404,\"text\":\"\"}",
		"\"path\":\"/\",\"root\":\"/srv\",\"expires\":\"-1\"",
		"\"path\":\"/\",\"root\":\"/srv\",\"expires\":\"max\"",
		"\"path\":\"/\",\"proxy\":\"a\",\"limit\":{\"rate\":\"1r/m\"}",
		"\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"off\"}",
		"\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"zone\":\"z\",\"valid\":\"any 1m\"}",
		"\"path\":\"/\",\"redirect\":{\"status\":308,\"to\":\"https://$host$request_uri\"}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (!location(f, good[i]))
			fail_msg("%s: %s", good[i], f->problems.items[0].message);
		assert_int_equal(f->site.locations[0].limit_burst, UNSET);
	}
}

static void test_double_locations(void **state)
{
	static const char site_of[] = "{\"listen\":[\"80\"],\"locations\":[{\"path\":\"%s\","
				      "\"proxy\":\"a\"},{\"path\":\"%s\",\"proxy\":\"b\"}]}";
	struct fixture *f = *state;
	char json[256];

	snprintf(json, sizeof(json), site_of, "/a", "^~ /a");
	assert_false(site(f, json));
	expect_field(f, json, "locations[1].path");
	snprintf(json, sizeof(json), site_of, "= /a", "= /a");
	assert_false(site(f, json));
	snprintf(json, sizeof(json), site_of, "/a", "= /a");
	assert_true(site(f, json));
}

/* Each metacharacter in each place where a text may stand. */
static void test_metacharacters_are_refused_everywhere(void **state)
{
	static const char *const templates[] = {
		"{\"listen\":[\"80%s\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"a\"}]}",
		"{\"listen\":[\"80\"],\"server_names\":[\"a%s\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\"}]}",
		"{\"listen\":[\"80\"],\"access_log\":\"a%s\",\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\"}]}",
		"{\"listen\":[\"80\"],\"client_max_body_size\":\"1%s\",\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\"}]}",
		"{\"listen\":[\"443 "
		"ssl\"],\"tls\":{\"certificate\":\"/srv/a%s\",\"key\":\"/srv/"
		"k\"},\"locations\":[{\"path\":\"/\",\"proxy\":\"a\"}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/%s\",\"proxy\":\"a\"}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"a%s\"}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/\",\"root\":\"/srv%s\"}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"timeouts\":{\"read\":\"1%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"request_headers\":{\"A\":\"%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"request_headers\":{\"A%s\":\"\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"response_headers\":{\"A\":\"%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"retry\":{\"on\":\"error%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"expires\":\"1d%s\"}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"cache_control\":\"%s\"}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"cache\":{\"zone\":\"a%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"cache\":{\"zone\":\"a\",\"valid\":\"1m%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"limit\":{\"rate\":\"1r/s%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"return\":{\"status\":200,\"text\":\"%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"redirect\":{\"status\":301,\"to\":\"/%s\"}}]}",
		"{\"listen\":[\"80\"],\"protocol\":\"stream\",\"proxy\":\"a%s\"}",
		"{\"listen\":[\"80\"],\"protocol\":\"stream\",\"proxy\":\"a\",\"timeouts\":{"
		"\"idle\":\"1s%s\"}}",
	};
	static const char *const evil[] = {
		";",   "{",       "}",       "\\\"",    "'",       "\\\\",    "#",
		"`",   "$",       "${host}", "$evil",   "$1",      "\\n",     "\\r",
		"\\t", "\\u0001", "\\u007f", "\\u0085", "\\u2028", "\\u202e", "\\ufeff",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(templates); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(evil); j++) {
			const char *hole = strstr(templates[i], "%s");
			const char *json =
				arena_printf(f->arena, "%.*s%s%s", (int)(hole - templates[i]),
					     templates[i], evil[j], hole + 2);

			if (site(f, json))
				fail_msg("taken: %s", json);
			assert_int_equal(f->problems.items[0].kind, PROBLEM_FIELD);
		}
	}
}

static void test_stream_site(void **state)
{
	static const struct {
		const char *fields, *field;
	} bad[] = {
		{ "\"listen\":[\"53 ssl\"],\"proxy\":\"dns\"", "listen[0]" },
		{ "\"listen\":[\"53 http2\"],\"proxy\":\"dns\"", "listen[0]" },
		{ "\"listen\":[\"53 udp proxy_protocol\"],\"proxy\":\"dns\"", "listen[0]" },
		{ "\"listen\":[\"53 udp\",\"53 udp\"],\"proxy\":\"dns\"", "listen[1]" },
		{ "\"listen\":[\"53\"]", "proxy" },
		{ "\"listen\":[\"53\"],\"proxy\":\"dns\",\"locations\":[]", "locations" },
		{ "\"listen\":[\"53\"],\"proxy\":\"dns\",\"server_names\":[\"a\"]",
		  "server_names" },
		{ "\"listen\":[\"53\"],\"proxy\":\"dns\",\"timeouts\":{\"read\":\"1s\"}",
		  "timeouts.read" },
	};
	struct fixture *f = *state;

	assert_true(site(f,
			 "{\"protocol\":\"stream\",\"listen\":[\"53\",\"53 udp reuseport\"],"
			 "\"proxy\":\"dns\",\"timeouts\":{\"connect\":\"1s\",\"idle\":\"5m\"}}"));
	assert_int_equal(f->site.protocol, PROTOCOL_STREAM);
	assert_string_equal(f->site.proxy, "dns");
	assert_string_equal(f->site.timeouts.connect, "1s");
	assert_string_equal(f->site.timeouts.read, "5m");
	assert_string_equal(f->site.listens[1].options, "udp reuseport");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(site(
			f, arena_printf(f->arena, "{\"protocol\":\"stream\",%s}", bad[i].fields)));
		expect_field(f, bad[i].fields, bad[i].field);
	}
}

static void test_an_empty_site_is_not_json(void **state)
{
	struct fixture *f = *state;

	assert_false(site(f, ""));
	assert_int_equal(f->problems.count, 1);
	assert_int_equal(f->problems.items[0].kind, PROBLEM_JSON);
}

static bool snippet(struct fixture *f, const char *text, size_t size, struct snippet *out)
{
	struct znode z = { .path = "/c/snippets/http/a", .data = text, .size = size };

	f->problems.count = 0;
	return decode_snippet(f->arena, &z, PROTOCOL_HTTP, &policy, out, &f->problems);
}

static void test_snippets(void **state)
{
	static const char text[] = "server { location / { proxy_pass http://shop; } } # end";
	struct fixture *f = *state;
	struct snippet s;

	assert_true(snippet(f, text, strlen(text), &s));
	assert_string_equal(s.name, "a");
	assert_int_equal(s.context, PROTOCOL_HTTP);
	assert_int_equal(s.upstream_count, 1);
	assert_string_equal(s.upstreams[0], "shop");
	/* The comment on the last line ends there. */
	assert_int_equal(s.text[strlen(s.text) - 1], '\n');
}

static void test_bad_snippets(void **state)
{
	static const struct {
		const char *text;
		enum problem_kind kind;
		unsigned line;
	} cases[] = {
		{ "gzip on;\ninclude x;", PROBLEM_POLICY, 2 },
		{ "server {", PROBLEM_POLICY, 1 },
		{ "", PROBLEM_FIELD, 0 },
		{ " \n# nothing\n", PROBLEM_FIELD, 0 },
		{ "\xef\xbb\xbfgzip on;", PROBLEM_FIELD, 0 },
		{ "add_header X \xff;", PROBLEM_FIELD, 0 },
	};
	struct fixture *f = *state;
	struct snippet s;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_false(snippet(f, cases[i].text, strlen(cases[i].text), &s));
		assert_int_equal(f->problems.count, 1);
		assert_int_equal(f->problems.items[0].kind, cases[i].kind);
		assert_int_equal(f->problems.items[0].line, cases[i].line);
	}
	assert_false(snippet(f, "gzip on;\0", 9, &s));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_full_site),
		TEST(test_full_locations),
		TEST(test_small_site),
		TEST(test_listens),
		TEST(test_server_names),
		TEST(test_tls),
		TEST(test_site_fields),
		TEST(test_bad_locations),
		TEST(test_good_locations),
		TEST(test_double_locations),
		TEST(test_metacharacters_are_refused_everywhere),
		TEST(test_stream_site),
		TEST(test_an_empty_site_is_not_json),
		TEST(test_snippets),
		TEST(test_bad_snippets),
	};

	return cmocka_run_group_tests_name("decode_site", tests, NULL, NULL);
}
