/* See expand.h. A tree without defaults, templates, parameters and nulls costs one look at it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/model.h>

#include "core/data/layout.h"
#include "core/text/json_text.h"
#include "expand.h"
#include "expand_defaults.h"
#include "merge.h"
#include "params.h"

#define WHOLE_MOST ((size_t)256 << 20) /* bytes of all expanded objects */

struct failure {
	const char *path, *field, *why;
};

struct expansion {
	struct tree *raw, *tree;
	const char *broken[ROLE_SITE + 1]; /* why objects of the role cannot have defaults */
	const char *root;
	const struct host_var *vars;
	struct defaults defaults;
	struct arena *arena;
	struct failure *failures; /* sorted by path when the tree is made */
	size_t failure_count, failure_room;
	size_t size; /* of all expanded objects */
};

static json_t *parse(const struct znode *z)
{
	unsigned line;
	json_t *value = NULL;

	if (json_depth_is_sane(z->data, z->data + z->size, &line))
		value = json_loadb(z->data, z->size, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(value))
		return value;
	json_decref(value);
	return NULL;
}

static const struct znode *find_part(const struct expansion *x, enum config_kind kind,
				     const char *name)
{
	CLEANUP(freep) char *path = config_path(x->root, kind, name);

	return tree_find(x->raw, path);
}

/* --- failures -------------------------------------------------------------------------------- */

static void add_failure(struct expansion *x, const char *path, const char *field, const char *why)
{
	x->failures = arena_grow(x->arena, x->failures, x->failure_count, &x->failure_room,
				 sizeof(*x->failures));
	x->failures[x->failure_count++] = (struct failure){ path, arena_strdup(x->arena, field),
							    arena_strdup(x->arena, why) };
}

static int by_path(const void *a, const void *b)
{
	return path_compare(((const struct failure *)a)->path, ((const struct failure *)b)->path);
}

bool expansion_is_whole(const struct expansion *x)
{
	return !x || !x->failure_count;
}

static const struct failure *find_failure(const struct expansion *x, const char *path)
{
	if (expansion_is_whole(x))
		return NULL;
	return bsearch(&(struct failure){ .path = path }, x->failures, x->failure_count,
		       sizeof(struct failure), by_path);
}

bool expansion_fails(const struct expansion *x, const char *path)
{
	return find_failure(x, path);
}

bool expansion_problem(const struct expansion *x, const char *path, struct problems *problems)
{
	const struct failure *f = find_failure(x, path);

	if (f)
		problems_add(problems, path, PROBLEM_FIELD, f->field, "%s", f->why);
	return f;
}

/* --- one object ------------------------------------------------------------------------------ */

/* An object under way; a failure is added once. */
struct subject {
	struct expansion *x;
	const struct znode *z;
	bool failed;
};

static json_t *fail(struct subject *s, const char *field, const char *why)
{
	if (!s->failed)
		add_failure(s->x, s->z->path, field, why);
	s->failed = true;
	return NULL;
}

static json_t *replace_params(struct subject *s, const json_t *value, json_t *with,
			      const char *template)
{
	struct params p;
	json_t *out;
	const char *name;
	json_t *unused;

	params_init(&p, with, s->x->vars);
	out = params_apply(&p, value);
	if (!out)
		fail(s, buf_str(&p.field), buf_str(&p.error));
	json_object_foreach(with, name, unused)
	{
		if (out && template && !params_used(&p, name)) {
			fail(s, arena_printf(s->x->arena, "with.%.64s", name),
			     arena_printf(s->x->arena, "is not a parameter of templates/%s",
					  template));
			json_decref(TAKE(out));
		}
	}
	params_fini(&p);
	return out;
}

static json_t *find_template(struct subject *s, const char *name)
{
	const struct znode *z = name_is_valid(name) ? find_part(s->x, CONFIG_TEMPLATE, name) : NULL;
	json_t *template = z ? parse(z) : NULL;

	if (!z)
		return fail(s, "template",
			    arena_printf(s->x->arena, "templates/%.64s does not exist", name));
	if (!template)
		return fail(s, "template",
			    arena_printf(s->x->arena, "templates/%s is not a JSON object", name));
	if (!json_object_get(template, "template"))
		return template;
	json_decref(template);
	return fail(s, "template",
		    arena_printf(s->x->arena,
				 "templates/%s has a template itself: a template cannot use "
				 "another",
				 name));
}

