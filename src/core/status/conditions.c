/* A list of conditions, from several sources. */
#include <stdarg.h>
#include <stdlib.h>

#include <zknginx/err.h>

#include "conditions.h"

static struct condition *grow(struct conditions *c)
{
	if (!c->arena)
		c->arena = arena_new();
	if (c->count == c->room) {
		c->room = c->room ? 2 * c->room : 16;
		c->items = xrealloc(c->items, c->room * sizeof(*c->items));
	}
	return &c->items[c->count++];
}

void conditions_add(struct conditions *c, const char *key, const char *subject,
		    enum alert_severity severity, uint64_t after, const char *fmt, ...)
{
	struct condition *item = grow(c);
	va_list ap;

	va_start(ap, fmt);
	*item = (struct condition){
		.key = key,
		.subject = arena_strdup(c->arena, subject),
		.severity = severity,
		.after = after,
		.message = arena_vprintf(c->arena, fmt, ap),
	};
	va_end(ap);
}

void conditions_append(struct conditions *c, const struct conditions *more)
{
	for (size_t i = 0; i < more->count; i++) {
		const struct condition *m = &more->items[i];

		conditions_add(c, m->key, m->subject, m->severity, m->after, "%s", m->message);
	}
}

void conditions_clear(struct conditions *c)
{
	if (c->arena)
		arena_free(c->arena);
	free(c->items);
	*c = (struct conditions){ 0 };
}
