/*
 * What a model needs from outside before it can be trusted: the paths that its upstreams discover
 * servers at have to be mirrored.
 *
 * A tree that was mirrored without such a path says nothing about it; a model of that tree would
 * have its upstreams empty. So the mirror is told first, and the model that asked is dropped: the
 * next tree, which has the paths, makes the one that counts. Until it is there (`waiting`) nothing
 * is made of the old one, whatever else happens.
 */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "core/endpoint/endpoint.h"
#include "daemon.h"

#define CONFIG_DEPTH 3 /* upstreams/NAME/SERVER */
#define OVERRIDES_DEPTH 1

static bool is_followed(const struct discovery *f, const struct discover_root *roots, size_t count)
{
	if (count != f->count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(roots[i].path, f->roots[i].path) != 0 ||
		    roots[i].depth != f->roots[i].depth)
			return false;
	}
	return true;
}

static struct mirror_root *all_roots(const struct discovery *f, size_t *count)
{
	struct mirror_root *all = xcalloc(f->count + 3, sizeof(*all));

	all[0] = (struct mirror_root){ f->config, CONFIG_DEPTH };
	all[1] = (struct mirror_root){ f->overrides, OVERRIDES_DEPTH };
	all[2] = (struct mirror_root){ f->plan, 0 };
	for (size_t i = 0; i < f->count; i++)
		all[i + 3] = (struct mirror_root){ f->roots[i].path, f->roots[i].depth };
	*count = f->count + 3;
	return all;
}

/* False: the model asks for nothing else than what is followed already. */
static bool take_roots(struct discovery *f, const struct model *m)
{
	struct arena *arena = arena_new();
	struct discover_root *roots = NULL;
	size_t count = model_discover_roots(m, arena, &roots);

	if (f->arena && is_followed(f, roots, count)) {
		arena_free(arena);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		roots[i].path = arena_strdup(arena, roots[i].path);
	arena_free(f->arena);
	f->arena = arena;
	f->roots = roots;
	f->count = count;
	return true;
}

void discovery_init(struct discovery *f, const struct zookeeper_settings *settings)
{
	*f = (struct discovery){
		.config = xstrdup(settings->config),
		.overrides = cluster_path_new(settings->cluster, CLUSTER_OVERRIDES, NULL),
		.plan = cluster_path_new(settings->cluster, CLUSTER_PLAN, NULL),
	};
}

void discovery_fini(struct discovery *f)
{
	free(f->config);
	free(f->overrides);
	free(f->plan);
	arena_free(f->arena);
	*f = (struct discovery){ 0 };
}

struct mirror_root *discovery_roots(struct discovery *f, const struct model *m, size_t *count)
{
	take_roots(f, m);
	return all_roots(f, count);
}

bool discovery_follow(struct discovery *f, const struct model *m, struct mirror *mirror)
{
	CLEANUP(freep) struct mirror_root *all = NULL;
	size_t count;

	if (!take_roots(f, m))
		return false;
	all = all_roots(f, &count);
	mirror_set_roots(mirror, all, count);
	f->waiting = true;
	return true;
}
