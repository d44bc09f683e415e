/* The watermark: compared with a later one. watermark_tree.c makes it of a tree. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/data/layout.h"
#include "watermark.h"

const char *watermark_root_path(struct arena *a, const struct watermark_places *p,
				enum watermark_root root)
{
	static const enum cluster_znode of_cluster[WATERMARK_ROOT_N] = {
		[WATERMARK_PLAN] = CLUSTER_PLAN,
		[WATERMARK_OVERRIDES] = CLUSTER_OVERRIDES,
		[WATERMARK_CONFIRMED] = CLUSTER_CONFIRMED,
	};

	return root == WATERMARK_CONFIG ? arena_strdup(a, p->config)
					: cluster_path(a, p->cluster, of_cluster[root], NULL);
}

void watermark_fini(struct watermark *w)
{
	arena_free(w->arena);
	*w = (struct watermark){ 0 };
}

static int by_path(const void *a, const void *b)
{
	const struct watermark_znode *x = a, *y = b;

	return path_compare(x->path, y->path);
}

static bool is_sorted(const struct watermark *w)
{
	for (size_t i = 1; i < w->count; i++) {
		if (by_path(&w->znodes[i - 1], &w->znodes[i]) > 0)
			return false;
	}
	return true;
}

void watermark_sort(struct watermark *w)
{
	if (!is_sorted(w))
		qsort(w->znodes, w->count, sizeof(*w->znodes), by_path);
}

const struct watermark_znode *watermark_find(const struct watermark *w, const char *path)
{
	const struct watermark_znode key = { .path = path };

	return w->count ? bsearch(&key, w->znodes, w->count, sizeof(key), by_path) : NULL;
}

/* --- the comparison -------------------------------------------------------------------------- */

struct comparison {
	const struct watermark *known, *now;
	const struct problems *unreadable;
	struct watermark_finding *finding;
};

static bool is_unreadable(const struct comparison *c, const char *path)
{
	for (size_t i = 0; i < c->unreadable->count; i++) {
		if (path_is_within(path, c->unreadable->items[i].znode))
			return true;
	}
	return false;
}

static bool has_unreadable_below(const struct comparison *c, const char *path)
{
	for (size_t i = 0; i < c->unreadable->count; i++) {
		if (path_is_below(c->unreadable->items[i].znode, path))
			return true;
	}
	return false;
}

static bool found(struct comparison *c, const char *path, int64_t expected, int64_t there)
{
	*c->finding = (struct watermark_finding){
		.path = path, .expected = expected, .found = there, .same_number = expected == there
	};
	return true;
}

static int64_t last_of(const struct watermark_znode *z)
{
	return zxid_later(zxid_later(z->czxid, z->mzxid), z->below);
}

static bool is_znode_older(struct comparison *c, const struct watermark_znode *k,
			   const struct watermark_znode *n)
{
	if (k->czxid != n->czxid)
		return n->czxid <= c->known->zxid && found(c, k->path, last_of(k), last_of(n));
	if (k->ctime != n->ctime)
		return found(c, k->path, k->czxid, n->czxid);
	if (n->mzxid < k->mzxid || (n->mzxid == k->mzxid && n->mtime != k->mtime))
		return found(c, k->path, k->mzxid, n->mzxid);
	return n->below < k->below && !has_unreadable_below(c, k->path) &&
	       found(c, k->path, k->below, n->below);
}

/* A root that was deleted was deleted after everything that was seen before. */
static bool is_root_lost(struct comparison *c, const char *path, int64_t evidence)
{
	const struct watermark_znode *k = watermark_find(c->known, path);

	return k && !watermark_find(c->now, path) && !is_unreadable(c, path) && evidence >= 0 &&
	       evidence <= c->known->zxid && found(c, k->path, last_of(k), 0);
}

/* Of the znodes that both have; both are in tree order. */
static bool is_any_older(struct comparison *c)
{
	const struct watermark *now = c->now;

	for (size_t i = 0, j = 0; i < c->known->count; i++) {
		const struct watermark_znode *k = &c->known->znodes[i];

		if (k->block && j < now->count && k->block == now->znodes[j].block) {
			j++;
			continue;
		}
		while (j < now->count && path_compare(now->znodes[j].path, k->path) < 0)
			j++;
		if (j == now->count || strcmp(now->znodes[j].path, k->path) != 0)
			continue;
		if (!is_unreadable(c, k->path) && is_znode_older(c, k, &now->znodes[j]))
			return true;
		j++;
	}
	return false;
}

bool watermark_is_older(const struct watermark *known, const struct watermark *now,
			const struct watermark_places *p, const struct problems *unreadable,
			const struct watermark_evidence *evidence,
			struct watermark_finding *finding)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct comparison c = { known, now, unreadable, finding };

	for (enum watermark_root r = 0; r < WATERMARK_ROOT_N; r++) {
		if (is_root_lost(&c, watermark_root_path(a, p, r),
				 evidence ? evidence->zxid[r] : 0))
			return true;
	}
	return is_any_older(&c);
}

void watermark_keep_unreadable(struct watermark *now, const struct watermark *known,
			       const struct problems *unreadable)
{
	const struct comparison c = { .unreadable = unreadable };
	const size_t readable = now->count;
	size_t room = now->count;

	for (size_t i = 0; unreadable->count && i < known->count; i++) {
		const struct watermark_znode *k = &known->znodes[i];
		const struct watermark there = { .znodes = now->znodes, .count = readable };
		struct watermark_znode *entry;

		if (!is_unreadable(&c, k->path) || watermark_find(&there, k->path))
			continue;
		now->znodes =
			arena_grow(now->arena, now->znodes, now->count, &room, sizeof(*entry));
		entry = &now->znodes[now->count++];
		*entry = *k;
		entry->path = arena_strdup(now->arena, k->path);
		entry->block = NULL; /* of another tree */
	}
	if (now->count == readable)
		return;
	watermark_sort(now);
	now->zxid = zxid_later(now->zxid, known->zxid);
	now->written = zxid_later(now->written, known->written);
}

/* --- what two have in common ----------------------------------------------------------------- */

/* The last transaction that both show of this znode; 0: none. */
static int64_t shared_of(const struct watermark_znode *x, const struct watermark_znode *y)
{
	int64_t last;

	if (!y || x->czxid != y->czxid || x->ctime != y->ctime)
		return 0;
	last = x->czxid;
	if (x->mzxid == y->mzxid && x->mtime == y->mtime)
		last = zxid_later(last, x->mzxid);
	return x->below == y->below ? zxid_later(last, x->below) : last;
}

int64_t watermark_shared(const struct watermark *a, const struct watermark *b)
{
	int64_t last = 0;

	for (size_t i = 0; i < a->count; i++)
		last = zxid_later(last,
				  shared_of(&a->znodes[i], watermark_find(b, a->znodes[i].path)));
	return last;
}

bool watermark_shows(const struct watermark *known, const struct watermark *now, int64_t after)
{
	return watermark_shared(known, now) > after;
}
