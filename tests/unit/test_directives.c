/* Lines of nginx's own language in typed objects, and snippets that sites include. */
#include "clash_fixture.h"

#define SITE_LINES(name, more, lines)                                                              \
	ROOT "/sites/" name "\n\t{\"listen\":[\"80\"],\"server_names\":[\"" name ".test\"]," more  \
	     "\"locations\":[{\"path\":\"/\",\"root\":\"/srv/www\"" lines "}]}\n"
#define SERVER_SNIPPET(name, text) ROOT "/snippets/server/" name "\n\t" text "\n"
#define LOCATION_SNIPPET(name, text) ROOT "/snippets/location/" name "\n\t" text "\n"

static const struct policy safe = { .level = POLICY_SAFE,
				    .roots = (const char *const[]){ "/srv", NULL } };

static struct outcome push_safe(const char *live, const char *pushed)
{
	CLEANUP(tree_unrefp) struct tree *accepted = parse(live);
	CLEANUP(tree_unrefp) struct tree *tree = parse(pushed);
	struct outcome o = { .live = compose_accepted(accepted, ROOT, &safe, NULL) };
	struct compose_input in = {
		.tree = tree, .accepted = accepted, .good = o.live, .root = ROOT, .policy = &safe
	};

	problems_init(&o.problems);
	o.next = compose(&in, &o.problems, NULL);
	return o;
}

static void expect_problem(const char *pushed, const char *znode, const char *field,
			   const char *message)
{
	struct outcome o = push_safe("", pushed);
	const struct problem *p = problem_of(&o, znode);

	show_problems(&o);
	assert_non_null(p);
	assert_string_equal(p->field, field);
	assert_non_null(strstr(p->message, message));
	outcome_fini(&o);
}

static void a_line_that_climbs_is_named_by_its_field(void **state UNUSED)
{
	expect_problem(SITE_LINES("a", "",
				  ",\"directives\":[\"gzip on\",\"try_files "
				  "/$arg_x =404\"]"),
		       ROOT "/sites/a", "locations[0].directives[1]", "may lead out");
	expect_problem(SITE_LINES("a", "\"directives\":[\"rewrite ^/x/(.*)$ /$1\"],",
				  ",\"directives\":[\"try_files $uri $uri/ =404\"]"),
		       ROOT "/sites/a", "directives[0]", "(locations[0].directives[0])");
	expect_problem(SITE_LINES("a", "", ",\"directives\":[\"alias /etc/\"]"), ROOT "/sites/a",
		       "locations[0].directives[0]", "alias");
	expect_problem(SITE_LINES("a", "", ",\"directives\":[\"proxy_pass http://$arg_x\"]"),
		       ROOT "/sites/a", "locations[0].directives[0]", "must name its upstream");
	expect_problem(SITE_LINES("a", "", ",\"directives\":[\"proxy_pass http://$pool\"]"),
		       ROOT "/sites/a", "directives", "is not defined by a map");
	expect_problem(SITE_LINES("a", "\"directives\":[\"location ~ ^/(?<args>..) { }\"],", ""),
		       ROOT "/sites/a", "directives[0]", "$args");
	expect_problem(SITE_LINES("a", "\"directives\":[\"gzip on; } server { listen 81\"],", ""),
		       ROOT "/sites/a", "directives[0]", "more than one");
	expect_problem(SITE_LINES("a", "\"directives\":[\"gzip on # x\"],", ""), ROOT "/sites/a",
		       "directives[0]", "is not a statement");
	expect_problem(SITE_LINES("a", "\"directives\":[\"} server {\"],", ""), ROOT "/sites/a",
		       "directives[0]", "is not a");
}

static void an_included_snippet_has_to_exist(void **state UNUSED)
{
	expect_problem(SITE_LINES("a", "\"include\":[\"x\"],", ""), ROOT "/sites/a", "include[0]",
		       "snippets/server/x does not exist");
	expect_problem(SITE_LINES("a", "", ",\"include\":[\"x\"]") SERVER_SNIPPET("x", "gzip on;"),
		       ROOT "/sites/a", "locations[0].include[0]",
		       "snippets/location/x does not exist");
	expect_problem(
		SITE_LINES("a", "\"include\":[\"x\"],", "") SERVER_SNIPPET("x", "root /etc;"),
		ROOT "/sites/a", "include[0]", "snippets/server/x is not served: see its problem");
	expect_problem(LOCATION_SNIPPET("x", "gzip on; }"), ROOT "/snippets/location/x", "",
		       "unexpected");
	expect_problem(SERVER_SNIPPET("x", "gzip on;\n\tlisten 81;"), ROOT "/snippets/server/x", "",
		       "\"listen\" is set by a site's own field");
}

