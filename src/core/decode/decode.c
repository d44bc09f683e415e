/*
 * Decode: one walk over the config root in tree order.
 *
 * Tree order is also the order of upstreams and sites, so these lists are sorted by name. Each
 * znode is decoded from its newest bytes, else from the accepted ones (decoder.h). An object that
 * is not valid in either form is left out, and does not affect other objects. A znode that is not
 * expected where it is is a problem, and nothing below it is read.
 */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "core/data/traits.h"
#include "decode.h"
#include "decode_cache.h"
#include "decode_servers.h"
#include "expand.h"
#include "fields.h"

static bool upstream_form(struct decoder *d, const struct znode *z, void *out, struct problems *ps)
{
	return decode_upstream(d->arena, z, d->in->policy, out, ps);
}

static bool site_form(struct decoder *d, const struct znode *z, void *out, struct problems *ps)
{
	return decode_site(d->model->arena, z, d->in->policy, out, ps);
}

static bool text_form(struct decoder *d, const struct znode *z, void *out, struct problems *ps)
{
	return decode_text(d->model->arena, z, d->kind, d->in->policy, out, ps);
}

/* --- upstreams ------------------------------------------------------------------------------- */

/*
 * The policy znode z (it may be missing in a tree that was written by hand) and the
 * servers from index i on. Without a valid policy the servers are still decoded, so that their
 * problems are reported, but are not used.
 */
static struct decoded *decode_whole(struct decoder *d, const struct znode *z, size_t i, size_t *end)
{
	struct decoded *new = decoded_new();
	size_t problems = d->problems->count, names = d->wanted.count;

	d->arena = new->arena;
	new->is_valid = decoder_read(d, z, upstream_form, &new->upstream);
	if (!new->is_valid)
		new->upstream = (struct upstream){ 0 };
	*end = decode_servers(d, &new->upstream, i, z->path);
	new->upstream.decoded = new;
	new->upstream.unavailable = new->upstream.server_count == 0;
	new->stands_alone = d->problems->count == problems && d->wanted.count == names;
	d->arena = d->model->arena;
	return new;
}

/* At the end of the model's list. */
static void make_room(struct decoder *d, size_t more)
{
	struct model *m = d->model;
	const struct upstream **old = m->upstreams;
	const unsigned char *old_traits = m->traits;

	if (d->upstream_room - m->upstream_count >= more)
		return;
	d->upstream_room = 2 * d->upstream_room + more;
	m->upstreams = arena_array(m->arena, const struct upstream *, d->upstream_room);
	m->traits = arena_array(m->arena, unsigned char, d->upstream_room);
	if (old) {
		memcpy(m->upstreams, old, m->upstream_count * sizeof(*old));
		memcpy(m->traits, old_traits, m->upstream_count);
	}
}

static void add_decoded(struct decoder *d, struct decoded *of)
{
	struct model *m = d->model;

	decoded_keep_in(m->arena, of);
	if (!of->is_valid)
		return;
	make_room(d, 1);
	m->upstreams[m->upstream_count] = &of->upstream;
	m->traits[m->upstream_count++] = upstream_traits(&of->upstream);
}

/* The upstream of the znodes from `first` on; its servers begin at i. */
static size_t add_upstream(struct decoder *d, const struct znode *z, size_t first, size_t i)
{
	size_t end;
	struct decoded *of = decode_cache_find(d->in->cache, d->in, first, &end);

	if (!of) {
		of = decode_whole(d, z, i, &end);
		decode_cache_add(d->in->cache, d->in, of, z->path, first, end);
	}
	add_decoded(d, of);
	decoded_unref(of);
	return end;
}

/* The upstreams from index i on that are as they were; returns where they end. */
static size_t add_unchanged(struct decoder *d, size_t i)
{
	size_t count = decode_cache_follow(d->in->cache, i);
	struct model *m = d->model;

	if (!count)
		return i;
	make_room(d, count);
	i += decode_cache_take(d->in->cache, count, m->arena, &m->upstreams[m->upstream_count],
			       &m->traits[m->upstream_count]);
	m->upstream_count += count;
	return i;
}

