/* link: variables that an object uses and others define. */
#include "clash_fixture.h"

#define SITE_OF(name, value)                                                                       \
	ROOT "/sites/" name "\n\t{\"listen\":[\"80\"],\"server_names\":[\"" name                   \
	     ".test\"],\"locations\":[{\"path\":\"/\",\"return\":{\"status\":200,\"text\":\""      \
	     "x\"},\"response_headers\":{\"X-A\":\"" value "\"}}]}\n"
#define MAP SNIPPET("m", "map $uri $colour { default blue; }")
#define OTHER_MAP SNIPPET("m", "map $uri $taste { default sweet; }")
#define HASH(value)                                                                                \
	ROOT "/upstreams/u\n\t{\"balance\":\"hash " value "\"}\n" ROOT "/upstreams/u/"             \
	     "10.0.0.1:80\n"
#define STREAM_HASH(value)                                                                         \
	ROOT "/upstreams/u\n\t{\"protocol\":\"stream\",\"balance\":\"hash " value "\"}\n" ROOT     \
	     "/upstreams/u/10.0.0.1:80\n"

static const char field[] = "locations[0].response_headers.X-A";

static const struct variable_case {
	const char *what;
	struct push push;
	const char *loser; /* NULL: there is no problem */
	enum serving serving;
	const char *words;
} cases[] = {
	{ "nginx's own, families, any case",
	  { .live = "", .pushed = SITE_OF("s", "$Host ${COOKIE_a}$arg_B$upstream_http_x") },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "one of a snippet that is pushed together",
	  { .live = "", .pushed = MAP SITE_OF("s", "a $Colour ${colour}b") },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "one that a server of a snippet sets",
	  { .live = "",
	    .pushed = SNIPPET("m", "server { listen 81; location / { set $b 1; } }")
		    SITE_OF("s", "$b") },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "a named capture",
	  { .live = "",
	    .pushed = SNIPPET("m", "server { listen 81; server_name ~^(?<sub>.+)x$; }")
		    SITE_OF("s", "$sub") },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "one of nginx.conf",
	  { .live = "",
	    .pushed = SITE_OF("s", "$colour"),
	    .host = "http { geo $colour { default 1; } }" },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "one that nginx.conf sets in a location",
	  { .live = "",
	    .pushed = SITE_OF("s", "$colour"),
	    .host = "http { server { listen 9; location / { set $Colour 1; } } }" },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "an unknown one, and the nearest of nginx",
	  { .live = "", .pushed = SITE_OF("s", "$host $remote_adr") },
	  "sites/s",
	  SERVING_ABSENT,
	  "uses $remote_adr, which is neither a variable that nginx has nor defined by maps/, "
	  "geo/, split/, a set or a snippet (nginx.conf is not known here); is it $remote_addr?" },
	{ "an unknown one, and the nearest of a snippet",
	  { .live = "", .pushed = MAP SITE_OF("s", "${color}"), .host = "" },
	  "sites/s",
	  SERVING_ABSENT,
	  "uses $color, which is neither a variable that nginx has nor defined by maps/, "
	  "geo/, split/, a set, a snippet or nginx.conf; is it $colour?" },
	{ "an unknown one, and the nearest of nginx.conf",
	  { .live = "",
	    .pushed = SITE_OF("s", "$colours"),
	    .host = "http { map $uri $colour { } }" },
	  "sites/s",
	  SERVING_ABSENT,
	  "is it $colour?" },
	{ "an unknown one that is like none",
	  { .live = "", .pushed = SITE_OF("s", "$zzzzzzzz"), .host = "" },
	  "sites/s",
	  SERVING_ABSENT,
	  "nor defined by maps/, geo/, split/, a set, a snippet or nginx.conf" },
	{ "our own are not for use",
	  { .live = "", .pushed = SITE_OF("s", "$$ $zknginx_dollar") },
	  "sites/s",
	  SERVING_ABSENT,
	  "$zknginx_dollar" },
	{ "one of stream is none of http",
	  { .live = "",
	    .pushed = STREAM_SNIPPET("m", "map $remote_addr $colour { default 1; }")
		    SITE_OF("s", "$colour") },
	  "sites/s",
	  SERVING_ABSENT,
	  "$colour" },
	{ "a snippet that is refused defines nothing",
	  { .live = SITE("z", "\"81\""),
	    .pushed = SITE("z", "\"81\"")
		    SNIPPET("m", "map $uri $colour { } server { listen 81; server_name z.test; }")
			    SITE_OF("s", "$colour") },
	  "sites/s",
	  SERVING_ABSENT,
	  "$colour" },
	{ "a changed site keeps its last good form",
	  { .live = MAP SITE_OF("s", "$colour"), .pushed = MAP SITE_OF("s", "$clour") },
	  "sites/s",
	  SERVING_PREVIOUS,
	  "is it $colour?" },
	{ "a live site stays, when its definition goes: nginx refuses that",
	  { .live = MAP SITE_OF("s", "$colour"), .pushed = OTHER_MAP SITE_OF("s", "$colour") },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "… also in known surroundings, and when the snippet is deleted",
	  { .live = MAP SITE_OF("s", "$colour"), .pushed = SITE_OF("s", "$colour"), .host = "" },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "… also when the site changes elsewhere",
	  { .live = MAP SITE_OF("s", "$colour"),
	    .pushed = OTHER_MAP SITE_OF("s", "new $COLOUR"),
	    .host = "" },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "… but a new site finds it gone",
	  { .live = MAP SITE_OF("s", "$colour"),
	    .pushed = OTHER_MAP SITE_OF("s", "$colour") SITE_OF("t", "$colour"),
	    .host = "" },
	  "sites/t",
	  SERVING_ABSENT,
	  "$colour" },
	{ "a live site whose variable not even the live model defines",
	  { .live = SITE_OF("s", "$colour"), .pushed = SITE_OF("s", "$colour"), .host = "" },
	  "sites/s",
	  SERVING_ABSENT,
	  "$colour" },
	{ "a live site with a variable of an nginx.conf that is not known",
	  { .live = SITE_OF("s", "$colour"), .pushed = SITE_OF("s", "$colour") },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "the key of an upstream",
	  { .live = "", .pushed = MAP HASH("$colour$host") },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "the key of an upstream with an unknown one",
	  { .live = "", .pushed = HASH("$request_url") },
	  "upstreams/u",
	  SERVING_ABSENT,
	  "is it $request_uri?" },
	{ "the key of a stream upstream",
	  { .live = "",
	    .pushed = STREAM_SNIPPET("m", "map $remote_addr $colour { default 1; }")
		    STREAM_HASH("$colour$remote_addr$ssl_preread_server_name") },
	  NULL,
	  SERVING_ABSENT,
	  NULL },
	{ "the key of a stream upstream with a variable of http",
	  { .live = "", .pushed = MAP STREAM_HASH("$request_uri") },
	  "upstreams/u",
	  SERVING_ABSENT,
	  "neither a variable that nginx has for the stream protocol nor defined by maps/, "
	  "geo/, split/ of that protocol or a stream snippet" },
};

