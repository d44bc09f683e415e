/* The bundle: lines, origins, digests, and what counts as empty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <zknginx/bundle.h>

static void put(struct bundle_builder *b, enum bundle_file f, const char *line)
{
	bundle_builder_line(b, f, line, strlen(line));
}

/* http: 1 shared, 2-3 a, 4 b, 5 shared; stream: 1 a. */
static struct bundle *example(void)
{
	CLEANUP(bundle_builder_fini) struct bundle_builder b;
	char volatile_path[] = "/b";

	bundle_builder_init(&b);
	put(&b, BUNDLE_HTTP, "shared");
	bundle_builder_origin(&b, BUNDLE_HTTP, "/a");
	put(&b, BUNDLE_HTTP, "a1");
	bundle_builder_origin(&b, BUNDLE_HTTP, "/a");
	put(&b, BUNDLE_HTTP, "a2");
	bundle_builder_origin(&b, BUNDLE_HTTP, "/nothing/came/of/it");
	bundle_builder_origin(&b, BUNDLE_HTTP, volatile_path);
	volatile_path[1] = 'x';
	put(&b, BUNDLE_HTTP, "b1");
	bundle_builder_origin(&b, BUNDLE_HTTP, NULL);
	put(&b, BUNDLE_HTTP, "end");
	bundle_builder_origin(&b, BUNDLE_STREAM, "/a");
	put(&b, BUNDLE_STREAM, "s");
	return bundle_builder_finish(&b);
}

static void lines_end_in_a_line_feed(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *b = example();

	assert_string_equal(bundle_text(b, BUNDLE_HTTP)->data, "shared\na1\na2\nb1\nend\n");
	assert_int_equal(bundle_text(b, BUNDLE_HTTP)->size, 20);
	assert_string_equal(bundle_text(b, BUNDLE_STREAM)->data, "s\n");
}

static void a_line_leads_to_its_znode(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *b = example();

	assert_null(bundle_origin(b, BUNDLE_HTTP, 0));
	assert_null(bundle_origin(b, BUNDLE_HTTP, 1));
	assert_string_equal(bundle_origin(b, BUNDLE_HTTP, 2), "/a");
	assert_string_equal(bundle_origin(b, BUNDLE_HTTP, 3), "/a");
	assert_string_equal(bundle_origin(b, BUNDLE_HTTP, 4), "/b");
	assert_null(bundle_origin(b, BUNDLE_HTTP, 5));
	assert_string_equal(bundle_origin(b, BUNDLE_STREAM, 1), "/a");
	/* nginx reports an unfinished block one line past the end. */
	assert_string_equal(bundle_origin(b, BUNDLE_STREAM, 2), "/a");
}

/* http: 1 heading, 2-3 copied from /a, 4 made of /b; stream: 1 copied from /a. */
static struct bundle *copied(void)
{
	CLEANUP(bundle_builder_fini) struct bundle_builder b;

	bundle_builder_init(&b);
	bundle_builder_data(&b, BUNDLE_HTTP); /* of none */
	bundle_builder_origin(&b, BUNDLE_HTTP, "/a");
	put(&b, BUNDLE_HTTP, "# /a");
	bundle_builder_data(&b, BUNDLE_HTTP);
	put(&b, BUNDLE_HTTP, "a1");
	put(&b, BUNDLE_HTTP, "a2");
	bundle_builder_origin(&b, BUNDLE_HTTP, "/b");
	put(&b, BUNDLE_HTTP, "b1");
	bundle_builder_origin(&b, BUNDLE_STREAM, "/a");
	bundle_builder_data(&b, BUNDLE_STREAM);
	put(&b, BUNDLE_STREAM, "s");
	return bundle_builder_finish(&b);
}

static void a_copied_line_leads_to_its_own_line(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *b = copied();

	assert_int_equal(bundle_data_line(b, BUNDLE_HTTP, 0), 0);
	assert_int_equal(bundle_data_line(b, BUNDLE_HTTP, 1), 0);
	assert_int_equal(bundle_data_line(b, BUNDLE_HTTP, 2), 1);
	assert_int_equal(bundle_data_line(b, BUNDLE_HTTP, 3), 2);
	assert_int_equal(bundle_data_line(b, BUNDLE_HTTP, 4), 0);
	assert_int_equal(bundle_data_line(b, BUNDLE_STREAM, 1), 1);
}

static const char *explained(const char *text)
{
	static char said[512];
	CLEANUP(bundle_unrefp) struct bundle *b = copied();
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	bundle_explain(b, "/s/live", text, &out);
	snprintf(said, sizeof(said), "%s", buf_str(&out));
	return said;
}

