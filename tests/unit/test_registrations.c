/* endpoint: registrations as they are found, beside the plain form of each format. */
#include <stdio.h>

#include "endpoint_cases.h"

#define GUARD "_c_19bceb86-4cc2-469c-8ec0-d544055457e8-"

/* "Protection" of Curator's recipes puts a mark before every name. */
static void protected_names_are_read_in_every_format(void **state UNUSED)
{
	static const struct endpoint_case serverset[] = {
		{ GUARD "member_0000000000",
		  "{\"serviceEndpoint\":{\"host\":\"10.0.0.1\",\"port\":80}}", "10.0.0.1 port=80" },
		{ GUARD "latch_0000000000", "x", "other" },
		{ "_c_19bceb86-member_0000000000", "{}", "other" },
	};
	static const struct endpoint_case address[] = {
		{ GUARD "10.0.0.1:80", "weight=2", "10.0.0.1 port=80 weight=2" },
		{ GUARD "web-1_8080", "", "web-1 port=8080" },
		{ GUARD, "", "bad: not HOST:PORT" },
	};
	static const struct endpoint_case nerve[] = {
		{ GUARD "base64_40_eyJob3N0IjoiMTAuMi4wLjkiLCJwb3J0Ijo4MX0=_0000000003", "",
		  "10.2.0.9 port=81" },
	};
	static const struct endpoint_case solr[] = {
		{ GUARD "10.0.0.1:8983_solr", "", "10.0.0.1 port=8983 scheme=http path=/solr" },
	};
	static const struct endpoint_case dubbo[] = {
		{ GUARD "tri%3A%2F%2F10.0.0.1%3A50051", "", "10.0.0.1 port=50051 scheme=tri" },
	};
	static const struct endpoint_case registrator[] = {
		{ GUARD "10.0.0.1:80", "{\"IP\":\"10.0.0.1\",\"PublicPort\":80}",
		  "10.0.0.1 port=80" },
	};
	static const struct znode vector = { .path = "/s/" GUARD "vector_0000000000" };

	CHECK_CASES("serverset", serverset);
	CHECK_CASES("address", address);
	CHECK_CASES("nerve", nerve);
	CHECK_CASES("solr", solr);
	CHECK_CASES("dubbo", dubbo);
	CHECK_CASES("registrator", registrator);
	assert_true(endpoint_is_context(endpoint_format_find("serverset"), &vector));
}

static void a_member_may_have_an_additional_endpoint_alone(void **state UNUSED)
{
	static const char *const mains[] = { "{}", "null", "{\"host\":\"\",\"port\":0}",
					     "{\"host\":null,\"port\":-1}" };
	static const struct endpoint_case bad[] = {
		{ "member_0000000001",
		  "{\"serviceEndpoint\":{},\"additionalEndpoints\":{},\"status\":\"ALIVE\"}",
		  "bad: has no host" },
		{ "member_0000000002",
		  "{\"serviceEndpoint\":{\"host\":\"x y\",\"port\":1},\"additionalEndpoints\":"
		  "{\"http\":{\"host\":\"10.0.0.41\",\"port\":8080}}}",
		  "bad: neither" },
	};
	CLEANUP(arena_freep) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(mains); i++) {
		struct endpoint_case c = { "member_0000000003", "", "- http=10.0.0.41:8080" };

		c.data = arena_printf(
			a,
			"{\"serviceEndpoint\":%s,\"additionalEndpoints\":{\"http\":"
			"{\"host\":\"10.0.0.41\",\"port\":8080}},\"status\":\"ALIVE\"}",
			mains[i]);
		check_cases_with("serverset", NULL, NULL, 0, &c, 1);
	}
	CHECK_CASES("serverset", bad);
}

