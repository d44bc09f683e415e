/*
 * A transaction whose answer is lost may have been done. The root's version and data show whether
 * it was: the mark of a push is unlike any other, and after the last transaction the config is what
 * it was to become.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/znodes/client.h"
#include "ctl/znodes/config_read.h"
#include "push_write.h"
#include "sys/timing.h"

struct push {
	const struct push_job *job;
	struct arena *arena;
	struct push_outcome *out;
	struct client *client;
	const char *root;
	struct config_note before; /* of the root, for what other clients keep there */
	int version;               /* of the root */
	uint64_t began;
	struct history_op *ops;
	size_t count, begin, end; /* `begin` and `end` of the transaction under way */
	size_t failed;            /* the operation that was refused; 0: that of the root … */
	int rc;                   /* … and why */
};

/* --- the root's data ------------------------------------------------------------------------- */

static bool fits_at_once(const struct push *p)
{
	return p->out->transactions == 1;
}

static const char *print_root(const struct push *p, size_t end, size_t *size)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct config_note note = { .by = p->job->by,
				    .note = p->job->note,
				    .other = p->before.other };

	if (!fits_at_once(p) && end < p->count) {
		note.unfinished = true;
		note.push = (struct config_push){
			.by = p->job->by, .id = p->job->id, .time = p->began, .left = p->count - end
		};
	}
	config_note_print(&note, &text);
	*size = text.size;
	return arena_copy(p->arena, buf_str(&text), text.size);
}

/* --- transactions ---------------------------------------------------------------------------- */

static size_t fitting(const struct push *p, size_t begin)
{
	const size_t texts = strlen(p->job->by) * 2 + strlen(p->job->note) + strlen(p->job->id) +
			     (p->before.other ? strlen(p->before.other) : 0);

	/* Control characters of the texts take six bytes in JSON. */
	return config_edit_fitting(p->ops, p->count, begin, SESSION_REQUEST_LIMIT,
				   6 * texts + strlen(p->root) + 256);
}

static size_t count_transactions(const struct push *p)
{
	size_t n = 0, begin = 0;

	do {
		begin = fitting(p, begin);
		n++;
	} while (begin < p->count);
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

/* The first operation is that of the root: it excludes other pushes. */
static int send_one(struct push *p, struct err *e)
{
	size_t count = p->end - p->begin + 1;
	CLEANUP(freep) struct session_op *ops = xcalloc(count, sizeof(*ops));

	ops[0] = (struct session_op){ .kind = OP_SET, .path = p->root, .version = p->version };
	ops[0].data = print_root(p, p->end, &ops[0].size);
	for (size_t i = 1; i < count; i++)
		ops[i] = op_of(&p->ops[p->begin + i - 1]);
	return client_multi(p->client, ops, count, &p->failed, &p->rc, e);
}

/* --- an answer that was lost ----------------------------------------------------------------- */

/* Is this the config that the push makes? */
static bool is_result(const struct push *p, const struct tree *now)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_edit_input in = *p->job->edit->in;
	struct config_edit rest;

	in.old = now;
	config_edit_make(&rest, a, &in);
	return rest.count == 0;
}

static bool is_written(const struct push *p, const struct znode *root, const struct tree *now)
{
	size_t size;
	const char *data = print_root(p, p->end, &size);

	return root->version == p->version + 1 && root->size == size &&
	       memcmp(root->data, data, size) == 0 && (p->end < p->count || is_result(p, now));
}

/* 1: the transaction was done. 0: it was not. -1: another client has written. */
static int find_out(struct push *p, struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *now = NULL;
	const struct znode *root;

	if (p->client)
		client_free(TAKE(p->client));
	if (config_read(p->job->ctl, &now, e) < 0 || client_open(p->job->ctl, &p->client, e) < 0)
		return err_wrap(e, "it is not known whether transaction %zu of %zu was written",
				p->out->written + 1, p->out->transactions);
	root = tree_find(now, p->root);
	if (is_written(p, root, now))
		return 1;
	if (root->version == p->version)
		return 0;
	return err_set(e, ERR_REFUSED, "%s: another client has changed it", p->root);
}

