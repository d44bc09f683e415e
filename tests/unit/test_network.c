/* Networks of addresses, and which addresses the policy refuses. */
#include "core/policy/policy.h"
#include "tree_fixture.h"

static void a_network_is_read_strictly(void **state UNUSED)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "10.0.0.0/8", NULL },
		{ "192.0.2.7", NULL },
		{ "192.0.2.7/32", NULL },
		{ "0.0.0.0/0", NULL },
		{ "fd00::/8", NULL },
		{ "::1", NULL },
		{ "::/0", NULL },
		{ "2001:db8::1/128", NULL },
		{ "10.0.0.1/8", "bits after" },
		{ "fd00::1/8", "bits after" },
		{ "10.0.0.0/33", "length" },
		{ "10.0.0.0/", "length" },
		{ "10.0.0.0/08", "length" },
		{ "10.0.0.0/-1", "length" },
		{ "10.0.0.0/8/8", "length" },
		{ "fd00::/129", "length" },
		{ "10.0/16", "neither" },
		{ "010.0.0.0/8", "neither" },
		{ "10.0.0.0.0/8", "neither" },
		{ "[fd00::]/8", "neither" },
		{ "fe80::1%eth0", "neither" },
		{ "example.com", "neither" },
		{ "", "neither" },
		{ "/8", "neither" },
		{ "::ffff:10.0.0.0/104", "write it as IPv4" },
		{ "1111111111111111111111111111111111111111111111111111111111111/8", "not a" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct network n;
		const char *why = network_parse(cases[i].text, &n);

		if (!why != !cases[i].why || (why && !strstr(why, cases[i].why)))
			fail_msg("%s: %s", cases[i].text, why ? why : "is valid");
	}
}

