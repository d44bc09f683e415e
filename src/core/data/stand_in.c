#include <stdlib.h>
#include <string.h>

#include "stand_in.h"

static int compare_stand_ins(const void *a, const void *b)
{
	return path_compare(((const struct stand_in *)a)->path, ((const struct stand_in *)b)->path);
}

/* What is below a deleted znode that stays in force: for example its servers. */
static void add_below(struct tree_builder *b, const struct tree *accepted, const char *path)
{
	size_t i = tree_lower_bound(accepted, path);

	for (i++; i < tree_count(accepted) && path_is_below(tree_at(accepted, i)->path, path); i++)
		tree_builder_add(b, tree_at(accepted, i));
}

struct tree *stand_in(const struct tree *t, const struct tree *accepted, struct stand_in *list,
		      size_t count)
{
	struct tree_builder b;
	struct tree *merged;
	size_t i = 0;

	qsort(list, count, sizeof(*list), compare_stand_ins);
	tree_builder_init(&b);
	for (size_t j = 0; i < tree_count(t) || j < count;) {
		const struct znode *z = i < tree_count(t) ? tree_at(t, i) : NULL;
		int order = j == count ? -1 : !z ? 1 : path_compare(z->path, list[j].path);

		if (order < 0) {
			tree_builder_add(&b, z);
			i++;
			continue;
		}
		if (list[j].good)
			tree_builder_add(&b, list[j].good);
		if (order > 0 && list[j].good)
			add_below(&b, accepted, list[j].path);
		if (order == 0)
			i = list[j].good ? i + 1 : tree_subtree_end(t, i);
		j++;
	}
	merged = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return merged;
}
