/*
 * Both trees are walked side by side; each path that differs is a difference, and one or more
 * differences are a unit.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "changes.h"
#include "core/compose/definition_uses.h"
#include "core/data/layout.h"
#include "definers.h"

#define NONE SIZE_MAX

/* The order of preference of units. */
enum rank {
	RANK_SITE_GONE,
	RANK_SERVER_GONE,
	RANK_SNIPPET,
	RANK_UPSTREAM,
	RANK_SERVER,
	RANK_SITE,
	RANK_UPSTREAM_GONE,
	RANK_SNIPPET_GONE,
};

struct difference {
	struct change change;
	enum rank rank;
	int64_t age;   /* czxid */
	size_t leader; /* index of the difference that it is one unit with */
	size_t unit;
};

/* A unit that needs another one. */
struct tie {
	size_t unit, needed;
};

struct changes {
	struct tree *accepted, *candidate;
	struct difference *items; /* in tree order */
	size_t count, room;
	struct difference **units; /* the first difference of each */
	size_t unit_count;
	struct tie *ties;
	size_t tie_count, tie_room;
};

/* --- differences ----------------------------------------------------------------------------- */

static enum rank rank_of(const char *path, const char *root, bool gone)
{
	static const enum rank ranks[][2] = {
		[ROLE_UPSTREAM] = { RANK_UPSTREAM, RANK_UPSTREAM_GONE },
		[ROLE_SITE] = { RANK_SITE, RANK_SITE_GONE },
		[ROLE_DEFINITION] = { RANK_SNIPPET, RANK_SNIPPET_GONE },
		[ROLE_TEXT] = { RANK_SNIPPET, RANK_SNIPPET_GONE },
		[ROLE_PART] = { RANK_SNIPPET, RANK_SNIPPET_GONE },
	};
	struct config_place place = config_place(path, root);

	if (place.level == CONFIG_OBJECT)
		return ranks[config_role(place.kind)][gone];
	return gone ? RANK_SERVER_GONE : RANK_SERVER; /* a child znode, or registered elsewhere */
}

/* z: `to`, or `from` where the znode is gone. */
static void add(struct changes *c, const struct znode *z, const struct znode *from,
		const struct znode *to, const char *root)
{
	if (c->count == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->items = xrealloc(c->items, c->room * sizeof(*c->items));
	}
	c->items[c->count] = (struct difference){
		.change = { .path = z->path, .from = from, .to = to },
		.rank = rank_of(z->path, root, !to),
		.age = z->czxid,
		.leader = c->count,
	};
	c->count++;
}

static void compare_trees(struct changes *c, const char *root)
{
	const struct tree *old = c->accepted, *new = c->candidate;
	size_t i = 0, j = 0;

	for (;;) {
		const struct znode *a = i < tree_count(old) ? tree_at(old, i) : NULL;
		const struct znode *b = j < tree_count(new) ? tree_at(new, j) : NULL;
		int order;

		if (!a && !b)
			break;
		order = !a ? 1 : !b ? -1 : path_compare(a->path, b->path);
		if (order < 0)
			add(c, a, a, NULL, root);
		else if (order > 0)
			add(c, b, NULL, b, root);
		else if (!znode_same(a, b))
			add(c, b, a, b, root);
		i += order <= 0;
		j += order >= 0;
	}
}

/* The servers of an upstream that is gone go with it. */
static void join_gone_upstreams(struct changes *c)
{
	size_t upstream = NONE;

	for (size_t i = 0; i < c->count; i++) {
		struct difference *d = &c->items[i];

		if (d->rank == RANK_UPSTREAM_GONE)
			upstream = i;
		else if (d->rank == RANK_SERVER_GONE && upstream != NONE &&
			 path_is_below(d->change.path, c->items[upstream].change.path))
			d->leader = upstream;
	}
}

/* --- units ----------------------------------------------------------------------------------- */