static int write_one(struct push *p, struct err *e)
{
	uint64_t end = timing_now() + p->job->ctl->timeout;
	bool lost = false;

	for (;;) {
		int done = send_one(p, e);

		if (done == 0)
			return 0;
		/* What is refused after a lost answer may be its own repetition. */
		if (e->code != ERR_UNAVAILABLE && !lost)
			return -1;
		lost = true;
		done = find_out(p, e);
		if (done)
			return done < 0 ? -1 : 0;
		if (timing_now() > end)
			return err_set(e, ERR_UNAVAILABLE, "ZooKeeper did not take transaction %zu",
				       p->out->written + 1);
	}
}

/* --- who was faster -------------------------------------------------------------------------- */

static struct tree *written_paths(const struct push *p)
{
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	for (size_t i = 0; i < p->begin; i++)
		tree_builder_add(&b, &(struct znode){ .path = p->ops[i].path, .data = "" });
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

static void add_conflict(struct push *p, size_t *room, const char *path)
{
	struct push_outcome *o = p->out;

	o->conflicts =
		arena_grow(p->arena, o->conflicts, o->conflict_count, room, sizeof(*o->conflicts));
	o->conflicts[o->conflict_count++] = arena_strdup(p->arena, path);
}

static void compare(struct push *p, const struct tree *now, const struct tree *own)
{
	const struct tree *old = p->job->edit->in->old;
	size_t room = 0;

	for (size_t i = 0; i < tree_count(old); i++) {
		const struct znode *z = tree_at(old, i);

		if (path_is_below(z->path, p->root) && !tree_find(own, z->path) &&
		    has_changed(z, tree_find(now, z->path)))
			add_conflict(p, &room, z->path);
	}
	for (size_t i = 0; i < tree_count(now); i++) {
		const struct znode *z = tree_at(now, i);

		if (path_is_below(z->path, p->root) && !tree_find(own, z->path) &&
		    !tree_find(old, z->path) && !z->owner)
			add_conflict(p, &room, z->path);
	}
}

static void find_conflicts(struct push *p)
{
	CLEANUP(tree_unrefp) struct tree *now = NULL, *own = NULL;
	size_t room = 0;

	p->out->is_conflict = client_is_conflict(p->rc);
	if (!p->out->is_conflict || config_read(p->job->ctl, &now, NULL) < 0)
		return;
	own = written_paths(p);
	compare(p, now, own);
	if (tree_find(now, p->root)->version != p->version)
		config_note_of(p->arena, now, p->root, &p->out->rival);
	else if (!p->out->conflict_count && p->failed && p->failed <= p->end - p->begin)
		add_conflict(p, &room, p->ops[p->begin + p->failed - 1].path);
}

/* --------------------------------------------------------------------------------------------- */

static int write_all(struct push *p, struct err *e)
{
	do {
		p->end = fitting(p, p->begin);
		if (p->out->transactions > 1)
			progress_show("writing transaction %zu of %zu", p->out->written + 1,
				      p->out->transactions);
		if (write_one(p, e) < 0) {
			if (e->code == ERR_REFUSED)
				find_conflicts(p);
			return -1;
		}
		p->version++;
		p->out->written++;
		p->begin = p->end;
	} while (p->begin < p->count);
	return 0;
}

int push_write(const struct push_job *job, struct arena *a, struct push_outcome *out, struct err *e)
{
	const struct config_edit_input *in = job->edit->in;
	struct push p = { .job = job, .arena = a, .out = out, .root = in->root };
	int rc;

	*out = (struct push_outcome){ .rival = { .by = "", .note = "" } };
	p.version = tree_find(in->old, in->root)->version;
	p.began = timing_wall();
	config_note_of(a, in->old, in->root, &p.before);
	p.count = config_edit_ops(job->edit, a, &p.ops);
	out->transactions = count_transactions(&p);
	if (client_open(job->ctl, &p.client, e) < 0)
		return -1;
	rc = write_all(&p, e);
	out->version = p.version;
	progress_clear();
	client_free(p.client);
	return rc;
}
