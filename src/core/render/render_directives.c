/*
 * Lines of nginx's own language in an object, and the snippets that it includes. A line is written
 * as it is, and so is the text of a snippet: blanks before a line would change a string that goes
 * over several lines, so it is indented only where no line begins within a string.
 */
#include <string.h>
#include <strings.h>

#include "renderer.h"

static bool next_same(struct lexer *a, struct lexer *b, bool *end)
{
	struct token x = lexer_next(a), y = lexer_next(b);

	*end = x.kind == TOKEN_END || x.kind == TOKEN_ERROR;
	return x.kind == y.kind && x.size == y.size &&
	       (x.kind != TOKEN_WORD || memcmp(x.word, y.word, x.size) == 0);
}

/* Do both texts mean the same to nginx? */
static bool same_tokens(const char *a, const char *b)
{
	struct lexer x, y;
	bool same = true, end = false;

	lexer_init(&x, a, strlen(a));
	lexer_init(&y, b, strlen(b));
	while (same && !end)
		same = next_same(&x, &y, &end);
	lexer_fini(&x);
	lexer_fini(&y);
	return same;
}

static void put_indented(struct buf *out, const char *text, unsigned depth)
{
	while (*text) {
		size_t size = strcspn(text, "\n");

		for (unsigned i = 0; i < depth && size; i++)
			buf_puts(out, "    ");
		buf_put(out, text, size);
		buf_putc(out, '\n');
		text += size + (text[size] == '\n');
	}
}

static void put_text(struct renderer *r, const char *text)
{
	while (*text) {
		size_t size = strcspn(text, "\n"), kept = size;

		while (kept && text[kept - 1] == '\r')
			kept--;
		bundle_builder_line(&r->out, r->file, text, kept);
		text += size + (text[size] == '\n');
	}
}

static void render_included(struct renderer *r, const struct snippet *s)
{
	CLEANUP(buf_fini) struct buf indented = BUF_INIT;

	render_origin(r, &s->source);
	bundle_builder_data(&r->out, r->file);
	put_indented(&indented, s->text, r->depth);
	put_text(r, same_tokens(s->text, buf_str(&indented)) ? buf_str(&indented) : s->text);
}

/* Each add_header that is not within a block; true: on_header() has returned true. */
static bool each_in_text(const char *text, bool (*on_header)(void *ctx, const struct statement *s),
			 void *ctx)
{
	struct statement s = { 0 };
	bool found = false;
	struct lexer l;
	struct token t;
	int depth = 0;

	lexer_init(&l, text, strlen(text));
	while (!found && (t = statement_read(&l, &s)).kind != TOKEN_END && t.kind != TOKEN_ERROR) {
		found = !depth && t.kind == TOKEN_SEMICOLON &&
			strcmp(statement_first(&s), "add_header") == 0 && on_header(ctx, &s);
		depth += (t.kind == TOKEN_OPEN) - (t.kind == TOKEN_CLOSE);
	}
	lexer_fini(&l);
	statement_fini(&s);
	return found;
}

bool raw_lines_each_header(const struct renderer *r, const struct raw_lines *raw,
			   enum config_kind kind,
			   bool (*on_header)(void *ctx, const struct statement *s), void *ctx)
{
	for (size_t i = 0; i < raw->include_count; i++) {
		const struct snippet *s = model_text(r->model, kind, raw->includes[i]);

		if (s && each_in_text(s->text, on_header, ctx))
			return true;
	}
	for (size_t i = 0; i < raw->directive_count; i++) {
		if (each_in_text(raw->directives[i], on_header, ctx))
			return true;
	}
	return false;
}

void render_raw_lines(struct renderer *r, const struct znode *source, const struct raw_lines *raw,
		      enum config_kind kind)
{
	for (size_t i = 0; i < raw->include_count; i++) {
		const struct snippet *s = model_text(r->model, kind, raw->includes[i]);

		if (s)
			render_included(r, s);
	}
	if (raw->include_count)
		render_origin(r, source);
	for (size_t i = 0; i < raw->directive_count; i++)
		render_plain(r, raw->directives[i]);
}
