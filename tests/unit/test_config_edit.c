/* What leads from one config to another. */
#include "core/fleet/config_edit.h"
#include "tree_fixture.h"

#include <zknginx/macros.h>

static const struct policy policy = { .level = POLICY_SAFE };

struct made {
	struct arena *arena;
	struct tree *old, *new;
	struct config_edit_input in;
	struct config_edit edit;
};

static void make(struct made *m, const char *old, const char *new)
{
	m->arena = arena_new();
	m->old = parse(old);
	m->new = parse(new);
	m->in.old = m->old;
	m->in.new = m->new;
	m->in.root = "/c";
	m->in.policy = &policy;
	config_edit_make(&m->edit, m->arena, &m->in);
}

static void fini(struct made *m)
{
	tree_unref(m->old);
	tree_unref(m->new);
	arena_free(m->arena);
	*m = (struct made){ 0 };
}

static void expect_changes(const struct made *m, const char *expected)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 0; i < m->edit.count; i++)
		buf_printf(&text, "%c%s ", config_change_sign(&m->edit.changes[i]),
			   m->edit.changes[i].path);
	assert_string_equal(buf_str(&text), expected);
}

static void expect_ops(const struct made *m, const char *expected)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct history_op *ops;
	size_t count = config_edit_ops(&m->edit, m->arena, &ops);

	for (size_t i = 0; i < count; i++) {
		static const char signs[] = {
			[HISTORY_CREATE] = '+', [HISTORY_SET] = '~', [HISTORY_DELETE] = '-'
		};

		buf_printf(&text, "%c%s", signs[ops[i].kind], ops[i].path);
		if (ops[i].kind != HISTORY_CREATE)
			buf_printf(&text, "@%d", ops[i].version);
		buf_putc(&text, ' ');
	}
	assert_string_equal(buf_str(&text), expected);
}

static void another_form_of_the_same_is_no_change(void **state UNUSED)
{
	struct made m = { 0 };

	make(&m,
	     "/c\n/c/upstreams\n/c/upstreams/a\n\t{\"keepalive\": "
	     "5}\n/c/upstreams/a/h:1\n\tweight=2\n",
	     "/c/upstreams/a\n\t{\n\t  \"keepalive\": 5, \"min_servers\": 1\n\t}\n"
	     "/c/upstreams/a/h:1\n\t{\"weight\": 2}\n");
	assert_int_equal(m.edit.count, 0);
	assert_int_equal(m.edit.objects, 1);
	fini(&m);
}

static void parents_are_created_first_and_children_deleted_first(void **state UNUSED)
{
	struct made m = { 0 };

	make(&m,
	     "/c\n/c/upstreams\n/c/upstreams/a version=3\n/c/upstreams/a/h:1 version=2\n"
	     "/c/upstreams/b version=7\n\t{\"keepalive\": "
	     "5}\n/c/upstreams/b/h:1\n/c/upstreams/b/h:2 version=1\n",
	     "/c/snippets/http/x\n\tmap $a $b {}\n/c/snippets/stream/x\n\tmap $a $b "
	     "{}\n/c/upstreams/b\n\t{}\n"
	     "/c/upstreams/b/h:1\n\tdown\n/c/upstreams/c\n/c/upstreams/c/h:1\n");
	expect_changes(&m, "+/c/snippets/http/x +/c/snippets/stream/x -/c/upstreams/a "
			   "-/c/upstreams/a/h:1 ~/c/upstreams/b ~/c/upstreams/b/h:1 "
			   "-/c/upstreams/b/h:2 +/c/upstreams/c +/c/upstreams/c/h:1 ");
	expect_ops(&m, "+/c/snippets +/c/snippets/http +/c/snippets/stream +/c/snippets/http/x "
		       "+/c/snippets/stream/x +/c/upstreams/c +/c/upstreams/c/h:1 "
		       "~/c/upstreams/b@7 ~/c/upstreams/b/h:1@0 -/c/upstreams/b/h:2@1 "
		       "-/c/upstreams/a/h:1@2 -/c/upstreams/a@3 ");
	assert_int_equal(m.edit.objects, 2);
	assert_int_equal(m.edit.objects_deleted, 1);
	assert_int_equal(m.edit.created, 4);
	assert_int_equal(m.edit.changed, 2);
	assert_int_equal(m.edit.deleted, 3);
	fini(&m);
}

static void registered_servers_are_not_touched(void **state UNUSED)
{
	struct made m = { 0 };

	make(&m,
	     "/c/upstreams/a\n/c/upstreams/a/h:1 owner=0x5\n\tweight=2\n/c/upstreams/a/h:2 "
	     "owner=0x5\n",
	     "/c/upstreams/a\n/c/upstreams/a/h:1\n\tweight=9\n");
	assert_int_equal(m.edit.count, 0);
	assert_int_equal(m.edit.shadowed_count, 1);
	assert_string_equal(m.edit.shadowed[0], "/c/upstreams/a/h:1");
	fini(&m);
	make(&m, "/c/upstreams/a\n", "/c/upstreams/a\n/c/upstreams/a/h:1 owner=0x5\n");
	assert_int_equal(m.edit.count, 0);
	fini(&m);
}

