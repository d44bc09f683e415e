/* The election in peace: who leads, who comes next, and what only the leader may write. */
#include "rig_election.h"

static void one_leads_and_the_next_follows_it(void **state UNUSED)
{
	struct voter *a = stand(1, LONG_TIMEOUT), *b = stand(2, LONG_TIMEOUT),
		     *c = stand(3, LONG_TIMEOUT);
	unsigned changes;

	assert_true(leads(a) && election_holds(a->election));
	assert_false(leads(b) || leads(c) || election_holds(b->election));
	assert_int_equal(candidate_count(), 3);
	assert_string_equal(rig_zk_get(client, candidate_of(b)), "web2");
	eventually(loop, strcmp(election_leader(b->election), "web1") == 0 &&
				 strcmp(election_leader(c->election), "web1") == 0);
	assert_string_equal(election_leader(a->election), "web1");
	changes = c->changes;
	close_voter(b); /* its follower moves up, and does not lead */
	eventually(loop, c->changes > changes && has_role(c, ELECTION_FOLLOWING));
	assert_true(leads(a) && candidate_count() == 2);
	close_voter(a);
	eventually(loop, leads(c) && election_holds(c->election));
	assert_string_equal(election_leader(c->election), "web3");
	assert_true(c->changes >= 2);
}

static void nobody_stands_unasked(void **state UNUSED)
{
	struct voter *a = add_voter(1, LONG_TIMEOUT);

	eventually(loop, is_connected(a));
	run_turns(20);
	assert_int_equal(candidate_count(), 0);
	assert_true(has_role(a, ELECTION_OUT));
	assert_string_equal(election_leader(a->election), "");
}

static void withdrawal_lets_the_next_lead(void **state UNUSED)
{
	struct voter *a = stand(1, LONG_TIMEOUT), *b = stand(2, LONG_TIMEOUT);

	election_stand_for(a->election, false);
	assert_false(leads(a) || election_holds(a->election));
	assert_true(has_role(a, ELECTION_OUT));
	eventually(loop, leads(b) && candidate_count() == 1);
	election_stand_for(a->election, true);
	eventually(loop, has_role(a, ELECTION_FOLLOWING));
	assert_true(leads(b));
	eventually(loop, strcmp(election_leader(a->election), "web2") == 0);
}

/* Whatever was under way when the mind was changed: it ends as told last, with one znode. */
static void change_of_mind_at_every_point(void **state UNUSED)
{
	struct voter *a = add_voter(1, LONG_TIMEOUT);

	eventually(loop, is_connected(a));
	for (unsigned turns = 0; turns < 12; turns++) {
		election_stand_for(a->election, true);
		run_turns(turns);
		election_stand_for(a->election, false);
		run_turns(turns / 2);
		election_stand_for(a->election, true);
		eventually(loop, leads(a));
		assert_int_equal(candidate_count(), 1);
		election_stand_for(a->election, false);
		eventually(loop, candidate_count() == 0);
	}
}

static void withdrawal_survives_a_lost_link(void **state UNUSED)
{
	struct voter *a = stand(1, LONG_TIMEOUT);

	rig_proxy_cut(a->proxy);
	eventually(loop, has_role(a, ELECTION_SUSPENDED));
	election_stand_for(a->election, false);
	assert_true(has_role(a, ELECTION_OUT));
	assert_false(election_holds(a->election));
	assert_int_equal(candidate_count(), 1);
	rig_proxy_mend(a->proxy);
	eventually(loop, candidate_count() == 0);
}

static void others_in_the_directory_do_not_matter(void **state UNUSED)
{
	struct voter *a, *b;

	rig_zk_create(client, ELECTION "/readme", "text");
	rig_zk_create(client, ELECTION "/0000000000", NULL);
	rig_zk_create(client, ELECTION "/00000000000000000000000000000000-000000000x", NULL);
	a = stand(1, LONG_TIMEOUT);
	b = stand(2, LONG_TIMEOUT);
	assert_true(leads(a) && has_role(b, ELECTION_FOLLOWING));
}

