/* Definitions: maps, geo, split, log formats, limits and caches, and what uses them. */
#include "clash_fixture.h"

#include "core/decode/decode.h"

#define MAP(name, source) ROOT "/maps/" name "\n\t{\"source\":\"" source "\",\"values\":{}}\n"
#define LIMIT(name, more) ROOT "/limits/" name "\n\t{" more "}\n"
#define FORMAT(name) ROOT "/log_formats/" name "\n\t{\"format\":\"$remote_addr\"}\n"
#define CACHE(name) ROOT "/caches/" name "\n\t{\"max_size\":\"5g\"}\n"
#define HEADER(variable)                                                                           \
	ROOT "/sites/s\n\t{\"listen\":[\"81\"],\"locations\":[{\"path\":\"/\",\"return\":"         \
	     "{\"status\":200,\"text\":\"" variable "\"}}]}\n"
#define LIMITED                                                                                    \
	ROOT "/sites/s\n\t{\"listen\":[\"81\"],\"access_log\":\"x\",\"log_format\":\"f\","         \
	     "\"locations\":[{\"path\":\"/\",\"root\":\"/srv/www\",\"limit\":[\"l\"]}]}\n"

static const struct snippet *text_of(const struct outcome *o, enum config_kind kind,
				     const char *name)
{
	return model_text(o->next, kind, name);
}

static void says(const struct outcome *o, const char *znode, const char *words)
{
	const struct problem *p = problem_of(o, znode);

	if (!p || !strstr(p->message, words)) {
		show_problems(o);
		fail_msg("%s: \"%s\" is not said", znode, words);
	}
}

/* --- claims ---------------------------------------------------------------------------------- */

static void of_two_that_define_a_variable_the_newcomer_loses(void **state UNUSED)
{
	struct push p = { .live = SNIPPET("old", "map $uri $who { }"),
			  .pushed = SNIPPET("old", "map $uri $who { }") MAP("who", "$host") };
	struct outcome o = push(&p);

	assert_null(text_of(&o, CONFIG_MAP, "who"));
	says(&o, ROOT "/maps/who", ROOT "/snippets/http/old (line 1)");
	outcome_fini(&o);
	p = (struct push){ .live = MAP("who", "$host"),
			   .pushed = SNIPPET("old", "map $uri $who { }") MAP("who", "$host") };
	o = push(&p);
	assert_non_null(text_of(&o, CONFIG_MAP, "who"));
	assert_false(is_served(&o, "snippets/http/old"));
	outcome_fini(&o);
}

static void two_znodes_may_not_have_one_variable(void **state UNUSED)
{
	struct push p = { .live = "",
			  .pushed = MAP("a-b", "$host") ROOT
			  "/split/a.b\n\t{\"source\":\"$host\",\"parts\":[{\"value\":\"x\"}]}\n" };
	struct outcome o = push(&p);

	assert_non_null(text_of(&o, CONFIG_MAP, "a-b"));
	says(&o, ROOT "/split/a.b", "$a_b is already defined by " ROOT "/maps/a-b");
	outcome_fini(&o);
}

static void nginx_conf_wins_against_a_definition(void **state UNUSED)
{
	static const char all[] =
		MAP("m", "$host") FORMAT("f") LIMIT("l", "\"rate\":\"1r/s\"") CACHE("c");
	struct push p = { .live = "",
			  .pushed = all,
			  .host = "http {\nmap $uri $m { }\nlog_format f x;\n"
				  "proxy_cache_path /c keys_zone=cache/c:1m;\n}\n" };
	struct outcome o = push(&p);

	says(&o, ROOT "/maps/m", "/etc/nginx/nginx.conf:2");
	says(&o, ROOT "/log_formats/f", "/etc/nginx/nginx.conf:3");
	says(&o, ROOT "/caches/c", "/etc/nginx/nginx.conf:4");
	assert_null(problem_of(&o, ROOT "/limits/l"));
	outcome_fini(&o);
}

/* --- what is used ---------------------------------------------------------------------------- */

static void a_definition_that_is_used_is_not_deleted_under_its_users(void **state UNUSED)
{
	struct push p = { .live = FORMAT("f") LIMIT("l", "\"rate\":\"1r/s\"") LIMITED,
			  .pushed = LIMITED };
	struct outcome o = push(&p);

	assert_non_null(text_of(&o, CONFIG_LIMIT, "l"));
	assert_non_null(text_of(&o, CONFIG_LOG_FORMAT, "f"));
	assert_true(is_served(&o, "sites/s"));
	says(&o, ROOT "/sites/s", "was deleted but is still used here");
	outcome_fini(&o);
}

static void a_variable_that_a_site_uses_is_not_deleted_under_it(void **state UNUSED)
{
	struct push p = { .live = MAP("m", "$host") HEADER("$m"), .pushed = HEADER("$m") };
	struct outcome o = push(&p);

	assert_non_null(text_of(&o, CONFIG_MAP, "m"));
	says(&o, ROOT "/sites/s", "maps/m was deleted but its variable is still used here");
	outcome_fini(&o);
}

static void a_definition_that_a_snippet_uses_is_not_deleted_under_it(void **state UNUSED)
{
	static const char user[] =
		SNIPPET("u", "server { listen 82; access_log /x f; return 200 \"<${M}>\"; }");
	struct push p = { .live = xasprintf(MAP("m", "$host") FORMAT("f") MAP("n", "$uri") "%s",
					    user),
			  .pushed = user };
	struct outcome o = push(&p);

	assert_non_null(text_of(&o, CONFIG_MAP, "m"));
	assert_non_null(text_of(&o, CONFIG_LOG_FORMAT, "f"));
	assert_null(text_of(&o, CONFIG_MAP, "n"));
	says(&o, ROOT "/snippets/http/u", "was deleted but is still used here");
	outcome_fini(&o);
	free((char *)p.live);
}

