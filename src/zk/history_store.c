/*
 * Storing: the entry as one that is not complete, its parts, then the entry as complete. A config
 * of the usual size fits into one transaction; a larger one is complete with the last transaction.
 *
 * The znode is looked at first: it may be our own entry from a try whose answer was lost, or an
 * incomplete one of a leader that has died. The latter is removed in the same series of writes.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "core/data/layout.h"
#include "history_parts.h"

#define PARENT_TRIES 3 /* another client may delete it meanwhile; the number is limited */

struct store {
	struct history_job job;
	const char *cluster, *path, *revision;
	unsigned long seq;
	size_t size;
	unsigned parts, tries;
	struct buf packed, half,
		whole; /* the content; the entry before and after the content is stored */
	int version;   /* of an entry that is taken over */
	struct session_op *ops;
	size_t op_count;
};

static void fini(struct history_job *j)
{
	struct store *s = (struct store *)j;

	buf_fini(&s->packed);
	buf_fini(&s->half);
	buf_fini(&s->whole);
}

static void look(struct store *s);

/* --- writing --------------------------------------------------------------------------------- */

static void add(struct store *s, struct session_op op)
{
	s->ops[s->op_count++] = op;
}

/* `op` with the entry's path and data. */
static void add_entry(struct store *s, struct session_op op, const struct buf *b)
{
	op.path = s->path;
	op.data = buf_str(b);
	op.size = b->size;
	add(s, op);
}

static void add_completion(struct store *s, int version)
{
	add_entry(s, (struct session_op){ .kind = OP_SET, .version = version }, &s->whole);
}

static void add_parts(struct store *s)
{
	for (unsigned i = 0; i < s->parts; i++) {
		size_t begin = i * HISTORY_PART_SIZE, left = s->packed.size - begin;

		add(s, (struct session_op){
			       .kind = OP_CREATE,
			       .path = history_part_path(s->job.arena, s->cluster, s->seq, i),
			       .data = buf_str(&s->packed) + begin,
			       .size = left < HISTORY_PART_SIZE ? left : HISTORY_PART_SIZE });
	}
}

static void make_room_for_ops(struct store *s, size_t leftovers)
{
	s->ops = arena_array(s->job.arena, struct session_op, leftovers + s->parts + 2);
	s->op_count = 0;
}

static void on_parent(struct history_job *j, int rc, const char *path)
{
	struct store *s = (struct store *)j;

	if (rc != ZOK && rc != ZNODEEXISTS)
		history_fail_at(j, path, rc);
	else
		look(s);
}

/* The znode of the cluster exists: our candidate is below it. */
static void make_parent(struct store *s)
{
	make_room_for_ops(s, 0);
	add(s, (struct session_op){
		       .kind = OP_CREATE,
		       .path = cluster_path(s->job.arena, s->cluster, CLUSTER_HISTORY, NULL),
		       .data = "" });
	history_write(&s->job, s->ops, s->op_count, on_parent);
}

static void on_stored(struct history_job *j, int rc, const char *path)
{
	struct store *s = (struct store *)j;

	if (rc == ZOK)
		history_succeed(j, (struct history_result){ .seq = s->seq });
	else if (rc == ZNONODE && strcmp(path, s->path) == 0 && s->tries++ < PARENT_TRIES)
		make_parent(s);
	else
		history_fail_at(j, path, rc);
}

/* --- looking --------------------------------------------------------------------------------- */

static void create(struct store *s)
{
	make_room_for_ops(s, 0);
	add_entry(s, (struct session_op){ .kind = OP_CREATE }, &s->half);
	add_parts(s);
	add_completion(s, 0);
	history_write(&s->job, s->ops, s->op_count, on_stored);
}

static void on_leftovers(struct history_job *j, const struct session_reply *r)
{
	struct store *s = (struct store *)j;

	if (r->rc != ZOK) {
		history_fail_at(j, r->path, r->rc);
		return;
	}
	make_room_for_ops(s, r->child_count);
	for (size_t i = 0; i < r->child_count; i++)
		add(s, (struct session_op){
			       .kind = OP_DELETE,
			       .path = arena_printf(j->arena, "%s/%s", s->path, r->children[i]),
			       .version = -1 });
	add_parts(s);
	add_completion(s, s->version);
	history_write(j, s->ops, s->op_count, on_stored);
}

static void on_found(struct store *s, const struct session_reply *r)
{
	struct znode z = { .path = r->path, .data = r->data ? r->data : "", .size = r->size };
	struct history_entry h;

	if (!history_entry_parse(s->job.arena, &z, &h) || !h.parts) {
		s->version = r->stat->version;
		history_list(&s->job, s->path, on_leftovers);
	} else if (strcmp(h.revision, s->revision) == 0) {
		history_succeed(&s->job, (struct history_result){ .seq = s->seq });
	} else {
		history_fail(&s->job, "%s exists already, with revision %.12s, expected %.12s",
			     s->path, h.revision, s->revision);
	}
}

static void on_looked(struct history_job *j, const struct session_reply *r)
{
	struct store *s = (struct store *)j;

	if (s->size > HISTORY_UNPACKED_MAX)
		history_fail(j, "%s: the config is too large for the history (%zu bytes)", s->path,
			     s->size);
	else if (r->rc == ZNONODE)
		create(s);
	else if (r->rc == ZOK)
		on_found(s, r);
	else
		history_fail_at(j, r->path, r->rc);
}

static void look(struct store *s)
{
	history_get(&s->job, s->path, on_looked);
}

/* --- life ------------------------------------------------------------------------------------ */

static void pack(struct store *s, struct history_entry h, const struct tree *config)
{
	s->size = h.size = history_pack(config, &s->packed);
	s->parts = (unsigned)((s->packed.size + HISTORY_PART_SIZE - 1) / HISTORY_PART_SIZE);
	h.parts = 0;
	history_entry_print(&h, &s->half);
	h.parts = s->parts;
	history_entry_print(&h, &s->whole);
}

struct history_job *history_store(struct session *session, struct election *e, const char *cluster,
				  const struct history_entry *entry, const struct tree *config,
				  history_done *done, void *ctx)
{
	struct store *s = history_job_new(sizeof(*s), session, e, done, ctx, fini);
	struct arena *a = s->job.arena;

	s->cluster = arena_strdup(a, cluster);
	s->path = history_path(a, cluster, entry->seq);
	s->revision = arena_strdup(a, entry->revision);
	s->seq = entry->seq;
	pack(s, *entry, config);
	look(s);
	return &s->job;
}