static void a_port_of_zero_or_less_is_none_in_json(void **state UNUSED)
{
	static const struct discover druid = {
		.keys = { .host = "d.host", .port = "d.plain", .tls_port = "d.tls" }
	};
	static const struct endpoint_case cases[] = {
		{ "a", "{\"d\":{\"host\":\"10.0.0.1\",\"plain\":8082,\"tls\":-1}}",
		  "10.0.0.1 port=8082" },
		{ "b", "{\"d\":{\"host\":\"10.0.0.1\",\"plain\":0,\"tls\":8282}}",
		  "10.0.0.1 tls=8282" },
		{ "c", "{\"d\":{\"host\":\"10.0.0.1\",\"plain\":\"-1\",\"tls\":\"8282\"}}",
		  "10.0.0.1 tls=8282" },
		{ "d", "{\"d\":{\"host\":\"10.0.0.1\",\"plain\":0,\"tls\":0}}",
		  "bad: has no port" },
		{ "e", "{\"d\":{\"host\":\"10.0.0.1\",\"plain\":65536}}", "bad: 1 to 65535" },
		{ "f", "{\"d\":{\"host\":\"10.0.0.1\",\"plain\":\"-\"}}", "bad: 1 to 65535" },
	};

	check_cases_with("json", &druid, NULL, 0, cases, ARRAY_SIZE(cases));
}

static void an_array_may_hold_addresses(void **state UNUSED)
{
	static const struct discover http = { .keys = { .url = "e" } };
	static const struct discover stream = { .keys = { .url = "e" },
						.protocol = PROTOCOL_STREAM };
	static const struct endpoint_case of_http[] = {
		{ "a", "{\"e\":[\"10.0.0.1:8000\",\"10.0.0.2:8000\"]}", "10.0.0.1 port=8000" },
		{ "b", "{\"e\":[\"10.0.0.1:8000\",\"http://10.0.0.2:8000\"]}",
		  "10.0.0.2 port=8000 scheme=http" },
		{ "c", "{\"e\":[\"\",7,\"amqp://10.0.0.1:5672\"]}", "bad: has no URL" },
	};
	static const struct endpoint_case of_stream[] = {
		{ "a", "{\"e\":[\"amqp://10.0.0.1:5672\"]}", "10.0.0.1 port=5672 scheme=amqp" },
		{ "b", "{\"e\":[\"10.0.0.1:5432\"]}", "10.0.0.1 port=5432" },
	};

	check_cases_with("json", &http, NULL, 0, of_http, ARRAY_SIZE(of_http));
	check_cases_with("json", &stream, NULL, 0, of_stream, ARRAY_SIZE(of_stream));
}

static void schemes_with_tls_are_known_in_any_case(void **state UNUSED)
{
	static const struct discover only = { .keys = { .url = "u" },
					      .tls = TLS_ONLY,
					      .protocol = PROTOCOL_STREAM };
	static const struct discover pulsar = { .keys = { .url = "u" },
						.tls = TLS_ONLY,
						.endpoint = "pulsar",
						.protocol = PROTOCOL_STREAM };
	static const struct endpoint_case cases[] = {
		{ "a", "{\"u\":\"pulsar+ssl://10.0.0.1:6651\"}",
		  "10.0.0.1 port=6651 tls=6651 scheme=pulsar+ssl" },
		{ "b", "{\"u\":\"SSL://10.0.0.1:9093\"}",
		  "10.0.0.1 port=9093 tls=9093 scheme=ssl" },
		{ "c", "{\"u\":[\"PLAINTEXT://10.0.0.1:9092\",\"SSL://10.0.0.1:9093\"]}",
		  "10.0.0.1 port=9093 tls=9093 scheme=ssl" },
		{ "d", "{\"u\":\"HTTPS://10.0.0.1:8443\"}", "10.0.0.1 tls=8443 scheme=https" },
		{ "e", "{\"u\":[\"SASL_PLAINTEXT://10.0.0.1:1\",\"SASL_SSL://10.0.0.1:9093\"]}",
		  "10.0.0.1 port=9093 tls=9093 scheme=sasl_ssl" },
	};
	static const struct endpoint_case of_pulsar[] = {
		{ "a", "{\"u\":[\"pulsar://10.0.0.1:6650\",\"pulsar+ssl://10.0.0.1:6651\"]}",
		  "10.0.0.1 port=6651 tls=6651 scheme=pulsar+ssl" },
	};

	check_cases_with("json", &only, NULL, 0, cases, ARRAY_SIZE(cases));
	check_cases_with("json", &pulsar, NULL, 0, of_pulsar, ARRAY_SIZE(of_pulsar));
}

