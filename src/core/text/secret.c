/*
 * nginx does not escape the quotes in a value that it quotes. So the names of directives are
 * recognised first, by the words around them. If two quotes remain, the text between them is the
 * value. If more remain, all from the first to the last one is taken for the value, unless each
 * pair has a harmless word.
 */
#include <string.h>
#include <strings.h>

#include <zknginx/macros.h>

#include "secret.h"

#define SHOWN_MAX 4
#define NAME_MAX_SIZE 40
#define QUOTES_MAX 32

/* Parts of the names of fields and directives. */
static const char *const words[] = {
	"auth",  "cookie", "credential", "header", "jwt",         "key",
	"param", "passwd", "passw",      "secret", "secure_link", "token",
};

/* Other fields, and directives, that take free text, or an URL that may have a token in it. */
static const char *const fields[] = { "certificate", "text", "to", "vars", "with" };
static const char *const directives[] = {
	"certificate", "if",        "map",         "proxy_pass", "proxy_redirect",
	"return",      "rewrite",   "set",         "sub_filter", "ssl_certificate",
	"log_format",  "userid",    "userid_name", "userid_p3p", "grpc_pass",
	"access_log",  "error_log", "mirror",      "error_page", "proxy_method",
};

static bool is_listed(const char *const *list, size_t count, const char *name, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(list[i]) == size && strncasecmp(list[i], name, size) == 0)
			return true;
	}
	return false;
}

static bool has_word(const char *name, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t length = strlen(words[i]);

		for (size_t at = 0; at + length <= size; at++) {
			if (strncasecmp(name + at, words[i], length) == 0)
				return true;
		}
	}
	return false;
}

bool secret_is_in_field(const char *path)
{
	while (*path) {
		size_t size = strcspn(path, ".["), rest = strcspn(path, ".");

		if (has_word(path, size) || is_listed(fields, ARRAY_SIZE(fields), path, size))
			return true;
		path += rest + (path[rest] == '.');
	}
	return false;
}

static bool is_secret_directive(const char *name, size_t size)
{
	return has_word(name, size) || is_listed(directives, ARRAY_SIZE(directives), name, size);
}

bool secret_is_in_directive(const char *name)
{
	return is_secret_directive(name, strlen(name));
}

static bool is_all(const char *s, size_t size, const char *allowed)
{
	for (size_t i = 0; i < size; i++) {
		if (!s[i] || !strchr(allowed, s[i]))
			return false;
	}
	return true;
}

bool secret_is_plain_name(const char *s, size_t size)
{
	size_t numbers = 0;

	for (size_t i = 0; i < size; i++)
		numbers += s[i] >= '0' && s[i] <= '9';
	return size && size <= NAME_MAX_SIZE && numbers <= 1 &&
	       is_all(s, size, "abcdefghijklmnopqrstuvwxyz_0123456789");
}

/* --- values ----------------------------------------------------------------------------------- */

void secret_put_masked(const char *value, size_t size, struct buf *out)
{
	size_t shown = 0;

	while (shown < SHOWN_MAX && shown < size / 4 && value[shown] > ' ' && value[shown] < 0x7f &&
	       value[shown] != '"')
		shown++;
	buf_printf(out, "\"%.*s…\" (%zu bytes are not shown)", (int)shown, value, size - shown);
}

static bool is_path(const char *s, size_t size)
{
	return size && s[0] == '/' && !memchr(s, '?', size) && !memchr(s, '=', size) &&
	       !memchr(s, ' ', size);
}

/* A field for the path of a key: the path is no secret, a key in its place is one. */
static bool is_path_in(const char *field, const char *value)
{
	const char *dot = strrchr(field, '.'), *name = dot ? dot + 1 : field;

	return (strcmp(name, "key") == 0 || strcmp(name, "certificate") == 0) &&
	       is_path(value, strlen(value));
}

static bool is_variable(const char *s, size_t size)
{
	return size && *s == '$' && secret_is_plain_name(s + 1, size - 1);
}

void secret_put_value(const char *field, const char *value, struct buf *out)
{
	if (secret_is_in_field(field) && !is_path_in(field, value) &&
	    !is_variable(value, strlen(value)))
		secret_put_masked(value, strlen(value), out);
	else
		buf_printf(out, "\"%.80s\"", value);
}

/* "'}' expected near '"Basic'": what it expected is kept, and the text is not. */
void secret_put_json_error(const char *message, struct buf *out)
{
	static const char near[] = " near ";
	const char *at = strstr(message, near), *text = at ? at + strlen(near) : NULL;

	if (text && *text == '\'' && strlen(text) > 3)
		buf_put(out, message, (size_t)(at - message));
	else
		buf_puts(out, message);
}

/* --- nginx ------------------------------------------------------------------------------------ */

/* One line of nginx, and where its quotes are. */
struct line {
	const char *text;
	size_t size;
	size_t quotes[QUOTES_MAX], count;
	bool is_secret; /* a directive is named that can hold one */
};

static bool begins(const struct line *l, size_t at, const char *words_)
{
	size_t size = strlen(words_);

	return at + size <= l->size && memcmp(l->text + at, words_, size) == 0;
}

