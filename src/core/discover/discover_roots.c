/* The paths that the mirror has to watch for the discovers of a model. */
#include <stdlib.h>
#include <string.h>

#include "core/data/traits.h"
#include "core/endpoint/endpoint.h"

static int compare(const void *a, const void *b)
{
	const struct discover_root *x = a, *y = b;
	int order = path_compare(x->path, y->path);

	return order ? order : (int)y->depth - (int)x->depth;
}

static size_t count_discovers(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->upstream_count; i++)
		n += model_may_have(m, i, TRAIT_DISCOVERS) ? m->upstreams[i]->discover_count : 0;
	return n;
}

/*
 * Depends on the operator's choice of a format alone, not on the format that was found, which may
 * change.
 */
static size_t add_roots(struct arena *a, const struct discover *d, struct discover_root *roots)
{
	struct endpoint_place places[ENDPOINT_PLACES];
	size_t count = endpoint_places(d->format, a, d->path, places);

	for (size_t i = 0; i < count; i++)
		roots[i] = (struct discover_root){ places[i].path, places[i].depth };
	return count;
}

size_t model_discover_roots(const struct model *m, struct arena *a, struct discover_root **out)
{
	struct discover_root *roots =
		arena_array(a, struct discover_root, count_discovers(m) * ENDPOINT_PLACES);
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < m->upstream_count; i++) {
		const struct upstream *u = m->upstreams[i];

		if (!model_may_have(m, i, TRAIT_DISCOVERS))
			continue;
		for (size_t j = 0; j < u->discover_count; j++)
			count += add_roots(a, &u->discovers[j], &roots[count]);
	}
	if (count)
		qsort(roots, count, sizeof(*roots), compare);
	for (size_t i = 0; i < count; i++) {
		if (!kept || strcmp(roots[kept - 1].path, roots[i].path) != 0)
			roots[kept++] = roots[i];
	}
	*out = roots;
	return kept;
}
