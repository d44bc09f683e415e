/* endpoint: the formats that are names and texts; hostile values; the recognition of formats. */
#include "endpoint_cases.h"

#include "core/endpoint/endpoint_format.h"

static void an_address_is_read_from_the_name(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "10.6.0.1:80", "", "10.6.0.1 port=80" },
		{ "10.6.0.1:80", "weight=5 max_fails=3 fail_timeout=4s max_conns=9 backup",
		  "10.6.0.1 port=80 weight=5 backup max_fails=3 max_conns=9 fail_timeout=4s" },
		{ "10.6.0.1:80", "weight=x max_fails=-1 fail_timeout=4s;} down",
		  "10.6.0.1 port=80 down" },
		{ "10.6.0.1:80", "5\n", "10.6.0.1 port=80 weight=5" },
		{ "10.6.0.1:80", "@dc1\r\n@green\n@params max_conns=5 fail_timeout=2s\n",
		  "10.6.0.1 port=80 max_conns=5 fail_timeout=2s @dc1: @green:" },
		{ "10.6.0.1:80",
		  "{\"weight\":1,\"max_fails\":2,\"fail_timeout\":7,\"backup\":0,\"down\":1}",
		  "10.6.0.1 port=80 weight=1 down max_fails=2 fail_timeout=7s weight:1 max_fails:2 "
		  "fail_timeout:7 backup:0 down:1" },
		{ "10.6.0.1:80", "{\"pid\":7,\"rack\":\"r1\"}", "10.6.0.1 port=80 pid:7 rack:r1" },
		{ "10.6.0.1:80", "whatever the application left here", "10.6.0.1 port=80" },
		{ "10.6.0.1:80", "\\xac\\xed\\x00\\x05", "10.6.0.1 port=80" },
		{ "web-1_8080", "", "web-1 port=8080" },
		{ "web_1_8080", "web_1:8080:700", "web_1 port=8080 weight=700" },
		{ "web-1_0", "web-1", "web-1" },
		{ "[2001:DB8::1]:80", "", "[2001:db8::1] port=80" },
		{ "10.6.0.2", "{\"port\":81}", "10.6.0.2 port=81 port:81" },
		{ "10.6.0.2", "", "other" },
		{ "10.6.0.2", "", "bad: not HOST:PORT" },
		{ "tcp@10.6.0.3:80", "weight=7&group=a",
		  "10.6.0.3 port=80 scheme=tcp weight=7 group:a" },
		{ "serverUri=hive-1:10000;version=3;sequence=0000000001", "", "hive-1 port=10000" },
		{ "10.6.0.1:80:90", "", "bad: IPv6" },
		{ "...", "", "bad: not HOST:PORT" },
		{ "\"$host\":80", "", "bad: neither an IP address" },
		{ "lock", "", "other" },
	};

	CHECK_CASES("address", cases);
}

static void an_address_is_read_from_the_data(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "server-0000000001", "10.7.0.1:8080\n", "10.7.0.1 port=8080" },
		{ "app1", "http://10.7.0.2:8080/ctx?x=y",
		  "10.7.0.2 port=8080 scheme=http path=/ctx" },
		{ "app2", "HTTPS://user:pw@Shop.Example/", "shop.example tls=443 scheme=https" },
		{ "java",
		  "\\xac\\xed\\x00\\x05t\\x00\\x0b"
		  "10.7.0.3:80",
		  "10.7.0.3 port=80" },
		{ "java-short",
		  "\\xac\\xed\\x00\\x05t\\xff\\xff"
		  "1",
		  "bad: Java" },
		{ "java-object", "\\xac\\xed\\x00\\x05sr", "bad: Java" },
		{ "rpc", "motan2://10.7.0.4:8002/x.Y?nodeType=service&",
		  "10.7.0.4 port=8002 scheme=motan2 path=/x.Y" },
		{ "no-port", "rpc://10.7.0.4/x", "bad: has no port" },
		{ "nothing", "", "bad: is empty" },
		{ "parent", "", "other" },
		{ "socket", "unix:/run/docker.sock", "bad: host" },
		{ "two", "10.7.0.1:80 10.7.0.2:80", "bad: host" },
	};

	CHECK_CASES("data", cases);
}

