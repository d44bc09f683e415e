/* Upstreams' policies, each znode by itself. */
#include "upstream_fixture.h"

static void an_empty_upstream_has_all_defaults(void **state)
{
	struct fixture *f = *state;
	const struct upstream *u = &f->upstream;

	assert_true(upstream(f, ""));
	assert_string_equal(u->name, "shop");
	assert_string_equal(u->source.path, "/c/upstreams/shop");
	assert_int_equal(u->protocol, PROTOCOL_HTTP);
	assert_null(u->balance);
	assert_null(u->zone);
	assert_int_equal(u->keepalive, UNSET);
	assert_int_equal(u->defaults.weight, UNSET);
	assert_int_equal(u->min_servers, 1);
	assert_int_equal(u->max_shrink, UNSET);
	assert_int_equal(u->on_empty, ON_EMPTY_KEEP);
	assert_int_equal(f->problems.count, 0);
}

static void every_field_of_an_upstream_is_read(void **state)
{
	struct fixture *f = *state;
	const struct upstream *u = &f->upstream;

	assert_true(upstream(f,
			     "{ \"balance\": \"hash $request_uri consistent\", \"keepalive\": 32,"
			     "\"zone\": \"64k\", \"server\": { \"weight\": 2, \"max_fails\": 0,"
			     "\"fail_timeout\": \"1m\", \"max_conns\": 9 }, \"min_servers\": 3,"
			     "\"max_shrink\": 40, \"on_empty\": \"unavailable\","
			     "\"protocol\": \"http\" }"));
	assert_string_equal(u->balance, "hash $request_uri consistent");
	assert_int_equal(u->keepalive, 32);
	assert_string_equal(u->zone, "64k");
	assert_int_equal(u->defaults.weight, 2);
	assert_int_equal(u->defaults.max_fails, 0);
	assert_string_equal(u->defaults.fail_timeout, "1m");
	assert_int_equal(u->defaults.max_conns, 9);
	assert_int_equal(u->min_servers, 3);
	assert_int_equal(u->max_shrink, 40);
	assert_int_equal(u->on_empty, ON_EMPTY_UNAVAILABLE);
}

static void a_byte_order_mark_is_skipped(void **state)
{
	assert_true(upstream(*state, "\xef\xbb\xbf{ \"keepalive\": 3 }"));
	assert_int_equal(((struct fixture *)*state)->upstream.keepalive, 3);
}

static void each_balance_is_checked(void **state)
{
	static const struct {
		const char *http, *text;
	} good[] = {
		{ "{\"balance\":\"round_robin\"}", NULL },
		{ "{\"balance\":\"least_conn\"}", "least_conn" },
		{ "{\"balance\":\"ip_hash\"}", "ip_hash" },
		{ "{\"balance\":\"random\"}", "random" },
		{ "{\"balance\":\"random two least_conn\"}", "random two least_conn" },
		{ "{\"balance\":\"hash a$host-$uri\"}", "hash a$host-$uri" },
		{ "{\"balance\":\"hash ${Host};consistent\"}", "hash ${Host};consistent" },
	};
	static const char *const bad[] = {
		"{\"balance\":\"fastest\"}",
		"{\"balance\":\"hash\"}",
		"{\"balance\":\"hash \"}",
		"{\"balance\":\"hash a\"}",
		"{\"balance\":\"hash $1\"}",
		"{\"balance\":\"hash $host$$\"}",
		"{\"balance\":\"hash $host\\n\"}",
		"{\"balance\":\"hash ${host\"}",
		"{\"balance\":\"hash $host  consistent\"}",
		"{\"balance\":\"hash $host inconsistent\"}",
		"{\"balance\":\"least_conn; x\"}",
		"{\"balance\":\"random two  least_conn\"}",
		"{\"balance\":1}",
		"{\"protocol\":\"stream\",\"balance\":\"ip_hash\"}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(upstream(f, good[i].http));
		if (good[i].text)
			assert_string_equal(f->upstream.balance, good[i].text);
		else
			assert_null(f->upstream.balance);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(upstream(f, bad[i]));
		expect_field(f, "balance");
	}
	assert_true(upstream(f, "{\"protocol\":\"stream\",\"balance\":\"hash $remote_addr\"}"));
	assert_int_equal(f->upstream.protocol, PROTOCOL_STREAM);
}

