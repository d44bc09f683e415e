/*
 * An edit: what leads from one config to another, znode by znode. Znodes whose two forms mean the
 * same (core/decode/meaning.h) are not part of it, and neither are servers that applications have
 * registered (ephemeral znodes).
 */
#ifndef ZKNGINX_CONFIG_EDIT_H
#define ZKNGINX_CONFIG_EDIT_H

#include <zknginx/history.h>
#include <zknginx/tree.h>

#include "core/policy/policy.h"

struct config_change {
	const char *path;
	const struct znode *old, *new; /* of the trees; NULL: there is none */
	bool is_object;                /* not a server */
};

/* Borrowed for as long as the edit is used. */
struct config_edit_input {
	const struct tree *old, *new;
	const char *root; /* zookeeper.config; znodes outside of it are ignored */
	const struct policy *policy;
	bool is_directory; /* `new` is from a directory: what cannot have a file there stays */
	bool keep;         /* … and nothing is deleted */
	bool objects_only; /* servers are not compared */
};

struct config_edit {
	const struct config_edit_input *in;
	struct config_change *changes; /* in tree order, what is deleted with its parent included */
	size_t count;
	size_t created, changed, deleted; /* how many of each */
	size_t objects, objects_deleted;  /* that `old` has */
	const char **registered;          /* ephemeral servers of upstreams that are deleted */
	size_t registered_count;
	const char **shadowed; /* servers of `new` that applications have registered in `old` */
	size_t shadowed_count;
	const char **unnamed; /* znodes of `old` that cannot have a file */
	size_t unnamed_count;
};

/* In the arena. */
void config_edit_make(struct config_edit *out, struct arena *a, const struct config_edit_input *in);

/* "~" changed, "+" created, "-" deleted */
char config_change_sign(const struct config_change *c);

/*
 * What to write (as history_restore()): creates, parents first, among them the directories that are
 * missing; then sets; then deletes, children first. Versions are those of `old`. Returns how many.
 */
size_t config_edit_ops(const struct config_edit *e, struct arena *a, struct history_op **out);

/* The tree that ZooKeeper then has: `old` with the changes (one reference). */
struct tree *config_edit_result(const struct config_edit *e, struct arena *a);

/* How many of these operations, from `begin` on, fit into one transaction together with `extra`
 * bytes; at least one. */
size_t config_edit_fitting(const struct history_op *ops, size_t count, size_t begin, size_t limit,
			   size_t extra);

#endif
