/* When two forms of a znode are the same. */
#include "core/decode/meaning.h"
#include "core/policy/policy.h"
#include "tree_fixture.h"

#include <zknginx/macros.h>

#define UPSTREAM "/c/upstreams/shop"
#define SERVER UPSTREAM "/10.0.0.1:80"
#define SITE "/c/sites/shop"
#define SNIPPET "/c/snippets/http/x"

static const char *const roots[] = { "/srv", "/etc/ssl", NULL };
static const struct policy policy = { .level = POLICY_SAFE, .roots = roots };

/* after: the data of the upstream, for servers */
static bool same_within(const char *upstream, const char *path, const char *x, const char *y)
{
	struct znode zx = { .path = path, .data = x, .size = strlen(x) };
	struct znode zy = { .path = path, .data = y, .size = strlen(y) };
	struct tree_builder b;
	struct tree *t;
	struct meaning m = { .root = "/c", .policy = &policy };
	bool same, back;

	tree_builder_init(&b);
	tree_builder_add(
		&b,
		&(struct znode){ .path = UPSTREAM, .data = upstream, .size = strlen(upstream) });
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	m.tree = t;
	same = meaning_same(&m, &zx, &zy);
	back = meaning_same(&m, &zy, &zx);
	assert_int_equal(same, back);
	tree_unref(t);
	return same;
}

static bool same(const char *path, const char *x, const char *y)
{
	return same_within("", path, x, y);
}

struct pair {
	const char *path, *x, *y;
};

#define LISTEN "\"listen\": [\"80\"]"
#define LOCATIONS "\"locations\": [{ \"path\": \"/\", \"proxy\": \"a\" }]"
#define LOCATION(fields)                                                                           \
	"{ " LISTEN ", \"locations\": [{ \"path\": \"/\", \"proxy\": \"a\"" fields " }] }"

