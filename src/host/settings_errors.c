/*
 * Errors are collected while the file is looked at in several passes, and told in
 * the order of its lines, so that a person mends the file from top to bottom.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>

#include "settings_errors.h"

/* Kept free at the end of an error's text for "… and N more". */
#define TAIL 32

void settings_errors_fini(struct settings_errors *l)
{
	free(l->items);
	*l = (struct settings_errors){ 0 };
}

void settings_errors_add(struct settings_errors *l, const char *file, unsigned line,
			 const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?'; /* an error is one line, whatever it quotes */
	}
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 16;
		l->items = xrealloc(l->items, l->room * sizeof(*l->items));
	}
	l->items[l->count] = (struct settings_error){ .file = arena_strdup(l->arena, file),
						      .line = line,
						      .text = arena_strdup(l->arena, text),
						      .order = l->count };
	l->count++;
}

bool settings_errors_have(const struct settings_errors *l, const char *file, unsigned line)
{
	for (size_t i = 0; i < l->count; i++) {
		if (l->items[i].line == line && strcmp(l->items[i].file, file) == 0)
			return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct settings_error *x = a, *y = b;
	int files = strcmp(x->file, y->file);

	if (files)
		return files;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void put_error(struct buf *line, const struct settings_error *item, bool first)
{
	buf_clear(line);
	buf_puts(line, first ? "" : "\n");
	if (item->line)
		buf_printf(line, "%s:%u: %s", item->file, item->line, item->text);
	else
		buf_printf(line, "%s: %s", item->file, item->text);
}

int settings_errors_report(struct settings_errors *l, struct err *e)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	size_t shown = 0;

	if (l->count == 0)
		return 0;
	qsort(l->items, l->count, sizeof(*l->items), compare);
	for (; shown < l->count && shown < SETTINGS_ERRORS_SHOWN; shown++) {
		put_error(&line, &l->items[shown], shown == 0);
		if (shown && text.size + line.size + TAIL > sizeof(e->text))
			break;
		buf_put(&text, line.data, line.size);
	}
	if (shown < l->count)
		buf_printf(&text, "\n… and %zu more", l->count - shown);
	err_set(e, ERR_INPUT, "%s", buf_str(&text));
	buf_fini(&line);
	buf_fini(&text);
	return -1;
}
