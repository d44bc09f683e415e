/*
 * A transaction whose answer is lost may have been done. The root's version and data show whether
 * it was: the mark of a writer is unlike any other, and after the last transaction the config is
 * what it was to become.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "config_read.h"
#include "core/fleet/config_edit.h"
#include "marked_write.h"
#include "sys/timing.h"

#define SIGNATURE_ROOM 64 /* bytes of a signature in the note, of which a sixth is counted */

struct writing {
	const struct write_job *job;
	struct arena *arena;
	struct write_outcome *out;
	struct client *client;
	const char *root;
	struct config_note before; /* of the root, for what other clients keep there */
	int version;               /* of the root */
	uint64_t began;
	const struct history_op *ops;
	size_t count, begin, end; /* `begin` and `end` of the transaction under way */
	size_t failed;            /* the operation that was refused … */
	const char *failed_path;  /* … its znode … */
	int rc;                   /* … and why */
};

/* --- the root's data ------------------------------------------------------------------------- */

static bool fits_at_once(const struct writing *w)
{
	return w->out->transactions == 1;
}

static const char *print_root(const struct writing *w, size_t end, size_t *size)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct config_note note = config_note_empty();

	note.by = w->job->by;
	note.note = w->job->note;
	note.other = w->before.other;
	note.serial = w->before.serial;
	if (w->job->keeps_note && end == w->count) {
		note = w->before;
		note.unfinished = false;
	}
	if (w->job->signature && end == w->count)
		config_note_take_signature(&note, w->job->signature);
	if (w->job->keeps_mark && w->before.unfinished) {
		note.unfinished = true;
		note.push = w->before.push;
	} else if (!fits_at_once(w) && end < w->count) {
		note.unfinished = true;
		note.push = (struct config_push){
			.by = w->job->by, .id = w->job->id, .time = w->began, .left = w->count - end
		};
	}
	config_note_print(&note, &text);
	*size = text.size;
	return arena_copy(w->arena, buf_str(&text), text.size);
}

/* --- transactions ---------------------------------------------------------------------------- */

static size_t fitting(const struct writing *w, size_t begin)
{
	const size_t texts = SIGNATURE_ROOM + strlen(w->job->by) * 2 + strlen(w->job->note) +
			     strlen(w->job->id) + strlen(w->before.push.by) +
			     strlen(w->before.push.id) +
			     (w->before.other ? strlen(w->before.other) : 0);

	/* Control characters of the texts take six bytes in JSON. */
	return config_edit_fitting(w->ops, w->count, begin, SESSION_REQUEST_LIMIT,
				   6 * texts + strlen(w->root) + 256);
}

static size_t count_transactions(const struct writing *w)
{
	size_t n = 0, begin = 0;

	do {
		begin = fitting(w, begin);
		n++;
	} while (begin < w->count);
	return n;
}

static struct session_op op_of(const struct history_op *op)
{
	static const struct session_op kinds[] = {
		[HISTORY_CREATE] = { .kind = OP_CREATE },
		[HISTORY_SET] = { .kind = OP_SET },
		[HISTORY_DELETE] = { .kind = OP_DELETE },
	};
	struct session_op copy = kinds[op->kind];

	copy.path = op->path;
	copy.version = op->version;
	if (op->kind != HISTORY_DELETE) {
		copy.data = op->data;
		copy.size = op->size;
	}
	return copy;
}

/* The root's own delete is the last operation. */
static bool deletes_root(const struct writing *w)
{
	return w->end == w->count && w->count && strcmp(w->ops[w->count - 1].path, w->root) == 0;
}

/* The first operation is that of the root: it excludes other writers. The root's delete does so
 * itself. */
static int send_one(struct writing *w, struct err *e)
{
	size_t count = w->end - w->begin, first = !deletes_root(w);
	CLEANUP(freep) struct session_op *ops = xcalloc(count + 1, sizeof(*ops));

	ops[0] = (struct session_op){ .kind = OP_SET, .path = w->root, .version = w->version };
	ops[0].data = print_root(w, w->end, &ops[0].size);
	for (size_t i = 0; i < count; i++)
		ops[first + i] = op_of(&w->ops[w->begin + i]);
	if (!first)
		ops[count - 1].version = w->version;
	if (client_multi(w->client, ops, count + first, &w->failed, &w->rc, e) == 0)
		return 0;
	w->failed_path = w->failed < count + first ? ops[w->failed].path : w->root;
	return -1;
}

/* --- an answer that was lost ----------------------------------------------------------------- */

static bool is_written(const struct writing *w, const struct znode *root, const struct tree *now)
{
	size_t size;
	const char *data = print_root(w, w->end, &size);

	return root->version == w->version + 1 && root->size == size &&
	       memcmp(root->data, data, size) == 0 &&
	       (w->end < w->count || w->job->is_result(w->job->ctx, now));
}

