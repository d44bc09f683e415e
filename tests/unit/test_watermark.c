/*
 * watermark: what is found out about a tree block by block, and with the watermark of before,
 * against a plain count over all its znodes. Random edits of trees of blocks and loose znodes; a
 * failure names its seed: WATERMARK_SEED=n runs that world alone.
 */
#include "core/data/layout.h"
#include "core/data/tree_parts.h"
#include "core/fleet/watermark.h"
#include "core/status/edit.h"
#include "dice.h"
#include "tree_fixture.h"

#define ROOT "/nginx/config"
#define WORLDS 40
#define EDITS 150
#define MARKS 4

/* --- trees ----------------------------------------------------------------------------------- */

/* In tree order. A group is a parent with its children: a block, mostly. */
static const char *const paths[] = {
	"/nginx/cluster",
	"/nginx/cluster/confirmed",
	"/nginx/cluster/plan",
	ROOT,
	ROOT "/sites",
	ROOT "/sites/one",
	ROOT "/sites/two",
	ROOT "/upstreams",
	ROOT "/upstreams/a",
	ROOT "/upstreams/a/10.0.0.1:80",
	ROOT "/upstreams/a/10.0.0.2:80",
	ROOT "/upstreams/a/10.0.0.2:80/stray",
	ROOT "/upstreams/a-b",
	ROOT "/upstreams/a-b/10.0.0.1:80",
	ROOT "/upstreams/b",
	ROOT "/upstreams/b/10.0.0.1:80",
	ROOT "/upstreams/b/10.0.0.2:80",
	ROOT "/upstreams/c",
	ROOT "/upstreams/c/10.0.0.1:80",
	ROOT "/upstreams/d",
	ROOT "/upstreams/d/10.0.0.1:80",
	ROOT "/upstreams/d/10.0.0.2:80",
	"/nginx/later",
	"/nginx/later/confirmed",
	"/nginx/later/plan",
	"/svc/a",
	"/svc/a/1",
};
#define PATHS ARRAY_SIZE(paths)

enum shape { WHOLE, WITHOUT_LAST, WITHOUT_FIRST, LOOSE, SHAPES };

struct world {
	const struct znode *znodes[PATHS]; /* NULL: there is none */
	struct tree_block *blocks[PATHS];  /* that begins there in the last tree, or NULL */
	enum shape shapes[PATHS];          /* of the group that begins there */
	int64_t zxid;
	struct watermark_places places;
	struct watermark marks[MARKS]; /* of earlier trees; the last first */
	struct watermark plain[MARKS]; /* the same */
};

static void put(struct world *w, size_t i, const struct znode *z)
{
	const struct znode *old = w->znodes[i];

	w->znodes[i] = z ? znode_keep(z) : NULL;
	znode_release(old);
}

/* But for now and then: in a history that is another one, the parent need not show it. */
static void touch_parent(struct world *w, size_t i)
{
	if (dice(4) == 0)
		return;
	for (size_t p = i; p-- > 0;) {
		struct znode z;

		if (!w->znodes[p] || !path_is_below(paths[i], paths[p]))
			continue;
		z = *w->znodes[p];
		z.pzxid = w->zxid;
		put(w, p, &z);
		return;
	}
}

static void delete (struct world *w, size_t i)
{
	for (size_t c = i; c < PATHS; c++) {
		if (path_is_within(paths[c], paths[i]))
			put(w, c, NULL);
	}
	touch_parent(w, i);
}

static void create(struct world *w, size_t i)
{
	put(w, i,
	    &(struct znode){ .path = paths[i],
			     .data = "",
			     .czxid = w->zxid,
			     .ctime = w->zxid,
			     .mzxid = w->zxid,
			     .mtime = w->zxid,
			     .pzxid = w->zxid });
	touch_parent(w, i);
}

/* As it is in another history. */
static void falsify(struct world *w, size_t i)
{
	struct znode z = *w->znodes[i];
	int64_t *const fields[] = { &z.czxid, &z.ctime, &z.mzxid, &z.mtime, &z.pzxid };

	*fields[dice(ARRAY_SIZE(fields))] -= 1 + dice(9);
	put(w, i, &z);
}

static void edit(struct world *w)
{
	size_t i = dice(PATHS);
	struct znode z;

	w->zxid++;
	if (!w->znodes[i]) {
		create(w, i);
	} else if (dice(6) == 0) {
		delete (w, i);
	} else if (dice(12) == 0) {
		falsify(w, i);
	} else {
		z = *w->znodes[i];
		z.mzxid = z.mtime = w->zxid;
		put(w, i, &z);
	}
	if (dice(8) == 0)
		w->shapes[dice(PATHS)] = (enum shape)dice(SHAPES);
}

static bool is_same_block(const struct tree_block *k, const struct znode *const *list, size_t count)
{
	return k && k->count == count && memcmp(k->znodes, list, count * sizeof(*list)) == 0;
}

