/*
 * Prints with a cursor: what lies between two changes is copied as it is, line by line, for a line
 * may get another indentation. Lines within a quoted word are never touched.
 */
#include <string.h>

#include "conf_print.h"

#define TAB 8

struct conf_printer {
	struct buf *out;
	bool expand; /* every include, whether something in it has changed or not */
};

struct cursor {
	const struct conf_file *file;
	size_t at;
	size_t strip;       /* columns that are taken off each line */
	const char *indent; /* put before each line */
	size_t indent_size;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* --- places in the text ---------------------------------------------------------------------- */

static size_t line_begin(const struct conf_file *f, size_t at)
{
	while (at && f->text[at - 1] != '\n')
		at--;
	return at;
}

static size_t after_blanks(const struct conf_file *f, size_t at)
{
	while (at < f->size && is_blank(f->text[at]))
		at++;
	return at;
}

static size_t line_end(const struct conf_file *f, size_t at)
{
	const char *found = memchr(f->text + at, '\n', f->size - at);

	return found ? (size_t)(found - f->text) : f->size;
}

static bool is_first_in_line(const struct conf_node *n)
{
	return after_blanks(n->file, line_begin(n->file, n->span.begin)) == n->span.begin;
}

/* Where its comments begin that are directly before it, or its line; its own begin where something
 * else is on that line. */
static size_t outer_begin(const struct conf_node *n)
{
	size_t at = line_begin(n->file, n->span.begin), before;

	if (!is_first_in_line(n))
		return n->span.begin;
	while (at) {
		before = line_begin(n->file, at - 1);
		if (n->file->text[after_blanks(n->file, before)] != '#')
			break;
		at = before;
	}
	return at;
}

/* Past the comment on its last line, and the line feed; its own end where something else follows.
 */
static size_t outer_end(const struct conf_node *n)
{
	const struct conf_file *f = n->file;
	size_t at = after_blanks(f, n->span.end);

	if (at < f->size && f->text[at] == '#')
		at = line_end(f, at);
	if (at == f->size)
		return at;
	return f->text[at] == '\n' ? at + 1 : n->span.end;
}

/* Is it within a quoted word of several lines? */
static bool is_fixed(const struct conf_file *f, size_t at)
{
	size_t low = 0, high = f->fixed_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->fixed[middle].end <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->fixed_count && f->fixed[low].begin < at;
}

/* --- copying --------------------------------------------------------------------------------- */

static bool at_line_begin(const struct buf *out)
{
	return !out->size || out->data[out->size - 1] == '\n';
}

/* The blanks at the beginning of a line: taken off, and put on. */
static void copy_indent(struct conf_printer *p, struct cursor *c, size_t to)
{
	const struct conf_file *f = c->file;
	size_t column = 0, text = after_blanks(f, c->at);

	if (text < f->size && f->text[text] == '\n')
		return;
	while (c->at < to && column < c->strip && (f->text[c->at] == ' ' || f->text[c->at] == '\t'))
		column += f->text[c->at++] == '\t' ? TAB - column % TAB : 1;
	buf_put(p->out, c->indent, c->indent_size);
}

static void copy(struct conf_printer *p, struct cursor *c, size_t to)
{
	const struct conf_file *f = c->file;

	while (c->at < to) {
		size_t end;

		if ((!c->at || f->text[c->at - 1] == '\n') && !is_fixed(f, c->at))
			copy_indent(p, c, to);
		end = line_end(f, c->at);
		end = end < to ? end + 1 : to;
		buf_put(p->out, f->text + c->at, end - c->at);
		c->at = end;
	}
}

/* Lines in place of the statement n, with the indentation that it had. */
static void put_lines(struct conf_printer *p, const struct cursor *c, const struct conf_node *n)
{
	size_t line = line_begin(n->file, n->span.begin);

	for (const char *s = n->change.instead; *s;) {
		size_t size = strcspn(s, "\n");

		if (at_line_begin(p->out) && is_first_in_line(n)) {
			buf_put(p->out, c->indent, c->indent_size);
			buf_put(p->out, n->file->text + line, n->span.begin - line);
		}
		buf_put(p->out, s, size);
		buf_putc(p->out, '\n');
		s += size + (s[size] == '\n');
	}
}

static bool ends_with(const struct buf *out, const char *end)
{
	size_t size = strlen(end);

	return out->size >= size && memcmp(out->data + out->size - size, end, size) == 0;
}

/* Where something was left out, no two empty lines stay, nor one at the beginning of a block. */
static void skip_empty_lines(struct conf_printer *p, struct cursor *c)
{
	while (!p->out->size || ends_with(p->out, "\n\n") || ends_with(p->out, "{\n")) {
		size_t end = after_blanks(c->file, c->at);

		if (end >= c->file->size || c->file->text[end] != '\n')
			break;
		c->at = end + 1;
	}
}

/* --- statements ------------------------------------------------------------------------------ */

static bool is_changed(const struct conf_node *n)
{
	if (n->change.instead || n->change.added)
		return true;
	for (size_t i = 0; i < n->child_count; i++) {
		if (is_changed(n->children[i]))
			return true;
	}
	for (size_t i = 0; i < n->file_count; i++) {
		if (is_changed(n->files[i]->root))
			return true;
	}
	return false;
}

static void print_children(struct conf_printer *p, struct cursor *c, const struct conf_node *block);

/* The statement has moved: its text, comments included, is not printed. */
static void leave_out(struct conf_printer *p, struct cursor *c, const struct conf_node *n)
{
	size_t begin = outer_begin(n), end = outer_end(n);

	if (begin < c->at)
		begin = c->at; /* the comments were printed with the statement before */
	copy(p, c, begin);
	put_lines(p, c, n);
	c->at = end;
	skip_empty_lines(p, c);
}

/* A path as one word of nginx's. */
static void put_path(struct buf *out, const char *path)
{
	bool quote = strpbrk(path, " \t\r\n;{}#'\"\\$");

	if (quote)
		buf_putc(out, '"');
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *path);
	}
	if (quote)
		buf_putc(out, '"');
}

