/*
 * Znodes by themselves: how they are shared, and what makes two of them the same. Each that is kept
 * is one allocation with its path and its data.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/tree.h>

/* A znode that is reference counted, with its path and its data. */
struct kept {
	unsigned refs;
	struct znode znode;
	char bytes[];
};

static struct kept *kept_of(const struct znode *z)
{
	return (struct kept *)((uintptr_t)z - offsetof(struct kept, znode));
}

/* All but path and data. */
static bool has_same_stat(const struct znode *a, const struct znode *b)
{
	return a->version == b->version && a->mzxid == b->mzxid && a->czxid == b->czxid &&
	       a->pzxid == b->pzxid && a->mtime == b->mtime && a->ctime == b->ctime &&
	       a->owner == b->owner;
}

static bool is_unchanged(const struct znode *z)
{
	const struct znode *k = z->kept;

	return k == z || (k && z->path == k->path && z->data == k->data && z->size == k->size &&
			  has_same_stat(z, k));
}

static const struct znode *keep_copy(const struct znode *z)
{
	size_t path_size = strlen(z->path) + 1;
	struct kept *k = xmalloc(sizeof(*k) + path_size + z->size + 1);

	k->refs = 1;
	k->znode = *z;
	k->znode.kept = &k->znode;
	k->znode.path = memcpy(k->bytes, z->path, path_size);
	k->znode.data = k->bytes + path_size;
	if (z->size)
		memcpy(k->bytes + path_size, z->data, z->size);
	k->bytes[path_size + z->size] = '\0';
	return &k->znode;
}

const struct znode *znode_keep(const struct znode *z)
{
	if (!is_unchanged(z))
		return keep_copy(z);
	kept_of(z->kept)->refs++;
	return z->kept;
}

void znode_release(const struct znode *z)
{
	if (z && !--kept_of(z)->refs)
		free(kept_of(z));
}

static void release(const void *z)
{
	znode_release(z);
}

const struct znode *znode_keep_in(struct arena *a, const struct znode *z)
{
	const struct znode *kept = znode_keep(z);

	arena_own(a, kept, release);
	return kept;
}

struct znode znode_copy(struct arena *a, const struct znode *z)
{
	return *znode_keep_in(a, z);
}

bool znode_same(const struct znode *a, const struct znode *b)
{
	return a == b || (a->size == b->size && strcmp(a->path, b->path) == 0 &&
			  memcmp(a->data, b->data, a->size) == 0);
}

bool znode_equal(const struct znode *a, const struct znode *b)
{
	return a == b || (has_same_stat(a, b) && znode_same(a, b));
}

struct digest znode_digest(const struct znode *z)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();

	digester_add_field(d, z->path, strlen(z->path));
	digester_add_field(d, z->data, z->size);
	return digester_finish(d);
}
