/* inflate: both formats, the limit, and damaged data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <zknginx/err.h>

#include "core/text/inflate.h"

#define ZLIB MAX_WBITS
#define GZIP (MAX_WBITS + 16)
#define BOMB ((size_t)8 << 20)

/* Compressed; the caller frees. */
static unsigned char *deflated(const char *data, size_t size, int format, size_t *out_size)
{
	z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)data, .avail_in = (uInt)size };
	unsigned char *out;

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, format, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.avail_out = (uInt)deflateBound(&z, size);
	z.next_out = out = xmalloc(z.avail_out);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	*out_size = z.total_out;
	deflateEnd(&z);
	return out;
}

static void both_formats_are_read(void **state UNUSED)
{
	static const char data[] = "some text, some text, \0 and \xff";
	static const int formats[] = { ZLIB, GZIP };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		CLEANUP(buf_fini) struct buf b = BUF_INIT;
		size_t size;
		CLEANUP(freep)
		unsigned char *packed = deflated(data, sizeof(data), formats[i], &size);

		assert_null(inflate_bytes(packed, size, sizeof(data), &b));
		assert_int_equal(b.size, sizeof(data));
		assert_memory_equal(b.data, data, sizeof(data));
		assert_null(inflate_bytes(packed, size, sizeof(data), &b)); /* after that */
		assert_int_equal(b.size, 2 * sizeof(data));
	}
}

static void an_empty_stream_is_valid(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	size_t size;
	CLEANUP(freep) unsigned char *packed = deflated("", 0, ZLIB, &size);

	assert_null(inflate_bytes(packed, size, 0, &b));
	assert_int_equal(b.size, 0);
	assert_non_null(strstr(inflate_bytes("", 0, 10, &b), "incomplete"));
}

static void bound_is_exact_and_cheap(void **state UNUSED)
{
	CLEANUP(freep) char *zeros = xcalloc(1, BOMB);
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	size_t size;
	CLEANUP(freep) unsigned char *packed = deflated(zeros, BOMB, ZLIB, &size);

	assert_non_null(strstr(inflate_bytes(packed, size, 1000, &b), "too much data"));
	assert_true(b.size < 100000); /* it did not continue */
	buf_clear(&b);
	assert_non_null(strstr(inflate_bytes(packed, size, BOMB - 1, &b), "too much data"));
	buf_clear(&b);
	assert_null(inflate_bytes(packed, size, BOMB, &b));
	assert_int_equal(b.size, BOMB);
}

static void data_cut_anywhere_is_an_error(void **state UNUSED)
{
	static const char data[] = "abcabcabcabcdefdefdefdefghijklm";
	size_t size;
	CLEANUP(freep) unsigned char *packed = deflated(data, sizeof(data), ZLIB, &size);

	for (size_t cut = 0; cut < size; cut++) {
		CLEANUP(buf_fini) struct buf b = BUF_INIT;

		assert_non_null(strstr(inflate_bytes(packed, cut, 1000, &b), "incomplete"));
	}
}

static void data_damaged_anywhere_is_an_error(void **state UNUSED)
{
	static const char data[] = "abcabcabcabcdefdefdefdefghijklm";
	size_t size;
	CLEANUP(freep) unsigned char *packed = deflated(data, sizeof(data), ZLIB, &size);

	for (size_t bit = 0; bit < 8 * size; bit++) {
		CLEANUP(buf_fini) struct buf b = BUF_INIT;
		const char *why;

		packed[bit / 8] ^= (unsigned char)(1 << bit % 8);
		why = inflate_bytes(packed, size, 1000, &b);
		/* The compression level in the header does not matter. */
		assert_true(why || (b.size == sizeof(data) && !memcmp(b.data, data, b.size)));
		packed[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_formats_are_read),
		cmocka_unit_test(an_empty_stream_is_valid),
		cmocka_unit_test(bound_is_exact_and_cheap),
		cmocka_unit_test(data_cut_anywhere_is_an_error),
		cmocka_unit_test(data_damaged_anywhere_is_an_error),
	};

	return cmocka_run_group_tests_name("inflate", tests, NULL, NULL);
}
