/*
 * The lexer compared with the behaviour of nginx 1.22. Tokens are written as text: words in
 * brackets, punctuation as itself, END, or ERROR.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/text/lexer.h"

static const char *tokens_of(const char *text, size_t size, struct buf *out)
{
	struct lexer l;
	struct token t;

	buf_clear(out);
	lexer_init(&l, text, size);
	do {
		t = lexer_next(&l);
		if (t.kind == TOKEN_WORD)
			buf_printf(out, "[%s]", t.word);
		else
			buf_puts(out,
				 (const char *[]){ "", ";", "{", "}", "END", "ERROR" }[t.kind]);
	} while (t.kind != TOKEN_END && t.kind != TOKEN_ERROR);
	lexer_fini(&l);
	return buf_str(out);
}

static void text_is_split_into_the_words_of_nginx(void **state)
{
	static const struct {
		const char *text, *tokens;
	} cases[] = {
		{ "", "END" },
		{ " \t\r\n", "END" },
		{ "listen 80;", "[listen][80];END" },
		{ "a{b c;}", "[a]{[b][c];}END" },
		{ "a { } b;", "[a]{}[b];END" },
		{ "a # not this;\n b;", "[a][b];END" },
		{ "a#b;", "[a#b];END" },
		{ "# only a comment", "END" },
		{ "a \"b c\" 'd;e{f}';", "[a][b c][d;e{f}];END" },
		{ "a b\"c;", "[a][b\"c];END" },
		{ "a b}c;", "[a][b}c];END" },
		{ "a ${b}c;", "[a][${b}c];END" },
		{ "a $b{c;}", "[a][$b]{[c];}END" },
		{ "a \"$b{c\";", "[a][$b{c];END" },
		{ "if ($a = \"b\") {}", "[if][($a][=][b][)]{}END" },
		{ "a \"\" '';", "[a][][];END" },
		{ "a \"b\" ;", "[a][b];END" },
		{ "a \"b\"{", "[a][b]{END" },
		{ "\"load_module\" x;", "[load_module][x];END" },
		{ "}", "}END" },
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(tokens_of(cases[i].text, strlen(cases[i].text), &out),
				    cases[i].tokens);
	buf_fini(&out);
}

static void escapes_are_resolved_as_nginx_does(void **state)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{ "\"a\\\"b\";", "a\"b" }, { "'a\\'b';", "a'b" },   { "a\\\\b;", "a\\b" },
		{ "a\\tb;", "a\tb" },      { "a\\rb;", "a\rb" },    { "a\\nb;", "a\nb" },
		{ "a\\ b;", "a\\ b" },     { "a\\;b;", "a\\;b" },   { "\\a;", "\\a" },
		{ "a\\{b;", "a\\{b" },     { "\"a\\\\\";", "a\\" }, { "a\\$b;", "a\\$b" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct lexer l;
		struct token t;

		lexer_init(&l, cases[i].text, strlen(cases[i].text));
		t = lexer_next(&l);
		assert_int_equal(t.kind, TOKEN_WORD);
		assert_string_equal(t.word, cases[i].word);
		assert_int_equal(t.size, strlen(cases[i].word));
		assert_int_equal(lexer_next(&l).kind, TOKEN_SEMICOLON);
		lexer_fini(&l);
	}
}

static void what_nginx_refuses_is_an_error(void **state)
{
	static const char *const texts[] = {
		";",      "{",     "a }",  "a \"b\"c;", "a \"b\"}", "a \"b\"#", "a",       "a b",
		"a \"b;", "a 'b;", "a \\", "a ${b",     "a; ;",     "a {{",     "a \"b\"",
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_non_null(strstr(tokens_of(texts[i], strlen(texts[i]), &out), "ERROR"));
	buf_fini(&out);
}

static struct token nth(struct lexer *l, unsigned n)
{
	struct token t;

	do {
		t = lexer_next(l);
	} while (n--);
	return t;
}

static void each_token_has_its_line(void **state)
{
	static const char text[] = "a\n# x\n\n \"b\nc\" d\n;\n}";
	static const unsigned lines[] = { 1, 4, 5, 6, 7 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		struct lexer l;

		lexer_init(&l, text, sizeof(text) - 1);
		assert_int_equal(nth(&l, i).line, lines[i]);
		lexer_fini(&l);
	}
}

static void a_quoted_word_is_marked(void **state)
{
	struct lexer l;

	(void)state;
	lexer_init(&l, "a \"b\";", 6);
	assert_false(lexer_next(&l).quoted);
	assert_true(lexer_next(&l).quoted);
	lexer_fini(&l);
}

/* Does a word of this size between these texts fit into nginx's buffer of 4096? */
static bool passes(const char *before, size_t size, const char *after)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	bool ok;

	buf_puts(&text, before);
	for (size_t i = 0; i < size; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, after);
	ok = !strstr(tokens_of(text.data, text.size, &out), "ERROR");
	buf_fini(&text);
	buf_fini(&out);
	return ok;
}

/* The bounds were measured with nginx 1.22.1. */
static void the_length_of_a_word_is_limited_as_in_nginx(void **state)
{
	(void)state;
	assert_true(passes("k ", 4095, ";"));
	assert_false(passes("k ", 4096, ";"));
	assert_true(passes("k ", 4094, " ;"));
	assert_false(passes("k ", 4095, " ;"));
	assert_true(passes("k \"", 4094, "\";"));
	assert_false(passes("k \"", 4095, "\";"));
	assert_true(passes("k \"", 4093, "\" ;"));
	assert_false(passes("k \"", 4094, "\" ;"));
	assert_true(passes("#", 4094, "\nk v;"));
	assert_false(passes("#", 4096, "\nk v;"));
}

static void the_error_of_a_long_word_is_that_of_nginx(void **state)
{
	static char text[8192];
	struct lexer l;
	struct token t;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "\nk \"", 4);
	memset(text + 100, '\n', 10);
	lexer_init(&l, text, sizeof(text));
	t = nth(&l, 1);
	assert_int_equal(t.kind, TOKEN_ERROR);
	assert_int_equal(t.line, 2);
	assert_string_equal(t.error,
			    "too long parameter, probably missing terminating \" character");
	lexer_fini(&l);
}

static void a_nul_is_a_byte_like_any_other(void **state)
{
	struct lexer l;
	struct token t;

	(void)state;
	lexer_init(&l, "a\0b;", 4);
	t = lexer_next(&l);
	assert_int_equal(t.size, 3);
	assert_memory_equal(t.word, "a\0b", 3);
	lexer_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_split_into_the_words_of_nginx),
		cmocka_unit_test(escapes_are_resolved_as_nginx_does),
		cmocka_unit_test(what_nginx_refuses_is_an_error),
		cmocka_unit_test(each_token_has_its_line),
		cmocka_unit_test(a_quoted_word_is_marked),
		cmocka_unit_test(the_length_of_a_word_is_limited_as_in_nginx),
		cmocka_unit_test(the_error_of_a_long_word_is_that_of_nginx),
		cmocka_unit_test(a_nul_is_a_byte_like_any_other),
	};

	return cmocka_run_group_tests_name("lexer", tests, NULL, NULL);
}