static bool ends(const struct line *l, size_t at, const char *words_)
{
	size_t size = strlen(words_);

	return at >= size && memcmp(l->text + at - size, words_, size) == 0;
}

/* Is the quoted text that begins at the i-th quote the name of a directive? */
static bool is_directive(const struct line *l, size_t i)
{
	size_t open = l->quotes[i], close = l->quotes[i + 1];

	if (!is_all(l->text + open + 1, close - open - 1, "abcdefghijklmnopqrstuvwxyz_0123456789"))
		return false;
	if (ends(l, open, "unknown directive "))
		return false;
	return begins(l, close + 1, " directive") || ends(l, open, " directive ") ||
	       (ends(l, open, " in ") && close + 1 == l->size);
}

static void drop_directives(struct line *l)
{
	size_t kept = 0, i = 0;

	while (i < l->count) {
		if (i + 1 < l->count && is_directive(l, i)) {
			size_t open = l->quotes[i], size = l->quotes[i + 1] - open - 1;

			l->is_secret |= is_secret_directive(l->text + open + 1, size);
			i += 2;
		} else {
			l->quotes[kept++] = l->quotes[i++];
		}
	}
	l->count = kept;
}

/* The words before a value that nginx names a thing with. */
static bool is_named(const struct line *l, size_t open)
{
	static const char *const before[] = {
		"upstream ",    "server name ", "wildcard ",   "zone ",
		"certificate ", "location ",    "log format ", "log_format ",
		"MIME type ",   "limit_req ",   "limit_conn ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		if (ends(l, open, before[i]))
			return true;
	}
	return memmem(l->text, open, "host not found in ", 18) != NULL;
}

/* "rate=fast", "weigth=5" */
static bool is_option(const char *s, size_t size)
{
	const char *sign = memchr(s, '=', size), *value = sign ? sign + 1 : NULL;
	size_t name = sign ? (size_t)(sign - s) : 0, rest = sign ? size - name - 1 : 0;

	return sign && secret_is_plain_name(s, name) && !is_secret_directive(s, name) &&
	       (rest <= 3 || secret_is_plain_name(value, rest));
}

static bool is_harmless(const struct line *l, size_t open, size_t close)
{
	const char *s = l->text + open + 1;
	size_t size = close - open - 1;

	if (l->is_secret)
		return false;
	return size <= 3 || is_path(s, size) || secret_is_plain_name(s, size) ||
	       is_all(s, size, "0123456789.:[]*/") || is_variable(s, size) || is_option(s, size) ||
	       is_named(l, open) || begins(l, close + 1, " variable");
}

/* Is the text from `from` to the next quote nginx's own? A value with quotes in it looks alike. */
static bool are_words(const struct line *l, size_t from, size_t next)
{
	return is_all(l->text + from, next - from, "abcdefghijklmnopqrstuvwxyz_\" ,:;()-");
}

static bool are_harmless_from(const struct line *l, size_t first)
{
	for (size_t i = first; i < l->count; i += 2) {
		size_t close = i + 1 < l->count ? l->quotes[i + 1] : l->size;

		if (!is_harmless(l, l->quotes[i], close) ||
		    (i + 2 < l->count && !are_words(l, close + 1, l->quotes[i + 2])))
			return false;
	}
	return true;
}

/* Of more than fit, the last one takes the last place. */
static void find_quotes(struct line *l)
{
	for (size_t i = 0; i < l->size; i++) {
		if (l->text[i] != '"')
			continue;
		l->quotes[l->count < QUOTES_MAX ? l->count++ : QUOTES_MAX - 1] = i;
	}
}

/* Where the masked text ends: at the last quote, or before `in "NAME" directive, it must be "on"`.
 */
static size_t end_of_value(const struct line *l)
{
	for (size_t i = l->count; i-- > 1;) {
		if (begins(l, l->quotes[i] + 1, " in \"") && are_harmless_from(l, i + 1))
			return l->quotes[i];
	}
	return l->count > 1 ? l->quotes[l->count - 1] : l->size;
}

static void put_line(struct line *l, struct buf *out)
{
	size_t first, end;

	find_quotes(l);
	drop_directives(l);
	if (!l->count || are_harmless_from(l, 0)) {
		buf_put(out, l->text, l->size);
		return;
	}
	first = l->quotes[0];
	end = end_of_value(l);
	buf_put(out, l->text, first);
	secret_put_masked(l->text + first + 1, end - first - 1, out);
	if (end < l->size)
		buf_put(out, l->text + end + 1, l->size - end - 1);
}

void secret_put_nginx(const char *text, struct buf *out)
{
	while (*text) {
		struct line l = { .text = text, .size = strcspn(text, "\n") };

		put_line(&l, out);
		text += l.size;
		if (*text == '\n') {
			buf_putc(out, '\n');
			text++;
		}
	}
}

char *secret_mask_nginx(const char *text)
{
	struct buf out = BUF_INIT;

	secret_put_nginx(text, &out);
	return buf_take(&out);
}
