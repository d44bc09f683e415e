/* guard: what a model must not lose from one tree to the next. */
#include "compose_fixture.h"

/* An upstream "u" with servers 10.0.0.FIRST … LAST; owner 0: created by an operator. */
static const char *upstream(int first, int last, int owner)
{
	static char text[4][8192];
	static unsigned turn;
	char *out = text[turn++ % 4];
	size_t used = (size_t)sprintf(out, ROOT "\n" ROOT "/upstreams\n" ROOT "/upstreams/u\n");

	for (int i = first; i <= last; i++)
		used += (size_t)sprintf(out + used, ROOT "/upstreams/u/10.0.0.%d:80 owner=%d\n", i,
					owner);
	return out;
}

static size_t servers(const struct model *m)
{
	const struct upstream *u = model_upstream(m, "u");

	assert_non_null(u);
	return u->server_count;
}

static bool guarded(const struct world *w)
{
	for (size_t i = 0; i < w->problems.count; i++) {
		if (w->problems.items[i].kind == PROBLEM_GUARD)
			return true;
	}
	return false;
}

static void one_registration_may_go(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 10, 7), START);
	see_at(w, upstream(1, 9, 7), START + SEC);
	assert_int_equal(servers(w->next), 9);
	assert_false(guarded(w));
}

static void one_of_two_may_go_whatever_the_limit(void **state)
{
	struct world *w = *state;

	w->rules.max_shrink = 10;
	see_and_apply(w, upstream(1, 2, 7), START);
	see_at(w, upstream(1, 1, 7), START + SEC);
	assert_int_equal(servers(w->next), 1);
	assert_false(guarded(w));
}

static void too_many_at_once_are_held_until_enough_return(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 10, 7), START);
	see_at(w, upstream(1, 4, 7), START + SEC);
	assert_int_equal(servers(w->next), 10);
	assert_true(guarded(w));
	assert_int_equal(w->due, NEVER);
	apply(w);
	see_and_apply(w, upstream(1, 4, 7), START + 3600 * SEC);
	assert_int_equal(servers(w->good), 10);
	see_at(w, upstream(1, 5, 7), START + 3601 * SEC);
	assert_int_equal(servers(w->next), 5);
	assert_false(guarded(w));
	apply(w);
	see_at(w, upstream(1, 5, 7), START + 3602 * SEC); /* and it stays released */
	assert_int_equal(servers(w->next), 5);
}

static void a_loss_by_small_steps_within_the_window_is_held(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 10, 7), START);
	for (int last = 9; last >= 5; last--)
		see_and_apply(w, upstream(1, last, 7), START + (uint64_t)(10 - last) * SEC);
	assert_int_equal(servers(w->good), 5);
	see_at(w, upstream(1, 4, 7), START + 6 * SEC);
	assert_int_equal(servers(w->next), 10);
	assert_true(guarded(w));
}

/* --- what the workers were given, and is not on disk
 * ---------------------------------------------- */

static void servers_that_were_given_and_vanish_at_once_are_held(void **state)
{
	struct world *w = *state;

	w->rules.max_shrink = 20;
	see_and_apply(w, upstream(1, 10, 7), START);
	see_and_give(w, upstream(1, 20, 7), START + 1);
	see_at(w, upstream(1, 10, 7), START + 2);
	assert_int_equal(servers(w->next), 20);
	assert_true(guarded(w));
	give(w);
	see_at(w, upstream(1, 10, 7), START + 3);
	assert_int_equal(servers(w->next), 20);
	apply(w);
	see_at(w, upstream(1, 10, 7), START + 3600 * SEC);
	assert_int_equal(servers(w->next), 20);
}

/* None of those that are left is on disk. */
static void the_last_servers_are_held_when_all_were_replaced_since(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 10, 7), START);
	see_and_give(w, upstream(1, 20, 7), START + 1);
	see_and_give(w, upstream(11, 20, 7), START + 2);
	assert_int_equal(servers(w->live), 10);
	assert_false(guarded(w));
	see_at(w, upstream(1, 0, 7), START + 3);
	assert_true(guarded(w));
	assert_int_equal(servers(w->next), 20);
	assert_non_null(upstream_server(model_upstream(w->next, "u"), "10.0.0.15:80"));
}

