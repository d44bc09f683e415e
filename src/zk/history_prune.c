/*
 * Deleting entries. Each goes with its parts in one transaction, so that half of one is never seen.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "history_parts.h"

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
