/* The member znode: JSON that reads back unchanged, and the result of foreign bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <zknginx/member.h>

#define MEMBERS "/nginx/cluster/members"

static const struct member FULL = {
	.host = "web1",
	.address = "10.0.0.1:80",
	.state = "degraded",
	.since = "2026-11-22T15:04:05.123Z",
	.version = "0.1.0",
	.revision = "0123456789abcdef",
	.seen = "fedcba9876543210",
	.id = "8d5e957f",
	.mode = "canary",
	.nginx_up = true,
	.part = MEMBER_EXEMPT,
	.problems = 3,
	.gate = { .revision = "0123456789abcdef",
		  .attempt = 7,
		  .verdict = VERDICT_BAD,
		  .znode = "/nginx/config/sites/shop",
		  .message = "says \"no\"" },
};

static bool parse(struct arena *a, const char *path, const char *data, struct member *out)
{
	const struct znode z = { .path = path, .data = data, .size = strlen(data) };

	return member_parse(a, &z, out);
}

static void all_of_it_reads_back(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf once = BUF_INIT, again = BUF_INIT;
	struct member m;

	member_print(&FULL, &once);
	assert_true(parse(a, MEMBERS "/web1", buf_str(&once), &m));
	assert_string_equal(m.address, FULL.address);
	assert_string_equal(m.gate.znode, FULL.gate.znode);
	assert_int_equal(m.gate.attempt, 7);
	assert_int_equal(m.gate.verdict, VERDICT_BAD);
	assert_int_equal(m.part, MEMBER_EXEMPT);
	assert_int_equal(m.problems, 3);
	assert_true(m.nginx_up);
	member_print(&m, &again);
	assert_string_equal(buf_str(&again), buf_str(&once));
}

static void keys_are_those_of_the_contract(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	const struct member m = { .host = "w", .part = MEMBER_FROZEN };

	member_print(&m, &b);
	assert_string_equal(
		buf_str(&b),
		"{\"address\":\"\",\"gate\":{\"attempt\":0,\"message\":\"\",\"revision\":\"\","
		"\"verdict\":\"waiting\",\"znode\":\"\"},\"host\":\"w\",\"id\":\"\",\"mode\":\"\","
		"\"nginx\":\"down\",\"problems\":0,\"revision\":\"\",\"rollout\":\"frozen\","
		"\"seen\":\"\",\"since\":\"\",\"state\":\"\",\"version\":\"\"}\n");
}

static void bytes_that_are_no_text_are_repaired(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct member m = FULL;

	m.gate.message = "cut \xc3\xa4\xe2\x82";
	member_print(&m, &b);
	assert_true(parse(a, MEMBERS "/web1", buf_str(&b), &m));
	assert_string_equal(m.gate.message, "cut \xc3\xa4\xef\xbf\xbd\xef\xbf\xbd");
}

static void what_is_not_understood_is_on_the_safe_side(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct member m;

	assert_true(parse(a, MEMBERS "/w", "{\"host\":\"other\",\"gate\":3,\"problems\":-4}", &m));
	assert_string_equal(m.host, "w"); /* the name of the znode, not its data */
	assert_int_equal(m.part, MEMBER_FROZEN);
	assert_int_equal(m.gate.verdict, VERDICT_WAITING);
	assert_string_equal(m.revision, "");
	assert_int_equal(m.problems, 0);
	assert_false(m.nginx_up);
	assert_true(parse(a, MEMBERS "/w",
			  "{\"rollout\":\"perhaps\",\"gate\":{\"verdict\":\"fine\"}}", &m));
	assert_int_equal(m.part, MEMBER_FROZEN);
	assert_int_equal(m.gate.verdict, VERDICT_WAITING);
	assert_true(parse(a, MEMBERS "/w", "{\"gate\":{\"attempt\":9223372036854775807}}", &m));
	assert_int_equal(m.gate.attempt, 0);
	assert_true(parse(a, MEMBERS "/w", "{\"gate\":{\"attempt\":-1}}", &m));
	assert_int_equal(m.gate.attempt, 0);
	assert_false(parse(a, MEMBERS "/w", "", &m));
	assert_false(parse(a, MEMBERS "/w", "[]", &m));
	assert_false(parse(a, MEMBERS "/w", "{\"host\":", &m));
}

