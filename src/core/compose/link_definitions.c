/* See link_definitions.h. */
#include <string.h>

#include "core/data/layout.h"
#include "definition_uses.h"
#include "link_definitions.h"

/* Adds one that was deleted. NULL: it was not, or its last good form has no place any more. */
static struct object *restore(struct clash *c, enum config_kind kind, const char *name)
{
	const struct snippet *good = model_text(c->good, kind, name);

	if (!good || clash_text(c, kind, name))
		return NULL;
	return clash_bring_back(c, OBJECT_SNIPPET, good);
}

static void restore_used(struct clash *c, struct object *user, const char *field,
			 enum config_kind kind, const char *name)
{
	if (restore(c, kind, name) && !user->weak)
		problems_add(c->problems, user->path, PROBLEM_FIELD, field,
			     "%s/%s was deleted but is still used here: its last good form stays "
			     "in force",
			     config_directory(kind), name)
			->serving = SERVING_PREVIOUS;
}

/* --- sites ----------------------------------------------------------------------------------- */

struct settling {
	struct clash *clash;
	struct object *site;
	bool ok;
};

static bool on_keep(void *ctx, const struct definition_use *u)
{
	struct settling *s = ctx;
	struct object *o;

	restore_used(s->clash, s->site, u->field, u->kind, u->name);
	o = clash_text(s->clash, u->kind, u->name);
	if (o && o->weak) {
		o->weak = false;
		o->form = FORM_GOOD;
	}
	return false;
}

void definitions_keep_used(struct clash *c, struct object *site)
{
	struct settling s = { .clash = c, .site = site };

	uses_of_site(site->item.site, on_keep, &s);
}

static bool on_settle(void *ctx, const struct definition_use *u)
{
	struct settling *s = ctx;
	const struct object *o;

	restore_used(s->clash, s->site, u->field, u->kind, u->name);
	o = clash_text(s->clash, u->kind, u->name);
	if (!u->needed || (o && o->form != FORM_OUT))
		return false;
	s->ok = false;
	if (clash_needs_report(s->site))
		clash_report(s->clash, s->site, u->field, "%s/%s %s", config_directory(u->kind),
			     u->name,
			     o || clash_wrong(s->clash, u->kind, u->name)
				     ? "is not served: see its problem"
				     : "does not exist");
	return false;
}

bool definitions_settle(struct clash *c, struct object *site)
{
	struct settling s = { .clash = c, .site = site, .ok = true };

	uses_of_site(site->item.site, on_settle, &s);
	return s.ok;
}

/* --- texts ----------------------------------------------------------------------------------- */

static bool is_used_by(const struct object *o, const struct snippet *definition)
{
	if (o->kind == OBJECT_SITE)
		return uses_in_site(o->item.site, definition);
	return o->kind == OBJECT_SNIPPET && uses_in_text(o->item.snippet, definition);
}

static void restore_for_texts(struct clash *c, const struct snippet *definition)
{
	size_t count = c->count;

	for (size_t i = 0; i < count; i++) {
		struct object *o = c->objects[i];

		if (o->weak || o->form == FORM_OUT || !is_used_by(o, definition))
			continue;
		restore_used(c, o, NULL, definition->kind, definition->name);
		return;
	}
}

void definitions_restore_for_texts(struct clash *c)
{
	for (size_t i = 0; i < c->good->snippet_count; i++) {
		const struct snippet *s = &c->good->snippets[i];

		if (s->definition && !clash_text(c, s->kind, s->name))
			restore_for_texts(c, s);
	}
}