/* What somebody writes into a candidate is not taken for a host's name. */
static void strange_leader_is_not_named(void **state UNUSED)
{
	struct voter *b;

	rig_zk_create_ephemeral(client, ELECTION "/0123456789abcdef0123456789abcdef--000000007",
				"two words\n");
	b = stand(1, LONG_TIMEOUT);
	assert_true(has_role(b, ELECTION_FOLLOWING));
	run_turns(20);
	assert_string_equal(election_leader(b->election), "");
	rig_zk_delete(client, ELECTION "/0123456789abcdef0123456789abcdef--000000007");
	eventually(loop, leads(b));
}

static void the_end_of_one_concerns_one_other(void **state UNUSED)
{
	unsigned long before = 0, after = 0;

	for (unsigned n = 1; n <= VOTERS; n++)
		stand(n, LONG_TIMEOUT);
	run_turns(50);
	for (unsigned n = 2; n < VOTERS; n++)
		before += session_requests(voters[n].session);
	close_voter(&voters[0]);
	eventually(loop, leads(&voters[1]));
	run_turns(50);
	for (unsigned n = 2; n < VOTERS; n++)
		after += session_requests(voters[n].session);
	assert_int_equal(after, before);
}

/* --- writes ---------------------------------------------------------------------------------- */

static void leader_writes_and_others_do_not(void **state UNUSED)
{
	struct voter *a = stand(1, LONG_TIMEOUT), *b = stand(2, LONG_TIMEOUT);
	struct written w = { 0 };

	assert_int_equal(result_of_writing(a, "a"), ZOK);
	assert_true(target_is("a"));
	assert_int_equal(result_of_writing(b, "b"), ELECTION_LOST);
	assert_true(target_is("a"));
	election_write(a->election, NULL, 0, on_written, &w); /* do I lead? */
	eventually(loop, w.count == 1);
	assert_int_equal(w.rc, ZOK);
	assert_int_equal(w.op_count, 0);
	election_write(b->election, NULL, 0, NULL, NULL);
	election_write(a->election, NULL, 0, NULL, NULL);
	run_turns(20);
}

static void results_are_those_of_the_callers_operations(void **state UNUSED)
{
	struct voter *a = stand(1, LONG_TIMEOUT);
	struct session_op two[] = { set_target("a"), set_target("b") };
	struct written good = { 0 }, bad = { 0 };

	election_write(a->election, two, 2, on_written, &good);
	eventually(loop, good.count == 1);
	assert_int_equal(good.rc, ZOK);
	assert_int_equal(good.op_count, 2);
	assert_int_equal(good.op_rcs[0], ZOK);
	two[1].path = "/nginx/cluster/no/such";
	election_write(a->election, two, 2, on_written, &bad);
	eventually(loop, bad.count == 1);
	assert_int_equal(bad.rc, ZNONODE); /* not to be taken for a lost election */
	assert_int_equal(bad.op_count, 2);
	assert_int_equal(bad.op_rcs[1], ZNONODE);
	assert_true(leads(a) && target_is("b"));
}

/* It has lost and does not know it: the news lies unread in its own queue. */
static void who_has_lost_writes_nothing(void **state UNUSED)
{
	struct voter *a = stand(1, LONG_TIMEOUT), *b = stand(2, LONG_TIMEOUT);
	struct written w = { 0 };

	meddled = true;
	rig_zk_delete(client, candidate_of(a));
	assert_true(leads(a));
	write_target(a, "a", &w);
	eventually(loop, w.count == 1);
	assert_int_equal(w.rc, ELECTION_LOST);
	assert_int_equal(w.op_count, 1);
	assert_true(target_is("nobody"));
	eventually(loop, leads(b) && has_role(a, ELECTION_FOLLOWING));
	assert_int_equal(result_of_writing(b, "b"), ZOK);
	assert_int_equal(result_of_writing(a, "a"), ELECTION_LOST);
	assert_true(target_is("b"));
}

static void open_writes_are_answered_at_the_end(void **state UNUSED)
{
	struct voter *a = stand(1, LONG_TIMEOUT), *b = stand(2, LONG_TIMEOUT);
	struct written sent = { 0 }, refused = { 0 };

	write_target(a, "a", &sent);
	election_free(TAKE(a->election));
	assert_int_equal(sent.count, 1);
	assert_int_equal(sent.rc, SESSION_GONE);
	write_target(b, "b", &refused);
	election_free(TAKE(b->election));
	assert_int_equal(refused.count, 1);
	assert_int_equal(refused.rc, ELECTION_LOST);
	run_turns(20);
	assert_int_equal(sent.count + refused.count, 2);
}

