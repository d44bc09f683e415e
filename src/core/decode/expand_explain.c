/* Where the value of a field came from, for its problem: found again in the znodes as written. */
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/model.h>

#include "core/data/layout.h"
#include "core/text/json_text.h"
#include "expand.h"
#include "merge.h"
#include "params.h"

/* The znodes that an object was made of; NULL: it has none of that. */
struct sources {
	json_t *own, *template, *site, *location, *upstream;
	const char *template_name;
};

static json_t *read_part(const struct expansion *x, enum config_kind kind, const char *name)
{
	CLEANUP(freep) char *path = config_path(expansion_root(x), kind, name);
	const struct znode *z = tree_find(expansion_raw(x), path);

	return z ? json_loadb(z->data, z->size, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static struct sources read_sources(const struct expansion *x, const struct znode *z, bool is_site)
{
	struct sources s = { .own = json_loadb(z->data, z->size, JSON_REJECT_DUPLICATES, NULL) };

	s.template_name = json_string_value(json_object_get(s.own, "template"));
	if (is_site && s.template_name && name_is_valid(s.template_name))
		s.template = read_part(x, CONFIG_TEMPLATE, s.template_name);
	s.site = is_site ? read_part(x, CONFIG_DEFAULTS, "site") : NULL;
	s.location = is_site ? read_part(x, CONFIG_DEFAULTS, "location") : NULL;
	s.upstream = is_site ? NULL : read_part(x, CONFIG_DEFAULTS, "upstream");
	return s;
}

static void sources_fini(struct sources *s)
{
	json_decref(s->own);
	json_decref(s->template);
	json_decref(s->site);
	json_decref(s->location);
	json_decref(s->upstream);
}

/* "parameter \"a\", parameter \"b\"" of a string. */
static void put_params(struct buf *out, const json_t *value)
{
	const char *at = json_string_value(value), *found;
	size_t size;

	while (at && (found = params_next(&at, &size)))
		buf_printf(out, "%sparameter \"%.*s\"", out->size ? ", " : "",
			   size < 80 ? (int)size : 80, found);
}

/* "proxy" of "locations[0].proxy": what a default of locations would call it; NULL: none. */
static const char *field_of_location(const char *field)
{
	const char *found = NULL;

	while (strncmp(field, "locations[", 10) == 0) {
		field += strcspn(field, ".");
		field += *field == '.';
		found = field;
	}
	return found && *found ? found : NULL;
}

static const char *find_defaults(const struct sources *s, const char *field)
{
	const char *inner = field_of_location(field);

	if (inner && merge_find(s->location, inner))
		return "defaults/location";
	if (!inner && merge_find(s->site, field))
		return "defaults/site";
	return merge_find(s->upstream, field) ? "defaults/upstream" : NULL;
}

/* is_of_parameter: the problem is that of the parameter itself, and names it. */
static void put_origin(struct buf *out, const struct sources *s, const char *field,
		       bool is_of_parameter)
{
	const json_t *own = *field ? merge_find(s->own, field) : NULL;
	const json_t *given = *field && !own ? merge_find(s->template, field) : NULL;
	const char *defaults = *field && !own && !given ? find_defaults(s, field) : NULL;

	if (defaults)
		buf_puts(out, defaults);
	else if (!own && s->template)
		buf_printf(out, "templates/%s", s->template_name);
	if (given || !is_of_parameter)
		put_params(out, own ?: given);
}

static void explain(const struct expansion *x, struct arena *a, struct problem *p)
{
	struct config_place place = config_place(p->znode, expansion_root(x));
	const struct znode *z = tree_find(expansion_raw(x), p->znode);
	CLEANUP(buf_fini) struct buf origin = BUF_INIT;
	struct sources s;

	if (!z || place.level != CONFIG_OBJECT || config_role(place.kind) > ROLE_DEFINITION)
		return;
	s = read_sources(x, z, config_role(place.kind) == ROLE_SITE);
	put_origin(&origin, &s, p->field, strncmp(p->message, "$(", 2) == 0);
	sources_fini(&s);
	if (origin.size)
		p->message = arena_printf(a, "%s (%s)", p->message, buf_str(&origin));
}

void expansion_explain(const struct expansion *x, struct problems *problems)
{
	if (!x || expansion_tree(x) == expansion_raw(x))
		return;
	for (size_t i = 0; i < problems->count; i++)
		explain(x, problems->arena, &problems->items[i]);
}