static void what_is_written_in_another_way_is_the_same(void **state UNUSED)
{
	static const struct pair pairs[] = {
		{ UPSTREAM, "", "{}" },
		{ UPSTREAM, "", "{ \"balance\": \"round_robin\", \"min_servers\": 1 }\n" },
		{ UPSTREAM, "{\"keepalive\":5,\"zone\":\"64k\"}",
		  "{\n  \"zone\": \"64k\",\n  \"keepalive\": 5\n}\n" },
		{ UPSTREAM, "{ \"server\": { \"max_fails\": 1 } }",
		  "{ \"server\": { \"weight\": 1, \"fail_timeout\": \"10s\" } }" },
		{ UPSTREAM, "{ \"discover\": { \"path\": \"/s\" } }",
		  "{ \"discover\": [{ \"path\": \"/s\", \"format\": \"auto\", \"tls\": \"never\", "
		  "\"down\": \"omit\" }], \"keepalive\": 0 }" },
		{ UPSTREAM, "{\"a\\u0062\": 1, \"x\": 2}", "{ \"x\": 2, \"ab\": 1 }" },
		{ UPSTREAM, "no JSON", "no JSON\n" },
		{ SERVER, "weight=5", "{ \"weight\": 5 }\n" },
		{ SERVER, "", "weight=1 max_fails=1 fail_timeout=10s max_conns=0" },
		{ SERVER, "backup  weight=2", "weight=2 backup\n" },
		{ SERVER, "weight=0", "down" },
		{ SITE, "{ " LISTEN ", " LOCATIONS " }",
		  "{ " LOCATIONS ", " LISTEN ", \"protocol\": \"http\", \"default\": false }" },
		{ SITE, LOCATION(", \"request_headers\": { \"X-A\": \"1\", \"X-B\": \"2\" }"),
		  LOCATION(", \"request_headers\": { \"X-B\": \"2\", \"X-A\": \"1\" }") },
		{ SITE, LOCATION(""),
		  LOCATION(", \"websocket\": false, \"retry\": { \"tries\": 0 }, \"timeouts\": "
			   "{}") },
		{ SNIPPET, "map $a $b { }", "map $a $b { }\n\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (!same(pairs[i].path, pairs[i].x, pairs[i].y))
			fail_msg("pair %zu is different: %s", i, pairs[i].y);
	}
}

static void each_field_of_an_upstream_and_of_a_server_counts(void **state UNUSED)
{
	static const struct pair pairs[] = {
		{ UPSTREAM, "", "{ \"protocol\": \"stream\" }" },
		{ UPSTREAM, "", "{ \"balance\": \"least_conn\" }" },
		{ UPSTREAM, "", "{ \"keepalive\": 5 }" },
		{ UPSTREAM, "", "{ \"zone\": \"64k\" }" },
		{ UPSTREAM, "", "{ \"server\": { \"weight\": 2 } }" },
		{ UPSTREAM, "", "{ \"server\": { \"max_fails\": 2 } }" },
		{ UPSTREAM, "", "{ \"server\": { \"fail_timeout\": \"9s\" } }" },
		{ UPSTREAM, "", "{ \"server\": { \"max_conns\": 2 } }" },
		{ UPSTREAM, "", "{ \"min_servers\": 2 }" },
		{ UPSTREAM, "", "{ \"max_shrink\": 50 }" },
		{ UPSTREAM, "", "{ \"on_empty\": \"unavailable\" }" },
		{ UPSTREAM, "", "{ \"discover\": { \"path\": \"/s\" } }" },
		{ SERVER, "", "weight=2" },
		{ SERVER, "", "max_fails=2" },
		{ SERVER, "", "fail_timeout=9s" },
		{ SERVER, "", "max_conns=2" },
		{ SERVER, "", "backup" },
		{ SERVER, "", "down" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (same(pairs[i].path, pairs[i].x, pairs[i].y))
			fail_msg("pair %zu is the same: %s", i, pairs[i].y);
	}
}

static void each_field_of_a_discover_counts(void **state UNUSED)
{
	static const char *const fields[] = {
		"\"format\": \"curator\"",
		"\"tls\": \"only\"",
		"\"endpoint\": \"admin\"",
		"\"match\": { \"labels\": { \"zone\": \"a\" } }",
		"\"match\": { \"labels\": { \"zone\": \"b\" } }",
		"\"match\": { \"labels\": { \"rack\": \"a\" } }",
		"\"down\": \"down\"",
		"\"format\": \"json\", \"keys\": { \"host\": \"h\", \"port\": \"p\" }",
		"\"format\": \"json\", \"keys\": { \"host\": \"h\", \"port\": \"q\" }",
		"\"format\": \"json\", \"keys\": { \"host\": \"i\", \"port\": \"p\" }",
		"\"format\": \"json\", \"keys\": { \"url\": \"h\" }",
		"\"format\": \"json\", \"keys\": { \"url\": \"h\", \"weight\": \"w\" }",
		"\"format\": \"json\", \"keys\": { \"url\": \"h\", \"up\": \"w\" }",
		"\"format\": \"json\", \"keys\": { \"url\": \"h\", \"labels\": \"w\" }",
		"\"ignore\": \"a\"",
		"\"ignore\": [ \"a\", \"b\" ]",
		"\"format\": \"json\", \"keys\": { \"up\": { \"key\": \"w\", \"is\": \"a\" } }",
		"\"format\": \"json\", \"keys\": { \"up\": { \"key\": \"w\", \"is\": \"b\" } }",
		("\"format\": \"json\", \"keys\": { \"host\": \"h\", \"port\": \"p\", "
		 "\"tls_port\": \"t\" }"),
	};
	char forms[ARRAY_SIZE(fields) + 1][256];

	snprintf(forms[0], sizeof(forms[0]), "{ \"discover\": { \"path\": \"/s\" } }");
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		snprintf(forms[i + 1], sizeof(forms[0]),
			 "{ \"discover\": { \"path\": \"/s\", %s } }", fields[i]);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		for (size_t j = 0; j < i; j++) {
			if (same(UPSTREAM, forms[i], forms[j]))
				fail_msg("%s is the same as %s", forms[i], forms[j]);
		}
	}
}

/* Any two of these are different. */
static void all_differ(const char *const *forms, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (same(SITE, forms[i], forms[j]))
				fail_msg("%s is the same as %s", forms[i], forms[j]);
		}
	}
}

#define TLS(fields) "{ \"listen\": [\"443 ssl\"], \"tls\": { " fields " }, " LOCATIONS " }"
#define FILES "\"certificate\": \"/srv/c\", \"key\": \"/srv/k\""
#define SITE_WITH(fields) "{ " LISTEN ", " LOCATIONS ", " fields " }"

static void each_field_of_a_site_counts(void **state UNUSED)
{
	static const char *const forms[] = {
		"{ " LISTEN ", " LOCATIONS " }",
		"{ \"listen\": [\"81\"], " LOCATIONS " }",
		"{ \"listen\": [\"80\", \"81\"], " LOCATIONS " }",
		TLS(FILES),
		TLS("\"certificate\": \"/srv/c\", \"key\": \"/srv/l\""),
		TLS("\"certificate\": \"/srv/d\", \"key\": \"/srv/k\""),
		TLS(FILES ", \"redirect_http\": true"),
		SITE_WITH("\"server_names\": [\"a\"]"),
		SITE_WITH("\"server_names\": [\"b\"]"),
		SITE_WITH("\"server_names\": [\"a\", \"b\"]"),
		SITE_WITH("\"default\": true"),
		SITE_WITH("\"gzip\": true"),
		SITE_WITH("\"gzip\": false"),
		SITE_WITH("\"client_max_body_size\": \"1m\""),
		SITE_WITH("\"access_log\": \"off\""),
		"{ \"protocol\": \"stream\", " LISTEN ", \"proxy\": \"a\" }",
		"{ \"protocol\": \"stream\", " LISTEN ", \"proxy\": \"b\" }",
		"{ \"protocol\": \"stream\", " LISTEN ", \"proxy\": \"a\", "
		"\"timeouts\": { \"connect\": \"1s\" } }",
		"{ \"protocol\": \"stream\", " LISTEN ", \"proxy\": \"a\", "
		"\"timeouts\": { \"idle\": \"1s\" } }",
		"{ " LISTEN ", \"locations\": [{ \"path\": \"/\", \"proxy\": \"a\" }, "
		"{ \"path\": \"/b\", \"proxy\": \"a\" }] }",
	};

	all_differ(forms, ARRAY_SIZE(forms));
}