/* A block of what begins at place i; the one of before where nothing of it has changed. */
static void add_block(struct world *w, struct tree_builder *b, size_t i,
		      const struct znode *const *list, size_t count)
{
	if (!count)
		return;
	if (!is_same_block(w->blocks[i], list, count)) {
		tree_block_unref(w->blocks[i]);
		w->blocks[i] = tree_block_new(list, count);
	}
	tree_builder_add_block(b, w->blocks[i]);
}

static void add_loose(struct tree_builder *b, const struct znode *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tree_builder_add(b, list[i]);
}

/* WITHOUT_LAST leaves out the last place, so that the block stays the same when that appears. */
static void add_group(struct world *w, struct tree_builder *b, size_t i,
		      const struct znode *const *list, size_t count, bool has_last)
{
	size_t before = w->shapes[i] == WITHOUT_FIRST;
	size_t after = w->shapes[i] == WITHOUT_LAST && has_last;

	if (w->shapes[i] == LOOSE || before + after > count)
		before = count - after;
	add_loose(b, list, before);
	add_block(w, b, i, list + before, count - before - after);
	add_loose(b, list + count - after, after);
}

/* Index just past the group that begins at i: the directories' znodes are groups by themselves. */
static size_t group_end(size_t i)
{
	size_t end = i + 1;

	if (strcmp(paths[i], ROOT) == 0 || strcmp(paths[i], ROOT "/upstreams") == 0)
		return end;
	while (end < PATHS && path_is_below(paths[end], paths[i]))
		end++;
	return end;
}

static void add_groups(struct world *w, struct tree_builder *b, size_t first, size_t end)
{
	for (size_t i = first, next; i < end; i = next) {
		const struct znode *list[PATHS];
		size_t count = 0;

		next = group_end(i);
		for (size_t j = i; j < next; j++) {
			if (w->znodes[j])
				list[count++] = w->znodes[j];
		}
		if (count)
			add_group(w, b, i, list, count, w->znodes[next - 1]);
	}
}

static struct tree *tree_of(struct world *w)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;
	size_t first = dice(10) ? 0 : group_end(0); /* now and then out of order */

	tree_builder_init(&b);
	add_groups(w, &b, first, PATHS);
	add_groups(w, &b, 0, first);
	return tree_builder_finish(&b);
}

static struct tree *flat_tree_of(const struct world *w)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;

	tree_builder_init(&b);
	for (size_t i = 0; i < PATHS; i++) {
		if (w->znodes[i])
			tree_builder_add(&b, w->znodes[i]);
	}
	return tree_builder_finish(&b);
}

/* --- the plain way --------------------------------------------------------------------------- */

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool is_of_cluster(const struct world *w, struct arena *a, const char *path)
{
	for (enum watermark_root r = WATERMARK_CONFIG + 1; r < WATERMARK_ROOT_N; r++) {
		if (path_is_within(path, watermark_root_path(a, &w->places, r)))
			return true;
	}
	return false;
}

/* Each znode by itself. */
static void plain_watermark(const struct world *w, struct watermark *out)
{
	struct watermark_znode *object = NULL;

	*out = (struct watermark){ .arena = arena_new() };
	out->znodes = arena_array(out->arena, struct watermark_znode, PATHS);
	for (size_t i = 0; i < PATHS; i++) {
		const struct znode *z = w->znodes[i];
		enum config_level level = config_place(paths[i], w->places.config).level;
		struct watermark_znode *e;

		if (!z || (level == CONFIG_OUTSIDE && !is_of_cluster(w, out->arena, paths[i])))
			continue;
		out->zxid = later(out->zxid, later(later(z->czxid, z->mzxid), z->pzxid));
		if (object && path_is_below(paths[i], object->path)) {
			object->below = later(object->below, later(z->mzxid, z->pzxid));
			continue;
		}
		e = &out->znodes[out->count++];
		*e = (struct watermark_znode){ paths[i], z->czxid, z->ctime, z->mzxid,
					       z->mtime, z->pzxid, NULL };
		object = level == CONFIG_OBJECT ? e : NULL;
		out->written = later(out->written, later(z->czxid, z->mzxid));
		if (!object)
			out->written = later(out->written, z->pzxid);
	}
}

static void check_edit(const struct tree *t, const struct world *w, int64_t after)
{
	CLEANUP(tree_unrefp) struct tree *flat = flat_tree_of(w);
	struct edit e = edit_find(t, after), plain = edit_find(flat, after);
	int64_t newest = 0;
	unsigned long written = 0;

	for (size_t i = 0; i < PATHS; i++) {
		const struct znode *z = w->znodes[i];

		newest = z ? later(newest, later(z->mzxid, z->pzxid)) : newest;
		written += z && z->mzxid > after;
	}
	assert_int_equal(edit_newest(t), newest);
	assert_int_equal(e.newest, newest > after ? newest : 0);
	assert_int_equal(e.znodes, written || newest <= after ? written : 1);
	assert_int_equal(e.first, plain.first);
	assert_int_equal(e.committed, plain.committed);
	assert_string_equal(e.znode ?: "", plain.znode ?: "");
}