/* --- what an operator may do to the znodes ---------------------------------------------------- */

static void deleted_leader_stands_again(void **state UNUSED)
{
	struct voter *a = stand(1, LONG_TIMEOUT), *b = stand(2, LONG_TIMEOUT);

	meddled = true;
	rig_zk_delete(client, candidate_of(a));
	eventually(loop, leads(b) && has_role(a, ELECTION_FOLLOWING));
	assert_int_equal(candidate_count(), 2);
	rig_zk_delete(client, candidate_of(a)); /* and so does a follower */
	eventually(loop, candidate_count() == 2 && candidate_of(a));
	assert_true(leads(b));
}

static void deleted_alone_leads_again(void **state UNUSED)
{
	struct voter *a = stand(1, LONG_TIMEOUT);

	meddled = true;
	rig_zk_delete(client, candidate_of(a));
	eventually(loop, a->lost_hold == 1);
	eventually(loop, leads(a) && candidate_count() == 1);
}

static bool are_in_order(struct voter *const *all, size_t count)
{
	unsigned leading = 0, following = 0;

	for (size_t i = 0; i < count; i++) {
		leading += leads(all[i]);
		following += has_role(all[i], ELECTION_FOLLOWING) && candidate_of(all[i]);
	}
	return leading == 1 && following == count - 1 && candidate_count() == count;
}

static void deleted_subtree_comes_back(void **state UNUSED)
{
	struct voter *all[] = { stand(1, LONG_TIMEOUT), stand(2, LONG_TIMEOUT),
				stand(3, LONG_TIMEOUT) };

	for (unsigned round = 0; round < 3; round++) {
		meddled = true;
		rig_zk_delete_all(client, "/nginx");
		eventually(loop, are_in_order(all, ARRAY_SIZE(all)));
	}
}

/* Somebody's `set` on a candidate neither ends the leadership nor its writes for good. */
static void written_candidate_still_leads(void **state UNUSED)
{
	struct voter *a = stand(1, LONG_TIMEOUT);
	unsigned changes;

	assert_int_equal(result_of_writing(a, "a"), ZOK); /* so the watch is set */
	changes = a->changes;
	rig_zk_set(client, candidate_of(a), "scribble");
	eventually(loop, a->changes > changes && leads(a));
	eventually(loop, result_of_writing(a, "b") == ZOK);
	assert_int_equal(a->lost_hold, 0);
	assert_int_equal(candidate_count(), 1);
}

static void forbidden_directory_is_tried_again(void **state UNUSED)
{
	struct voter *a;

	rig_zk_create(client, ELECTION, NULL);
	rig_zk_restrict(client, ELECTION, true);
	a = add_voter(1, LONG_TIMEOUT);
	election_stand_for(a->election, true);
	eventually(loop, has_role(a, ELECTION_JOINING));
	run_turns(100);
	assert_true(session_requests(a->session) < 10); /* no hot loop */
	rig_zk_restrict(client, ELECTION, false);
	eventually(loop, leads(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		election_test(one_leads_and_the_next_follows_it),
		election_test(nobody_stands_unasked),
		election_test(withdrawal_lets_the_next_lead),
		election_test(change_of_mind_at_every_point),
		election_test(withdrawal_survives_a_lost_link),
		election_test(others_in_the_directory_do_not_matter),
		election_test(strange_leader_is_not_named),
		election_test(the_end_of_one_concerns_one_other),
		election_test(leader_writes_and_others_do_not),
		election_test(results_are_those_of_the_callers_operations),
		election_test(who_has_lost_writes_nothing),
		election_test(open_writes_are_answered_at_the_end),
		election_test(deleted_leader_stands_again),
		election_test(deleted_alone_leads_again),
		election_test(deleted_subtree_comes_back),
		election_test(written_candidate_still_leads),
		election_test(forbidden_directory_is_tried_again),
	};

	return cmocka_run_group_tests_name("election", tests, set_up, tear_down);
}
