/* endpoint: the formats that are JSON. */
#include "endpoint_cases.h"

static void test_curator(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "a1",
		  "{\"name\":\"cart\",\"id\":\"a1\",\"address\":\"10.1.0.1\",\"port\":8080,"
		  "\"sslPort\":null,\"payload\":null,\"serviceType\":\"DYNAMIC\"}",
		  "10.1.0.1 port=8080" },
		{ "only-tls", "{\"address\":\"10.1.0.1\",\"port\":null,\"sslPort\":8443}",
		  "10.1.0.1 tls=8443" },
		{ "both", "{\"address\":\"10.1.0.1\",\"port\":8080,\"sslPort\":8443}",
		  "10.1.0.1 port=8080 tls=8443" },
		{ "ipv6", "{\"address\":\"2001:db8:0:0:0:0:0:7\",\"port\":80}",
		  "[2001:db8::7] port=80" },
		{ "druid-has-no-tls", "{\"address\":\"broker-1\",\"port\":8082,\"sslPort\":-1}",
		  "broker-1 port=8082" },
		{ "druid-has-no-plain", "{\"address\":\"broker-1\",\"port\":-1,\"sslPort\":8282}",
		  "broker-1 tls=8282" },
		{ "off", "{\"address\":\"10.1.0.1\",\"port\":80,\"enabled\":false}",
		  "10.1.0.1 port=80 down" },
		{ "off-as-text", "{\"address\":\"10.1.0.1\",\"port\":80,\"enabled\":\"FALSE\"}",
		  "10.1.0.1 port=80 down" },
		{ "payload-does-not-count",
		  "{\"address\":\"10.1.0.1\",\"port\":80,\"payload\":{\"address\":\"10.9.9.9\","
		  "\"zone\":\"a\",\"n\":3,\"deep\":{}}}",
		  "10.1.0.1 port=80 address:10.9.9.9 zone:a n:3" },
		{ "payload-list", "{\"address\":\"10.1.0.1\",\"port\":80,\"payload\":[\"x\",[1]]}",
		  "10.1.0.1 port=80" },
		{ "uri-does-not-count",
		  "{\"address\":\"10.1.0.1\",\"port\":80,\"uriSpec\":{\"parts\":"
		  "[{\"value\":\"http://evil.example\",\"variable\":false}]}}",
		  "10.1.0.1 port=80" },
		{ "no-address", "{\"address\":null,\"port\":80}", "bad: has no address" },
		{ "no-port", "{\"address\":\"10.1.0.1\"}", "bad: has no port" },
		{ "zone-id", "{\"address\":\"fe80::1%eth0\",\"port\":80}", "bad: zone" },
		{ "step-to-a-deeper-service", "", "other" },
		{ "empty-instance", "", "bad: is empty" },
		{ "compressed", "\\x1f\\x8b\\x08", "bad: compressed" },
	};

	CHECK_CASES("curator", cases);
}

#define SPRING(metadata)                                                                           \
	"{\"address\":\"10.1.0.2\",\"port\":8080,\"payload\":{\"@class\":\"Spring\",\"id\":\"x\"," \
	"\"metadata\":" metadata "}}"

