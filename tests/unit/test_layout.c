/* The layout of the znodes: paths taken apart and put together. */
#include "tree_fixture.h"

#include "core/compose/compose.h"
#include "core/data/layout.h"
#include "core/decode/decode.h"

#define ROOT "/nginx/config"

static char *object_path(size_t kind)
{
	return config_path(ROOT, (enum config_kind)kind, "a");
}

static void each_kind_of_the_table_is_an_object(void **state UNUSED)
{
	for (size_t k = 0; k < CONFIG_KIND_N; k++) {
		CLEANUP(freep) char *path = object_path(k);
		struct config_place p = config_place(path, ROOT);
		size_t root_size = 0;

		assert_int_equal(p.level, CONFIG_OBJECT);
		assert_int_equal(p.kind, k);
		assert_int_equal(p.name_size, 1);
		assert_string_equal(p.name, "a");
		assert_null(p.child);
		assert_int_equal(config_kind_at_end(path, &root_size), k);
		assert_int_equal(root_size, strlen(ROOT));
	}
}

static void each_znode_of_the_config_has_a_limit_of_its_data(void **state UNUSED)
{
	assert_int_equal(config_data_most(ROOT "/upstreams/a", ROOT), 256 << 10);
	assert_int_equal(config_data_most(ROOT "/sites/a", ROOT), 256 << 10);
	assert_int_equal(config_data_most(ROOT "/snippets/http/a", ROOT), 1 << 20);
	assert_int_equal(config_data_most(ROOT "/snippets/stream/a", ROOT), 1 << 20);
	assert_int_equal(config_data_most(ROOT "/upstreams/a/10.0.0.1:80", ROOT), 64 << 10);
	assert_int_equal(config_data_most(ROOT "/snippets", ROOT), 64 << 10);
	assert_int_equal(config_data_most(ROOT, ROOT), 64 << 10);
	assert_true(config_data_most("/services/a", ROOT) == SIZE_MAX);
}

static void a_config_with_one_kind_only_is_not_wiped(void **state UNUSED)
{
	for (size_t k = 0; k < CONFIG_KIND_N; k++) {
		CLEANUP(freep) char *path = object_path(k), *text = xasprintf("%s\n", path);
		CLEANUP(tree_unrefp) struct tree *t = parse(text);

		assert_true(config_has_objects(t, ROOT));
		assert_false(config_has_objects(t, "/nginx/conf"));
	}
}

static void directories_alone_are_a_wiped_config(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *empty = parse("");
	CLEANUP(tree_unrefp)
	struct tree *bare = parse("/nginx/config\n"
				  "/nginx/config/README\n"
				  "/nginx/config/sites\n"
				  "/nginx/config/snippets\n"
				  "/nginx/config/snippets/http\n"
				  "/nginx/config/upstreams\n"
				  "/nginx/configs/sites/a\n");

	assert_false(config_has_objects(empty, ROOT));
	assert_false(config_has_objects(bare, ROOT));
}

/* A kind that decode does not know would be a problem here. */
static void decode_reads_each_kind(void **state UNUSED)
{
	const struct policy policy = { .level = POLICY_ALL };

	for (size_t k = 0; k < CONFIG_KIND_N; k++) {
		CLEANUP(freep) char *path = object_path(k), *text = xasprintf("%s\n", path);
		CLEANUP(tree_unrefp) struct tree *t = parse(text), *none = parse("");
		CLEANUP(problems_fini) struct problems problems;
		struct model *m;

		problems_init(&problems);
		m = decode(
			&(struct decode_input){
				.tree = t, .accepted = none, .policy = &policy, .root = ROOT },
			&problems);
		for (size_t i = 0; i < problems.count; i++)
			assert_null(strstr(problems.items[i].message, "is not known"));
		model_free(m);
	}
}

