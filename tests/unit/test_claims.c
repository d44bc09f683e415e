/* Claims: what a text of nginx defines, and the canonical form of an address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/compose/claims.h"
#include "core/compose/host_claims.h"
#include "core/text/listen_address.h"

static void an_address_has_one_spelling(void **state UNUSED)
{
	static const struct {
		const char *text, *printed; /* NULL: nginx would refuse it */
	} cases[] = {
		{ "80", "*:80" },
		{ "*:80", "*:80" },
		{ "0.0.0.0:80", "*:80" },
		{ "*", "*:80" },
		{ "127.0.0.1", "127.0.0.1:80" },
		{ "127.0.0.1:8080", "127.0.0.1:8080" },
		{ "127.000.0.01:8080", "127.0.0.1:8080" },
		{ "localhost:8080", "127.0.0.1:8080" },
		{ "Shop.Example.com:81", "shop.example.com:81" },
		{ "shop.example.com", "shop.example.com:80" },
		{ "[::]:80", "[::]:80" },
		{ "[0:0::0]:80", "[::]:80" },
		{ "[::1]", "[::1]:80" },
		{ "[2001:DB8::1]:81", "[2001:db8::1]:81" },
		{ "unix:/run/x.sock", "unix:/run/x.sock" },
		{ "127.0.0.1:8000-8003", "127.0.0.1:8000" },
		{ "8000-8003", "*:8000" },
		{ "0", "0:80" },
		{ "127.0.0.1:0", NULL },
		{ "127.0.0.1:65536", NULL },
		{ "127.0.0.1:9-8", NULL },
		{ "[::1", NULL },
		{ "[::1]x:80", NULL },
		{ "unix:", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char printed[LISTEN_ADDRESS_SIZE];
		struct listen_address a;
		bool fine = listen_address_parse(cases[i].text, strlen(cases[i].text), 80, &a);

		if (fine != (cases[i].printed != NULL))
			fail_msg("\"%s\"", cases[i].text);
		if (!fine)
			continue;
		listen_address_print(&a, a.first, printed);
		assert_string_equal(printed, cases[i].printed);
	}
}

static void only_the_unspecified_address_is_a_wildcard(void **state UNUSED)
{
	struct listen_address a;

	assert_true(listen_address_parse("80", 2, 80, &a) && a.wildcard);
	assert_true(listen_address_parse("[::]:80", 7, 80, &a) && a.wildcard);
	assert_true(listen_address_parse("[::1]:80", 8, 80, &a) && !a.wildcard);
	assert_true(listen_address_parse("a:80", 4, 80, &a) && !a.wildcard);
	assert_false(listen_address_parse("127.0.0.1", 9, 0, &a)); /* stream wants a port */
}

static const struct claim *find(const struct claims *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++) {
		if (strcmp(c->items[i].key, key) == 0)
			return &c->items[i];
	}
	return NULL;
}

static const struct {
	const char *text;
	const char *keys[8];
} texts[] = {
	{ "server { listen 80 ssl; server_name A b; }",
	  { "listen tcp *:80", "name http *:80 a", "name http *:80 b" } },
	{ "server { }", { "listen tcp *:80", "name http *:80 " } },
	{ "server { listen 1; listen [::]:2 default_server; server_name x; }",
	  { "listen tcp *:1", "name http *:1 x", "listen tcp [::]:2", "default [::]:2",
	    "name http [::]:2 x" } },
	{ "server { listen 8000-8001; }",
	  { "listen tcp *:8000", "name http *:8000 ", "listen tcp *:8001", "name http *:8001 " } },
	{ "server { listen 1; server_name ~^(?<A>.+)$ .x.y; }",
	  { "listen tcp *:1", "name http *:1 ~^(?<A>.+)$", "name http *:1 x.y",
	    "name http *:1 *.x.y" } },
	{ "server { listen 1; location / { set $x \"server { listen 2; }\"; } }",
	  { "listen tcp *:1", "name http *:1 " } },
	{ "upstream \"Shop\" { zone shop 64k; server a; }", { "upstream http shop", "zone shop" } },
	{ "map $a $b { server 1; upstream 2; } geo $c { default 0; } geo $d $e { }",
	  { "variable http $b", "variable http $c", "variable http $e" } },
	{ "split_clients \"${remote_addr}x\" $v { * a; }", { "variable http $v" } },
	{ "log_format f escape=json '$uri';", { "log_format http f" } },
	{ "limit_req_zone $a zone=r:1m rate=1r/s; limit_conn_zone $a zone=c:1m;",
	  { "zone r", "zone c" } },
	{ "proxy_cache_path /x levels=1:2 keys_zone=p:1m max_size=1g;", { "zone p" } },
	{ "server { listen 1; ssl_session_cache builtin:1000 shared:S:1m; }",
	  { "zone S", "listen tcp *:1", "name http *:1 " } },
	{ "types { text/html html; } # upstream x {\ngzip on;", { NULL } },
	/* reading ends at what nginx would refuse; the claims before it count */
	{ "log_format f x; } upstream u {", { "log_format http f", "upstream http u" } },
	{ "log_format f x; upstream", { "log_format http f" } },
};