static void nginxs_words_are_explained(void **state UNUSED)
{
	assert_string_equal(explained(""), "");
	assert_string_equal(explained("no file at all"), "no file at all");
	assert_string_equal(explained("unknown \"x\" in /s/live/http.conf:3"),
			    "unknown \"x\" (line 2 of the znode) in /s/live/http.conf:3");
	assert_string_equal(explained("x in /s/live/stream.conf:1\ny in /s/live/http.conf:2\n"),
			    "x (line 1 of the znode) in /s/live/stream.conf:1\n"
			    "y (line 1 of the znode) in /s/live/http.conf:2\n");
	assert_string_equal(explained("x in /s/live/http.conf:1"), "x in /s/live/http.conf:1");
	assert_string_equal(explained("x in /s/live/http.conf:4"), "x in /s/live/http.conf:4");
	assert_string_equal(explained("x in /s/live/http.conf"), "x in /s/live/http.conf");
	assert_string_equal(explained("x in /etc/nginx/nginx.conf:3"),
			    "x in /etc/nginx/nginx.conf:3");
}

static void origins_are_kept_once_a_change(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *b = example();

	assert_int_equal(bundle_text(b, BUNDLE_HTTP)->origin_count, 3);
}

static void an_empty_bundle_has_empty_files(void **state UNUSED)
{
	CLEANUP(bundle_builder_fini) struct bundle_builder builder;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	bundle_builder_init(&builder);
	b = bundle_builder_finish(&builder);
	assert_string_equal(bundle_text(b, BUNDLE_HTTP)->data, "");
	assert_true(bundle_text_is_empty(bundle_text(b, BUNDLE_HTTP)));
	assert_null(bundle_origin(b, BUNDLE_HTTP, 1));
}

static struct bundle *of_two(const char *http, const char *stream)
{
	CLEANUP(bundle_builder_fini) struct bundle_builder b;

	bundle_builder_init(&b);
	put(&b, BUNDLE_HTTP, http);
	put(&b, BUNDLE_STREAM, stream);
	return bundle_builder_finish(&b);
}

static void equal_bytes_are_equal_digests(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *a = of_two("x", "y");
	CLEANUP(bundle_unrefp) struct bundle *b = of_two("x", "y");
	CLEANUP(bundle_unrefp) struct bundle *c = of_two("y", "x");

	assert_true(digest_equal(bundle_digest(a), bundle_digest(b)));
	assert_false(digest_equal(bundle_digest(a), bundle_digest(c)));
}

static void comments_alone_are_nothing(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool empty;
	} cases[] = {
		{ "", true },          { " \t\r", true },
		{ "# a", true },       { "  # a\n\n# b", true },
		{ "a;", false },       { "# a\nb;", false },
		{ "# a\n  b", false }, { "#", true },
		{ "\n\n}", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(bundle_unrefp) struct bundle *b = of_two(cases[i].text, "");

		assert_int_equal(bundle_text_is_empty(bundle_text(b, BUNDLE_HTTP)), cases[i].empty);
	}
}

static void a_reference_keeps_it(void **state UNUSED)
{
	struct bundle *b = of_two("x", "y");
	struct bundle *again = bundle_ref(b);

	bundle_unref(b);
	assert_string_equal(bundle_text(again, BUNDLE_HTTP)->data, "x\n");
	bundle_unref(again);
	bundle_unref(NULL);
}

static void files_have_names(void **state UNUSED)
{
	assert_string_equal(bundle_file_name(BUNDLE_HTTP), "http.conf");
	assert_string_equal(bundle_file_name(BUNDLE_STREAM), "stream.conf");
}

/* Like `example`, with a marker between two lines. */
static struct bundle *marked(const char *stream)
{
	CLEANUP(bundle_builder_fini) struct bundle_builder b;

	bundle_builder_init(&b);
	put(&b, BUNDLE_HTTP, "first");
	bundle_builder_origin(&b, BUNDLE_HTTP, BUNDLE_PROBE);
	bundle_builder_marker(&b, BUNDLE_HTTP, "<", ">");
	bundle_builder_origin(&b, BUNDLE_HTTP, "/a");
	put(&b, BUNDLE_HTTP, "last");
	put(&b, BUNDLE_STREAM, stream);
	return bundle_builder_finish(&b);
}

static void a_marker_stands_in_the_text(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *b = marked("s");
	CLEANUP(bundle_unrefp) struct bundle *plain = example();
	char text[64];

	assert_int_equal(strlen(bundle_marker(b)), BUNDLE_MARKER_SIZE - 1);
	snprintf(text, sizeof(text), "first\n<%s>\nlast\n", bundle_marker(b));
	assert_string_equal(bundle_text(b, BUNDLE_HTTP)->data, text);
	assert_int_equal(bundle_text(b, BUNDLE_HTTP)->size, strlen(text));
	assert_null(bundle_origin(b, BUNDLE_HTTP, 1));
	assert_string_equal(bundle_origin(b, BUNDLE_HTTP, 2), BUNDLE_PROBE);
	assert_string_equal(bundle_origin(b, BUNDLE_HTTP, 3), "/a");
	assert_string_equal(bundle_marker(plain), "");
}

