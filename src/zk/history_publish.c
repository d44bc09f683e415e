/*
 * The other writes: deleting entries, and publishing a config.
 *
 * To publish may take several transactions. When one in the middle fails, those before it have been
 * done, and another history_restore() has to begin with the result. An entry is deleted with its
 * parts in one transaction, so that half of one is never seen.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "history_parts.h"

/* --- publish --------------------------------------------------------------------------------- */

struct publish {
	struct history_job job;
	struct session_op *ops; /* not done yet */
	size_t count;
};

static size_t find_op(const struct publish *p, const char *path)
{
	size_t i = 0;

	while (i < p->count && strcmp(p->ops[i].path, path) != 0)
		i++;
	return i;
}

static void on_published(struct history_job *j, int rc, const char *path);

/* A server that has gone meanwhile needs no deletion. Where servers come and go all the time, an
 * attempt that ended here would hardly ever succeed. */
static bool go_on_without(struct publish *p, int rc, const char *path)
{
	size_t at;

	p->ops += p->job.series.begin;
	p->count -= p->job.series.begin;
	at = find_op(p, path);
	if (rc != ZNONODE || at == p->count || p->ops[at].kind != OP_DELETE)
		return false;
	p->count--;
	memmove(&p->ops[at], &p->ops[at + 1], (p->count - at) * sizeof(*p->ops));
	history_write(&p->job, p->ops, p->count, on_published);
	return true;
}

static void on_published(struct history_job *j, int rc, const char *path)
{
	if (rc == ZOK)
		history_succeed(j, (struct history_result){ 0 });
	else if (!go_on_without((struct publish *)j, rc, path))
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

/* --- prune ----------------------------------------------------------------------------------- */

struct prune {
	struct history_job job;
	const char *cluster;
	unsigned long *seqs;
	size_t count, next;
	const char *failure; /* the first */
};

static void on_listed(struct history_job *j, const struct session_reply *r);

static const char *path_at(const struct prune *p, size_t i)
{
	return history_path(p->job.arena, p->cluster, p->seqs[i]);
}

static void prune_next(struct prune *p)
{
	if (p->next < p->count)
		history_list(&p->job, path_at(p, p->next++), on_listed);
	else if (p->failure)
		history_fail(&p->job, "%s", p->failure);
	else
		history_succeed(&p->job, (struct history_result){ 0 });
}

/* If one cannot be deleted, the others still are. */
static void on_pruned(struct history_job *j, int rc, const char *path)
{
	struct prune *p = (struct prune *)j;

	if (history_is_over(rc)) {
		history_fail_at(j, path, rc);
		return;
	}
	if (rc != ZOK && !p->failure)
		p->failure = arena_printf(j->arena, "%s: %s", path, history_result_text(rc));
	prune_next(p);
}

static void on_listed(struct history_job *j, const struct session_reply *r)
{
	struct prune *p = (struct prune *)j;
	const char *path = path_at(p, p->next - 1);
	struct session_op *ops;

	if (r->rc != ZOK) {
		on_pruned(j, r->rc == ZNONODE ? ZOK : r->rc, path);
		return;
	}
	ops = arena_array(j->arena, struct session_op, r->child_count + 1);
	for (size_t i = 0; i < r->child_count; i++)
		ops[i] = (struct session_op){
			.kind = OP_DELETE,
			.path = arena_printf(j->arena, "%s/%s", path, r->children[i]),
			.version = -1,
		};
	ops[r->child_count] = (struct session_op){ .kind = OP_DELETE, .path = path, .version = -1 };
	history_write(j, ops, r->child_count + 1, on_pruned);
}

struct history_job *history_prune(struct session *s, struct election *e, const char *cluster,
				  const unsigned long *seqs, size_t count, history_done *done,
				  void *ctx)
{
	struct prune *p = history_job_new(sizeof(*p), s, e, done, ctx, NULL);

	p->cluster = arena_strdup(p->job.arena, cluster);
	p->seqs = arena_array(p->job.arena, unsigned long, count);
	if (count)
		memcpy(p->seqs, seqs, count * sizeof(*seqs));
	p->count = count;
	history_write(&p->job, NULL, 0, on_pruned);
	return &p->job;
}
