/*
 * One walk over both trees in tree order. What is below an object that is deleted is deleted with
 * it, whatever it is: ZooKeeper deletes no znode that has children.
 */
#include <string.h>

#include <zknginx/err.h>

#include "config_edit.h"
#include "core/data/layout.h"
#include "core/decode/meaning.h"

/* Of an operation in a request, beside its path and data: headers, an ACL, lengths. */
#define OVERHEAD 128

/* A growing list of paths. */
struct paths {
	const char **items;
	size_t count, room;
};

struct walk {
	struct config_edit *edit;
	const struct config_edit_input *in;
	struct arena *arena;
	struct meaning meaning;
	size_t room;
	struct paths registered, shadowed, unnamed;
	const char *deleted; /* the object that is being deleted, with all below it; NULL: none */
};

static void add_path(struct walk *w, struct paths *p, const char *path)
{
	p->items = arena_grow(w->arena, p->items, p->count, &p->room, sizeof(*p->items));
	p->items[p->count++] = path;
}

static void add_change(struct walk *w, const struct znode *old, const struct znode *new,
		       bool is_object)
{
	struct config_edit *e = w->edit;

	e->changes = arena_grow(w->arena, e->changes, e->count, &w->room, sizeof(*e->changes));
	e->changes[e->count++] = (struct config_change){
		.path = (old ?: new)->path, .old = old, .new = new, .is_object = is_object
	};
	e->created += !old;
	e->deleted += !new;
	e->changed += old && new;
}

char config_change_sign(const struct config_change *c)
{
	return !c->old ? '+' : !c->new ? '-' : '~';
}

static void look_at_deletion(struct walk *w, const struct znode *old, bool is_object)
{
	if (w->in->keep)
		return;
	if (is_object) {
		w->deleted = old->path;
		w->edit->objects_deleted++;
	}
	add_change(w, old, NULL, is_object);
}

/* Something below an object that is being deleted. */
static void look_below_deleted(struct walk *w, const struct znode *old)
{
	if (old->owner)
		add_path(w, &w->registered, old->path);
	add_change(w, old, NULL, false);
}

static void look_at_both(struct walk *w, const struct znode *old, const struct znode *new,
			 bool is_object)
{
	if (!meaning_same(&w->meaning, old, new))
		add_change(w, old, new, is_object);
}

static void look_at_server(struct walk *w, const struct znode *old, const struct znode *new)
{
	bool is_registered = (old && old->owner) || (new &&new->owner);

	if (w->in->objects_only)
		return;
	if (is_registered && old && new)
		add_path(w, &w->shadowed, new->path);
	else if (is_registered)
		return;
	else if (old && new)
		look_at_both(w, old, new, false);
	else if (old)
		look_at_deletion(w, old, false);
	else
		add_change(w, NULL, new, false);
}

static void look_at_object(struct walk *w, const struct znode *old, const struct znode *new)
{
	w->edit->objects += old != NULL;
	if (old && new)
		look_at_both(w, old, new, true);
	else if (old)
		look_at_deletion(w, old, true);
	else
		add_change(w, NULL, new, true);
}

/* Can this znode not be a file? Then a directory without it says nothing about it. */
static bool is_unnamed(struct walk *w, const char *path)
{
	return w->in->is_directory && !config_file(w->arena, path, w->in->root);
}

/* What an application has registered is no part of what an operator keeps as files. */
static void add_unnamed(struct walk *w, const struct znode *old, enum config_level level)
{
	if (old && (level != CONFIG_CHILD || !old->owner))
		add_path(w, &w->unnamed, old->path);
}

static void look(struct walk *w, const struct znode *old, const struct znode *new)
{
	const char *path = (old ?: new)->path;
	struct config_place p = config_place(path, w->in->root);

	if (w->deleted && path_is_below(path, w->deleted)) {
		if (old)
			look_below_deleted(w, old);
		return;
	}
	w->deleted = NULL;
	if (p.level == CONFIG_ROOT || p.level == CONFIG_DIRECTORY)
		return;
	if (is_unnamed(w, path))
		add_unnamed(w, old, p.level);
	else if (p.level == CONFIG_UNKNOWN)
		return;
	else if (p.level == CONFIG_OBJECT)
		look_at_object(w, old, new);
	else
		look_at_server(w, old, new);
}

static const struct znode *at(const struct tree *t, size_t i, const char *root)
{
	if (i == tree_count(t) || !path_relative(tree_at(t, i)->path, root))
		return NULL;
	return tree_at(t, i);
}

static void walk(struct walk *w)
{
	const struct config_edit_input *in = w->in;
	size_t i = tree_lower_bound(in->old, in->root), j = tree_lower_bound(in->new, in->root);

	for (;;) {
		const struct znode *old = at(in->old, i, in->root), *new = at(in->new, j, in->root);
		int order;

		if (!old && !new)
			return;
		order = old && new ? path_compare(old->path, new->path) : old ? -1 : 1;
		look(w, order <= 0 ? old : NULL, order >= 0 ? new : NULL);
		i += order <= 0;
		j += order >= 0;
	}
}

