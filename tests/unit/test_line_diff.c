/* The difference of two texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zknginx/err.h>

#include "core/text/line_diff.h"

static struct line_counts diff(const char *old, const char *new, struct buf *out)
{
	buf_clear(out);
	return line_diff(old, strlen(old), new, strlen(new), out);
}

static void expect(const char *old, const char *new, const char *hunks)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	diff(old, new, &out);
	assert_string_equal(buf_str(&out), hunks);
}

static void equal_texts_have_no_difference(void **state UNUSED)
{
	expect("", "", "");
	expect("a\nb\n", "a\nb\n", "");
	expect("a\nb", "a\nb\n", "");
}

static void hunks_are_those_of_diff(void **state UNUSED)
{
	expect("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n");
	expect("a\n", "", "@@ -1 +0,0 @@\n-a\n");
	expect("a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
	expect("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n5\n6\n7\n8\n9\n",
	       "@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n");
	expect("a\n1\n2\n3\n4\n5\n6\nb\n", "x\n1\n2\n3\n4\n5\n6\ny\n",
	       "@@ -1,8 +1,8 @@\n-a\n+x\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+y\n");
	expect("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "x\n1\n2\n3\n4\n5\n6\n7\ny\n",
	       "@@ -1,4 +1,4 @@\n-a\n+x\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+y\n");
}

/* What follows a hunk's head is the old text without '+' and the new one without '-'. */
static void apply(const char *old, const char *hunks, struct buf *out)
{
	const char *at = old;
	unsigned long line = 1, first, count;

	while (*hunks) {
		size_t size = strcspn(hunks, "\n") + 1;

		if (*hunks == '@') {
			first = strtoul(hunks + 4, NULL, 10);
			count = hunks[4 + strspn(hunks + 4, "0123456789")] == ',';
			count = count ? strtoul(strchr(hunks, ',') + 1, NULL, 10) : 1;
			first += count == 0;
			for (; line < first; line++) {
				size_t l = strcspn(at, "\n") + 1;

				buf_put(out, at, l);
				at += l;
			}
		} else {
			if (*hunks != '+') {
				assert_memory_equal(at, hunks + 1, size - 1);
				at += size - 1;
				line++;
			}
			if (*hunks != '-')
				buf_put(out, hunks + 1, size - 1);
		}
		hunks += size;
	}
	buf_puts(out, at);
}

#define LINES 12

/* The longest common subsequence, by the definition. */
static size_t common(const char *x, size_t n, const char *y, size_t m)
{
	size_t table[LINES + 1][LINES + 1] = { 0 };

	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			size_t best = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j]
									: table[i][j - 1];

			table[i][j] = x[i - 1] == y[j - 1] ? table[i - 1][j - 1] + 1 : best;
		}
	}
	return table[n][m];
}

/* `letters` gets one letter a line. */
static void random_text(char *letters, size_t *count, struct buf *out)
{
	*count = (size_t)rand() % (LINES + 1);
	buf_clear(out);
	for (size_t i = 0; i < *count; i++) {
		letters[i] = (char)('a' + rand() % 3);
		buf_printf(out, "%c\n", letters[i]);
	}
}

static void random_edits_lead_from_one_text_to_the_other_and_are_the_shortest(void **state UNUSED)
{
	CLEANUP(buf_fini)
	struct buf old = BUF_INIT, new = BUF_INIT, out = BUF_INIT, back = BUF_INIT;

	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		char x[LINES], y[LINES];
		struct line_counts counts;
		size_t n, m, kept;

		random_text(x, &n, &old);
		random_text(y, &m, &new);
		counts = diff(buf_str(&old), buf_str(&new), &out);
		buf_clear(&back);
		apply(buf_str(&old), buf_str(&out), &back);
		assert_string_equal(buf_str(&back), buf_str(&new));
		kept = common(x, n, y, m);
		assert_int_equal(counts.removed, n - kept);
		assert_int_equal(counts.added, m - kept);
	}
}

static void texts_with_very_many_changes_are_replaced(void **state UNUSED)
{
	CLEANUP(buf_fini)
	struct buf old = BUF_INIT, new = BUF_INIT, out = BUF_INIT, back = BUF_INIT;
	struct line_counts counts;

	for (unsigned i = 0; i < 20000; i++) {
		buf_printf(&old, "%u\n", i);
		buf_printf(&new, "%u\n", i % 7 ? i : i + 100000);
	}
	counts = diff(buf_str(&old), buf_str(&new), &out);
	apply(buf_str(&old), buf_str(&out), &back);
	assert_string_equal(buf_str(&back), buf_str(&new));
	assert_int_equal(counts.added, counts.removed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_texts_have_no_difference),
		cmocka_unit_test(hunks_are_those_of_diff),
		cmocka_unit_test(random_edits_lead_from_one_text_to_the_other_and_are_the_shortest),
		cmocka_unit_test(texts_with_very_many_changes_are_replaced),
	};

	return cmocka_run_group_tests_name("line_diff", tests, NULL, NULL);
}
