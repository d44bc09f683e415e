/* endpoint: the formats that are JSON. */
#include "endpoint_cases.h"

static void curators_registrations_are_read(void **state UNUSED)
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
	};

	CHECK_CASES("curator", cases);
}

#define SPRING(metadata)                                                                           \
	"{\"address\":\"10.1.0.2\",\"port\":8080,\"payload\":{\"@class\":\"Spring\",\"id\":\"x\"," \
	"\"metadata\":" metadata "}}"

static void registrations_of_spring_and_dubbo_are_read(void **state UNUSED)
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

/* Curator's gzip: each of deflate's three kinds of block, and damaged data. */
static void compressed_registrations_are_read(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "fixed",
		  "\\x1f\\x8b\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xab\\x56\\x4a\\x4c"
		  "\\x49\\x29\\x4a\\x2d\\x2e\\x56\\xb2\\x52\\x32\\x34\\xd0\\x33\\xd4\\x33"
		  "\\xd0\\x33\\x56\\xd2\\x51\\x2a\\xc8\\x2f\\x2a\\x51\\xb2\\xb2\\x30\\xac"
		  "\\x05\\x00\\xa3\\x25\\x43\\x6c\\x20\\x00\\x00\\x00",
		  "10.1.0.3 port=81" },
		{ "stored",
		  "\\x1f\\x8b\\x08\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x78\\x00\\x01\\x20"
		  "\\x00\\xdf\\xff\\x7b\\x22\\x61\\x64\\x64\\x72\\x65\\x73\\x73\\x22\\x3a"
		  "\\x22\\x31\\x30\\x2e\\x31\\x2e\\x30\\x2e\\x33\\x22\\x2c\\x22\\x70\\x6f"
		  "\\x72\\x74\\x22\\x3a\\x38\\x31\\x7d\\xa3\\x25\\x43\\x6c\\x20\\x00\\x00"
		  "\\x00",
		  "10.1.0.3 port=81" },
		{ "dynamic",
		  "\\x1f\\x8b\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x2d\\xd0\\x41\\x92"
		  "\\x83\\x20\\x10\\x85\\xe1\\xbb\\xb0\\x9e\\x4a\\xc5\\x4c\\x32\\x93\\xf1"
		  "\\x36\\x08\\x88\\xd8\\x42\\x0b\\x88\\x88\\xa9\\xdc\\x7d\\xd2\\x14\\x3b"
		  "\\xfe\\xfa\\x60\\xc1\\x7b\\x31\\x2e\\x65\\x50\\x31\\xb2\\x9e\\x75\\xd7"
		  "\\x4b\\x77\\xb9\\x5e\\xee\\xec\\x8b\\xad\\x18\\x36\\xd6\\x3f\\x6f\\x9f"
		  "\\x13\\x2f\\x0b\\x72\\xc9\\xfa\\x17\\x83\\xeb\\xe7\\x12\\x1f\\xd4\\xec"
		  "\\x4f\\x38\\xac\\xcc\\x01\\x1d\\x86\\x2c\\xed\\xf1\\x79\\x00\\x1d\\x99"
		  "\\x89\\x2a\\x1a\\x9e\\x3c\\xa2\\x4f\\x2d\\xc8\\x6e\\x64\\xab\\x3e\\x53"
		  "\\xf0\\x21\\x9d\\x7a\\xe5\\x4e\\x6c\\x76\\x52\\x92\\xec\\x9b\\x2c\\xa7"
		  "\\x94\\xb9\\xc6\\x02\\x05\\x75\\x0b\\xb2\\x3b\\x99\\x34\\x6b\\x99\\xf3"
		  "\\x22\\x76\\xef\\xac\\xf3\\xbb\\x58\\xf2\\x4c\\xf6\\x20\\x83\\x0c\\x3c"
		  "\\x5a\\xa3\\xb5\\xb1\\xb1\\x05\\xd9\\x0f\\x59\\x80\\x51\\x0c\\x62\\x84"
		  "\\xc0\\x97\\xe2\\xd4\\x11\\x57\\x5c\\xc9\\x7e\\xc9\\x4a\\xe1\\x0a\\xa2"
		  "\\x40\\x11\\x41\\xb5\\x20\\x7b\\x92\\x8d\\x76\\xd7\\x9b\\x39\\xa3\\x83"
		  "\\x19\\x5c\\x3c\\xcd\\xa6\\x77\\xb2\\x3f\\x32\\xcb\\xbd\\x11\\x25\\xe7"
		  "\\x22\\x8c\\x6f\\x51\\xff\\x5e\\x87\\xd9\\x70\\x81\\x05\\x37\\x3e\\xa7"
		  "\\x29\\x3b\\x3d\\x94\\xa3\\x0c\\x15\\xeb\\x32\\x5c\\x68\\x9b\\x94\\x57"
		  "\\xc9\\x6a\\xd1\\xa2\\x62\\x9d\\x66\\xf2\\x03\\xca\\xe4\\xcc\\xa8\\x46"
		  "\\xe3\\x92\\xc4\\xc1\\x4f\\x15\\xeb\\x36\\xa8\\xb2\\xb7\\x00\\xd6\\x67"
		  "\\x85\\x2d\\xd8\\xfb\\xfd\\x0f\\x53\\x4b\\x60\\x70\\xb8\\x01\\x00\\x00",
		  "10.1.0.4 port=82 k0:abejqzkxmdwronorwdmx k1:aisesiauqooquaisesia "
		  "k2:apgzurqruzgpanctmhed k3:awuuwagoykyogawuuwag k4:adipyjwlcvqnmnqvclwj "
		  "k5:akwkasmiggimsakwkasm k6:arkfcbcfkralynexspop k7:ayyaekscocskeayyaeks "
		  "k8:afmvgtizsnkjknszitgv k9:amaqicywwyciqamaqicy k10:atolklotajuhwngbyxyb "
		  "k11:aacgmueqeumgcaacgmue k12:ahqbodunifefinudobqh k13:aoewqmkkmqweoaoewqmk" },
		{ "changed",
		  "\\x1f\\x8b\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xab\\x56\\x4a\\x4c"
		  "\\x49\\x29\\x4a\\x2d\\x2e\\x56\\xb2\\x52\\x32\\x34\\xd0\\x33\\xd4\\x33"
		  "\\xd0\\x33\\x56\\xd2\\x51\\x2a\\xc8\\x2f\\x2a\\x51\\xb2\\xb2\\x30\\xac"
		  "\\x05\\x00\\xa3\\x25\\x43\\x6d\\x20\\x00\\x00\\x00",
		  "bad: damaged" },
		{ "cut",
		  "\\x1f\\x8b\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xab\\x56\\x4a\\x4c"
		  "\\x49\\x29\\x4a\\x2d\\x2e\\x56\\xb2\\x52\\x32\\x34\\xd0\\x33\\xd4\\x33"
		  "\\xd0\\x33",
		  "bad: incomplete" },
		{ "bomb",
		  "\\x1f\\x8b\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xed\\xc1\\x31\\x01"
		  "\\x00\\x00\\x00\\xc2\\xa0\\x2a\\xeb\\x9f\\xd2\\x12\\x9e\\x40\\x01\\x00"
		  "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
		  "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
		  "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
		  "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
		  "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x6f\\x03\\x60\\xac"
		  "\\x45\\x1f\\x70\\x11\\x01\\x00",
		  "bad: after decompression" },
	};

	CHECK_CASES("curator", cases);
}

