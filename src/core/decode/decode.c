/*
 * Decode: one walk over the config root in tree order.
 *
 * Tree order is the model's order too: each list comes out sorted by name. Every
 * znode gets its try with the new bytes, then with the accepted ones; what neither
 * makes valid stays out, and its neighbours never notice. Problems come from the
 * first try alone. A znode that has no place below the root is a problem, and
 * nothing below it is looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "decode_parts.h"

static bool upstream_form(struct decoder *d, const struct znode *z, void *out, struct problems *ps)
{
	return decode_upstream(d->model->arena, z, out, ps);
}

static bool site_form(struct decoder *d, const struct znode *z, void *out, struct problems *ps)
{
	return decode_site(d->model->arena, z, d->in->policy, out, ps);
}

static bool snippet_form(struct decoder *d, const struct znode *z, void *out, struct problems *ps)
{
	return decode_snippet(d->model->arena, z, d->context, d->in->policy, out, ps);
}

/* The form that nginx runs already, if it differs. */
static bool decode_accepted(struct decoder *d, const struct znode *z, decode_form *form, void *out)
{
	const struct znode *good = tree_find(d->in->accepted, z->path);

	return good && !znode_same(good, z) && form(d, good, out, &d->dropped);
}

bool decode_znode(struct decoder *d, const struct znode *z, decode_form *form, void *out)
{
	size_t first = d->problems->count;

	if (form(d, z, out, d->problems))
		return true;
	if (!decode_accepted(d, z, form, out))
		return false;
	for (size_t i = first; i < d->problems->count; i++)
		d->problems->items[i].serving = SERVING_PREVIOUS;
	return true;
}

void decode_stray(struct decoder *d, const struct znode *z, const char *why)
{
	problems_add(d->problems, z->path, PROBLEM_FIELD, NULL, "%s", why);
}

/* --- upstreams ------------------------------------------------------------------------------- */

/*
 * The policy znode z (it may be missing in a tree that was written by hand) and the
 * servers from index i on. Without a valid policy the servers are judged all the
 * same, so that their problems are known, but go nowhere.
 */
static size_t add_upstream(struct decoder *d, const struct znode *z, size_t i)
{
	struct model *m = d->model;
	struct upstream *u;
	bool valid;

	m->upstreams = arena_grow(m->arena, m->upstreams, m->upstream_count, &d->upstream_room,
				  sizeof(*m->upstreams));
	u = &m->upstreams[m->upstream_count];
	valid = decode_znode(d, z, upstream_form, u);
	if (!valid)
		*u = (struct upstream){ 0 };
	i = decode_servers(d, u, i, z->path);
	m->upstream_count += valid;
	return i;
}

/* --- the walk -------------------------------------------------------------------------------- */

static size_t visit_upstream(struct decoder *d, const char *name, size_t i)
{
	const struct znode *z = tree_at(d->in->tree, i);
	const char *slash = strchr(name, '/');
	struct znode parent = { .data = "" };

	if (!slash)
		return add_upstream(d, z, i + 1);
	parent.path = arena_copy(d->model->arena, z->path, (size_t)(slash - z->path));
	return add_upstream(d, &parent, i);
}

static size_t visit_site(struct decoder *d, const char *name UNUSED, size_t i)
{
	struct model *m = d->model;

	m->sites = arena_grow(m->arena, m->sites, m->site_count, &d->site_room, sizeof(*m->sites));
	if (decode_znode(d, tree_at(d->in->tree, i), site_form, &m->sites[m->site_count]))
		m->site_count++;
	return i + 1;
}

static size_t visit_snippet(struct decoder *d, enum protocol context, size_t i)
{
	struct model *m = d->model;

	d->context = context;
	m->snippets = arena_grow(m->arena, m->snippets, m->snippet_count, &d->snippet_room,
				 sizeof(*m->snippets));
	if (decode_znode(d, tree_at(d->in->tree, i), snippet_form, &m->snippets[m->snippet_count]))
		m->snippet_count++;
	return i + 1;
}

static size_t visit_http_snippet(struct decoder *d, const char *name UNUSED, size_t i)
{
	return visit_snippet(d, PROTOCOL_HTTP, i);
}

static size_t visit_stream_snippet(struct decoder *d, const char *name UNUSED, size_t i)
{
	return visit_snippet(d, PROTOCOL_STREAM, i);
}

static size_t (*const visits[CONFIG_KIND_N])(struct decoder *d, const char *name, size_t i) = {
	[CONFIG_UPSTREAM] = visit_upstream,
	[CONFIG_SITE] = visit_site,
	[CONFIG_HTTP_SNIPPET] = visit_http_snippet,
	[CONFIG_STREAM_SNIPPET] = visit_stream_snippet,
};

/* What is wrong with a znode at this place, or NULL. A path may end in a slash in a text only. */
static const char *misplaced(struct arena *a, const struct config_place *p)
{
	if (!name_is_valid(arena_copy(a, p->name, p->name_size)))
		return "the name is not one of a-z, 0-9, and behind the first byte also _ . - "
		       "(at most 63 bytes)";
	if (p->child && (!config_has_children(p->kind) || !*p->child))
		return "has no place here: no child znodes are known below its parent";
	return NULL;
}

static const char *unknown(struct arena *a)
{
	CLEANUP(buf_fini) struct buf known = BUF_INIT;

	config_print_kinds(&known);
	return arena_printf(a, "is not known: expected %s", buf_str(&known));
}

/* Handles the znode at i; returns the index of the next one to handle. */
static size_t visit(struct decoder *d, size_t i)
{
	const struct znode *z = tree_at(d->in->tree, i);
	struct config_place p = config_place(z->path, d->in->root);
	const char *why;

	if (p.level == CONFIG_DIRECTORY)
		return i + 1;
	if (p.level == CONFIG_UNKNOWN)
		why = unknown(d->model->arena);
	else
		why = misplaced(d->model->arena, &p);
	if (!why)
		return visits[p.kind](d, p.name, i);
	decode_stray(d, z, why);
	return tree_subtree_end(d->in->tree, i);
}

static void walk(struct decoder *d)
{
	const struct tree *t = d->in->tree;
	const char *root = d->in->root;
	size_t i = tree_lower_bound(t, root);

	if (i < tree_count(t) && strcmp(tree_at(t, i)->path, root) == 0)
		i++;
	while (i < tree_count(t) && path_is_below(tree_at(t, i)->path, root))
		i = visit(d, i);
}

struct model *decode(const struct decode_input *in, struct problems *problems)
{
	struct decoder d = { .in = in, .problems = problems, .model = model_new() };

	d.wanted.arena = d.model->arena;
	problems_init(&d.dropped);
	walk(&d);
	problems_fini(&d.dropped);
	name_list_sort(&d.wanted);
	d.model->names = d.wanted.items;
	d.model->name_count = d.wanted.count;
	return d.model;
}