static const char *field_of(const char *znode)
{
	return strncmp(znode, "sites/", 6) == 0 ? field : "balance";
}

static void check_loser(const struct variable_case *c, const struct outcome *o)
{
	CLEANUP(freep) char *znode = xasprintf(ROOT "/%s", c->loser);
	const struct problem *p = problem_of(o, znode);

	if (!p || !strstr(p->message, c->words) || p->serving != c->serving ||
	    strcmp(p->field, field_of(c->loser)) != 0) {
		show_problems(o);
		fail_msg("%s", c->what);
	}
	if (is_served(o, c->loser) != (c->serving == SERVING_PREVIOUS))
		fail_msg("%s: served", c->what);
}

static void a_variable_has_to_be_defined(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome o = push(&cases[i].push);

		if (cases[i].loser) {
			check_loser(&cases[i], &o);
		} else if (o.problems.count) {
			show_problems(&o);
			fail_msg("%s", cases[i].what);
		}
		outcome_fini(&o);
	}
}

/* The field of each text of a location. */
static void the_field_is_named(void **state UNUSED)
{
	static const char pushed[] = UPSTREAM("u") ROOT
		"/sites/s\n\t{\"listen\":[\"80\"],\"locations\":["
		"{\"path\":\"/\",\"proxy\":\"u\",\"request_headers\":{\"A\":\"$aaaaaaaa\"},"
		"\"cache_control\":\"$bbbbbbbb\"},"
		"{\"path\":\"/a\",\"return\":{\"status\":200,\"text\":\"$cccccccc\"}},"
		"{\"path\":\"/b\",\"redirect\":{\"status\":302,\"to\":\"/$dddddddd\"}}]}\n";
	static const char *const fields[] = { "locations[0].cache_control",
					      "locations[0].request_headers.A",
					      "locations[1].return.text",
					      "locations[2].redirect.to" };
	struct outcome o = push(&(struct push){ .live = "", .pushed = pushed });

	assert_int_equal(o.problems.count, ARRAY_SIZE(fields));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		assert_string_equal(o.problems.items[i].field, fields[i]);
	assert_true(is_served(&o, "upstreams/u"));
	outcome_fini(&o);
}

/* A daemon that has just started does not know nginx.conf yet. */
static void nginx_decides_while_nginx_conf_is_not_known(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *nothing = parse(""), *tree = parse(SITE_OF("s", "$any"));
	CLEANUP(model_freep) struct model *good = model_new(), *m = NULL;
	struct compose_input in = { .tree = tree,
				    .accepted = nothing,
				    .good = good,
				    .root = ROOT,
				    .policy = &policy,
				    .host_may_define = true };
	struct problems problems;

	problems_init(&problems);
	m = compose(&in, &problems, NULL);
	assert_int_equal(problems.count, 0);
	assert_non_null(model_site(m, "s"));
	problems_fini(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_variable_has_to_be_defined),
		cmocka_unit_test(the_field_is_named),
		cmocka_unit_test(nginx_decides_while_nginx_conf_is_not_known),
	};

	return cmocka_run_group_tests_name("link_variables", tests, NULL, NULL);
}
