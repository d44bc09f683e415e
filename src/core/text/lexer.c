/*
 * nginx's own tokens, as ngx_conf_read_token() of nginx 1.22 cuts them.
 *
 * The lexer never looks ahead and keeps no copy of the text, only of the word at hand. Its oddities
 * are nginx's: a quote opens only at the beginning of a word, a `}` inside a word is part of it,
 * `${` does not open a block, an unknown escape keeps its backslash, and everything from the
 * beginning of a word (or comment) to the byte being read must fit into nginx's buffer.
 */
#include <string.h>

#include "lexer.h"

#define NGINX_BUFFER 4096

static const char end_of_text[] = "unexpected end of file, expecting \";\" or \"}\"";

void lexer_init(struct lexer *l, const char *text, size_t size)
{
	*l = (struct lexer){
		.at = text,
		.end = text + size,
		.start = text,
		.line = 1,
		.start_line = 1,
	};
}

void lexer_fini(struct lexer *l)
{
	buf_fini(&l->word);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct token failed(const struct lexer *l, const char *error)
{
	return (struct token){ .kind = TOKEN_ERROR, .word = "", .line = l->line, .error = error };
}

/* nginx names the line on which the long word began. */
static struct token too_long(const struct lexer *l, char quote)
{
	struct token t = failed(l, "too long parameter");

	if (quote)
		t.error = quote == '"'
				  ? "too long parameter, probably missing terminating \" character"
				  : "too long parameter, probably missing terminating ' character";
	t.line = l->start_line;
	return t;
}

static bool is_full(const struct lexer *l)
{
	return l->at - l->start >= NGINX_BUFFER;
}

static char take(struct lexer *l)
{
	char c = *l->at++;

	if (c == '\n')
		l->line++;
	return c;
}

/* The byte that a backslash and c mean, or NUL when nginx keeps both. */
static char unescaped(char c)
{
	static const char from[] = "\"'\\trn", to[] = "\"'\\\t\r\n";
	const char *found = c ? strchr(from, c) : NULL;

	return found ? to[found - from] : '\0';
}

static void put_word(struct lexer *l, const char *s, const char *end)
{
	while (s < end) {
		const char *backslash = memchr(s, '\\', (size_t)(end - s));
		size_t plain = (size_t)((backslash ? backslash : end) - s);
		char c;

		buf_put(&l->word, s, plain);
		s += plain;
		if (s == end)
			break;
		c = unescaped(s[1]);
		buf_putc(&l->word, c ? c : '\\');
		s += c ? 2 : 1;
	}
}

static struct token end_word(struct lexer *l, char quote)
{
	const char *end = l->at - 1;

	/* `;` and `{` after a plain word are the next token. */
	if (!quote && !is_blank(*end))
		l->at--;
	put_word(l, l->start, end);
	l->words++;
	l->need_space = quote;
	return (struct token){
		.kind = TOKEN_WORD,
		.word = buf_str(&l->word),
		.size = l->word.size,
		.quoted = quote,
		.line = l->start_line,
	};
}

static struct token read_word(struct lexer *l, char c)
{
	bool escaped = c == '\\', variable = c == '$';
	char quote = c == '"' || c == '\'' ? c : '\0';

	if (quote)
		l->start++;
	for (;;) {
		if (l->at == l->end)
			return failed(l, end_of_text);
		if (is_full(l))
			return too_long(l, quote);
		c = take(l);
		if (escaped) {
			escaped = false;
			continue;
		}
		if (c == '{' && variable)
			continue;
		escaped = c == '\\';
		variable = c == '$';
		if (quote ? c == quote : is_blank(c) || c == ';' || c == '{')
			return end_word(l, quote);
	}
}

/* The line feed stays: it is a blank like others. */
static bool skip_comment(struct lexer *l)
{
	while (l->at < l->end && !is_full(l)) {
		if (*l->at == '\n')
			return true;
		l->at++;
	}
	return l->at == l->end;
}

static struct token punctuation(struct lexer *l, char c)
{
	struct token t = { .word = "", .line = l->line };

	if (c == '}' && l->words)
		return failed(l, "unexpected \"}\"");
	if (c == ';' && !l->words)
		return failed(l, "unexpected \";\"");
	if (c == '{' && !l->words)
		return failed(l, "unexpected \"{\"");
	t.kind = c == ';' ? TOKEN_SEMICOLON : c == '{' ? TOKEN_OPEN : TOKEN_CLOSE;
	l->words = 0;
	l->need_space = false;
	l->start = l->at;
	return t;
}

/* After a quoted word nginx expects a blank, `;`, `{`, or the `)` of an `if`. */
static bool may_follow_quote(char c)
{
	return is_blank(c) || c == ';' || c == '{' || c == ')';
}

struct token lexer_next(struct lexer *l)
{
	buf_clear(&l->word);
	while (l->at < l->end) {
		char c;

		if (is_full(l))
			return too_long(l, '\0');
		c = take(l);
		if (l->need_space) {
			if (!may_follow_quote(c))
				return failed(l, "unexpected character after a quoted parameter");
			l->need_space = false;
			if (is_blank(c))
				continue;
		}
		l->start = l->at - 1;
		l->start_line = l->line;
		if (is_blank(c))
			continue;
		if (c == ';' || c == '{' || c == '}')
			return punctuation(l, c);
		if (c != '#')
			return read_word(l, c);
		if (!skip_comment(l))
			return too_long(l, '\0');
	}
	if (l->words)
		return failed(l, end_of_text);
	return (struct token){ .kind = TOKEN_END, .word = "", .line = l->line };
}