/* A path in a comment, which a line feed would end. */
static void put_heading(struct buf *out, const char *path)
{
	buf_puts(out, "# ");
	for (; *path; path++)
		buf_putc(out, (unsigned char)*path < 0x20 ? '?' : *path);
	buf_puts(out, ":\n");
}

static bool has_text(const struct buf *text)
{
	for (size_t i = 0; i < text->size; i++) {
		if (!is_blank(text->data[i]) && text->data[i] != '\n')
			return true;
	}
	return false;
}

static void print_included(struct conf_printer *p, const struct conf_file *f, const char *indent,
			   size_t indent_size)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct conf_printer inner = { .out = &text, .expand = p->expand };
	struct cursor c = { .file = f, .indent = indent, .indent_size = indent_size };

	if (!p->expand && !is_changed(f->root)) {
		buf_put(p->out, indent, indent_size);
		buf_puts(p->out, "include ");
		put_path(p->out, f->named);
		buf_puts(p->out, ";\n");
		return;
	}
	print_children(&inner, &c, f->root);
	copy(&inner, &c, f->size);
	if (!has_text(&text))
		return;
	buf_put(p->out, indent, indent_size);
	put_heading(p->out, f->named);
	buf_put(p->out, text.data, text.size);
	if (!at_line_begin(p->out))
		buf_putc(p->out, '\n');
}

/* The indentation that the statement has where it is printed. */
static void put_indent(struct buf *out, const struct cursor *c, const struct conf_node *n)
{
	struct conf_printer p = { .out = out };
	struct cursor line = *c;

	if (!is_first_in_line(n))
		return;
	line.at = line_begin(n->file, n->span.begin);
	copy_indent(&p, &line, n->span.begin);
	buf_put(out, n->file->text + line.at, n->span.begin - line.at);
}