static void test_spring_and_dubbo(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "up", SPRING("{\"instance_status\":\"UP\",\"zone\":\"b\"}"),
		  "10.1.0.2 port=8080 instance_status:UP zone:b @class:Spring" },
		{ "lower", SPRING("{\"instance_status\":\"up\"}"),
		  "10.1.0.2 port=8080 instance_status:up @class:Spring" },
		{ "out", SPRING("{\"instance_status\":\"OUT_OF_SERVICE\"}"),
		  "10.1.0.2 port=8080 down instance_status:OUT_OF_SERVICE @class:Spring" },
		{ "blank", SPRING("{\"instance_status\":\" \"}"),
		  "10.1.0.2 port=8080 instance_status:  @class:Spring" },
		{ "never-said", SPRING("{}"), "10.1.0.2 port=8080 @class:Spring" },
		{ "dubbo",
		  SPRING("{\"dubbo.endpoints\":\"[{\\\"port\\\":20880,\\\"protocol\\\":"
			 "\\\"dubbo\\\"},"
			 "{\\\"port\\\":50051,\\\"protocol\\\":\\\"tri\\\"}]\"}"),
		  "10.1.0.2 port=8080 dubbo=:20880 tri=:50051 dubbo.endpoints:"
		  "[{\"port\":20880,\"protocol\":\"dubbo\"},{\"port\":50051,\"protocol\":\"tri\"}"
		  "] @class:Spring" },
		{ "dubbo-broken", SPRING("{\"dubbo.endpoints\":\"[{\"}"),
		  "10.1.0.2 port=8080 dubbo.endpoints:[{ @class:Spring" },
	};

	CHECK_CASES("curator", cases);
}

static void test_nerve(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "i-1_0000000001", "{\"host\":\"10.2.0.1\",\"port\":3000,\"name\":\"i-1\"}",
		  "10.2.0.1 port=3000" },
		{ "texts",
		  "{\"host\":\"web-1\",\"port\":\"3000\",\"weight\":\"2\",\"haproxy_server_"
		  "options\":"
		  "\"check backup\",\"labels\":{\"az\":\"a\",\"region:x\":\"\"}}",
		  "web-1 port=3000 weight=2 backup az:a region:x:" },
		{ "no-backup-but-a-word-in-a-word",
		  "{\"host\":\"web-1\",\"port\":1,\"haproxy_server_options\":\"nobackup\"}",
		  "web-1 port=1" },
		{ "nothing", "{\"host\":\"web-1\",\"port\":1,\"weight\":0}",
		  "web-1 port=1 weight=0" },
		{ "weight-is-junk", "{\"host\":\"web-1\",\"port\":1,\"weight\":\"1; down\"}",
		  "web-1 port=1" },
		{ "weight-below-nothing", "{\"host\":\"web-1\",\"port\":1,\"weight\":-4}",
		  "web-1 port=1" },
		{ "last-of-two", "{\"host\":\"a\",\"port\":1,\"host\":\"b\"}", "b port=1" },
		{ "mark", "\xef\xbb\xbf{\"host\":\"a\",\"port\":1}", "a port=1" },
		{ "parent", "{\"haproxy\":{\"port\":1}}", "other" },
		{ "not-the-parent", "{\"haproxy\":{\"port\":1}}", "bad: has no host" },
		{ "no-port", "{\"host\":\"a\"}", "bad: has no port" },
		{ "list", "[{\"host\":\"a\",\"port\":1}]", "bad: is not a JSON object" },
		{ "two", "{\"host\":\"a\",\"port\":1}{}", "bad: is not JSON" },
		{ "nul", "{\"host\":\"a\",\"port\":1}\\x00", "bad: is not JSON" },
	};

	CHECK_CASES("nerve", cases);
}

/* {"host":"10.2.0.9","port":81} is eyJ… of 40 bytes. */
#define ENCODED "eyJob3N0IjoiMTAuMi4wLjkiLCJwb3J0Ijo4MX0="

static void test_nerve_path_encoding(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "base64_40_" ENCODED "_0000000003", "", "10.2.0.9 port=81" },
		{ "base64_40_" ENCODED, "", "10.2.0.9 port=81" },
		{ "base64_40_" ENCODED "_0000000003", "{\"host\":\"a\",\"port\":1}",
		  "10.2.0.9 port=81" },
		{ "base64_41_" ENCODED "_0000000003", "{\"host\":\"a\",\"port\":1}", "a port=1" },
		{ "base64_4000_" ENCODED, "{\"host\":\"a\",\"port\":1}", "a port=1" },
		{ "base64_99999999999999999999_" ENCODED, "", "bad: is empty" },
		{ "base64_6_!!!!!!_1", "{\"host\":\"a\",\"port\":1}", "a port=1" },
		{ "base64__" ENCODED, "{\"host\":\"a\",\"port\":1}", "a port=1" },
	};

	CHECK_CASES("nerve", cases);
}

