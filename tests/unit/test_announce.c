/* The announcement, read back with the reader of Curator's format. */
#include "core/fleet/announce.h"
#include "endpoint_cases.h"

#include <jansson.h>

#define REGISTERED (UINT64_C(1764000000123) * USEC_PER_MSEC + 456)

static void check_members(json_t *j, const char *name)
{
	static const char *const nulls[] = { "sslPort", "payload", "uriSpec" };

	assert_string_equal(json_string_value(json_object_get(j, "name")), name);
	assert_string_equal(json_string_value(json_object_get(j, "id")), "web1");
	assert_string_equal(json_string_value(json_object_get(j, "serviceType")), "DYNAMIC");
	assert_true(json_integer_value(json_object_get(j, "registrationTimeUTC")) == 1764000000123);
	for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
		assert_true(json_is_null(json_object_get(j, nulls[i])));
	assert_int_equal(json_object_size(j), 9);
}

static void the_announcement_has_every_field_that_curator_writes(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	json_t *j;

	assert_true(announce_print("/services/nginx", "web1", "10.0.0.1:80", REGISTERED, &out));
	j = json_loads(buf_str(&out), 0, NULL);
	check_members(j, "nginx");
	assert_string_equal(json_string_value(json_object_get(j, "address")), "10.0.0.1");
	assert_int_equal(json_integer_value(json_object_get(j, "port")), 80);
	json_decref(j);
}

static void an_ipv6_address_is_written_without_brackets(void **state UNUSED)
{
	static const char *const spellings[] = { "[2001:DB8::7]:8080", "2001:db8::7:8080" };

	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		CLEANUP(buf_fini) struct buf out = BUF_INIT;

		assert_true(announce_print("/s", "web1", spellings[i], 0, &out));
		assert_non_null(strstr(buf_str(&out), "\"address\":\"2001:db8::7\""));
		assert_non_null(strstr(buf_str(&out), "\"port\":8080"));
	}
}

static void our_discovery_reads_the_announcement(void **state UNUSED)
{
	static const struct {
		const char *address, *expect;
	} cases[] = {
		{ "10.0.0.1:80", "10.0.0.1 port=80" },
		{ "[::1]:65535", "[::1] port=65535" },
		{ "Web1.example:8080", "web1.example port=8080" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_fini) struct buf out = BUF_INIT;
		struct endpoint_case c = { .name = "web1", .expect = cases[i].expect };

		assert_true(announce_print("/services", "web1", cases[i].address, 1, &out));
		c.data = buf_str(&out);
		check_cases_with("curator", NULL, NULL, 0, &c, 1);
	}
}

static void what_is_no_address_is_not_announced(void **state UNUSED)
{
	static const char *const addresses[] = { "",          "web1",       "10.0.0.1",
						 "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:70000",
						 ":80",       "0.0.0.0:80", "a b:80",
						 "[::1]",     "unix:80",    "[fe80::1%eth0]:80" };
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		if (announce_print("/services/nginx", "web1", addresses[i], 1, &out))
			fail_msg("%s was announced: %s", addresses[i], buf_str(&out));
	}
	assert_false(announce_print("/services/nginx", "web\xff", "10.0.0.1:80", 1, &out));
	assert_int_equal(out.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_announcement_has_every_field_that_curator_writes),
		cmocka_unit_test(an_ipv6_address_is_written_without_brackets),
		cmocka_unit_test(our_discovery_reads_the_announcement),
		cmocka_unit_test(what_is_no_address_is_not_announced),
	};

	return cmocka_run_group_tests_name("announce", tests, NULL, NULL);
}
