/* Upstreams' policies and servers, each znode by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <zknginx/decode.h>

struct fixture {
	struct arena *arena;
	struct problems problems;
	struct upstream upstream;
	struct server server;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .arena = arena_new() };
	f.upstream.defaults =
		(struct server_params){ .weight = UNSET, .max_fails = UNSET, .max_conns = UNSET };
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

static bool upstream_of_bytes(struct fixture *f, const char *data, size_t size)
{
	struct znode z = { .path = "/c/upstreams/shop", .data = data, .size = size };

	f->problems.count = 0;
	return decode_upstream(f->arena, &z, &f->upstream, &f->problems);
}

static bool upstream(struct fixture *f, const char *json)
{
	return upstream_of_bytes(f, json, strlen(json));
}

static bool server_of(struct fixture *f, const char *name, const char *data, size_t size)
{
	struct znode z = { .data = data, .size = size };

	z.path = arena_printf(f->arena, "/c/upstreams/shop/%s", name);
	f->problems.count = 0;
	return decode_server(f->arena, &z, &f->upstream, &f->server, &f->problems);
}

static bool server(struct fixture *f, const char *data)
{
	return server_of(f, "10.0.0.1:80", data, strlen(data));
}

/* Exactly one problem, of this field. */
static void expect_field(const struct fixture *f, const char *field)
{
	assert_int_equal(f->problems.count, 1);
	assert_int_equal(f->problems.items[0].kind, PROBLEM_FIELD);
	assert_string_equal(f->problems.items[0].field, field);
	assert_true(f->problems.items[0].message[0]);
}

static void test_empty_is_all_defaults(void **state)
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

static void test_every_field(void **state)
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

static void test_a_byte_order_mark_is_skipped(void **state)
{
	assert_true(upstream(*state, "\xef\xbb\xbf{ \"keepalive\": 3 }"));
	assert_int_equal(((struct fixture *)*state)->upstream.keepalive, 3);
}

static void test_balance(void **state)
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
	};
	static const char *const bad[] = {
		"{\"balance\":\"fastest\"}",
		"{\"balance\":\"hash\"}",
		"{\"balance\":\"hash \"}",
		"{\"balance\":\"hash a\"}",
		"{\"balance\":\"hash $a\"}",
		"{\"balance\":\"hash $host;\"}",
		"{\"balance\":\"hash $host  consistent\"}",
		"{\"balance\":\"hash $host inconsistent\"}",
		"{\"balance\":\"least_conn; x\"}",
		"{\"balance\":\"random two  least_conn\"}",
		"{\"balance\":1}",
		"{\"protocol\":\"stream\",\"balance\":\"ip_hash\"}",
		"{\"protocol\":\"stream\",\"balance\":\"hash $request_uri\"}",
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

static void test_bad_fields_are_named(void **state)
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

static void test_all_problems_at_once(void **state)
{
	struct fixture *f = *state;

	assert_false(upstream(f, "{\"a\":1,\"zone\":2,\"max_shrink\":-1}"));
	assert_int_equal(f->problems.count, 3);
}

static void test_what_is_not_json(void **state)
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

static void test_depth_is_bounded(void **state)
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
	/* Brackets in a text are no depth. */
	assert_false(upstream(f, "{\"zone\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"));
	expect_field(f, "zone");
}

static void test_problems_are_bounded(void **state)
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

static void test_discover_is_a_problem_that_spares_the_rest(void **state)
{
	struct fixture *f = *state;

	assert_true(upstream(f, "{\"balance\":\"least_conn\",\"discover\":{\"path\":\"/x\"}}"));
	assert_string_equal(f->upstream.balance, "least_conn");
	expect_field(f, "discover");
	assert_false(upstream(f, "{\"zone\":1,\"discover\":[]}"));
	assert_int_equal(f->problems.count, 2);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *name, *address;
	} cases[] = {
		{ "10.0.0.1:80", "10.0.0.1:80" },
		{ "127.0.0.1:65535", "127.0.0.1:65535" },
		{ "[2001:db8::1]:80", "[2001:db8::1]:80" },
		{ "[2001:DB8:0:0:0:0:0:1]:80", "[2001:db8::1]:80" },
		{ "2001:db8::9:8080", "[2001:db8::9]:8080" },
		{ "[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80" },
		{ "App-1.Example.com:80", "app-1.example.com:80" },
		{ "my_service:80", "my_service:80" },
		{ "localhost:1", "localhost:1" },
		{ "3com.example:80", "3com.example:80" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(server_of(f, cases[i].name, "", 0));
		assert_string_equal(f->server.address, cases[i].address);
		assert_int_equal(f->problems.count, 0);
	}
}