#define MEMBER(host, rest)                                                                         \
	"{\"serviceEndpoint\":{\"host\":\"" host "\",\"port\":80},\"additionalEndpoints\":{}" rest \
	"}"

static void test_serverset(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "member_0000000001", MEMBER("10.3.0.1", ",\"status\":\"ALIVE\",\"shard\":4"),
		  "10.3.0.1 port=80 shard:4" },
		{ "member_0000000002",
		  "{ \"additionalEndpoints\" : {\n \"http\": "
		  "{\"host\":\"h\",\"port\":8080,\"inet\":"
		  "\"10.3.0.2\"}, \"broken\": {\"host\":\";\"} },\n \"serviceEndpoint\":"
		  "{\"host\":\"h\",\"port\":1},\"metadata\":{\"k\":\"v\"}}",
		  "h port=1 http=10.3.0.2:8080 k:v" },
		{ "member_-2147483648", MEMBER("10.3.0.3", ""), "10.3.0.3 port=80" },
		{ "member_0000000004", MEMBER("10.3.0.4", ",\"status\":\"STARTING\""),
		  "10.3.0.4 port=80 down" },
		{ "member_0000000005", MEMBER("10.3.0.5", ",\"status\":\"alive\""),
		  "10.3.0.5 port=80 down" },
		{ "member_0000000006", "{\"status\":\"ALIVE\"}", "bad: has no serviceEndpoint" },
		{ "member_0000000007", "\\x0c\\x00\\x01", "bad: Thrift" },
		{ "member_", MEMBER("10.3.0.8", ""), "other" },
		{ "leader_0000000009", "10.3.0.9", "other" },
		{ "_c_1f-member_0000000010", MEMBER("10.3.0.10", ""), "other" },
	};

	CHECK_CASES("serverset", cases);
}

static void test_serverset_vectors(void **state UNUSED)
{
	static const char vector[] =
		"{\"vector\":[{\"select\":\"shard=1\",\"weight\":0.5},{\"select\":\"member=2\","
		"\"weight\":1.5},{\"select\":\"inet=10.3.0.3:80\",\"weight\":-1.0},"
		"{\"select\":\"shard=2\",\"weight\":2.0},{\"select\":\"shard=5\",\"weight\":9}]}";
	static const struct znode context[] = {
		{ .path = "/services/vector_0", .data = vector, .size = sizeof(vector) - 1 },
		{ .path = "/services/vector_1", .data = "{", .size = 1 },
	};
	static const struct endpoint_case cases[] = {
		{ "member_0000000001", MEMBER("10.3.0.1", ",\"shard\":1"),
		  "10.3.0.1 port=80 weight=0.5 shard:1" },
		{ "member_0000000002", MEMBER("10.3.0.2", ",\"shard\":2"),
		  "10.3.0.2 port=80 weight=3 shard:2" },
		{ "member_0000000003", MEMBER("10.3.0.3", ""), "10.3.0.3 port=80 weight=1 down" },
		{ "member_0000000005", MEMBER("10.3.0.5", ",\"shard\":5"),
		  "10.3.0.5 port=80 shard:5" }, /* a whole number is no weight there */
	};

	check_cases_with("serverset", NULL, context, ARRAY_SIZE(context), cases, ARRAY_SIZE(cases));
}

static void test_registrator(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "10.4.0.1:32001",
		  "{\"Name\":\"api\",\"IP\":\"10.4.0.1\",\"PublicPort\":32001,\"PrivatePort\":80,"
		  "\"Tags\":[\"blue\",7],\"Attrs\":{\"zone\":\"a\"}}",
		  "10.4.0.1 port=32001 zone:a blue: :" },
		{ "10.4.0.1:32002",
		  "{\"IP\":\"10.4.0.1\",\"PublicPort\":32002,\"Tags\":null,\"Attrs\":null}",
		  "10.4.0.1 port=32002" },
		{ ":32003", "{\"IP\":\"\",\"PublicPort\":32003}", "bad: has no host" },
		{ "10.4.0.1:32004", "{\"IP\":\"10.4.0.1\"}", "bad: has no PublicPort" },
		{ "api", "abc", "other" },
	};

	CHECK_CASES("registrator", cases);
}