static const char *address_of(struct arena *a, const char *address)
{
	struct member m;

	assert_true(parse(a, MEMBERS "/w", arena_printf(a, "{\"address\":\"%s\"}", address), &m));
	return m.address;
}

static void an_address_is_one_of_a_list(void **state UNUSED)
{
	static const char *const good[] = {
		"10.0.0.1:80", "[::1]:80", "web-1.example.com:65535", "web_1:1", "WEB1:443",
	};
	static const char *const bad[] = {
		"web1",        "web1:",       ":80",         "web1:0",  "web1:65536", "web1:x",
		"a:80,b:80",   "a,b:80",      "a b:80",      " a:80",   "a:80 ",      "a\\n:80",
		"a\\u007f:80", "a\\u00a0:80", "2001:db8::1", "[::1:80", "::1]:80",    "a:80\\t",
	};
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *longest = arena_printf(a, "%0252d:80", 0);

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_string_equal(address_of(a, good[i]), good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (*address_of(a, bad[i]))
			fail_msg("\"%s\" is taken for an address", bad[i]);
	}
	assert_string_equal(address_of(a, longest), longest);
	assert_string_equal(address_of(a, arena_printf(a, "0%s", longest)), "");
}

static void members_of_a_tree_are_sorted_and_found(void **state UNUSED)
{
	static const char text[] = "/nginx/cluster/members/b owner=0x7\n\t{}\n"
				   "/nginx/cluster/members/b/below owner=0x7\n\t{}\n"
				   "/nginx/cluster/members/B owner=0x7\n\t{}\n"
				   "/nginx/cluster/members/a/b owner=0x7\n\t{}\n"
				   "/nginx/cluster/members/a.x owner=0x7\n\tnonsense\n"
				   "/nginx/cluster/members/a-1 owner=0x7\n\t{}\n"
				   "/nginx/cluster/members/a owner=0x7\n\t{}\n"
				   "/nginx/cluster/members/by-hand\n\t{}\n"
				   "/nginx/cluster/membership/c owner=0x7\n\t{}\n"
				   "/nginx/cluster/members\n";
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	struct member *ms;
	size_t n;

	assert_int_equal(tree_parse(text, strlen(text), "test", &t, NULL), 0);
	n = members_parse(a, t, "/nginx/cluster", &ms);
	assert_int_equal(n, 4);
	assert_string_equal(ms[0].host, "B");
	assert_string_equal(ms[1].host, "a");
	assert_string_equal(ms[2].host, "a-1");
	assert_string_equal(ms[3].host, "b");
	assert_ptr_equal(members_find(ms, n, "a-1"), &ms[2]);
	assert_null(members_find(ms, n, "c"));
	assert_null(members_find(ms, 0, "a"));
	assert_int_equal(members_parse(a, t, "/elsewhere", &ms), 0);
}

static void assert_address(const char *setting, const char *host, const char *expected)
{
	CLEANUP(freep) char *address = member_address(setting, host);

	assert_string_equal(address, expected);
}

static void an_address_is_the_setting_or_the_host_and_has_a_port(void **state UNUSED)
{
	assert_address("", "web1", "web1:80");
	assert_address("10.0.0.1", "web1", "10.0.0.1:80");
	assert_address("10.0.0.1:8080", "web1", "10.0.0.1:8080");
	assert_address("[fd00::1]", "web1", "[fd00::1]:80");
	assert_address("[fd00::1]:81", "web1", "[fd00::1]:81");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_the_setting_or_the_host_and_has_a_port),
		cmocka_unit_test(all_of_it_reads_back),
		cmocka_unit_test(keys_are_those_of_the_contract),
		cmocka_unit_test(bytes_that_are_no_text_are_repaired),
		cmocka_unit_test(what_is_not_understood_is_on_the_safe_side),
		cmocka_unit_test(an_address_is_one_of_a_list),
		cmocka_unit_test(members_of_a_tree_are_sorted_and_found),
	};

	return cmocka_run_group_tests_name("member", tests, NULL, NULL);
}
