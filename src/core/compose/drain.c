/*
 * The marks are made last, when all servers are in the model, those that a guard holds included.
 * Each server is looked up among the drains of its upstream, and not the other way round: there may
 * be many of both.
 */
#include <stdlib.h>
#include <string.h>

#include "drain.h"

static int by_server(const void *a, const void *b)
{
	return strcmp(((const struct drain *)a)->server, ((const struct drain *)b)->server);
}

/* The drain of this name (may be NULL) among those of one upstream. */
static struct drain *find(const struct drains *d, const char *server)
{
	const struct drain key = { .server = server };

	return server && d->count ? bsearch(&key, d->items, d->count, sizeof(key), by_server)
				  : NULL;
}

static void mark_servers(struct upstream *u, const struct drains *d)
{
	for (size_t i = 0; i < u->server_count; i++) {
		struct server *s = &u->servers[i];
		struct drain *by_address = find(d, s->address), *by_name = find(d, s->name);

		s->drained = by_address || by_name;
		if (by_address)
			by_address->servers++;
		if (by_name && by_name != by_address)
			by_name->servers++;
	}
}

/* The servers that are a model's own may have marks of the model that they were copied from. */
static void clear_marks(struct model *m)
{
	const struct drains none = { 0 };

	for (size_t i = 0; m->owned && i < m->upstream_count; i++) {
		if (m->owned[i])
			mark_servers(model_own_upstream(m, i), &none);
	}
}

/* Copies those from *i on that are of the same upstream, at index `at`. */
static struct drains copy_of_upstream(struct model *m, size_t at, const struct drains *all,
				      size_t *i)
{
	struct drains copy = { .items = &m->drains.items[m->drains.count] };
	const char *name = all->items[*i].upstream;

	for (; *i < all->count && strcmp(all->items[*i].upstream, name) == 0; ++*i) {
		if (at < m->upstream_count)
			copy.items[copy.count++] = (struct drain){
				.upstream = m->upstreams[at]->name,
				.server = arena_strdup(m->arena, all->items[*i].server),
				.until = all->items[*i].until,
			};
	}
	m->drains.count += copy.count;
	return copy;
}

/* The list is sorted by the upstream's name. */
void drains_apply(struct model *m, const struct drains *drains)
{
	size_t i = 0;

	m->drains = (struct drains){ .items = arena_array(m->arena, struct drain, drains->count),
				     .mzxid = drains->mzxid };
	clear_marks(m);
	while (i < drains->count) {
		size_t at = model_upstream_index(m, drains->items[i].upstream);
		struct drains own = copy_of_upstream(m, at, drains, &i);

		if (own.count)
			mark_servers(model_own_upstream(m, at), &own);
	}
}
