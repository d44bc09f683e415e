/* Servers: accepted and refused addresses, parameters in both forms. */
#include "upstream_fixture.h"

static void addresses_are_read_and_normalised(void **state)
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

static void bad_addresses_are_refused(void **state)
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
		"a..:80",
		".:80",
		"10.0.0.1.:80",
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

/* A service that gives no data to Curator: the address of the client is written instead. */
static void the_address_of_the_client_alone_is_no_data(void **state)
{
	static const char *const empty[] = { "10.0.0.1", "192.168.7.7\n", "2001:db8::1",
					     "fe80:0:0:0:0:0:0:1%eth0" };
	static const char *const bad[] = { "10.0.0.1:80", "10.0.0", "web-1", "10.0.0.1 weight=2" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		assert_true(server(f, empty[i]));
		assert_int_equal(f->server.params.weight, 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(server(f, bad[i]));
}

static void a_protected_name_is_its_plain_name(void **state)
{
	struct fixture *f = *state;

	assert_true(server_of(f, "_c_19bceb86-4cc2-469c-8ec0-d544055457e8-10.0.0.1:80", "", 0));
	assert_string_equal(f->server.address, "10.0.0.1:80");
	assert_false(server_of(f, "_c_19bceb86-10.0.0.1:80", "", 0));
}

static void names_longer_than_dns_allows_are_refused(void **state)
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

static void parameters_are_read_as_words_and_as_json(void **state)
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

static void missing_parameters_have_the_default_of_the_upstream(void **state)
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

static void a_weight_of_zero_is_down(void **state)
{
	struct fixture *f = *state;

	assert_true(server(f, "weight=0"));
	assert_int_equal(f->server.params.weight, 1);
	assert_true(f->server.params.down);
	assert_true(server(f, "{\"weight\":0}"));
	assert_true(f->server.params.down);
}

static void a_bad_parameter_is_named(void **state)
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

static void backup_is_refused_where_the_balance_does_not_take_it(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_are_read_and_normalised),
		TEST(bad_addresses_are_refused),
		TEST(the_address_of_the_client_alone_is_no_data),
		TEST(a_protected_name_is_its_plain_name),
		TEST(names_longer_than_dns_allows_are_refused),
		TEST(parameters_are_read_as_words_and_as_json),
		TEST(missing_parameters_have_the_default_of_the_upstream),
		TEST(a_weight_of_zero_is_down),
		TEST(a_bad_parameter_is_named),
		TEST(backup_is_refused_where_the_balance_does_not_take_it),
	};

	return cmocka_run_group_tests_name("decode_server", tests, NULL, NULL);
}
