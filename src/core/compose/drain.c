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

/* Copies those from *i on that are of this upstream. */
static struct drains copy_of_upstream(struct model *m, const struct upstream *u,
				      const struct drains *all, size_t *i)
{
	struct drains copy = { .items = &m->drains.items[m->drains.count] };

	while (*i < all->count && strcmp(all->items[*i].upstream, u->name) < 0)
		++*i;
	for (; *i < all->count && strcmp(all->items[*i].upstream, u->name) == 0; ++*i)
		copy.items[copy.count++] = (struct drain){
			.upstream = u->name,
			.server = arena_strdup(m->arena, all->items[*i].server),
			.until = all->items[*i].until,
		};
	m->drains.count += copy.count;
	return copy;
}

/* Both lists are sorted by the upstream's name. */
void drains_apply(struct model *m, const struct drains *drains)
{
	size_t i = 0;

	m->drains = (struct drains){ .items = arena_array(m->arena, struct drain, drains->count),
				     .mzxid = drains->mzxid };
	for (size_t j = 0; j < m->upstream_count; j++) {
		struct upstream *u = &m->upstreams[j];
		struct drains own = copy_of_upstream(m, u, drains, &i);

		if (own.count)
			upstream_unshare(u, m->arena);
		if (!u->decoded) /* decoded servers are not drained */
			mark_servers(u, &own);
	}
}