static void registrations_of_solr_are_read(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "10.8.0.1:8983_solr", "", "10.8.0.1 port=8983 scheme=http path=/solr" },
		{ "node_1:8983_search%2Fsolr", "",
		  "node_1 port=8983 scheme=http path=/search/solr" },
		{ "10.8.0.1:8983_", "", "10.8.0.1 port=8983 scheme=http path=/" },
		{ "10.8.0.1:8983", "", "bad: HOST:PORT_CONTEXT" },
		{ "10.8.0.1:8983_a%ZZ", "", "bad: bad percent escape" },
	};
	static const struct endpoint_case secure[] = {
		{ "10.8.0.1:8983_solr", "", "10.8.0.1 tls=8983 scheme=https path=/solr" },
	};
	static const char props[] = "{\"urlScheme\":\"https\"}";
	static const struct znode context = { .path = "/clusterprops.json",
					      .data = props,
					      .size = sizeof(props) - 1 };

	CHECK_CASES("solr", cases);
	check_cases_with("solr", NULL, &context, 1, secure, 1);
}

#define DUBBO(url) url "%2Forg.example.Cart%3F"

static void registrations_of_dubbo_are_read(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ DUBBO("tri%3A%2F%2F10.9.0.1%3A50051") "weight%3D200%26group%3Da%2Bb", "10.9.0.9",
		  "10.9.0.1 port=50051 scheme=tri path=/org.example.Cart weight=200 weight:200 "
		  "group:a b" },
		{ DUBBO("rest%3a%2f%2f10.9.0.2%3a8080") "disabled%3dtrue", "",
		  "10.9.0.2 port=8080 scheme=rest path=/org.example.Cart down disabled:true" },
		{ DUBBO("dubbo%3A%2F%2Fu%3Apw%402001%3Adb8%3A0%3A0%3A0%3A0%3A0%3A9%3A20880"), "",
		  "[2001:db8::9] port=20880 scheme=dubbo path=/org.example.Cart" },
		{ DUBBO("tri%3A%2F%2F10.9.0.1%3A1") "category%3Dconfigurators", "", "other" },
		{ "override%3A%2F%2F0.0.0.0%2Fx%3Fdisabled%3Dtrue", "", "other" },
		{ DUBBO("tri%3A%2F%2F10.9.0.1%0A%7D%0Aserver%7B%3A80"), "", "bad: neither" },
		{ DUBBO("tri%3A%2F%2F10.9.0.1%00%3A80"), "", "bad: neither" },
		{ DUBBO("tri%3A%2F%2F10.9.0.1"), "", "bad: has no port" },
		{ "not-a-url", "", "other" },
		{ "%", "", "bad: encoded URL" },
		{ DUBBO("tri%3A%2F%2F10.9.0.1%3A80") "a%3D%ZZ", "",
		  "bad: \"%ZZ\" is not a percent" },
		{ DUBBO("tri%3A%2F%2F10.9.0.1%3A80") "a%3D%4", "", "bad: \"%4\" is not a percent" },
		{ DUBBO("tri%3A%2F%2F10.9.0.1%3A80") "a%3D%", "", "bad: \"%\" is not a percent" },
		{ DUBBO("tri%3A%2F%2F10.9.0.1%3A80%G0"), "", "bad: \"%G0\" is not a percent" },
		{ DUBBO("tri%3A%2F%2F10.9.0%.1%3A80"), "", "bad: \"%.1\" is not a percent" },
		{ DUBBO("tri%3A%2F%2F10.9.0.1%3A80") "a%3D%%41", "", "bad: \"%%4\" is no" },
		/* a value is not escaped a second time: it may contain a '%' */
		{ DUBBO("tri%3A%2F%2F10.9.0.1%3A80") "load%3D50%25", "",
		  "10.9.0.1 port=80 scheme=tri path=/org.example.Cart load:50%" },
	};

	CHECK_CASES("dubbo", cases);
}

#define OVERRIDE(host, query)                                                                      \
	{                                                                                          \
		.path = "/services/override%3A%2F%2F" host "%2Forg.example.Cart%3F" query,         \
		.data = ""                                                                         \
	}

static void overrides_change_a_registration_of_dubbo(void **state UNUSED)
{
	static const struct znode context[] = {
		OVERRIDE("10.9.0.1%3A50051", "weight%3D20"),
		OVERRIDE("0.0.0.0", "weight%3D50"),
		OVERRIDE("10.9.0.2", "disabled%3Dtrue%26group%3Dx"),
		OVERRIDE("10.9.0.3", "disabled%3Dtrue"),
		OVERRIDE("10.9.0.4", "disabled%3Dtrue%26enabled%3Dfalse"),
		OVERRIDE("%3B", "disabled%3Dtrue"),
		OVERRIDE("10.9.0.4", "disabled%3Dtrue%26a%3D%ZZ"),
	};
	static const struct endpoint_case cases[] = {
		{ "tri%3A%2F%2F10.9.0.1%3A50051", "", "10.9.0.1 port=50051 scheme=tri weight=20" },
		{ "tri%3A%2F%2F10.9.0.1%3A50052", "", "10.9.0.1 port=50052 scheme=tri weight=50" },
		{ "tri%3A%2F%2F10.9.0.2%3A1", "", "10.9.0.2 port=1 scheme=tri weight=50" },
		{ "tri%3A%2F%2F10.9.0.3%3A1", "", "10.9.0.3 port=1 scheme=tri weight=50 down" },
		{ "tri%3A%2F%2F10.9.0.4%3A1", "", "10.9.0.4 port=1 scheme=tri weight=50" },
	};

	check_cases_with("dubbo", NULL, context, ARRAY_SIZE(context), cases, ARRAY_SIZE(cases));
}

