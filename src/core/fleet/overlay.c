/*
 * The overlay: three trees walked once, each in tree order, so that the result is in tree
 * order as it is built and costs what it holds.
 */
#include <zknginx/history.h>

#include "core/data/layout.h"

struct layers {
	const struct tree *newest, *permitted, *accepted;
	const char *root;
	struct tree_builder out;
};

static bool is_within(const struct tree *t, size_t i, const char *path)
{
	return i < tree_count(t) && path_is_within(tree_at(t, i)->path, path);
}

/* Adds what is below path; false when t does not know path at all. */
static bool add_below(struct layers *l, const struct tree *t, const char *path)
{
	size_t i = tree_lower_bound(t, path);

	if (!is_within(t, i, path))
		return false;
	for (; is_within(t, i, path); i++) {
		if (path_is_below(tree_at(t, i)->path, path))
			tree_builder_add(&l->out, tree_at(t, i));
	}
	return true;
}

/* The upstream whose znodes begin at i of the permitted ones; returns where they end. */
static size_t add_upstream(struct layers *l, size_t i, size_t size)
{
	const struct znode *z = tree_at(l->permitted, i);
	CLEANUP(freep) char *path = xasprintf("%.*s", (int)size, z->path);

	if (!z->path[size])
		tree_builder_add(&l->out, z);
	if (!add_below(l, l->newest, path) && !add_below(l, l->accepted, path))
		add_below(l, l->permitted, path);
	while (is_within(l->permitted, i, path))
		i++;
	return i;
}

/* What nginx runs has objects alone. Without its root a config would look as if it were gone. */
static void add_root(struct layers *l)
{
	const struct znode *z = tree_find(l->newest, l->root);

	if (z && !tree_find(l->permitted, l->root) && tree_has_within(l->permitted, l->root))
		tree_builder_add(&l->out, z);
}

static void add_config(struct layers *l)
{
	size_t i = tree_lower_bound(l->permitted, l->root);

	add_root(l);
	while (is_within(l->permitted, i, l->root)) {
		const struct znode *z = tree_at(l->permitted, i);
		size_t upstream = path_upstream(z->path, l->root);

		if (upstream) {
			i = add_upstream(l, i, upstream);
			continue;
		}
		tree_builder_add(&l->out, z);
		i++;
	}
}

struct tree *overlay(const struct tree *newest, const struct tree *permitted,
		     const struct tree *accepted, const char *root)
{
	struct layers l = { newest, permitted, accepted, root, { 0 } };
	size_t i = 0, begin = tree_lower_bound(newest, root);
	struct tree *t;

	tree_builder_init(&l.out);
	for (; i < begin; i++)
		tree_builder_add(&l.out, tree_at(newest, i));
	add_config(&l);
	while (is_within(newest, i, root))
		i++;
	for (; i < tree_count(newest); i++)
		tree_builder_add(&l.out, tree_at(newest, i));
	t = tree_builder_finish(&l.out);
	tree_builder_fini(&l.out);
	return t;
}
