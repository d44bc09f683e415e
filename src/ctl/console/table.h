/*
 * A table for people: a line of titles, rows of cells, columns as wide as they need. On a terminal
 * it fits the width: the widest columns are shortened, and "…" ends what was cut.
 */
#ifndef ZKNGINX_CTL_TABLE_H
#define ZKNGINX_CTL_TABLE_H

#include <zknginx/arena.h>

#include "screen.h"

struct table_cell {
	const char *text;
	enum color color;
};

struct table {
	struct arena *arena;
	const char *const *titles;
	size_t columns;
	/* On a narrow terminal columns are left out, that of the highest number first; one of the
	 * number 0 stays. NULL: all stay. */
	const unsigned char *spare;
	struct table_cell *cells; /* row by row */
	size_t count, room;
};

/* The titles are borrowed. A title that begins with '>' is that of a column of numbers, which are
 * aligned on the right; the '>' is not shown. */
void table_init(struct table *t, const char *const *titles, size_t columns);
void table_fini(struct table *t);
/* The next cell: after the last one of a row, the first one of the next. */
void table_add(struct table *t, enum color color, const char *fmt, ...) PRINTF(3, 4);
/* Nothing is printed for a table without rows. */
void table_print(const struct table *t, const struct screen *s);

#endif
