/* The daemon's own readers of these znodes. */
#include <string.h>

#include <zknginx/err.h>

#include "core/data/layout.h"
#include "core/fleet/override_content.h"
#include "core/fleet/request.h"
#include "lint_cluster.h"

static bool is_override(const struct settings *settings, const char *path)
{
	CLEANUP(freep)
	char *above = cluster_path_new(settings->zookeeper.cluster, CLUSTER_OVERRIDES, NULL);

	return path_is_below(path, above);
}

static bool is_request(const struct settings *settings, const char *path)
{
	CLEANUP(freep)
	char *request = cluster_path_new(settings->zookeeper.cluster, CLUSTER_REQUEST, NULL);

	return strcmp(path, request) == 0;
}

bool lint_cluster_knows(const struct settings *settings, const char *path)
{
	return is_override(settings, path) || is_request(settings, path);
}

void lint_cluster(const struct settings *settings, const struct znode *z, struct problems *problems)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct override_content content;
	struct request request;
	const char *why = "";

	if (is_override(settings, z->path))
		override_content_read(a, z, &content, problems);
	else if (is_request(settings, z->path) &&
		 !request_parse(a, z->data, z->size, &request, &why))
		problems_add(problems, z->path, PROBLEM_FIELD, NULL, "%s", why);
}