static void bad_fields_are_named(void **state)
{
	static const struct {
		const char *json, *field;
	} cases[] = {
		{ "{\"keepalive\":-1}", "keepalive" },
		{ "{\"keepalive\":65536}", "keepalive" },
		{ "{\"keepalive\":1.5}", "keepalive" },
		{ "{\"keepalive\":\"32\"}", "keepalive" },
		{ "{\"keepalive\":null}", "keepalive" },
		{ "{\"protocol\":\"stream\",\"keepalive\":1}", "keepalive" },
		{ "{\"protocol\":\"udp\"}", "protocol" },
		{ "{\"protocol\":1}", "protocol" },
		{ "{\"zone\":\"1k\"}", "zone" },
		{ "{\"zone\":\"1g\"}", "zone" },
		{ "{\"zone\":\"512m\"}", "zone" },
		{ "{\"zone\":\"64k;\"}", "zone" },
		{ "{\"server\":[]}", "server" },
		{ "{\"server\":{\"weight\":0}}", "server.weight" },
		{ "{\"server\":{\"backup\":true}}", "server.backup" },
		{ "{\"server\":{\"fail_timeout\":\"100ms\"}}", "server.fail_timeout" },
		{ "{\"server\":{\"fail_timeout\":10}}", "server.fail_timeout" },
		{ "{\"min_servers\":-1}", "min_servers" },
		{ "{\"max_shrink\":101}", "max_shrink" },
		{ "{\"on_empty\":\"die\"}", "on_empty" },
		{ "{\"on_empty\":true}", "on_empty" },
		{ "{\"ballance\":\"least_conn\"}", "ballance" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_false(upstream(f, cases[i].json));
		expect_field(f, cases[i].field);
	}
}

static void all_problems_are_reported_at_once(void **state)
{
	struct fixture *f = *state;

	assert_false(upstream(f, "{\"a\":1,\"zone\":2,\"max_shrink\":-1}"));
	assert_int_equal(f->problems.count, 3);
}

static void what_is_not_json_names_its_line(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{ "{", 1 },
		{ "{\n\"keepalive\": 1,\n}", 3 },
		{ "[]", 0 },
		{ "7", 0 },
		{ "null", 0 },
		{ " ", 1 },
		{ "{} {}", 1 },
		{ "{\"keepalive\":1,\n\"keepalive\":2}", 2 },
		{ "{\"keepalive\":99999999999999999999}", 1 },
		{ "{\"keepalive\":1e999}", 1 },
		{ "{\"zone\":\"\xff\"}", 1 },
		{ "{\"zone\":\"\\u0000\"}", 1 },
		{ "{\"zone\":\"\\ud800\"}", 1 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_false(upstream(f, cases[i].text));
		assert_int_equal(f->problems.count, 1);
		assert_int_equal(f->problems.items[0].kind, PROBLEM_JSON);
		assert_int_equal(f->problems.items[0].line, cases[i].line);
	}
	assert_false(upstream_of_bytes(f, "{}\0", 3));
	assert_false(upstream_of_bytes(f, "{\"zone\0\":1}", 11));
}

static void the_depth_of_json_is_limited(void **state)
{
	static char deep[200000];
	struct fixture *f = *state;

	memset(deep, '[', sizeof(deep));
	assert_false(upstream_of_bytes(f, deep, sizeof(deep)));
	assert_int_equal(f->problems.count, 1);
	assert_int_equal(f->problems.items[0].kind, PROBLEM_JSON);
	assert_false(upstream(f, "{\"zone\":\n[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"));
	assert_int_equal(f->problems.items[0].kind, PROBLEM_JSON);
	assert_int_equal(f->problems.items[0].line, 2);
	assert_false(upstream(f, "{\"zone\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}"));
	expect_field(f, "zone");
	/* Brackets in a string do not count as depth. */
	assert_false(upstream(f, "{\"zone\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"));
	expect_field(f, "zone");
}

static void the_number_of_problems_is_limited(void **state)
{
	struct buf json = BUF_INIT;
	struct fixture *f = *state;

	buf_puts(&json, "{");
	for (int i = 0; i < 5000; i++)
		buf_printf(&json, "%s\"x%d\":1", i ? "," : "", i);
	buf_puts(&json, "}");
	assert_false(upstream(f, json.data));
	assert_true(f->problems.count > 5 && f->problems.count < 100);
	buf_fini(&json);
}

static void the_fields_of_discover_are_read(void **state)
{
	struct fixture *f = *state;
	const struct discover *d;

	assert_true(upstream(f,
			     "{\"discover\":[{\"path\":\"/x\"},{\"path\":\"/y/z\",\"format\":"
			     "\"json\",\"tls\":\"never\",\"endpoint\":\"http\",\"down\":\"down\","
			     "\"match\":{\"labels\":{\"a.b\":\"c\"}},\"keys\":{\"host\":\"ip\","
			     "\"labels\":\"m\"}}]}"));
	assert_int_equal(f->upstream.discover_count, 2);
	d = f->upstream.discovers;
	assert_string_equal(d[0].path, "/x");
	assert_null(d[0].format);
	assert_string_not_equal(d[0].key, d[1].key);
	assert_string_equal(d[1].path, "/y/z");
	assert_non_null(d[1].format);
	assert_string_equal(d[1].endpoint, "http");
	assert_true(d[1].show_down);
	assert_string_equal(d[1].labels[0].name, "a.b");
	assert_string_equal(d[1].keys.host, "ip");
	assert_null(d[1].keys.port);
	assert_false(upstream(f, "{\"zone\":1,\"discover\":7}"));
	assert_int_equal(f->problems.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_upstream_has_all_defaults),
		TEST(every_field_of_an_upstream_is_read),
		TEST(a_byte_order_mark_is_skipped),
		TEST(each_balance_is_checked),
		TEST(bad_fields_are_named),
		TEST(all_problems_are_reported_at_once),
		TEST(what_is_not_json_names_its_line),
		TEST(the_depth_of_json_is_limited),
		TEST(the_number_of_problems_is_limited),
		TEST(the_fields_of_discover_are_read),
	};

	return cmocka_run_group_tests_name("decode_upstream", tests, NULL, NULL);
}
