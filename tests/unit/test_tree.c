/* tree: order, look-ups, text form, revision. */
#include "core/data/layout.h"
#include "dice.h"
#include "tree_fixture.h"

static void siblings_never_stand_between_a_node_and_its_children(void **state UNUSED)
{
	/* '-' and '.' sort before '/' in ASCII */
	CLEANUP(tree_unrefp) struct tree *t = parse("/a/b\n/a.x\n/a\n/a-x\n/a/b/c\n/b\n");
	static const char *const order[] = { "/a", "/a/b", "/a/b/c", "/a-x", "/a.x", "/b" };

	assert_int_equal(tree_count(t), 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(tree_at(t, i)->path, order[i]);
	assert_int_equal(tree_subtree_end(t, 0), 3);
	assert_int_equal(tree_subtree_end(t, 3), 4);
	assert_int_equal(tree_lower_bound(t, "/a/bb"), 3);
}

static void find_is_exact(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *t = parse("/a\n/a/b\n\tdata\n");

	assert_non_null(tree_find(t, "/a/b"));
	assert_null(tree_find(t, "/a/"));
	assert_null(tree_find(t, "/a/bc"));
	assert_null(tree_find(t, ""));
}

static void below_means_strictly_below(void **state UNUSED)
{
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a", "/"));
	assert_false(path_is_below("/a", "/a"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/", "/"));
}

static void of_equal_paths_the_last_stays(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *t = parse("/b\n\tone\n/a\n/b\n\ttwo\n");

	assert_int_equal(tree_count(t), 2);
	assert_string_equal(tree_find(t, "/b")->data, "two\n");

	tree_unref(TAKE(t));
	t = parse("/a mzxid=9\n/b mzxid=3\n/a mzxid=2\n");
	assert_int_equal(tree_newest(t), 3);
}

static void any_bytes_survive_the_text_form(void **state UNUSED)
{
	static const char bytes[] = "line\n\n\ttab \\ back\\\n\x01\x7f\0nul \xff last";
	struct znode z = { .path = "/odd \\name\t#",
			   .data = bytes,
			   .size = sizeof(bytes) - 1,
			   .version = 3,
			   .mzxid = 0x1234567890,
			   .czxid = 7,
			   .owner = -2 };
	struct buf text = BUF_INIT;
	struct tree *t = NULL;
	struct err e;

	znode_print(&z, &text);
	assert_int_equal(tree_parse(text.data, text.size, "x", &t, &e), 0);
	assert_int_equal(tree_count(t), 1);
	assert_true(znode_same(tree_at(t, 0), &z));
	assert_int_equal(tree_at(t, 0)->version, 3);
	assert_int_equal(tree_at(t, 0)->mzxid, 0x1234567890);
	assert_int_equal(tree_at(t, 0)->czxid, 7);
	assert_int_equal(tree_at(t, 0)->owner, -2);
	buf_fini(&text);
	tree_unref(t);
}

struct parts {
	struct buf text;
	unsigned count, most; /* of parts */
};

static int take_part(void *ctx, const char *bytes, size_t size, struct err *e)
{
	struct parts *p = ctx;

	if (p->count == p->most)
		return err_set(e, ERR_INPUT, "full");
	p->count++;
	buf_put(&p->text, bytes, size);
	return 0;
}

static void the_parts_of_the_text_form_are_all_of_it(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	struct parts all = { .most = 10 }, first = { .most = 1 };
	struct err e;

	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "/node%04d mzxid=0x%x\n\tsome data\n", i, i + 1);
	t = parse(buf_str(&text));
	assert_int_equal(tree_print_parts(t, take_part, &all, &e), 0);
	assert_in_range(all.count, 2, 9);
	assert_string_equal(buf_str(&all.text), buf_str(&text));
	assert_int_equal(tree_print_parts(t, take_part, &first, &e), -1);
	assert_string_equal(e.text, "full");
	buf_fini(&all.text);
	buf_fini(&first.text);
}

static void bad_text_is_refused_with_its_line(void **state UNUSED)
{
	static const char *const bad[] = { "/a\n\tdata\nrelative\n", "#\n\n\tdata first\n",
					   "/a\n/b\n/c colour=3\n", "/a\n/b\n x\n",
					   "/a\n\tx\n\tbad \\q escape\n" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct tree *t = NULL;
		struct err e;

		assert_int_equal(tree_parse(bad[i], strlen(bad[i]), "file", &t, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
		assert_ptr_equal(strstr(e.text, "file:3: "), e.text);
	}
}

static void revision_names_what_people_wrote(void **state UNUSED)
{
	CLEANUP(tree_unrefp)
	struct tree *one =
		parse("/r\n/r/sites/a\n\t{}\n/r/upstreams/u\n/r/upstreams/u/10.0.0.1:80\n");
	CLEANUP(tree_unrefp)
	struct tree *other_servers =
		parse("/r\n/r/sites/a\n\t{}\n/r/upstreams/u\n/r/upstreams/u/10.0.0.2:80\n\tdown\n");
	CLEANUP(tree_unrefp)
	struct tree *other_root = parse("/x/y\n/x/y/sites/a\n\t{}\n/x/y/upstreams/u\n/zz\n");
	CLEANUP(tree_unrefp)
	struct tree *other_data = parse("/r\n/r/sites/a\n\t{ }\n/r/upstreams/u\n");
	struct digest a = tree_revision(one, "/r"), b = tree_revision(other_servers, "/r"),
		      c = tree_revision(other_root, "/x/y"), d = tree_revision(other_data, "/r");

	assert_true(digest_equal(&a, &b));
	assert_true(digest_equal(&a, &c));
	assert_false(digest_equal(&a, &d));
}

static void same_trees_are_told(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *a = parse("/a\n\tx\n/b\n");
	CLEANUP(tree_unrefp) struct tree *b = parse("/b\n/a version=9\n\tx\n");
	CLEANUP(tree_unrefp) struct tree *c = parse("/b owner=1\n/a\n\tx\n");

	assert_true(tree_same(a, b));
	assert_false(tree_same(a, c));
}

static void trees_share_their_znodes(void **state UNUSED)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;
	struct tree *old = parse("/a\n\tone\n/b\n\ttwo\n"), *new;
	const struct znode *shared = tree_at(old, 0);
	struct znode changed = *tree_at(old, 1);

	changed.mzxid = 9;
	tree_builder_init(&b);
	tree_builder_add(&b, tree_at(old, 0));
	tree_builder_add(&b, &changed);
	new = tree_builder_finish(&b);
	assert_ptr_equal(tree_at(new, 0), shared);
	assert_ptr_not_equal(tree_at(new, 1), tree_at(old, 1));
	assert_int_equal(tree_at(new, 1)->mzxid, 9);
	tree_unref(old);
	assert_string_equal(tree_at(new, 0)->data, "one\n");
	assert_string_equal(tree_at(new, 1)->data, "two\n");
	tree_unref(new);
}

static void a_copy_in_an_arena_keeps_the_znode(void **state UNUSED)
{
	struct tree *t = parse("/a\n\tone\n");
	struct arena *a = arena_new();
	struct znode copy = znode_copy(a, tree_at(t, 0));

	assert_ptr_equal(copy.data, tree_at(t, 0)->data);
	tree_unref(t);
	assert_string_equal(copy.data, "one\n");
	arena_free(a);
}

/* The one that is added last stays, in a block or by itself. */
static void a_block_is_in_many_trees(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *t = parse("/b\n\ttwo\n/b/c\n/b/d\n");
	const struct znode *list[] = { tree_at(t, 0), tree_at(t, 1), tree_at(t, 2) };
	struct tree_block *k = tree_block_new(list, 3);
	struct tree *trees[2];

	for (int i = 0; i < 2; i++) {
		CLEANUP(tree_builder_fini) struct tree_builder b;

		tree_builder_init(&b);
		tree_builder_add(&b, &(struct znode){ .path = "/z", .data = "" });
		tree_builder_add_block(&b, k);
		tree_builder_add(
			&b, &(struct znode){ .path = i ? "/b/c" : "/a", .data = "x", .size = 1 });
		trees[i] = tree_builder_finish(&b);
	}
	tree_block_unref(k);
	assert_int_equal(tree_count(trees[0]), 5);
	assert_string_equal(tree_at(trees[0], 0)->path, "/a");
	assert_ptr_equal(tree_find(trees[0], "/b/c"), tree_at(t, 1));
	tree_unref(trees[0]);
	assert_int_equal(tree_count(trees[1]), 4);
	assert_string_equal(tree_find(trees[1], "/b/c")->data, "x");
	assert_ptr_equal(tree_find(trees[1], "/b/d"), tree_at(t, 2));
	tree_unref(trees[1]);
}

/* The znodes of the text in one block, after one that is by itself. */
static struct tree *tree_with_block(const char *alone, struct tree_block *k)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;

	tree_builder_init(&b);
	tree_builder_add(&b, &(struct znode){ .path = alone, .data = "", .mzxid = 3 });
	tree_builder_add_block(&b, k);
	return tree_builder_finish(&b);
}

#define RANDOM_ZNODES 60
#define RANDOM_TREES 400

/* /0, /0/0, /0/1, /1 … in tree order, some left out. */
static struct tree *random_tree(void)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;
	char path[16];

	tree_builder_init(&b);
	for (int i = 0; i < RANDOM_ZNODES; i++) {
		snprintf(path, sizeof(path), i % 10 ? "/%d/%d" : "/%d", i / 10, i % 10);
		if (i % 10 == 0 || dice(3))
			tree_builder_add(&b, &(struct znode){ .path = path,
							      .data = "",
							      .mzxid = (int64_t)dice(1000) });
	}
	return tree_builder_finish(&b);
}

/* Znodes from `from` to `to`, one by one and in blocks of any size. */
static void add_in_pieces(struct tree_builder *b, const struct tree *t, size_t from, size_t to)
{
	while (from < to) {
		const struct znode *list[RANDOM_ZNODES];
		size_t count = 0, size = dice(2) ? 1 : dice(14);
		struct tree_block *k;

		while (count < size && from < to)
			list[count++] = tree_at(t, from++);
		if (count == 1 && dice(2)) {
			tree_builder_add(b, list[0]);
			continue;
		}
		k = tree_block_new(list, count);
		tree_builder_add_block(b, k);
		tree_block_unref(k);
	}
}

static void assert_trees_are_alike(const struct tree *a, const struct tree *b)
{
	assert_int_equal(tree_count(a), tree_count(b));
	assert_int_equal(tree_newest(a), tree_newest(b));
	for (size_t i = 0; i < tree_count(a); i++) {
		size_t any = dice((unsigned)tree_count(a));
		const struct znode *z = tree_at(a, i);

		assert_ptr_equal(z, tree_at(b, i));
		assert_ptr_equal(tree_at(a, any), tree_at(b, any));
		assert_ptr_equal(tree_find(b, z->path), z);
		assert_int_equal(tree_subtree_end(a, i), tree_subtree_end(b, i));
	}
	assert_true(tree_same(a, b));
}

/* How a tree was put together is no part of it: in order, or its second part first, and a znode
 * twice. */
static void blocks_do_not_change_a_tree(void **state UNUSED)
{
	dice_state = 1;
	for (int i = 0; i < RANDOM_TREES; i++) {
		CLEANUP(tree_unrefp) struct tree *flat = random_tree(), *made = NULL;
		CLEANUP(tree_builder_fini) struct tree_builder b;
		size_t count = tree_count(flat), cut = dice(2) ? dice((unsigned)count) : 0;

		tree_builder_init(&b);
		b.trusted = !cut && dice(2);
		add_in_pieces(&b, flat, cut, count);
		add_in_pieces(&b, flat, 0, cut ? cut + 1 : 0);
		made = tree_builder_finish(&b);
		assert_trees_are_alike(flat, made);
	}
}

static struct tree_block *block_of(const char *text)
{
	CLEANUP(tree_unrefp) struct tree *t = parse(text);
	const struct znode *list[8];

	for (size_t i = 0; i < tree_count(t); i++)
		list[i] = tree_at(t, i);
	return tree_block_new(list, tree_count(t));
}

static void a_walk_takes_a_block_as_a_whole(void **state UNUSED)
{
	struct tree_block *k = block_of("/b mzxid=5\n/b/c mzxid=7\n/b/d mzxid=6\n");
	CLEANUP(tree_unrefp) struct tree *t = tree_with_block("/a", k);
	CLEANUP(tree_unrefp) struct tree *other = tree_with_block("/aa", k);
	struct tree_walk w = tree_walk_from(t, 0), v = tree_walk_from(other, 1);

	assert_int_equal(tree_newest(t), 7);
	assert_int_equal(tree_block_newest(k), 7);
	assert_int_equal(tree_block_newest_below(k), 7);
	assert_null(tree_walk_block(&w));
	assert_false(tree_walk_both(&w, &v));
	w.at = 1;
	assert_ptr_equal(tree_walk_block(&w), k);
	assert_true(tree_walk_both(&w, &v));
	assert_int_equal(w.at, 4);
	w.at = 1;
	assert_false(tree_walk_skip_known(&w, 6));
	assert_true(tree_walk_skip_known(&w, 7));
	assert_int_equal(w.at, 4);
	w = tree_walk_from(t, 1);
	assert_ptr_equal(tree_walk_take(&w), k);
	assert_int_equal(w.at, 4);
	assert_null(tree_walk_take(&w));
	w = tree_walk_from(t, 2); /* in the block */
	assert_null(tree_walk_block(&w));
	assert_null(tree_walk_take(&w));
	assert_int_equal(w.at, 2);
	tree_block_unref(k);
}

static const struct tree_facts *facts_after(const char *before, const char *after)
{
	CLEANUP(tree_unrefp) struct tree *old = parse(before);
	CLEANUP(tree_unrefp) struct tree *new = parse(after);

	tree_revision(old, "/r");
	tree_follow(new, old);
	return tree_facts_root(new) ? tree_facts(new, "/r") : NULL;
}

/* "/p00" to "/p99" with two servers each: blocks 0 to 9 by themselves, then pages of ten. */
static struct tree *paged_tree(struct tree_block *const *blocks, struct tree_page *const *pages)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;

	tree_builder_init(&b);
	tree_builder_add(&b, &(struct znode){ .path = "/a", .data = "" });
	for (size_t i = 0; i < 10; i++)
		tree_builder_add_block(&b, blocks[i]);
	for (size_t i = 1; i < 10; i++)
		tree_builder_add_page(&b, pages[i]);
	tree_builder_add(&b, &(struct znode){ .path = "/z", .data = "" });
	return tree_builder_finish(&b);
}