/* The template with its parameters, and the site's other fields over it. */
static json_t *use_template(struct subject *s, json_t *own)
{
	const char *name = json_string_value(json_object_get(own, "template"));
	json_t *with = json_object_get(own, "with"), *none = json_object();
	json_t *template = NULL, *made = NULL, *out = NULL;

	if (!name)
		fail(s, "template", "expected a string, the name of a template");
	else if (with && !json_is_object(with))
		fail(s, "with", "expected an object, the values of the template's parameters");
	else
		template = find_template(s, name);
	if (template)
		made = replace_params(s, template, with ?: none, name);
	if (made) {
		json_t *rest = json_copy(own);

		json_object_del(rest, "template");
		json_object_del(rest, "with");
		out = merge_objects(made, rest);
		json_decref(rest);
	}
	json_decref(made);
	json_decref(template);
	json_decref(none);
	return out;
}

/* --- by kind --------------------------------------------------------------------------------- */

static json_t *expand_site(struct subject *s, json_t *own)
{
	json_t *resolved = json_object_get(own, "template") ? use_template(s, own)
							    : replace_params(s, own, NULL, NULL);
	json_t *out = resolved ? defaults_below_site(&s->x->defaults, resolved) : NULL;

	json_decref(resolved);
	return out;
}

static json_t *expand_upstream(struct subject *s, json_t *own)
{
	json_t *resolved = replace_params(s, own, NULL, NULL);
	json_t *out = resolved ? defaults_below_upstream(&s->x->defaults, resolved) : NULL;

	json_decref(resolved);
	return out;
}

static json_t *expand_definition(struct subject *s, json_t *own)
{
	return replace_params(s, own, NULL, NULL);
}

/* --- which of them --------------------------------------------------------------------------- */

static bool contains(const struct znode *z, const char *text)
{
	return memmem(z->data, z->size, text, strlen(text));
}

/* A text with an escape may say anything. */
static bool has_parameters(const struct znode *z)
{
	return contains(z, "$(") || contains(z, "\\u");
}

static bool may_need(const struct expansion *x, enum kind_role role, const struct znode *z)
{
	if (contains(z, "\"defaults\"") || (role <= ROLE_SITE && x->broken[role]))
		return true;
	if (role == ROLE_SITE)
		return x->defaults.site || x->defaults.location || has_parameters(z) ||
		       contains(z, "null") || contains(z, "\"template\"");
	if (role == ROLE_UPSTREAM)
		return x->defaults.upstream || has_parameters(z) || contains(z, "null");
	return role == ROLE_DEFINITION && has_parameters(z);
}

typedef json_t *expand_object(struct subject *s, json_t *own);

/* The expanded bytes, to be freed; NULL: they stay as they are. */
static char *expand(struct expansion *x, enum kind_role role, const struct znode *z)
{
	static expand_object *const expanders[] = { [ROLE_UPSTREAM] = expand_upstream,
						    [ROLE_SITE] = expand_site,
						    [ROLE_DEFINITION] = expand_definition };
	struct subject s = { .x = x, .z = z };
	size_t most = config_data_most(z->path, x->root);
	json_t *own = z->size > most                     ? NULL
		      : z->size || role != ROLE_UPSTREAM ? parse(z)
							 : json_object();
	json_t *out = NULL;
	char *text = NULL;

	if (own && (role == ROLE_DEFINITION || defaults_are_taken(own)))
		out = role != ROLE_DEFINITION && x->broken[role] ? fail(&s, "", x->broken[role])
								 : expanders[role](&s, own);
	if (out)
		text = json_dumps(out, JSON_COMPACT);
	if (text && (strlen(text) > most || x->size > WHOLE_MOST)) {
		fail(&s, "",
		     x->size > WHOLE_MOST
			     ? "all objects with their templates and defaults are larger than 256 "
			       "MB"
			     : arena_printf(x->arena,
					    "is larger than %zu KB with its template and defaults",
					    most >> 10));
		free(TAKE(text));
	}
	json_decref(own);
	json_decref(out);
	return text;
}