static void check_state(const struct discover *d, const char *state, bool up)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct endpoint_case c = { "a", "", up ? "10.0.0.1 port=1" : "10.0.0.1 port=1 down" };

	c.data = arena_printf(a, "{\"host\":\"10.0.0.1\",\"port\":1%s%s}", *state ? ",\"s\":" : "",
			      state);
	check_cases_with("json", d, NULL, 0, &c, 1);
}

static void words_say_up_and_down(void **state UNUSED)
{
	static const struct discover usual = { .keys = { .up = "s" } };
	static const char *const up[] = {
		"\"UP\"",
		"\"RUNNING\"",
		"\"READY\"",
		"\"SERVING\"",
		"\"active\"",
		"\"OK\"",
		"\"started\"",
		"\"available\"",
		"\"alive\"",
		"\"Healthy\"",
		"\"online\"",
		"\"passing\"",
		"\"IN_SERVICE\"",
		"true",
		"1",
		"null",
		"",
	};
	static const char *const down[] = { "\"DOWN\"", "\"STOPPED\"",        "\"FAILED\"",
					    "\"\"",     "\"OUT_OF_SERVICE\"", "false",
					    "0",        "\"draining\"",       "{}" };

	for (size_t i = 0; i < ARRAY_SIZE(up); i++)
		check_state(&usual, up[i], true);
	for (size_t i = 0; i < ARRAY_SIZE(down); i++)
		check_state(&usual, down[i], false);
}

static void the_operator_may_say_which_states_are_up(void **state UNUSED)
{
	static const char *words[] = { "green", "3" };
	static const char *missing[] = { "green", "null" };
	static const struct discover own = {
		.keys = { .up = "s", .up_is = words, .up_is_count = 2 }
	};
	static const struct discover or_missing = {
		.keys = { .up = "s", .up_is = missing, .up_is_count = 2 }
	};

	check_state(&own, "\"GREEN\"", true);
	check_state(&own, "3", true);
	check_state(&own, "\"RUNNING\"", false);
	check_state(&own, "", false);
	check_state(&or_missing, "", true);
	check_state(&or_missing, "null", true);
}

static void json_has_a_host_under_any_usual_name(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "node7", "{\"ip\":\"127.0.0.1\",\"port\":8080}", "127.0.0.1 port=8080" },
		{ "node7", "{\"hostname\":\"web-1\",\"port\":\"80\"}", "web-1 port=80" },
		{ "node7", "{\"addr\":\"10.0.0.1:8080\"}", "10.0.0.1 port=8080" },
		{ "node7", "{\"addr\":\"[2001:db8::1]:8080\"}", "[2001:db8::1] port=8080" },
		{ "node7", "{\"addr\":\"fe80::1:2:80\"}", "bad: has no port" },
		{ "node7", "{\"host\":{\"a\":1},\"port\":8080}", "bad: not a string" },
		{ "log", "{\"leader\":1}", "other" },
		{ "readonly", "\\x00\\x01", "other" },
	};

	CHECK_CASES("json", cases);
}