static void a_marker_tells_bundles_apart(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *b = marked("s");
	CLEANUP(bundle_unrefp) struct bundle *same = marked("s");
	CLEANUP(bundle_unrefp) struct bundle *other = marked("t");

	assert_string_equal(bundle_marker(b), bundle_marker(same));
	assert_true(digest_equal(bundle_digest(b), bundle_digest(same)));
	assert_string_not_equal(bundle_marker(b), bundle_marker(other));
	assert_false(digest_equal(bundle_digest(b), bundle_digest(other)));
}

static struct bundle_piece *piece(const char *znode, const char *text)
{
	CLEANUP(bundle_builder_fini) struct bundle_builder b;

	bundle_builder_init(&b);
	bundle_builder_origin(&b, BUNDLE_HTTP, znode);
	put(&b, BUNDLE_HTTP, "{");
	bundle_builder_data(&b, BUNDLE_HTTP);
	put(&b, BUNDLE_HTTP, text);
	return bundle_builder_cut(&b, BUNDLE_HTTP);
}

static struct bundle *of_pieces(const char *first, const char *second)
{
	CLEANUP(bundle_builder_fini) struct bundle_builder b;
	struct bundle_piece *p = piece("/a", first), *q = piece("/b", second);
	struct bundle_group *g = bundle_group_new((struct bundle_piece *const[]){ p, q }, 2);

	bundle_builder_init(&b);
	put(&b, BUNDLE_HTTP, "head");
	bundle_builder_group(&b, BUNDLE_HTTP, g);
	bundle_builder_origin(&b, BUNDLE_HTTP, NULL);
	put(&b, BUNDLE_HTTP, "tail");
	bundle_group_unref(g);
	bundle_piece_unref(p);
	bundle_piece_unref(q);
	return bundle_builder_finish(&b);
}

static void pieces_keep_their_origins(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *b = of_pieces("x", "y");

	assert_string_equal(bundle_text(b, BUNDLE_HTTP)->data, "head\n{\nx\n{\ny\ntail\n");
	assert_null(bundle_origin(b, BUNDLE_HTTP, 1));
	assert_string_equal(bundle_origin(b, BUNDLE_HTTP, 2), "/a");
	assert_string_equal(bundle_origin(b, BUNDLE_HTTP, 3), "/a");
	assert_int_equal(bundle_data_line(b, BUNDLE_HTTP, 3), 1);
	assert_string_equal(bundle_origin(b, BUNDLE_HTTP, 4), "/b");
	assert_int_equal(bundle_data_line(b, BUNDLE_HTTP, 5), 1);
	assert_null(bundle_origin(b, BUNDLE_HTTP, 6));
}

static void the_digest_is_that_of_all_pieces(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *b = of_pieces("x", "y"), *same = of_pieces("x", "y");
	CLEANUP(bundle_unrefp) struct bundle *first = of_pieces("z", "y");
	CLEANUP(bundle_unrefp) struct bundle *second = of_pieces("x", "z");
	CLEANUP(bundle_unrefp) struct bundle *turned = of_pieces("y", "x");

	assert_true(digest_equal(bundle_digest(b), bundle_digest(same)));
	assert_false(digest_equal(bundle_digest(b), bundle_digest(first)));
	assert_false(digest_equal(bundle_digest(b), bundle_digest(second)));
	assert_false(digest_equal(bundle_digest(b), bundle_digest(turned)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_keep_their_origins),
		cmocka_unit_test(the_digest_is_that_of_all_pieces),
		cmocka_unit_test(lines_end_in_a_line_feed),
		cmocka_unit_test(a_line_leads_to_its_znode),
		cmocka_unit_test(a_copied_line_leads_to_its_own_line),
		cmocka_unit_test(nginxs_words_are_explained),
		cmocka_unit_test(origins_are_kept_once_a_change),
		cmocka_unit_test(an_empty_bundle_has_empty_files),
		cmocka_unit_test(equal_bytes_are_equal_digests),
		cmocka_unit_test(comments_alone_are_nothing),
		cmocka_unit_test(a_reference_keeps_it),
		cmocka_unit_test(files_have_names),
		cmocka_unit_test(a_marker_stands_in_the_text),
		cmocka_unit_test(a_marker_tells_bundles_apart),
	};

	return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