static void a_loss_by_small_steps_is_held_before_anything_is_on_disk(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 10, 7), START);
	for (int last = 9; last >= 5; last--)
		see_and_give(w, upstream(1, last, 7), START + (uint64_t)(10 - last));
	assert_int_equal(servers(w->live), 5);
	see_at(w, upstream(1, 4, 7), START + 6);
	assert_int_equal(servers(w->next), 10);
	assert_true(guarded(w));
}

static void servers_that_were_given_and_are_deleted_are_postponed_in_a_mass_deletion(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 4, 0), START);
	see_and_give(w, upstream(1, 10, 0), START + 1);
	see_at(w, upstream(1, 4, 0), START + 2);
	assert_int_equal(servers(w->next), 10);
	see_at(w, upstream(1, 4, 0), START + 2 * SEC);
	assert_int_equal(servers(w->next), 4);
}

static void a_server_that_was_given_is_forgotten_when_its_loss_is_old(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 10, 7), START);
	see_and_give(w, upstream(1, 11, 7), START + 1);
	see_and_give(w, upstream(1, 10, 7), START + 2);
	see_and_apply(w, upstream(1, 10, 7), START + 20 * SEC);
	assert_int_equal(servers(w->good), 10);
	see_at(w, upstream(1, 9, 7), START + 40 * SEC);
	assert_int_equal(servers(w->next), 9);
	assert_false(guarded(w));
}

static void a_slow_loss_is_not_held(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 10, 7), START);
	for (int last = 9; last >= 1; last--)
		see_and_apply(w, upstream(1, last, 7), START + (uint64_t)(10 - last) * 11 * SEC);
	assert_int_equal(servers(w->good), 1);
	assert_false(guarded(w));
}

static void a_rolling_replacement_is_not_held(void **state)
{
	struct world *w = *state;

	w->rules.max_shrink = 20;
	see_and_apply(w, upstream(1, 10, 7), START);
	for (int i = 1; i <= 10; i++) {
		see_and_apply(w, upstream(i, 10 + i, 7), START + (uint64_t)(2 * i) * SEC / 10);
		see_and_apply(w, upstream(i + 1, 10 + i, 7),
			      START + (uint64_t)(2 * i + 1) * SEC / 10);
		assert_int_equal(servers(w->good), 10);
		assert_false(guarded(w));
	}
}

static void the_last_registration_is_never_lost(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 1, 7), START);
	see_at(w, upstream(1, 0, 7), START + 100 * SEC);
	assert_int_equal(servers(w->next), 1);
	assert_true(w->next->upstreams[0]->servers[0].held);
	assert_true(guarded(w));
}

static void on_empty_unavailable_lets_the_last_one_go(void **state)
{
	struct world *w = *state;
	static const char policy_znode[] =
		ROOT "\n" ROOT "/upstreams/u\n\t{\"on_empty\":\"unavailable\"}\n";

	see_and_apply(w,
		      ROOT "\n" ROOT "/upstreams/u\n\t{\"on_empty\":\"unavailable\"}\n" ROOT
			   "/upstreams/u/10.0.0.1:80 owner=1\n",
		      START);
	see_at(w, policy_znode, START + 100 * SEC);
	assert_int_equal(servers(w->next), 0);
	assert_true(w->next->upstreams[0]->unavailable);
}

#define EMPTY(path) ROOT "\n" ROOT "/upstreams/u\n\t{\"discover\":{\"path\":\"" path "\"}}\n"

/* A revision is blamed for what it loses, and not for servers that have not registered yet. */
static void no_server_is_a_loss_only_where_there_was_one(void **state)
{
	struct world *w = *state;

	see_at(w, EMPTY("/a"), START);
	assert_true(w->next->upstreams[0]->unavailable);
	assert_int_equal(w->problems.count, 1);
	assert_int_equal(w->problems.items[0].kind, PROBLEM_DISCOVERY);
	apply(w);
	see_at(w, EMPTY("/b"), START + SEC);
	assert_int_equal(w->problems.items[0].kind, PROBLEM_DISCOVERY);
	apply(w);
	see_and_apply(w, EMPTY("/a") "/a\n/a/10.0.0.1:80 owner=7\n", START + 2 * SEC);
	assert_int_equal(w->good->upstreams[0]->server_count, 1);
	assert_int_equal(w->problems.count, 0);
	for (uint64_t i = 3; i < 6; i++) {
		see_and_apply(w, EMPTY("/b"), START + i * SEC);
		assert_true(w->good->upstreams[0]->unavailable);
		assert_true(guarded(w)); /* as long as it lasts */
	}
}