void config_edit_make(struct config_edit *out, struct arena *a, const struct config_edit_input *in)
{
	struct walk w = { .edit = out, .in = in, .arena = a };

	*out = (struct config_edit){ .in = in };
	w.meaning = (struct meaning){ .root = in->root, .policy = in->policy, .tree = in->new };
	walk(&w);
	out->registered = w.registered.items;
	out->registered_count = w.registered.count;
	out->shadowed = w.shadowed.items;
	out->shadowed_count = w.shadowed.count;
	out->unnamed = w.unnamed.items;
	out->unnamed_count = w.unnamed.count;
}

/* --- what to write --------------------------------------------------------------------------- */

struct op_list {
	struct arena *arena;
	struct history_op *items;
	size_t count, room;
};

static void add_op(struct op_list *l, struct history_op op)
{
	l->items = arena_grow(l->arena, l->items, l->count, &l->room, sizeof(*l->items));
	l->items[l->count++] = op;
}

static bool is_listed(const struct op_list *l, const char *path)
{
	for (size_t i = l->count; i-- > 0;) {
		if (strcmp(l->items[i].path, path) == 0)
			return true;
	}
	return false;
}

/* The directories between the root and the object ("snippets", "snippets/http") that `old` does not
 * have. There are few, and they are the first of all operations. */
static void add_parents(const struct config_edit *e, struct op_list *l, const char *path)
{
	const char *at = path_relative(path, e->in->root);

	for (const char *slash = strchr(at, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *parent = arena_copy(l->arena, path, (size_t)(slash - path));

		if (config_place(parent, e->in->root).level == CONFIG_DIRECTORY &&
		    !tree_find(e->in->old, parent) && !is_listed(l, parent))
			add_op(l, (struct history_op){
					  .kind = HISTORY_CREATE, .path = parent, .data = "" });
	}
}

static void add_creates(const struct config_edit *e, struct op_list *l)
{
	for (size_t i = 0; i < e->count; i++) {
		if (!e->changes[i].old)
			add_parents(e, l, e->changes[i].path);
	}
	for (size_t i = 0; i < e->count; i++) {
		const struct config_change *c = &e->changes[i];

		if (!c->old)
			add_op(l, (struct history_op){ .kind = HISTORY_CREATE,
						       .path = c->path,
						       .data = c->new->data,
						       .size = c->new->size });
	}
}

size_t config_edit_ops(const struct config_edit *e, struct arena *a, struct history_op **out)
{
	struct op_list l = { .arena = a };

	add_creates(e, &l);
	for (size_t i = 0; i < e->count; i++) {
		const struct config_change *c = &e->changes[i];

		if (c->old && c->new)
			add_op(&l, (struct history_op){ .kind = HISTORY_SET,
							.path = c->path,
							.data = c->new->data,
							.size = c->new->size,
							.version = c->old->version });
	}
	for (size_t i = e->count; i-- > 0;) {
		const struct config_change *c = &e->changes[i];
		const struct znode *old = c->new ? NULL : c->old;

		if (old)
			add_op(&l, (struct history_op){ .kind = HISTORY_DELETE,
							.path = c->path,
							.data = old->data,
							.size = old->size,
							.version = old->version });
	}
	*out = l.items;
	return l.count;
}

/* Changes are in the order of the tree. */
struct tree *config_edit_result(const struct config_edit *e, struct arena *a)
{
	struct tree_builder b;
	struct history_op *ops;
	size_t count = config_edit_ops(e, a, &ops), next = 0;
	struct tree *t;

	tree_builder_init(&b);
	for (size_t i = 0; i < tree_count(e->in->old); i++) {
		const struct znode *z = tree_at(e->in->old, i);

		while (next < e->count && path_compare(e->changes[next].path, z->path) < 0)
			next++;
		if (next == e->count || strcmp(e->changes[next].path, z->path) != 0)
			tree_builder_add(&b, z);
	}
	for (size_t i = 0; i < count; i++) {
		if (ops[i].kind != HISTORY_DELETE)
			tree_builder_add(&b, &(struct znode){ .path = ops[i].path,
							      .data = ops[i].data,
							      .size = ops[i].size });
	}
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

size_t config_edit_fitting(const struct history_op *ops, size_t count, size_t begin, size_t limit,
			   size_t extra)
{
	size_t end = begin, size = extra + OVERHEAD;

	for (; end < count; end++) {
		size += OVERHEAD + strlen(ops[end].path) +
			(ops[end].kind == HISTORY_DELETE ? 0 : ops[end].size);
		if (size > limit && end > begin)
			break;
	}
	return end;
}
