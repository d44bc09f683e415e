/* Locations of a site: their kinds, the fields of each, and what each string may contain. */
#include "site_fixture.h"

static const char five_locations[] =
	"{ \"listen\": [ \"80\" ],"
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

static void every_field_of_a_location_is_read(void **state)
{
	struct fixture *f = *state;
	const struct location *l;

	assert_true(site(f, five_locations));
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

static const struct {
	const char *fields, *field;
} bad_locations[] = {
	{ "\"path\":\"/\"", "" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"root\":\"/srv\"", "" },
	{ "\"proxy\":\"a\"", ".path" },
	{ "\"path\":\"\",\"proxy\":\"a\"", ".path" },
	{ "\"path\":\"a\",\"proxy\":\"a\"", ".path" },
	{ "\"path\":\"~ ^/(a\",\"proxy\":\"a\"", ".path" },
	{ "\"path\":\"=/a\",\"proxy\":\"a\"", ".path" },
	{ "\"path\":\"=  /a\",\"proxy\":\"a\"", ".path" },
	{ "\"path\":\"@a b\",\"proxy\":\"a\"", ".path" },
	{ "\"path\":\"/a$host\",\"proxy\":\"a\"", ".path" },
	{ "\"path\":\"/\",\"proxy\":\"http://a\"", ".proxy" },
	{ "\"path\":\"/\",\"proxy\":\"unix:/x\"", ".proxy" },
	{ "\"path\":\"/\",\"proxy\":\"a+b\"", ".proxy" },
	{ "\"path\":\"/\",\"proxy\":1", ".proxy" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"websocket\":1", ".websocket" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"timeouts\":{\"read\":\"1 s\"}", ".timeouts.read" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"timeouts\":{\"idle\":\"1s\"}", ".timeouts.idle" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"error error\"}", ".retry.on" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"error off\"}", ".retry.on" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"error;\"}", ".retry.on" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"error \"}", ".retry.on" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"on\":\"\"}", ".retry.on" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"retry\":{\"tries\":-1}", ".retry.tries" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"valid\":\"1m\"}", ".cache.zone" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"zone\":\"/x\"}", ".cache.zone" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"zone\":\"z\",\"valid\":\"200\"}", "?" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"zone\":\"z\",\"valid\":\"600 1m\"}",
	  ".cache.valid" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"cache\":{\"zone\":\"z\",\"valid\":\"200 1ms\"}",
	  ".cache.valid" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"limit\":{\"rate\":\"50\"}", ".limit.rate" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"limit\":{\"rate\":\"0r/s\"}", ".limit.rate" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"limit\":{\"burst\":1}", ".limit.rate" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"A B\":\"x\"}",
	  ".request_headers.A B" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"\":\"x\"}", ".request_headers." },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"A$host\":\"x\"}",
	  ".request_headers.A$host" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"request_headers\":{\"A\":\"$1\"}",
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
	{ "\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"${1}\"}", ".return.text" },
	{ "\"path\":\"/\",\"redirect\":{\"status\":301}", ".redirect.to" },
	{ "\"path\":\"/\",\"redirect\":{\"to\":\"/\"}", ".redirect.status" },
	{ "\"path\":\"/\",\"redirect\":{\"status\":300,\"to\":\"/\"}", ".redirect.status" },
	{ "\"path\":\"/\",\"redirect\":{\"status\":301,\"to\":\"x\"}", ".redirect.to" },
	{ "\"path\":\"/\",\"redirect\":{\"status\":301,\"to\":\"/$uri\"}", ".redirect.to" },
	{ "\"path\":\"/\",\"redirect\":{\"status\":301,\"to\":\"javascript:a\"}", ".redirect.to" },
	{ "\"path\":\"/\",\"proxy\":\"a\",\"alias\":\"/x\"", "" },
};

static void a_bad_location_names_its_field(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad_locations); i++) {
		if (bad_locations[i].field[0] == '?') {
			/* "200" is a time of 200 seconds, for every status that is cached. */
			assert_true(location(f, bad_locations[i].fields));
			continue;
		}
		assert_false(location(f, bad_locations[i].fields));
		expect_field(f, bad_locations[i].fields,
			     arena_printf(f->arena, "locations[0]%s", bad_locations[i].field));
	}
}

