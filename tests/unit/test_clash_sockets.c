/* Sockets that nginx cannot replace in one step: a wildcard by an address of its port, or back. */
#include "clash_fixture.h"

static void assert_said(const struct outcome *o, const char *znode, enum serving serving,
			const char *words)
{
	const struct problem *p = problem_of(o, znode);

	if (!p || p->serving != serving || !strstr(p->message, words) ||
	    !strstr(p->message, "two steps")) {
		show_problems(o);
		fail_msg("%s: expected \"%s\"", znode, words);
	}
}

static void a_wildcard_is_not_exchanged_for_an_address(void **state UNUSED)
{
	struct push p = { .live = SITE("a", "\"8080\""),
			  .pushed = SITE("a", "\"127.0.0.1:8080\"") };
	struct outcome o = push(&p);

	assert_string_equal(model_site(o.next, "a")->listens[0].address, "8080");
	assert_said(&o, ROOT "/sites/a", SERVING_PREVIOUS, "127.0.0.1:8080");
	outcome_fini(&o);
}

static void an_address_is_not_exchanged_for_the_wildcard(void **state UNUSED)
{
	struct push p = { .live = SITE("a", "\"[::1]:8080\""),
			  .pushed = SITE("a", "\"[::]:8080\"") };
	struct outcome o = push(&p);

	assert_string_equal(model_site(o.next, "a")->listens[0].address, "[::1]:8080");
	assert_said(&o, ROOT "/sites/a", SERVING_PREVIOUS, "[::]:8080 cannot be bound");
	outcome_fini(&o);
}

static void a_new_wildcard_over_a_live_address_stays_out(void **state UNUSED)
{
	struct push p = { .live = SITE("a", "\"127.0.0.1:8080\""),
			  .pushed = SITE("a", "\"127.0.0.1:8080\"") SITE("b", "\"8080\"") };
	struct outcome o = push(&p);

	assert_true(is_served(&o, "sites/a"));
	assert_false(is_served(&o, "sites/b"));
	assert_said(&o, ROOT "/sites/b", SERVING_ABSENT, "127.0.0.1:8080");
	outcome_fini(&o);
}

/* Without the wildcard nginx would have to bind b's address. */
static void a_deleted_wildcard_stays_while_an_address_is_wanted(void **state UNUSED)
{
	struct push p = { .live = SITE("a", "\"8080\"") SITE("b", "\"127.0.0.1:8080\""),
			  .pushed = SITE("b", "\"127.0.0.1:8080\"") };
	struct outcome o = push(&p);

	assert_true(is_served(&o, "sites/a"));
	assert_true(is_served(&o, "sites/b"));
	assert_said(&o, ROOT "/sites/a", SERVING_PREVIOUS, ROOT "/sites/b");
	outcome_fini(&o);
}

static void a_deleted_snippet_with_the_wildcard_stays_as_well(void **state UNUSED)
{
	struct push p = { .live = SNIPPET("s", "server { listen 8080; server_name s; }")
				  SITE("b", "\"127.0.0.1:8080\""),
			  .pushed = SITE("b", "\"127.0.0.1:8080\"") };
	struct outcome o = push(&p);

	assert_true(is_served(&o, "snippets/http/s"));
	assert_int_equal(o.problems.count, 1);
	outcome_fini(&o);
}

static void each_object_with_the_wildcard_keeps_it(void **state UNUSED)
{
	struct push p = { .live = SITE("a", "\"8080\"") SITE("b", "\"8080\"")
				  SITE("c", "\"127.0.0.1:8080\""),
			  .pushed = SITE("a", "\"8082\"") SITE("b", "\"8081\"")
				  SITE("c", "\"127.0.0.1:8080\"") };
	struct outcome o = push(&p);

	assert_string_equal(model_site(o.next, "a")->listens[0].address, "8080");
	assert_string_equal(model_site(o.next, "b")->listens[0].address, "8080");
	assert_int_equal(o.problems.count, 2);
	outcome_fini(&o);
}

