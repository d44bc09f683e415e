/*
 * Mirrors under test: a server, clients that write to it, a mirror `w`, and what to compare its
 * trees with: a second one, `fresh`, that has just read everything. All of it belongs to the one
 * test program that includes this.
 */
#ifndef ZKNGINX_TESTS_RIG_MIRROR_H
#define ZKNGINX_TESTS_RIG_MIRROR_H

#include "rig_loop.h"
#include "zk/mirror.h"

#define WATCH_LIMIT 900000

struct watcher {
	struct mirror *mirror;
	struct tree *tree; /* the newest */
	unsigned trees, states;
};

static struct watcher w, fresh;         /* not on the stack, which a failed test leaves behind */
static uint64_t timeout = LONG_TIMEOUT; /* of the mirrors' sessions; so at the start of a test */

static inline void on_tree(void *ctx, struct tree *tree)
{
	struct watcher *of = ctx;

	tree_unref(of->tree);
	of->tree = tree_ref(tree);
	of->trees++;
}

static inline void on_state(void *ctx)
{
	struct watcher *of = ctx;

	of->states++;
}

static const struct mirror_ops ops = { .on_tree = on_tree, .on_state = on_state };

static inline void start_at(struct watcher *of, const char *hosts, uint64_t watch_limit,
			    const struct mirror_root *roots, size_t count)
{
	struct zookeeper_settings z = {
		.hosts = hosts,
		.session_timeout = timeout,
		.auth_file = "",
		.watch_limit = watch_limit,
	};
	struct err e;

	*of = (struct watcher){ 0 };
	if (mirror_new(loop, "mirror", &z, roots, count, &ops, of, &of->mirror, &e) < 0)
		fail_msg("%s", e.text);
	assert_false(mirror_is_complete(of->mirror));
}

/* One root, and waits for the first tree. */
static inline void start(struct watcher *of, const char *root, unsigned depth)
{
	struct mirror_root r = { root, depth };

	start_at(of, rig_zookeeper_hosts(server), WATCH_LIMIT, &r, 1);
	eventually(loop, mirror_is_complete(of->mirror));
}

static inline void stop(struct watcher *of)
{
	mirror_free(of->mirror);
	tree_unref(of->tree);
	*of = (struct watcher){ 0 };
}

static inline const struct znode *find(const struct watcher *of, const char *path)
{
	return of->tree ? tree_find(of->tree, path) : NULL;
}

static inline bool holds(const struct watcher *of, const char *path, const char *data)
{
	const struct znode *z = find(of, path);

	return z && z->size == strlen(data) && memcmp(z->data, data, z->size) == 0;
}

static inline bool equal(const struct tree *a, const struct tree *b)
{
	bool same = tree_count(a) == tree_count(b);

	for (size_t i = 0; same && i < tree_count(a); i++)
		same = znode_same(tree_at(a, i), tree_at(b, i)) &&
		       tree_at(a, i)->mzxid == tree_at(b, i)->mzxid;
	return same;
}

/* Does it hold what a new mirror of the same roots reads? */
static inline bool is_true(struct watcher *of, const struct mirror_root *roots, size_t count)
{
	bool same;

	start_at(&fresh, rig_zookeeper_hosts(server), WATCH_LIMIT, roots, count);
	eventually(loop, mirror_is_complete(fresh.mirror));
	same = equal(of->tree, fresh.tree);
	stop(&fresh);
	return same;
}

static inline unsigned long requests(const struct watcher *of)
{
	return session_requests(mirror_session(of->mirror));
}

static inline bool is_connected(const struct watcher *of)
{
	return session_state(mirror_session(of->mirror)) == SESSION_CONNECTED;
}

/* How many, and the first as text. */
static inline size_t problems(const struct watcher *of, char *first, size_t room)
{
	struct problems ps;
	size_t count;

	problems_init(&ps);
	mirror_problems(of->mirror, &ps);
	count = ps.count;
	if (count)
		snprintf(first, room, "%s %s %s %s", problem_kind_name(ps.items[0].kind),
			 serving_name(ps.items[0].serving), ps.items[0].znode, ps.items[0].message);
	problems_fini(&ps);
	return count;
}

/* Gives what should not happen a chance to. */
static inline void let_pass(uint64_t time)
{
	for (uint64_t end = rig_now() + time; rig_now() < end;)
		rig_pause(loop);
}

static inline int stop_all(void **state UNUSED)
{
	stop(&w);
	stop(&fresh);
	return 0;
}

static inline int fresh_tree(void **state UNUSED)
{
	timeout = LONG_TIMEOUT;
	rig_zk_delete_all(client, "/m");
	rig_zk_create(client, "/m", "root");
	return 0;
}

#define mirror_test(f) cmocka_unit_test_setup_teardown(f, fresh_tree, stop_all)

#endif
