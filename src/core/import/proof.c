/* DIR as a tree, and compose() on it. */
#include <string.h>

#include <zknginx/tree.h>

#include "core/compose/compose.h"
#include "core/data/layout.h"
#include "proof.h"

static void add(struct tree_builder *b, const char *path, const struct import_file *file)
{
	tree_builder_add(b, &(struct znode){ .path = path,
					     .data = file ? file->text : "",
					     .size = file ? file->size : 0 });
}

/* "snippets/http/x.conf": ROOT/snippets and ROOT/snippets/http. An upstream has its own file, so
 * its directory adds nothing. */
static void add_parents(struct tree_builder *b, struct arena *a, const char *root, const char *file)
{
	const char *last = strrchr(file, '/');

	for (const char *s = file; (s = strchr(s, '/')); s++) {
		if (strncmp(file, "upstreams/", 10) == 0 && s == last && s > file + 10)
			continue;
		add(b, arena_printf(a, "%s/%.*s", root, (int)(s - file), file), NULL);
	}
}

struct tree *proof_tree(const struct import_files *files, const char *root)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct tree_builder b;
	struct tree *tree;

	tree_builder_init(&b);
	add(&b, root, NULL);
	for (size_t i = 0; i < files->count; i++) {
		const struct import_file *f = &files->items[i];

		add_parents(&b, a, root, f->path);
		add(&b, config_file_znode(a, f->path, root), f);
	}
	tree = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return tree;
}

struct host_files {
	struct arena *arena;
	struct host_file *items;
	size_t count, room;
};

static void add_host_file(struct host_files *h, const char *path, const char *text, size_t size)
{
	for (size_t i = 0; i < h->count; i++) {
		if (strcmp(h->items[i].path, path) == 0)
			return;
	}
	h->items = arena_grow(h->arena, h->items, h->count, &h->room, sizeof(*h->items));
	h->items[h->count++] = (struct host_file){ path, text, size };
}

static void add_included(struct host_files *h, const struct conf_node *block)
{
	for (size_t i = 0; i < block->child_count; i++) {
		const struct conf_node *n = block->children[i];

		for (size_t j = 0; j < n->file_count; j++) {
			add_host_file(h, n->files[j]->path, n->files[j]->text, n->files[j]->size);
			add_included(h, n->files[j]->root);
		}
		add_included(h, n);
	}
}

void proof_check(const struct import_input *in, const struct tree *tree,
		 const struct conf_file *read, const struct import_file *main,
		 struct problems *problems)
{
	CLEANUP(tree_unrefp) struct tree *accepted = tree_empty();
	CLEANUP(model_freep) struct model *good = model_new();
	CLEANUP(host_claims_freep) struct host_claims *host = NULL;
	struct host_files files = { .arena = arena_new() };
	struct compose_input compose_in = {
		.tree = tree,
		.accepted = accepted,
		.good = good,
		.root = in->root,
		.policy = in->policy,
		.sockets_are_free = true,
	};

	add_host_file(&files, main->path, main->text, main->size);
	add_included(&files, read->root);
	host = host_claims_read(files.items, files.count);
	compose_in.host = host;
	model_free(compose(&compose_in, problems, NULL));
	arena_free(files.arena);
}