static void test_bad_addresses(void **state)
{
	static const char *const names[] = {
		"10.0.0.1",
		"10.0.0.1:",
		"10.0.0.1:0",
		"10.0.0.1:080",
		"10.0.0.1:65536",
		"10.0.0.1:99999999999",
		"10.0.0.1:+80",
		"10.0.0.1: 80",
		"10.0.0.1:80a",
		"10.0.0.1:8e1",
		":80",
		"127.1:80",
		"010.0.0.1:80",
		"2130706433:80",
		"0x7f000001:80",
		"a.0x7f:80",
		"1.2.3.256:80",
		"1.2.3:80",
		"1.2.3.4.:80",
		"0.0.0.0:80",
		"0.1.2.3:80",
		"224.0.0.1:80",
		"239.1.1.1:80",
		"255.255.255.255:80",
		"[::]:80",
		"[ff02::1]:80",
		"[::ffff:0.0.0.0]:80",
		"[::ffff:224.0.0.1]:80",
		"[fe80::1%eth0]:80",
		"fe80::1%eth0:80",
		"[2001:db8::1]",
		"[2001:db8::1]80",
		"[]:80",
		"[10.0.0.1]:80",
		"2001:db8::::80",
		"unix:80",
		"UNIX:80",
		"a b:80",
		"a;b:80",
		"a{:80",
		"a}:80",
		"a$b:80",
		"a\"b:80",
		"a\\b:80",
		"a#b:80",
		"-a:80",
		"a-:80",
		"a..b:80",
		".a:80",
		"a.:80",
		"user@a:80",
		"\xef\xbc\x91.example:80",
		"a\n:80",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (server_of(f, names[i], "", 0))
			fail_msg("taken: %s as %s", names[i], f->server.address);
		expect_field(f, "");
	}
}

static void test_long_names(void **state)
{
	struct fixture *f = *state;
	char label[65], name[300] = "";

	memset(label, 'a', 64);
	label[64] = '\0';
	assert_false(server_of(f, arena_printf(f->arena, "%s:80", label), "", 0));
	assert_true(server_of(f, arena_printf(f->arena, "%s:80", label + 1), "", 0));
	for (int i = 0; i < 126; i++)
		strcat(name, "a.");
	assert_true(server_of(f, arena_printf(f->arena, "%sa:65535", name), "", 0));
	assert_false(server_of(f, arena_printf(f->arena, "%saa:80", name), "", 0));
}

static void test_parameters_as_text_and_json(void **state)
{
	static const char *const forms[] = {
		"weight=5 max_fails=3 fail_timeout=20s max_conns=100 backup down",
		" down\tbackup\nmax_conns=100 fail_timeout=20s max_fails=3   weight=5\r\n",
		("{\"weight\":5,\"max_fails\":3,\"fail_timeout\":\"20s\",\"max_conns\":100,"
		 "\"backup\":true,\"down\":true}"),
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct server_params *p = &f->server.params;

		assert_true(server(f, forms[i]));
		assert_int_equal(p->weight, 5);
		assert_int_equal(p->max_fails, 3);
		assert_string_equal(p->fail_timeout, "20s");
		assert_int_equal(p->max_conns, 100);
		assert_true(p->backup);
		assert_true(p->down);
	}
}

