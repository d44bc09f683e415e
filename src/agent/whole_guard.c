/* The guards of the whole config. */
#include <string.h>

#include "whole_guard.h"

static struct problem *guard_problem(struct agent *a, const char *znode)
{
	for (size_t i = 0; i < a->problems.count; i++) {
		struct problem *p = &a->problems.items[i];

		if (p->kind == PROBLEM_GUARD && strcmp(p->znode, znode) == 0)
			return p;
	}
	return NULL;
}

/* Its guard is that of the whole config. A revision on trial has no part in it. The problem may be
 * one that was recalled at the start. */
void whole_guard_of_past(struct agent *a)
{
	const char *root = a->settings->zookeeper.config;
	struct problem *there = guard_problem(a, root);
	struct past_watch_facts past;

	past_watch_facts(a->past, &past);
	if (!past.rolled_back)
		return;
	if (!there)
		there = problems_add(
			&a->problems, root, PROBLEM_GUARD, NULL,
			"ZooKeeper has gone back to older data%s: nothing of it is applied until "
			"the newer data is back, or \"zknginxctl confirm --history\" accepts it",
			past.empty ? ", in which the config root is missing or has no objects"
				   : "");
	there->serving = SERVING_PREVIOUS;
}

void whole_guard_of_acl(struct agent *a, const struct acl_findings *found)
{
	problems_fini(&a->problems);
	problems_init(&a->problems);
	problems_add(&a->problems, a->settings->zookeeper.config, PROBLEM_GUARD, NULL,
		     "zookeeper.require_acl: every client that reaches ZooKeeper can change %s; "
		     "nothing new is applied until their ACLs are corrected",
		     found->text)
		->serving = SERVING_PREVIOUS;
}