static void a_deleted_upstream_names_the_servers_that_are_registered(void **state UNUSED)
{
	struct made m = { 0 };

	make(&m,
	     "/c/upstreams/a\n/c/upstreams/a/h:1 owner=0x5\n/c/upstreams/a/h:2\n/c/upstreams/b\n",
	     "/c/upstreams/b\n");
	assert_int_equal(m.edit.registered_count, 1);
	assert_string_equal(m.edit.registered[0], "/c/upstreams/a/h:1");
	expect_ops(&m, "-/c/upstreams/a/h:2@0 -/c/upstreams/a/h:1@0 -/c/upstreams/a@0 ");
	fini(&m);
}

static void nothing_is_deleted_that_is_to_be_kept(void **state UNUSED)
{
	struct made m = { .in.keep = true };

	make(&m, "/c/upstreams/a\n/c/upstreams/a/h:1\n/c/upstreams/b\n/c/upstreams/b/h:1\n",
	     "/c/upstreams/b\n/c/upstreams/b/h:2\n");
	expect_changes(&m, "+/c/upstreams/b/h:2 ");
	fini(&m);
}

/* A znode that no file can stand for is not deleted because there is no file. */
static void what_cannot_be_a_file_stays(void **state UNUSED)
{
	static const char old[] = "/c/other\n/c/sites/.x\n/c/upstreams/a\n/c/upstreams/a/h:1~\n";
	struct made m = { .in.is_directory = true };

	make(&m, old, "/c/upstreams/a\n");
	assert_int_equal(m.edit.count, 0);
	assert_int_equal(m.edit.unnamed_count, 3);
	assert_string_equal(m.edit.unnamed[0], "/c/other");
	fini(&m);
	make(&m, old, "/c/upstreams/a\n");
	expect_changes(&m, "-/c/sites/.x -/c/upstreams/a/h:1~ ");
	fini(&m);
}

static void servers_can_be_left_out(void **state UNUSED)
{
	struct made m = { .in.objects_only = true };

	make(&m, "/c/upstreams/a\n/c/upstreams/a/h:1\n", "/c/upstreams/a\n/c/upstreams/a/h:2\n");
	assert_int_equal(m.edit.count, 0);
	fini(&m);
}

static void the_result_has_the_changes_and_all_else(void **state UNUSED)
{
	struct made m = { 0 };
	struct tree *result, *expected;

	make(&m,
	     "/c\n/c/other\n\tx\n/c/upstreams\n/c/upstreams/a\n/c/upstreams/b\n/c/upstreams/b/h:1 "
	     "owner=0x5\n"
	     "/o\n",
	     "/c/sites/s\n\tx\n/c/upstreams/b\n\t{\"keepalive\": 5}\n");
	result = config_edit_result(&m.edit, m.arena);
	expected =
		parse("/c\n/c/other\n\tx\n/c/sites\n/c/sites/s\n\tx\n/c/upstreams\n/c/upstreams/b\n"
		      "\t{\"keepalive\": 5}\n/c/upstreams/b/h:1 owner=0x5\n/o\n");
	assert_true(tree_same(result, expected));
	tree_unref(result);
	tree_unref(expected);
	fini(&m);
}

static void transactions_take_what_fits_and_at_least_one(void **state UNUSED)
{
	struct history_op ops[10];

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = (struct history_op){ .kind = HISTORY_SET, .path = "/c/x", .size = 900 };
	assert_int_equal(config_edit_fitting(ops, 10, 0, 1000000, 100), 10);
	assert_int_equal(config_edit_fitting(ops, 10, 0, 2500, 100), 2);
	assert_int_equal(config_edit_fitting(ops, 10, 9, 2500, 100), 10);
	assert_int_equal(config_edit_fitting(ops, 10, 3, 10, 100), 4);
	ops[0].kind = HISTORY_DELETE; /* its data is not sent */
	assert_int_equal(config_edit_fitting(ops, 10, 0, 2500, 100), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_form_of_the_same_is_no_change),
		cmocka_unit_test(parents_are_created_first_and_children_deleted_first),
		cmocka_unit_test(registered_servers_are_not_touched),
		cmocka_unit_test(a_deleted_upstream_names_the_servers_that_are_registered),
		cmocka_unit_test(nothing_is_deleted_that_is_to_be_kept),
		cmocka_unit_test(what_cannot_be_a_file_stays),
		cmocka_unit_test(servers_can_be_left_out),
		cmocka_unit_test(the_result_has_the_changes_and_all_else),
		cmocka_unit_test(transactions_take_what_fits_and_at_least_one),
	};

	return cmocka_run_group_tests_name("config_edit", tests, NULL, NULL);
}
