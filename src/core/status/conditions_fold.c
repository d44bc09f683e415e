/*
 * Conditions that many hosts share become one, so that a thousand hosts with the same failure make
 * one alert that names a few of them.
 *
 * There are few keys and perhaps many conditions, so the keys are kept in a list.
 */
#include <string.h>

#include <zknginx/alerts.h>

#define NAMED 3 /* hosts, before the "…" */

struct group {
	const char *key;
	size_t count;
	struct condition *first;
	const char *names[NAMED];
	enum alert_severity severity;
	uint64_t after;
	bool listed; /* the condition that replaces them is in the result */
};

struct groups {
	struct group *items;
	size_t count;
};

/* That of the condition's key; a new one where it is the first. */
static struct group *group_of(struct groups *groups, struct condition *c)
{
	struct group *g = groups->items, *end = g + groups->count;

	while (g < end && strcmp(g->key, c->key) != 0)
		g++;
	if (g == end) {
		*g = (struct group){ .key = c->key, .first = c };
		groups->count++;
	}
	return g;
}

static void join(struct groups *groups, struct condition *c)
{
	struct group *g = group_of(groups, c);

	if (g->count < NAMED)
		g->names[g->count] = c->subject;
	g->count++;
	g->severity = c->severity > g->severity ? c->severity : g->severity;
	g->after = c->after > g->after ? c->after : g->after;
}

static const char *message_of(struct arena *a, const struct group *g)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	buf_printf(&text, "%zu hosts: ", g->count);
	for (size_t i = 0; i < NAMED && i < g->count; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", g->names[i]);
	buf_printf(&text, "%s; the first: %s", g->count > NAMED ? ", …" : "", g->first->message);
	return arena_strdup(a, buf_str(&text));
}

size_t conditions_fold(struct arena *a, struct condition *items, size_t count, size_t most)
{
	struct groups groups = { .items = arena_array(a, struct group, count) };
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		join(&groups, &items[i]);
	for (size_t i = 0; i < groups.count; i++) {
		struct group *g = &groups.items[i];

		if (g->count > most)
			*g->first = (struct condition){ .key = g->key,
							.subject = "",
							.severity = g->severity,
							.message = message_of(a, g),
							.after = g->after };
	}
	for (size_t i = 0; i < count; i++) {
		struct group *g = group_of(&groups, &items[i]);

		if (g->count <= most || !g->listed)
			items[kept++] = items[i];
		g->listed = true;
	}
	return kept;
}
