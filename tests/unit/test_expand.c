/* Expand: defaults, templates, parameters and the host's values, and what they leave as it was. */
#include "compose_fixture.h"

#include "core/data/layout.h"
#include "core/decode/expand.h"

#define OBJECT(path, json) ROOT "/" path "\n\t" json "\n"
#define LOCATION "\"locations\":[{\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"$(x)\"}}]"
#define SITE_FROM(name, with)                                                                      \
	OBJECT("sites/" name, "{\"template\":\"t\",\"with\":{\"x\":" with "}}")
#define TEMPLATE                                                                                   \
	OBJECT("templates/t", "{\"listen\":[80],\"server_names\":[\"a.test\"]," LOCATION "}")

static const struct host_var vars[] = { { "ip", "10.0.0.5" },
					{ "line", "$host; return 500; \"" },
					{ NULL, NULL } };

static struct model *compose_with(const char *text, const struct host_var *of_host,
				  struct problems *problems)
{
	CLEANUP(tree_unrefp) struct tree *t = parse(text), *nothing = parse("");
	CLEANUP(model_freep) struct model *good = model_new();

	return compose(&(struct compose_input){ .tree = t,
						.accepted = nothing,
						.good = good,
						.root = ROOT,
						.policy = &policy,
						.vars = of_host },
		       problems, NULL);
}

static const char *text_of_site(const struct model *m, const char *name)
{
	const struct site *s = model_site(m, name);

	return s ? s->locations[0].text : NULL;
}

static void says(const struct world *w, const char *znode, const char *words)
{
	for (size_t i = 0; i < w->problems.count; i++) {
		const struct problem *p = &w->problems.items[i];

		if (strcmp(p->znode, znode) == 0 && strstr(p->message, words))
			return;
		print_error("%s: %s: %s\n", p->znode, p->field, p->message);
	}
	fail_msg("%s: \"%s\" is not said", znode, words);
}

static void a_tree_with_nothing_to_expand_is_the_same_tree(void **state UNUSED)
{
	CLEANUP(tree_unrefp)
	struct tree *t = parse(OBJECT("sites/a", "{\"listen\":[80]}") OBJECT("upstreams/u", "{}"));
	CLEANUP(expansion_freep) struct expansion *x = expansion_new(t, ROOT, vars);

	assert_ptr_equal(expansion_tree(x), t);
}

static void what_is_expanded_is_not_expanded_again(void **state UNUSED)
{
	CLEANUP(tree_unrefp)
	struct tree *t = parse(OBJECT("defaults/site", "{\"gzip\":true}") OBJECT(
		"sites/a", "{\"listen\":[null,"
			   "\"$$(x)\"]}") TEMPLATE SITE_FROM("b", "\"$(x) $$(x)\""));
	CLEANUP(expansion_freep) struct expansion *once = expansion_new(t, ROOT, vars);
	CLEANUP(expansion_freep)
	struct expansion *twice = expansion_new(expansion_tree(once), ROOT, vars);

	assert_false(tree_same(t, expansion_tree(once)));
	assert_true(tree_same(expansion_tree(once), expansion_tree(twice)));
}

static void a_value_of_the_host_is_data(void **state UNUSED)
{
	struct problems problems;
	struct model *m;

	problems_init(&problems);
	m = compose_with(OBJECT("sites/a",
				"{\"listen\":[\"$(vars.ip):80\"],\"locations\":[{\"path\":"
				"\"/\",\"return\":{\"status\":200,\"text\":\"<$(vars."
				"line)>\"}}]}"),
			 vars, &problems);
	assert_int_equal(problems.count, 0);
	assert_string_equal(model_site(m, "a")->listens[0].address, "10.0.0.5:80");
	assert_string_equal(text_of_site(m, "a"), "<$$host; return 500; \">");
	model_free(m);
	problems_fini(&problems);
}

static void the_revision_is_the_same_with_other_values(void **state UNUSED)
{
	CLEANUP(tree_unrefp)
	struct tree *t = parse(OBJECT("sites/a", "{\"listen\":[\"$(vars.ip)\"]}"));
	CLEANUP(expansion_freep) struct expansion *x = expansion_new(t, ROOT, vars);
	struct digest raw = tree_revision(t, ROOT), of_x = tree_revision(expansion_raw(x), ROOT);

	assert_true(digest_equal(&raw, &of_x));
	assert_false(tree_same(t, expansion_tree(x)));
}

