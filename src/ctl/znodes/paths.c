/* Short and absolute paths. */
#include <string.h>

#include <zknginx/tree.h>

#include "core/data/layout.h"
#include "paths.h"

/* No empty part, no "." and no "..", and nothing that steers a terminal. */
static bool is_valid(const char *path)
{
	for (const char *at = path; *at; at += strcspn(at, "/")) {
		size_t size = strcspn(++at, "/");

		if (!size || (size == 1 && *at == '.') || (size == 2 && strncmp(at, "..", 2) == 0))
			return false;
	}
	for (const char *at = path; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return false;
	}
	return *path == '/';
}

const char *path_resolve(const struct ctl *ctl, struct arena *a, const char *word)
{
	const char *root = ctl->settings.zookeeper.config;
	const char *above = strcmp(root, "/") == 0 ? "" : root;
	char *path;
	size_t size;

	if (strcmp(word, "/") == 0)
		return word;
	if (strcmp(word, ".") == 0)
		return root;
	path = *word == '/' ? arena_strdup(a, word) : arena_printf(a, "%s/%s", above, word);
	size = strlen(path);
	if (size > 1 && path[size - 1] == '/')
		path[size - 1] = '\0';
	if (*word && is_valid(path))
		return path;
	ctl_usage("\"%s\" is not the path of a znode (sites/shop, or absolute: %s/sites/shop)",
		  word, above);
	return NULL;
}

const char *path_short(const struct ctl *ctl, const char *path)
{
	const char *relative = path_relative(path, ctl->settings.zookeeper.config);

	return relative && *relative ? relative : path;
}

bool path_is_config(const struct ctl *ctl, const char *path)
{
	return path_relative(path, ctl->settings.zookeeper.config);
}

bool path_is_of_daemons(const struct ctl *ctl, const char *path)
{
	static const enum cluster_znode of_operators[] = { CLUSTER_OVERRIDES, CLUSTER_REQUEST,
							   CLUSTER_CONFIRMED };
	const char *cluster = ctl->settings.zookeeper.cluster;

	if (path_is_config(ctl, path) || !path_is_within(path, cluster))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(of_operators); i++) {
		CLEANUP(freep) char *open = cluster_path_new(cluster, of_operators[i], NULL);

		if (path_is_within(path, open))
			return false;
	}
	return true;
}
