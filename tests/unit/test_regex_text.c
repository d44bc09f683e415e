/* Regular expressions, as far as they can be checked without PCRE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <zknginx/macros.h>

#include "core/text/regex_text.h"

static void whole_ones_are_told_from_broken_ones(void **state UNUSED)
{
	static const char *const good[] = { "^/a(.*)$", "\\.(css|js)$", "[]()*]",  "[^]]+",
					    "(?:a|b)+", "\\(",          "a|b",     "(?<x>[a-z]+)",
					    "a{1,2}?",  "^(|a)",        "[\\]*)]", "(?i)x" };
	static const char *const bad[] = { "", "(", ")", "a)(", "[a", "[]", "a\\", "*a", "(+a)" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (regex_text_error(good[i]))
			fail_msg("%s %s", good[i], regex_text_error(good[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_non_null(regex_text_error(bad[i]));
}

static void groups_are_found(void **state UNUSED)
{
	const char *s = "^(?:a)(?<one>b)(?P<two>c)(?<!d)\\(e[(]";
	size_t size;

	assert_true(regex_text_captures("(a)"));
	assert_true(regex_text_captures("(?<a>b)"));
	assert_false(regex_text_captures("(?:a)(?=b)\\([(]"));
	s = regex_text_next_name(s, &size);
	assert_memory_equal(s, "one", size);
	s = regex_text_next_name(s + size, &size);
	assert_memory_equal(s, "two", size);
	assert_null(regex_text_next_name(s + size, &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_ones_are_told_from_broken_ones),
		cmocka_unit_test(groups_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
