/* Places in JSON text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <zknginx/macros.h>

#include "core/text/json_locate.h"

static const char SITE[] =
	"{\n"
	"  \"listen\": [\"80\", \"443 ssl\"],\n"
	"  \"locations\": [\n"
	"    {\"path\": \"/\", \"proxy\": \"shop\"},\n"
	"    {\"path\": \"/ü[x]\", \"proxy\": \"a.b\",\n"
	"     \"request_headers\": {\"X.Y\": 1, \"X\": {\"Y\": 2}, \"Z[0]\": 3}}\n"
	"  ]\n"
	"}\n";

static void check(const char *text, const char *field, bool there, unsigned line, unsigned column)
{
	struct text_place p;

	if (json_locate(text, strlen(text), field, &p) != there || p.line != line ||
	    p.column != column)
		fail_msg("%s: %u:%u, expected %u:%u", field, p.line, p.column, line, column);
}

static void a_field_is_found_by_its_path(void **state UNUSED)
{
	check(SITE, "", true, 1, 1);
	check(SITE, "listen", true, 2, 3);
	check(SITE, "listen[1]", true, 2, 20);
	check(SITE, "locations[0].proxy", true, 4, 19);
	check(SITE, "locations[1]", true, 5, 5);
}

static void columns_count_characters(void **state UNUSED)
{
	check(SITE, "locations[1].proxy", true, 5, 23);
}

static void a_key_may_have_dots_and_brackets(void **state UNUSED)
{
	check(SITE, "locations[1].request_headers.X.Y", true, 6, 26);
	check(SITE, "locations[1].request_headers.Z[0]", true, 6, 51);
	check("{\"a.b\": {\"c\": 1}, \"a\": {\"b\": {\"d\": 2}}}", "a.b.d", true, 1, 31);
}

static void a_missing_field_is_placed_at_what_surrounds_it(void **state UNUSED)
{
	check(SITE, "locations[0].root", false, 4, 5);
	check(SITE, "server_names", false, 1, 1);
	check(SITE, "locations[7].proxy", false, 3, 3);
	check(SITE, "listen.deeper", false, 2, 3);
}

static void an_escaped_key_is_compared_by_its_meaning(void **state UNUSED)
{
	check("{ \"li\\u0073ten\": 1}", "listen", true, 1, 3);
	check("\xef\xbb\xbf{\"listen\": 1}", "listen", true, 1, 2);
}

static void a_long_key_is_compared_as_far_as_a_problem_quotes_it(void **state UNUSED)
{
	char text[200], key[81];

	memset(key, 'k', 80);
	key[80] = '\0';
	snprintf(text, sizeof(text), "{\n\"%s\": 1}", key);
	key[64] = '\0';
	check(text, key, true, 2, 1);
}

static void text_that_is_not_json_gives_a_place_in_it(void **state UNUSED)
{
	static const char *const texts[] = { "",         "{",        "{\"",           "{\"a",
					     "{\"a\"",   "{{{{",     "[[[[",          "}]",
					     "{\"a\":",  "{\"a\":[", "a.b=1",         "{\"a\\",
					     "{,,,}",    "[,,]",     "{\"a\" \"b\"}", "\"a\"",
					     "{\"a\":}", "\n\n" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct text_place p;

		json_locate(texts[i], strlen(texts[i]), "a[0].b", &p);
		assert_true(p.line >= 1 && p.line <= 3 && p.column >= 1);
	}
}

static void a_syntax_error_has_a_line_and_a_column(void **state UNUSED)
{
	static const char text[] = "{\n  \"a\": 1,\n  \"b\": ?\n}";
	struct text_place p;

	assert_true(json_locate_error(text, strlen(text), &p));
	assert_int_equal(p.line, 3);
	assert_true(p.column >= 7);
	assert_true(json_locate_error("{\"a\": 1, \"a\": 2}", 16, &p));
	assert_int_equal(p.line, 1);
	assert_false(json_locate_error(SITE, strlen(SITE), &p));
}

static void what_is_nested_too_deeply_has_a_line(void **state UNUSED)
{
	static const char text[] = "[[[[[[[[\n[[[[[[[[[]]]]]]]]]]]]]]]]]";
	struct text_place p;

	assert_true(json_locate_error(text, strlen(text), &p));
	assert_int_equal(p.line, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_found_by_its_path),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(a_key_may_have_dots_and_brackets),
		cmocka_unit_test(a_missing_field_is_placed_at_what_surrounds_it),
		cmocka_unit_test(an_escaped_key_is_compared_by_its_meaning),
		cmocka_unit_test(a_long_key_is_compared_as_far_as_a_problem_quotes_it),
		cmocka_unit_test(text_that_is_not_json_gives_a_place_in_it),
		cmocka_unit_test(a_syntax_error_has_a_line_and_a_column),
		cmocka_unit_test(what_is_nested_too_deeply_has_a_line),
	};

	return cmocka_run_group_tests_name("places in JSON", tests, NULL, NULL);
}
