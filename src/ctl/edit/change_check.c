/* The check of a change. */
#include <string.h>

#include "change_check.h"
#include "core/fleet/config_note.h"
#include "ctl/lint/lint_cluster.h"
#include "ctl/lint/lint_host.h"
#include "ctl/znodes/reader.h"

#define CONFIG_DEPTH 8 /* also what is too deep to be of the config */

/* `name`, for the znode that is written. */
struct naming {
	const char *path, *name;
};

static const char *file_of(void *ctx, const char *znode)
{
	const struct naming *n = ctx;

	return strcmp(znode, n->path) == 0 ? n->name : NULL;
}

/* The config with other data in the znode; data NULL: without it and what is below it. */
static struct tree *changed_tree(const struct change *c, const struct tree *t, const char *data,
				 size_t size)
{
	const struct znode *old = tree_find(t, c->path);
	struct znode z = old ? *old : (struct znode){ .path = c->path };
	struct tree_builder b;
	struct tree *out;

	z.data = data;
	z.size = size;
	tree_builder_init(&b);
	for (size_t i = 0; i < tree_count(t); i++) {
		const char *path = tree_at(t, i)->path;

		if (data || (strcmp(path, c->path) != 0 && !path_is_below(path, c->path)))
			tree_builder_add(&b, tree_at(t, i));
	}
	if (data)
		tree_builder_add(&b, &z);
	out = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return out;
}

static void forget(struct change *c)
{
	problems_fini(&c->problems);
	findings_fini(&c->findings);
	tree_unref(TAKE(c->checked));
	problems_init(&c->problems);
	findings_init(&c->findings);
}

void change_check(struct change *c, const struct tree *config, const char *data, size_t size,
		  const char *name)
{
	struct naming naming = { c->path, name };

	forget(c);
	c->checked = changed_tree(c, config, data, size);
	lint_change(&c->ctl->settings, config, c->checked, &c->problems);
	if (data && !c->problems.count)
		lint_host(c->ctl, config, c->checked, c->path, &c->problems);
	findings_add(&c->findings, &c->problems, c->checked, file_of, &naming);
}

void change_check_outside(struct change *c, const char *data, size_t size, const char *name)
{
	CLEANUP(tree_unrefp) struct tree *nothing = tree_empty();
	struct naming naming = { c->path, name };

	forget(c);
	c->checked = changed_tree(c, nothing, data, size);
	lint_cluster(&c->ctl->settings, tree_find(c->checked, c->path), &c->problems);
	findings_add(&c->findings, &c->problems, c->checked, file_of, &naming);
}

static int refuse_removal(const struct config_push *mark, const char *path, struct err *e)
{
	return err_set(
		e, ERR_REFUSED,
		"the removal of %s%s%s is unfinished: the config in ZooKeeper is incomplete. Run "
		"\"zknginxctl rm -r %s\" again first (--force writes all the same)",
		path, *mark->by ? " by " : "", mark->by, path);
}

/* An unfinished push or removal holds the rollout: what is written meanwhile goes nowhere. The same
 * removal goes on. */
static int refuse_push(const struct change *c, const struct tree *config, struct err *e)
{
	struct config_note note;

	config_note_of(c->arena, config, c->author.root, &note);
	if (c->force || !note.unfinished || strcmp(note.push.id, c->mark) == 0)
		return 0;
	if (config_push_removal(&note.push))
		return refuse_removal(&note.push, config_push_removal(&note.push), e);
	return err_set(
		e, ERR_REFUSED,
		"a push%s%s is unfinished: the config in ZooKeeper is incomplete. Run that push "
		"again first (--force writes all the same)",
		*note.push.by ? " by " : "", note.push.by);
}

static int refuse_unreadable(const struct change *c, const struct problems *unreadable,
			     struct err *e)
{
	if (!unreadable->count || c->force)
		return 0;
	return err_set(e, ERR_REFUSED,
		       "%s: %s: so the change cannot be checked, and nothing was changed (--force "
		       "changes it all the same)",
		       unreadable->items[0].znode, unreadable->items[0].message);
}

int change_read_config(const struct change *c, struct tree **out, struct err *e)
{
	CLEANUP(problems_fini) struct problems unreadable;
	struct mirror_root root = { c->author.root, CONFIG_DEPTH };

	problems_init(&unreadable);
	if (read_tree(c->ctl, &root, 1, out, &unreadable, e) < 0)
		return -1;
	if (refuse_unreadable(c, &unreadable, e) < 0)
		return -1;
	return refuse_push(c, *out, e);
}