static void test_parameters_are_completed(void **state)
{
	struct fixture *f = *state;
	const struct server_params *p = &f->server.params;

	assert_true(server(f, "\n"));
	assert_int_equal(p->weight, 1);
	assert_int_equal(p->max_fails, 1);
	assert_string_equal(p->fail_timeout, "10s");
	assert_int_equal(p->max_conns, 0);
	assert_false(p->backup || p->down);
	assert_true(upstream(f, "{\"server\":{\"weight\":7,\"max_fails\":0,\"max_conns\":3,"
				"\"fail_timeout\":\"1s\"}}"));
	assert_true(server(f, "max_conns=0"));
	assert_int_equal(p->weight, 7);
	assert_int_equal(p->max_fails, 0);
	assert_string_equal(p->fail_timeout, "1s");
	assert_int_equal(p->max_conns, 0);
}

static void test_weight_zero_is_down(void **state)
{
	struct fixture *f = *state;

	assert_true(server(f, "weight=0"));
	assert_int_equal(f->server.params.weight, 1);
	assert_true(f->server.params.down);
	assert_true(server(f, "{\"weight\":0}"));
	assert_true(f->server.params.down);
}

static void test_bad_parameters(void **state)
{
	static const struct {
		const char *data, *field;
	} cases[] = {
		{ "weight", "weight" },
		{ "weight=", "weight" },
		{ "weight=-1", "weight" },
		{ "weight=65536", "weight" },
		{ "weight=99999999999999999999", "weight" },
		{ "weight=1.5", "weight" },
		{ "weight=5;", "weight" },
		{ "weight=1 weight=1", "weight" },
		{ "max_fails=x", "max_fails" },
		{ "max_conns=1000001", "max_conns" },
		{ "fail_timeout=10ms", "fail_timeout" },
		{ "fail_timeout=10s;}", "fail_timeout" },
		{ "backup=1", "backup" },
		{ "down down", "down" },
		{ "resolve", "" },
		{ "5", "" },
		{ "weight =5", "weight" },
		{ "{\"weight\":\"5\"}", "weight" },
		{ "{\"weight\":-1}", "weight" },
		{ "{\"down\":1}", "down" },
		{ "{\"fail_timeout\":10}", "fail_timeout" },
		{ "{\"resolve\":true}", "resolve" },
		{ "\xff\xfe", "" },
		{ "d\xc3\xb6wn", "" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_false(server(f, cases[i].data));
		assert_true(f->problems.count >= 1);
		assert_string_equal(f->problems.items[0].field, cases[i].field);
	}
	assert_false(server_of(f, "10.0.0.1:80", "down\0", 5));
	assert_false(server_of(f, "10.0.0.1:80", "\0", 1));
}

static void test_backup_needs_a_balance_that_takes_it(void **state)
{
	static const char *const refused[] = { "{\"balance\":\"ip_hash\"}",
					       "{\"balance\":\"random\"}",
					       "{\"balance\":\"hash $host\"}" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		assert_true(upstream(f, refused[i]));
		assert_false(server(f, "backup"));
		expect_field(f, "backup");
		assert_true(server(f, "weight=2"));
	}
	assert_true(upstream(f, "{\"balance\":\"least_conn\"}"));
	assert_true(server(f, "backup"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty_is_all_defaults),
		TEST(test_every_field),
		TEST(test_a_byte_order_mark_is_skipped),
		TEST(test_balance),
		TEST(test_bad_fields_are_named),
		TEST(test_all_problems_at_once),
		TEST(test_what_is_not_json),
		TEST(test_depth_is_bounded),
		TEST(test_problems_are_bounded),
		TEST(test_discover_is_a_problem_that_spares_the_rest),
		TEST(test_addresses),
		TEST(test_bad_addresses),
		TEST(test_long_names),
		TEST(test_parameters_as_text_and_json),
		TEST(test_parameters_are_completed),
		TEST(test_weight_zero_is_down),
		TEST(test_bad_parameters),
		TEST(test_backup_needs_a_balance_that_takes_it),
	};

	return cmocka_run_group_tests_name("decode_upstream", tests, NULL, NULL);
}
