/* See clauses.h. */
#include <string.h>

#include "clauses.h"

static void make_room(struct arena *a, struct clauses *list)
{
	struct clause *more;

	if (list->count < list->room)
		return;
	list->room = list->room ? 2 * list->room : 8;
	more = arena_array(a, struct clause, list->room);
	if (list->count)
		memcpy(more, list->items, list->count * sizeof(*more));
	list->items = more;
}

struct clause *clauses_add(struct arena *a, struct clauses *list, const char *field,
			   const char *directive, size_t words)
{
	size_t at;

	make_room(a, list);
	at = list->count++;
	while (at && strcmp(list->items[at - 1].directive, directive) > 0) {
		list->items[at] = list->items[at - 1];
		at--;
	}
	list->items[at] = (struct clause){
		.field = arena_strdup(a, field),
		.directive = directive,
		.words = arena_array(a, const char *, words),
	};
	return &list->items[at];
}

void clauses_add_word(struct arena *a, struct clauses *list, const char *field,
		      const char *directive, const char *word)
{
	struct clause *s = clauses_add(a, list, field, directive, 1);

	s->words[s->count++] = word;
}

const struct clause *clauses_find(const struct clauses *list, const char *directive)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].directive, directive) == 0)
			return &list->items[i];
	}
	return NULL;
}
