/* The election without failures: who leads, who is next, and what only the leader may write. */
#include <string.h>

#include "rig_election.h"

static void one_leads_and_the_next_follows_it(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT),
		     *c = voter_stand(r, 3, LONG_TIMEOUT);
	unsigned changes;

	assert_true(voter_leads(a) && election_holds(a->election));
	assert_false(voter_leads(b) || voter_leads(c) || election_holds(b->election));
	assert_int_equal(rig_candidates(r), 3);
	assert_string_equal(rig_zk_get(r->base.client, voter_candidate(b)), "web2");
	eventually(r->base.loop, strcmp(election_leader(b->election), "web1") == 0 &&
					 strcmp(election_leader(c->election), "web1") == 0);
	assert_string_equal(election_leader(a->election), "web1");
	changes = c->changes;
	voter_close(b); /* its follower moves up, and does not lead */
	eventually(r->base.loop, c->changes > changes && voter_has_role(c, ELECTION_FOLLOWING));
	assert_true(voter_leads(a) && rig_candidates(r) == 2);
	voter_close(a);
	eventually(r->base.loop, voter_leads(c) && election_holds(c->election));
	assert_string_equal(election_leader(c->election), "web3");
	assert_true(c->changes >= 2);
}

static void a_candidate_stands_only_when_it_is_told_to(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_add(r, 1, LONG_TIMEOUT);

	eventually(r->base.loop, voter_is_connected(a));
	rig_turns(r->base.loop, 20);
	assert_int_equal(rig_candidates(r), 0);
	assert_true(voter_has_role(a, ELECTION_OUT));
	assert_string_equal(election_leader(a->election), "");
}

static void withdrawal_lets_the_next_lead(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);

	election_stand_for(a->election, false);
	assert_false(voter_leads(a) || election_holds(a->election));
	assert_true(voter_has_role(a, ELECTION_OUT));
	eventually(r->base.loop, voter_leads(b) && rig_candidates(r) == 1);
	election_stand_for(a->election, true);
	eventually(r->base.loop, voter_has_role(a, ELECTION_FOLLOWING));
	assert_true(voter_leads(b));
	eventually(r->base.loop, strcmp(election_leader(a->election), "web2") == 0);
}

/* Whatever was in progress: the last call of election_stand_for() counts, and there is one znode at
 * most. */
static void a_change_of_mind_at_any_point_leaves_one_znode(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_add(r, 1, LONG_TIMEOUT);

	eventually(r->base.loop, voter_is_connected(a));
	for (unsigned turns = 0; turns < 12; turns++) {
		election_stand_for(a->election, true);
		rig_turns(r->base.loop, turns);
		election_stand_for(a->election, false);
		rig_turns(r->base.loop, turns / 2);
		election_stand_for(a->election, true);
		eventually(r->base.loop, voter_leads(a));
		assert_int_equal(rig_candidates(r), 1);
		election_stand_for(a->election, false);
		eventually(r->base.loop, rig_candidates(r) == 0);
	}
}

static void withdrawal_survives_a_lost_link(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);

	rig_proxy_cut(a->proxy);
	eventually(r->base.loop, voter_has_role(a, ELECTION_SUSPENDED));
	election_stand_for(a->election, false);
	assert_true(voter_has_role(a, ELECTION_OUT));
	assert_false(election_holds(a->election));
	assert_int_equal(rig_candidates(r), 1);
	rig_proxy_restore(a->proxy);
	eventually(r->base.loop, rig_candidates(r) == 0);
}

static void others_in_the_directory_do_not_matter(void **state)
{
	struct rig_election *r = *state;
	struct voter *a, *b;

	rig_zk_create(r->base.client, ELECTION "/readme", "text");
	rig_zk_create(r->base.client, ELECTION "/0000000000", NULL);
	rig_zk_create(r->base.client, ELECTION "/00000000000000000000000000000000-000000000x",
		      NULL);
	a = voter_stand(r, 1, LONG_TIMEOUT);
	b = voter_stand(r, 2, LONG_TIMEOUT);
	assert_true(voter_leads(a) && voter_has_role(b, ELECTION_FOLLOWING));
}

