/* changes: what differs, the order of preference, and the result of a part of them. */

#include "core/compose/compose.h"
#include "core/deploy/changes.h"
#include "tree_fixture.h"

#define ROOT "/c"
#define SITE(upstream) SITE_ON("80", upstream)
#define SITE_ON(port, upstream)                                                                    \
	"{\"listen\":[\"" port "\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"" upstream "\"}]}"

struct world {
	struct tree *accepted;
	struct model *candidate;
	struct changes *changes;
};

static int setup(void **state)
{
	static struct world w;

	w = (struct world){ 0 };
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	changes_free(w->changes);
	model_free(w->candidate);
	tree_unref(w->accepted);
	return 0;
}

static void compare(struct world *w, const char *accepted, const char *candidate)
{
	static const char *const roots[] = { "/srv", NULL };
	const struct policy policy = { .level = POLICY_SAFE, .roots = roots };
	CLEANUP(tree_unrefp) struct tree *t = parse(candidate);

	w->accepted = parse(accepted);
	w->candidate = compose_accepted(t, ROOT, &policy, NULL);
	w->changes = changes_new(w->accepted, w->candidate, ROOT);
}

/* The paths of all units in their order, separated by spaces; "-": the znode is deleted. */
static void expect_units(const struct world *w, const char *text)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	for (size_t u = 0; u < changes_count(w->changes); u++) {
		const struct change *c = changes_at(w->changes, u);

		buf_printf(&out, "%s%s%s", u ? " " : "", c->to ? "" : "-", c->path);
	}
	assert_string_equal(buf_str(&out), text);
}

static void definitions_come_before_those_who_use_them(void **state)
{
	struct world *w = *state;

	compare(w, "",
		"/c/sites/a\n\t" SITE("u") "\n/c/snippets/http/m\n\tgzip on;\n/c/upstreams/u\n"
					   "/c/upstreams/u/10.0.0.1:80\n");
	expect_units(w, "/c/snippets/http/m /c/upstreams/u /c/upstreams/u/10.0.0.1:80 /c/sites/a");
}

static void of_one_kind_the_older_comes_first(void **state)
{
	struct world *w = *state;

	compare(w, "",
		"/c/snippets/http/a czxid=0x9\n\tgzip on;\n"
		"/c/snippets/http/b czxid=0x5\n\tgzip off;\n");
	expect_units(w, "/c/snippets/http/b /c/snippets/http/a");
}

static void what_is_gone_frees_names_first_and_definitions_last(void **state)
{
	struct world *w = *state;

	compare(w,
		"/c/sites/a\n\t" SITE("u") "\n/c/snippets/http/m\n\tgzip on;\n/c/upstreams/u\n"
					   "/c/upstreams/u/10.0.0.1:80\n",
		"/c/sites/b\n\t" SITE("v") "\n/c/upstreams/v\n/c/upstreams/v/10.0.0.1:80\n");
	expect_units(w, "-/c/sites/a /c/upstreams/v /c/upstreams/v/10.0.0.1:80 /c/sites/b "
			"-/c/upstreams/u -/c/snippets/http/m");
	assert_int_equal(changes_find(w->changes, "/c/upstreams/u/10.0.0.1:80"), 4);
}

static void expect_tree(const struct world *w, const bool *take, const char *text)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	CLEANUP(tree_unrefp) struct tree *t = changes_take(w->changes, take);

	tree_print(t, &out);
	assert_string_equal(buf_str(&out), text);
}

static void any_part_of_a_change_can_be_taken(void **state)
{
	static const char before[] = "/c/snippets/http/a\n\tgzip on;\n/c/snippets/http/b\n\tgzip "
				     "off;\n";
	static const char after[] = "/c/snippets/http/b\n\tetag off;\n/c/snippets/http/c\n\tetag "
				    "on;\n";
	struct world *w = *state;

	compare(w, before, after);
	expect_units(w, "/c/snippets/http/b /c/snippets/http/c -/c/snippets/http/a");
	expect_tree(w, (const bool[]){ false, false, false }, before);
	expect_tree(w, (const bool[]){ true, true, true }, after);
	expect_tree(w, (const bool[]){ false, true, false },
		    "/c/snippets/http/a\n\tgzip on;\n/c/snippets/http/b\n\tgzip off;\n"
		    "/c/snippets/http/c\n\tetag on;\n");
}

static void a_site_needs_its_new_upstream_and_not_a_changed_one(void **state)
{
	struct world *w = *state;
	CLEANUP(search_freep) struct search *s = NULL;
	bool take[8];

	compare(w, "/c/upstreams/old\n",
		"/c/upstreams/old\n\t{\"keepalive\":4}\n/c/upstreams/new\n/c/sites/a\n\t" SITE(
			"new") "\n/c/sites/b\n\t" SITE_ON("81", "old") "\n");
	expect_units(w, "/c/upstreams/new /c/upstreams/old /c/sites/a /c/sites/b");
	s = search_new(4);
	changes_describe(w->changes, s);
	search_set_aside(s, 0);
	search_set_aside(s, 1);
	assert_true(search_next(s, take));
	assert_false(take[2]);
	assert_true(take[3]);
}

#define TEXT(value)                                                                                \
	"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"                                        \
	"\",\"return\":{\"status\":200,\"text\":\"" value "\"}}]}"

