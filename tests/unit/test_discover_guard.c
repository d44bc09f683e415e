/* guard: upstreams whose servers were discovered. */
#include "compose_fixture.h"

#define SHOP                                                                                       \
	ROOT "/upstreams/shop\n\t{\"discover\":{\"path\":\"/s\",\"format\":\"curator\","           \
	     "\"tls\":\"prefer\"},\"server\":{\"max_fails\":4}}\n"

/* `policy`, and registrations FIRST … LAST below /s with the plain port 80 and the TLS port
 * `tls`. */
static const char *registered(const char *shop, int first, int last, int tls)
{
	static char text[4][8192];
	static unsigned turn;
	char *out = text[turn++ % 4];
	size_t used = (size_t)sprintf(out, ROOT "\n%s", shop);

	for (int i = first; i <= last; i++)
		used += (size_t)sprintf(out + used,
					"/s/%d owner=7\n\t{\"address\":\"10.0.0.%d\",\"port\":80,"
					"\"sslPort\":%d}\n",
					i, i, tls);
	return out;
}

static const struct upstream *shop(const struct model *m)
{
	const struct upstream *u = model_upstream(m, "shop");

	assert_non_null(u);
	return u;
}

static size_t held(const struct upstream *u)
{
	size_t n = 0;

	for (size_t i = 0; i < u->server_count; i++)
		n += u->servers[i].held;
	return n;
}

static void one_of_many_may_go(void **state)
{
	struct world *w = *state;

	see_and_apply(w, registered(SHOP, 1, 10, -1), START);
	see_at(w, registered(SHOP, 1, 9, -1), START + SEC);
	assert_int_equal(shop(w->next)->server_count, 9);
	assert_int_equal(w->problems.count, 0);
}

static void a_mass_loss_is_held(void **state)
{
	struct world *w = *state;
	const struct upstream *u;

	see_and_apply(w, registered(SHOP, 1, 10, -1), START);
	see_at(w, registered(SHOP, 1, 2, -1), START + SEC);
	u = shop(w->next);
	assert_int_equal(u->server_count, 10);
	assert_int_equal(held(u), 8);
	assert_int_equal(upstream_server(u, "10.0.0.9:80")->params.max_fails, 4);
	assert_ptr_equal(upstream_server(u, "10.0.0.9:80")->discover, &u->discovers[0]);
	assert_int_equal(w->problems.count, 1);
	assert_int_equal(w->problems.items[0].kind, PROBLEM_GUARD);
}

/* Also when the whole path is gone, as with container znodes. */
static void what_is_held_outlives_a_restart(void **state)
{
	struct world *w = *state;

	see_and_apply(w, registered(SHOP, 1, 4, 443), START);
	see_and_apply(w, ROOT "\n" SHOP, START + SEC);
	assert_int_equal(held(shop(w->good)), 4);
	model_free(w->good);
	w->good = compose_accepted(w->accepted, ROOT, &policy, NULL);
	assert_int_equal(shop(w->good)->server_count, 4);
	assert_true(shop(w->good)->tls);
	guard_free(w->guard);
	w->guard = guard_new();
	see_at(w, ROOT "\n" SHOP, START + 2 * SEC);
	assert_int_equal(held(shop(w->next)), 4);
	assert_true(shop(w->next)->tls);
	assert_non_null(upstream_server(shop(w->next), "10.0.0.1:443"));
}

static void what_returns_is_released(void **state)
{
	struct world *w = *state;

	see_and_apply(w, registered(SHOP, 1, 10, -1), START);
	see_and_apply(w, ROOT "\n" SHOP, START + SEC);
	see_and_apply(w, registered(SHOP, 1, 10, -1), START + 2 * SEC);
	assert_int_equal(held(shop(w->good)), 0);
	assert_int_equal(w->problems.count, 0);
}

static void another_policy_is_not_held(void **state)
{
	struct world *w = *state;

	see_and_apply(w, registered(SHOP, 1, 10, -1), START);
	see_at(w,
	       registered(ROOT "/upstreams/shop\n\t{\"discover\":{\"path\":\"/t\"}}\n" ROOT
			       "/upstreams/shop/10.0.1.1:80\n",
			  1, 10, -1),
	       START + SEC);
	assert_int_equal(shop(w->next)->server_count, 1);
	assert_int_equal(w->problems.count, 0);
}

static void another_policy_ends_a_hold(void **state)
{
	struct world *w = *state;

	see_and_apply(w, registered(SHOP, 1, 10, -1), START);
	see_and_apply(w, registered(SHOP, 1, 1, -1), START + SEC);
	assert_int_equal(held(shop(w->good)), 9);
	see_at(w,
	       ROOT "\n" ROOT "/upstreams/shop\n" ROOT "/upstreams/shop/10.0.1.1:80\n"
		    "/s/1 owner=7\n\t{\"address\":\"10.0.0.1\",\"port\":80}\n",
	       START + 2 * SEC);
	assert_int_equal(shop(w->next)->server_count, 1);
	assert_int_equal(held(shop(w->next)), 0);
}