/* Those of variables are in the next test. */
static size_t count_of(const struct claims *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->count; i++)
		count += c->items[i].kind != CLAIM_DEFINITION;
	return count;
}

static void a_text_claims_what_it_defines(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(arena_freep) struct arena *a = arena_new();
		const struct claims *c =
			claims_of_text(a, PROTOCOL_HTTP, texts[i].text, strlen(texts[i].text));
		size_t expected = 0;

		for (; expected < 8 && texts[i].keys[expected]; expected++) {
			if (!find(c, texts[i].keys[expected]))
				fail_msg("%s: no \"%s\"", texts[i].text, texts[i].keys[expected]);
		}
		if (count_of(c) != expected)
			fail_msg("%s: %zu claims", texts[i].text, count_of(c));
	}
}

static const struct {
	const char *text;
	const char *names; /* of the variables that it defines */
} definitions[] = {
	{ "map $a $B_1 { default 1; ~^(?<c>.)$ $c; \"~*(?P<d>.)\" x; (?<no>.) x; $no x; }",
	  " b_1 c d" },
	{ "geo $a { default 0; } geo $no $b { } split_clients $no $c { * x; }", " a b c" },
	{ "server { set $a 1; location / { if ($no = 1) { set $b 2; } set \"$c\" 3; } }",
	  " a b c" },
	{ "server { location / { auth_request_set $a $no; js_set $b f; perl_set $c f; } }",
	  " a b c" },
	{ "js_set $a m.f; js_var $b 1; set_random $c 0 9; set_real_ip_from 10.0.0.0/8;", " a b c" },
	{ "geoip2 /x.mmdb { auto_reload 5m; $a default=US source=$no country iso_code; }", " a" },
	{ "server { server_name no ~^(?<a>.+)$; location ~ ^/(?<b>.)(?'c'.)(?:no)(?<=no)(?<!no) { "
	  "} }",
	  " a b c" },
	{ "server { rewrite ^/(?<a>.*)$ /$a; if ($uri ~ (?<b>x)) { } return 200 (?<no>x); }",
	  " a b" },
	{ "server { location / { proxy_redirect ~(?<a>.*) /$a; } }", " a" },
	{ "keyval $no $a zone=z;", " a" },
	{ "set; map { } geo { } set $; set $a-b 1; set no 1; location ~ (?<> { }", "" },
	{ "map $no $a { include \"~(?<b>x)\"; } upstream set { server set; }", " a b" },
};

static void a_text_defines_variables(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(definitions); i++) {
		CLEANUP(arena_freep) struct arena *a = arena_new();
		const char *text = definitions[i].text, *found = "";
		const struct claims *c = claims_of_text(a, PROTOCOL_HTTP, text, strlen(text));

		for (size_t j = 0; j < c->count; j++) {
			if (c->items[j].kind == CLAIM_DEFINITION)
				found = arena_printf(a, "%s %s", found, c->items[j].name);
		}
		if (strcmp(found, definitions[i].names) != 0)
			fail_msg("%s:%s", text, found);
	}
}

