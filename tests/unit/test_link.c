/* link: references between objects, and two objects with the same claim. */
#include "compose_fixture.h"

#define UP(name) ROOT "/upstreams/" name "\n" ROOT "/upstreams/" name "/10.0.0.1:80\n"
#define SITE(name, listen, names, target)                                                          \
	ROOT "/sites/" name "\n\t{\"listen\":[" listen "],\"server_names\":[" names                \
	     "],\"locations\":[{\"path\":\"/\",\"proxy\":\"" target "\"}]}\n"

/* The result of `text` where nginx runs `before`. */
static struct model *link_after(const char *before, const char *text, struct problems *ps)
{
	CLEANUP(tree_unrefp) struct tree *accepted = parse(before);
	CLEANUP(tree_unrefp) struct tree *tree = parse(text);
	CLEANUP(model_freep) struct model *good = compose_accepted(accepted, ROOT, &policy, NULL);
	struct compose_input in = {
		.tree = tree, .accepted = accepted, .good = good, .root = ROOT, .policy = &policy
	};

	problems_init(ps);
	return compose(&in, ps, NULL);
}

static const struct problem *problem_of(const struct problems *ps, const char *znode)
{
	for (size_t i = 0; i < ps->count; i++) {
		if (strcmp(ps->items[i].znode, znode) == 0)
			return &ps->items[i];
	}
	return NULL;
}

static void a_site_without_its_upstream_stays_out_alone(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after("",
				     UP("u") SITE("good", "\"80\"", "\"a\"", "u")
					     SITE("bad", "\"80\"", "\"b\"", "nope"),
				     &ps);
	const struct problem *p = problem_of(&ps, ROOT "/sites/bad");

	assert_non_null(model_site(m, "good"));
	assert_null(model_site(m, "bad"));
	assert_non_null(p);
	assert_string_equal(p->field, "locations[0].proxy");
	assert_non_null(strstr(p->message, "\"nope\" does not exist"));
	assert_int_equal(p->serving, SERVING_ABSENT);
	assert_int_equal(ps.count, 1);
	problems_fini(&ps);
}

/* The upstream exists, and is left out: the message points to its own problem. */
static void a_site_of_a_wrong_upstream_says_where_to_look(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after(
		"", ROOT "/upstreams/u\n\t{\"colour\":1}\n" SITE("s", "\"80\"", "\"a\"", "u"), &ps);

	assert_null(model_site(m, "s"));
	assert_non_null(strstr(problem_of(&ps, ROOT "/sites/s")->message,
			       "is not served: see the problem of " ROOT "/upstreams/u"));
	problems_fini(&ps);
}

static void a_site_pointed_at_nothing_keeps_its_last_good_form(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after(UP("u") SITE("s", "\"80\"", "\"a\"", "u"),
				     UP("u") SITE("s", "\"80\"", "\"a\"", "typo"), &ps);

	assert_non_null(model_site(m, "s"));
	assert_string_equal(model_site(m, "s")->locations[0].proxy, "u");
	assert_int_equal(problem_of(&ps, ROOT "/sites/s")->serving, SERVING_PREVIOUS);
	problems_fini(&ps);
}

static void a_deleted_upstream_stays_while_a_site_needs_it(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after(UP("u") UP("other") SITE("s", "\"80\"", "\"a\"", "u"),
				     UP("other") SITE("s", "\"80\"", "\"a\"", "u"), &ps);

	assert_non_null(model_upstream(m, "u"));
	assert_int_equal(model_upstream(m, "u")->server_count, 1);
	assert_non_null(model_site(m, "s"));
	assert_non_null(strstr(problem_of(&ps, ROOT "/sites/s")->message, "was deleted"));
	assert_string_equal(m->upstreams[0]->name, "other"); /* the list stays sorted */
	problems_fini(&ps);
}

static void a_deleted_upstream_that_is_used_keeps_its_name_against_a_newcomer(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after(UP("u") SITE("s", "\"80\"", "\"a\"", "u"),
				     ROOT "/snippets/http/new\n\tupstream u { server "
					  "10.0.0.9:80; }\n" SITE("s", "\"80\"", "\"a\"", "u"),
				     &ps);

	assert_non_null(model_upstream(m, "u"));
	assert_non_null(model_site(m, "s"));
	assert_int_equal(m->snippet_count, 0);
	assert_non_null(problem_of(&ps, ROOT "/snippets/http/new"));
	assert_non_null(strstr(problem_of(&ps, ROOT "/sites/s")->message, "was deleted"));
	assert_int_equal(problem_of(&ps, ROOT "/sites/s")->serving, SERVING_PREVIOUS);
	problems_fini(&ps);
}

