/* Objects by their names: in the model under construction, or brought back to it. */
#include <string.h>

#include "clash.h"
#include "core/data/layout.h"

struct object *clash_upstream(const struct clash *c, const char *name)
{
	size_t at = model_upstream_index(c->next, name);
	struct object *o = at < c->next->upstream_count ? c->objects[at] : NULL;

	for (size_t i = c->count; !o && i-- > 0 && c->objects[i]->extra;) {
		if (c->objects[i]->kind == OBJECT_UPSTREAM &&
		    strcmp(c->objects[i]->item.upstream->name, name) == 0)
			o = c->objects[i];
	}
	return o;
}

struct object *clash_text(const struct clash *c, enum config_kind kind, const char *name)
{
	const struct model *m = c->next;
	const struct snippet *s = model_text(m, kind, name);
	struct object *o = NULL;

	if (s)
		o = c->objects[m->upstream_count + m->site_count + (size_t)(s - m->snippets)];
	for (size_t i = c->count; !o && i-- > 0 && c->objects[i]->extra;) {
		if (c->objects[i]->kind == OBJECT_SNIPPET &&
		    c->objects[i]->item.snippet->kind == kind &&
		    strcmp(c->objects[i]->item.snippet->name, name) == 0)
			o = c->objects[i];
	}
	return o;
}

const char *clash_wrong(const struct clash *c, enum config_kind kind, const char *name)
{
	for (size_t i = 0; i < c->problems->count; i++) {
		const char *path = c->problems->items[i].znode;

		if (config_kind_at_end(path, NULL) == kind && strcmp(path_name(path), name) == 0)
			return path;
	}
	return NULL;
}
