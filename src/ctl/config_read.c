/* A config of which a part is missing would be taken for one from which that part was deleted. */
#include "config_read.h"
#include "reader.h"

#define CONFIG_DEPTH 3 /* upstreams/NAME/SERVER */

int config_read(struct ctl *ctl, struct tree **out, struct err *e)
{
	const char *config = ctl->settings.zookeeper.config;
	const struct mirror_root root = { config, CONFIG_DEPTH };
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	CLEANUP(problems_fini) struct problems unreadable;

	problems_init(&unreadable);
	if (read_tree(ctl, &root, 1, &t, &unreadable, e) < 0)
		return -1;
	if (unreadable.count)
		return err_set(e, ERR_REFUSED, "%s: %s", unreadable.items[0].znode,
			       unreadable.items[0].message);
	if (!tree_find(t, config))
		return err_set(e, ERR_REFUSED,
			       "the config root %s does not exist in ZooKeeper: check "
			       "zookeeper.config, or create it with \"zknginxctl init\"",
			       config);
	*out = TAKE(t);
	return 0;
}