static void a_site_keeps_its_form_when_its_template_is_deleted(void **state)
{
	struct world *w = *state;

	see_and_apply(w, TEMPLATE SITE_FROM("a", "\"one\""), START);
	see(w, SITE_FROM("a", "\"one\""));
	assert_string_equal(text_of_site(w->next, "a"), "one");
	says(w, ROOT "/sites/a", "templates/t does not exist");
	assert_int_equal(w->problems.items[0].serving, SERVING_PREVIOUS);
	apply(w);
	see(w, SITE_FROM("a", "\"one\""));
	assert_string_equal(text_of_site(w->next, "a"), "one");
}

static void wrong_defaults_leave_every_site_in_its_last_good_form(void **state)
{
#define TWO                                                                                        \
	OBJECT("sites/a", "{\"listen\":[80],\"locations\":[{\"path\":\"/\",\"return\":{"           \
			  "\"status\":204}}]}")                                                    \
	OBJECT("sites/b", "{\"listen\":[81],\"gzip\":false,\"locations\":[{\"path\":\"/\","        \
			  "\"return\":{\"status\":204}}]}")
	struct world *w = *state;

	see_and_apply(w, OBJECT("defaults/site", "{\"gzip\":true}") TWO, START);
	see(w, OBJECT("defaults/site", "{\"gzip\":1}") TWO);
	assert_int_equal(model_site(w->next, "a")->gzip, 1);
	assert_int_equal(model_site(w->next, "b")->gzip, 0);
	assert_int_equal(w->problems.count, 1);
	says(w, ROOT "/sites/a", "found a number (defaults/site)");
}

/* Without its defaults a site would be another one. */
static void defaults_that_cannot_be_read_change_no_site(void **state)
{
	struct world *w = *state;

	see_and_apply(w, OBJECT("defaults/site", "{\"gzip\":true}") TWO, START);
	see(w, OBJECT("defaults/site", "{\"gzip\":") TWO);
	assert_int_equal(model_site(w->next, "a")->gzip, 1);
	says(w, ROOT "/sites/a", "defaults/site cannot be used: see its problem");
	assert_int_equal(w->problems.count, 3);
	see(w, OBJECT("defaults/location", "{\"expires\":\"$(vars.none)\"}") TWO);
	assert_int_equal(model_site(w->next, "a")->gzip, 1);
	says(w, ROOT "/defaults/location", "$(vars.none) is not in the group");
	says(w, ROOT "/sites/b", "defaults/location cannot be used: see its problem");
}

static void a_change_of_a_template_is_one_of_its_sites(void **state)
{
	struct world *w = *state;

	see_and_apply(w, TEMPLATE SITE_FROM("a", "\"one\""), START);
	see(w, OBJECT("templates/t", "{\"listen\":[81]," LOCATION "}") SITE_FROM("a", "\"two\""));
	assert_int_equal(w->problems.count, 0);
	assert_string_equal(model_site(w->next, "a")->listens[0].address, "81");
	assert_string_equal(text_of_site(w->next, "a"), "two");
}

static void a_parameter_stands_for_itself_in_a_regular_expression(void **state UNUSED)
{
	CLEANUP(tree_unrefp)
	struct tree *t = parse(OBJECT("templates/r", "{\"server_names\":[\"~^$(x)$\"]}")
				       OBJECT("sites/a", "{\"template\":\"r\",\"with\":{\"x\":\"a.*"
							 "|b\"}}"));
	CLEANUP(expansion_freep) struct expansion *x = expansion_new(t, ROOT, NULL);
	const struct znode *z = tree_find(expansion_tree(x), ROOT "/sites/a");

	assert_non_null(strstr(z->data, "~^a\\\\.\\\\*\\\\|b$"));
}

