/*
 * The layout of the znodes, as two tables and what follows from them.
 */
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/model.h>

#include "layout.h"

#define OTHER_MOST ((size_t)64 << 10) /* bytes of a server, of a directory, of the root */

static const struct kind {
	const char *directory, *child, *ending;
	size_t most; /* bytes of data of an object */
	enum kind_role role;
	enum protocol protocol;
} kinds[CONFIG_KIND_N] = {
#define X(name, directory, child, ending, most, role, protocol)                                    \
	[CONFIG_##name] = { directory, child, ending, (size_t)(most) << 10, role, protocol },
	CONFIG_KINDS(X)
#undef X
};

/* --- taking paths apart ---------------------------------------------------------------------- */

/* What follows "DIRECTORY/" in relative, "" for the directory itself; NULL: it is elsewhere. */
static const char *below_directory(const char *directory, const char *relative)
{
	size_t size = strlen(directory);

	if (strncmp(relative, directory, size) != 0 ||
	    (relative[size] != '/' && relative[size] != '\0'))
		return NULL;
	return relative + size + (relative[size] == '/');
}

/* "snippets" is above "snippets/http". */
static bool is_above_directory(const char *relative, const char *directory)
{
	size_t size = strlen(relative);

	return strncmp(directory, relative, size) == 0 && directory[size] == '/';
}

static struct config_place place_below(enum config_kind kind, const char *name)
{
	const char *slash = strchr(name, '/');

	if (!*name)
		return (struct config_place){ .level = CONFIG_DIRECTORY, .kind = CONFIG_KIND_N };
	return (struct config_place){
		.level = slash ? CONFIG_CHILD : CONFIG_OBJECT,
		.kind = kind,
		.name = name,
		.name_size = slash ? (size_t)(slash - name) : strlen(name),
		.child = slash ? slash + 1 : NULL,
	};
}

struct config_place config_place(const char *path, const char *root)
{
	const char *relative = path_relative(path, root);
	struct config_place place = { .level = CONFIG_UNKNOWN, .kind = CONFIG_KIND_N };

	if (!relative || !*relative) {
		place.level = relative ? CONFIG_ROOT : CONFIG_OUTSIDE;
		return place;
	}
	for (size_t k = 0; k < CONFIG_KIND_N; k++) {
		const char *name = below_directory(kinds[k].directory, relative);

		if (name)
			return place_below((enum config_kind)k, name);
		if (is_above_directory(relative, kinds[k].directory))
			place.level = CONFIG_DIRECTORY;
	}
	return place;
}

/* Does the text of `size` bytes end in "/DIRECTORY"? */
static bool ends_in_directory(const char *path, size_t size, const char *directory)
{
	size_t tail = strlen(directory);

	return size > tail && path[size - tail - 1] == '/' &&
	       strncmp(path + size - tail, directory, tail) == 0;
}

enum config_kind config_kind_at_end(const char *path, size_t *root_size)
{
	const char *name = path_name(path);
	size_t size = name > path && *name ? (size_t)(name - path) - 1 : 0;

	for (size_t k = 0; k < CONFIG_KIND_N; k++) {
		if (!ends_in_directory(path, size, kinds[k].directory))
			continue;
		if (root_size)
			*root_size = size - strlen(kinds[k].directory) - 1;
		return (enum config_kind)k;
	}
	return CONFIG_KIND_N;
}

size_t path_upstream(const char *path, const char *root)
{
	struct config_place p = config_place(path, root);

	if (p.kind != CONFIG_UPSTREAM)
		return 0;
	return p.level == CONFIG_CHILD && !*p.child ? strlen(path)
						    : (size_t)(p.name - path) + p.name_size;
}

/* --- putting paths together ------------------------------------------------------------------ */

const char *config_directory(enum config_kind kind)
{
	return kinds[kind].directory;
}

enum kind_role config_role(enum config_kind kind)
{
	return kinds[kind].role;
}

enum protocol config_protocol(enum config_kind kind)
{
	return kinds[kind].protocol;
}

const char *config_name_error(enum config_kind kind, const char *name)
{
	if (kind == CONFIG_UPSTREAM)
		return upstream_name_is_valid(name)
			       ? NULL
			       : "invalid name: expected 1 to 63 bytes of a-z, A-Z, 0-9 and, after "
				 "the first byte, _ . -";
	if (kind == CONFIG_DEFAULTS)
		return strcmp(name, "site") == 0 || strcmp(name, "location") == 0 ||
				       strcmp(name, "upstream") == 0
			       ? NULL
			       : "unexpected znode: expected defaults/site, defaults/location or "
				 "defaults/upstream";
	return name_is_valid(name) ? NULL
				   : "invalid name: expected 1 to 63 bytes of a-z, 0-9 and, after "
				     "the first byte, _ . -";
}

size_t config_data_most(const char *path, const char *root)
{
	struct config_place p = config_place(path, root);

	if (p.level == CONFIG_OUTSIDE)
		return SIZE_MAX;
	return p.level == CONFIG_OBJECT ? kinds[p.kind].most : OTHER_MOST;
}

bool config_has_children(enum config_kind kind)
{
	return kinds[kind].child;
}

char *config_path(const char *root, enum config_kind kind, const char *name)
{
	return xasprintf("%s/%s/%s", strcmp(root, "/") == 0 ? "" : root, kinds[kind].directory,
			 name);
}

void config_print_kinds(struct buf *out)
{
	for (size_t k = 0; k < CONFIG_KIND_N; k++) {
		const struct kind *kind = &kinds[k];

		buf_printf(out, "%s%s/NAME",
			   !k                      ? ""
			   : k + 1 < CONFIG_KIND_N ? ", "
						   : " or ",
			   kind->directory);
		if (kind->child)
			buf_printf(out, "[/%s]", kind->child);
	}
}

/* --- as files -------------------------------------------------------------------------------- */

bool config_file_is_ignored(const char *name)
{
	return *name == '.' || name[strlen(name) - 1] == '~' || strncmp(name, "README", 6) == 0;
}

const char *config_file(struct arena *a, const char *path, const char *root)
{
	struct config_place p = config_place(path, root);
	const char *file;

	if (p.level == CONFIG_OBJECT)
		file = arena_printf(a, "%s%s", path_relative(path, root), kinds[p.kind].ending);
	else if (p.level == CONFIG_CHILD && kinds[p.kind].child && *p.child &&
		 !strchr(p.child, '/') &&
		 !config_file_is_ignored(arena_copy(a, p.name, p.name_size)))
		file = arena_strdup(a, path_relative(path, root));
	else
		return NULL;
	return config_file_is_ignored(path_name(file)) ? NULL : file;
}

/* The size of "shop" in "shop.json"; 0: the name does not end so. */
static size_t size_without(const char *name, const char *ending)
{
	size_t size = strlen(name), tail = strlen(ending);

	return size > tail && strcmp(name + size - tail, ending) == 0 ? size - tail : 0;
}

const char *config_file_znode(struct arena *a, const char *file, const char *root)
{
	const char *above = strcmp(root, "/") == 0 ? "" : root;
	const char *path = arena_printf(a, "%s/%s", above, file);
	struct config_place p = config_place(path, root);
	size_t size;

	if (p.level == CONFIG_CHILD)
		return config_file(a, path, root) ? path : NULL;
	if (p.level != CONFIG_OBJECT ||
	    (size = size_without(path_name(path), kinds[p.kind].ending)) == 0)
		return NULL;
	return arena_printf(a, "%s/%s/%.*s", above, kinds[p.kind].directory, (int)size, p.name);
}

void config_print_files(struct buf *out)
{
	for (size_t k = 0; k < CONFIG_KIND_N; k++) {
		const struct kind *kind = &kinds[k];

		buf_printf(out, "%s%s/NAME%s", k ? ", " : "", kind->directory, kind->ending);
		if (kind->child)
			buf_printf(out, ", %s/NAME/%s", kind->directory, kind->child);
	}
}

static const char *const cluster_names[CLUSTER_ZNODE_N] = {
#define X(name, text) [CLUSTER_##name] = text,
	CLUSTER_ZNODES(X)
#undef X
};

const char *cluster_name(enum cluster_znode z)
{
	return cluster_names[z];
}

const char *cluster_path(struct arena *a, const char *cluster, enum cluster_znode z,
			 const char *child)
{
	return arena_printf(a, "%s/%s%s%s", cluster, cluster_names[z], child ? "/" : "",
			    child ? child : "");
}

char *cluster_path_new(const char *cluster, enum cluster_znode z, const char *child)
{
	return xasprintf("%s/%s%s%s", cluster, cluster_names[z], child ? "/" : "",
			 child ? child : "");
}

/* --- the config as a whole ------------------------------------------------------------------- */

static size_t first_below(const struct tree *t, const char *root)
{
	size_t i = tree_lower_bound(t, root);

	return i + (i < tree_count(t) && strcmp(tree_at(t, i)->path, root) == 0);
}

bool config_has_objects(const struct tree *t, const char *root)
{
	for (size_t i = first_below(t, root); i < tree_count(t); i++) {
		enum config_level level = config_place(tree_at(t, i)->path, root).level;

		if (level == CONFIG_OUTSIDE)
			break;
		if (level == CONFIG_OBJECT || level == CONFIG_CHILD)
			return true;
	}
	return false;
}

static struct digest find_revision(const struct tree *t, const char *root)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();

	for (size_t i = first_below(t, root);
	     i < tree_count(t) && path_is_below(tree_at(t, i)->path, root);) {
		const struct znode *z = tree_at(t, i);
		const char *relative = path_relative(z->path, root);
		size_t upstream = path_upstream(z->path, root);
		bool is_server = upstream && z->path[upstream];

		i = upstream && !is_server ? tree_subtree_end(t, i) : i + 1;
		if (is_server)
			continue;
		digester_add_field(d, relative, strlen(relative));
		digester_add_field(d, z->data, z->size);
	}
	return digester_finish(d);
}

