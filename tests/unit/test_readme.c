/*
 * The README: its table of contents has each heading, its links lead somewhere, and the picture is
 * one of the demo as it is.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <zknginx/buf.h>
#include <zknginx/digest.h>
#include <zknginx/err.h>

#define README "README.md"
#define DEMO "tests/demo/demo.sh"
#define PICTURE "tests/demo/demo.svg"

static char *read_file(const char *path)
{
	struct buf text = BUF_INIT;
	FILE *f = fopen(path, "r");
	size_t got;

	assert_non_null(f);
	do {
		got = fread(buf_room(&text, 65536), 1, 65536, f);
		buf_grow(&text, got);
	} while (got);
	fclose(f);
	return buf_take(&text);
}

/* The anchor that a web page gives a heading. */
static char *anchor_of(const char *heading, size_t size)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < size; i++) {
		char c = (char)tolower((unsigned char)heading[i]);

		if (c == ' ')
			buf_putc(&out, '-');
		else if (isalnum((unsigned char)c) || c == '-' || c == '_')
			buf_putc(&out, c);
	}
	return buf_take(&out);
}

/* The next "## " heading after `at`, NULL after the last. */
static const char *next_heading(const char *at, size_t *size)
{
	const char *heading = strstr(at, "\n## ");

	if (!heading)
		return NULL;
	heading += strlen("\n## ");
	*size = strcspn(heading, "\n");
	return heading;
}

/* The paragraph "**Contents**". */
static char *contents(const char *readme)
{
	const char *begin = strstr(readme, "\n**Contents** "), *end;

	assert_non_null(begin);
	end = strstr(begin, "\n\n");
	assert_non_null(end);
	return strndup(begin, (size_t)(end - begin));
}

static void the_table_of_contents_has_each_heading_in_its_order(void **state UNUSED)
{
	CLEANUP(freep) char *readme = read_file(README), *table = contents(readme);
	const char *entry = table;
	size_t size, links = 0, headings = 0;

	for (const char *h = readme; (h = next_heading(h, &size)); headings++) {
		CLEANUP(freep) char *anchor = anchor_of(h, size);
		CLEANUP(freep) char *link = xasprintf("[%.*s](#%s)", (int)size, h, anchor);
		const char *found = strstr(table, link);

		if (!found || found < entry)
			fail_msg("the table of contents lacks %s, or has it elsewhere", link);
		entry = found;
	}
	for (const char *at = table; (at = strstr(at, "](#")); at++)
		links++;
	assert_int_equal(links, headings);
	assert_true(headings > 10);
}

/* "](path)"; a link to a heading begins with '#', one to the web has a ':'. */
static void each_linked_file_exists(void **state UNUSED)
{
	CLEANUP(freep) char *readme = read_file(README);
	size_t files = 0;

	for (const char *at = readme; (at = strstr(at, "](")); at += 2) {
		CLEANUP(freep) char *path = strndup(at + 2, strcspn(at + 2, ")"));

		if (*path == '#' || strchr(path, ':'))
			continue;
		if (access(path, R_OK) < 0)
			fail_msg("%s links to %s, which does not exist", README, path);
		files++;
	}
	assert_true(files > 0);
}

static void the_picture_shows_the_demo_as_it_is(void **state UNUSED)
{
	CLEANUP(freep) char *demo = read_file(DEMO), *picture = read_file(PICTURE);
	const struct digest digest = digest_of(demo, strlen(demo));
	char hex[DIGEST_HEX_SIZE];

	digest_hex(&digest, hex);
	if (!strstr(picture, hex))
		fail_msg("%s was made of another %s: run `make demo-picture` as root", PICTURE,
			 DEMO);
	assert_true(strlen(picture) < 16384);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_contents_has_each_heading_in_its_order),
		cmocka_unit_test(each_linked_file_exists),
		cmocka_unit_test(the_picture_shows_the_demo_as_it_is),
	};

	return cmocka_run_group_tests_name("readme", tests, NULL, NULL);
}
