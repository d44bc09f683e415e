/*
 * Errors are collected in several passes over the file, and reported in the order of its lines, so
 * that a person can correct the file from top to bottom.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/log.h>

#include "settings_errors.h"

#define SHOWN 10

void settings_errors_fini(struct settings_errors *l)
{
	free(l->items);
	if (l->arena)
		arena_free(l->arena);
	*l = (struct settings_errors){ 0 };
}

struct settings_error *settings_errors_add(struct settings_errors *l, const char *file,
					   unsigned line, const char *fmt, ...)
{
	struct settings_error *item;
	char text[1024];
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
	if (!l->arena)
		l->arena = arena_new();
	item = &l->items[l->count];
	*item = (struct settings_error){ .file = file ? arena_strdup(l->arena, file) : NULL,
					 .line = line,
					 .text = arena_strdup(l->arena, text),
					 .order = l->count };
	l->count++;
	return item;
}

bool settings_errors_have_large_number(const struct settings_errors *l, const char *file,
				       unsigned first, unsigned last)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct settings_error *item = &l->items[i];

		if (item->is_large_number && item->line >= first && item->line <= last &&
		    strcmp(item->file, file) == 0)
			return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct settings_error *x = a, *y = b;
	int files = strcmp(x->file ?: "", y->file ?: "");

	if (files)
		return files;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

void settings_errors_sort(struct settings_errors *l)
{
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), compare);
}

/* --- printing -------------------------------------------------------------------------------- */

static char *error_line(const struct settings_error *item)
{
	if (!item->file)
		return xstrdup(item->text);
	if (!item->line)
		return xasprintf("%s: %s", item->file, item->text);
	return xasprintf("%s:%u: %s", item->file, item->line, item->text);
}

static void each_line(const struct settings_errors *l, void (*put)(void *ctx, const char *line),
		      void *ctx)
{
	for (size_t i = 0; i < l->count && i < SHOWN; i++) {
		CLEANUP(freep) char *line = error_line(&l->items[i]);

		put(ctx, line);
	}
	if (l->count > SHOWN) {
		CLEANUP(freep) char *more = xasprintf("… and %zu more", l->count - SHOWN);

		put(ctx, more);
	}
}

static void log_line(void *prefix, const char *line)
{
	log_error("%s%s", (const char *)prefix, line);
}

void settings_errors_log(const struct settings_errors *l, const char *prefix)
{
	each_line(l, log_line, (char *)(uintptr_t)prefix);
}

struct printer {
	const char *prefix;
	FILE *out;
};

static void print_line(void *ctx, const char *line)
{
	const struct printer *p = ctx;

	fprintf(p->out, "%s%s\n", p->prefix, line);
}

void settings_errors_print(const struct settings_errors *l, const char *prefix, FILE *out)
{
	struct printer p = { prefix, out };

	each_line(l, print_line, &p);
}