static void a_network_has_its_addresses_and_no_others(void **state UNUSED)
{
	static const struct {
		const char *outer, *inner;
		bool within;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.255.255", true }, { "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "10.1.0.0/16", true },    { "10.1.0.0/16", "10.0.0.0/8", false },
		{ "10.128.0.0/9", "10.127.0.1", false },  { "10.128.0.0/9", "10.128.0.1", true },
		{ "0.0.0.0/0", "203.0.113.9", true },     { "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "203.0.113.9", true },          { "fd00::/8", "fd12::1", true },
		{ "fd00::/8", "fc00::1", false },         { "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "192.0.2.6", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct network outer, inner;

		assert_null(network_parse(cases[i].outer, &outer));
		assert_null(network_parse(cases[i].inner, &inner));
		if (network_is_within(&inner, &outer) != cases[i].within)
			fail_msg("%s in %s", cases[i].inner, cases[i].outer);
	}
}

/* --- the policy ------------------------------------------------------------------------------ */

static struct policy admitting(const char *const *networks, size_t count)
{
	struct policy p = { 0 };

	for (size_t i = 0; i < count; i++)
		assert_null(network_parse(networks[i], &p.networks[p.network_count++]));
	return p;
}
#define ADMITTING(...)                                                                             \
	admitting((const char *const[]){ __VA_ARGS__ },                                            \
		  sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void expect(const struct policy *p, const char *address, const char *why)
{
	const char *found = policy_refuses_address(p, address, true);

	if (!found != !why || (why && !strstr(found, why)))
		fail_msg("%s: %s", address, found ? found : "is admitted");
}

static void without_a_list_only_addresses_that_no_service_has_are_refused(void **state UNUSED)
{
	struct policy p = { 0 };

	expect(&p, "10.0.0.1:80", NULL);
	expect(&p, "203.0.113.9:80", NULL);
	expect(&p, "[2001:db8::1]:80", NULL);
	expect(&p, "[fd00::1]:80", NULL);
	expect(&p, "app-1.example.com:80", NULL);
	expect(&p, "127.0.0.1:80", NULL);
	expect(&p, "[::1]:80", NULL);
	expect(&p, "169.254.169.254:80", "link-local");
	expect(&p, "169.254.0.1:80", "link-local");
	expect(&p, "[fe80::1]:80", "link-local");
	expect(&p, "[febf::1]:80", "link-local");
	expect(&p, "[fd00:ec2::254]:80", "metadata");
	expect(&p, "100.100.100.200:80", "metadata");
	expect(&p, "0.0.0.0:80", "unspecified");
	expect(&p, "[::]:80", "unspecified");
	expect(&p, "239.1.1.1:80", "multicast");
	expect(&p, "[ff02::1]:80", "multicast");
	expect(&p, "255.255.255.255:80", "broadcast");
}

static void a_list_admits_what_it_names_and_nothing_else(void **state UNUSED)
{
	struct policy p = ADMITTING("10.0.0.0/8", "fd00::/8", "192.0.2.7");

	expect(&p, "10.9.8.7:80", NULL);
	expect(&p, "[fd12::1]:443", NULL);
	expect(&p, "192.0.2.7:80", NULL);
	expect(&p, "192.0.2.8:80", "in none of its networks");
	expect(&p, "[2001:db8::1]:80", "in none of its networks");
	expect(&p, "127.0.0.1:80", "loopback");
	expect(&p, "[::1]:80", "loopback");
	expect(&p, "169.254.169.254:80", "link-local");
	expect(&p, "[fd00:ec2::254]:80", "metadata");
}

/* A list that names the whole Internet was not written with the host itself in mind. */
static void a_special_range_is_admitted_only_by_a_network_inside_it(void **state UNUSED)
{
	struct policy all = ADMITTING("0.0.0.0/0", "::/0");
	struct policy some = ADMITTING("127.0.0.0/8", "169.254.7.0/24", "::1");

	expect(&all, "203.0.113.9:80", NULL);
	expect(&all, "169.254.169.254:80", "link-local");
	expect(&all, "127.0.0.1:80", "loopback");
	expect(&all, "[::1]:80", "loopback");
	expect(&some, "127.0.0.1:80", NULL);
	expect(&some, "[::1]:80", NULL);
	expect(&some, "169.254.7.9:80", NULL);
	expect(&some, "169.254.169.254:80", "link-local");
}

static void an_ipv4_address_in_ipv6_form_is_the_ipv4_address(void **state UNUSED)
{
	struct policy none = { 0 }, some = ADMITTING("10.0.0.0/8"), v6 = ADMITTING("2000::/3");

	expect(&none, "[::ffff:169.254.169.254]:80", "link-local");
	expect(&none, "[::169.254.169.254]:80", "link-local");
	expect(&none, "[64:ff9b::169.254.169.254]:80", "link-local");
	expect(&none, "[2002:a9fe:a9fe::1]:80", "link-local");
	expect(&none, "[::ffff:10.0.0.1]:80", NULL);
	expect(&some, "[::ffff:10.0.0.1]:80", NULL);
	expect(&some, "[::ffff:127.0.0.1]:80", "loopback");
	expect(&some, "[::ffff:192.0.2.1]:80", "none");
	expect(&v6, "[2001:db8::1]:80", NULL);
}

static void a_list_is_about_registrations_and_not_about_an_operators_servers(void **state UNUSED)
{
	struct policy p = ADMITTING("10.0.0.0/8");

	assert_null(policy_refuses_address(&p, "192.0.2.7:80", false));
	assert_null(policy_refuses_address(&p, "127.0.0.1:80", false));
	assert_non_null(policy_refuses_address(&p, "169.254.169.254:80", false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_read_strictly),
		cmocka_unit_test(a_network_has_its_addresses_and_no_others),
		cmocka_unit_test(without_a_list_only_addresses_that_no_service_has_are_refused),
		cmocka_unit_test(a_list_admits_what_it_names_and_nothing_else),
		cmocka_unit_test(a_special_range_is_admitted_only_by_a_network_inside_it),
		cmocka_unit_test(an_ipv4_address_in_ipv6_form_is_the_ipv4_address),
		cmocka_unit_test(a_list_is_about_registrations_and_not_about_an_operators_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