/* Once a keeps the wildcard, no object needs the address any more. */
static void no_object_is_kept_without_need(void **state UNUSED)
{
	struct push p = { .live = SITE("a", "\"8080\"") SITE("b", "\"8080\""),
			  .pushed = SITE("a", "\"127.0.0.1:8080\"") SITE("b", "\"8081\"") };
	struct outcome o = push(&p);

	assert_string_equal(model_site(o.next, "a")->listens[0].address, "8080");
	assert_string_equal(model_site(o.next, "b")->listens[0].address, "8081");
	assert_int_equal(o.problems.count, 1);
	outcome_fini(&o);
}

static void changes_that_nginx_can_make_are_allowed(void **state UNUSED)
{
	static const struct push fine[] = {
		/* the first step, and the second */
		{ .live = SITE("a", "\"8080\""), .pushed = SITE("a", "\"8081\"") },
		{ .live = SITE("a", "\"8081\""), .pushed = SITE("a", "\"127.0.0.1:8080\"") },
		/* another site still has the wildcard */
		{ .live = SITE("a", "\"8080\"") SITE("b", "\"8080\""),
		  .pushed = SITE("a", "\"127.0.0.1:8080\"") SITE("b", "\"8080\"") },
		/* … or gets it */
		{ .live = SITE("a", "\"8080\"") SITE("b", "\"8081\""),
		  .pushed = SITE("a", "\"127.0.0.1:8080\"") SITE("b", "\"8080\"") },
		/* … or nginx.conf has it */
		{ .live = SITE("a", "\"8080\""),
		  .pushed = SITE("a", "\"127.0.0.1:8080\""),
		  .host = "http { server { listen 8080; server_name host; } }" },
		{ .live = SITE("a", "\"127.0.0.1:8080\""),
		  .pushed = SITE("a", "\"8080\""),
		  .host = "http { server { listen 8080; server_name host; } }" },
		/* IPv4 and IPv6 are two sockets */
		{ .live = SITE("a", "\"8080\""), .pushed = SITE("a", "\"[::1]:8080\"") },
		/* the same socket of the other protocol is inherited */
		{ .live = SITE("a", "\"8080\""), .pushed = TCP STREAM("a", "\"8080\"") },
		/* another port */
		{ .live = SITE("a", "\"8080\""), .pushed = SITE("a", "\"127.0.0.1:8081\"") },
		/* no object has a socket */
		{ .live = SITE("a", "\"8080\""),
		  .pushed = SITE("a", "\"127.0.0.1:8080\""),
		  .nginx_is_down = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fine); i++) {
		struct outcome o = push(&fine[i]);

		show_problems(&o);
		if (o.problems.count)
			fail_msg("case %zu", i);
		outcome_fini(&o);
	}
}

static void a_wildcard_of_http_and_an_address_of_stream_are_not_exchanged(void **state UNUSED)
{
	struct push p = { .live = SITE("a", "\"8080\""),
			  .pushed = TCP STREAM("a", "\"127.0.0.1:8080\"") };
	struct outcome o = push(&p);

	assert_int_equal(model_site(o.next, "a")->protocol, PROTOCOL_HTTP);
	assert_said(&o, ROOT "/sites/a", SERVING_PREVIOUS, "127.0.0.1:8080");
	outcome_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wildcard_is_not_exchanged_for_an_address),
		cmocka_unit_test(an_address_is_not_exchanged_for_the_wildcard),
		cmocka_unit_test(a_new_wildcard_over_a_live_address_stays_out),
		cmocka_unit_test(a_deleted_wildcard_stays_while_an_address_is_wanted),
		cmocka_unit_test(a_deleted_snippet_with_the_wildcard_stays_as_well),
		cmocka_unit_test(each_object_with_the_wildcard_keeps_it),
		cmocka_unit_test(no_object_is_kept_without_need),
		cmocka_unit_test(changes_that_nginx_can_make_are_allowed),
		cmocka_unit_test(a_wildcard_of_http_and_an_address_of_stream_are_not_exchanged),
	};

	return cmocka_run_group_tests_name("clash_sockets", tests, NULL, NULL);
}
