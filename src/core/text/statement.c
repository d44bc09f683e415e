/* Statements, cut with nginx's own tokens. */
#include <string.h>

#include "statement.h"

const char *statement_first(const struct statement *s)
{
	return s->count ? s->words.data : "";
}

const char *statement_next(const struct statement *s, const char *w)
{
	w += strlen(w) + 1;
	return w < s->words.data + s->words.size ? w : NULL;
}

const char *statement_word(const struct statement *s, size_t i)
{
	const char *w = statement_first(s);

	while (i-- && w)
		w = statement_next(s, w);
	return w ? w : "";
}

static void statement_clear(struct statement *s)
{
	buf_clear(&s->words);
	s->count = 0;
}

static void statement_add(struct statement *s, const struct token *t)
{
	if (!s->count++)
		s->line = t->line;
	buf_put(&s->words, t->word, t->size);
	buf_putc(&s->words, '\0');
}

struct token statement_read(struct lexer *l, struct statement *s)
{
	struct token t;

	statement_clear(s);
	while ((t = lexer_next(l)).kind == TOKEN_WORD)
		statement_add(s, &t);
	s->block = t.kind == TOKEN_OPEN;
	return t;
}

void statement_fini(struct statement *s)
{
	buf_fini(&s->words);
}
