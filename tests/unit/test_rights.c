/* The table of rights, and what an ACL gives to every client. */
#include "core/fleet/rights.h"
#include "tree_fixture.h"

#define CONFIG "/nginx/config"
#define CLUSTER "/nginx/cluster"

static void expect(const char *path, const char *operators, const char *world, bool ours)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct rights r = rights_of(path, CONFIG, CLUSTER);

	rights_print(r.operators, &text);
	buf_puts(&text, " ");
	rights_print(r.world, &text);
	if (strncmp(buf_str(&text), operators, strlen(operators)) != 0 ||
	    !strstr(buf_str(&text), world) || r.ours != ours)
		fail_msg("%s: %s, %s", path, buf_str(&text), r.ours ? "ours" : "not ours");
}

static void each_znode_has_its_row(void **state UNUSED)
{
	expect(CONFIG, "cdrwa -", "-", false);
	expect(CONFIG "/sites/shop", "cdrwa -", "-", false);
	expect(CLUSTER, "cdr -", "-", true);
	expect(CLUSTER "/plan", "r -", "-", true);
	expect(CLUSTER "/history", "r -", "-", true);
	expect(CLUSTER "/history/0000000007", "r -", "-", true);
	expect(CLUSTER "/members/web1", "r -", "-", true);
	expect(CLUSTER "/reports/web1", "r -", "-", true);
	expect(CLUSTER "/request", "rw -", "-", true);
	expect(CLUSTER "/confirmed", "rw -", "-", true);
	expect(CLUSTER "/live", "r r", "r", true);
	expect(CLUSTER "/overrides", "cdr -", "-", true);
	expect(CLUSTER "/overrides/shop", "rw -", "-", false);
	expect(CLUSTER "/election", "r -", "-", true);
	expect(CLUSTER "/plans", "- -", "-", true);
	expect("/services/nginx/web1", "- -", "-", false);
	expect("/nginx", "- -", "-", false);
}

static void what_the_world_may_do_is_found(void **state UNUSED)
{
	static const struct {
		struct acl_entry acl[2];
		size_t count;
		int rights;
	} cases[] = {
		{ { { "world", "anyone", RIGHT_ALL } }, 1, RIGHT_ALL & ~RIGHT_READ },
		{ { { "world", "anyone", RIGHT_READ } }, 1, 0 },
		{ { { "world", "anyone", RIGHT_READ | RIGHT_CREATE } }, 1, RIGHT_CREATE },
		{ { { "world", "anyone", RIGHT_ADMIN } }, 1, RIGHT_ADMIN },
		{ { { "digest", "a:b", RIGHT_ALL }, { "world", "anyone", RIGHT_READ } }, 2, 0 },
		{ { { "digest", "a:b", RIGHT_ALL }, { "world", "anyone", RIGHT_WRITE } },
		  2,
		  RIGHT_WRITE },
		{ { { "ip", "0.0.0.0/0", RIGHT_WRITE } }, 1, RIGHT_WRITE },
		{ { { "ip", "::/0", RIGHT_DELETE } }, 1, RIGHT_DELETE },
		{ { { "ip", "10.0.0.0/8", RIGHT_ALL } }, 1, 0 },
		{ { { "x509", "CN=web1", RIGHT_ALL } }, 1, 0 },
		{ { { "ip", "", RIGHT_ALL } }, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(rights_open_to_world(cases[i].acl, cases[i].count),
				 cases[i].rights);
}

static void open_znodes_are_one_text(void **state UNUSED)
{
	static const struct open_znode list[] = { { CONFIG, RIGHT_ALL & ~RIGHT_READ },
						  { CLUSTER, RIGHT_CREATE },
						  { CLUSTER "/plan", RIGHT_WRITE } };
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	open_znodes_print(list, 0, &text);
	assert_string_equal(buf_str(&text), "");
	open_znodes_print(list, 3, &text);
	assert_string_equal(buf_str(&text), CONFIG " (cdwa) and 2 other znodes");
}

static void an_identity_is_a_scheme_and_an_id(void **state UNUSED)
{
	static const char *const bad[] = { "",           "digest",       "digest:", ":x",
					   "DIGEST:a:b", "world:anyone", "auth:x",  "di gest:a" };
	const char *id;
	size_t size;

	assert_true(rights_split_identity("digest:ops:aGFzaA==", &size, &id));
	assert_int_equal(size, 6);
	assert_string_equal(id, "ops:aGFzaA==");
	assert_true(rights_split_identity("x509:CN=web1,O=Example", &size, &id));
	assert_string_equal(id, "CN=web1,O=Example");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(rights_split_identity(bad[i], &size, &id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_znode_has_its_row),
		cmocka_unit_test(what_the_world_may_do_is_found),
		cmocka_unit_test(open_znodes_are_one_text),
		cmocka_unit_test(an_identity_is_a_scheme_and_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
