/* The errors in a settings file: all of them, in the order of its lines. */
#ifndef ZKNGINX_HOST_SETTINGS_ERRORS_H
#define ZKNGINX_HOST_SETTINGS_ERRORS_H

#include <stdbool.h>
#include <stdio.h>
#include <zknginx/arena.h>
#include <zknginx/macros.h>

struct settings_error {
	const char *file; /* NULL: the text names it */
	unsigned line;    /* 0: of the file as a whole */
	const char *text;
	size_t order; /* of adding */
	bool is_large_number;
};

/* Begins as { 0 }. */
struct settings_errors {
	struct arena *arena; /* of the strings; NULL: there are none yet */
	struct settings_error *items;
	size_t count, room;
};

void settings_errors_fini(struct settings_errors *l);
struct settings_error *settings_errors_add(struct settings_errors *l, const char *file,
					   unsigned line, const char *fmt, ...) PRINTF(4, 5);
void settings_errors_sort(struct settings_errors *l);
/* Is there an error about a large number in these lines of the file? */
bool settings_errors_have_large_number(const struct settings_errors *l, const char *file,
				       unsigned first, unsigned last);

/* The first ten, one a line ("FILE:LINE: text"), and how many more there are. */
void settings_errors_log(const struct settings_errors *l, const char *prefix);
void settings_errors_print(const struct settings_errors *l, const char *prefix, FILE *out);

#endif