static int compare_preference(const void *a, const void *b)
{
	const struct difference *x = *(const struct difference *const *)a;
	const struct difference *y = *(const struct difference *const *)b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->age != y->age)
		return x->age < y->age ? -1 : 1;
	return path_compare(x->change.path, y->change.path);
}

static void make_units(struct changes *c)
{
	c->units = xcalloc(c->count + 1, sizeof(*c->units));
	for (size_t i = 0; i < c->count; i++) {
		if (c->items[i].leader == i)
			c->units[c->unit_count++] = &c->items[i];
	}
	if (c->unit_count)
		qsort(c->units, c->unit_count, sizeof(*c->units), compare_preference);
	for (size_t u = 0; u < c->unit_count; u++)
		c->units[u]->unit = u;
	for (size_t i = 0; i < c->count; i++)
		c->items[i].unit = c->items[c->items[i].leader].unit;
}

static const struct difference *find(const struct changes *c, const char *path)
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = path_compare(c->items[middle].change.path, path);

		if (order == 0)
			return &c->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

size_t changes_find(const struct changes *c, const char *path)
{
	const struct difference *d = path ? find(c, path) : NULL;

	return d ? d->unit : NONE;
}

/* --- needs -------------------------------------------------------------------------- */

static void tie_units(struct changes *c, const struct difference *needy,
		      const struct difference *needed)
{
	if (!needy->change.to || needed->unit >= needy->unit)
		return;
	if (c->tie_count == c->tie_room) {
		c->tie_room = c->tie_room ? 2 * c->tie_room : 64;
		c->ties = xrealloc(c->ties, c->tie_room * sizeof(*c->ties));
	}
	c->ties[c->tie_count++] = (struct tie){ needy->unit, needed->unit };
}

/* Only a new upstream can be missing: a changed one still has its old form. */
static void tie(struct changes *c, const char *path, const char *upstream)
{
	const struct difference *needy = find(c, path), *needed = find(c, upstream);

	if (needy && needed && !needed->change.from)
		tie_units(c, needy, needed);
}

static void tie_servers(struct changes *c, const struct upstream *u)
{
	if (!find(c, u->source.path))
		return;
	for (size_t i = 0; i < u->server_count; i++)
		tie(c, u->servers[i].source->path, u->source.path);
}

static void tie_site_to(struct changes *c, const struct model *m, const struct site *s,
			const char *name)
{
	const struct upstream *u = name ? model_upstream(m, name) : NULL;

	if (u)
		tie(c, s->source.path, u->source.path);
}

/* An object that uses variables. */
struct user {
	struct changes *changes;
	struct definers *definers;
	const struct difference *difference;
};

static bool on_variable(void *ctx, const struct variable_use *u)
{
	struct user *user = ctx;
	const struct znode *definer = definers_find(user->definers, u);
	const struct difference *needed = definer ? find(user->changes, definer->path) : NULL;

	if (needed)
		tie_units(user->changes, user->difference, needed);
	return false;
}

static void tie_to_variables(struct changes *c, const struct model *m)
{
	CLEANUP(definers_freep) struct definers *d = definers_new(m, c->accepted);
	struct user user = { .changes = c, .definers = d };

	for (size_t i = 0; i < m->upstream_count; i++) {
		if ((user.difference = find(c, m->upstreams[i]->source.path)))
			variables_of_upstream(m->upstreams[i], on_variable, &user);
	}
	for (size_t i = 0; i < m->site_count; i++) {
		if ((user.difference = find(c, m->sites[i].source.path)))
			variables_of_site(&m->sites[i], on_variable, &user);
	}
	for (size_t i = 0; i < m->snippet_count; i++) {
		if ((user.difference = find(c, m->snippets[i].source.path)))
			variables_of_definition(&m->snippets[i], on_variable, &user);
	}
}

/* A site, and the definitions that it names. */
struct needy {
	struct changes *changes;
	const struct model *model;
	const struct site *site;
};

