/*
 * The end of link: the model's lists get the objects that have a place, and the problems get what
 * is served.
 */
#include <stdlib.h>
#include <string.h>

#include "clash.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool changes(const struct clash *c, enum object_kind kind)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct object *o = c->objects[i];

		if (o->kind == kind && (o->extra || o->form == FORM_OUT))
			return true;
	}
	return false;
}

/* A new, sorted list of this kind; NULL: the list does not change. */
static void *collect(const struct clash *c, enum object_kind kind, size_t size, size_t *count,
		     int (*compare)(const void *, const void *))
{
	char *list;

	if (!changes(c, kind))
		return NULL;
	list = arena_alloc(c->next->arena, (c->count + 1) * size);
	*count = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct object *o = c->objects[i];

		if (o->kind == kind && o->form != FORM_OUT)
			memcpy(list + (*count)++ * size, o->item.any, size);
	}
	qsort(list, *count, size, compare);
	return list;
}

static void finish_upstreams(const struct clash *c)
{
	const struct upstream **list;
	size_t count = 0;

	if (!changes(c, OBJECT_UPSTREAM))
		return;
	list = arena_array(c->next->arena, const struct upstream *, c->count);
	for (size_t i = 0; i < c->count; i++) {
		const struct object *o = c->objects[i];

		if (o->kind == OBJECT_UPSTREAM && o->form != FORM_OUT)
			list[count++] = o->item.upstream;
	}
	model_set_upstreams(c->next, list, count);
}

/* All problems of the znode, from the object's first one on, say the same. */
static void set_serving(const struct clash *c, const struct object *o)
{
	enum serving serving = o->form == FORM_OUT ? SERVING_ABSENT : SERVING_PREVIOUS;

	for (size_t i = o->problem - 1; i < c->problems->count; i++) {
		struct problem *p = &c->problems->items[i];

		if (strcmp(p->znode, o->path) == 0)
			p->serving = serving;
	}
}

void clash_finish(struct clash *c)
{
	struct model *m = c->next;
	void *list;

	for (size_t i = 0; i < c->count; i++) {
		if (c->objects[i]->problem)
			set_serving(c, c->objects[i]);
	}
	finish_upstreams(c);
	list = collect(c, OBJECT_SITE, sizeof(struct site), &m->site_count, by_name);
	m->sites = list ?: m->sites;
	list = collect(c, OBJECT_SNIPPET, sizeof(struct snippet), &m->snippet_count,
		       snippet_compare);
	m->snippets = list ?: m->snippets;
}