static void unusual_locations_are_accepted(void **state)
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

static void two_locations_of_one_path_are_refused(void **state)
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

/* Each bad string in each of the templates. */
static void assert_refused(struct fixture *f, const char *const *templates, size_t count,
			   const char *const *bad, size_t bad_count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < bad_count; j++) {
			const char *hole = strstr(templates[i], "%s");
			const char *json =
				arena_printf(f->arena, "%.*s%s%s", (int)(hole - templates[i]),
					     templates[i], bad[j], hole + 2);

			if (site(f, json))
				fail_msg("taken: %s", json);
			assert_int_equal(f->problems.items[0].kind, PROBLEM_FIELD);
		}
	}
}

static void metacharacters_are_refused_in_names_and_paths(void **state)
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
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"a%s\"}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/\",\"root\":\"/srv%s\"}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"timeouts\":{\"read\":\"1%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"request_headers\":{\"A%s\":\"\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"retry\":{\"on\":\"error%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"expires\":\"1d%s\"}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"cache\":{\"zone\":\"a%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"cache\":{\"zone\":\"a\",\"valid\":\"1m%s\"}}]}",
		"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		"\",\"proxy\":\"a\",\"limit\":{\"rate\":\"1r/s%s\"}}]}",
		"{\"listen\":[\"80\"],\"protocol\":\"stream\",\"proxy\":\"a%s\"}",
		"{\"listen\":[\"80\"],\"protocol\":\"stream\",\"proxy\":\"a\",\"timeouts\":{"
		"\"idle\":\"1s%s\"}}",
	};
	static const char *const evil[] = {
		";",   "{",       "}",       "\\\"",    "'",       "\\\\",    "#",
		"`",   "$",       "${host}", "$evil",   "$1",      "\\n",     "\\r",
		"\\t", "\\u0001", "\\u007f", "\\u0085", "\\u2028", "\\u202e", "\\ufeff",
	};

	assert_refused(*state, templates, ARRAY_SIZE(templates), evil, ARRAY_SIZE(evil));
}

static const char *const any_text[] = {
	"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/%s\",\"proxy\":\"a\"}]}",
	"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
	"\",\"proxy\":\"a\",\"request_headers\":{\"A\":\"%s\"}}]}",
	"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
	"\",\"proxy\":\"a\",\"response_headers\":{\"A\":\"%s\"}}]}",
	"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
	"\",\"proxy\":\"a\",\"cache_control\":\"%s\"}]}",
	"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
	"\",\"return\":{\"status\":200,\"text\":\"%s\"}}]}",
	"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
	"\",\"redirect\":{\"status\":301,\"to\":\"/%s\"}}]}",
};

static void what_nginx_cannot_express_is_refused_in_texts(void **state)
{
	static const char *const bad[] = { "$",       "${}",     "$1",      "${host",
					   "\\u0001", "\\u007f", "\\u0085", "\\b" };

	assert_refused(*state, any_text, ARRAY_SIZE(any_text), bad, ARRAY_SIZE(bad));
}

static void any_text_is_taken(void **state)
{
	static const char *const good[] = {
		";",
		"{",
		"}",
		"\\\"",
		"'",
		"\\\\",
		"#",
		"`",
		"$$",
		"\\t",
		"\\u2028",
		"\xf0\x9f\x91\xa9",
		"max-age=31536000; includeSubDomains",
		"default-src 'self'",
		"{\\\"status\\\":\\\"ok\\\"}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(any_text); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(good); j++) {
			const char *hole = strstr(any_text[i], "%s");
			const char *json =
				arena_printf(f->arena, "%.*s%s%s", (int)(hole - any_text[i]),
					     any_text[i], good[j], hole + 2);

			if (!site(f, json))
				fail_msg("%s: %s", json, f->problems.items[0].message);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_field_of_a_location_is_read),
		TEST(a_bad_location_names_its_field),
		TEST(unusual_locations_are_accepted),
		TEST(two_locations_of_one_path_are_refused),
		TEST(metacharacters_are_refused_in_names_and_paths),
		TEST(what_nginx_cannot_express_is_refused_in_texts),
		TEST(any_text_is_taken),
	};

	return cmocka_run_group_tests_name("decode_location", tests, NULL, NULL);
}