/* How every format checks a host, tested with the simplest format. */
static void hostile_hosts_are_refused(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "a", "{\"host\":\"10.0.0.1; } server {\",\"port\":1}", "bad: neither" },
		{ "b", "{\"host\":\"x\\u0000y\",\"port\":1}", "bad: " },
		{ "c", "{\"host\":\"010.0.0.1\",\"port\":1}", "bad: looks like" },
		{ "d", "{\"host\":\"2130706433\",\"port\":1}", "bad: looks like" },
		{ "e", "{\"host\":\"0x7f.1\",\"port\":1}", "bad: looks like" },
		{ "f", "{\"host\":\"0.0.0.0\",\"port\":1}", "bad: unspecified" },
		{ "g", "{\"host\":\"224.0.0.9\",\"port\":1}", "bad: multicast" },
		{ "h", "{\"host\":\"::\",\"port\":1}", "bad: unspecified" },
		{ "i", "{\"host\":\"ff02::1\",\"port\":1}", "bad: multicast" },
		{ "j", "{\"host\":\"unix:/run/x\",\"port\":1}", "bad: " },
		{ "k", "{\"host\":\"unix\",\"port\":1}", "bad: Unix socket" },
		{ "l", "{\"host\":\"http://x\",\"port\":1}", "bad: " },
		{ "m", "{\"host\":\"a..b\",\"port\":1}", "bad: neither" },
		{ "n", "{\"host\":\"-a\",\"port\":1}", "bad: neither" },
		{ "o", "{\"host\":\"\\uff11.0.0.1\",\"port\":1}", "bad: neither" },
		{ "p", "{\"host\":\"\\ud800\",\"port\":1}", "bad: is not JSON" },
		{ "q", "{\"host\":[\"a\"],\"port\":1}", "bad: not a string" },
		{ "r", "{\"host\":\"::ffff:10.0.0.1\",\"port\":1}", "[::ffff:10.0.0.1] port=1" },
		{ "s", "{\"host\":\"Web_1.Example\",\"port\":1}", "web_1.example port=1" },
	};

	CHECK_CASES("nerve", cases);
}

static void hostile_ports_are_refused(void **state UNUSED)
{
	static const struct endpoint_case cases[] = {
		{ "a", "{\"host\":\"a\",\"port\":0}", "bad: 1 to 65535" },
		{ "b", "{\"host\":\"a\",\"port\":65536}", "bad: 1 to 65535" },
		{ "c", "{\"host\":\"a\",\"port\":8e1}", "bad: whole number" },
		{ "d", "{\"host\":\"a\",\"port\":1e999}", "bad: is not JSON" },
		{ "e", "{\"host\":\"a\",\"port\":\" 80\"}", "bad: 1 to 65535" },
		{ "f", "{\"host\":\"a\",\"port\":\"080\"}", "bad: 1 to 65535" },
		{ "g", "{\"host\":\"a\",\"port\":\"\"}", "bad: 1 to 65535" },
		{ "h", "{\"host\":\"a\",\"port\":true}", "bad: whole number" },
		{ "i", "{\"host\":\"a\",\"port\":99999999999999999999}", "bad: is not JSON" },
	};

	CHECK_CASES("nerve", cases);
}

static void size_and_depth_are_limited(void **state UNUSED)
{
	static char deep[8192], big[ENDPOINT_DATA_MAX + 2];
	struct endpoint_case cases[] = {
		{ "deep", deep, "bad: nested too deeply" },
		{ "big", big,
		  "bad: more data than a registration may (65537 bytes; the limit is 64 KiB)" },
	};

	memset(deep, '[', sizeof(deep) - 1);
	memset(big, ' ', sizeof(big) - 1);
	CHECK_CASES("nerve", cases);
}

