/* Variables that name an upstream: which may, and what they keep. */
#include "compose_fixture.h"

#define UP(name) ROOT "/upstreams/" name "\n" ROOT "/upstreams/" name "/10.0.0.1:80\n"
#define TCP(name)                                                                                  \
	ROOT "/upstreams/" name "\n\t{\"protocol\":\"stream\"}\n" ROOT "/upstreams/" name          \
	     "/10.0.0.1:443\n"
#define SNIPPET(name, text) ROOT "/snippets/http/" name "\n\t" text "\n"
#define STREAM_SNIPPET(name, text) ROOT "/snippets/stream/" name "\n\t" text "\n"
#define MAP(values) SNIPPET("map", "map $cookie_g $pool { " values " }")
#define USE                                                                                        \
	SNIPPET("use",                                                                             \
		"server { listen 8080; location / { proxy_pass http://$pool$request_uri; } }")

struct result {
	struct model *model;
	struct problems problems;
};

static struct result compose_after(const struct policy *p, const char *before, const char *text)
{
	CLEANUP(tree_unrefp) struct tree *accepted = parse(before);
	CLEANUP(tree_unrefp) struct tree *tree = parse(text);
	CLEANUP(model_freep) struct model *good = compose_accepted(accepted, ROOT, p, NULL);
	struct compose_input in = {
		.tree = tree, .accepted = accepted, .good = good, .root = ROOT, .policy = p
	};
	struct result r;

	problems_init(&r.problems);
	r.model = compose(&in, &r.problems, NULL);
	return r;
}

static void result_fini(struct result *r)
{
	model_free(r->model);
	problems_fini(&r->problems);
}

static void expect_use(const char *text, const char *problem)
{
	CLEANUP(result_fini) struct result r = compose_after(&policy, "", text);

	for (size_t i = 0; i < r.problems.count; i++)
		print_message("%s: %s\n", r.problems.items[i].znode, r.problems.items[i].message);
	assert_int_equal(!model_snippet(r.model, PROTOCOL_HTTP, "use"), problem != NULL);
	assert_int_equal(r.problems.count, problem ? 1 : 0);
	if (!problem)
		return;
	assert_string_equal(r.problems.items[0].znode, ROOT "/snippets/http/use");
	assert_int_equal(r.problems.items[0].line, 1);
	assert_non_null(strstr(r.problems.items[0].message, problem));
}

static void a_map_of_upstreams_may_name_the_upstream(void **state UNUSED)
{
	expect_use(MAP("default shop; beta Shop-Beta;") USE UP("shop") UP("Shop-Beta"), NULL);
	expect_use(SNIPPET("map", "split_clients $remote_addr $pool { 10% beta; * shop; }")
			   USE UP("beta") UP("shop"),
		   NULL);
	expect_use(SNIPPET("map", "map $cookie_g $pool { default $other; a shop; } split_clients "
				  "$remote_addr $other { 10% beta; * shop; }") USE UP("beta")
			   UP("shop"),
		   NULL);
	expect_use(SNIPPET("map", "upstream own { server 10.0.0.1:80; } map $uri $pool { default "
				  "own; }") USE,
		   NULL);
}

static void any_other_variable_is_a_problem(void **state UNUSED)
{
	expect_use(USE UP("shop"), "$pool is not defined by a map");
	expect_use(MAP("default shop; b nope;") USE UP("shop"),
		   "$pool may be \"nope\", which is no upstream");
	expect_use(MAP("default shop; b tcp;") USE UP("shop") TCP("tcp"), "\"tcp\"");
	expect_use(MAP("default shop; b $arg_x;") USE UP("shop"), "$arg_x is not defined by a map");
	expect_use(MAP("default shop; b $1;") USE UP("shop"), "$1");
	expect_use(MAP("default shop; ~(.*) $1-x;") USE UP("shop"), "is not the name");
	expect_use(MAP("default shop; b 169.254.169.254:80;") USE UP("shop"), "is not the name");
	expect_use(MAP("default shop; b http://shop;") USE UP("shop"), "is not the name");
	expect_use(MAP("default shop;") USE SNIPPET("set", "server { listen 81; set $pool $arg_x; "
							   "return 200; }") UP("shop"),
		   "$pool is also set elsewhere");
	expect_use(MAP("default shop;") USE SNIPPET(
			   "set", "server { listen 81; location ~ ^/(?<pool>.*) { return "
				  "200; } }") UP("shop"),
		   "$pool is also set elsewhere");
	expect_use(SNIPPET("map", "map $uri $pool { default $pool2; } map $uri $pool2 { default "
				  "$pool; }") USE,
		   "in a row");
}

static const char before[] = MAP("default shop; beta beta;") USE UP("shop") UP("beta");

