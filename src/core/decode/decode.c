/*
 * Decode: one walk over the config root in tree order.
 *
 * Tree order is also the model's order, so each list is sorted by name. Each znode is decoded from
 * its newest bytes, else from the accepted ones (decoder.h). An object that is not valid in either
 * form is left out, and does not affect other objects. A znode that is not expected where it is is
 * a problem, and nothing below it is read.
 */
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "decode_servers.h"

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

/* --- upstreams ------------------------------------------------------------------------------- */

/*
 * The policy znode z (it may be missing in a tree that was written by hand) and the
 * servers from index i on. Without a valid policy the servers are still decoded, so that their
 * problems are reported, but are not used.
 */
static size_t add_upstream(struct decoder *d, const struct znode *z, size_t i)
{
	struct model *m = d->model;
	struct upstream *u;
	bool valid;

	m->upstreams = arena_grow(m->arena, m->upstreams, m->upstream_count, &d->upstream_room,
				  sizeof(*m->upstreams));
	u = &m->upstreams[m->upstream_count];
	valid = decoder_read(d, z, upstream_form, u);
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
	if (decoder_read(d, tree_at(d->in->tree, i), site_form, &m->sites[m->site_count]))
		m->site_count++;
	return i + 1;
}

static size_t visit_snippet(struct decoder *d, enum protocol context, size_t i)
{
	struct model *m = d->model;

	d->context = context;
	m->snippets = arena_grow(m->arena, m->snippets, m->snippet_count, &d->snippet_room,
				 sizeof(*m->snippets));
	if (decoder_read(d, tree_at(d->in->tree, i), snippet_form, &m->snippets[m->snippet_count]))
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

static const struct place {
	const char *path;
	size_t (*visit)(struct decoder *d, const char *name, size_t i);
	bool has_children;
} places[] = {
	{ "upstreams", visit_upstream, true },
	{ "sites", visit_site, false },
	{ "snippets/http", visit_http_snippet, false },
	{ "snippets/stream", visit_stream_snippet, false },
};

/* What follows "PLACE/" in relative, "" when it is the place itself; NULL: another place. */
static const char *within(const struct place *place, const char *relative)
{
	size_t size = strlen(place->path);

	if (strncmp(relative, place->path, size) != 0 ||
	    (relative[size] != '/' && relative[size] != '\0'))
		return NULL;
	return relative + size + (relative[size] == '/');
}

/* What is wrong with a znode at this place, or NULL. Only a tree read from text may have a path
 * that ends in a slash. */
static const char *misplaced(struct arena *a, const struct place *place, const char *name)
{
	const char *slash = strchr(name, '/');

	if (!name_is_valid(slash ? arena_copy(a, name, (size_t)(slash - name)) : name))
		return "invalid name: expected 1 to 63 bytes of a-z, 0-9 and, after the first "
		       "byte, _ . -";
	if (slash && (!place->has_children || !slash[1]))
		return "unexpected znode: its parent takes no children";
	return NULL;
}

static size_t visit_place(struct decoder *d, const struct place *place, const char *name, size_t i)
{
	const char *why;

	if (!*name)
		return i + 1;
	why = misplaced(d->model->arena, place, name);
	if (!why)
		return place->visit(d, name, i);
	decoder_reject(d, tree_at(d->in->tree, i), why);
	return tree_subtree_end(d->in->tree, i);
}

/* Handles the znode at i; returns the index of the next one to handle. */
static size_t visit(struct decoder *d, const char *relative, size_t i)
{
	for (size_t p = 0; p < ARRAY_SIZE(places); p++) {
		const char *name = within(&places[p], relative);

		if (name)
			return visit_place(d, &places[p], name, i);
	}
	if (strcmp(relative, "snippets") == 0)
		return i + 1;
	decoder_reject(d, tree_at(d->in->tree, i),
		       "unexpected znode: expected upstreams/NAME[/HOST:PORT], sites/NAME, "
		       "snippets/http/NAME or snippets/stream/NAME");
	return tree_subtree_end(d->in->tree, i);
}

static void walk(struct decoder *d)
{
	const struct tree *t = d->in->tree;
	const char *root = d->in->root;
	size_t prefix = strcmp(root, "/") == 0 ? 1 : strlen(root) + 1;
	size_t i = tree_lower_bound(t, root);

	if (i < tree_count(t) && strcmp(tree_at(t, i)->path, root) == 0)
		i++;
	while (i < tree_count(t) && path_is_below(tree_at(t, i)->path, root))
		i = visit(d, tree_at(t, i)->path + prefix, i);
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
