/*
 * Mirrors under test (src/zk/mirror.h): `watched`, and one to compare its trees with, `fresh`,
 * that has just read everything.
 */
#ifndef ZKNGINX_TESTS_RIG_MIRROR_H
#define ZKNGINX_TESTS_RIG_MIRROR_H

#include "rig_loop.h"
#include "zk/mirror.h"

#define WATCH_LIMIT 900000

struct watcher {
	struct rig_mirror *rig;
	struct mirror *mirror;
	struct tree *tree; /* the newest */
	unsigned trees, states;
};

struct rig_mirror {
	struct rig_loop base;
	struct watcher watched, fresh;
	uint64_t timeout; /* of the mirrors' sessions: LONG_TIMEOUT at the start of a test */
};

void watcher_start_at(struct watcher *w, const char *hosts, uint64_t watch_limit,
		      const struct mirror_root *roots, size_t count);
/* One root of the rig's server; waits for the first tree. */
void watcher_start(struct watcher *w, const char *root, unsigned depth);
void watcher_stop(struct watcher *w);

/* The newest tree: the znode, or NULL; whether it has this data. */
const struct znode *watcher_find(const struct watcher *w, const char *path);
bool watcher_has(const struct watcher *w, const char *path, const char *data);
/* Does a new mirror of the same roots read the same tree? */
bool watcher_is_true(struct watcher *w, const struct mirror_root *roots, size_t count);
/* The number of problems; the first is printed into `first`. */
size_t watcher_problems(const struct watcher *w, char *first, size_t room);

unsigned long watcher_requests(const struct watcher *w);
bool watcher_is_connected(const struct watcher *w);

/* For cmocka: *state is a struct rig_mirror of the whole program. Each test begins with the znode
 * /m ("root") and no mirror. */
int rig_mirror_setup(void **state);
int rig_mirror_teardown(void **state);
int rig_mirror_begin(void **state);
int rig_mirror_end(void **state);

#define mirror_test(f) cmocka_unit_test_setup_teardown(f, rig_mirror_begin, rig_mirror_end)

#endif
