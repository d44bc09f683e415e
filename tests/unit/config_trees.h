/*
 * Random config trees with the root "/r", and with znodes outside it. The same seed always gives
 * the same tree. Every znode has its parents, as in ZooKeeper.
 */
#ifndef ZKNGINX_TESTS_CONFIG_TREES_H
#define ZKNGINX_TESTS_CONFIG_TREES_H

#include "core/data/layout.h"
#include "dice.h"
#include "tree_fixture.h"

#define ROOT "/r"

/* In tree order, so that a znode whose parent was left out is left out with it. */
static const char *const tree_paths[] = {
	"/a",
	"/a/plan",
	"/a/plan/x",
	ROOT,
	ROOT "/odd",
	ROOT "/odd/child",
	ROOT "/sites",
	ROOT "/sites/one",
	ROOT "/sites/one/stray",
	ROOT "/sites/two",
	ROOT "/snippets",
	ROOT "/snippets/http",
	ROOT "/snippets/http/x",
	ROOT "/snippets/stream",
	ROOT "/snippets/stream/y",
	ROOT "/upstreams",
	ROOT "/upstreams/a",
	ROOT "/upstreams/a/10.0.0.1:80",
	ROOT "/upstreams/a/10.0.0.2:80",
	ROOT "/upstreams/a/10.0.0.2:80/stray",
	ROOT "/upstreams/a-b",
	ROOT "/upstreams/a-b/10.0.0.3:80",
	ROOT "/upstreams/a.b",
	ROOT "/upstreams/b",
	ROOT "/upstreams/b/10.0.0.1:80",
	ROOT "/upstreams/b/x",
	ROOT "/upstreams/c",
	ROOT "/upstreams/c/10.0.0.4:80",
	ROOT "/upstreams-not",
	ROOT "-beside",
	ROOT "-beside/upstreams",
	"/svc",
	"/svc/a",
};

/* The data is one of a few, so that it is often the same in two trees. */
static inline struct tree *random_tree(uint64_t seed)
{
	struct tree_builder b;
	struct tree *t;
	const char *left_out = "";

	dice_state = seed;
	tree_builder_init(&b);
	for (size_t i = 0; i < ARRAY_SIZE(tree_paths); i++) {
		struct znode z = { .path = tree_paths[i], .version = (int32_t)dice(5) };
		static const char *const data[] = { "", "{}", "\n", "x\0y\xff" };
		unsigned kind = dice(4);

		z.data = data[kind];
		z.size = kind == 3 ? 4 : strlen(data[kind]);
		if (*left_out && path_is_below(z.path, left_out))
			continue;
		if (dice(5) == 0) {
			left_out = z.path;
			continue;
		}
		if (strchr(path_name(z.path), ':') && strcmp(path_name(z.path), "10.0.0.2:80"))
			z.owner = dice(3) == 0 ? 7 : 0;
		tree_builder_add(&b, &z);
	}
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

static inline bool same_revision(const struct tree *a, const struct tree *b)
{
	struct digest x = tree_revision(a, ROOT), y = tree_revision(b, ROOT);

	return digest_equal(&x, &y);
}

#endif