static void a_parameter_cannot_become_syntax(void **state UNUSED)
{
	static const char *const values[] = { "a b",   "a;b",  "{",  "}",  "a\\\\\"b",
					      "$host", "= /x", "~x", "@x", "*.x",
					      ".x",    "^x",   "a#b" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		CLEANUP(freep)
		char *text = xasprintf(
			OBJECT("templates/r", "{\"listen\":[\"$(x)\"]}")
				OBJECT("sites/a", "{\"template\":\"r\",\"with\":{\"x\":\"%s\"}}"),
			values[i]);
		CLEANUP(tree_unrefp) struct tree *t = parse(text);
		CLEANUP(expansion_freep) struct expansion *x = expansion_new(t, ROOT, NULL);
		struct problems problems;

		problems_init(&problems);
		if (!expansion_problem(x, ROOT "/sites/a", &problems))
			fail_msg("%s is accepted", values[i]);
		problems_fini(&problems);
	}
}

/* `from` is a regular expression in a rewrite alone. */
static void a_network_is_no_regular_expression(void **state UNUSED)
{
	CLEANUP(tree_unrefp)
	struct tree *t =
		parse(OBJECT("templates/r", "{\"real_ip\":{\"from\":[\"$(x)\"]},\"rewrite\":[{"
					    "\"from\":\"^/$(x)$\",\"to\":\"/a\"}]}")
			      OBJECT("sites/a", "{\"template\":\"r\",\"with\":{\"x\":"
						"\"10.0.0.0/8\"}}"));
	CLEANUP(expansion_freep) struct expansion *x = expansion_new(t, ROOT, NULL);
	const struct znode *z = tree_find(expansion_tree(x), ROOT "/sites/a");

	assert_non_null(strstr(z->data, "[\"10.0.0.0/8\"]"));
	assert_non_null(strstr(z->data, "^/10\\\\.0\\\\.0\\\\.0"));
}

static void a_parameter_is_not_the_name_of_a_directive(void **state UNUSED)
{
	static const char *const lines[] = { "\"$(x)\"", "\"$(x) on\"", "\"$(list)\"" };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		CLEANUP(freep)
		char *text = xasprintf(
			OBJECT("templates/r", "{\"directives\":[\"gzip_comp_level $(x)\",%s]}")
				OBJECT("sites/a",
				       "{\"template\":\"r\",\"with\":{\"x\":\"internal\","
				       "\"list\":[\"internal\"]}}"),
			lines[i]);
		CLEANUP(tree_unrefp) struct tree *t = parse(text);
		CLEANUP(expansion_freep) struct expansion *x = expansion_new(t, ROOT, NULL);
		struct problems problems;

		problems_init(&problems);
		if (!expansion_problem(x, ROOT "/sites/a", &problems))
			fail_msg("%s is accepted", lines[i]);
		assert_non_null(strstr(problems.items[0].message, "begins a line"));
		problems_fini(&problems);
	}
}

/* Only what it takes: once for each site, and not once for each pair of them. */
static void ten_thousand_sites_take_defaults(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	CLEANUP(expansion_freep) struct expansion *x = NULL;

	buf_puts(&text, OBJECT("defaults/location", "{\"request_headers\":{\"X-A\":\"a\"}}")
				OBJECT("defaults/site", "{\"gzip\":true}"));
	for (unsigned i = 0; i < 10000; i++)
		buf_printf(&text,
			   OBJECT("sites/s%05u", "{\"listen\":[80],\"locations\":[{\"path\":"
						 "\"/\",\"proxy\":\"u\"}]}"),
			   i);
	t = parse(buf_str(&text));
	x = expansion_new(t, ROOT, NULL);
	assert_non_null(strstr(tree_find(expansion_tree(x), ROOT "/sites/s09999")->data, "X-A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_with_nothing_to_expand_is_the_same_tree),
		cmocka_unit_test(what_is_expanded_is_not_expanded_again),
		cmocka_unit_test(a_value_of_the_host_is_data),
		cmocka_unit_test(the_revision_is_the_same_with_other_values),
		TEST(a_site_keeps_its_form_when_its_template_is_deleted),
		TEST(wrong_defaults_leave_every_site_in_its_last_good_form),
		TEST(defaults_that_cannot_be_read_change_no_site),
		TEST(a_change_of_a_template_is_one_of_its_sites),
		cmocka_unit_test(a_parameter_stands_for_itself_in_a_regular_expression),
		cmocka_unit_test(a_parameter_cannot_become_syntax),
		cmocka_unit_test(a_network_is_no_regular_expression),
		cmocka_unit_test(a_parameter_is_not_the_name_of_a_directive),
		cmocka_unit_test(ten_thousand_sites_take_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
