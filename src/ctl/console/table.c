/* Columns, their widths, and lines of text. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "table.h"

#define GAP 2       /* columns between two cells */
#define NARROWEST 8 /* no column is cut to less */

void table_init(struct table *t, const char *const *titles, size_t columns)
{
	*t = (struct table){ .arena = arena_new(), .titles = titles, .columns = columns };
}

void table_fini(struct table *t)
{
	arena_free(t->arena);
	*t = (struct table){ 0 };
}

/* On one line. */
static const char *cleaned(struct arena *a, const char *text)
{
	CLEANUP(buf_fini) struct buf clean = BUF_INIT;
	char *line;

	screen_clean(text, strlen(text), &clean);
	line = arena_copy(a, buf_str(&clean), clean.size);
	for (char *c = line; *c; c++) {
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	}
	return line;
}

void table_add(struct table *t, enum color color, const char *fmt, ...)
{
	va_list args;
	const char *text;

	va_start(args, fmt);
	text = arena_vprintf(t->arena, fmt, args);
	va_end(args);
	t->cells = arena_grow(t->arena, t->cells, t->count, &t->room, sizeof(*t->cells));
	t->cells[t->count++] = (struct table_cell){ cleaned(t->arena, text), color };
}

static bool is_right(const struct table *t, size_t column)
{
	return *t->titles[column] == '>';
}

static const char *title(const struct table *t, size_t column)
{
	return t->titles[column] + is_right(t, column);
}

static void measure(const struct table *t, size_t *widths)
{
	for (size_t i = 0; i < t->columns; i++) {
		widths[i] = screen_columns(title(t, i));
		for (size_t at = i; at < t->count; at += t->columns) {
			size_t width = screen_columns(t->cells[at].text);

			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
}

/* What the columns take; those of width 0 are left out. */
static size_t total_width(const size_t *widths, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += widths[i] ? widths[i] + GAP : 0;
	return total - GAP;
}

static size_t narrowed(size_t width)
{
	return width < NARROWEST ? width : NARROWEST;
}

/* The column to leave out next; t->columns: none. */
static size_t most_spare(const struct table *t, const size_t *widths)
{
	size_t at = t->columns;

	for (size_t i = 0; t->spare && i < t->columns; i++) {
		if (widths[i] && t->spare[i] && (at == t->columns || t->spare[i] > t->spare[at]))
			at = i;
	}
	return at;
}

/* Leaves columns out until the others can be made narrow enough. */
static void leave_out(const struct table *t, size_t *widths, size_t width)
{
	for (;;) {
		size_t least = 0, at = most_spare(t, widths);

		for (size_t i = 0; i < t->columns; i++)
			least += widths[i] ? narrowed(widths[i]) + GAP : 0;
		if (least - GAP <= width || at == t->columns)
			return;
		widths[at] = 0;
	}
}

static size_t widest(const size_t *widths, size_t count)
{
	size_t at = 0;

	for (size_t i = 1; i < count; i++) {
		if (widths[i] > widths[at])
			at = i;
	}
	return at;
}

static void fit(const struct table *t, size_t *widths, size_t width)
{
	size_t total;

	leave_out(t, widths, width);
	for (total = total_width(widths, t->columns); total > width; total--) {
		size_t at = widest(widths, t->columns);

		if (widths[at] <= NARROWEST)
			return;
		widths[at]--;
	}
}

static void spaces(FILE *out, size_t count)
{
	while (count--)
		fputc(' ', out);
}

/* How many bytes of the text are `columns` characters. */
static size_t bytes_of(const char *text, size_t columns)
{
	size_t i = 0;

	for (; text[i]; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80 && columns-- == 0)
			break;
	}
	return i;
}

static void print_text(const struct screen *s, const struct table_cell *c, size_t width)
{
	bool cut = screen_columns(c->text) > width;
	size_t size = bytes_of(c->text, cut ? width - 1 : width);

	fprintf(s->out, "%s%.*s%s%s", screen_begin(s, c->color), (int)size, c->text, cut ? "…" : "",
		screen_end(s, c->color));
}

/* The last one that has something in this row. */
static size_t last_column(const struct table *t, const struct table_cell *row, const size_t *widths)
{
	size_t last = 0;

	for (size_t i = 0; i < t->columns; i++)
		last = widths[i] && *row[i].text ? i : last;
	return last;
}

static void print_row(const struct table *t, const struct screen *s, const struct table_cell *row,
		      const size_t *widths)
{
	size_t last = last_column(t, row, widths);

	for (size_t i = 0; i <= last; i++) {
		size_t used = screen_columns(row[i].text);
		size_t rest = used < widths[i] ? widths[i] - used : 0;

		if (!widths[i])
			continue;
		if (is_right(t, i))
			spaces(s->out, rest);
		print_text(s, &row[i], widths[i]);
		if (!is_right(t, i) && i < last)
			spaces(s->out, rest);
		if (i < last)
			spaces(s->out, GAP);
	}
	fputc('\n', s->out);
}

void table_print(const struct table *t, const struct screen *s)
{
	CLEANUP(freep) size_t *widths = xcalloc(t->columns, sizeof(*widths));
	CLEANUP(freep) struct table_cell *head = xcalloc(t->columns, sizeof(*head));

	if (!t->count)
		return;
	measure(t, widths);
	if (screen_width(s))
		fit(t, widths, screen_width(s));
	for (size_t i = 0; i < t->columns; i++)
		head[i] = (struct table_cell){ title(t, i), COLOR_STRONG };
	print_row(t, s, head, widths);
	for (size_t i = 0; i + t->columns <= t->count; i += t->columns)
		print_row(t, s, &t->cells[i], widths);
}
