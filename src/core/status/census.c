/* The census of a model. That of an upstream which is as it was decoded is kept with it. */
#include <stdint.h>

#include "census.h"
#include "core/decode/decode_cache.h"

static void count_server(const struct server *s, struct upstream_numbers *n)
{
	bool serves = !s->params.down && !s->drained && !s->failing;

	n->servers++;
	n->usable += serves && !s->params.backup;
	n->backup += serves && s->params.backup;
	n->held += s->held;
	n->drained += s->drained;
	n->failing += s->failing;
	n->found += s->discover != NULL;
}

static struct upstream_numbers count_upstream(const struct upstream *u)
{
	struct upstream_numbers n = { .name = u->name };

	for (size_t i = 0; i < u->server_count; i++)
		count_server(&u->servers[i], &n);
	for (size_t i = 0; i < u->discover_count; i++)
		n.left_out += u->discovers[i].left_out;
	return n;
}

static struct upstream_numbers numbers_of(const struct upstream *u)
{
	struct decoded *d = (struct decoded *)(uintptr_t)u->decoded;

	if (!d)
		return count_upstream(u);
	if (!d->numbers) {
		d->numbers = arena_array(d->arena, struct upstream_numbers, 1);
		*d->numbers = count_upstream(&d->upstream);
	}
	return *d->numbers;
}

static void add(struct upstream_numbers *to, const struct upstream_numbers *n)
{
	to->servers += n->servers;
	to->usable += n->usable;
	to->backup += n->backup;
	to->held += n->held;
	to->drained += n->drained;
	to->failing += n->failing;
	to->found += n->found;
	to->left_out += n->left_out;
}

void census_take(const struct model *m, struct config_numbers *out)
{
	*out = (struct config_numbers){ .sites = m->site_count, .upstreams = m->upstream_count };
	for (size_t i = 0; i < m->upstream_count; i++) {
		struct upstream_numbers n = numbers_of(m->upstreams[i]);

		add(&out->total, &n);
		out->empty += n.servers == 0;
		if (out->count < NUMBERS_UPSTREAMS_MOST)
			out->upstream[out->count++] = n;
	}
}