static void a_path_has_its_place(void **state UNUSED)
{
	static const struct {
		const char *path;
		enum config_level level;
		enum config_kind kind;
		const char *child;
	} cases[] = {
		{ "/nginx", CONFIG_OUTSIDE, CONFIG_KIND_N, NULL },
		{ "/nginx/configs", CONFIG_OUTSIDE, CONFIG_KIND_N, NULL },
		{ ROOT, CONFIG_ROOT, CONFIG_KIND_N, NULL },
		{ ROOT "/upstreams", CONFIG_DIRECTORY, CONFIG_KIND_N, NULL },
		{ ROOT "/snippets", CONFIG_DIRECTORY, CONFIG_KIND_N, NULL },
		{ ROOT "/snippets/http", CONFIG_DIRECTORY, CONFIG_KIND_N, NULL },
		{ ROOT "/snippets/mail", CONFIG_UNKNOWN, CONFIG_KIND_N, NULL },
		{ ROOT "/snip", CONFIG_UNKNOWN, CONFIG_KIND_N, NULL },
		{ ROOT "/upstreams2/a", CONFIG_UNKNOWN, CONFIG_KIND_N, NULL },
		{ ROOT "/upstreams/a/b:80", CONFIG_CHILD, CONFIG_UPSTREAM, "b:80" },
		{ ROOT "/upstreams/a/b:80/c", CONFIG_CHILD, CONFIG_UPSTREAM, "b:80/c" },
		{ ROOT "/upstreams/upstreams/b:80", CONFIG_CHILD, CONFIG_UPSTREAM, "b:80" },
		{ ROOT "/sites/a/b", CONFIG_CHILD, CONFIG_SITE, "b" },
		{ ROOT "/snippets/stream/a", CONFIG_OBJECT, CONFIG_STREAM_SNIPPET, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config_place p = config_place(cases[i].path, ROOT);

		if (p.level != cases[i].level || p.kind != cases[i].kind)
			fail_msg("%s: level %d, kind %d", cases[i].path, p.level, p.kind);
		assert_true(!p.child == !cases[i].child);
		if (p.child)
			assert_string_equal(p.child, cases[i].child);
	}
}

static void the_root_of_zookeeper_can_be_the_config(void **state UNUSED)
{
	CLEANUP(freep) char *path = config_path("/", CONFIG_SITE, "a");

	assert_string_equal(path, "/sites/a");
	assert_int_equal(config_place(path, "/").level, CONFIG_OBJECT);
	assert_int_equal(config_kind_at_end(path, NULL), CONFIG_SITE);
	assert_int_equal(config_kind_at_end("/a", NULL), CONFIG_KIND_N);
	assert_int_equal(config_kind_at_end("/mysites/a", NULL), CONFIG_KIND_N);
}

static void the_kinds_are_listed_for_messages(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	config_print_kinds(&b);
	assert_string_equal(buf_str(&b), "upstreams/NAME[/HOST:PORT], sites/NAME, maps/NAME, "
					 "geo/NAME, split/NAME, log_formats/NAME, limits/NAME, "
					 "caches/NAME, snippets/http/NAME, snippets/location/NAME, "
					 "snippets/server/NAME, snippets/stream/NAME, "
					 "defaults/NAME or templates/NAME");
}

static void a_path_of_the_cluster_is_put_together(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(freep) char *member = cluster_path_new("/c", CLUSTER_MEMBERS, "web1");

	assert_string_equal(cluster_path(a, "/c", CLUSTER_PLAN, NULL), "/c/plan");
	assert_string_equal(member, "/c/members/web1");
}

static void a_znode_and_its_file_name_each_other(void **state UNUSED)
{
	static const char *const pairs[][2] = {
		{ "/c/upstreams/shop", "upstreams/shop.json" },
		{ "/c/upstreams/shop.json", "upstreams/shop.json.json" },
		{ "/c/upstreams/shop/10.0.0.1:80", "upstreams/shop/10.0.0.1:80" },
		{ "/c/upstreams/shop/[2001:db8::1]:80", "upstreams/shop/[2001:db8::1]:80" },
		{ "/c/sites/shop", "sites/shop.json" },
		{ "/c/snippets/http/x", "snippets/http/x.conf" },
		{ "/c/snippets/stream/x", "snippets/stream/x.conf" },
	};
	static const char *const others[] = { "upstreams",      "sites/shop.yaml",
					      "sites/shop/x",   "sites/.json",
					      "other/x.json",   "snippets/x.conf",
					      "upstreams/a/b/c" };
	CLEANUP(arena_freep) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		assert_string_equal(config_file(a, pairs[i][0], "/c"), pairs[i][1]);
		assert_string_equal(config_file_znode(a, pairs[i][1], "/c"), pairs[i][0]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_null(config_file_znode(a, others[i], "/c"));
	assert_null(config_file(a, "/c/upstreams", "/c"));
	assert_null(config_file(a, "/c/upstreams/shop/10.0.0.1:80/x", "/c"));
	/* A directory's reader would not see such a file. */
	assert_null(config_file(a, "/c/upstreams/shop/h:80~", "/c"));
	assert_null(config_file(a, "/c/upstreams/.shop", "/c"));
	assert_null(config_file(a, "/c/upstreams/.shop/h:80", "/c"));
	assert_null(config_file(a, "/c/sites/README", "/c"));
	assert_string_equal(config_file_znode(a, "sites/x.json", "/"), "/sites/x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_the_table_is_an_object),
		cmocka_unit_test(a_config_with_one_kind_only_is_not_wiped),
		cmocka_unit_test(directories_alone_are_a_wiped_config),
		cmocka_unit_test(decode_reads_each_kind),
		cmocka_unit_test(a_path_has_its_place),
		cmocka_unit_test(the_root_of_zookeeper_can_be_the_config),
		cmocka_unit_test(each_znode_of_the_config_has_a_limit_of_its_data),
		cmocka_unit_test(the_kinds_are_listed_for_messages),
		cmocka_unit_test(a_path_of_the_cluster_is_put_together),
		cmocka_unit_test(a_znode_and_its_file_name_each_other),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
