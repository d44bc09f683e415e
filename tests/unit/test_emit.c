/*
 * What text for nginx may contain; what is written reads back as one word with the same bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zknginx/err.h>

#include "core/text/emit.h"
#include "core/text/lexer.h"
#include "core/text/variable.h"

static void plain_text_is_valid(void **state)
{
	static const char *const texts[] = {
		"",
		"a",
		"a b",
		"/srv/www",
		"public, max-age=60",
		"(a|b)?",
		"100%",
		"a=b&c=d",
		"\xc3\xa9t\xc3\xa9",
		"\xe6\x97\xa5\xe6\x9c\xac",
		"\xf0\x9f\x98\x80",
		"~!@^*_-+[]<>,.:",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_true(emit_text_is_valid(texts[i], TEXT_PLAIN, NULL));
}

static void plain_text_has_no_metacharacters(void **state)
{
	char text[] = "a?b";

	(void)state;
	for (int c = 1; c < 256; c++) {
		bool bad = c < 0x20 || c >= 0x7f || strchr(";{}\"'\\#`$", c);

		text[1] = (char)c;
		assert_int_equal(emit_text_is_valid(text, TEXT_PLAIN, NULL), !bad);
	}
}

static void a_line_has_any_character_but_control_characters(void **state)
{
	char text[] = "a?b";

	(void)state;
	for (int c = 1; c < 128; c++) {
		bool bad = (c < 0x20 && c != '\t') || c == 0x7f || c == '$';

		text[1] = (char)c;
		assert_int_equal(emit_text_is_valid(text, TEXT_LITERAL, NULL), !bad);
		bad = bad && c != '$'; /* the variable $b is unknown */
		if (c != '$')
			assert_int_equal(emit_text_is_valid(text, TEXT_LINE, NULL), !bad);
		bad = bad && c != '\n' && c != '\r';
		if (c != '$')
			assert_int_equal(emit_text_is_valid(text, TEXT_LINES, NULL), !bad);
	}
	assert_false(emit_text_is_valid("\xc2\x85", TEXT_LINES, NULL)); /* U+0085 */
	assert_true(emit_text_is_valid("\xf0\x9f\x91\xa9\xe2\x80\x8d", TEXT_LINE, NULL));
}