/* The guard keeps it for a second after its deletion. */
static void an_upstream_whose_deletion_is_postponed_keeps_its_name_too(void **state)
{
	struct world *w = *state;

	see_and_apply(w, UP("u") SITE("s", "\"80\"", "\"a\"", "u"), START);
	see_at(w,
	       ROOT "/snippets/http/new\n\tupstream u { server 10.0.0.9:80; }\n" SITE("s", "\"80\"",
										      "\"a\"", "u"),
	       START + 1);
	assert_non_null(model_upstream(w->next, "u"));
	assert_non_null(model_site(w->next, "s"));
	assert_int_equal(w->next->snippet_count, 0);
}

static void of_two_new_sites_with_one_name_the_first_wins(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after("",
				     UP("u") SITE("x", "\"80\"", "\"shop\"", "u")
					     SITE("y", "\"*:80\"", "\"shop\"", "u"),
				     &ps);

	assert_non_null(model_site(m, "x"));
	assert_null(model_site(m, "y"));
	assert_non_null(strstr(problem_of(&ps, ROOT "/sites/y")->message, ROOT "/sites/x"));
	problems_fini(&ps);
}

static void a_live_site_keeps_its_name_against_a_newcomer(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after(UP("u") SITE("z", "\"80\"", "\"shop\"", "u"),
				     UP("u") SITE("a", "\"80\"", "\"shop\"", "u")
					     SITE("z", "\"80\"", "\"shop\"", "u"),
				     &ps);

	assert_non_null(model_site(m, "z"));
	assert_null(model_site(m, "a"));
	assert_null(problem_of(&ps, ROOT "/sites/z"));
	problems_fini(&ps);
}

static void a_changed_site_that_clashes_keeps_its_last_good_form(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after(
		UP("u") SITE("a", "\"80\"", "\"a\"", "u") SITE("b", "\"80\"", "\"b\"", "u"),
		UP("u") SITE("a", "\"80\"", "\"a\",\"b\"", "u") SITE("b", "\"80\"", "\"b\"", "u"),
		&ps);

	assert_int_equal(model_site(m, "a")->server_name_count, 1);
	assert_non_null(model_site(m, "b"));
	assert_int_equal(problem_of(&ps, ROOT "/sites/a")->serving, SERVING_PREVIOUS);
	problems_fini(&ps);
}

static void one_name_on_two_addresses_is_no_clash(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after("",
				     UP("u") SITE("x", "\"80\"", "\"shop\"", "u")
					     SITE("y", "\"8080\"", "\"shop\"", "u"),
				     &ps);

	assert_int_equal(m->site_count, 2);
	assert_int_equal(ps.count, 0);
	problems_fini(&ps);
}

static void two_defaults_on_one_address_clash(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after("",
				     UP("u") SITE("x", "\"80 default_server\"", "\"x\"", "u")
					     SITE("y", "\"80 default_server\"", "\"y\"", "u"),
				     &ps);

	assert_int_equal(m->site_count, 1);
	assert_string_equal(problem_of(&ps, ROOT "/sites/y")->field, "listen");
	problems_fini(&ps);
}

static void http_and_stream_are_not_mixed(void **state UNUSED)
{
	struct problems ps;
	CLEANUP(model_freep)
	struct model *m = link_after(
		"",
		ROOT "/upstreams/db\n\t{\"protocol\":\"stream\"}\n" ROOT
		     "/upstreams/db/10.0.0.1:5432\n" SITE("web", "\"80\"", "\"a\"", "db") ROOT
		"/sites/db\n\t{\"protocol\":\"stream\",\"listen\":[\"5432\"],\"proxy\":\"db\"}\n",
		&ps);

	assert_null(model_site(m, "web"));
	assert_non_null(model_site(m, "db"));
	assert_non_null(strstr(problem_of(&ps, ROOT "/sites/web")->message, "other protocol"));
	problems_fini(&ps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_without_its_upstream_stays_out_alone),
		cmocka_unit_test(a_site_of_a_wrong_upstream_says_where_to_look),
		cmocka_unit_test(a_site_pointed_at_nothing_keeps_its_last_good_form),
		cmocka_unit_test(a_deleted_upstream_stays_while_a_site_needs_it),
		cmocka_unit_test(a_deleted_upstream_that_is_used_keeps_its_name_against_a_newcomer),
		TEST_GUARDED(an_upstream_whose_deletion_is_postponed_keeps_its_name_too),
		cmocka_unit_test(of_two_new_sites_with_one_name_the_first_wins),
		cmocka_unit_test(a_live_site_keeps_its_name_against_a_newcomer),
		cmocka_unit_test(a_changed_site_that_clashes_keeps_its_last_good_form),
		cmocka_unit_test(one_name_on_two_addresses_is_no_clash),
		cmocka_unit_test(two_defaults_on_one_address_clash),
		cmocka_unit_test(http_and_stream_are_not_mixed),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
