/*
 * The watermark of a tree. An upstream that is the same block as in the watermark of before has the
 * same entry, which is copied; nothing of its znodes is read.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/data/layout.h"
#include "watermark.h"

static struct watermark_znode entry_of(const struct znode *z)
{
	return (struct watermark_znode){ .path = z->path,
					 .czxid = z->czxid,
					 .ctime = z->ctime,
					 .mzxid = z->mzxid,
					 .mtime = z->mtime,
					 .below = z->pzxid };
}

struct making {
	struct watermark *out;
	size_t room;
	const struct watermark *known;
	size_t next; /* of the known entries: the first that may be the same as the next one */
	struct tree_walk walk;
};

static void add(struct making *m, const struct watermark_znode *entry, bool has_servers)
{
	struct watermark *w = m->out;

	w->znodes = arena_grow(w->arena, w->znodes, w->count, &m->room, sizeof(*entry));
	w->znodes[w->count++] = *entry;
	w->written = zxid_later(w->written, zxid_later(entry->czxid, entry->mzxid));
	if (!has_servers)
		w->written = zxid_later(w->written, entry->below);
	w->zxid = zxid_later(zxid_later(w->zxid, w->written), entry->below);
}

static bool is_below(const struct tree_walk *w, const char *path)
{
	return w->at < tree_count(w->tree) && path_is_below(tree_at(w->tree, w->at)->path, path);
}

static const struct watermark_znode *known_entry(const struct making *m, size_t i)
{
	return m->known && i < m->known->count ? &m->known->znodes[i] : NULL;
}

/* Does the upstream end where its block ends? One whose block is known begins there: then it does,
 * and no znode is looked at. */
static bool is_whole(const struct making *m, struct tree_walk *after, const char *path)
{
	const struct watermark_znode *next = known_entry(m, m->next + 1);
	const struct tree_block *k = tree_walk_block(after);

	return (k && next && next->block == k) || !is_below(after, path);
}

/* Of known entries, which are those of upstreams. */
static void add_known(struct making *m, size_t count)
{
	const struct watermark_znode *known = &m->known->znodes[m->next];

	for (size_t i = 0; i < count; i++)
		add(m, &known[i], true);
	m->next += count;
}

/* Blocks that were upstreams before as well, and that one follows of which the same is true. */
static bool take_known_blocks(struct making *m)
{
	const struct tree_block *blocks[TREE_WALK_BLOCKS];
	size_t count = tree_walk_blocks(&m->walk, blocks), known = 0;
	const struct watermark_znode *z;

	while (known < count && (z = known_entry(m, m->next + known)) && z->block == blocks[known])
		known++;
	if (known < 2)
		return false;
	tree_walk_pass(&m->walk, known - 1);
	add_known(m, known - 1);
	return true;
}

/* What begins here is a block that was an upstream before as well. */
static bool take_known(struct making *m)
{
	const struct watermark_znode *z = known_entry(m, m->next);
	struct tree_walk after = m->walk;
	const struct tree_block *k = tree_walk_take(&after);

	if (!k || !z || z->block != k || !is_whole(m, &after, z->path))
		return false;
	m->walk = after;
	add_known(m, 1);
	return true;
}

static void pass_known(struct making *m, const char *path)
{
	const struct watermark_znode *z;

	while ((z = known_entry(m, m->next)) && path_compare(z->path, path) <= 0)
		m->next++;
}

/* Are a block's znodes the whole subtree at this path? after: past the block. */
static bool is_subtree(const struct tree_walk *after, const char *path)
{
	return path_is_within(tree_at(after->tree, after->at - 1)->path, path) &&
	       !is_below(after, path);
}

/* To the entry of an upstream belong its servers. */
static void add_servers(struct making *m, struct watermark_znode *entry)
{
	struct tree_walk *w = &m->walk, after = *w;
	const struct tree_block *k = tree_walk_take(&after);
	size_t end;

	if (k && is_subtree(&after, entry->path)) {
		entry->below = zxid_later(entry->below, tree_block_newest_below(k));
		entry->block = k;
		*w = after;
		return;
	}
	end = tree_subtree_end(w->tree, w->at);
	while (++w->at < end) {
		const struct znode *z = tree_at(w->tree, w->at);

		entry->below = zxid_later(entry->below, zxid_later(z->mzxid, z->pzxid));
	}
}

struct root {
	const char *path;
	bool is_config;
};

/* Next is a znode that is within the root. */
static void take_znode(struct making *m, const struct root *root)
{
	const struct znode *z = tree_at(m->walk.tree, m->walk.at);
	bool has_servers =
		root->is_config && config_place(z->path, root->path).level == CONFIG_OBJECT;
	struct watermark_znode entry = entry_of(z);

	if (has_servers)
		add_servers(m, &entry);
	else
		m->walk.at++;
	add(m, &entry, has_servers);
	pass_known(m, z->path);
}

static void add_root(struct making *m, const struct tree *t, const struct root *root)
{
	m->walk = tree_walk_from(t, tree_lower_bound(t, root->path));
	while (m->walk.at < tree_count(t)) {
		if (root->is_config && (take_known_blocks(m) || take_known(m)))
			continue;
		if (!path_is_within(tree_at(t, m->walk.at)->path, root->path))
			break;
		take_znode(m, root);
	}
}

static int by_root(const void *a, const void *b)
{
	const struct root *x = a, *y = b;

	return path_compare(x->path, y->path);
}

/* One root may be within another one. */
static bool has_passed(const struct watermark *w, const char *root)
{
	return w->count && path_compare(w->znodes[w->count - 1].path, root) >= 0;
}

/* In tree order: then what is added is in tree order, as what is known is. */
static void add_roots(struct making *m, const struct tree *t, const struct watermark_places *p)
{
	struct root roots[WATERMARK_ROOT_N];
	bool in_order = true;

	for (enum watermark_root r = 0; r < WATERMARK_ROOT_N; r++)
		roots[r] = (struct root){ watermark_root_path(m->out->arena, p, r),
					  r == WATERMARK_CONFIG };
	qsort(roots, WATERMARK_ROOT_N, sizeof(*roots), by_root);
	for (size_t i = 0; i < WATERMARK_ROOT_N; i++) {
		in_order = in_order && !has_passed(m->out, roots[i].path);
		add_root(m, t, &roots[i]);
	}
	if (!in_order)
		watermark_sort(m->out);
}

static void release(const void *tree)
{
	tree_unref((struct tree *)(uintptr_t)tree);
}

void watermark_of(struct tree *t, const struct watermark_places *p, const struct watermark *known,
		  struct watermark *out)
{
	struct digest digest = tree_revision(t, p->config);
	struct making m = { .out = out, .known = known, .room = (known ? known->count : 0) + 16 };

	*out = (struct watermark){ .arena = arena_new() };
	arena_own(out->arena, tree_ref(t), release);
	out->znodes = arena_array(out->arena, struct watermark_znode, m.room);
	add_roots(&m, t, p);
	digest_hex(&digest, out->revision);
}