static void nerves_registrations_are_read(void **state UNUSED)
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

static void nerves_registrations_in_a_name_are_read(void **state UNUSED)
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

static void registrations_of_a_serverset_are_read(void **state UNUSED)
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

static void vectors_give_the_weights_of_a_serverset(void **state UNUSED)
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
		  "10.3.0.5 port=80 shard:5" }, /* an integer is no weight there */
	};

	check_cases_with("serverset", NULL, context, ARRAY_SIZE(context), cases, ARRAY_SIZE(cases));
}

static void registrators_registrations_are_read(void **state UNUSED)
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

static void keys_name_the_fields_of_any_json(void **state UNUSED)
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
		{ "e", "{\"net\":{\"ip\":7}}", "bad: not a string" },
		{ "f", "{\"net\":[]}", "bad: has no host" },
	};

	check_cases_with("json", &meta, NULL, 0, cases, ARRAY_SIZE(cases));
}

static void an_array_of_urls_is_read_by_its_scheme(void **state UNUSED)
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
		cmocka_unit_test(curators_registrations_are_read),
		cmocka_unit_test(registrations_of_spring_and_dubbo_are_read),
		cmocka_unit_test(compressed_registrations_are_read),
		cmocka_unit_test(nerves_registrations_are_read),
		cmocka_unit_test(nerves_registrations_in_a_name_are_read),
		cmocka_unit_test(registrations_of_a_serverset_are_read),
		cmocka_unit_test(vectors_give_the_weights_of_a_serverset),
		cmocka_unit_test(registrators_registrations_are_read),
		cmocka_unit_test(keys_name_the_fields_of_any_json),
		cmocka_unit_test(an_array_of_urls_is_read_by_its_scheme),
	};

	return cmocka_run_group_tests_name("endpoint_json", tests, NULL, NULL);
}