static void options_of_a_listen(void **state UNUSED)
{
	static const char text[] = "server { listen 1 ssl http2 proxy_protocol deferred; }\n"
				   "server { listen 2; ssl on; }\nserver {\n listen 3 udp; }";
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct claims *c = claims_of_text(a, PROTOCOL_HTTP, text, strlen(text));
	const struct claim *first = find(c, "listen tcp *:1");

	assert_int_equal(first->listen & (LISTEN_SIGNATURES - 1),
			 LISTEN_SSL | LISTEN_HTTP2 | LISTEN_PROXY_PROTOCOL | LISTEN_OPTIONS);
	assert_true(find(c, "listen tcp *:2")->listen & LISTEN_SSL);
	assert_non_null(find(c, "listen udp *:3"));
	assert_int_equal(find(c, "listen udp *:3")->line, 4);
}

static void every_socket_option_is_known(void **state UNUSED)
{
	static const char *const words[] = {
		"reuseport",  "ipv6only=on",     "backlog=1", "rcvbuf=1k",
		"sndbuf=1k",  "deferred",        "setfib=1",  "accept_filter=x",
		"fastopen=1", "so_keepalive=on", "bind"
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_true(claims_listen_option(words[i], strlen(words[i])) & LISTEN_OPTIONS);
	assert_int_equal(claims_listen_option("ssl_preread", 11), 0);
}

static void nginx_conf_is_read_with_what_it_includes(void **state UNUSED)
{
	static const struct host_file files[] = {
		{ .path = "/etc/nginx/nginx.conf",
		  .text = "user x;\nhttp {\n  include conf.d/*.conf;\n"
			  "  include /var/lib/zknginxd/live/http.conf;\n}\n"
			  "stream { include /etc/nginx/stream.conf; }\n" },
		{ .path = "/etc/nginx/conf.d/a.conf",
		  .text = "server {\n  include names.inc;\n  listen 81;\n}\n" },
		{ .path = "/etc/nginx/conf.d/.hidden.conf", .text = "upstream hidden { }" },
		{ .path = "/etc/nginx/conf.d/sub/b.conf", .text = "upstream deep { }" },
		{ .path = "/etc/nginx/names.inc", .text = "server_name a;\nserver_name b;\n" },
		{ .path = "/etc/nginx/stream.conf", .text = "include stream.conf; upstream t { }" },
	};
	struct host_file sized[ARRAY_SIZE(files)];
	CLEANUP(host_claims_freep) struct host_claims *h = NULL;
	const struct claims *c;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		sized[i] = files[i];
		sized[i].size = strlen(files[i].text);
	}
	h = host_claims_read(sized, ARRAY_SIZE(files));
	c = host_claims_list(h);
	assert_non_null(find(c, "name http *:81 a"));
	assert_non_null(find(c, "name http *:81 b"));
	assert_string_equal(find(c, "name http *:81 b")->file, "/etc/nginx/conf.d/a.conf");
	assert_int_equal(find(c, "name http *:81 b")->line, 3);
	assert_non_null(find(c, "upstream stream t"));
	assert_null(find(c, "upstream http hidden"));
	assert_null(find(c, "upstream http deep"));
}

static void no_files_claim_nothing(void **state UNUSED)
{
	CLEANUP(host_claims_freep) struct host_claims *h = host_claims_read(NULL, 0);

	assert_int_equal(host_claims_list(h)->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_one_spelling),
		cmocka_unit_test(only_the_unspecified_address_is_a_wildcard),
		cmocka_unit_test(a_text_claims_what_it_defines),
		cmocka_unit_test(a_text_defines_variables),
		cmocka_unit_test(options_of_a_listen),
		cmocka_unit_test(every_socket_option_is_known),
		cmocka_unit_test(nginx_conf_is_read_with_what_it_includes),
		cmocka_unit_test(no_files_claim_nothing),
	};

	return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
