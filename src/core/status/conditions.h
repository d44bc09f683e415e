/* A list of conditions. All zero: empty. */
#ifndef ZKNGINX_CORE_CONDITIONS_H
#define ZKNGINX_CORE_CONDITIONS_H

#include <zknginx/alerts.h>

struct conditions {
	struct arena *arena; /* of the texts */
	struct condition *items;
	size_t count, room;
};

/* Copies subject and message; key is a literal. after: as in struct condition. */
void conditions_add(struct conditions *c, const char *key, const char *subject,
		    enum alert_severity severity, uint64_t after, const char *fmt, ...)
	PRINTF(6, 7);
/* Adds copies of all of `more`. */
void conditions_append(struct conditions *c, const struct conditions *more);
/* Frees what it holds; the list is empty. */
void conditions_clear(struct conditions *c);

#endif
