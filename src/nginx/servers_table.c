/* See servers_table.h. */
#include <stdlib.h>
#include <string.h>

#include "servers_table.h"

void servers_table_add(struct servers_table *t, const struct module_upstream *u)
{
	if (!t->arena)
		t->arena = arena_new();
	t->items = arena_grow(t->arena, t->items, t->count, &t->room, sizeof(*t->items));
	t->items[t->count].said = *u;
	t->items[t->count].said.name.data = arena_copy(t->arena, u->name.data, u->name.size);
	t->count++;
}

static int compare(const void *a, const void *b)
{
	const struct servers_entry *one = a, *other = b;

	return strcmp(one->said.name.data, other->said.name.data);
}

void servers_table_sort(struct servers_table *t)
{
	if (t->count)
		qsort(t->items, t->count, sizeof(*t->items), compare);
}

struct servers_entry *servers_table_find(struct servers_table *t, const char *name)
{
	const struct servers_entry key = { .said.name = { name, strlen(name) } };
	struct servers_entry *e;

	if (t->found + 1 < t->count && compare(&key, &t->items[t->found + 1]) == 0)
		return &t->items[++t->found];
	e = t->count ? bsearch(&key, t->items, t->count, sizeof(key), compare) : NULL;
	if (e)
		t->found = (size_t)(e - t->items);
	return e;
}

struct servers_entry *servers_table_next(const struct servers_table *t, const char *name,
					 size_t *at)
{
	int order = -1;

	while (*at < t->count && (order = strcmp(t->items[*at].said.name.data, name)) < 0)
		++*at;
	return *at < t->count && order == 0 ? &t->items[*at] : NULL;
}

void servers_table_fini(struct servers_table *t)
{
	if (t->arena)
		arena_free(t->arena);
	*t = (struct servers_table){ 0 };
}
