/* The facts are the only part of it that changes. */
#include <stdlib.h>

#include <zknginx/err.h>

#include "leader_context.h"

static void clear_facts(struct leader_facts *f)
{
	tree_unref(f->tree);
	tree_unref(f->stored);
	free((char *)f->newest);
	free((char *)f->stored_revision);
	free((char *)f->applied);
	free((char *)f->accepted);
	free((char *)f->plan);
}

/* References are taken before those of before are given up: they may be the same. */
void leader_context_take(struct leader_context *c, const struct leader_facts *facts)
{
	struct leader_facts copy = {
		.tree = facts->tree ? tree_ref(facts->tree) : NULL,
		.newest = xstrdup(facts->newest),
		.known = facts->known,
		.unfinished = facts->unfinished,
		.current = facts->current,
		.stale_plan = facts->stale_plan,
		.accepted = xstrdup(facts->accepted),
		.plan = xstrdup(facts->plan),
		.stored = facts->stored ? tree_ref(facts->stored) : NULL,
		.stored_revision = xstrdup(facts->stored_revision),
		.applied = xstrdup(facts->applied),
	};

	clear_facts(&c->facts);
	c->facts = copy;
}

/* The two mirrors may be connected to servers of different histories. What the agent has seen of
 * the plan has to be in the leader's tree, or something later: else it is waited for. */
static bool has_agents_plan(const struct leader_context *c, const struct tree *tree)
{
	CLEANUP(freep)
	char *path = cluster_path_new(c->settings->zookeeper.cluster, CLUSTER_PLAN, NULL);
	const struct znode *agents = tree_find(c->facts.tree, path);
	const struct znode *own = tree_find(tree, path);

	return !agents || (own && own->mzxid >= agents->mzxid);
}

bool leader_context_is_current(const struct leader_context *c, const struct tree *tree)
{
	return c->facts.tree && c->facts.current && has_agents_plan(c, tree);
}

void leader_context_fini(struct leader_context *c)
{
	clear_facts(&c->facts);
	free(c->host);
}