static void expect_kept(const struct policy *p)
{
	CLEANUP(result_fini)
	struct result r = compose_after(p, before, MAP("default shop; beta beta;") USE UP("shop"));

	assert_non_null(model_upstream(r.model, "beta"));
	assert_non_null(model_snippet(r.model, PROTOCOL_HTTP, "use"));
	assert_int_equal(r.problems.count, 1);
	assert_non_null(
		strstr(r.problems.items[0].message, "\"beta\" was deleted but is still used"));
}

static void an_upstream_that_a_map_names_is_not_removed(void **state UNUSED)
{
	static const struct policy all = { .level = POLICY_ALL };

	expect_kept(&policy);
	expect_kept(&all);
}

/* The value has a scheme, or comes by a `set`: both are possible under "all" alone. */
static void under_all_every_way_to_the_upstream_counts(void **state UNUSED)
{
	static const struct policy all = { .level = POLICY_ALL };
	static const char text[] =
		SNIPPET("use", "map $uri $a { default http://beta; } server { listen 8080; set $b "
			       "$a; location / { proxy_pass $b; } location /x { set $c gamma; "
			       "proxy_pass http://$c; } }");
	CLEANUP(buf_fini) struct buf live = BUF_INIT;
	struct result r;

	buf_printf(&live, "%s%s", text, UP("beta") UP("gamma"));
	r = compose_after(&all, buf_str(&live), text);
	assert_non_null(model_upstream(r.model, "beta"));
	assert_non_null(model_upstream(r.model, "gamma"));
	result_fini(&r);
}

static void an_upstream_that_no_address_names_goes(void **state UNUSED)
{
	CLEANUP(result_fini)
	struct result r =
		compose_after(&policy, MAP("default shop;") UP("shop"), MAP("default shop;"));

	assert_null(model_upstream(r.model, "shop"));
	assert_int_equal(r.problems.count, 0);
}

static void stream_has_pools_of_its_own(void **state UNUSED)
{
	static const char text[] =
		STREAM_SNIPPET("sni", "map $ssl_preread_server_name $pool { a.example tcp; default "
				      "tcp; } server { listen 8443; ssl_preread on; proxy_pass "
				      "$pool; }");
	CLEANUP(buf_fini) struct buf live = BUF_INIT;
	struct result r;

	buf_printf(&live, "%s%s", text, TCP("tcp"));
	r = compose_after(&policy, "", buf_str(&live));
	assert_int_equal(r.problems.count, 0);
	result_fini(&r);
	r = compose_after(&policy, "", text);
	assert_int_equal(r.problems.count, 1);
	result_fini(&r);
}

#define TYPED(values)                                                                              \
	ROOT "/maps/pool\n\t{\"source\":\"$cookie_g\",\"default\":\"shop\"," values "}\n"
#define LINE                                                                                       \
	ROOT "/sites/use\n\t{\"listen\":[80],\"locations\":[{\"path\":\"/"                         \
	     "\",\"return\":{\"status\":"                                                          \
	     "404},\"directives\":[\"proxy_pass http://$pool\"]}]}\n"

static void a_map_that_is_a_znode_may_name_the_upstream(void **state UNUSED)
{
	expect_use(TYPED("\"values\":{\"b\":\"beta\"}") USE UP("beta") UP("shop"), NULL);
	expect_use(TYPED("\"values\":{\"b\":\"beta\"}") USE UP("shop"),
		   "$pool may be \"beta\", which is no upstream");
	expect_use(TYPED("\"values\":{\"b\":\"$arg_b\"}") USE UP("shop"), "$arg_b is not defined");
}

static void a_map_that_a_line_of_a_site_uses_stays_with_its_upstreams(void **state UNUSED)
{
	CLEANUP(result_fini)
	struct result r = compose_after(
		&policy, TYPED("\"values\":{\"b\":\"beta\"}") LINE UP("beta") UP("shop"), LINE);

	assert_non_null(model_site(r.model, "use"));
	assert_non_null(model_text(r.model, CONFIG_MAP, "pool"));
	assert_non_null(model_upstream(r.model, "beta"));
	assert_non_null(model_upstream(r.model, "shop"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_of_upstreams_may_name_the_upstream),
		cmocka_unit_test(any_other_variable_is_a_problem),
		cmocka_unit_test(an_upstream_that_a_map_names_is_not_removed),
		cmocka_unit_test(under_all_every_way_to_the_upstream_counts),
		cmocka_unit_test(an_upstream_that_no_address_names_goes),
		cmocka_unit_test(stream_has_pools_of_its_own),
		cmocka_unit_test(a_map_that_is_a_znode_may_name_the_upstream),
		cmocka_unit_test(a_map_that_a_line_of_a_site_uses_stays_with_its_upstreams),
	};

	return cmocka_run_group_tests_name("pools", tests, NULL, NULL);
}