static bool on_definition(void *ctx, const struct definition_use *u)
{
	struct needy *n = ctx;
	const struct snippet *s = model_text(n->model, u->kind, u->name);

	if (s)
		tie(n->changes, n->site->source.path, s->source.path);
	return false;
}

static void tie_location(struct changes *c, const struct model *m, const struct site *s,
			 const struct location *l)
{
	tie_site_to(c, m, s, l->proxy);
	for (size_t i = 0; l->split && i < l->split->target_count; i++)
		tie_site_to(c, m, s, l->split->targets[i].proxy);
}

static void tie_all(struct changes *c, const struct model *m)
{
	tie_to_variables(c, m);
	for (size_t i = 0; i < m->upstream_count; i++)
		tie_servers(c, m->upstreams[i]);
	for (size_t i = 0; i < m->site_count; i++) {
		const struct site *s = &m->sites[i];

		if (!find(c, s->source.path))
			continue;
		tie_site_to(c, m, s, s->proxy);
		uses_of_site(s, on_definition, &(struct needy){ c, m, s });
		for (size_t j = 0; j < s->location_count; j++)
			tie_location(c, m, s, &s->locations[j]);
	}
}

/* --- the whole ------------------------------------------------------------------------------- */

struct changes *changes_new(struct tree *accepted, const struct model *candidate, const char *root)
{
	struct changes *c = xcalloc(1, sizeof(*c));

	c->accepted = tree_ref(accepted);
	c->candidate = model_sources(candidate);
	compare_trees(c, root);
	join_gone_upstreams(c);
	make_units(c);
	tie_all(c, candidate);
	return c;
}

void changes_free(struct changes *c)
{
	if (!c)
		return;
	tree_unref(c->accepted);
	tree_unref(c->candidate);
	free(c->items);
	free(c->units);
	free(c->ties);
	free(c);
}

size_t changes_count(const struct changes *c)
{
	return c->unit_count;
}

const struct change *changes_at(const struct changes *c, size_t unit)
{
	return &c->units[unit]->change;
}

void changes_describe(const struct changes *c, struct search *s)
{
	for (size_t i = 0; i < c->tie_count; i++)
		search_need(s, c->ties[i].unit, c->ties[i].needed);
	for (size_t u = 0; u < c->unit_count; u++) {
		const struct znode *to = changes_at(c, u)->to;

		if (to)
			search_group(s, u, (size_t)to->mzxid);
	}
}

/* Every difference in the form that it has with the units that are taken. */
struct tree *changes_take(const struct changes *c, const bool *take)
{
	struct tree_builder b;
	struct tree *t;
	size_t next = 0;

	tree_builder_init(&b);
	for (size_t i = 0; i < tree_count(c->accepted) || next < c->count;) {
		const struct znode *old =
			i < tree_count(c->accepted) ? tree_at(c->accepted, i) : NULL;
		const struct difference *d = next < c->count ? &c->items[next] : NULL;
		int order = !d ? -1 : !old ? 1 : path_compare(old->path, d->change.path);
		const struct znode *z = old;

		if (order >= 0)
			z = take[d->unit] ? d->change.to : d->change.from;
		if (z)
			tree_builder_add(&b, z);
		i += order <= 0;
		next += order >= 0;
	}
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

/* --- in another tree ------------------------------------------------------------------------- */

bool change_is_in(const struct change *c, const struct tree *t)
{
	const struct znode *z = tree_find(t, c->path);

	return c->to ? z && znode_same(z, c->to) : !z;
}

bool changes_any_in(const struct changes *c, const struct search *s, enum search_fate fate,
		    const struct tree *t)
{
	for (size_t u = 0; u < c->unit_count; u++) {
		if (search_fate(s, u) != fate ||
		    (fate == SEARCH_REFUSED && search_reason(s, u) == SIZE_MAX))
			continue;
		if (change_is_in(&c->units[u]->change, t))
			return true;
	}
	return false;
}