/* The data of a candidate that others wrote does not become a host's name. */
static void a_foreign_candidate_is_not_named_as_the_leader(void **state)
{
	struct rig_election *r = *state;
	struct voter *b;

	rig_zk_create_ephemeral(r->base.client,
				ELECTION "/0123456789abcdef0123456789abcdef--000000007",
				"two words\n");
	b = voter_stand(r, 1, LONG_TIMEOUT);
	assert_true(voter_has_role(b, ELECTION_FOLLOWING));
	rig_turns(r->base.loop, 20);
	assert_string_equal(election_leader(b->election), "");
	rig_zk_delete(r->base.client, ELECTION "/0123456789abcdef0123456789abcdef--000000007");
	eventually(r->base.loop, voter_leads(b));
}

static void the_end_of_a_candidate_causes_requests_of_one_other(void **state)
{
	struct rig_election *r = *state;
	unsigned long before = 0, after = 0;

	for (unsigned n = 1; n <= VOTERS; n++)
		voter_stand(r, n, LONG_TIMEOUT);
	for (unsigned n = 2; n <= VOTERS; n++) /* the last that it reads */
		eventually(r->base.loop,
			   strcmp(election_leader(r->voters[n - 1].election), "web1") == 0);
	rig_turns(r->base.loop, 50);
	for (unsigned n = 2; n < VOTERS; n++)
		before += session_requests(r->voters[n].session);
	voter_close(&r->voters[0]);
	eventually(r->base.loop, voter_leads(&r->voters[1]));
	rig_turns(r->base.loop, 50);
	for (unsigned n = 2; n < VOTERS; n++)
		after += session_requests(r->voters[n].session);
	assert_int_equal(after, before);
}

/* --- writes ---------------------------------------------------------------------------------- */

static void only_the_leader_writes(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);
	struct written w = { 0 };

	assert_int_equal(voter_write(a, "a"), ZOK);
	assert_true(target_is(r, "a"));
	assert_int_equal(voter_write(b, "b"), ELECTION_LOST);
	assert_true(target_is(r, "a"));
	election_write(a->election, NULL, 0, on_written, &w); /* do I lead? */
	eventually(r->base.loop, w.count == 1);
	assert_int_equal(w.rc, ZOK);
	assert_int_equal(w.op_count, 0);
	election_write(b->election, NULL, 0, NULL, NULL);
	election_write(a->election, NULL, 0, NULL, NULL);
	rig_turns(r->base.loop, 20);
}

static void results_are_those_of_the_callers_operations(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	struct session_op two[] = { set_target("a"), set_target("b") };
	struct written good = { 0 }, bad = { 0 };

	election_write(a->election, two, 2, on_written, &good);
	eventually(r->base.loop, good.count == 1);
	assert_int_equal(good.rc, ZOK);
	assert_int_equal(good.op_count, 2);
	assert_int_equal(good.op_rcs[0], ZOK);
	two[1].path = "/nginx/cluster/no/such";
	election_write(a->election, two, 2, on_written, &bad);
	eventually(r->base.loop, bad.count == 1);
	assert_int_equal(bad.rc, ZNONODE); /* this must not count as a lost election */
	assert_int_equal(bad.op_count, 2);
	assert_int_equal(bad.op_rcs[1], ZNONODE);
	assert_true(voter_leads(a) && target_is(r, "b"));
}

/* It has lost and does not know it: the event is still unread in its queue. */
static void a_leader_that_has_lost_writes_nothing(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);
	struct written w = { 0 };

	r->meddled = true;
	rig_zk_delete(r->base.client, voter_candidate(a));
	assert_true(voter_leads(a));
	voter_begin_write(a, "a", &w);
	eventually(r->base.loop, w.count == 1);
	assert_int_equal(w.rc, ELECTION_LOST);
	assert_int_equal(w.op_count, 1);
	assert_true(target_is(r, "nobody"));
	eventually(r->base.loop, voter_leads(b) && voter_has_role(a, ELECTION_FOLLOWING));
	assert_int_equal(voter_write(b, "b"), ZOK);
	assert_int_equal(voter_write(a, "a"), ELECTION_LOST);
	assert_true(target_is(r, "b"));
}

static void open_writes_are_answered_at_the_end(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);
	struct written sent = { 0 }, refused = { 0 };

	voter_begin_write(a, "a", &sent);
	election_free(TAKE(a->election));
	assert_int_equal(sent.count, 1);
	assert_int_equal(sent.rc, SESSION_GONE);
	voter_begin_write(b, "b", &refused);
	election_free(TAKE(b->election));
	assert_int_equal(refused.count, 1);
	assert_int_equal(refused.rc, ELECTION_LOST);
	rig_turns(r->base.loop, 20);
	assert_int_equal(sent.count + refused.count, 2);
}

