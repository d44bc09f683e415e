/*
 * Statements, indent and origins. A statement is put together in `line` and handed
 * to the bundle whole, so a line is never half written. No printf here: with 100,000
 * servers it would be the most expensive part of a render.
 */
#include <string.h>

#include "core/text/emit.h"
#include "renderer.h"

#define INDENT "    "

static void finish_line(struct renderer *r)
{
	bundle_builder_line(&r->out, r->file, buf_str(&r->line), r->line.size);
	buf_clear(&r->line);
}

void render_blank(struct renderer *r)
{
	finish_line(r);
}

void render_origin(struct renderer *r, const struct znode *source)
{
	bundle_builder_origin(&r->out, r->file, source ? source->path : NULL);
}

void render_heading(struct renderer *r, const struct znode *source)
{
	render_origin(r, source);
	render_blank(r);
	if (!source || !source->path)
		return;
	buf_puts(&r->line, "# ");
	emit_comment_path(&r->line, source->path);
	finish_line(r);
}

static void indent(struct renderer *r)
{
	for (unsigned i = 0; i < r->depth; i++)
		buf_put(&r->line, INDENT, sizeof(INDENT) - 1);
}

void render_plain(struct renderer *r, const char *text)
{
	indent(r);
	buf_puts(&r->line, text);
	finish_line(r);
}

void render_begin(struct renderer *r, const char *directive)
{
	indent(r);
	buf_puts(&r->line, directive);
}

void render_raw(struct renderer *r, const char *text)
{
	buf_putc(&r->line, ' ');
	buf_puts(&r->line, text);
}

void render_word(struct renderer *r, const char *value)
{
	buf_putc(&r->line, ' ');
	emit_value(&r->line, value);
}

void render_literal(struct renderer *r, const char *value)
{
	buf_putc(&r->line, ' ');
	emit_literal(&r->line, value);
}

void render_regex(struct renderer *r, const char *regex)
{
	buf_putc(&r->line, ' ');
	emit_regex(&r->line, regex);
}

void render_buffered(struct renderer *r)
{
	render_word(r, buf_str(&r->value));
	buf_clear(&r->value);
}

void render_joined(struct renderer *r, const char *prefix, const char *value, const char *suffix)
{
	buf_puts(&r->value, prefix);
	buf_puts(&r->value, value);
	buf_puts(&r->value, suffix);
	render_buffered(r);
}

void render_path(struct renderer *r, const char *directory, const char *name, const char *suffix)
{
	buf_puts(&r->value, directory);
	buf_putc(&r->value, '/');
	buf_puts(&r->value, name);
	buf_puts(&r->value, suffix);
	render_buffered(r);
}

void render_number(struct renderer *r, const char *prefix, long number)
{
	char digits[24];
	char *at = digits + sizeof(digits);
	unsigned long rest = number < 0 ? 0 : (unsigned long)number;

	*--at = '\0';
	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	render_raw(r, prefix);
	buf_puts(&r->line, at);
}

void render_words(struct renderer *r, const char *values)
{
	while (*values) {
		size_t size = strcspn(values, " ");

		if (size) {
			buf_put(&r->value, values, size);
			render_buffered(r);
		}
		values += size;
		values += strspn(values, " ");
	}
}

void render_end(struct renderer *r)
{
	buf_putc(&r->line, ';');
	finish_line(r);
}

void render_open(struct renderer *r)
{
	buf_puts(&r->line, " {");
	finish_line(r);
	r->depth++;
}

void render_close(struct renderer *r)
{
	r->depth--;
	render_plain(r, "}");
}

void render_option(struct renderer *r, const char *directive, const char *values)
{
	if (!values)
		return;
	render_begin(r, directive);
	render_words(r, values);
	render_end(r);
}
