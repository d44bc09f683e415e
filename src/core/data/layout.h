/*
 * The layout: which znode lies where, below the config root and below the cluster root. Every path
 * of ours is taken apart and put together here, for the daemon, the command and the tests.
 *
 * Another kind of object of the config is one row of CONFIG_KINDS (zknginx/kind.h); another znode
 * of the cluster is one row of CLUSTER_ZNODES.
 */
#ifndef ZKNGINX_DATA_LAYOUT_H
#define ZKNGINX_DATA_LAYOUT_H

#include <zknginx/kind.h>
#include <zknginx/tree.h>

/* --- below zookeeper.config ------------------------------------------------------------------ */

enum config_level {
	CONFIG_OUTSIDE, /* neither the root nor below it */
	CONFIG_ROOT,
	CONFIG_DIRECTORY, /* "upstreams", "snippets", "snippets/http" */
	CONFIG_OBJECT,    /* "upstreams/NAME" */
	CONFIG_CHILD,     /* below an object, at any depth: "upstreams/NAME/HOST:PORT" */
	CONFIG_UNKNOWN,   /* below the root, in no directory of a kind */
};

struct config_place {
	enum config_level level;
	enum config_kind kind; /* of OBJECT and CHILD; CONFIG_KIND_N otherwise */
	const char *name; /* of OBJECT and CHILD, borrowed from the path: the object's name … */
	size_t name_size;
	const char *child; /* of CHILD: what follows the name and a slash; NULL otherwise */
};
struct config_place config_place(const char *path, const char *root);

/* ROOT/upstreams/NAME; the caller frees. */
char *config_path(const char *root, enum config_kind kind, const char *name);
/* "upstreams", "snippets/http" */
const char *config_directory(enum config_kind kind);
enum kind_role config_role(enum config_kind kind);
/* Of a definition or a snippet, unless its znode says otherwise. */
enum protocol config_protocol(enum config_kind kind);
/* May an object of this kind have the name? NULL, or why not: a sentence. */
const char *config_name_error(enum config_kind kind, const char *name);
/* How many bytes of data a znode at this path may have; SIZE_MAX outside of the root. */
size_t config_data_most(const char *path, const char *root);
/* May an object of this kind have child znodes? */
bool config_has_children(enum config_kind kind);
/* "upstreams/NAME[/HOST:PORT], sites/NAME or …", for messages. */
void config_print_kinds(struct buf *out);

/*
 * The config as files: "upstreams/shop.json", "upstreams/shop/10.0.0.1:80", "sites/shop.json",
 * "snippets/http/x.conf". Both return a path in the arena, or NULL: that znode or file is none of
 * an object or of a server.
 */
const char *config_file(struct arena *a, const char *path, const char *root);
/* Is a file or directory of this name none of the config: hidden, a backup ("x~"), a README? A
 * znode whose file would have such a name has no file. */
bool config_file_is_ignored(const char *name);
const char *config_file_znode(struct arena *a, const char *file, const char *root);
/* "upstreams/NAME.json, upstreams/NAME/HOST:PORT, sites/NAME.json, …", for messages. */
void config_print_files(struct buf *out);

/* For a path whose root is not known: the kind of object that a path ends like, and how much of it
 * is the root; CONFIG_KIND_N: it ends like none. */
enum config_kind config_kind_at_end(const char *path, size_t *root_size);

/* Is there an object, or anything below one? */
bool config_has_objects(const struct tree *t, const char *root);

/*
 * How much of path is ROOT/upstreams/NAME, of that znode and of all below it, which are the
 * endpoints that a revision leaves out; 0: it is neither.
 */
size_t path_upstream(const char *path, const char *root);

/*
 * The revision: SHA-256 of the operators' config below root (relative paths and
 * bytes in tree order), with the children of upstreams/NAME left out, so that it
 * names what people wrote and not which servers are up.
 */
struct digest tree_revision(const struct tree *t, const char *root);
/* What is known of the objects of `before` (tree.h) is known of t as well, if t has the same ones:
 * the same paths, bytes and transactions of creation. */
void tree_follow(struct tree *t, const struct tree *before);

/* --- below zookeeper.cluster ----------------------------------------------------------------- */

#define CLUSTER_ZNODES(X)                                                                          \
	X(PLAN, "plan")                                                                            \
	X(REQUEST, "request")                                                                      \
	X(LIVE, "live")                                                                            \
	X(HISTORY, "history")                                                                      \
	X(MEMBERS, "members")                                                                      \
	X(REPORTS, "reports")                                                                      \
	X(OVERRIDES, "overrides")                                                                  \
	X(CONFIRMED, "confirmed")                                                                  \
	X(ELECTION, "election")

enum cluster_znode {
#define X(name, text) CLUSTER_##name,
	CLUSTER_ZNODES(X)
#undef X
		CLUSTER_ZNODE_N
};

/* "plan", "request" */
const char *cluster_name(enum cluster_znode z);
/* CLUSTER/plan; child (may be NULL): CLUSTER/members/CHILD. In the arena, or for the caller to
 * free. */
const char *cluster_path(struct arena *a, const char *cluster, enum cluster_znode z,
			 const char *child);
char *cluster_path_new(const char *cluster, enum cluster_znode z, const char *child);

#endif
