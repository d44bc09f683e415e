/* Look-ups of directives through the levels of a configuration, as nginx inherits them. */
#include <string.h>

#include "scope.h"

struct in_force scope_find(const struct scope *s, const char *name)
{
	struct in_force f = { .level = LEVEL_N };

	for (enum level l = 0; l < LEVEL_N && !f.count; l++) {
		for (size_t i = 0; s->levels[l] && i < s->levels[l]->count; i++) {
			if (!conf_is(s->levels[l]->items[i], name))
				continue;
			if (!f.count++)
				f.first = s->levels[l]->items[i];
			f.level = l;
		}
	}
	return f;
}

const struct conf_node *scope_next(const struct scope *s, const struct in_force *f,
				   const struct conf_node *n)
{
	const struct conf_list *list = s->levels[f->level];
	bool passed = false;

	for (size_t i = 0; i < list->count; i++) {
		if (passed && conf_is(list->items[i], conf_word(n, 0)))
			return list->items[i];
		passed |= list->items[i] == n;
	}
	return NULL;
}

const char *scope_value(const struct scope *s, const char *name, const char *otherwise)
{
	struct in_force f = scope_find(s, name);

	if (!f.count)
		return otherwise;
	return f.count == 1 && f.first->count == 2 ? conf_word(f.first, 1) : "";
}
