/* Which transactions a tree has that another one did not, and what became of them. */
#include "edit.h"

int64_t edit_newest(const struct tree *tree)
{
	return tree_newest(tree);
}

/* A transaction that creates a znode is its mzxid and its parent's pzxid: the znode itself says
 * more. */
static void take(struct edit *c, const struct znode *z, int64_t zxid, uint64_t committed)
{
	bool is_first = !c->first || zxid < c->first || (zxid == c->first && !c->committed);

	if (is_first) {
		c->first = zxid;
		c->znode = z->path;
		c->committed = committed;
	}
	if (zxid > c->newest)
		c->newest = zxid;
}

struct edit edit_find(const struct tree *tree, int64_t after)
{
	struct tree_walk w = tree_walk_from(tree, 0);
	struct edit c = { 0 };

	while (after && w.at < tree_count(tree)) {
		const struct znode *z;

		if (tree_walk_skip_known(&w, after))
			continue;
		z = tree_at(tree, w.at++);
		if (z->mzxid > after)
			take(&c, z, z->mzxid, (uint64_t)z->mtime * USEC_PER_MSEC);
		if (z->pzxid > after)
			take(&c, z, z->pzxid, 0);
		c.znodes += z->mzxid > after;
	}
	if (c.first && !c.znodes)
		c.znodes = 1; /* only deletions: how many is not known */
	return c;
}

/* Returns what separates the steps from it. */
static const char *put_wait(struct buf *out, const struct status_change *s)
{
	if (!s->clocks_differ && s->committed) {
		buf_printf(out, ": %.0f ms until it was read and its turn came", s->waited_ms);
		return ", ";
	}
	buf_printf(out, " from the beginning of its run (%s):",
		   s->clocks_differ ? "ZooKeeper's clock is ahead of this host's"
				    : "a deletion has no time in ZooKeeper");
	return " ";
}

static void put_sentence(struct buf *out, const struct status_change *s, const struct edit_times *t)
{
	const char *separator;

	buf_printf(out, "this edit took %.0f ms", s->total_ms);
	separator = put_wait(out, s);
	for (unsigned i = 0; i < STEP_N; i++) {
		if (t->steps_ms[i] <= 0)
			continue;
		buf_printf(out, "%s%s %.1f ms", separator, step_name((enum step_id)i),
			   t->steps_ms[i]);
		separator = ", ";
	}
}

void edit_measure(const struct edit *c, const struct edit_times *t, unsigned long generation,
		  struct buf *text, struct status_change *out)
{
	/* ZooKeeper's times are whole milliseconds */
	bool ahead = c->committed > t->began + USEC_PER_MSEC;
	uint64_t waited = c->committed && c->committed < t->began ? t->began - c->committed : 0;

	*out = (struct status_change){
		.on = true,
		.zxid = c->first,
		.newest = c->newest,
		.znode = c->znode,
		.znodes = c->znodes,
		.generation = generation,
		.committed = c->committed,
		.waited_ms = (double)waited / (double)USEC_PER_MSEC,
		.clocks_differ = ahead,
	};
	out->total_ms = out->waited_ms + t->total_ms;
	buf_clear(text);
	put_sentence(text, out, t);
	out->text = buf_str(text);
}

void edit_print(const struct status_change *s, const struct edit_times *t, const char *kind,
		const char *result, struct buf *out)
{
	buf_printf(out,
		   "change: zxid=0x%llx newest=0x%llx znode=%s znodes=%lu generation=%lu kind=%s "
		   "result=%s total_ms=%.1f",
		   (unsigned long long)s->zxid, (unsigned long long)s->newest, s->znode, s->znodes,
		   s->generation, kind, result, s->total_ms);
	if (s->committed && !s->clocks_differ)
		buf_printf(out, " waited_ms=%.1f", s->waited_ms);
	else
		buf_printf(out, " waited_ms=unknown(%s)",
			   s->clocks_differ ? "clocks-differ" : "deletion");
	for (unsigned i = 0; i < STEP_N; i++)
		buf_printf(out, " %s_ms=%.1f", step_name((enum step_id)i), t->steps_ms[i]);
}