static void fewer_than_min_servers_is_held(void **state)
{
	struct world *w = *state;

	see_and_apply(w,
		      ROOT "/upstreams/u\n\t{\"min_servers\":3}\n" ROOT
			   "/upstreams/u/10.0.0.1:80 owner=1\n" ROOT
			   "/upstreams/u/10.0.0.2:80 owner=1\n" ROOT
			   "/upstreams/u/10.0.0.3:80 owner=1\n" ROOT "\n",
		      START);
	see_at(w,
	       ROOT "/upstreams/u\n\t{\"min_servers\":3}\n" ROOT
		    "/upstreams/u/10.0.0.1:80 owner=1\n" ROOT
		    "/upstreams/u/10.0.0.2:80 owner=1\n" ROOT "\n",
	       START + 60 * SEC);
	assert_int_equal(servers(w->next), 3);
	assert_true(guarded(w));
}

static void an_operator_confirms_the_loss(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 10, 7), START);
	w->confirmed = START; /* of an earlier loss: does not count */
	see_and_apply(w, upstream(1, 2, 7), START + SEC);
	see_and_apply(w, upstream(1, 2, 7), START + 2 * SEC);
	assert_int_equal(servers(w->good), 10);
	w->confirmed = START + 3 * SEC;
	see_and_apply(w, upstream(1, 2, 7), START + 4 * SEC);
	assert_int_equal(servers(w->good), 2);
	see_and_apply(w, upstream(1, 2, 7), START + 5 * SEC);
	assert_int_equal(servers(w->good), 2);
}

static void a_hold_ends_with_its_time(void **state)
{
	struct world *w = *state;

	w->rules.hold = 60 * SEC;
	see_and_apply(w, upstream(1, 10, 7), START);
	see_at(w, upstream(1, 2, 7), START + SEC);
	assert_int_equal(w->due, START + 61 * SEC);
	apply(w);
	see_and_apply(w, upstream(1, 2, 7), w->due - 1);
	assert_int_equal(servers(w->good), 10);
	see_and_apply(w, upstream(1, 2, 7), START + 61 * SEC);
	assert_int_equal(servers(w->good), 2);
}

static void an_operators_delete_is_honoured(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 10, 0), START);
	see_at(w, upstream(1, 9, 0), START + SEC); /* one: at once */
	assert_int_equal(servers(w->next), 9);
	apply(w);
	see_at(w, upstream(1, 1, 0), START + 20 * SEC); /* most: after a moment */
	assert_int_equal(servers(w->next), 9);
	assert_false(guarded(w));
	assert_int_equal(w->due, START + 21 * SEC);
	see_and_apply(w, upstream(1, 1, 0), START + 21 * SEC);
	assert_int_equal(servers(w->good), 1);
	see_at(w, upstream(1, 0, 0), START + 40 * SEC);
	see_at(w, upstream(1, 0, 0), START + 41 * SEC); /* the last one too */
	assert_int_equal(servers(w->next), 0);
	assert_true(w->next->upstreams[0]->unavailable);
}

static void a_loss_while_the_daemon_was_down_is_held(void **state)
{
	struct world *w = *state;

	see_and_apply(w, upstream(1, 10, 7), START);
	guard_free(w->guard);
	w->guard = guard_new();
	see_at(w, upstream(1, 1, 7), START + 500 * SEC);
	assert_int_equal(servers(w->next), 10);
	assert_true(guarded(w));
}

static void a_flapping_registration_waits_for_readmission(void **state)
{
	struct world *w = *state;

	w->rules.readmit = 5 * SEC;
	see_and_apply(w, upstream(1, 3, 7), START);
	see_and_apply(w, upstream(1, 2, 7), START + SEC);
	see_and_apply(w, upstream(1, 3, 7), START + 2 * SEC);
	assert_int_equal(servers(w->good), 2);
	assert_int_equal(w->due, START + 7 * SEC);
	see_and_apply(w, upstream(1, 2, 7), START + 6 * SEC); /* gone again */
	see_and_apply(w, upstream(1, 3, 7), START + 7 * SEC); /* … so the wait begins again */
	see_and_apply(w, upstream(1, 3, 7), START + 11 * SEC);
	assert_int_equal(servers(w->good), 2);
	see_and_apply(w, upstream(1, 3, 7), START + 12 * SEC);
	assert_int_equal(servers(w->good), 3);
}

