/* Trees from a mirror, for code that waits for them. */
#include <stdlib.h>
#include <string.h>

#include "reader.h"

#define SILENT USEC_PER_SEC

struct reader {
	struct ctl *ctl;
	struct mirror *mirror;
	struct tree *tree; /* not handed on yet */
};

static void on_tree(void *ctx, struct tree *tree)
{
	struct reader *r = ctx;

	tree_unref(r->tree);
	r->tree = tree_ref(tree);
}

int reader_new(struct ctl *ctl, const struct mirror_root *roots, size_t count, struct reader **out,
	       struct err *e)
{
	static const struct mirror_ops ops = { .on_tree = on_tree };
	CLEANUP(reader_freep) struct reader *r = xcalloc(1, sizeof(*r));

	r->ctl = ctl;
	if (mirror_new(ctl->loop, "reader", &ctl->settings.zookeeper, roots, count, &ops, r,
		       &r->mirror, e) < 0)
		return -1;
	mirror_set_command(r->mirror, "zknginxctl");
	*out = TAKE(r);
	return 0;
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	if (r->mirror)
		mirror_free(r->mirror);
	tree_unref(r->tree);
	free(r);
}

static bool has_tree(void *ctx)
{
	const struct reader *r = ctx;

	return r->tree;
}

int reader_next(struct reader *r, uint64_t timeout, struct tree **out)
{
	bool there = ctl_run_until(r->ctl, has_tree, r, timeout);

	*out = TAKE(r->tree);
	return there;
}

/*
 * With a word on the terminal when it takes long. The timeout is that of an answer: while more and
 * more is read, it begins again.
 */
static bool await_first(struct reader *r, struct tree **out)
{
	uint64_t left = r->ctl->timeout;
	unsigned long most = 0;
	bool there = false;

	while (left && !there) {
		uint64_t wait = left < SILENT ? left : SILENT;

		there = reader_next(r, wait, out);
		left -= wait;
		if (mirror_nodes(r->mirror) > most) {
			most = mirror_nodes(r->mirror);
			left = r->ctl->timeout;
		}
		if (left && !there)
			progress_show("waiting for ZooKeeper at %s …",
				      r->ctl->settings.zookeeper.hosts);
	}
	progress_clear();
	return there;
}

int reader_first(struct reader *r, struct tree **out, struct err *e)
{
	if (await_first(r, out))
		return 0;
	return ctl_no_answer(r->ctl, r->ctl->settings.zookeeper.hosts, e);
}

bool reader_is_connected(const struct reader *r)
{
	return session_state(mirror_session(r->mirror)) == SESSION_CONNECTED;
}

void reader_problems(const struct reader *r, struct problems *out)
{
	mirror_problems(r->mirror, out);
}

/* Without the one, is a part of the other unknown? */
static bool hides(const char *znode, const char *path)
{
	return strcmp(znode, path) == 0 || path_is_below(znode, path) || path_is_below(path, znode);
}

int reader_check(const struct reader *r, const char *path, struct err *e)
{
	CLEANUP(problems_fini) struct problems unreadable;

	problems_init(&unreadable);
	reader_problems(r, &unreadable);
	for (size_t i = 0; i < unreadable.count; i++) {
		const struct problem *p = &unreadable.items[i];

		if (hides(p->znode, path))
			return err_set(e, ERR_UNAVAILABLE, "%s: %s", p->znode, p->message);
	}
	return 0;
}

struct mirror *reader_mirror(struct reader *r)
{
	return r->mirror;
}

int read_tree(struct ctl *ctl, const struct mirror_root *roots, size_t count, struct tree **out,
	      struct problems *unreadable, struct err *e)
{
	CLEANUP(reader_freep) struct reader *r = NULL;

	if (reader_new(ctl, roots, count, &r, e) < 0 || reader_first(r, out, e) < 0)
		return -1;
	if (unreadable)
		reader_problems(r, unreadable);
	return 0;
}

int read_whole_tree(struct ctl *ctl, const struct mirror_root *root, struct tree **out,
		    struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	CLEANUP(problems_fini) struct problems unreadable;

	problems_init(&unreadable);
	if (read_tree(ctl, root, 1, &t, &unreadable, e) < 0)
		return -1;
	if (unreadable.count)
		return err_set(e, ERR_REFUSED, "%s: %s", unreadable.items[0].znode,
			       unreadable.items[0].message);
	*out = TAKE(t);
	return 0;
}
