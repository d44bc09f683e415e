/* A config of which a part is missing would be taken for one from which that part was deleted. */
#include <stdlib.h>

#include "config_read.h"
#include "lint.h"
#include "reader.h"
#include "zk/roots.h"

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

/* The upstreams of a tree say what to read beside it; then another tree follows. */
static bool lacks_registrations(struct ctl *ctl, struct roots *roots, struct reader *r,
				const struct tree *t)
{
	const struct lint_input in = { .tree = t, .accepted = t };
	CLEANUP(problems_fini) struct problems unused;
	CLEANUP(model_freep) struct model *m = NULL;

	problems_init(&unused);
	m = lint_compose(&ctl->settings, &in, &unused);
	return roots_follow(roots, m, reader_mirror(r));
}

static int read_discovered(struct ctl *ctl, struct roots *roots, struct tree **out, struct err *e)
{
	CLEANUP(model_freep) struct model *nothing = model_new();
	CLEANUP(freep) struct mirror_root *first = NULL;
	CLEANUP(reader_freep) struct reader *r = NULL;
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	CLEANUP(problems_fini) struct problems unreadable;
	size_t count;

	problems_init(&unreadable);
	first = roots_begin(roots, nothing, &count);
	if (reader_new(ctl, first, count, &r, e) < 0)
		return -1;
	do {
		tree_unref(TAKE(t));
		if (reader_first(r, &t, e) < 0)
			return -1;
	} while (lacks_registrations(ctl, roots, r, t));
	reader_problems(r, &unreadable);
	if (check(ctl->settings.zookeeper.config, t, &unreadable, e) < 0)
		return -1;
	*out = TAKE(t);
	return 0;
}

int config_read_discovered(struct ctl *ctl, struct tree **out, struct err *e)
{
	CLEANUP(roots_fini) struct roots roots;

	roots_init(&roots, &ctl->settings.zookeeper);
	return read_discovered(ctl, &roots, out, e);
}