static void a_deleted_snippet_stays_while_a_site_includes_it(void **state UNUSED)
{
	static const char site[] = SITE_LINES("a", "\"include\":[\"x\"],", "");
	CLEANUP(buf_fini) struct buf live = BUF_INIT;
	struct outcome o;

	buf_printf(&live, "%s%s", site, SERVER_SNIPPET("x", "gzip on;"));
	o = push_safe(buf_str(&live), site);
	assert_non_null(model_site(o.next, "a"));
	assert_non_null(model_text(o.next, CONFIG_SERVER_SNIPPET, "x"));
	assert_non_null(strstr(problem_of(&o, ROOT "/sites/a")->message, "was deleted"));
	outcome_fini(&o);
	o = push_safe(buf_str(&live), "");
	assert_null(model_text(o.next, CONFIG_SERVER_SNIPPET, "x"));
	outcome_fini(&o);
}

/* One edit of a snippet must not take the sites with it that include it. */
static void a_snippet_that_makes_a_site_unsafe_falls_itself(void **state UNUSED)
{
	static const char site[] = SITE_LINES("a", "\"include\":[\"x\"],",
					      ",\"directives\":[\"try_files $uri $uri/ =404\"]");
	CLEANUP(buf_fini) struct buf live = BUF_INIT, pushed = BUF_INIT;
	const struct problem *p;
	struct outcome o;

	buf_printf(&live, "%s%s", site, SERVER_SNIPPET("x", "gzip on;"));
	buf_printf(&pushed, "%s%s", site,
		   SERVER_SNIPPET("x", "gzip off;\n\trewrite ^/x/(.*)$ /$1;"));
	o = push_safe(buf_str(&live), buf_str(&pushed));
	p = problem_of(&o, ROOT "/snippets/server/x");
	assert_non_null(p);
	assert_int_equal(p->line, 2);
	assert_int_equal(p->serving, SERVING_PREVIOUS);
	assert_null(problem_of(&o, ROOT "/sites/a"));
	assert_non_null(model_site(o.next, "a"));
	assert_string_equal(model_text(o.next, CONFIG_SERVER_SNIPPET, "x")->text, "gzip on;\n");
	outcome_fini(&o);
}

static void a_line_may_define_a_variable_and_use_an_upstream(void **state UNUSED)
{
	static const char site[] = ROOT
		"/sites/a\n\t{\"listen\":[\"80\"],\"directives\":[\"set $colour red\",\"location "
		"/p/ { proxy_pass http://shop; }\"],\"locations\":[{\"path\":\"/"
		"\",\"return\":{\"status\":200,\"text\":\"$colour\"}}]}\n";
	CLEANUP(buf_fini) struct buf live = BUF_INIT;
	struct outcome o;

	buf_printf(&live, "%s%s", site, UPSTREAM("shop"));
	o = push_safe("", buf_str(&live));
	assert_int_equal(o.problems.count, 0);
	outcome_fini(&o);
	o = push_safe(buf_str(&live), site);
	assert_non_null(model_upstream(o.next, "shop"));
	outcome_fini(&o);
}

static void a_line_may_end_in_a_variable_in_braces(void **state UNUSED)
{
	struct outcome o =
		push_safe("", SITE_LINES("a", "\"directives\":[\"add_header X ${host}\"],",
					 ",\"directives\":[\"if ($arg_x) { set $y ${host}; } \"]"));

	assert_int_equal(o.problems.count, 0);
	assert_string_equal(model_site(o.next, "a")->raw.directives[0], "add_header X ${host};");
	outcome_fini(&o);
}

static void under_all_a_line_may_be_anything_with_braces(void **state UNUSED)
{
	struct outcome o = push(&(struct push){
		.live = "", .pushed = SITE_LINES("a", "\"directives\":[\"lua_thing x\"],", "") });

	assert_int_equal(o.problems.count, 0);
	outcome_fini(&o);
	o = push(&(struct push){
		.live = "",
		.pushed =
			SITE_LINES("a", "\"directives\":[\"content_by_lua_block { x; }\"],", "") });
	assert_int_equal(o.problems.count, 1);
	outcome_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_climbs_is_named_by_its_field),
		cmocka_unit_test(an_included_snippet_has_to_exist),
		cmocka_unit_test(a_deleted_snippet_stays_while_a_site_includes_it),
		cmocka_unit_test(a_snippet_that_makes_a_site_unsafe_falls_itself),
		cmocka_unit_test(a_line_may_define_a_variable_and_use_an_upstream),
		cmocka_unit_test(a_line_may_end_in_a_variable_in_braces),
		cmocka_unit_test(under_all_a_line_may_be_anything_with_braces),
	};

	return cmocka_run_group_tests_name("directives", tests, NULL, NULL);
}