static void add_expanded(struct expansion *x, struct tree_builder *b, const struct znode *z)
{
	struct config_place place = config_place(z->path, x->root);
	struct znode made = *z;
	enum kind_role role = place.level == CONFIG_OBJECT ? config_role(place.kind) : ROLE_PART;
	CLEANUP(freep) char *text = NULL;

	if (role != ROLE_PART && role != ROLE_TEXT && may_need(x, role, z))
		text = expand(x, role, z);
	if (text) {
		made.data = text;
		made.size = strlen(text);
		x->size += made.size;
	}
	tree_builder_add(b, &made);
}

/* --- the whole ------------------------------------------------------------------------------- */

/* Defaults with this host's values; NULL: there are none, or they are not valid, which decode
 * reports. Then no object of the role may change. */
static json_t *read_defaults(struct expansion *x, enum kind_role role, const char *name)
{
	const struct znode *z = find_part(x, CONFIG_DEFAULTS, name);
	struct subject s = { .x = x, .z = z };
	json_t *raw = z ? parse(z) : NULL;
	json_t *out = raw ? replace_params(&s, raw, NULL, NULL) : NULL;

	json_decref(raw);
	if (z && !out)
		x->broken[role] =
			arena_printf(x->arena, "defaults/%s cannot be used: see its problem", name);
	return out;
}

static bool has_anything_to_do(const struct expansion *x)
{
	size_t i = tree_lower_bound(x->raw, x->root);

	if (x->defaults.site || x->defaults.location || x->defaults.upstream ||
	    x->broken[ROLE_SITE] || x->broken[ROLE_UPSTREAM])
		return true;
	while (i < tree_count(x->raw) && path_is_within(tree_at(x->raw, i)->path, x->root)) {
		const struct znode *z = tree_at(x->raw, i);
		struct config_place p = config_place(z->path, x->root);

		if (p.level == CONFIG_OBJECT && may_need(x, config_role(p.kind), z))
			return true;
		i = p.level == CONFIG_OBJECT ? tree_subtree_end(x->raw, i) : i + 1;
	}
	return false;
}

/* Servers have nothing to be expanded. */
static bool anything_to_do(const struct expansion *x)
{
	struct tree_facts *f = tree_facts(x->raw, x->root);

	if (!f)
		return has_anything_to_do(x);
	if (!f->has_plain)
		f->plain = !has_anything_to_do(x);
	f->has_plain = true;
	return !f->plain;
}

static struct tree *expand_tree(struct expansion *x)
{
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	for (size_t i = 0; i < tree_count(x->raw); i++)
		add_expanded(x, &b, tree_at(x->raw, i));
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

struct expansion *expansion_new(const struct tree *tree, const char *root,
				const struct host_var *vars)
{
	struct expansion *x = xcalloc(1, sizeof(*x));

	*x = (struct expansion){ .raw = tree_ref((struct tree *)(uintptr_t)tree),
				 .vars = vars,
				 .arena = arena_new() };
	x->root = arena_strdup(x->arena, root);
	x->defaults.site = read_defaults(x, ROLE_SITE, "site");
	x->defaults.location = read_defaults(x, ROLE_SITE, "location");
	x->defaults.upstream = read_defaults(x, ROLE_UPSTREAM, "upstream");
	x->tree = anything_to_do(x) ? expand_tree(x) : tree_ref(x->raw);
	if (x->failure_count)
		qsort(x->failures, x->failure_count, sizeof(*x->failures), by_path);
	return x;
}

void expansion_free(struct expansion *x)
{
	if (!x)
		return;
	tree_unref(x->raw);
	tree_unref(x->tree);
	json_decref(x->defaults.site);
	json_decref(x->defaults.location);
	json_decref(x->defaults.upstream);
	arena_free(x->arena);
	free(x);
}

struct tree *expansion_tree(const struct expansion *x)
{
	return x->tree;
}

struct tree *expansion_raw(const struct expansion *x)
{
	return x->raw;
}

const char *expansion_root(const struct expansion *x)
{
	return x->root;
}