static void check_flat(struct tree *t, struct tree *flat)
{
	struct tree_walk w = tree_walk_from(t, 0);
	size_t count = tree_count(flat);

	assert_int_equal(tree_count(t), count);
	assert_true(tree_same(t, flat));
	for (size_t i = 0; i < count; i++) {
		size_t at = i * 37 % count; /* not in order */

		assert_string_equal(tree_at(t, at)->path, tree_at(flat, at)->path);
		assert_int_equal(tree_subtree_end(t, i), tree_subtree_end(flat, i));
		assert_int_equal(tree_lower_bound(t, tree_at(flat, i)->path), i);
	}
	for (size_t i = 0; i < count; i++) {
		struct tree_walk from = tree_walk_from(t, i);

		w.at = i;
		assert_ptr_equal(tree_walk_block(&w), tree_walk_block(&from));
		assert_int_equal(tree_walk_block(&w) != NULL, i % 3 == 1 && i < count - 1);
	}
}

static void pages_do_not_change_a_tree(void **state UNUSED)
{
	struct tree_block *blocks[100], *other;
	struct tree_page *pages[10], *changed;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct tree *t, *again, *flat;
	struct tree_walk one, two;

	buf_printf(&text, "/a\n");
	for (size_t i = 0; i < 100; i++) {
		CLEANUP(freep)
		char *own = xasprintf("/p%02zu mzxid=%zu\n/p%02zu/a\n/p%02zu/b\n", i, i + 5, i, i);

		blocks[i] = block_of(own);
		buf_put(&text, own, strlen(own));
	}
	buf_printf(&text, "/z\n");
	for (size_t i = 0; i < 10; i++)
		pages[i] = tree_page_new(&blocks[i * 10], 10);
	flat = parse(buf_str(&text));
	t = paged_tree(blocks, pages);
	check_flat(t, flat);

	/* One block of a page is another one: the walk passes over all that is the same. */
	other = block_of("/p55 mzxid=300\n/p55/a\n/p55/b\n");
	tree_block_unref(blocks[55]);
	blocks[55] = other;
	changed = tree_page_new(&blocks[50], 10);
	tree_page_unref(pages[5]);
	pages[5] = changed;
	again = paged_tree(blocks, pages);
	check_flat(again, flat);
	assert_int_equal(tree_newest(again), 300);
	one = tree_walk_from(t, 1);
	two = tree_walk_from(again, 1);
	while (tree_walk_both(&one, &two))
		;
	assert_string_equal(tree_at(again, two.at)->path, "/p55");
	two = tree_walk_from(again, 1);
	while (tree_walk_skip_known(&two, 104))
		;
	assert_string_equal(tree_at(again, two.at)->path, "/p55");
	one = tree_walk_from(t, two.at + 3);
	two = tree_walk_from(again, two.at + 3);
	while (tree_walk_both(&one, &two))
		;
	assert_string_equal(tree_at(again, two.at)->path, "/z");

	for (size_t i = 0; i < 10; i++)
		tree_page_unref(pages[i]);
	for (size_t i = 0; i < 100; i++)
		tree_block_unref(blocks[i]);
	tree_unref(t);
	tree_unref(again);
	tree_unref(flat);
}