static void test_json_keys(void **state UNUSED)
{
	static const struct discover meta = {
		.keys = { .host = "net.ip",
			  .port = "net.ports.0",
			  .weight = "meta.w",
			  .up = "state",
			  .labels = "meta.dotted.tags" },
	};
	static const struct endpoint_case cases[] = {
		{ "a",
		  "{\"net\":{\"ip\":\"10.5.0.1\",\"ports\":[81,82]},\"meta\":{\"w\":2.5,"
		  "\"dotted.tags\":[\"x\",\"y\"]},\"state\":\"UP\"}",
		  "10.5.0.1 port=81 weight=2.5 x: y:" },
		{ "b", "{\"net\":{\"ip\":\"10.5.0.1\",\"ports\":[81]},\"state\":\"draining\"}",
		  "10.5.0.1 port=81 down" },
		{ "c", "{\"net\":{\"ip\":\"10.5.0.1\",\"ports\":[81]},\"state\":0}",
		  "10.5.0.1 port=81 down" },
		{ "d", "{\"net\":{\"ip\":\"10.5.0.1\",\"ports\":{\"0\":81}}}", "10.5.0.1 port=81" },
		{ "e", "{\"net\":{\"ip\":7}}", "bad: not a text" },
		{ "f", "{\"net\":[]}", "bad: has no host" },
	};

	check_cases_with("json", &meta, NULL, 0, cases, ARRAY_SIZE(cases));
}

static void test_json_urls(void **state UNUSED)
{
	static const struct discover url = { .keys = { .url = "endpoints" } };
	static const struct discover grpc = { .keys = { .url = "endpoints" }, .endpoint = "grpc" };
	static const struct endpoint_case http[] = {
		{ "a",
		  "{\"endpoints\":[\"grpc://10.5.0.1:9000\",\"http://"
		  "10.5.0.1:8000?isSecure=false\"]}",
		  "10.5.0.1 port=8000 scheme=http" },
		{ "b", "{\"endpoints\":[\"http://[2001:db8::5]:8000?isSecure=true\"]}",
		  "[2001:db8::5] tls=8000 scheme=http" },
		{ "c", "{\"endpoints\":\"10.5.0.2:80\"}", "10.5.0.2 port=80" },
		{ "d", "{\"endpoints\":[\"grpc://10.5.0.1:9000\"]}", "bad: has no URL" },
		{ "e", "{\"endpoints\":\"https://x.example/\"}", "x.example tls=443 scheme=https" },
		{ "f", "{}", "bad: has no URL" },
	};
	static const struct endpoint_case other[] = {
		{ "a", "{\"endpoints\":[\"http://10.5.0.1:8000\",\"grpc://10.5.0.1:9000\"]}",
		  "10.5.0.1 port=9000 scheme=grpc" },
	};

	check_cases_with("json", &url, NULL, 0, http, ARRAY_SIZE(http));
	check_cases_with("json", &grpc, NULL, 0, other, ARRAY_SIZE(other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_curator),     cmocka_unit_test(test_spring_and_dubbo),
		cmocka_unit_test(test_nerve),       cmocka_unit_test(test_nerve_path_encoding),
		cmocka_unit_test(test_serverset),   cmocka_unit_test(test_serverset_vectors),
		cmocka_unit_test(test_registrator), cmocka_unit_test(test_json_keys),
		cmocka_unit_test(test_json_urls),
	};

	return cmocka_run_group_tests_name("endpoint_json", tests, NULL, NULL);
}
