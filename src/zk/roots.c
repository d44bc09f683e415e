/* The roots: which paths the mirror follows. */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "roots.h"

#define CONFIG_DEPTH 3 /* upstreams/NAME/SERVER */
#define OVERRIDES_DEPTH 1
#define FIXED 4 /* roots that are always followed */

static bool is_followed(const struct roots *r, const struct discover_root *list, size_t count)
{
	if (count != r->count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].path, r->discovered[i].path) != 0 ||
		    list[i].depth != r->discovered[i].depth)
			return false;
	}
	return true;
}

static struct mirror_root *all_roots(const struct roots *r, size_t *count)
{
	struct mirror_root *all = xcalloc(r->count + FIXED, sizeof(*all));

	all[0] = (struct mirror_root){ r->config, CONFIG_DEPTH };
	all[1] = (struct mirror_root){ r->overrides, OVERRIDES_DEPTH };
	all[2] = (struct mirror_root){ r->plan, 0 };
	all[3] = (struct mirror_root){ r->confirmed, 0 };
	for (size_t i = 0; i < r->count; i++)
		all[i + FIXED] =
			(struct mirror_root){ r->discovered[i].path, r->discovered[i].depth };
	*count = r->count + FIXED;
	return all;
}

/* False: the model needs no other roots than those. */
static bool take(struct roots *r, const struct model *m)
{
	struct arena *arena = arena_new();
	struct discover_root *list = NULL;
	size_t count = model_discover_roots(m, arena, &list);

	if (r->arena && is_followed(r, list, count)) {
		arena_free(arena);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		list[i].path = arena_strdup(arena, list[i].path);
	arena_free(r->arena);
	r->arena = arena;
	r->discovered = list;
	r->count = count;
	return true;
}

void roots_init(struct roots *r, const struct zookeeper_settings *settings)
{
	*r = (struct roots){
		.config = xstrdup(settings->config),
		.overrides = cluster_path_new(settings->cluster, CLUSTER_OVERRIDES, NULL),
		.plan = cluster_path_new(settings->cluster, CLUSTER_PLAN, NULL),
		.confirmed = cluster_path_new(settings->cluster, CLUSTER_CONFIRMED, NULL),
	};
}

void roots_fini(struct roots *r)
{
	free(r->config);
	free(r->overrides);
	free(r->plan);
	free(r->confirmed);
	arena_free(r->arena);
	*r = (struct roots){ 0 };
}

struct mirror_root *roots_begin(struct roots *r, const struct model *m, size_t *count)
{
	take(r, m);
	return all_roots(r, count);
}

bool roots_follow(struct roots *r, const struct model *m, struct mirror *mirror)
{
	CLEANUP(freep) struct mirror_root *all = NULL;
	size_t count;

	if (!take(r, m))
		return false;
	all = all_roots(r, &count);
	mirror_set_roots(mirror, all, count);
	r->waiting = true;
	return true;
}
