/* Sites and snippets, each znode by itself; locations are in test_decode_location.c. */
#include "site_fixture.h"

static const char full_site[] =
	"{ \"listen\": [ \"80\", \"443 ssl http2\" ],"
	"  \"server_names\": [ \"Shop.example.com\", \"*.shop.example.com\", \"shop.*\", \"_\" ],"
	"  \"tls\": { \"certificate\": \"/etc/ssl/shop.crt\", \"key\": "
	"\"/etc/ssl/private/shop.key\","
	"             \"redirect_http\": true },"
	"  \"gzip\": false, \"client_max_body_size\": \"10m\", \"access_log\": \"shop\","
	"  \"locations\": [ { \"path\": \"/\", \"proxy\": \"shop\" } ] }";

static void every_field_of_a_site_is_read(void **state)
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
	assert_int_equal(s->location_count, 1);
}

static void missing_fields_of_a_site_are_unset(void **state)
{
	struct fixture *f = *state;

	assert_true(site_with(f, "\"protocol\": \"http\""));
	assert_int_equal(f->site.gzip, -1);
	assert_null(f->site.access_log);
	assert_null(f->site.certificate);
	assert_int_equal(f->site.server_name_count, 0);
}

static void a_port_may_be_a_number(void **state)
{
	struct fixture *f = *state;

	assert_true(site(f, "{ \"listen\": [ 80, 8080 ], \"locations\": [ { \"path\": \"/\", "
			    "\"proxy\": \"a\" } ] }"));
	assert_int_equal(f->site.listen_count, 2);
	assert_string_equal(f->site.listens[0].address, "80");
	assert_string_equal(f->site.listens[1].address, "8080");
}

static void listens_are_read_and_bad_ones_are_refused(void **state)
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
		"\"80 backlog=x\"",
		"\"80;\"",
		"\"80 ssl;\"",
		"\"80 ipv6only=on\"",
		"\"[::]:80 ipv6only=on ipv6only=off\"",
		"\"80\\n\"",
		"-1",
		"70000",
		"80.5",
		"true",
		"null",
		"\"80 SSL\"",
		"\"443 quic ssl\"",
		"\"443 quic http2\"",
		"\"443 quic proxy_protocol\"",
		"{\"address\":443,\"quic\":true,\"ssl\":true}",
		"{\"address\":443,\"setfib\":1}",
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
	assert_false(site_listening(f, "\"443 quic\""));
	expect_field(f, "QUIC alone", "listen");
	assert_true(site_listening(f, "\"443 ssl\", \"443 quic reuseport\""));
	assert_true(f->site.listens[1].quic);
	assert_false(site_listening(f, "\"443 ssl\", \"443 quic\", \"443 quic\""));
	expect_field(f, "a double of QUIC", "listen[2]");
	assert_false(site_listening(f, "\"80\", \"443 ssl\", \"*:80\""));
	expect_field(f, "a double", "listen[2]");
	assert_false(site_listening(f, ""));
	expect_field(f, "no listen", "listen");
}

static void bad_server_names_are_refused(void **state)
{
	static const char *const bad[] = {
		"\"\"",      "\"~^(a$\"", "\"a b\"",          "\"*\"",     "\"*.\"",
		"\"a.*.b\"", "\"*a.b\"",  "\"..a\"",          "\"a.\"",    "\"a..b\"",
		"\"-a\"",    "\"a;\"",    "\"$host\"",        "\"a\\\"\"", "\"*.*\"",
		"\"__;\"",   "1",         "\"a\xcc\x88.de\"", "\"a/b\"",   "\"a:80\"",
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

static void a_bad_tls_object_names_its_field(void **state)
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

static void a_bad_field_of_a_site_is_named(void **state)
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

static void a_stream_site_has_fields_of_its_own(void **state)
{
	static const struct {
		const char *fields, *field;
	} bad[] = {
		{ "\"listen\":[\"53 ssl\"],\"proxy\":\"dns\"", "tls" },
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

static void an_empty_site_is_not_json(void **state)
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
	return decode_snippet(f->arena, &z, CONFIG_HTTP_SNIPPET, &policy, out, &f->problems);
}

static void a_snippet_names_the_upstreams_that_it_uses(void **state)
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

static void a_bad_snippet_names_its_line(void **state)
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

static void a_redirect_without_a_plain_listen_gets_port_80(void **state)
{
	static const struct {
		const char *listen;
		const char *implied[3];
	} cases[] = {
		{ "\"443 ssl\"", { "80" } },
		{ "\"443 ssl\",\"[::]:443 ssl\"", { "80", "[::]:80" } },
		{ "\"*:443 ssl\",\"8443 ssl\"", { "80" } },
		{ "\"10.0.0.1:443 ssl\",\"10.0.0.11:443 ssl\"", { "10.0.0.1:80", "10.0.0.11:80" } },
		{ "\"443 ssl\",\"8080\"", { NULL } },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t said = 0;

		assert_true(site(f, arena_printf(f->arena,
						 "{\"listen\":[%s],\"tls\":{\"certificate\":"
						 "\"/srv/c\",\"key\":\"/srv/k\",\"redirect_http\":"
						 "true},\"locations\":[{\"path\":\"/\","
						 "\"proxy\":\"a\"}]}",
						 cases[i].listen)));
		while (said < f->site.listen_count && !f->site.listens[said].implied)
			said++;
		for (size_t j = 0; cases[i].implied[j]; j++) {
			assert_true(said + j < f->site.listen_count);
			assert_string_equal(f->site.listens[said + j].address, cases[i].implied[j]);
			assert_true(f->site.listens[said + j].implied);
		}
		if (!cases[i].implied[0])
			assert_int_equal(f->site.listen_count, said);
	}
}

static void a_site_may_be_the_default(void **state)
{
	struct fixture *f = *state;

	assert_true(site_with(f, "\"default\": true"));
	assert_true(f->site.is_default);
	assert_true(site_with(f, "\"default\": false"));
	assert_false(f->site.is_default);
	assert_false(site_with(f, "\"default\": \"yes\""));
	expect_field(f, "a word", "default");
	assert_false(site(f, "{\"protocol\":\"stream\",\"listen\":[\"80\"],\"proxy\":\"a\","
			     "\"default\":true}"));
	expect_field(f, "a stream site", "default");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_field_of_a_site_is_read),
		TEST(missing_fields_of_a_site_are_unset),
		TEST(a_port_may_be_a_number),
		TEST(listens_are_read_and_bad_ones_are_refused),
		TEST(bad_server_names_are_refused),
		TEST(a_bad_tls_object_names_its_field),
		TEST(a_bad_field_of_a_site_is_named),
		TEST(a_stream_site_has_fields_of_its_own),
		TEST(an_empty_site_is_not_json),
		TEST(a_snippet_names_the_upstreams_that_it_uses),
		TEST(a_bad_snippet_names_its_line),
		TEST(a_redirect_without_a_plain_listen_gets_port_80),
		TEST(a_site_may_be_the_default),
	};

	return cmocka_run_group_tests_name("decode_site", tests, NULL, NULL);
}