static void check_sniff(const char *text, const char *expected)
{
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	const struct endpoint_format *f;
	struct err e;

	if (tree_parse(text, strlen(text), "test", &t, &e) < 0)
		fail_msg("%s", e.text);
	f = endpoint_sniff(t, "/s");
	if (!expected)
		assert_null(f);
	else
		assert_string_equal(f ? endpoint_format_name(f) : "none", expected);
}

static void the_format_is_recognised(void **state UNUSED)
{
	check_sniff("/s\n/s/a\n\t{\"address\":\"a\",\"port\":1,\"sslPort\":null}\n", "curator");
	check_sniff("/s/a_0000000001\n\t{\"host\":\"a\",\"port\":1}\n", "nerve");
	check_sniff("/s/base64_40_"
		    "eyJ9"
		    "\n",
		    "nerve");
	check_sniff("/s/member_1\n\t{\"serviceEndpoint\":{}}\n/s/vector_1\n\t{\"vector\":[]}\n",
		    "serverset");
	check_sniff("/s/10.0.0.1:80\n\t{\"IP\":\"10.0.0.1\",\"PublicPort\":80}\n", "registrator");
	check_sniff("/s/10.0.0.1:80\n/s/10.0.0.2:80\n\tweight=5\n", "address");
	check_sniff("/s/member_1\n\t{\"additionalEndpoints\":{\"http\":{}},\"status\":\"ALIVE\"}\n",
		    "serverset");
	check_sniff(
		"/s/info_1\n\t{\"address\":{\"ip\":\"10.0.0.1\"},\"hostname\":\"a\",\"port\":1}\n",
		"json");
	check_sniff("/s/10.0.0.1:8983_solr\n", "solr");
	check_sniff("/s/consumers\n/s/consumers/x\n/s/providers\n/s/providers/y\n", "dubbo");
	check_sniff("/s/srv-0000000001\n\t10.0.0.1:80\n", "data");
	check_sniff("/s/a\n\t{\"host\":\"a\",\"address\":\"a\",\"port\":1}\n", "nerve");
	check_sniff("/s/a\n\thello\n", NULL);
	check_sniff("/s\n/t/10.0.0.1:80\n", NULL);
	/* A few foreign znodes do not change the result. */
	check_sniff("/s/10.0.0.1:80\n/s/10.0.0.2:80\n/s/x\n\t{\"host\":\"a\",\"port\":1}\n",
		    "address");
}

static void the_message_of_a_wrong_format_names_every_format(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *names = endpoint_format_names(a);
	const struct endpoint_format *f;

	for (size_t i = 0; (f = endpoint_format_at(i)); i++) {
		assert_non_null(strstr(names, arena_printf(a, "\"%s\"", f->name)));
		assert_ptr_equal(endpoint_format_find(f->name), f);
	}
	assert_non_null(strstr(names, "\"auto\""));
	assert_null(endpoint_format_find("auto"));
}

static bool watches(const struct endpoint_place *places, size_t count, const char *path,
		    unsigned depth)
{
	for (size_t i = 0; i < count; i++) {
		if ((strcmp(places[i].path, path) == 0 && places[i].depth >= depth) ||
		    (path_is_below(path, places[i].path) && places[i].depth > depth))
			return true;
	}
	return false;
}

/* What is watched while the format is not known must show the znodes of whichever it is. */
static void before_the_format_is_known_the_znodes_of_every_format_are_watched(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct endpoint_place any[ENDPOINT_PLACES], own[ENDPOINT_PLACES];
	size_t any_count = endpoint_places(NULL, a, "/s/shop", any);
	const struct endpoint_format *f;

	for (size_t i = 0; (f = endpoint_format_at(i)); i++) {
		size_t count = endpoint_places(f, a, "/s/shop", own);

		for (size_t j = 0; j < count; j++)
			assert_true(watches(any, any_count, own[j].path, own[j].depth));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_message_of_a_wrong_format_names_every_format),
		cmocka_unit_test(before_the_format_is_known_the_znodes_of_every_format_are_watched),
		cmocka_unit_test(an_address_is_read_from_the_name),
		cmocka_unit_test(an_address_is_read_from_the_data),
		cmocka_unit_test(registrations_of_solr_are_read),
		cmocka_unit_test(registrations_of_dubbo_are_read),
		cmocka_unit_test(overrides_change_a_registration_of_dubbo),
		cmocka_unit_test(hostile_hosts_are_refused),
		cmocka_unit_test(hostile_ports_are_refused),
		cmocka_unit_test(size_and_depth_are_limited),
		cmocka_unit_test(the_format_is_recognised),
	};

	return cmocka_run_group_tests_name("endpoint_text", tests, NULL, NULL);
}