static void an_address_may_have_a_prefix_and_parameters(void **state UNUSED)
{
	static const struct endpoint_case names[] = {
		{ "web-10.0.0.1:8080", "", "10.0.0.1 port=8080" },
		{ "Broker_10.0.0.1_8099", "", "10.0.0.1 port=8099" },
		{ "http_[2001:db8::1]:80", "", "[2001:db8::1] port=80" },
		{ "web-1.example:80", "", "web-1.example port=80" },
		{ "10.0.0.1:8080;weight=5;zone=a;backup", "",
		  "10.0.0.1 port=8080 weight=5 backup zone:a" },
		{ "app-1.example.com.:8080", "", "app-1.example.com. port=8080" },
		{ "10.0.0.1.:8080", "", "bad: looks like" },
		{ "10.0.0.1:8080", "10.0.0.7", "10.0.0.1 port=8080" },
		{ "10.0.0.1:8080", "fe80::1%eth0", "10.0.0.1 port=8080" },
		{ ";x-10.0.0.1:80", "", "bad: not HOST:PORT" },
	};
	static const struct endpoint_case data[] = {
		{ "a", "10.0.0.1:8080;weight=5;zone=a", "10.0.0.1 port=8080 weight=5 zone:a" },
		{ "b", "10.0.0.1:8080; } server {", "10.0.0.1 port=8080" },
		{ "c", "app-1.:8080", "app-1. port=8080" },
		{ "d", "10.0.0.1", "bad: is not HOST:PORT" },
		{ "readonly", "nothing", "other" },
	};

	CHECK_CASES("address", names);
	CHECK_CASES("data", data);
}

static void uris_of_rest_li_are_read(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "h-0000000001",
		  "{\"clusterName\":\"c\",\"weights\":{\"http://10.0.0.1:8080/g\":2.5},"
		  "\"uriSpecificProperties\":{\"http://10.0.0.1:8080/g\":{\"az\":\"a\"}}}",
		  "10.0.0.1 port=8080 scheme=http path=/g weight=2.5 az:a clusterName:c" },
		{ "h-0000000002",
		  "{\"clusterName\":\"c\",\"weights\":{},\"partitionDesc\":"
		  "{\"https://10.0.0.1:8443/g\":{\"0\":{\"weight\":1.0}}}}",
		  "10.0.0.1 tls=8443 scheme=https path=/g weight=1 clusterName:c" },
		{ "h-0000000003",
		  "{\"clusterName\":\"c\",\"weights\":{\"http://10.0.0.1:80\":1,"
		  "\"https://10.0.0.1:443\":1}}",
		  "10.0.0.1 port=80 tls=443 scheme=http weight=1 clusterName:c" },
		{ "h-0000000004", "{\"clusterName\":\"c\",\"weights\":{\"10.0.0.1:80\":0}}",
		  "10.0.0.1 port=80 weight=0 clusterName:c" },
		{ "h-0000000005", "{\"clusterName\":\"c\",\"weights\":{\"http://x;y:1\":1}}",
		  "bad: neither" },
		{ "h-0000000006", "{\"clusterName\":\"c\"}", "bad: has no URI" },
		{ "parent", "{\"clusterName\":\"c\"}", "other" },
	};

	CHECK_CASES("d2", cases);
}

#define RECORD(fields) "{\"id\":\"x\",\"simpleFields\":{" fields "},\"mapFields\":{}}"

static void instances_of_helix_are_read(void **state UNUSED)
{
	static const char config[] = RECORD("\"HELIX_HOST\":\"10.0.0.9\",\"HELIX_PORT\":\"99\"");
	static const char off[] = RECORD("\"HELIX_ENABLED\":\"false\"");
	static const struct znode context[] = {
		{ .path = "/CONFIGS/PARTICIPANT/known",
		  .data = config,
		  .size = sizeof(config) - 1 },
		{ .path = "/CONFIGS/PARTICIPANT/off_1", .data = off, .size = sizeof(off) - 1 },
	};
	static const struct endpoint_case cases[] = {
		{ "Broker_10.0.0.1_8099", RECORD(""), "10.0.0.1 port=8099" },
		{ "Server_pinot-0.pinot_8098", RECORD(""), "pinot-0.pinot port=8098" },
		{ "localhost_12918", RECORD("\"SESSION_ID\":\"1\""),
		  "localhost port=12918 SESSION_ID:1" },
		{ "any", RECORD("\"HELIX_HOST\":\"Broker_10.0.0.2\",\"HELIX_PORT\":\"8099\""),
		  "10.0.0.2 port=8099 HELIX_HOST:Broker_10.0.0.2 HELIX_PORT:8099" },
		{ "known", RECORD(""), "10.0.0.9 port=99" },
		{ "off_1", RECORD(""), "off port=1 down" },
		{ "any", RECORD("\"HELIX_HOST\":\"; }\",\"HELIX_PORT\":\"1\""), "bad: neither" },
		{ "nobody", RECORD(""), "bad: has neither HELIX_HOST" },
	};

	check_cases_with("helix", NULL, context, ARRAY_SIZE(context), cases, ARRAY_SIZE(cases));
}

