/*
 * The screen: what standard output is (a terminal, its width, with or without colours), text that
 * is safe to show, progress, and questions.
 *
 * Text from ZooKeeper is shown through screen_clean(): control characters could otherwise steer the
 * operator's terminal.
 */
#ifndef ZKNGINX_CTL_SCREEN_H
#define ZKNGINX_CTL_SCREEN_H

#include <stdbool.h>
#include <stdio.h>
#include <zknginx/buf.h>

enum color { COLOR_NONE, COLOR_GOOD, COLOR_WARNING, COLOR_BAD, COLOR_STRONG, COLOR_FAINT, COLOR_N };

struct screen {
	FILE *out;
	int fd; /* of the terminal, whose size counts; `out` may collect text for it */
	bool terminal;
	bool color;
};

/* Colours as --color=auto: on a terminal, unless $NO_COLOR is set or $TERM is "dumb". */
void screen_init(struct screen *s, FILE *out);
/* "auto", "always" or "never"; false: it is none of them. */
bool screen_set_color(struct screen *s, const char *mode);
/* The columns of the terminal now; 0: it is none, and nothing has to fit. */
unsigned screen_width(const struct screen *s);
/* The lines of the terminal now; 0: it is none. */
unsigned screen_height(const struct screen *s);

/* The escape sequence that begins this colour, and the one that ends it; "" without colours. */
const char *screen_begin(const struct screen *s, enum color c);
const char *screen_end(const struct screen *s, enum color c);
/* Formatted, cleaned, in this colour, without a line feed. */
void screen_print(const struct screen *s, enum color c, const char *fmt, ...) PRINTF(3, 4);

/* The same as whole lines, each of which begins with so many blanks. On a terminal, long lines are
 * broken between words. */
void screen_lines(const struct screen *s, enum color c, size_t indent, const char *fmt, ...)
	PRINTF(4, 5);

/* Appends the text with control characters (but not tabs and line feeds) and bytes that are no
 * UTF-8 as \xHH. */
void screen_clean(const char *text, size_t size, struct buf *out);
/* Columns that clean text takes. */
size_t screen_columns(const char *text);

/* One line on standard error that is replaced by the next; nothing where that is no terminal. */
void progress_show(const char *fmt, ...) PRINTF(1, 2);
/* Before anything else is printed. */
void progress_clear(void);

/* Is there somebody to ask: are standard input and standard error terminals? */
bool can_ask(void);
/* "QUESTION [y/N] " on standard error; true: the answer was yes. */
bool ask(const char *question);

#endif
