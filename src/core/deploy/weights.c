/* See weights.h. */
#include <stdlib.h>
#include <string.h>

#include "weights.h"

static int by_upstream(const void *a, const void *b)
{
	const struct weights_upstream *one = a, *other = b;

	return strcmp(one->upstream, other->upstream);
}

const struct weights_upstream *weights_find(const struct weights *w, const char *upstream)
{
	const struct weights_upstream key = { .upstream = upstream };

	return w && w->count ? bsearch(&key, w->items, w->count, sizeof(key), by_upstream) : NULL;
}

static bool same_servers(const struct weights_upstream *a, const struct weights_upstream *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->servers[i].weight != b->servers[i].weight ||
		    strcmp(a->servers[i].address, b->servers[i].address) != 0)
			return false;
	}
	return true;
}

bool weights_same(const struct weights_upstream *a, const struct weights_upstream *b)
{
	if (!a || !b)
		return a == b;
	return a->scale == b->scale && a->count == b->count && same_servers(a, b);
}

static int by_address(const void *a, const void *b)
{
	const struct weights_server *one = a, *other = b;

	return strcmp(one->address, other->address);
}

long weights_of(const struct weights_upstream *w, const char *address, bool backup, long weight)
{
	const struct weights_server key = { .address = address }, *own;

	if (!w || backup)
		return weight;
	own = bsearch(&key, w->servers, w->count, sizeof(key), by_address);
	return own ? own->weight : weight * w->scale;
}