/* --- several in one znode ------------------------------------------------------------------- */

static void check_parts(const char *format, const char *data, size_t count, const char *last)
{
	static const struct discover none;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct znode z = { .path = "/s/a", .data = data, .size = strlen(data), .owner = 7 };
	struct endpoint_parts parts;
	struct endpoint_reading r;
	struct endpoint e;
	const char *why;

	endpoint_begin(&r, a, endpoint_format_find(format), &none, NULL, 0);
	endpoint_split(&r, &z, &parts);
	assert_int_equal(parts.count, count);
	if (endpoint_read(&r, &parts.items[count - 1], &e, &why) != ENDPOINT_READ)
		assert_string_equal(why, last);
	else
		assert_string_equal(e.host, last);
}

static void one_znode_may_hold_several_registrations(void **state UNUSED)
{
	static char many[16384] = "[";

	check_parts("nerve",
		    "[{\"host\":\"10.0.0.1\",\"port\":1},{\"host\":\"10.0.0.2\",\"port\":2}]", 2,
		    "10.0.0.2");
	check_parts("json", " [{\"host\":\"10.0.0.1\",\"port\":1}]", 1, "10.0.0.1");
	check_parts("data", "[\"10.0.0.1:1\",\"10.0.0.2:2\"]", 2, "10.0.0.2");
	check_parts("data", "[2001:db8::1]:80", 1, "[2001:db8::1]");
	check_parts("d2",
		    "{\"clusterName\":\"c\",\"weights\":{\"http://10.0.0.1:1\":1,\"http://"
		    "10.0.0.2:1\":1,\"https://10.0.0.1:2\":1}}",
		    2, "10.0.0.2");
	check_parts("nerve", "[{\"host\":\"10.0.0.1\",\"port\":1},7]", 1,
		    "is not a JSON object, nor an array of 1 to 256 of them");
	for (size_t i = 0; i <= ENDPOINT_PARTS_MAX; i++)
		strcat(many, i ? ",{\"host\":\"a\",\"port\":1}" : "{\"host\":\"a\",\"port\":1}");
	strcat(many, "]");
	check_parts("nerve", many, 1, "is not a JSON object, nor an array of 1 to 256 of them");
}

/* --- auto ----------------------------------------------------------------------------------- */

static void check_sniff(const char *name, const char *data, const char *expected)
{
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	CLEANUP(buf_fini) struct buf path = BUF_INIT;
	CLEANUP(buf_fini) struct buf bytes = BUF_INIT;
	const struct endpoint_format *f;
	struct tree_builder b;
	struct znode z = { .owner = 7 };

	buf_printf(&path, "/s/%s", name);
	put_bytes(&bytes, data);
	z.path = path.data;
	z.data = buf_str(&bytes);
	z.size = bytes.size;
	tree_builder_init(&b);
	tree_builder_add(&b, &z);
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	f = endpoint_sniff(t, "/s");
	if (strcmp(f ? endpoint_format_name(f) : "none", expected) != 0)
		fail_msg("%s %s: %s, expected %s", name, data, f ? endpoint_format_name(f) : "none",
			 expected);
}

