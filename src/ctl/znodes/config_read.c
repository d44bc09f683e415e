/* A config of which a part is missing would be taken for one from which that part was deleted. */
#include "config_read.h"
#include "composed.h"
#include "reader.h"

#define CONFIG_DEPTH 3 /* upstreams/NAME/SERVER */

static int check(const char *config, const struct tree *t, const struct problems *unreadable,
		 struct err *e)
{
	if (unreadable->count)
		return err_set(e, ERR_REFUSED, "%s: %s", unreadable->items[0].znode,
			       unreadable->items[0].message);
	if (tree_find(t, config))
		return 0;
	return err_set(e, ERR_REFUSED,
		       "the config root %s does not exist in ZooKeeper: check zookeeper.config, or "
		       "create it with \"zknginxctl init\"",
		       config);
}

int config_read(struct ctl *ctl, struct tree **out, struct err *e)
{
	const char *config = ctl->settings.zookeeper.config;
	const struct mirror_root root = { config, CONFIG_DEPTH };
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	CLEANUP(problems_fini) struct problems unreadable;

	problems_init(&unreadable);
	if (read_tree(ctl, &root, 1, &t, &unreadable, e) < 0 ||
	    check(config, t, &unreadable, e) < 0)
		return -1;
	*out = TAKE(t);
	return 0;
}

int config_read_discovered(struct ctl *ctl, struct tree **out, struct err *e)
{
	CLEANUP(composed_freep) struct composed *c = NULL;
	CLEANUP(problems_fini) struct problems unreadable;

	problems_init(&unreadable);
	if (composed_read(ctl, &c, e) < 0)
		return -1;
	for (size_t i = 0; i < c->problems.count; i++) {
		if (c->problems.items[i].kind == PROBLEM_ACCESS)
			problems_append(&unreadable, &c->problems.items[i]);
	}
	if (check(c->root, c->tree, &unreadable, e) < 0)
		return -1;
	*out = tree_ref(c->tree);
	return 0;
}
