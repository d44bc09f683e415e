/* What is wrong in a settings file: all of it, in the order of its lines. */
#ifndef ZKNGINX_HOST_SETTINGS_ERRORS_H
#define ZKNGINX_HOST_SETTINGS_ERRORS_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/err.h>

#define SETTINGS_ERRORS_SHOWN 10

struct settings_error {
	const char *file;
	unsigned line; /* 0: of the file as a whole */
	const char *text;
	size_t order; /* of adding */
};

struct settings_errors {
	struct arena *arena; /* of the strings; borrowed */
	struct settings_error *items;
	size_t count, room;
};

void settings_errors_fini(struct settings_errors *l);
void settings_errors_add(struct settings_errors *l, const char *file, unsigned line,
			 const char *fmt, ...) PRINTF(4, 5);
bool settings_errors_have(const struct settings_errors *l, const char *file, unsigned line);
/* 0 when there are none; else ERR_INPUT, one line an error, and how many did not fit. */
int settings_errors_report(struct settings_errors *l, struct err *e);

#endif