static void auto_reads_what_is_compressed_large_and_protected(void **state UNUSED)
{
	static char large[16384];

	strcpy(large, "{\"host\":\"10.0.0.1\",\"port\":80,\"labels\":{");
	for (size_t i = 0; i < 300; i++)
		sprintf(large + strlen(large), "\"label-%zu\":\"a value that is long\",", i);
	strcpy(large + strlen(large) - 1, "}}");
	check_sniff("a", large, "nerve");
	check_sniff("a",
		    "\\x1f\\x8b\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xab\\x56\\x4a\\x4c"
		    "\\x49\\x29\\x4a\\x2d\\x2e\\x56\\xb2\\x52\\x32\\x34\\xd0\\x33\\xd4\\x33"
		    "\\xd0\\x33\\x56\\xd2\\x51\\x2a\\xc8\\x2f\\x2a\\x51\\xb2\\xb2\\x30\\xac"
		    "\\x05\\x00\\xa3\\x25\\x43\\x6c\\x20\\x00\\x00\\x00",
		    "curator");
	check_sniff("a", "\\x1f\\x8b\\x08\\x00", "none");
	check_sniff(GUARD "member_0000000000", "{\"serviceEndpoint\":{}}", "serverset");
	check_sniff(GUARD "10.0.0.1:80", "", "address");
	check_sniff("a", "[{\"host\":\"10.0.0.1\",\"port\":1}]", "nerve");
	check_sniff("a", "[\"10.0.0.1:1\"]", "data");
	check_sniff("h-1", "{\"clusterName\":\"c\",\"weights\":{\"http://10.0.0.1:1\":1}}", "d2");
	check_sniff("Broker_h_1", RECORD(""), "helix");
}

static void auto_takes_no_name_for_the_host_when_the_data_has_one(void **state UNUSED)
{
	check_sniff("node7", "{\"ip\":\"127.0.0.1\",\"port\":8080}", "json");
	check_sniff("app_1", "{\"hostname\":\"web-1\",\"port\":8080}", "json");
	check_sniff("app_1", "10.0.0.1:8080", "data");
	check_sniff("app_1", "http://10.0.0.1:8080", "data");
	check_sniff("shop:1", "10.0.0.1:8080", "data");
	check_sniff("node7", "{\"port\":8080,\"net\":{\"v4\":\"10.0.0.1\"}}", "none");
	check_sniff("node7", "{\"port\":8080,\"serverAddr\":\"web-1\"}", "none");
	check_sniff("node_7", "{\"endpoints\":[\"http://10.0.0.1:8000\"]}", "none");
	/* … and takes it where the data has none, or the same one. */
	check_sniff("node7", "{\"port\":8080}", "address");
	check_sniff("10.0.0.1", "{\"port\":8080}", "address");
	check_sniff("web-1_8080", "web-1:8080", "address");
	check_sniff("web-1_8080", "web-1:8080:700", "address");
	check_sniff("10.0.0.1:8080", "10.0.0.7", "address");
	check_sniff("10.0.0.1:8080", "{\"pid\":7,\"version\":\"1.2.3.4\"}", "address");
	check_sniff("10.0.0.1:8080", "{\"ip\":\"10.0.0.1\",\"port\":8080}", "address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protected_names_are_read_in_every_format),
		cmocka_unit_test(a_member_may_have_an_additional_endpoint_alone),
		cmocka_unit_test(a_port_of_zero_or_less_is_none_in_json),
		cmocka_unit_test(an_array_may_hold_addresses),
		cmocka_unit_test(schemes_with_tls_are_known_in_any_case),
		cmocka_unit_test(words_say_up_and_down),
		cmocka_unit_test(the_operator_may_say_which_states_are_up),
		cmocka_unit_test(json_has_a_host_under_any_usual_name),
		cmocka_unit_test(an_address_may_have_a_prefix_and_parameters),
		cmocka_unit_test(uris_of_rest_li_are_read),
		cmocka_unit_test(instances_of_helix_are_read),
		cmocka_unit_test(one_znode_may_hold_several_registrations),
		cmocka_unit_test(auto_reads_what_is_compressed_large_and_protected),
		cmocka_unit_test(auto_takes_no_name_for_the_host_when_the_data_has_one),
	};

	return cmocka_run_group_tests_name("registrations", tests, NULL, NULL);
}