#define OTHER(fields) "{ " LISTEN ", \"locations\": [{ \"path\": \"/\", " fields " }] }"

static void each_field_of_a_location_counts(void **state UNUSED)
{
	static const char *const forms[] = {
		LOCATION(""),
		"{ " LISTEN ", \"locations\": [{ \"path\": \"/x\", \"proxy\": \"a\" }] }",
		OTHER("\"proxy\": \"b\""),
		LOCATION(", \"websocket\": true"),
		LOCATION(", \"timeouts\": { \"connect\": \"1s\" }"),
		LOCATION(", \"timeouts\": { \"read\": \"1s\" }"),
		LOCATION(", \"timeouts\": { \"send\": \"1s\" }"),
		LOCATION(", \"request_headers\": { \"X-A\": \"1\" }"),
		LOCATION(", \"request_headers\": { \"X-A\": \"2\" }"),
		LOCATION(", \"request_headers\": { \"X-B\": \"1\" }"),
		LOCATION(", \"response_headers\": { \"X-A\": \"1\" }"),
		LOCATION(", \"response_headers\": { \"X-A\": \"2\" }"),
		LOCATION(", \"retry\": { \"on\": \"error\" }"),
		LOCATION(", \"retry\": { \"tries\": 2 }"),
		LOCATION(", \"cache\": { \"zone\": \"z\" }"),
		LOCATION(", \"cache\": { \"zone\": \"y\" }"),
		LOCATION(", \"cache\": { \"zone\": \"z\", \"valid\": \"200 10m\" }"),
		LOCATION(", \"expires\": \"1d\""),
		LOCATION(", \"cache_control\": \"public\""),
		LOCATION(", \"limit\": { \"rate\": \"1r/s\" }"),
		LOCATION(", \"limit\": { \"rate\": \"2r/s\" }"),
		LOCATION(", \"limit\": { \"rate\": \"1r/s\", \"burst\": 5 }"),
		LOCATION(", \"limit\": { \"rate\": \"1r/s\", \"burst\": 5, \"nodelay\": true }"),
		OTHER("\"root\": \"/srv\""),
		OTHER("\"root\": \"/srv/a\""),
		OTHER("\"return\": { \"status\": 200 }"),
		OTHER("\"return\": { \"status\": 404 }"),
		OTHER("\"return\": { \"status\": 200, \"text\": \"a\" }"),
		OTHER("\"return\": { \"status\": 200, \"text\": \"b\" }"),
		OTHER("\"redirect\": { \"status\": 301, \"to\": \"/a\" }"),
		OTHER("\"redirect\": { \"status\": 302, \"to\": \"/a\" }"),
		OTHER("\"redirect\": { \"status\": 301, \"to\": \"/b\" }"),
	};

	all_differ(forms, ARRAY_SIZE(forms));
}

/* "5.0" is refused, and {"weight": 5} is not: to correct it is a change. */
static void a_form_that_is_not_valid_is_none_that_is(void **state UNUSED)
{
	assert_false(same(SERVER, "{ \"weight\": 5.0 }", "{ \"weight\": 5 }"));
	assert_false(same(UPSTREAM, "{ \"keepalive\": 5.0 }", "{ \"keepalive\": 5 }"));
	assert_false(same(UPSTREAM, "{ \"no_such\": 1 }", ""));
	assert_false(same(UPSTREAM, "{ \"no_such\": 1 }", "{ \"no_such\": 2 }"));
	assert_false(same(UPSTREAM, "\n", ""));
	assert_false(same(SNIPPET, "map $a $b { }", "map $a  $b { }"));
}

/* With a default of the upstream, "weight=1" and nothing are not the same. */
static void a_server_is_read_with_its_upstream(void **state UNUSED)
{
	static const char upstream[] = "{ \"server\": { \"weight\": 5 } }";

	assert_true(same_within(upstream, SERVER, "", "weight=5"));
	assert_false(same_within(upstream, SERVER, "", "weight=1"));
	assert_true(same_within("broken", SERVER, "", "weight=1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_in_another_way_is_the_same),
		cmocka_unit_test(each_field_of_an_upstream_and_of_a_server_counts),
		cmocka_unit_test(each_field_of_a_discover_counts),
		cmocka_unit_test(each_field_of_a_site_counts),
		cmocka_unit_test(each_field_of_a_location_counts),
		cmocka_unit_test(a_form_that_is_not_valid_is_none_that_is),
		cmocka_unit_test(a_server_is_read_with_its_upstream),
	};

	return cmocka_run_group_tests_name("meaning", tests, NULL, NULL);
}
