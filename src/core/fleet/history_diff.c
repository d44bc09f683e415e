/*
 * Two configs side by side, in one walk over both in tree order: what changed from one to the
 * other, and what to write to get back.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/history.h>

#include "config_note.h"
#include "core/data/layout.h"

/* One path, and what each side has there (one of the two may be NULL). */
struct pair {
	const struct znode *now, *old;
};

struct walk {
	const struct tree *now, *old; /* either may be NULL */
	const char *root;
	size_t i, j;
};

static struct walk walk_begin(const struct tree *now, const struct tree *old, const char *root)
{
	return (struct walk){
		.now = now,
		.old = old,
		.root = root,
		.i = now ? tree_lower_bound(now, root) : 0,
		.j = old ? tree_lower_bound(old, root) : 0,
	};
}

static const struct znode *at(const struct tree *t, size_t i, const char *root)
{
	if (!t || i == tree_count(t) || !path_relative(tree_at(t, i)->path, root))
		return NULL;
	return tree_at(t, i);
}

static bool walk_next(struct walk *w, struct pair *p)
{
	const struct znode *now = at(w->now, w->i, w->root), *old = at(w->old, w->j, w->root);
	int order = now && old ? path_compare(now->path, old->path) : now ? -1 : 1;

	*p = (struct pair){ order <= 0 ? now : NULL, order >= 0 ? old : NULL };
	w->i += p->now != NULL;
	w->j += p->old != NULL;
	return p->now || p->old;
}

static const char *path_of(const struct pair *p)
{
	return p->now ? p->now->path : p->old->path;
}

static bool is_server(const char *path, const char *root)
{
	size_t upstream = path_upstream(path, root);

	return upstream && path[upstream];
}

/* --- what changed ---------------------------------------------------------------------------- */

static char sign(const struct pair *p)
{
	if (!p->old || !p->now)
		return p->now ? '+' : '-';
	return znode_same(p->now, p->old) ? '\0' : '~';
}

size_t history_changes(struct arena *a, const struct tree *before, const struct tree *after,
		       const char *root, size_t most, const char ***out)
{
	struct walk w = walk_begin(after, before, root);
	struct pair p;
	size_t count = 0;

	*out = arena_array(a, const char *, most);
	while (walk_next(&w, &p)) {
		char c = sign(&p);

		if (!c || !*path_relative(path_of(&p), root) || is_server(path_of(&p), root))
			continue;
		if (count < most)
			(*out)[count] = arena_printf(a, "%c%s", c, path_of(&p));
		count++;
	}
	return count;
}

/* --- the way back ---------------------------------------------------------------------------- */

struct op_list {
	struct history_op *items;
	size_t count, room;
};

struct restore {
	struct arena *arena;
	struct walk walk;
	struct op_list creates, sets, deletes;
	struct history_op root; /* removes a mark, after everything else … */
	bool is_marked;         /* … if there is one */
	/* The upstream that was looked at last, and who has it. */
	const char *upstream;
	size_t upstream_size;
	bool is_now, was_old;
};

static void add(struct op_list *l, struct history_op op)
{
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 16;
		l->items = xrealloc(l->items, l->room * sizeof(*l->items));
	}
	l->items[l->count++] = op;
}

static bool has(const struct tree *t, const char *path)
{
	size_t i = tree_lower_bound(t, path);

	return i < tree_count(t) && path_relative(tree_at(t, i)->path, path);
}

/* Which side has the upstream that path is a server of? Its servers come in one run. */
static void look_at_upstream(struct restore *r, const char *path)
{
	size_t size = path_upstream(path, r->walk.root);
	CLEANUP(freep) char *upstream = NULL;

	if (r->upstream && r->upstream_size == size && strncmp(r->upstream, path, size) == 0)
		return;
	upstream = xasprintf("%.*s", (int)size, path);
	r->upstream = path;
	r->upstream_size = size;
	r->is_now = has(r->walk.now, upstream);
	r->was_old = has(r->walk.old, upstream);
}

/*
 * A restore does not touch the servers of an upstream that is in both trees, and does not create a
 * registration whose session is over. For a server, look_at_upstream() has to be called first.
 */
static bool is_kept_by_restore(const struct restore *r, const struct pair *p)
{
	const char *path = path_of(p);

	if (!is_server(path, r->walk.root))
		return false;
	if (r->is_now && r->was_old)
		return true;
	return p->old && p->old->owner; /* its session is over */
}

static bool has_mark(struct restore *r, const struct znode *z)
{
	struct config_note note;

	config_note_parse(r->arena, z->data, z->size, &note);
	return note.unfinished;
}

/* The root's own data. Its mark says that the config is incomplete, until the end of the restore.
 */
static void restore_root(struct restore *r, const struct pair *p)
{
	const struct znode empty = { .path = r->walk.root, .data = "" };
	const struct znode old = config_note_unmarked(r->arena, p->old ?: &empty);
	struct history_op op = { .path = path_of(p), .data = old.data, .size = old.size };

	if (!p->now) {
		op.kind = HISTORY_CREATE;
		add(&r->creates, op);
		return;
	}
	op.kind = HISTORY_SET;
	op.version = p->now->version;
	if (has_mark(r, p->now)) {
		r->root = op;
		r->is_marked = true;
	} else if (p->old && !znode_same(p->now, &old)) {
		add(&r->sets, op);
	}
}

static void restore_pair(struct restore *r, const struct pair *p)
{
	struct history_op op = { .path = path_of(p) };

	if (p->now)
		op.version = p->now->version;
	if (p->old) {
		op.data = p->old->data;
		op.size = p->old->size;
	}
	if (!*path_relative(op.path, r->walk.root)) {
		restore_root(r, p);
		return;
	}
	if (is_server(op.path, r->walk.root))
		look_at_upstream(r, op.path);
	if (is_kept_by_restore(r, p))
		return;
	if (!p->now) {
		op.kind = HISTORY_CREATE;
		add(&r->creates, op);
	} else if (!p->old) {
		op.kind = HISTORY_DELETE;
		add(&r->deletes, op);
	} else if (!znode_same(p->now, p->old)) {
		op.kind = HISTORY_SET;
		add(&r->sets, op);
	}
}

/* Tree order has parents first; from its end it has children first. */
static size_t finish(struct arena *a, struct restore *r, struct history_op **out)
{
	size_t count = r->creates.count + r->sets.count + r->deletes.count + r->is_marked, n = 0;

	*out = arena_array(a, struct history_op, count);
	for (size_t i = 0; i < r->creates.count; i++)
		(*out)[n++] = r->creates.items[i];
	for (size_t i = 0; i < r->sets.count; i++)
		(*out)[n++] = r->sets.items[i];
	for (size_t i = r->deletes.count; i-- > 0;)
		(*out)[n++] = r->deletes.items[i];
	if (r->is_marked)
		(*out)[n++] = r->root;
	free(r->creates.items);
	free(r->sets.items);
	free(r->deletes.items);
	return count;
}

size_t history_restore(struct arena *a, const struct tree *now, const struct tree *old,
		       const char *root, struct history_op **out)
{
	struct restore r = { .arena = a, .walk = walk_begin(now, old, root) };
	struct pair p;

	while (walk_next(&r.walk, &p))
		restore_pair(&r, &p);
	return finish(a, &r, out);
}