static void print_include(struct conf_printer *p, struct cursor *c, const struct conf_node *n)
{
	CLEANUP(buf_fini) struct buf indent = BUF_INIT;
	size_t end = outer_end(n);

	copy(p, c, n->span.begin);
	while (p->out->size && is_blank(p->out->data[p->out->size - 1])) {
		p->out->data[--p->out->size] = '\0';
	}
	if (!at_line_begin(p->out))
		buf_putc(p->out, '\n');
	put_indent(&indent, c, n);
	for (size_t i = 0; i < n->file_count; i++)
		print_included(p, n->files[i], buf_str(&indent), indent.size);
	c->at = n->span.end;
	if (end == n->span.end || n->file->text[after_blanks(n->file, c->at)] == '#')
		return;
	c->at = end;
	skip_empty_lines(p, c);
}

static void print_one(struct conf_printer *p, struct cursor *c, const struct conf_node *n)
{
	if (n->change.instead) {
		leave_out(p, c, n);
	} else if (n->files && (p->expand || is_changed(n))) {
		print_include(p, c, n);
	} else {
		print_children(p, c, n);
		if (n->change.added) {
			copy(p, c, n->span.end - 1);
			buf_puts(p->out, n->change.added);
		}
		copy(p, c, n->span.end);
	}
}

static void print_children(struct conf_printer *p, struct cursor *c, const struct conf_node *block)
{
	for (size_t i = 0; i < block->child_count; i++)
		print_one(p, c, block->children[i]);
}

void conf_print_file(struct buf *out, const struct conf_file *f)
{
	struct conf_printer p = { .out = out };
	struct cursor c = { .file = f, .indent = "" };

	print_children(&p, &c, f->root);
	copy(&p, &c, f->size);
}

static size_t columns(const struct conf_node *n)
{
	size_t at = line_begin(n->file, n->span.begin), column = 0;

	if (!is_first_in_line(n))
		return 0;
	for (; at < n->span.begin; at++)
		column += n->file->text[at] == '\t' ? TAB - column % TAB : 1;
	return column;
}

void conf_print_node(struct buf *out, const struct conf_node *n)
{
	struct conf_printer p = { .out = out, .expand = true };
	struct cursor c = {
		.file = n->file, .at = outer_begin(n), .strip = columns(n), .indent = ""
	};
	size_t end = outer_end(n);

	print_one(&p, &c, n);
	copy(&p, &c, end > n->span.end ? end : n->span.end);
	if (!at_line_begin(out))
		buf_putc(out, '\n');
}

/* --- comments -------------------------------------------------------------------------------- */

static unsigned print_comments(struct buf *out, const struct conf_file *f, size_t begin, size_t end)
{
	unsigned count = 0;

	for (size_t i = 0; i < f->comment_count; i++) {
		const struct conf_span *s = &f->comments[i];

		if (s->begin < begin || s->end > end)
			continue;
		buf_put(out, f->text + s->begin, s->end - s->begin);
		while (out->size && is_blank(out->data[out->size - 1]))
			out->size--;
		buf_putc(out, '\n');
		count++;
	}
	return count;
}

static unsigned print_included_comments(struct buf *out, const struct conf_node *n)
{
	unsigned count = 0;

	for (size_t i = 0; i < n->file_count; i++) {
		const struct conf_file *f = n->files[i];

		count += print_comments(out, f, 0, f->size);
		count += print_included_comments(out, f->root);
	}
	for (size_t i = 0; i < n->child_count; i++)
		count += print_included_comments(out, n->children[i]);
	return count;
}

unsigned conf_print_comments(struct buf *out, const struct conf_node *n)
{
	unsigned count = print_comments(out, n->file, outer_begin(n), outer_end(n));

	return count + print_included_comments(out, n);
}
