/*
 * The upstreams of a model: look-ups by name, and what only one model has. Upstreams that have not
 * changed are shared by all models, so one that is to be changed is copied before.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "traits.h"

/* --- look-ups -------------------------------------------------------------------------------- */

size_t model_upstream_index(const struct model *m, const char *name)
{
	size_t low = 0, high = m->upstream_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(m->upstreams[middle]->name, name);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return m->upstream_count;
}

const struct upstream *model_upstream(const struct model *m, const char *name)
{
	size_t i = model_upstream_index(m, name);

	return i < m->upstream_count ? m->upstreams[i] : NULL;
}

static const struct upstream *next_named(const struct model *m, const char *name, size_t *at)
{
	int order = -1;

	while (*at < m->upstream_count && (order = strcmp(m->upstreams[*at]->name, name)) < 0)
		++*at;
	return *at < m->upstream_count && order == 0 ? m->upstreams[*at] : NULL;
}

/* Mostly it is the very same upstream, which need not be looked at. */
const struct upstream *model_next_upstream(const struct model *m, const struct upstream *like,
					   size_t *at)
{
	for (size_t i = *at; i < m->upstream_count && i <= *at + 1; i++) {
		if (m->upstreams[i] == like) {
			*at = i;
			return like;
		}
	}
	return next_named(m, like->name, at);
}

unsigned char upstream_traits(const struct upstream *u)
{
	return (unsigned char)((u->protocol == PROTOCOL_STREAM ? TRAIT_STREAM : 0) |
			       (u->sticky_cookie ? TRAIT_STICKY : 0) |
			       (u->discover_count ? TRAIT_DISCOVERS : 0) |
			       (u->check ? TRAIT_CHECK : 0) |
			       (u->slow_start ? TRAIT_SLOW_START : 0));
}

const struct upstream *model_upstream_of_nginx(const struct model *m, const char *name)
{
	const struct upstream *u = model_upstream(m, name);

	for (size_t i = 0; !u && i < m->upstream_count; i++) {
		if (strcasecmp(m->upstreams[i]->name, name) == 0)
			u = m->upstreams[i];
	}
	return u;
}

/* --- copies ---------------------------------------------------------------------------------- */

static struct upstream *put_copy(struct model *m, size_t i)
{
	struct upstream *u = arena_new_of(m->arena, struct upstream);

	*u = *m->upstreams[i];
	m->upstreams[i] = u;
	return u;
}

/* The servers point to the discovers that found them. */
static void copy_servers(struct upstream *u, struct arena *a)
{
	const struct discover *old = u->discovers;
	const struct server *servers = u->servers;

	u->discovers = arena_array(a, struct discover, u->discover_count);
	if (u->discover_count)
		memcpy(u->discovers, old, u->discover_count * sizeof(*old));
	u->servers = arena_array(a, struct server, u->server_count);
	for (size_t i = 0; i < u->server_count; i++) {
		u->servers[i] = servers[i];
		if (servers[i].discover)
			u->servers[i].discover = &u->discovers[servers[i].discover - old];
	}
}

static void note_own(struct model *m, size_t i)
{
	if (!m->owned)
		m->owned = arena_array(m->arena, bool, m->upstream_count);
	m->owned[i] = true;
}

void model_put_upstream(struct model *m, const struct upstream *u)
{
	size_t i = model_upstream_index(m, u->name);

	m->upstreams[i] = u;
	if (m->traits)
		m->traits[i] = upstream_traits(u);
	note_own(m, i);
}

struct upstream *model_own_upstream(struct model *m, size_t i)
{
	struct upstream *u;

	if (m->owned && m->owned[i])
		return (struct upstream *)(uintptr_t)m->upstreams[i];
	u = put_copy(m, i);
	u->decoded = NULL;
	copy_servers(u, m->arena);
	note_own(m, i);
	return u;
}

void model_set_zone(struct model *m, size_t i, size_t size)
{
	if (m->upstreams[i]->zone_size != size)
		put_copy(m, i)->zone_size = size;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct upstream *const *)a)->name,
		      (*(const struct upstream *const *)b)->name);
}

void model_set_upstreams(struct model *m, const struct upstream **list, size_t count)
{
	qsort(list, count, sizeof(const struct upstream *), by_name);
	m->upstreams = list;
	m->upstream_count = count;
	m->owned = arena_array(m->arena, bool, count);
	m->traits = arena_array(m->arena, unsigned char, count);
	for (size_t i = 0; i < count; i++) {
		m->owned[i] = !list[i]->decoded;
		m->traits[i] = upstream_traits(list[i]);
	}
}
