/*
 * When a tree leaves the mirror.
 *
 * Only while the session is connected, all events that were missed have arrived, nothing is wanted
 * or in flight, and no node is in doubt. Then each node's watch has been armed since the node was
 * read, and none has fired, so everything that is stored was true at one instant.
 */
#include "core/data/layout.h"
#include "mirror_parts.h"
#include "sys/timing.h"

#define OVERDUE (250 * USEC_PER_MSEC)

static bool is_settled(const struct mirror *m)
{
	return session_state(m->session) == SESSION_CONNECTED && m->caught_up &&
	       TAILQ_EMPTY(&m->todo) && m->in_flight == 0 && m->dead == 0;
}

/* Stricter than tree_same(): a znode that was written again with the same data is another one. */
static bool is_same_state(const struct tree *a, const struct tree *b)
{
	struct tree_walk one = tree_walk_from(a, 0), other = tree_walk_from(b, 0);

	if (tree_count(a) != tree_count(b))
		return false;
	while (one.at < tree_count(a)) {
		const struct znode *x, *y;

		if (tree_walk_both(&one, &other))
			continue;
		x = tree_at(a, one.at++);
		y = tree_at(b, other.at++);
		if (x == y)
			continue;
		if (x->mzxid != y->mzxid || x->czxid != y->czxid || x->version != y->version ||
		    x->owner != y->owner || !znode_same(x, y))
			return false;
	}
	return true;
}

static struct tree *build(const struct mirror *m)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;

	tree_builder_init(&b);
	b.trusted = true; /* children are in the byte order of their names */
	node_build(m->top, &b);
	return tree_builder_finish(&b);
}

bool mirror_is_settled(const struct mirror *m)
{
	return is_settled(m) && !m->changed;
}

static void note_epoch(struct mirror *m)
{
	if (m->settled_epoch == m->epoch)
		return;
	m->settled_epoch = m->epoch;
	m->has_news = true;
	mirror_schedule_work(m);
}

void mirror_publish(struct mirror *m)
{
	CLEANUP(tree_unrefp) struct tree *t = NULL;

	if (!is_settled(m))
		return;
	note_epoch(m);
	if (!m->changed)
		return;
	t = build(m);
	m->changed = false;
	m->published = timing_now();
	if (m->last && is_same_state(m->last, t))
		return;
	if (m->last)
		tree_follow(t, m->last);
	tree_unref(m->last);
	m->last = tree_ref(t);
	m->complete = true;
	m->ops.on_tree(m->ctx, t);
}

void mirror_publish_overdue(struct mirror *m)
{
	if (m->in_flight == 0 && m->changed && is_settled(m) &&
	    timing_now() - m->published > OVERDUE)
		mirror_publish(m);
}