static void a_cache_goes_back_to_the_default_only_when_nothing_uses_it(void **state UNUSED)
{
#define CACHED(zone)                                                                               \
	UPSTREAM("u")                                                                              \
	ROOT "/sites/s\n\t{\"listen\":[\"81\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"u\","    \
	     "\"cache\":{\"zone\":\"" zone "\"}}]}\n"
	struct push p = { .live = CACHE("c") CACHED("c"), .pushed = CACHED("c") };
	struct outcome o = push(&p);

	assert_non_null(text_of(&o, CONFIG_CACHE, "c"));
	outcome_fini(&o);
	p.pushed = CACHED("d");
	o = push(&p);
	assert_null(text_of(&o, CONFIG_CACHE, "c"));
	assert_int_equal(o.problems.count, 0);
	outcome_fini(&o);
}

static void a_site_that_names_a_definition_that_does_not_exist_is_left_out(void **state UNUSED)
{
	struct push p = { .live = "", .pushed = LIMITED FORMAT("f") };
	struct outcome o = push(&p);

	assert_false(is_served(&o, "sites/s"));
	says(&o, ROOT "/sites/s", "limits/l does not exist");
	outcome_fini(&o);
}

static void a_definition_that_is_wrong_keeps_its_last_good_form(void **state UNUSED)
{
	struct push p = { .live = LIMIT("l", "\"rate\":\"1r/s\""),
			  .pushed = LIMIT("l", "\"rate\":\"fast\"") };
	struct outcome o = push(&p);

	assert_non_null(text_of(&o, CONFIG_LIMIT, "l"));
	assert_int_equal(problem_of(&o, ROOT "/limits/l")->serving, SERVING_PREVIOUS);
	outcome_fini(&o);
}

static void a_zone_that_counts_something_else_is_another_zone(void **state UNUSED)
{
	struct push p = { .live = LIMIT("l", "\"rate\":\"1r/s\""),
			  .pushed = LIMIT("l", "\"rate\":\"1r/s\",\"key\":\"$host\"") };
	struct outcome o = push(&p);
	const char *zone = text_of(&o, CONFIG_LIMIT, "l")->definition->zone;

	assert_string_not_equal(zone, model_text(o.live, CONFIG_LIMIT, "l")->definition->zone);
	outcome_fini(&o);
	p.pushed = LIMIT("l", "\"rate\":\"9r/s\",\"size\":\"1m\"");
	o = push(&p);
	assert_string_equal(text_of(&o, CONFIG_LIMIT, "l")->definition->zone,
			    model_text(o.live, CONFIG_LIMIT, "l")->definition->zone);
	outcome_fini(&o);
}

/* What the emitter refuses has to be refused before it: else the daemon ends. */
static void a_key_that_nginx_cannot_read_is_a_problem(void **state UNUSED)
{
	static const char *const keys[] = { "\xc2\x85", "\\u0007", "a\\tb\\nc" };
	CLEANUP(buf_fini) struct buf dollars = BUF_INIT;
	struct outcome o;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		CLEANUP(freep) char *json = xasprintf("{\"%s\":\"x\"}", keys[i]);
		CLEANUP(arena_freep) struct arena *a = arena_new();
		CLEANUP(freep)
		char *data = xasprintf("{\"source\":\"$uri\",\"values\":%s}", json);
		struct znode z = { .path = ROOT "/maps/m", .data = data, .size = strlen(data) };
		struct problems problems;
		struct snippet s;

		problems_init(&problems);
		assert_false(decode_definition(a, &z, CONFIG_MAP, &clash_policy, &s, &problems));
		problems_fini(&problems);
	}
	buf_puts(&dollars, ROOT "/maps/m\n\t{\"source\":\"$uri\",\"values\":{\"");
	for (size_t i = 0; i < 1000; i++)
		buf_putc(&dollars, '$');
	buf_puts(&dollars, "\":1}}\n");
	o = push(&(struct push){ .live = "", .pushed = buf_str(&dollars) });
	assert_int_equal(o.problems.count, 1);
	outcome_fini(&o);
}

/* --- policy ---------------------------------------------------------------------------------- */

static void definitions_are_not_snippets_for_the_policy(void **state UNUSED)
{
	static const struct policy off = { .level = POLICY_OFF };
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct znode z = { .path = ROOT "/maps/m", .data = "{\"source\":\"$uri\",\"values\":{}}" };
	struct problems problems;
	struct snippet s;

	z.size = strlen(z.data);
	problems_init(&problems);
	assert_true(decode_definition(a, &z, CONFIG_MAP, &off, &s, &problems));
	assert_int_equal(problems.count, 0);
	problems_fini(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_that_define_a_variable_the_newcomer_loses),
		cmocka_unit_test(two_znodes_may_not_have_one_variable),
		cmocka_unit_test(nginx_conf_wins_against_a_definition),
		cmocka_unit_test(a_definition_that_is_used_is_not_deleted_under_its_users),
		cmocka_unit_test(a_variable_that_a_site_uses_is_not_deleted_under_it),
		cmocka_unit_test(a_definition_that_a_snippet_uses_is_not_deleted_under_it),
		cmocka_unit_test(a_cache_goes_back_to_the_default_only_when_nothing_uses_it),
		cmocka_unit_test(a_site_that_names_a_definition_that_does_not_exist_is_left_out),
		cmocka_unit_test(a_definition_that_is_wrong_keeps_its_last_good_form),
		cmocka_unit_test(a_zone_that_counts_something_else_is_another_zone),
		cmocka_unit_test(a_key_that_nginx_cannot_read_is_a_problem),
		cmocka_unit_test(definitions_are_not_snippets_for_the_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