static void invalid_utf8_is_refused(void **state)
{
	static const char *const texts[] = {
		"\xc0\xaf",         "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80", "\xe2\x82", "\xc3",         "\xff",         "a\x80",
		"\xf0\x80\x80\xaf",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (enum text_kind k = TEXT_PLAIN; k <= TEXT_LINES; k++)
			assert_false(emit_text_is_valid(texts[i], k, NULL));
}

/* U+0085, U+00A0, U+200B, U+2028, U+202E, U+2066, U+FEFF, a tag character */
static void plain_text_has_no_invisible_characters(void **state)
{
	static const char *const texts[] = {
		"\xc2\x85",     "\xc2\xa0",     "\xe2\x80\x8b", "\xe2\x80\xa8",
		"\xe2\x80\xae", "\xe2\x81\xa6", "\xef\xbb\xbf", "\xf3\xa0\x80\x81",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(emit_text_is_valid(texts[i], TEXT_PLAIN, NULL));
}

static void a_text_longer_than_its_limit_is_refused(void **state)
{
	char text[4096];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[2048] = '\0';
	assert_true(emit_text_is_valid(text, TEXT_PLAIN, NULL));
	text[2048] = 'a';
	text[2049] = '\0';
	assert_false(emit_text_is_valid(text, TEXT_PLAIN, NULL));
	text[2049] = 'a';
	text[4094] = '\0';
	assert_true(emit_text_is_valid(text, TEXT_LINE, NULL));
	text[0] = '"'; /* takes two bytes */
	assert_false(emit_text_is_valid(text, TEXT_LINE, NULL));
}

static void variables_are_names_after_a_dollar(void **state)
{
	static const char *const good[] = { "$host",
					    "a$remote_addr,$scheme",
					    "$cookie_JSESSIONID$arg_userId",
					    "$request_uri/",
					    "$host-x",
					    "${Host}s",
					    "$of_a_map",
					    "$0",
					    "$$",
					    "a$$b$$$host" };
	static const char *const bad[] = { "$",      "$ host",        "a$",       "$1",  "${1}",
					   "$1a",    "${host",        "${}",      "$$$", "$uri",
					   "${URI}", "$request_body", "${ho st}", "$-" };
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (!emit_text_is_valid(good[i], TEXT_LINE, &why))
			fail_msg("%s %s", good[i], why);
		assert_false(emit_text_is_valid(good[i], TEXT_PLAIN, NULL));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		why = NULL;
		if (emit_text_is_valid(bad[i], TEXT_LINE, &why))
			fail_msg("%s is valid", bad[i]);
		assert_non_null(why);
	}
	assert_true(emit_text_is_valid("$uri", TEXT_LINES, NULL));
	assert_true(emit_text_is_valid("a$$b", TEXT_LITERAL, NULL));
	assert_false(emit_text_is_valid("a$host", TEXT_LITERAL, NULL));
}

static void variables_of_a_text_are_listed(void **state)
{
	const char *at = "a$$b$$$host ${Sc_heme}x$$$$$0", *end = at + strlen(at);
	static const char *const names[] = { "host", "Sc_heme", "0" };
	size_t count = 0, size;

	(void)state;
	for (; (at = emit_next_variable(at, &size)); at += size) {
		assert_int_equal(size, strlen(names[count]));
		assert_memory_equal(at, names[count++], size);
	}
	assert_int_equal(count, 3);
	assert_null(emit_next_variable(end, &size));
	assert_null(emit_next_variable(NULL, &size));
	assert_null(emit_next_variable("$ $$", &size));
}

static void variables_of_nginx_are_known(void **state)
{
	static const char *const good[] = { "host",          "HOST",         "http_X_a",
					    "cookie_JS",     "arg_a",        "upstream_http_x",
					    "document_root", "ssl_protocol", "uri",
					    "args" };
	static const char *const bad[] = { "http_", "hostx", "hos", "evil", "h", "ssl_", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(variable_is_known(good[i], strlen(good[i])));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(variable_is_known(bad[i], strlen(bad[i])));
	assert_true(variable_is_known_in_stream("Remote_addr", 11));
	assert_true(variable_is_known_in_stream("ssl_preread_server_name", 23));
	assert_false(variable_is_known_in_stream("request_uri", 11));
}

static void the_nearest_variable_is_found(void **state)
{
	(void)state;
	assert_string_equal(variable_nearest("remote_adr", 10), "remote_addr");
	assert_string_equal(variable_nearest("Hots", 4), "host");
	assert_string_equal(variable_nearest("reqest_uri", 10), "request_uri");
	assert_null(variable_nearest("zzzzzz", 6));
	assert_null(variable_nearest("", 0));
	assert_string_equal(variable_nearest_in_stream("remote_adr", 10), "remote_addr");
	assert_null(variable_nearest_in_stream("reqest_uri", 10));
	assert_true(variable_distance("color", 5, "Colour") <
		    variable_distance("color", 5, "cooler"));
}

static void times_are_those_of_nginx(void **state)
{
	static const char *const good[] = { "0",  "5",      "10s",  "250ms", "1h30m",
					    "1d", "2y3M1w", "1h30", "1s5ms" };
	static const char *const bad[] = { "",      "s",    "-1", "1.5s", "10 s", "10S",
					   "30m1h", "1s1s", "ms", "5x",   "1sm",  "99999999999s",
					   "70y",   " 5",   "5 ", "+5",   "5s\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(emit_time_is_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(emit_time_is_valid(bad[i]));
	assert_true(emit_seconds_is_valid("1h30m"));
	assert_false(emit_seconds_is_valid("250ms"));
}

static void sizes_are_those_of_nginx(void **state)
{
	static const char *const bad[] = { "",     "k",    "10mb", "-1",
					   "1.5m", "10 m", "1t",   "99999999999" };
	uint64_t bytes;

	(void)state;
	assert_true(emit_size_parse("4096", &bytes) && bytes == 4096);
	assert_true(emit_size_parse("64k", &bytes) && bytes == 65536);
	assert_true(emit_size_parse("10M", &bytes) && bytes == 10485760);
	assert_true(emit_size_parse("3g", &bytes) && bytes == UINT64_C(3221225472));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(emit_size_is_valid(bad[i]));
}

/* What nginx reads when this has been written. */
static char *read_back(void (*emit)(struct buf *, const char *), const char *text)
{
	struct buf out = BUF_INIT;
	struct lexer l;
	struct token t;
	char *word;

	buf_puts(&out, "name ");
	emit(&out, text);
	buf_puts(&out, ";");
	lexer_init(&l, out.data, out.size);
	lexer_next(&l);
	t = lexer_next(&l);
	assert_int_equal(t.kind, TOKEN_WORD);
	word = xstrdup(t.word);
	assert_int_equal(lexer_next(&l).kind, TOKEN_SEMICOLON);
	assert_int_equal(lexer_next(&l).kind, TOKEN_END);
	lexer_fini(&l);
	buf_fini(&out);
	return word;
}

static void assert_read_back(void (*emit)(struct buf *, const char *), const char *text,
			     const char *expected)
{
	char *word = read_back(emit, text);

	assert_string_equal(word, expected);
	free(word);
}

static void a_value_is_read_back_as_it_was(void **state)
{
	static const char *const texts[] = { "",
					     "a",
					     "a b",
					     " ",
					     "/a(b)",
					     "x)",
					     "$host",
					     "$remote_addr $scheme",
					     "\xc3\xa9",
					     "a,b",
					     "@x",
					     "!a",
					     "max-age=31536000; includeSubDomains",
					     "default-src 'self'",
					     "{\"status\":\"ok\"}",
					     "C:\\new\\table\\",
					     "\\",
					     "\"",
					     "#",
					     "a#b",
					     "User-agent: *\r\nDisallow:\t/\n",
					     "${host}",
					     "`id`" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_read_back(emit_value, texts[i], texts[i]);
		if (!strpbrk(texts[i], "$\r\n"))
			assert_read_back(emit_literal, texts[i], texts[i]);
	}
	assert_read_back(emit_value, "a$$b", "a${zknginx_dollar}b");
	assert_read_back(emit_value, "$$$host", "${zknginx_dollar}$host");
	assert_read_back(emit_literal, "/a$$b", "/a$b");
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void random_texts_are_read_back(void **state)
{
	static const char bytes[] = "ab \"'\\;{}#`()tnr\t=/";
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t size = next_random(&seed) % 12;
		char text[16] = "";

		for (size_t j = 0; j < size; j++)
			text[j] = bytes[next_random(&seed) % (sizeof(bytes) - 1)];
		assert_read_back(emit_value, text, text);
	}
}

static void a_path_in_a_comment_is_escaped(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	emit_comment_path(&out, "/nginx/config/upstreams/a/[::1]:80");
	assert_string_equal(buf_str(&out), "/nginx/config/upstreams/a/%5B::1%5D:80");
	buf_clear(&out);
	emit_comment_path(&out, "/a\nb{c}\xff;% ");
	assert_string_equal(buf_str(&out), "/a%0Ab%7Bc%7D%FF%3B%25%20");
	buf_fini(&out);
}

/* Cut after at most 200 bytes, and never within an escape. */
static void a_long_path_in_a_comment_is_cut(void **state)
{
	struct buf out = BUF_INIT;
	char path[400];

	(void)state;
	memset(path, ';', sizeof(path));
	path[399] = '\0';
	buf_puts(&out, "# ");
	emit_comment_path(&out, path);
	assert_int_equal(out.size, 2 + 198);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_is_valid),
		cmocka_unit_test(plain_text_has_no_metacharacters),
		cmocka_unit_test(a_line_has_any_character_but_control_characters),
		cmocka_unit_test(invalid_utf8_is_refused),
		cmocka_unit_test(plain_text_has_no_invisible_characters),
		cmocka_unit_test(a_text_longer_than_its_limit_is_refused),
		cmocka_unit_test(variables_are_names_after_a_dollar),
		cmocka_unit_test(variables_of_a_text_are_listed),
		cmocka_unit_test(variables_of_nginx_are_known),
		cmocka_unit_test(the_nearest_variable_is_found),
		cmocka_unit_test(times_are_those_of_nginx),
		cmocka_unit_test(sizes_are_those_of_nginx),
		cmocka_unit_test(a_value_is_read_back_as_it_was),
		cmocka_unit_test(random_texts_are_read_back),
		cmocka_unit_test(a_path_in_a_comment_is_escaped),
		cmocka_unit_test(a_long_path_in_a_comment_is_cut),
	};

	return cmocka_run_group_tests_name("emit", tests, NULL, NULL);
}
