/*
 * The lost servers of one upstream, as they were, sorted by address. Each owns its strings. The
 * discovers that found them are stored once for all.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "guard_lost.h"

size_t losses_find(const struct losses *l, const char *address, bool *found)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(l->items[middle].server.address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < l->count && strcmp(l->items[low].server.address, address) == 0;
	return low;
}

/* A copy that outlives the model; all servers that this discover found share it. */
static const struct discover *remember(struct losses *l, const struct discover *d)
{
	struct discover *copy;

	for (size_t i = 0; d && i < l->discover_count; i++) {
		if (strcmp(l->discovers[i]->key, d->key) == 0)
			return l->discovers[i];
	}
	if (!d || l->discover_count == DISCOVERS_MAX)
		return NULL;
	if (!l->policies)
		l->policies = arena_new();
	copy = l->discovers[l->discover_count++] = arena_new_of(l->policies, struct discover);
	copy->key = arena_strdup(l->policies, d->key);
	copy->chosen = d->chosen;
	copy->context = arena_array(l->policies, struct znode, d->context_count);
	for (; copy->context_count < d->context_count; copy->context_count++)
		copy->context[copy->context_count] =
			znode_copy(l->policies, &d->context[copy->context_count]);
	return copy;
}

void losses_drop(struct lost *l)
{
	arena_free(l->arena);
}

void losses_cut(struct losses *l, size_t count)
{
	l->count = count;
	if (count)
		return;
	arena_free(l->policies);
	l->policies = NULL;
	l->discover_count = 0;
}

void losses_fini(struct losses *l)
{
	for (size_t i = 0; i < l->count; i++)
		losses_drop(&l->items[i]);
	losses_cut(l, 0);
	free(l->items);
}

static void lost_set(struct lost *l, const struct server *s, const struct discover *d)
{
	l->server = *s;
	l->server.discover = d;
	l->server.source = znode_keep_in(l->arena, s->source);
	l->server.address = arena_strdup(l->arena, s->address);
	if (s->name)
		l->server.name = arena_strdup(l->arena, s->name);
	l->server.own = server_params_copy(l->arena, s->own);
}

static void add(struct losses *l, const struct server *s, uint64_t now, uint64_t *last_deletion)
{
	const struct discover *d = remember(l, s->discover);
	bool found;
	size_t i = losses_find(l, s->address, &found);
	struct lost *item;

	if (found || !s->source || (s->discover && !d))
		return;
	if (s->source->owner == 0)
		*last_deletion = now;
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 8;
		l->items = xrealloc(l->items, l->room * sizeof(*l->items));
	}
	memmove(&l->items[i + 1], &l->items[i], (l->count - i) * sizeof(*l->items));
	l->count++;
	item = &l->items[i];
	*item = (struct lost){ .arena = arena_new(), .when = now };
	lost_set(item, s, d);
}

/* A host name that now has another address: the server has moved and is not lost. */
static bool has_moved(const struct server *s, const struct upstream *u)
{
	for (size_t i = 0; s->name && i < u->server_count; i++) {
		if (strcmp(u->servers[i].source->path, s->source->path) == 0)
			return true;
	}
	return false;
}

/* Both lists are sorted by address: what only `served` has is lost. */
void losses_notice(struct losses *l, const struct upstream *served, const struct upstream *u,
		   uint64_t now, uint64_t *last_deletion)
{
	size_t j = 0;

	if (served->decoded && served->decoded == u->decoded)
		return;
	for (size_t i = 0; i < served->server_count; i++) {
		const char *address = served->servers[i].address;

		while (j < u->server_count && strcmp(u->servers[j].address, address) < 0)
			j++;
		if ((j == u->server_count || strcmp(u->servers[j].address, address) != 0) &&
		    !has_moved(&served->servers[i], u))
			add(l, &served->servers[i], now, last_deletion);
	}
}
