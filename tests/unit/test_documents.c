/*
 * Documents that say the same as something else: the README's table of contents and its links, the
 * picture of the demo, and the manual's list of alerts.
 */
#include <ctype.h>
#include <glob.h>
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

#include "file_fixture.h"

#define README "README.md"
#define DEMO "tests/demo/demo.sh"
#define PICTURE "tests/demo/demo.svg"
#define MANUAL "conf/man/zknginxd.8"

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

/* The next "## " or "### " heading after `at`, NULL after the last. */
static const char *next_heading(const char *at, size_t *size)
{
	const char *heading = strstr(at, "\n##");

	if (!heading)
		return NULL;
	heading += strspn(heading, "\n# ");
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

/* conditions_add(…, "key", …) */
static size_t look_for_alerts(const char *source, const char *manual)
{
	CLEANUP(freep) char *text = read_file(source);
	size_t found = 0;

	for (const char *at = text; (at = strstr(at, "conditions_add(")); at++) {
		size_t before = strcspn(at, "\";");
		CLEANUP(freep) char *key = NULL, *item = NULL;

		if (at[before] != '"')
			continue; /* its key is no literal */
		key = strndup(at + before + 1, strcspn(at + before + 1, "\""));
		item = xasprintf("\n.It Ic %s", key);
		if (!strchr(key, '%') && !strstr(manual, item))
			fail_msg("%s does not list the alert %s of %s", MANUAL, key, source);
		found++;
	}
	return found;
}

static void the_manual_lists_each_alert(void **state UNUSED)
{
	CLEANUP(freep) char *manual = read_file(MANUAL);
	size_t found = 0;
	glob_t sources;

	assert_int_equal(glob("src/*.c", 0, NULL, &sources), 0);
	assert_int_equal(glob("src/*/*.c", GLOB_APPEND, NULL, &sources), 0);
	assert_int_equal(glob("src/core/*/*.c", GLOB_APPEND, NULL, &sources), 0);
	for (size_t i = 0; i < sources.gl_pathc; i++)
		found += look_for_alerts(sources.gl_pathv[i], manual);
	globfree(&sources);
	assert_true(found > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_contents_has_each_heading_in_its_order),
		cmocka_unit_test(each_linked_file_exists),
		cmocka_unit_test(the_picture_shows_the_demo_as_it_is),
		cmocka_unit_test(the_manual_lists_each_alert),
	};

	return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}