/* --- the config as a whole ------------------------------------------------------------------ */

#define SITE(name)                                                                                 \
	ROOT "/sites/" name "\n\t{\"listen\":[\"80\"],\"server_names\":[\"" name                   \
	     ".example.com\"],\"locations\":[{\"path\":\"/\",\"return\":{\"status\":204}}]}\n"
#define CONFIG                                                                                     \
	ROOT "\n" ROOT "/sites\n" SITE("a") SITE("b") ROOT "/upstreams\n" ROOT "/upstreams/u\n"
#define SERVERS ROOT "/upstreams/u/10.0.0.1:80\n" ROOT "/upstreams/u/10.0.0.2:80\n"

static void a_missing_root_is_never_an_empty_config(void **state)
{
	struct world *w = *state;

	see_and_apply(w, CONFIG SERVERS, START);
	see_and_apply(w, "", START + 60 * SEC);
	assert_int_equal(w->good->site_count, 2);
	assert_int_equal(servers(w->good), 2);
	assert_true(guarded(w));
	see_and_apply(w, ROOT "\n", START + 120 * SEC); /* an empty root is no config either */
	assert_int_equal(w->good->site_count, 2);
	assert_true(guarded(w));
}

static void a_deletion_of_everything_step_by_step_loses_nothing(void **state)
{
	struct world *w = *state;

	see_and_apply(w, CONFIG SERVERS, START);
	see_and_apply(w, CONFIG ROOT "/upstreams/u/10.0.0.1:80\n", START + SEC);
	see_and_apply(w, CONFIG, START + SEC + SEC / 10);
	assert_true(servers(w->good) >= 1);
	see_and_apply(w, ROOT "\n" SITE("a"), START + SEC + 2 * SEC / 10);
	see_and_apply(w, ROOT "\n", START + SEC + 3 * SEC / 10);
	see_and_apply(w, "", START + SEC + 4 * SEC / 10);
	see_and_apply(w, "", START + 3600 * SEC);
	assert_int_equal(w->good->site_count, 2);
	assert_true(servers(w->good) >= 1);
	assert_false(w->good->upstreams[0]->unavailable);
}

static void a_deleted_site_goes_after_a_moment(void **state)
{
	struct world *w = *state;

	see_and_apply(w, CONFIG, START);
	assert_false(w->good->pending);
	see_and_apply(w, ROOT "\n" SITE("a") ROOT "/upstreams/u\n", START + 10 * SEC);
	assert_int_equal(w->due, START + 11 * SEC);
	assert_int_equal(w->good->site_count, 2);
	assert_true(w->good->pending); /* nginx does not run all of it yet */
	see_and_apply(w, ROOT "\n" SITE("a") ROOT "/upstreams/u\n", START + 11 * SEC);
	assert_int_equal(w->good->site_count, 1);
	assert_false(w->good->pending);
	assert_false(guarded(w) && w->problems.items[0].serving == SERVING_PREVIOUS);
}

static void a_config_written_again_takes_over_once_it_is_unchanged(void **state)
{
	struct world *w = *state;

	see_and_apply(w, CONFIG SERVERS, START);
	see_and_apply(w, "", START + SEC);
	see_and_apply(w, ROOT "\n" SITE("c"), START + 100 * SEC);
	assert_int_equal(w->good->site_count, 3);
	see_and_apply(w, ROOT "\n" SITE("c") SITE("d"), START + 105 * SEC);
	assert_int_equal(w->good->site_count, 4);
	assert_int_equal(w->due, START + 115 * SEC);
	see_and_apply(w, ROOT "\n" SITE("c") SITE("d"), START + 115 * SEC);
	see_and_apply(w, ROOT "\n" SITE("c") SITE("d"), START + 116 * SEC);
	assert_int_equal(w->good->site_count, 2);
	assert_non_null(model_site(w->good, "d"));
}

static void the_first_config_of_all_may_be_empty(void **state)
{
	struct world *w = *state;

	see_at(w, "", START);
	assert_int_equal(w->problems.count, 0);
	assert_int_equal(w->next->site_count, 0);
}