/* --- what an operator may do to the znodes ---------------------------------------------------- */

static void a_deleted_leader_stands_again(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);

	r->meddled = true;
	rig_zk_delete(r->base.client, voter_candidate(a));
	eventually(r->base.loop, voter_leads(b) && voter_has_role(a, ELECTION_FOLLOWING));
	assert_int_equal(rig_candidates(r), 2);
	rig_zk_delete(r->base.client, voter_candidate(a)); /* a follower does the same */
	eventually(r->base.loop, rig_candidates(r) == 2 && voter_candidate(a));
	assert_true(voter_leads(b));
}

static void a_deleted_leader_without_rivals_leads_again(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);

	r->meddled = true;
	rig_zk_delete(r->base.client, voter_candidate(a));
	eventually(r->base.loop, a->lost_hold == 1);
	eventually(r->base.loop, voter_leads(a) && rig_candidates(r) == 1);
}

static bool are_in_order(struct rig_election *r, struct voter *const *all, size_t count)
{
	unsigned leading = 0, following = 0;

	for (size_t i = 0; i < count; i++) {
		leading += voter_leads(all[i]);
		following += voter_has_role(all[i], ELECTION_FOLLOWING) && voter_candidate(all[i]);
	}
	return leading == 1 && following == count - 1 && rig_candidates(r) == count;
}

static void a_deleted_subtree_is_created_again(void **state)
{
	struct rig_election *r = *state;
	struct voter *all[] = { voter_stand(r, 1, LONG_TIMEOUT), voter_stand(r, 2, LONG_TIMEOUT),
				voter_stand(r, 3, LONG_TIMEOUT) };

	for (unsigned round = 0; round < 3; round++) {
		r->meddled = true;
		rig_zk_delete_all(r->base.client, "/nginx");
		eventually(r->base.loop, are_in_order(r, all, ARRAY_SIZE(all)));
	}
}

/* A `set` by others on a candidate neither ends the leadership nor blocks its writes. */
static void a_candidate_that_others_wrote_to_still_leads(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	unsigned changes;

	assert_int_equal(voter_write(a, "a"), ZOK); /* now the watch is set */
	changes = a->changes;
	rig_zk_set(r->base.client, voter_candidate(a), "scribble");
	eventually(r->base.loop, a->changes > changes && voter_leads(a));
	eventually(r->base.loop, voter_write(a, "b") == ZOK);
	assert_int_equal(a->lost_hold, 0);
	assert_int_equal(rig_candidates(r), 1);
}

static void a_forbidden_directory_is_tried_again(void **state)
{
	struct rig_election *r = *state;
	struct voter *a;

	rig_zk_create(r->base.client, ELECTION, NULL);
	rig_zk_restrict(r->base.client, ELECTION, true);
	a = voter_add(r, 1, LONG_TIMEOUT);
	election_stand_for(a->election, true);
	eventually(r->base.loop, voter_has_role(a, ELECTION_JOINING));
	rig_turns(r->base.loop, 100);
	assert_true(session_requests(a->session) < 10); /* no busy loop */
	rig_zk_restrict(r->base.client, ELECTION, false);
	eventually(r->base.loop, voter_leads(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		election_test(one_leads_and_the_next_follows_it),
		election_test(a_candidate_stands_only_when_it_is_told_to),
		election_test(withdrawal_lets_the_next_lead),
		election_test(a_change_of_mind_at_any_point_leaves_one_znode),
		election_test(withdrawal_survives_a_lost_link),
		election_test(others_in_the_directory_do_not_matter),
		election_test(a_foreign_candidate_is_not_named_as_the_leader),
		election_test(the_end_of_a_candidate_causes_requests_of_one_other),
		election_test(only_the_leader_writes),
		election_test(results_are_those_of_the_callers_operations),
		election_test(a_leader_that_has_lost_writes_nothing),
		election_test(open_writes_are_answered_at_the_end),
		election_test(a_deleted_leader_stands_again),
		election_test(a_deleted_leader_without_rivals_leads_again),
		election_test(a_deleted_subtree_is_created_again),
		election_test(a_candidate_that_others_wrote_to_still_leads),
		election_test(a_forbidden_directory_is_tried_again),
	};

	return cmocka_run_group_tests_name("election", tests, rig_election_setup,
					   rig_election_teardown);
}