/* 1: the transaction was done. 0: it was not. -1: another client has written. */
static int find_out(struct writing *w, struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *now = NULL;
	const struct znode *root;

	if (w->client)
		client_free(TAKE(w->client));
	if (config_read(w->job->ctl, &now, e) < 0 || client_open(w->job->ctl, &w->client, e) < 0)
		return err_wrap(e, "it is not known whether transaction %zu of %zu was written",
				w->out->written + 1, w->out->transactions);
	root = tree_find(now, w->root);
	if (is_written(w, root, now))
		return 1;
	if (root->version == w->version)
		return 0;
	return err_set(e, ERR_REFUSED, "%s: another client has changed it", w->root);
}

static int write_one(struct writing *w, struct err *e)
{
	uint64_t end = timing_now() + w->job->ctl->timeout;
	bool lost = false;

	for (;;) {
		int done = send_one(w, e);

		if (done == 0)
			return 0;
		/* What is refused after a lost answer may be its own repetition. */
		if (e->code != ERR_UNAVAILABLE && !lost)
			return -1;
		lost = true;
		done = find_out(w, e);
		if (done)
			return done < 0 ? -1 : 0;
		if (timing_now() > end)
			return err_set(e, ERR_UNAVAILABLE, "ZooKeeper did not take transaction %zu",
				       w->out->written + 1);
	}
}

/* --- who was faster -------------------------------------------------------------------------- */

static struct tree *written_paths(const struct writing *w)
{
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	for (size_t i = 0; i < w->begin; i++)
		tree_builder_add(&b, &(struct znode){ .path = w->ops[i].path, .data = "" });
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

static bool has_changed(const struct znode *old, const struct znode *new)
{
	if ((old && old->owner) || (new &&new->owner))
		return false; /* an application's */
	return !old || !new || old->czxid != new->czxid || old->version != new->version;
}

static void add_conflict(struct writing *w, size_t *room, const char *path)
{
	struct write_outcome *o = w->out;

	o->conflicts =
		arena_grow(w->arena, o->conflicts, o->conflict_count, room, sizeof(*o->conflicts));
	o->conflicts[o->conflict_count++] = arena_strdup(w->arena, path);
}

static void compare(struct writing *w, const struct tree *now, const struct tree *own)
{
	const struct tree *old = w->job->before;
	size_t room = 0;

	for (size_t i = 0; i < tree_count(old); i++) {
		const struct znode *z = tree_at(old, i);

		if (path_is_below(z->path, w->root) && !tree_find(own, z->path) &&
		    has_changed(z, tree_find(now, z->path)))
			add_conflict(w, &room, z->path);
	}
	for (size_t i = 0; i < tree_count(now); i++) {
		const struct znode *z = tree_at(now, i);

		if (path_is_below(z->path, w->root) && !tree_find(own, z->path) &&
		    !tree_find(old, z->path) && !z->owner)
			add_conflict(w, &room, z->path);
	}
}

static void find_conflicts(struct writing *w)
{
	CLEANUP(tree_unrefp) struct tree *now = NULL, *own = NULL;
	size_t room = 0;

	w->out->is_conflict = client_is_conflict(w->rc);
	w->out->is_root =
		w->out->is_conflict && !w->out->written && strcmp(w->failed_path, w->root) == 0;
	if (!w->out->is_conflict || config_read(w->job->ctl, &now, NULL) < 0)
		return;
	own = written_paths(w);
	compare(w, now, own);
	if (tree_find(now, w->root)->version != w->version)
		config_note_of(w->arena, now, w->root, &w->out->rival);
	else if (!w->out->conflict_count)
		add_conflict(w, &room, w->failed_path);
}

/* --------------------------------------------------------------------------------------------- */

static int write_all(struct writing *w, struct err *e)
{
	do {
		w->end = fitting(w, w->begin);
		if (w->out->transactions > 1)
			progress_show("writing transaction %zu of %zu", w->out->written + 1,
				      w->out->transactions);
		if (write_one(w, e) < 0) {
			if (e->code == ERR_REFUSED)
				find_conflicts(w);
			return -1;
		}
		w->version++;
		w->out->written++;
		w->begin = w->end;
	} while (w->begin < w->count);
	return 0;
}

int marked_write(const struct write_job *job, struct arena *a, struct write_outcome *out,
		 struct err *e)
{
	struct writing w = { .job = job,
			     .arena = a,
			     .out = out,
			     .root = job->root,
			     .ops = job->ops,
			     .count = job->count };
	int rc;

	*out = (struct write_outcome){ .rival = config_note_empty() };
	w.failed_path = w.root;
	w.version = tree_find(job->before, w.root)->version;
	w.began = timing_wall();
	config_note_of(a, job->before, w.root, &w.before);
	out->transactions = count_transactions(&w);
	if (client_open(job->ctl, &w.client, e) < 0)
		return -1;
	rc = write_all(&w, e);
	out->version = w.version;
	progress_clear();
	client_free(w.client);
	return rc;
}