static void what_is_known_of_the_objects_holds_while_only_servers_change(void **state UNUSED)
{
	static const char *const others[] = {
		"/r\n/r/upstreams/u\n\t{}\n/r/upstreams/v\n",
		"/r\n/r/upstreams/u\n/r/upstreams/v\n/r/upstreams/w\n",
		"/r\n/r/upstreams/u\n",
		"/r\n/r/upstreams/u czxid=4\n/r/upstreams/v\n",
		"/r\n/r/sites/s\n/r/upstreams/u\n/r/upstreams/v\n",
		"/x\n",
	};
	static const char one[] = "/r\n/r/upstreams/u\n/r/upstreams/u/10.0.0.1:80\n"
				  "/r/upstreams/v\n";

	assert_non_null(facts_after(one, "/r mzxid=7\n/r/upstreams/u version=7\n/r/upstreams/v\n"
					 "/r/upstreams/v/10.0.0.1:80\n\tdown\n"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_null(facts_after(one, others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_share_their_znodes),
		cmocka_unit_test(a_copy_in_an_arena_keeps_the_znode),
		cmocka_unit_test(a_block_is_in_many_trees),
		cmocka_unit_test(blocks_do_not_change_a_tree),
		cmocka_unit_test(a_walk_takes_a_block_as_a_whole),
		cmocka_unit_test(pages_do_not_change_a_tree),
		cmocka_unit_test(what_is_known_of_the_objects_holds_while_only_servers_change),
		cmocka_unit_test(siblings_never_stand_between_a_node_and_its_children),
		cmocka_unit_test(find_is_exact),
		cmocka_unit_test(below_means_strictly_below),
		cmocka_unit_test(of_equal_paths_the_last_stays),
		cmocka_unit_test(any_bytes_survive_the_text_form),
		cmocka_unit_test(the_parts_of_the_text_form_are_all_of_it),
		cmocka_unit_test(bad_text_is_refused_with_its_line),
		cmocka_unit_test(revision_names_what_people_wrote),
		cmocka_unit_test(same_trees_are_told),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
