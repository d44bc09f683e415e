/* Mirrors under test: see rig_mirror.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "rig_mirror.h"

static void on_tree(void *ctx, struct tree *tree)
{
	struct watcher *w = ctx;

	tree_unref(w->tree);
	w->tree = tree_ref(tree);
	w->trees++;
}

static void on_state(void *ctx)
{
	struct watcher *w = ctx;

	w->states++;
}

static const struct mirror_ops ops = { .on_tree = on_tree, .on_state = on_state };

void watcher_start_at(struct watcher *w, const char *hosts, uint64_t watch_limit,
		      const struct mirror_root *roots, size_t count)
{
	struct zookeeper_settings z = {
		.hosts = hosts,
		.session_timeout = w->rig->timeout,
		.max_frame = RIG_MAX_FRAME,
		.max_data = RIG_MAX_DATA,
		.auth_file = "",
		.watch_limit = watch_limit,
	};
	struct err e;

	*w = (struct watcher){ .rig = w->rig };
	if (mirror_new(w->rig->base.loop, "mirror", &z, roots, count, &ops, w, &w->mirror, &e) < 0)
		fail_msg("%s", e.text);
	assert_false(mirror_is_complete(w->mirror));
}

void watcher_start(struct watcher *w, const char *root, unsigned depth)
{
	struct mirror_root r = { root, depth };

	watcher_start_at(w, rig_zookeeper_hosts(w->rig->base.server), WATCH_LIMIT, &r, 1);
	eventually(w->rig->base.loop, mirror_is_complete(w->mirror));
}

void watcher_stop(struct watcher *w)
{
	mirror_free(w->mirror);
	tree_unref(w->tree);
	*w = (struct watcher){ .rig = w->rig };
}

const struct znode *watcher_find(const struct watcher *w, const char *path)
{
	return w->tree ? tree_find(w->tree, path) : NULL;
}

bool watcher_has(const struct watcher *w, const char *path, const char *data)
{
	const struct znode *z = watcher_find(w, path);

	return z && z->size == strlen(data) && memcmp(z->data, data, z->size) == 0;
}

/* tree_same(), with the time of each write. */
static bool is_same(const struct tree *a, const struct tree *b)
{
	bool same = tree_count(a) == tree_count(b);

	for (size_t i = 0; same && i < tree_count(a); i++)
		same = znode_same(tree_at(a, i), tree_at(b, i)) &&
		       tree_at(a, i)->mzxid == tree_at(b, i)->mzxid;
	return same;
}

bool watcher_is_true(struct watcher *w, const struct mirror_root *roots, size_t count)
{
	struct watcher *fresh = &w->rig->fresh;
	bool same;

	watcher_start_at(fresh, rig_zookeeper_hosts(w->rig->base.server), WATCH_LIMIT, roots,
			 count);
	eventually(w->rig->base.loop, mirror_is_complete(fresh->mirror));
	same = is_same(w->tree, fresh->tree);
	watcher_stop(fresh);
	return same;
}

size_t watcher_problems(const struct watcher *w, char *first, size_t room)
{
	struct problems ps;
	size_t count;

	problems_init(&ps);
	mirror_problems(w->mirror, &ps);
	count = ps.count;
	if (count)
		snprintf(first, room, "%s %s %s %s", problem_kind_name(ps.items[0].kind),
			 serving_name(ps.items[0].serving), ps.items[0].znode, ps.items[0].message);
	problems_fini(&ps);
	return count;
}

unsigned long watcher_requests(const struct watcher *w)
{
	return session_requests(mirror_session(w->mirror));
}

bool watcher_is_connected(const struct watcher *w)
{
	return session_state(mirror_session(w->mirror)) == SESSION_CONNECTED;
}

/* --- for cmocka ------------------------------------------------------------------------------ */

int rig_mirror_setup(void **state)
{
	struct rig_mirror *r = xcalloc(1, sizeof(*r));

	rig_loop_init(&r->base);
	r->watched.rig = r->fresh.rig = r;
	*state = r;
	return 0;
}

int rig_mirror_teardown(void **state)
{
	struct rig_mirror *r = *state;

	rig_loop_fini(&r->base);
	free(r);
	return 0;
}

int rig_mirror_begin(void **state)
{
	struct rig_mirror *r = *state;

	r->timeout = LONG_TIMEOUT;
	rig_zk_delete_all(r->base.client, "/m");
	rig_zk_create(r->base.client, "/m", "root");
	return 0;
}

int rig_mirror_end(void **state)
{
	struct rig_mirror *r = *state;

	watcher_stop(&r->watched);
	watcher_stop(&r->fresh);
	return 0;
}
