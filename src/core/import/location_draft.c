/* What the parts of a location's translation share. */
#include "location_draft.h"
#include "core/text/json_text.h"

bool location_refuse(struct location_draft *d, const struct conf_node *n, const char *what)
{
	return why_set(d->in->arena, d->why, n, "%s", what);
}

bool location_no_field(struct location_draft *d, const struct conf_node *n)
{
	return why_set(d->in->arena, d->why, n, "\"%.80s\" has no typed field here",
		       conf_word(n, 0));
}

bool location_has(const struct in_force *f)
{
	return f->count && f->level <= LEVEL_SERVER;
}

void location_put_inner(json_t *object, const char *field, json_t *inner)
{
	if (json_object_size(inner))
		json_put(object, field, inner);
	else
		json_decref(inner);
}
