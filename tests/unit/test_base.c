/* base: errors, arena, byte builder, digest, log limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/arena.h>
#include <zknginx/buf.h>
#include <zknginx/digest.h>
#include <zknginx/err.h>
#include <zknginx/log.h>

static void error_gains_context(void **state UNUSED)
{
	struct err e;

	errno = ENOSPC;
	assert_int_equal(err_sys(&e, "write %s", "http.conf"), -1);
	assert_int_equal(err_wrap(&e, "generation %d", 7), -1);
	assert_string_equal(e.text, "generation 7: write http.conf: No space left on device");
	assert_int_equal(e.code, ERR_SYS);
	assert_int_equal(e.sys, ENOSPC);
}

static void error_may_be_ignored(void **state UNUSED)
{
	assert_int_equal(err_set(NULL, ERR_INPUT, "nobody listens"), -1);
}

static void error_text_is_cut_not_overrun(void **state UNUSED)
{
	char big[4096];
	struct err e;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&e, ERR_INPUT, "%s", big);
	err_wrap(&e, "%s", big);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void arena_memory_is_zero_aligned_and_apart(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	char *seen[2000];

	for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
		size_t size = 1 + (i * 37) % 5000;

		seen[i] = arena_alloc(a, size);
		assert_int_equal((uintptr_t)seen[i] % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < size; j++)
			assert_int_equal(seen[i][j], 0);
		memset(seen[i], (int)(i % 255) + 1, size);
	}
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		assert_int_equal((unsigned char)seen[i][0], (i % 255) + 1);
}

static void arena_copies_end_in_nul(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();

	assert_string_equal(arena_copy(a, "abcdef", 3), "abc");
	assert_string_equal(arena_copy(a, NULL, 0), "");
	assert_string_equal(arena_printf(a, "%s-%d", "x", 12), "x-12");
}

static void buf_grows_and_stays_a_string(void **state UNUSED)
{
	struct buf b = BUF_INIT;

	assert_string_equal(buf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	assert_int_equal(strlen(b.data), b.size);
	assert_string_equal(b.data + b.size - 4, "999,");
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
	buf_put(&b, "a\0b", 3);
	assert_int_equal(b.size, 3);
	buf_fini(&b);
}

static void digest_is_sha256(void **state UNUSED)
{
	struct digest d = digest_of("abc", 3), again;
	char hex[DIGEST_HEX_SIZE];

	/* FIPS 180-2, appendix B.1 */
	digest_hex(&d, hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(digest_parse(hex, &again));
	assert_true(digest_equal(&d, &again));
	hex[3] = 'G';
	assert_false(digest_parse(hex, &again));
	assert_false(digest_parse("ab", &again));
}

static struct digest of_fields(const char *a, const char *b)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();

	digester_add_field(d, a, strlen(a));
	digester_add_field(d, b, strlen(b));
	return digester_finish(d);
}

static void digest_fields_do_not_run_together(void **state UNUSED)
{
	struct digest a = of_fields("ab", "c"), b = of_fields("a", "bc");

	assert_false(digest_equal(&a, &b));
}

static void log_limit_passes_one_an_interval(void **state UNUSED)
{
	struct log_limit l = { 0 };
	unsigned suppressed = 9;

	assert_true(log_limit_pass(&l, 1000, 100, &suppressed));
	assert_int_equal(suppressed, 0);
	assert_false(log_limit_pass(&l, 1050, 100, &suppressed));
	assert_false(log_limit_pass(&l, 1099, 100, &suppressed));
	assert_true(log_limit_pass(&l, 1100, 100, &suppressed));
	assert_int_equal(suppressed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_gains_context),
		cmocka_unit_test(error_may_be_ignored),
		cmocka_unit_test(error_text_is_cut_not_overrun),
		cmocka_unit_test(arena_memory_is_zero_aligned_and_apart),
		cmocka_unit_test(arena_copies_end_in_nul),
		cmocka_unit_test(buf_grows_and_stays_a_string),
		cmocka_unit_test(digest_is_sha256),
		cmocka_unit_test(digest_fields_do_not_run_together),
		cmocka_unit_test(log_limit_passes_one_an_interval),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