/* --- the walk -------------------------------------------------------------------------------- */

static size_t visit_upstream(struct decoder *d, const char *name, size_t i)
{
	const struct znode *z = tree_at(d->in->tree, i);
	const char *slash = strchr(name, '/');
	struct znode parent = { .data = "" };

	if (!slash)
		return add_upstream(d, z, i, i + 1);
	parent.path = arena_copy(d->model->arena, z->path, (size_t)(slash - z->path));
	return add_upstream(d, &parent, i, i);
}

static size_t visit_site(struct decoder *d, const char *name UNUSED, size_t i)
{
	struct model *m = d->model;

	m->sites = arena_grow(m->arena, m->sites, m->site_count, &d->site_room, sizeof(*m->sites));
	if (decoder_read(d, tree_at(d->in->tree, i), site_form, &m->sites[m->site_count]))
		m->site_count++;
	return i + 1;
}

/* What a site is made of is checked where it is used; here it has to be an object. */
static size_t visit_part(struct decoder *d, const char *name UNUSED, size_t i)
{
	const struct znode *z = tree_at(d->in->tree, i);
	struct reader r = { .arena = d->model->arena, .znode = z, .problems = d->problems };

	if (!expansion_problem(d->in->expansion, z->path, d->problems))
		json_decref(reader_parse(&r));
	return i + 1;
}

/* A definition or a snippet. */
static size_t visit_text(struct decoder *d, const char *name UNUSED, size_t i)
{
	struct model *m = d->model;

	m->snippets = arena_grow(m->arena, m->snippets, m->snippet_count, &d->snippet_room,
				 sizeof(*m->snippets));
	if (decoder_read(d, tree_at(d->in->tree, i), text_form, &m->snippets[m->snippet_count]))
		m->snippet_count++;
	return i + 1;
}

static size_t (*const visits[])(struct decoder *d, const char *name, size_t i) = {
	[ROLE_UPSTREAM] = visit_upstream, [ROLE_SITE] = visit_site, [ROLE_DEFINITION] = visit_text,
	[ROLE_TEXT] = visit_text,         [ROLE_PART] = visit_part,
};

/* What is wrong with a znode at this place, or NULL. Only a tree read from text may have a path
 * that ends in a slash. */
static const char *misplaced(struct arena *a, const struct config_place *p)
{
	const char *name = arena_copy(a, p->name, p->name_size);

	if (config_name_error(p->kind, name))
		return config_name_error(p->kind, name);
	if (p->child && (!config_has_children(p->kind) || !*p->child))
		return "unexpected znode: its parent takes no children";
	return NULL;
}

static const char *unknown(struct arena *a)
{
	CLEANUP(buf_fini) struct buf known = BUF_INIT;

	config_print_kinds(&known);
	return arena_printf(a, "unexpected znode: expected %s", buf_str(&known));
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
	if (!why) {
		d->kind = p.kind;
		return visits[config_role(p.kind)](d, p.name, i);
	}
	decoder_reject(d, z, why);
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
		i = visit(d, add_unchanged(d, i));
}

struct model *decode(const struct decode_input *in, struct problems *problems)
{
	struct decoder d = { .in = in, .problems = problems, .model = model_new() };

	d.arena = d.wanted.arena = d.model->arena;
	problems_init(&d.dropped);
	decode_cache_begin(in->cache, in);
	make_room(&d, decode_cache_count(in->cache) + 16);
	walk(&d);
	decode_cache_end(in->cache);
	problems_fini(&d.dropped);
	if (d.model->snippet_count)
		qsort(d.model->snippets, d.model->snippet_count, sizeof(*d.model->snippets),
		      snippet_compare);
	name_list_sort(&d.wanted);
	d.model->names = d.wanted.items;
	d.model->name_count = d.wanted.count;
	return d.model;
}
