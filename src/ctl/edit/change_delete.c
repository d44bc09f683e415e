/*
 * The removal of a znode and of all below it. Below the root of the config it is done at once, or
 * leaves a mark until it is complete; the same removal then goes on.
 */
#include <string.h>

#include "change_check.h"
#include "change_delete.h"
#include "change_sign.h"
#include "ctl/znodes/marked_write.h"
#include "ctl/znodes/note.h"
#include "ctl/znodes/paths.h"

#define OPS_BYTES_MOST 500000 /* of the paths in one transaction */
#define OP_BYTES 64           /* of a path's operation besides */

static const char *root_of(const struct change *c)
{
	return c->ctl->settings.zookeeper.config;
}

/* --- in one transaction, or outside of the config -------------------------------------------- */

/* What is left to delete: [begin, end) of the tree. */
struct deletion {
	const struct tree *tree;
	size_t begin, end;
};

/* Adds as many as fit, children first; returns the new end. */
static size_t add_deletes(struct transaction *t, const struct deletion *d)
{
	size_t end = d->end, bytes = 0;

	while (end > d->begin && bytes < OPS_BYTES_MOST) {
		const struct znode *z = tree_at(d->tree, --end);

		bytes += strlen(z->path) + OP_BYTES;
		transaction_add(t, (struct session_op){ .kind = OP_DELETE,
							.path = z->path,
							.version = z->version });
	}
	return end;
}

/* One transaction, with the note if it is the last one. */
static enum change_result delete_some(struct change *c, struct deletion *d,
				      const struct znode *root, bool *again, struct err *e)
{
	CLEANUP(transaction_fini) struct transaction t;
	const char *path;
	size_t end;
	int rc;

	transaction_init(&t, c->client, &c->author);
	end = add_deletes(&t, d);
	if (end == d->begin && root && !change_keeps_note(c) && strcmp(c->path, root->path) != 0)
		transaction_add_note(&t, root);
	rc = transaction_commit(&t, &path, e);
	if (rc < 0)
		return CHANGE_FAILED;
	if (rc > 0) {
		*again = root && strcmp(path, root->path) == 0 && strcmp(path, c->path) != 0;
		c->conflict = arena_strdup(c->arena, path);
		return CHANGE_CONFLICT;
	}
	d->end = end;
	return CHANGE_DONE;
}

static enum change_result delete_all(struct change *c, struct deletion *d, const struct znode *root,
				     bool *again, struct err *e)
{
	enum change_result result = CHANGE_DONE;

	while (result == CHANGE_DONE && d->end > d->begin)
		result = delete_some(c, d, root, again, e);
	return result;
}

/* --- … that needs the mark ------------------------------------------------------------------- */

static bool fits_at_once(const struct deletion *d)
{
	size_t bytes = 0;

	for (size_t i = d->begin; i < d->end; i++)
		bytes += strlen(tree_at(d->tree, i)->path) + OP_BYTES;
	return bytes < OPS_BYTES_MOST;
}

/* Is the config what this removal has left unfinished? */
static bool is_mine(const struct change *c, const struct tree *config)
{
	struct config_note note;

	config_note_of(c->arena, config, root_of(c), &note);
	return note.unfinished && strcmp(note.push.id, c->mark) == 0;
}

/* Children first. */
static size_t list_deletes(const struct change *c, const struct deletion *d,
			   struct history_op **out)
{
	size_t count = d->end - d->begin;

	*out = arena_array(c->arena, struct history_op, count);
	for (size_t i = 0; i < count; i++) {
		const struct znode *z = tree_at(d->tree, d->end - 1 - i);

		(*out)[i] = (struct history_op){ .kind = HISTORY_DELETE,
						 .path = z->path,
						 .version = z->version };
	}
	return count;
}

static bool is_gone(void *ctx, const struct tree *now)
{
	const struct change *c = ctx;

	return !tree_find(now, c->path);
}

/* The mark would replace it. */
static enum change_result refuse_root(const struct change *c, struct err *e)
{
	err_set(e, ERR_REFUSED,
		"%s holds data that is no JSON object, and a removal of several transactions "
		"would replace it. Nothing was removed (--force replaces it)",
		root_of(c));
	return CHANGE_FAILED;
}

static enum change_result end_marked(struct change *c, const struct write_outcome *o, bool *again)
{
	if (!o->is_conflict)
		return CHANGE_FAILED;
	*again = o->is_root && strcmp(c->path, root_of(c)) != 0;
	c->conflict = o->conflict_count ? o->conflicts[0] : root_of(c);
	return CHANGE_CONFLICT;
}

static enum change_result delete_marked(struct change *c, const struct deletion *d,
					const struct tree *config, bool *again, struct err *e)
{
	CLEANUP(freep)
	char *note = note_print(tree_find(config, root_of(c)), c->by, c->author.message, NULL);
	struct history_op *ops;
	struct write_outcome o;
	const size_t count = list_deletes(c, d, &ops);
	const struct write_job job = { .ctl = c->ctl,
				       .before = config,
				       .root = root_of(c),
				       .ops = ops,
				       .count = count,
				       .by = c->by,
				       .note = c->author.message ?: "",
				       .id = c->mark,
				       .signature = c->author.signature,
				       .keeps_mark = !is_mine(c, config),
				       .is_result = is_gone,
				       .ctx = c };
	int rc;

	if (!note && !c->force)
		return refuse_root(c, e);
	rc = marked_write(&job, c->arena, &o, e);
	c->written = o.written;
	c->transactions = o.transactions;
	return rc < 0 ? end_marked(c, &o, again) : CHANGE_DONE;
}

static enum change_result check_delete(struct change *c, struct tree **config, struct err *e)
{
	if (change_read_config(c, config, e) < 0)
		return CHANGE_FAILED;
	change_check(c, *config, NULL, 0, NULL);
	return c->findings.errors && !c->force ? CHANGE_REFUSED : CHANGE_DONE;
}

enum change_result change_check_delete(struct change *c, struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *config = NULL;

	c->mark = config_removal_id(c->arena, c->path);
	return path_is_config(c->ctl, c->path) ? check_delete(c, &config, e) : CHANGE_DONE;
}

static enum change_result delete_in_config(struct change *c, struct deletion *d, bool *again,
					   struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *config = NULL;
	enum change_result result = check_delete(c, &config, e);

	if (result != CHANGE_DONE)
		return result;
	if (change_sign(c, config, e) < 0)
		return CHANGE_FAILED;
	if (!fits_at_once(d) || is_mine(c, config))
		return delete_marked(c, d, config, again, e);
	return delete_all(c, d, tree_find(config, root_of(c)), again, e);
}

enum change_result change_delete(struct change *c, const struct tree *t, size_t begin, size_t end,
				 struct err *e)
{
	struct deletion d = { t, begin, end };

	c->mark = config_removal_id(c->arena, c->path);
	for (unsigned i = 0; i < CHANGE_TRIES; i++) {
		bool again = false;
		enum change_result result = path_is_config(c->ctl, c->path)
						    ? delete_in_config(c, &d, &again, e)
						    : delete_all(c, &d, NULL, &again, e);

		if (!again)
			return result;
	}
	return change_give_up(e);
}