static void a_tls_port_is_never_held_among_plain_ones(void **state)
{
	struct world *w = *state;
	const struct upstream *u;

	see_and_apply(w, registered(SHOP, 1, 10, 443), START);
	see_at(w, registered(SHOP, 1, 1, -1), START + SEC);
	u = shop(w->next);
	for (size_t i = 0; i < u->server_count; i++)
		assert_int_equal(u->servers[i].tls, u->tls);
	assert_int_equal(u->server_count, 1);
}

static void weights_fit_those_that_are_held(void **state)
{
	static const char *const more[] = {
		ROOT
		"\n" ROOT "/upstreams/shop\n\t{\"discover\":{\"path\":\"/m\"}}\n"
		"/m/member_1 owner=7\n\t{\"serviceEndpoint\":{\"host\":\"10.0.0.1\",\"port\":1}}\n"
		"/m/member_2 owner=7\n\t{\"serviceEndpoint\":{\"host\":\"10.0.0.2\",\"port\":1}}\n"
		"/m/member_3 owner=7\n\t{\"serviceEndpoint\":{\"host\":\"10.0.0.3\",\"port\":1}}\n"
		"/m/vector_1\n\t{\"vector\":[{\"select\":\"member=3\",\"weight\":2.5}]}\n",
		ROOT "\n" ROOT "/upstreams/shop\n\t{\"discover\":{\"path\":\"/m\"}}\n",
	};
	struct world *w = *state;

	see_and_apply(w, more[0], START);
	assert_int_equal(upstream_server(shop(w->good), "10.0.0.3:1")->params.weight, 5);
	see_and_apply(w, more[1], START + SEC);
	assert_int_equal(held(shop(w->good)), 3);
	assert_int_equal(upstream_server(shop(w->good), "10.0.0.3:1")->params.weight, 5);
	assert_int_equal(upstream_server(shop(w->good), "10.0.0.1:1")->params.weight, 2);
	assert_non_null(tree_find(w->accepted, "/m/vector_1"));
}

/* --- names that move ------------------------------------------------------------------------ */

static const char *address;

static struct name find_name(void *ctx UNUSED, const char *name UNUSED)
{
	static const char *list[1];

	list[0] = address;
	return (struct name){ address ? NAME_FOUND : NAME_FAILED, list, address ? 1 : 0, NULL };
}

static void a_name_may_move(void **state)
{
	static const char text[] =
		ROOT "\n" SHOP "/s/a owner=7\n\t{\"address\":\"web\",\"port\":1}\n";
	static const struct names names = { .find = find_name };
	struct world *w = *state;

	w->names = &names;
	address = "10.0.0.1";
	see_and_apply(w, text, START);
	address = "10.0.0.2";
	see_and_apply(w, text, START + SEC);
	assert_int_equal(shop(w->good)->server_count, 1);
	assert_string_equal(shop(w->good)->servers[0].address, "10.0.0.2:1");
	address = NULL;
	see_at(w, text, START + 2 * SEC);
	assert_int_equal(held(shop(w->next)), 1);
	assert_string_equal(shop(w->next)->servers[0].address, "10.0.0.2:1");
}

/* --- retained ------------------------------------------------------------------------------- */

static void a_deleted_upstream_that_is_needed_keeps_its_servers(void **state)
{
	static const char site[] =
		ROOT "/sites/a\n\t{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/"
		     "\",\"proxy\":\"shop\"}]}\n";
	struct world *w = *state;
	char text[1024];

	snprintf(text, sizeof(text), ROOT "\n%s" SHOP "%s", site,
		 "/s/a owner=7\n\t{\"address\":\"10.0.0.1\",\"port\":1}\n");
	see_and_apply(w, text, START);
	snprintf(text, sizeof(text), ROOT "\n%s", site);
	see_and_apply(w, text, START + 60 * SEC);
	see_and_apply(w, text, START + 120 * SEC);
	assert_int_equal(shop(w->good)->server_count, 1);
	assert_ptr_equal(shop(w->good)->servers[0].discover, &shop(w->good)->discovers[0]);
	assert_non_null(tree_find(w->accepted, "/s/a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_GUARDED(one_of_many_may_go),
		TEST_GUARDED(a_mass_loss_is_held),
		TEST_GUARDED(what_is_held_outlives_a_restart),
		TEST_GUARDED(what_returns_is_released),
		TEST_GUARDED(another_policy_is_not_held),
		TEST_GUARDED(another_policy_ends_a_hold),
		TEST_GUARDED(a_tls_port_is_never_held_among_plain_ones),
		TEST_GUARDED(weights_fit_those_that_are_held),
		TEST_GUARDED(a_name_may_move),
		TEST_GUARDED(a_deleted_upstream_that_is_needed_keeps_its_servers),
	};

	return cmocka_run_group_tests_name("discover_guard", tests, NULL, NULL);
}
