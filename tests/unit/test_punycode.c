/* Host names with letters of other scripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/text/punycode.h"

static void names_are_as_dns_has_them(void **state UNUSED)
{
	static const struct {
		const char *name, *expected;
	} names[] = {
		{ "b\u00fccher.example", "xn--bcher-kva.example" },
		{ "B\u00dcCHER.Example", "xn--bcher-kva.example" },
		{ "m\u00fcnchen.de", "xn--mnchen-3ya.de" },
		{ "stra\u00dfe.de", "xn--strae-oqa.de" },
		{ "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "xn--e1afmkfd.xn--p1ai" },
		{ "\u041f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "xn--e1afmkfd.xn--p1ai" },
		{ "\u4f8b\u3048.\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah" },
		{ "*.\u00e9.example", "*.xn--9ca.example" },
		{ ".Example.COM", ".example.com" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct buf out = BUF_INIT;

		assert_null(punycode_put_name(&out, names[i].name));
		assert_string_equal(buf_str(&out), names[i].expected);
		buf_fini(&out);
	}
}

static void what_no_name_can_have_is_refused(void **state UNUSED)
{
	static const char *const bad[] = { "a\u0308.de", "a\u200bb", "a\u3002b", "\xff" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct buf out = BUF_INIT;

		assert_non_null(punycode_put_name(&out, bad[i]));
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_as_dns_has_them),
		cmocka_unit_test(what_no_name_can_have_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
