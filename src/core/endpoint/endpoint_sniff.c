/*
 * auto: which format is it? Every znode of the place votes by what it looks like, and the
 * most votes win. A few that are broken, or foreign, do not turn the vote, and the first
 * few speak for all.
 */
#include "endpoint_parts.h"

struct vote {
	const struct endpoint_format *format;
	size_t count;
};

#define CANDIDATES_MAX 16
#define VOTERS_MAX 64

/* What a JSON object of a registration has, and who writes it. */
static const char *name_by_members(const json_t *j)
{
	static const struct {
		const char *member, *other, *format;
	} signs[] = {
		{ "serviceEndpoint", NULL, "serverset" }, { "address", "serviceType", "curator" },
		{ "address", "sslPort", "curator" },      { "address", "uriSpec", "curator" },
		{ "IP", "PublicPort", "registrator" },    { "host", "port", "nerve" },
		{ "address", "port", "curator" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		if (json_object_get(j, signs[i].member) &&
		    (!signs[i].other || json_object_get(j, signs[i].other)))
			return signs[i].format;
	}
	return NULL;
}

static const char *name_by_json(const struct znode *z)
{
	json_t *j = memchr(z->data, '{', z->size) ? endpoint_json_of(z) : NULL;
	const char *name = j ? name_by_members(j) : NULL;

	json_decref(j);
	return name;
}

static bool reads_as(const char *format, const struct znode *z, struct arena *a)
{
	static const struct discover none = { 0 };
	struct endpoint_reading reading;
	struct endpoint e;
	const char *why;

	endpoint_begin(&reading, a, endpoint_format_find(format), &none, NULL, 0);
	return endpoint_read(&reading, z, &e, &why) == ENDPOINT_READ;
}

static bool is_dubbo_parent(const char *name)
{
	static const char *const parents[] = { "providers", "consumers", "configurators",
					       "routers" };

	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		size_t size = strlen(parents[i]);

		if (strncmp(name, parents[i], size) == 0 && (!name[size] || name[size] == '/'))
			return true;
	}
	return false;
}

/* name: what follows the path, which a tree need not have all steps to. */
static const char *guess(const struct znode *z, const char *name, struct arena *a)
{
	static const char *const by_reading[] = { "solr", "address", "data" };
	const char *json;

	if (is_dubbo_parent(name))
		return "dubbo";
	if (strchr(name, '/'))
		return NULL;
	if (strncmp(name, "base64_", 7) == 0)
		return "nerve";
	json = name_by_json(z);
	if (json)
		return json;
	for (size_t i = 0; i < ARRAY_SIZE(by_reading); i++) {
		if (reads_as(by_reading[i], z, a))
			return by_reading[i];
	}
	return NULL;
}

static void cast(struct vote *votes, const char *name)
{
	const struct endpoint_format *f = endpoint_format_find(name);
	size_t i = 0;

	while (votes[i].format && votes[i].format != f)
		i++;
	votes[i].format = f;
	votes[i].count++;
}

const struct endpoint_format *endpoint_sniff(const struct tree *t, const char *path)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct vote votes[CANDIDATES_MAX] = { 0 };
	size_t i = tree_lower_bound(t, path), best = 0, voters = 0;

	if (i < tree_count(t) && strcmp(tree_at(t, i)->path, path) == 0)
		i++;
	while (i < tree_count(t) && path_is_below(tree_at(t, i)->path, path) &&
	       voters++ < VOTERS_MAX) {
		const struct znode *z = tree_at(t, i);
		const char *name = guess(z, z->path + strlen(path) + 1, a);

		if (name)
			cast(votes, name);
		i = tree_subtree_end(t, i);
	}
	for (size_t v = 1; v < CANDIDATES_MAX; v++) {
		/* The formats stand in one array: of equals, the one before. */
		if (votes[v].count > votes[best].count ||
		    (votes[v].count && votes[v].count == votes[best].count &&
		     votes[v].format < votes[best].format))
			best = v;
	}
	return votes[best].format;
}