/* An upstream with one server, for lists that say at which address it is. */
static void set_pool(struct upstream *u, const char *name, const char *path, struct server *server)
{
	*u = (struct upstream){ .name = name,
				.min_servers = 1,
				.max_shrink = UNSET,
				.servers = server,
				.server_count = 1,
				.source = { .path = path, .data = "" } };
}

static uint64_t guard_pools(struct world *w, const struct upstream **list, size_t count,
			    uint64_t now)
{
	const struct guard_input in = {
		.rules = &w->rules, .good = w->good, .root = ROOT, .policy = &policy, .now = now
	};

	model_free(w->next);
	w->next = model_new();
	w->next->upstreams = list;
	w->next->upstream_count = count;
	return guard_apply(w->guard, &in, w->next, &w->problems);
}

/*
 * Nobody keeps an upstream that nginx does not run, so that of another name may be where it was.
 * The guard still knows what it knew of that name: the config is the same.
 */
static void an_address_that_is_used_again_is_another_upstream(void **state)
{
	static const struct znode source = { .path = "/s", .data = "" };
	static const struct server_params own = { .weight = UNSET };
	struct server server = { .address = "10.0.0.1:80", .own = &own, .source = &source };
	struct upstream good[3], first[2], second;
	const struct upstream *all[3] = { &good[0], &good[1], &good[2] }, *two[2], *again[2];
	struct world *w = *state;

	set_pool(&good[0], "a", ROOT "/upstreams/a", &server);
	set_pool(&good[1], "b", ROOT "/upstreams/b", &server);
	set_pool(&good[2], "c", ROOT "/upstreams/c", &server);
	w->good->upstreams = all;
	w->good->upstream_count = 3;
	guard_pools(w, NULL, 0, START);
	set_pool(&first[0], "a", ROOT "/upstreams/a", &server);
	set_pool(&first[1], "b", ROOT "/upstreams/b", &server);
	two[0] = &first[0];
	two[1] = &first[1];
	guard_pools(w, two, 2, START + 100 * SEC);
	assert_int_equal(w->next->upstream_count, 3);
	set_pool(&first[1], "a", ROOT "/upstreams/a", &server);
	set_pool(&second, "b", ROOT "/upstreams/b", &server);
	again[0] = &first[1];
	again[1] = &second;
	assert_int_equal(guard_pools(w, again, 2, START + 105 * SEC), START + 110 * SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_GUARDED(one_registration_may_go),
		TEST_GUARDED(one_of_two_may_go_whatever_the_limit),
		TEST_GUARDED(too_many_at_once_are_held_until_enough_return),
		TEST_GUARDED(a_loss_by_small_steps_within_the_window_is_held),
		TEST_GUARDED(servers_that_were_given_and_vanish_at_once_are_held),
		TEST_GUARDED(the_last_servers_are_held_when_all_were_replaced_since),
		TEST_GUARDED(a_loss_by_small_steps_is_held_before_anything_is_on_disk),
		TEST_GUARDED(
			servers_that_were_given_and_are_deleted_are_postponed_in_a_mass_deletion),
		TEST_GUARDED(a_server_that_was_given_is_forgotten_when_its_loss_is_old),
		TEST_GUARDED(a_slow_loss_is_not_held),
		TEST_GUARDED(a_rolling_replacement_is_not_held),
		TEST_GUARDED(the_last_registration_is_never_lost),
		TEST_GUARDED(on_empty_unavailable_lets_the_last_one_go),
		TEST_GUARDED(no_server_is_a_loss_only_where_there_was_one),
		TEST_GUARDED(fewer_than_min_servers_is_held),
		TEST_GUARDED(an_operator_confirms_the_loss),
		TEST_GUARDED(a_hold_ends_with_its_time),
		TEST_GUARDED(an_operators_delete_is_honoured),
		TEST_GUARDED(a_loss_while_the_daemon_was_down_is_held),
		TEST_GUARDED(a_flapping_registration_waits_for_readmission),
		TEST_GUARDED(a_missing_root_is_never_an_empty_config),
		TEST_GUARDED(a_deletion_of_everything_step_by_step_loses_nothing),
		TEST_GUARDED(a_deleted_site_goes_after_a_moment),
		TEST_GUARDED(a_config_written_again_takes_over_once_it_is_unchanged),
		TEST_GUARDED(the_first_config_of_all_may_be_empty),
		TEST_GUARDED(an_address_that_is_used_again_is_another_upstream),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