struct digest tree_revision(const struct tree *t, const char *root)
{
	struct tree_facts *f = tree_facts(t, root);

	if (f && f->has_revision)
		return f->revision;
	if (!f)
		return find_revision(t, root);
	f->revision = find_revision(t, root);
	f->has_revision = true;
	return f->revision;
}

/* Below the root of a config. */
struct objects {
	struct tree_walk walk;
	size_t end;
	const char *root;
};

static struct objects objects_of(const struct tree *t, const char *root)
{
	size_t first = first_below(t, root), end = first;

	if (first && first <= tree_count(t) && strcmp(tree_at(t, first - 1)->path, root) == 0)
		end = tree_subtree_end(t, first - 1);
	while (end < tree_count(t) && path_is_below(tree_at(t, end)->path, root))
		end++;
	return (struct objects){ tree_walk_from(t, first), end, root };
}

/* The next one that is no server, and moves past it and its servers; NULL: there is none. */
static const struct znode *next_object(struct objects *o)
{
	const struct tree *t = o->walk.tree;

	while (o->walk.at < o->end) {
		const struct znode *z = tree_at(t, o->walk.at);
		size_t upstream = path_upstream(z->path, o->root);
		bool is_server = upstream && z->path[upstream];

		o->walk.at =
			upstream && !is_server ? tree_subtree_end(t, o->walk.at) : o->walk.at + 1;
		if (!is_server)
			return z;
	}
	return NULL;
}

static bool have_same_objects(struct objects *a, struct objects *b)
{
	for (;;) {
		const struct znode *x, *y;

		if (a->walk.at < a->end && b->walk.at < b->end &&
		    tree_walk_both(&a->walk, &b->walk))
			continue;
		x = next_object(a);
		y = next_object(b);
		if (!x || !y)
			return x == y;
		if (x != y && (x->czxid != y->czxid || !znode_same(x, y)))
			return false;
	}
}

void tree_follow(struct tree *t, const struct tree *before)
{
	const char *root = tree_facts_root(before);
	struct objects a, b;

	if (!root)
		return;
	a = objects_of(before, root);
	b = objects_of(t, root);
	if (have_same_objects(&a, &b))
		tree_share_facts(t, before);
}
