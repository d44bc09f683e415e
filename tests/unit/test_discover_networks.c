/* discover.networks: which addresses the servers of an upstream may have. */
#include "compose_fixture.h"

#define SHOP ROOT "/upstreams/shop\n\t{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}\n"
#define NERVE(name, host)                                                                          \
	"/s/" name " owner=7\n\t{\"host\":\"" host "\",\"port\":80,\"name\":\"x\"}\n"

static struct policy tens = { .level = POLICY_SAFE,
			      .networks = { { { [10] = 0xff, 0xff, 10 }, 104 } },
			      .network_count = 1 };

static size_t server_count(const struct world *w)
{
	const struct upstream *u = model_upstream(w->next, "shop");

	assert_non_null(u);
	return u->server_count;
}

static bool has(const struct world *w, const char *address)
{
	return upstream_server(model_upstream(w->next, "shop"), address) != NULL;
}

static const struct problem *problem_of(const struct world *w, const char *znode, const char *words)
{
	for (size_t i = 0; i < w->problems.count; i++) {
		const struct problem *p = &w->problems.items[i];

		if (strcmp(p->znode, znode) == 0 && strstr(p->message, words))
			return p;
	}
	fail_msg("no problem of %s says %s; there are %zu, \"%s\"", znode, words, w->problems.count,
		 w->problems.count ? w->problems.items[0].message : "");
	return NULL;
}

static void a_registration_cannot_name_the_metadata_service(void **state)
{
	struct world *w = *state;

	see(w, SHOP NERVE("a", "169.254.169.254") NERVE("b", "10.0.0.1")
		       NERVE("c", "::ffff:169.254.169.254") NERVE("d", "fe80::1"));
	assert_int_equal(server_count(w), 1);
	assert_true(has(w, "10.0.0.1:80"));
	assert_int_equal(w->problems.count, 1);
	problem_of(w, "/s",
		   "upstream \"shop\": 3 of 4 registrations cannot be used: \"a\" has the address "
		   "169.254.169.254:80, which is link-local");
	problem_of(w, "/s", "discover.networks in the settings does not admit it");
}

static void a_list_limits_registrations_of_both_kinds(void **state)
{
	struct world *w = *state;
	const struct problem *p;

	w->policy = &tens;
	see(w, SHOP ROOT "/upstreams/shop/10.0.0.5:80 owner=9\n" ROOT
			 "/upstreams/shop/127.0.0.1:80 owner=9\n" ROOT
			 "/upstreams/shop/192.0.2.7:80\n" NERVE("a", "10.0.0.1")
				 NERVE("b", "192.0.2.8"));
	assert_int_equal(server_count(w), 3);
	assert_true(has(w, "10.0.0.1:80") && has(w, "10.0.0.5:80"));
	assert_true(has(w, "192.0.2.7:80")); /* an operator's */
	assert_int_equal(w->problems.count, 2);
	p = problem_of(w, ROOT "/upstreams/shop/127.0.0.1:80",
		       "has the address 127.0.0.1:80, which is a loopback address");
	assert_int_equal(p->serving, SERVING_ABSENT);
	assert_int_equal(p->kind, PROBLEM_DISCOVERY);
	problem_of(w, "/s", "\"b\" has the address 192.0.2.8:80, which is in none of its networks");
}

/* --- names ----------------------------------------------------------------------------------- */

static struct name find_name(void *ctx UNUSED, const char *name)
{
	static const char *const both[] = { "10.0.0.7", "169.254.169.254" };
	static const char *const bad[] = { "fe80::1", "::1" };

	if (strcmp(name, "both") == 0)
		return (struct name){ NAME_FOUND, both, ARRAY_SIZE(both), NULL };
	return (struct name){ NAME_FOUND, bad, ARRAY_SIZE(bad), NULL };
}
static const struct names names = { .find = find_name };

static void what_a_name_resolves_to_is_limited_as_well(void **state)
{
	struct world *w = *state;

	w->policy = &tens;
	w->names = &names;
	see(w, SHOP NERVE("a", "both") NERVE("b", "bad"));
	assert_int_equal(server_count(w), 1);
	assert_true(has(w, "10.0.0.7:80"));
	problem_of(w, "/s", "\"a\" has the host both, whose address 169.254.169.254 is link-local");
	problem_of(w, "/s", "\"b\" has the host bad, whose address [fe80::1] is link-local");
}

/* --- guards ---------------------------------------------------------------------------------- */

/* nginx runs it from before the list was set: it must not stay in force as a held server. */
static void a_guard_holds_no_server_that_the_settings_refuse(void **state)
{
	struct world *w = *state;
	const char *text = ROOT "\n" SHOP NERVE("a", "10.0.0.1") NERVE("b", "192.0.2.1")
		NERVE("c", "192.0.2.2") NERVE("d", "192.0.2.3");

	see_and_apply(w, text, START);
	assert_int_equal(w->good->upstreams[0]->server_count, 4);
	w->policy = &tens;
	see_and_apply(w, text, START + SEC);
	assert_int_equal(w->good->upstreams[0]->server_count, 1);
	assert_int_equal(w->problems.count, 1);
	problem_of(w, "/s", "3 of 4 registrations");
	/* and the loss of the last one is held as ever */
	see_at(w, ROOT "\n" SHOP NERVE("b", "192.0.2.1"), START + 2 * SEC);
	assert_true(has(w, "10.0.0.1:80"));
	problem_of(w, ROOT "/upstreams/shop", "1 server was lost at once");
}

/* The servers may have moved, or their registrations may lie: the guard decides, and both are said.
 */
static void a_service_that_moves_to_a_refused_network_is_held_with_its_reason(void **state)
{
	struct world *w = *state;

	w->policy = &tens;
	see_and_apply(w, ROOT "\n" SHOP NERVE("a", "10.0.0.1") NERVE("b", "10.0.0.2"), START);
	see_at(w, ROOT "\n" SHOP NERVE("a", "192.0.2.1") NERVE("b", "192.0.2.2"), START + SEC);
	assert_int_equal(server_count(w), 2);
	assert_true(has(w, "10.0.0.1:80") && has(w, "10.0.0.2:80"));
	problem_of(w, ROOT "/upstreams/shop", "2 of 2 servers were lost at once");
	problem_of(w, "/s", "2 of 2 registrations cannot be used");
	w->policy = NULL; /* the operator lists the network */
	see_at(w, ROOT "\n" SHOP NERVE("a", "192.0.2.1") NERVE("b", "192.0.2.2"), START + 2 * SEC);
	assert_int_equal(server_count(w), 2);
	assert_true(has(w, "192.0.2.1:80") && has(w, "192.0.2.2:80"));
	assert_int_equal(w->problems.count, 0);
}

/* An upstream that keeps its last good form has no refused server either. */
static void the_last_good_form_of_an_upstream_is_limited_too(void **state)
{
	struct world *w = *state;

	see_and_apply(w, ROOT "\n" SHOP NERVE("a", "10.0.0.1") NERVE("b", "192.0.2.1"), START);
	w->policy = &tens;
	see_at(w, "", START + SEC);
	assert_int_equal(server_count(w), 1);
	assert_true(has(w, "10.0.0.1:80"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_registration_cannot_name_the_metadata_service),
		TEST(a_list_limits_registrations_of_both_kinds),
		TEST(what_a_name_resolves_to_is_limited_as_well),
		TEST_GUARDED(a_guard_holds_no_server_that_the_settings_refuse),
		TEST_GUARDED(a_service_that_moves_to_a_refused_network_is_held_with_its_reason),
		TEST_GUARDED(the_last_good_form_of_an_upstream_is_limited_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
