/*
 * Publishing a config.
 *
 * It may take several transactions. When one in the middle fails, those before it have been done,
 * and another history_restore() has to begin with the result.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "history_parts.h"

struct publish {
	struct history_job job;
	struct session_op *ops; /* not done yet */
	size_t count;
	/* the children of a znode that is to be deleted, for which there is no operation yet */
	struct {
		size_t parent; /* the operation on the znode */
		const char **paths;
		size_t count, next;
		struct session_op *deletes; /* of those that were looked at */
		size_t delete_count;
	} late;
	unsigned late_rounds;
};

/* How often servers may come between a look at an upstream and its deletion. A round is one request
 * for the list, one for each server that has come, and the transaction. */
#define LATE_ROUNDS_MAX 20

static void on_published(struct history_job *j, int rc, const char *path);

static void go_on(struct publish *p)
{
	history_write(&p->job, p->ops, p->count, on_published);
}

static size_t find_op(const struct publish *p, const char *path)
{
	size_t i = 0;

	while (i < p->count && strcmp(p->ops[i].path, path) != 0)
		i++;
	return i;
}

/* The late ones are deleted right before their parent. */
static void delete_late_ones(struct publish *p)
{
	size_t at = p->late.parent, more = p->late.delete_count;
	struct session_op *ops = arena_array(p->job.arena, struct session_op, p->count + more);

	memcpy(ops, p->ops, at * sizeof(*ops));
	if (more)
		memcpy(ops + at, p->late.deletes, more * sizeof(*ops));
	memcpy(ops + at + more, p->ops + at, (p->count - at) * sizeof(*ops));
	p->ops = ops;
	p->count += more;
	go_on(p);
}

static void look_at_late_one(struct publish *p);

static void on_late_one(struct history_job *j, const struct session_reply *r)
{
	struct publish *p = (struct publish *)j;
	const char *path = p->late.paths[p->late.next++];

	if (r->rc != ZOK && r->rc != ZNONODE) {
		history_fail_at(j, path, r->rc);
		return;
	}
	if (r->rc == ZOK && !r->stat->owner) {
		history_fail_at(j, p->ops[p->late.parent].path, ZNOTEMPTY);
		return;
	}
	if (r->rc == ZOK)
		p->late.deletes[p->late.delete_count++] = (struct session_op){
			.kind = OP_DELETE, .path = path, .version = r->stat->version
		};
	look_at_late_one(p);
}

static void look_at_late_one(struct publish *p)
{
	if (p->late.next < p->late.count)
		history_look(&p->job, p->late.paths[p->late.next], on_late_one);
	else
		delete_late_ones(p);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Removes those from the list that are to be deleted anyway. */
static void keep_late_ones(struct publish *p)
{
	bool *is_known = arena_array(p->job.arena, bool, p->late.count);
	const char **paths = p->late.paths;
	size_t kept = 0;

	qsort(paths, p->late.count, sizeof(*paths), by_path);
	for (size_t i = 0; i < p->late.parent; i++) {
		const char **found =
			bsearch(&p->ops[i].path, paths, p->late.count, sizeof(*paths), by_path);

		if (found && p->ops[i].kind == OP_DELETE)
			is_known[found - paths] = true;
	}
	for (size_t i = 0; i < p->late.count; i++) {
		if (!is_known[i])
			paths[kept++] = paths[i];
	}
	p->late.count = kept;
}

static void on_children(struct history_job *j, const struct session_reply *r)
{
	struct publish *p = (struct publish *)j;
	const char *parent = p->ops[p->late.parent].path;

	if (r->rc != ZOK) {
		history_fail_at(j, parent, r->rc);
		return;
	}
	p->late.count = r->child_count;
	p->late.paths = arena_array(j->arena, const char *, r->child_count);
	p->late.deletes = arena_array(j->arena, struct session_op, r->child_count);
	for (size_t i = 0; i < r->child_count; i++)
		p->late.paths[i] = arena_printf(j->arena, "%s/%s", parent, r->children[i]);
	keep_late_ones(p);
	look_at_late_one(p);
}

/* An upstream goes with the servers that applications have registered, also with those that have
 * come since the config was read. Where servers come and go all the time, another attempt, with
 * what is read until then, would hardly ever find the upstream with these servers alone. A
 * persistent znode is something that another client writes. */
static void look_for_late_ones(struct publish *p, size_t parent)
{
	p->late_rounds++;
	p->late.parent = parent;
	p->late.next = p->late.count = p->late.delete_count = 0;
	history_list(&p->job, p->ops[parent].path, on_children);
}

/* A server that has gone meanwhile needs no deletion. */
static void leave_out(struct publish *p, size_t at)
{
	p->count--;
	memmove(&p->ops[at], &p->ops[at + 1], (p->count - at) * sizeof(*p->ops));
	go_on(p);
}

static void on_published(struct history_job *j, int rc, const char *path)
{
	struct publish *p = (struct publish *)j;
	size_t at;

	if (rc == ZOK) {
		history_succeed(j, (struct history_result){ 0 });
		return;
	}
	p->ops += j->series.begin;
	p->count -= j->series.begin;
	at = find_op(p, path);
	if (at < p->count && p->ops[at].kind == OP_DELETE && rc == ZNONODE)
		leave_out(p, at);
	else if (at < p->count && p->ops[at].kind == OP_DELETE && rc == ZNOTEMPTY &&
		 p->late_rounds < LATE_ROUNDS_MAX)
		look_for_late_ones(p, at);
	else
		history_fail_at(j, path, rc);
}

static struct session_op op_of(struct arena *a, const struct history_op *op)
{
	static const struct session_op kinds[] = {
		[HISTORY_CREATE] = { .kind = OP_CREATE },
		[HISTORY_SET] = { .kind = OP_SET },
		[HISTORY_DELETE] = { .kind = OP_DELETE },
	};
	struct session_op copy = kinds[op->kind];

	copy.path = arena_strdup(a, op->path);
	copy.version = op->version;
	if (op->kind != HISTORY_DELETE) {
		copy.data = arena_copy(a, op->data, op->size);
		copy.size = op->size;
	}
	return copy;
}

struct history_job *history_publish(struct session *s, struct election *e,
				    const struct history_op *ops, size_t count, history_done *done,
				    void *ctx)
{
	struct publish *p = history_job_new(sizeof(*p), s, e, done, ctx, NULL);

	p->ops = arena_array(p->job.arena, struct session_op, count);
	p->count = count;
	for (size_t i = 0; i < count; i++)
		p->ops[i] = op_of(p->job.arena, &ops[i]);
	history_write(&p->job, p->ops, count, on_published);
	return &p->job;
}