/* --- do they agree? -------------------------------------------------------------------------- */

static void compare(const struct watermark *x, const struct watermark *y)
{
	assert_int_equal(x->count, y->count);
	assert_int_equal(x->zxid, y->zxid);
	assert_int_equal(x->written, y->written);
	for (size_t i = 0; i < x->count; i++) {
		const struct watermark_znode *a = &x->znodes[i], *b = &y->znodes[i];

		assert_string_equal(a->path, b->path);
		assert_int_equal(a->czxid, b->czxid);
		assert_int_equal(a->ctime, b->ctime);
		assert_int_equal(a->mzxid, b->mzxid);
		assert_int_equal(a->mtime, b->mtime);
		assert_int_equal(a->below, b->below);
	}
}

/* Returns whether it is older. */
static bool compare_findings(const struct world *w, const struct watermark *now,
			     const struct watermark *plain, unsigned known,
			     const struct problems *unreadable)
{
	struct watermark_finding a = { 0 }, b = { 0 };
	bool older = watermark_is_older(&w->marks[known], now, &w->places, unreadable, NULL, &a);

	assert_int_equal(older, watermark_is_older(&w->plain[known], plain, &w->places, unreadable,
						   NULL, &b));
	assert_string_equal(a.path ?: "", b.path ?: "");
	assert_int_equal(a.expected, b.expected);
	assert_int_equal(a.found, b.found);
	assert_int_equal(a.same_number, b.same_number);
	assert_int_equal(watermark_shared(&w->marks[known], now),
			 watermark_shared(&w->plain[known], plain));
	return older;
}

static void remember(struct world *w, const struct watermark *now, const struct watermark *plain)
{
	watermark_fini(&w->marks[MARKS - 1]);
	watermark_fini(&w->plain[MARKS - 1]);
	memmove(w->marks + 1, w->marks, (MARKS - 1) * sizeof(*w->marks));
	memmove(w->plain + 1, w->plain, (MARKS - 1) * sizeof(*w->plain));
	w->marks[0] = *now;
	w->plain[0] = *plain;
}

struct seen {
	unsigned older, continued, blocks;
};

static void check(struct world *w, struct seen *seen)
{
	CLEANUP(tree_unrefp) struct tree *t = tree_of(w);
	unsigned known = dice(2) ? 0 : dice(MARKS);
	struct watermark now, plain;
	struct problems unreadable;

	problems_init(&unreadable);
	if (dice(4) == 0)
		problems_add(&unreadable, paths[dice(PATHS)], PROBLEM_ACCESS, NULL, "denied");
	watermark_of(t, &w->places, dice(20) ? &w->marks[known] : NULL, &now);
	plain_watermark(w, &plain);
	compare(&now, &plain);
	for (size_t i = 0; i < now.count; i++)
		seen->blocks += now.znodes[i].block != NULL;
	if (compare_findings(w, &now, &plain, known, &unreadable)) {
		seen->older++;
	} else {
		seen->continued++;
		watermark_keep_unreadable(&now, &w->marks[known], &unreadable);
		watermark_keep_unreadable(&plain, &w->plain[known], &unreadable);
		compare(&now, &plain);
	}
	check_edit(t, w, w->zxid - dice(5));
	remember(w, &now, &plain);
	problems_fini(&unreadable);
}

static void run_world(unsigned seed, struct seen *seen)
{
	struct world w = { .places = { ROOT, seed % 2 ? "/nginx/cluster" : "/nginx/later", "" } };

	dice_state = seed;
	for (size_t i = 0; i < PATHS; i++) {
		w.zxid++;
		create(&w, i);
	}
	for (int i = 0; i < EDITS; i++) {
		for (unsigned n = dice(4); n > 0; n--)
			edit(&w);
		check(&w, seen);
	}
	for (size_t i = 0; i < PATHS; i++) {
		put(&w, i, NULL);
		tree_block_unref(w.blocks[i]);
	}
	for (int i = 0; i < MARKS; i++) {
		watermark_fini(&w.marks[i]);
		watermark_fini(&w.plain[i]);
	}
}

static void blocks_give_what_a_plain_count_gives(void **state UNUSED)
{
	const char *one = getenv("WATERMARK_SEED");
	struct seen seen = { 0 };

	for (unsigned i = 1; i <= WORLDS; i++) {
		unsigned seed = one ? (unsigned)atoi(one) : i;

		print_message("WATERMARK_SEED=%u\n", seed);
		run_world(seed, &seen);
		if (one)
			return;
	}
	assert_in_range(seen.older, WORLDS, WORLDS * EDITS);
	assert_in_range(seen.continued, WORLDS * EDITS / 4, WORLDS * EDITS);
	assert_in_range(seen.blocks, WORLDS * EDITS, WORLDS * EDITS * PATHS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_give_what_a_plain_count_gives),
	};

	return cmocka_run_group_tests_name("watermark", tests, NULL, NULL);
}
