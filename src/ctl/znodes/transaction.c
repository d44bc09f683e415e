/* Operations in an array that grows. */
#include <stdlib.h>
#include <string.h>

#include "note.h"
#include "transaction.h"

void transaction_init(struct transaction *t, struct client *client, const struct author *author)
{
	*t = (struct transaction){ .client = client, .author = author, .arena = arena_new() };
}

void transaction_fini(struct transaction *t)
{
	arena_free(t->arena);
}

void transaction_add(struct transaction *t, struct session_op op)
{
	t->ops = arena_grow(t->arena, t->ops, t->count, &t->room, sizeof(*t->ops));
	t->ops[t->count++] = op;
}

static void add_parent(struct transaction *t, const char *path)
{
	const struct author *author = t->author;
	CLEANUP(freep) char *note = NULL;

	if (strcmp(path, author->root) == 0)
		note = note_print(NULL, author->by, author->message, author->signature);
	transaction_add(t, (struct session_op){ .kind = OP_CREATE,
						.path = path,
						.data = arena_strdup(t->arena, note ?: ""),
						.size = note ? strlen(note) : 0 });
}

int transaction_add_parents(struct transaction *t, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/'), *parent;
	struct znode z;
	int found;

	if (slash == path)
		return 0;
	parent = arena_copy(t->arena, path, (size_t)(slash - path));
	found = client_get(t->client, t->arena, parent, &z, e);
	if (found != 0)
		return found < 0 ? -1 : 0;
	if (transaction_add_parents(t, parent, e) < 0)
		return -1;
	add_parent(t, parent);
	return 0;
}

void transaction_add_note(struct transaction *t, const struct znode *root)
{
	const struct author *author = t->author;
	CLEANUP(freep)
	char *note = note_print(root, author->by, author->message, author->signature);

	if (!note) {
		ctl_say("%s holds data that is no JSON object: it is not recorded who changed what",
			author->root);
		return;
	}
	transaction_add(t, (struct session_op){ .kind = OP_SET,
						.path = author->root,
						.data = arena_strdup(t->arena, note),
						.size = strlen(note),
						.version = root->version });
}

/* The parents of all others were read, or are created in the transaction. */
static bool is_chroot_missing(const struct session_op *op, int rc)
{
	return rc == SESSION_NO_NODE && op->kind == OP_CREATE && strrchr(op->path, '/') == op->path;
}

int transaction_commit(struct transaction *t, const char **path, struct err *e)
{
	size_t failed = 0;
	int rc = 0;

	if (client_multi(t->client, t->ops, t->count, &failed, &rc, e) == 0)
		return 0;
	if (e->code != ERR_REFUSED || !client_is_conflict(rc))
		return -1;
	if (is_chroot_missing(&t->ops[failed], rc))
		return err_set(
			e, ERR_REFUSED,
			"%s cannot be created: the path at the end of zookeeper.hosts, below "
			"which it would be, does not exist",
			t->ops[failed].path);
	*path = t->ops[failed].path;
	return 1;
}