/* a and d: one snippet brings it; b: nginx runs a definition; c: several bring one. */
static void a_site_needs_the_one_snippet_that_brings_its_variable(void **state)
{
	struct world *w = *state;
	CLEANUP(search_freep) struct search *s = NULL;
	bool take[8];

	compare(w, "/c/snippets/http/m czxid=0x1\n\tgeo $old { default 0; }\n",
		"/c/snippets/http/m czxid=0x1\n\tgeo $old { default 0; } geo $new { default 0; }\n"
		"/c/snippets/http/n czxid=0x2\n\tserver { listen 81; set $b 1; set $c 1; }\n"
		"/c/snippets/http/o czxid=0x3\n\tserver { listen 82; set $c 1; }\n"
		"/c/sites/a\n\t" TEXT("$New") "\n/c/sites/b\n\t" TEXT(
			"$old") "\n/c/sites/c\n\t" TEXT("$c") "\n/c/sites/d\n\t" TEXT("$b$host") "\n");
	expect_units(w, "/c/snippets/http/m /c/snippets/http/n /c/snippets/http/o /c/sites/a "
			"/c/sites/b /c/sites/c /c/sites/d");
	s = search_new(7);
	changes_describe(w->changes, s);
	for (size_t i = 0; i < 3; i++)
		search_set_aside(s, i);
	assert_true(search_next(s, take));
	assert_false(take[3]);
	assert_true(take[4]);
	assert_true(take[5]);
	assert_false(take[6]);
}

static void a_site_needs_the_snippet_that_it_includes(void **state)
{
	struct world *w = *state;
	CLEANUP(search_freep) struct search *s = NULL;
	bool take[8];

	compare(w, "",
		"/c/sites/"
		"a\n\t{\"listen\":[\"80\"],\"include\":[\"x\"],\"redirect\":{\"status\":301,"
		"\"to\":\"/a\"}}\n/c/snippets/server/x\n\tserver_tokens off;\n");
	expect_units(w, "/c/snippets/server/x /c/sites/a");
	s = search_new(2);
	changes_describe(w->changes, s);
	search_set_aside(s, 0);
	assert_true(!search_next(s, take) || !take[1]);
}

/* The second unit is refused; of the third nothing is known. */
static void any_unit_can_be_looked_for_in_another_tree(void **state)
{
	struct world *w = *state;
	CLEANUP(search_freep) struct search *s = NULL;
	CLEANUP(tree_unrefp) struct tree *other = NULL, *same = NULL;
	bool take[3];

	compare(w, "/c/snippets/http/c\n\tetag on;\n",
		"/c/snippets/http/a\n\tgzip on;\n/c/snippets/http/b\n\tgzip off;\n");
	s = search_new(3);
	same = parse("/c/snippets/http/b\n\tgzip off;\n");
	other = parse("/c/snippets/http/b\n\tgzip on;\n/c/snippets/http/c\n\tetag on;\n");
	search_set_aside(s, 1);
	assert_false(changes_any_in(w->changes, s, SEARCH_REFUSED, same));
	search_postpone(s, 2);
	assert_true(search_next(s, take));
	search_passed(s);
	search_stop(s);
	assert_true(changes_any_in(w->changes, s, SEARCH_OPEN, same));
	assert_false(changes_any_in(w->changes, s, SEARCH_OPEN, other));
	assert_false(changes_any_in(w->changes, s, SEARCH_TAKEN, other));
}

static void a_refused_unit_is_looked_for_as_it_was_refused(void **state)
{
	struct world *w = *state;
	CLEANUP(search_freep) struct search *s = search_new(1);
	CLEANUP(tree_unrefp) struct tree *other = NULL, *same = NULL;
	bool take[1];

	compare(w, "", "/c/snippets/http/b\n\tgzip off;\n");
	same = parse("/c/snippets/http/b\n\tgzip off;\n");
	other = parse("/c/snippets/http/b\n\tgzip on;\n");
	assert_true(search_next(s, take));
	search_failed(s, NULL, 0, 0);
	assert_true(changes_any_in(w->changes, s, SEARCH_REFUSED, same));
	assert_false(changes_any_in(w->changes, s, SEARCH_REFUSED, other));
}

static void equal_trees_have_no_changes(void **state)
{
	struct world *w = *state;

	compare(w, "/c/upstreams/u\n", "/c/upstreams/u\n");
	assert_int_equal(changes_count(w->changes), 0);
	assert_int_equal(changes_find(w->changes, "/c/upstreams/u"), SIZE_MAX);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(definitions_come_before_those_who_use_them),
		TEST(of_one_kind_the_older_comes_first),
		TEST(what_is_gone_frees_names_first_and_definitions_last),
		TEST(any_part_of_a_change_can_be_taken),
		TEST(a_site_needs_its_new_upstream_and_not_a_changed_one),
		TEST(a_site_needs_the_one_snippet_that_brings_its_variable),
		TEST(a_site_needs_the_snippet_that_it_includes),
		TEST(any_unit_can_be_looked_for_in_another_tree),
		TEST(a_refused_unit_is_looked_for_as_it_was_refused),
		TEST(equal_trees_have_no_changes),
	};

	return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
