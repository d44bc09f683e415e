/* Fetching: the entry, then its parts one after the other; then everything is verified. */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "history_parts.h"

struct fetch {
	struct history_job job;
	const char *cluster, *root, *revision;
	unsigned long seq;
	struct history_entry entry;
	unsigned next; /* part to read */
	struct buf packed;
	struct tree *tree;
};

static void fini(struct history_job *j)
{
	struct fetch *f = (struct fetch *)j;

	buf_fini(&f->packed);
	tree_unref(f->tree);
}

static void unpack(struct fetch *f)
{
	struct err e;

	if (history_unpack(buf_str(&f->packed), f->packed.size, f->root, f->revision, &f->tree,
			   &e) < 0)
		history_fail(&f->job, "%s: %s", history_path(f->job.arena, f->cluster, f->seq),
			     e.text);
	else
		history_succeed(&f->job, (struct history_result){ .tree = f->tree, .seq = f->seq });
}

static void on_part(struct history_job *j, const struct session_reply *r);

static void next(struct fetch *f)
{
	if (f->next == f->entry.parts)
		unpack(f);
	else
		history_get(&f->job, history_part_path(f->job.arena, f->cluster, f->seq, f->next++),
			    on_part);
}

static void on_part(struct history_job *j, const struct session_reply *r)
{
	struct fetch *f = (struct fetch *)j;

	if (r->rc != ZOK) {
		history_fail_at(j, r->path, r->rc);
		return;
	}
	if (r->size > HISTORY_PART_SIZE) {
		history_fail(j, "%s is larger than a part of an entry can be", r->path);
		return;
	}
	buf_put(&f->packed, r->data, r->size);
	next(f);
}

static void on_entry(struct history_job *j, const struct session_reply *r)
{
	struct fetch *f = (struct fetch *)j;
	struct znode z = { .path = r->path, .data = r->data ? r->data : "", .size = r->size };

	if (r->rc != ZOK)
		history_fail_at(j, r->path, r->rc);
	else if (!history_entry_parse(j->arena, &z, &f->entry))
		history_fail(j, "%s is not an entry of the history", r->path);
	else if (!f->entry.parts)
		history_fail(j, "%s is not complete", r->path);
	else if (strcmp(f->entry.revision, f->revision) != 0)
		history_fail(j, "%s has revision %.12s, expected %.12s", r->path, f->entry.revision,
			     f->revision);
	else
		next(f);
}

struct history_job *history_fetch(struct session *s, const char *cluster, const char *root,
				  unsigned long seq, const char *revision, history_done *done,
				  void *ctx)
{
	struct fetch *f = history_job_new(sizeof(*f), s, NULL, done, ctx, fini);
	struct arena *a = f->job.arena;

	f->cluster = arena_strdup(a, cluster);
	f->root = arena_strdup(a, root);
	f->revision = arena_strdup(a, revision);
	f->seq = seq;
	history_get(&f->job, history_path(a, cluster, seq), on_entry);
	return &f->job;
}
