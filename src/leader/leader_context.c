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
}

/* References are taken before those of before are given up: they may be the same. */
void leader_context_take(struct leader_context *c, const struct leader_facts *facts)
{
	struct leader_facts copy = {
		.tree = facts->tree ? tree_ref(facts->tree) : NULL,
		.newest = xstrdup(facts->newest),
		.known = facts->known,
		.unfinished = facts->unfinished,
		.stored = facts->stored ? tree_ref(facts->stored) : NULL,
		.stored_revision = xstrdup(facts->stored_revision),
		.applied = xstrdup(facts->applied),
	};

	clear_facts(&c->facts);
	c->facts = copy;
}

void leader_context_fini(struct leader_context *c)
{
	clear_facts(&c->facts);
	free(c->host);
}
