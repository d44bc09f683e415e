/*
 * Searches a bundle statement by statement, as nginx reads them, so that a comment or the name of a
 * directive is never mistaken for a value. The lines of each origin are read separately, so that
 * text that cannot be read does not hide the rest.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "blame_search.h"
#include "core/text/lexer.h"

void suspects_fini(struct suspects *s)
{
	free(s->znodes);
	*s = (struct suspects){ 0 };
}

void suspects_add(struct suspects *s, const char *znode)
{
	if (s->count && s->znodes[s->count - 1] == znode)
		return;
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 16;
		s->znodes = xrealloc(s->znodes, s->room * sizeof(*s->znodes));
	}
	s->znodes[s->count++] = znode;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void suspects_sort(struct suspects *s)
{
	size_t kept = 0;

	if (!s->count)
		return;
	qsort(s->znodes, s->count, sizeof(*s->znodes), compare);
	for (size_t i = 0; i < s->count; i++) {
		if (!kept || strcmp(s->znodes[kept - 1], s->znodes[i]) != 0)
			s->znodes[kept++] = s->znodes[i];
	}
	s->count = kept;
}

/* The words of one statement, each followed by a NUL. */
struct statement {
	struct buf words;
};

static const char *first_word(const struct statement *s)
{
	return buf_str(&s->words);
}

/* The word after this one, or NULL. */
static const char *next_word(const struct statement *s, const char *word)
{
	const char *next = word + strlen(word) + 1;

	return s->words.size && next < s->words.data + s->words.size ? next : NULL;
}

static bool has_word(const struct statement *s, const char *text)
{
	for (const char *w = next_word(s, first_word(s)); w; w = next_word(s, w)) {
		if (strcmp(w, text) == 0)
			return true;
	}
	return false;
}

static bool continues_name(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.-", c));
}

/* Is text in the word, and not as a piece of a longer name? */
static bool is_part(const char *word, const char *text)
{
	size_t size = strlen(text);

	for (const char *at = strstr(word, text); at; at = strstr(at + 1, text)) {
		bool begins = at == word || *text == '$' || !continues_name(at[-1]);

		if (begins && !continues_name(at[size]))
			return true;
	}
	return false;
}

static bool has_part(const struct statement *s, const char *text)
{
	for (const char *w = next_word(s, first_word(s)); w; w = next_word(s, w)) {
		if (is_part(w, text))
			return true;
	}
	return false;
}

static bool is_value_of_directive(const struct statement *s, const struct needle *n)
{
	return strcmp(first_word(s), n->directive) == 0 && has_word(s, n->text);
}

static bool is_value(const struct statement *s, const struct needle *n)
{
	return has_word(s, n->text);
}

static bool contains_value(const struct statement *s, const struct needle *n)
{
	return has_part(s, n->text);
}

static bool uses_variable(const struct statement *s, const struct needle *n)
{
	CLEANUP(freep) char *plain = xasprintf("$%s", n->text);
	CLEANUP(freep) char *braced = xasprintf("${%s}", n->text);

	return has_part(s, plain) || has_part(s, braced);
}

/* `listen` takes a port alone, `*` and an address without a port; nginx's messages do not. */
static char *listen_address(const char *word)
{
	const char *bracket = strchr(word, ']');
	const char *colon = strchr(bracket ? bracket : word, ':');

	if (strspn(word, "0123456789") == strlen(word))
		return xasprintf("0.0.0.0:%s", word);
	if (word[0] == '*')
		return xasprintf("0.0.0.0%s", colon ? colon : ":80");
	return xasprintf("%s%s", word, colon ? "" : ":80");
}

static bool sets_options(const struct statement *s)
{
	for (const char *w = next_word(s, first_word(s)); w; w = next_word(s, w)) {
		if (strchr(w, '=') || strcmp(w, "reuseport") == 0 || strcmp(w, "deferred") == 0 ||
		    strcmp(w, "bind") == 0)
			return true;
	}
	return false;
}

static bool listens_on(const struct statement *s, const struct needle *n)
{
	const char *word = next_word(s, first_word(s));
	CLEANUP(freep) char *address = NULL;

	if (!word || strcmp(first_word(s), "listen") != 0)
		return false;
	address = listen_address(word);
	if (strcmp(address, n->text) != 0)
		return false;
	if (n->only_default)
		return has_word(s, "default_server") || has_word(s, "default");
	return !n->only_options || sets_options(s);
}

typedef bool (*match_fn)(const struct statement *s, const struct needle *n);

/* Does any statement of this text match? */
static bool search_text(const char *text, size_t size, match_fn match, const struct needle *n)
{
	struct statement s = { BUF_INIT };
	struct lexer l;
	bool found = false, ended = false;

	lexer_init(&l, text, size);
	while (!found && !ended) {
		struct token t = lexer_next(&l);

		if (t.kind == TOKEN_WORD) {
			buf_put(&s.words, t.word, t.size);
			buf_putc(&s.words, '\0');
			continue;
		}
		found = s.words.size && match(&s, n);
		buf_clear(&s.words);
		ended = t.kind == TOKEN_END || t.kind == TOKEN_ERROR;
	}
	buf_fini(&s.words);
	lexer_fini(&l);
	return found;
}

/* The position after `lines` more lines. */
static const char *skip_lines(const char *at, const char *end, unsigned lines)
{
	while (lines-- && at < end) {
		const char *feed = memchr(at, '\n', (size_t)(end - at));

		at = feed ? feed + 1 : end;
	}
	return at;
}

/* The words of the probe's block are too common; only its address identifies it. */
static bool may_be_meant(const struct origin *o, const struct needle *n)
{
	return n->kind == NEEDLE_LISTEN || strcmp(o->znode, BUNDLE_PROBE) != 0;
}

static void search_file(const struct bundle_text *t, match_fn match, const struct needle *n,
			struct suspects *found)
{
	const char *end = t->data + t->size;
	const char *at = t->data;
	unsigned line = 1;

	for (size_t i = 0; i < t->origin_count; i++) {
		const struct origin *o = &t->origins[i];
		const char *stop = end;

		at = skip_lines(at, end, o->line - line);
		line = o->line;
		if (i + 1 < t->origin_count)
			stop = skip_lines(at, end, t->origins[i + 1].line - line);
		if (o->znode && may_be_meant(o, n) &&
		    search_text(at, (size_t)(stop - at), match, n))
			suspects_add(found, o->znode);
	}
}

/* The ways to match, in their order: the first one that finds something decides. */
static const match_fn MATCHES[][3] = {
	[NEEDLE_VALUE] = { is_value_of_directive, is_value, contains_value },
	[NEEDLE_VARIABLE] = { uses_variable },
	[NEEDLE_LISTEN] = { listens_on },
};

bool blame_search(const struct bundle *b, const struct needle *needle, struct suspects *found)
{
	size_t before = found->count;

	for (size_t i = 0; i < ARRAY_SIZE(MATCHES[0]) && found->count == before; i++) {
		match_fn match = MATCHES[needle->kind][i];

		for (int f = 0; match && f < BUNDLE_FILE_N; f++)
			search_file(bundle_text(b, (enum bundle_file)f), match, needle, found);
	}
	return found->count > before;
}
