/*
 * The election when connections break, servers die, sessions expire and a leader stops. Two must
 * never lead at any time: on_change() in rig_election.c checks that.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "rig_election.h"
#include "rig_wire.h"

/* Of a session that has to end. While it should not, a busy host may stop this program for longer
 * than the shortest that the server grants. */
#define LEASE (6 * USEC_PER_SEC)

static void a_short_break_suspends_the_leader_and_it_leads_again(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);
	char *candidate = voter_candidate(a);

	for (unsigned round = 0; round < 3; round++) {
		rig_proxy_cut(a->proxy);
		eventually(r->base.loop, voter_has_role(a, ELECTION_SUSPENDED));
		assert_false(voter_leads(a));
		assert_true(election_holds(a->election)); /* no other host can lead yet */
		assert_int_equal(voter_write(a, "a"), ELECTION_LOST);
		rig_proxy_restore(a->proxy);
		eventually(r->base.loop, voter_leads(a));
	}
	assert_int_equal(a->lost_hold, 0);
	assert_string_equal(voter_candidate(a), candidate);
	assert_true(voter_has_role(b, ELECTION_FOLLOWING));
	assert_true(target_is(r, "nobody"));
}

static void a_killed_server_suspends_all_candidates(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);
	char *candidate = voter_candidate(a);

	rig_zookeeper_kill(r->base.server);
	eventually(r->base.loop,
		   voter_has_role(a, ELECTION_SUSPENDED) && voter_has_role(b, ELECTION_SUSPENDED));
	assert_false(voter_leads(a));
	rig_zookeeper_restart(r->base.server);
	eventually(r->base.loop, voter_leads(a) && voter_has_role(b, ELECTION_FOLLOWING));
	assert_string_equal(voter_candidate(a), candidate);
	assert_int_equal(rig_candidates(r), 2);
	voter_close(a); /* the watches were set again too */
	eventually(r->base.loop, voter_leads(b));
}

/* A black hole: the leader has to stop by its own clock, before the server lets another lead.
 * on_change() checks that: this program may notice both at once. */
static void a_silent_network_ends_the_lease_before_another_leads(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LEASE), *b = voter_stand(r, 2, LONG_TIMEOUT);
	char *candidate = voter_candidate(a);

	rig_proxy_freeze(a->proxy);
	eventually(r->base.loop, a->lost_hold == 1);
	assert_false(voter_leads(a) || election_holds(a->election));
	eventually(r->base.loop, voter_leads(b));
	assert_false(voter_leads(a) || election_holds(a->election));
	assert_int_equal(voter_write(b, "b"), ZOK);
	assert_int_equal(voter_write(a, "a"), ELECTION_LOST);
	rig_proxy_thaw(a->proxy);
	eventually(r->base.loop, voter_has_role(a, ELECTION_FOLLOWING));
	assert_string_not_equal(voter_candidate(a), candidate);
	assert_true(voter_leads(b) && target_is(r, "b"));
}

/* The connection is known to be lost and no event follows: only the timer can end the lease. */
static void a_long_break_ends_the_lease_before_another_leads(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LEASE), *b = voter_stand(r, 2, LONG_TIMEOUT);

	rig_proxy_cut(a->proxy);
	eventually(r->base.loop, voter_has_role(a, ELECTION_SUSPENDED));
	eventually(r->base.loop, a->lost_hold == 1);
	assert_false(election_holds(a->election));
	eventually(r->base.loop, voter_leads(b));
	rig_proxy_restore(a->proxy);
	eventually(r->base.loop, voter_has_role(a, ELECTION_FOLLOWING));
	assert_int_equal(a->lost_hold, 1);
}

/* The server stops for less than the session's timeout. */
static void a_silent_server_changes_no_leader(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);

	rig_zookeeper_pause(r->base.server);
	rig_turns(r->base.loop, 100);
	rig_zookeeper_resume(r->base.server);
	assert_int_equal(voter_write(a, "a"), ZOK);
	assert_true(voter_leads(a) && voter_has_role(b, ELECTION_FOLLOWING));
	assert_int_equal(a->lost_hold, 0);
}

/* The lease ends while the connection is open: the order is read again before it leads again. */
static void a_late_answer_does_not_extend_the_lease(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LEASE);
	unsigned changes;

	rig_zookeeper_pause(r->base.server);
	eventually(r->base.loop, a->lost_hold == 1);
	assert_false(voter_leads(a) || election_holds(a->election));
	changes = a->changes;
	rig_zookeeper_resume(r->base.server);
	eventually(r->base.loop, voter_leads(a));
	assert_true(a->changes > changes);
	assert_int_equal(rig_candidates(r), 1);
}

/* The loop does not run, so there is no event; the next call still gives the right answer. */
static void the_clock_alone_ends_the_lease(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LEASE);
	struct written w = { 0 };

	assert_true(voter_leads(a) && election_holds(a->election));
	eventually(NULL, !voter_leads(a) && !election_holds(a->election));
	assert_true(voter_has_role(a, ELECTION_LEADING));
	voter_begin_write(a, "a", &w);
	eventually(r->base.loop, w.count == 1);
	assert_int_equal(w.rc, ELECTION_LOST);
	assert_true(target_is(r, "nobody"));
	eventually(r->base.loop, voter_leads(a));
}

static void a_new_session_stands_with_a_new_name(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);
	char *candidate = voter_candidate(a);
	struct written w = { 0 };

	voter_begin_write(a, "a", &w);
	session_renew(a->session);
	eventually(r->base.loop, voter_leads(b) && voter_has_role(a, ELECTION_FOLLOWING));
	assert_int_equal(w.count, 1);
	assert_true(w.rc == ZOK || w.rc == SESSION_GONE);
	assert_int_equal(rig_candidates(r), 2);
	assert_true(strncmp(voter_candidate(a), candidate, strlen(ELECTION) + ELECTION_GUID_SIZE) !=
		    0);
}

/* The server has created the candidate, and the connection breaks before its answer. */
static bool lose_the_answer(struct rig_election *r, struct voter *a)
{
	bool made;

	rig_zookeeper_pause(r->base.server);
	election_stand_for(a->election, true);
	rig_turns(r->base.loop, 50); /* the create gets as far as the server's socket */
	rig_proxy_cut(a->proxy);
	eventually(r->base.loop, voter_has_role(a, ELECTION_SUSPENDED));
	rig_zookeeper_resume(r->base.server);
	eventually(r->base.loop, !rig_zookeeper_serves(r->base.server, session_id(a->session)));
	made = rig_candidates(r) == 1;
	rig_proxy_restore(a->proxy);
	eventually(r->base.loop, voter_leads(a));
	assert_int_equal(rig_candidates(r), 1); /* found again, not created twice */
	return made;
}

static void a_create_without_an_answer_is_found_again(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_add(r, 1, LONG_TIMEOUT);
	bool made = false;

	rig_zk_create(r->base.client, ELECTION, NULL);
	eventually(r->base.loop, voter_is_connected(a));
	for (unsigned round = 0; round < 5 && !made; round++) {
		made = lose_the_answer(r, a);
		election_stand_for(a->election, false);
		eventually(r->base.loop, rig_candidates(r) == 0);
	}
	assert_true(made);
}

static void a_break_at_any_point_leaves_one_candidate(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_add(r, 1, LONG_TIMEOUT);

	eventually(r->base.loop, voter_is_connected(a));
	for (unsigned turns = 0; turns < 24; turns += 2) {
		rig_zk_delete_all(r->base.client, "/nginx");
		election_stand_for(a->election, true);
		rig_turns(r->base.loop, turns);
		rig_proxy_cut(a->proxy);
		eventually(r->base.loop, !voter_is_connected(a));
		rig_proxy_restore(a->proxy);
		eventually(r->base.loop, voter_leads(a));
		assert_int_equal(rig_candidates(r), 1);
		election_stand_for(a->election, false);
		eventually(r->base.loop, rig_candidates(r) == 0);
	}
}

/* --- a leader that stands still --------------------------------------------------------------- */

/* A candidate in a process of its own, so that it can be stopped: it leads and writes all the
 * time. */
struct zealot {
	struct voter *voter;
	const char *log;
	int last;
	bool busy;
};

static void say(const struct zealot *z, const char *what)
{
	FILE *f = fopen(z->log, "ae");

	if (!f || fprintf(f, "%s\n", what) < 0 || fclose(f) != 0)
		abort();
}

static void on_zeal(void *ctx, const struct session_reply *r)
{
	struct zealot *z = ctx;

	z->busy = false;
	if (r->rc == z->last)
		return;
	z->last = r->rc;
	say(z, r->rc == ZOK ? "written" : r->rc == ELECTION_LOST ? "refused" : "failed");
}

static void write_on(struct zealot *z)
{
	struct session_op op = set_target("zealot");

	if (z->busy)
		return;
	z->busy = true;
	election_write(z->voter->election, &op, 1, on_zeal, z);
}

static int zealot_main(const char *hosts, const char *log)
{
	static struct rig_election rig; /* this process runs no test and has one session */
	struct voter *v = &rig.voters[0];
	struct zealot z = { .voter = v, .log = log, .last = 1 };
	enum election_state role = ELECTION_OUT;

	log_setup(LOG_LEVEL_ERROR, false);
	if (sd_event_new(&rig.base.loop) < 0)
		return 1;
	*v = (struct voter){ .rig = &rig, .host = "zealot" };
	voter_open(v, hosts, LEASE);
	election_stand_for(v->election, true);
	for (;;) {
		write_on(&z);
		rig_pause(rig.base.loop);
		if (election_role(v->election) != role) {
			role = election_role(v->election);
			say(&z, election_state_name(role));
		}
	}
}

static bool has_said(const char *log, const char *what)
{
	const char *text = rig_read(log);

	return text && strstr(text, what);
}

static void a_leader_that_was_stopped_writes_nothing(void **state)
{
	struct rig_election *r = *state;
	char *log = rig_path("zealot.log");
	char *hosts =
		rig_path("%s", rig_zookeeper_hosts(r->base.server)) + strlen(rig_directory()) + 1;
	pid_t zealot = rig_start(NULL, (char *[]){ "/proc/self/exe", "zealot", hosts, log, NULL });
	struct voter *b;

	eventually(NULL, has_said(log, "written"));
	b = voter_stand(r, 2, LONG_TIMEOUT);
	assert_true(voter_has_role(b, ELECTION_FOLLOWING) && target_is(r, "zealot"));
	assert_int_equal(kill(zealot, SIGSTOP), 0);
	eventually(r->base.loop, voter_leads(b));
	assert_int_equal(voter_write(b, "b"), ZOK);
	assert_int_equal(kill(zealot, SIGCONT), 0);
	eventually(r->base.loop, has_said(log, "following"));
	eventually(r->base.loop, has_said(log, "refused"));
	assert_true(voter_leads(b) && target_is(r, "b"));
	rig_stop(zealot, SIGKILL);
}

/* From version 3.9.3 on a server grants no watch on a candidate that may not be read. */
static void a_candidate_that_may_not_be_read_is_waited_for(void **state)
{
	struct rig_election *r = *state;
	struct rig_wire *wire = rig_wire_start(rig_zookeeper_port(r->base.server));
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = &r->voters[1];
	unsigned long before;

	rig_zk_restrict(r->base.client, voter_candidate(a), true);
	*b = (struct voter){ .rig = r, .host = "web2" };
	voter_open(b, rig_wire_hosts(wire), LONG_TIMEOUT);
	election_stand_for(b->election, true);
	eventually(r->base.loop, rig_wire_denied(wire) > 0);
	before = rig_wire_requests(wire);
	rig_wait(r->base.loop, USEC_PER_SEC);
	assert_true(voter_has_role(b, ELECTION_FOLLOWING));
	assert_true(rig_wire_requests(wire) - before <= 10);
	assert_true(voter_leads(a));
	voter_close(a);
	eventually(r->base.loop, voter_leads(b));
	voter_close(b);
	rig_wire_stop(wire);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		election_test(a_short_break_suspends_the_leader_and_it_leads_again),
		election_test(a_killed_server_suspends_all_candidates),
		election_test(a_silent_network_ends_the_lease_before_another_leads),
		election_test(a_long_break_ends_the_lease_before_another_leads),
		election_test(a_silent_server_changes_no_leader),
		election_test(a_late_answer_does_not_extend_the_lease),
		election_test(the_clock_alone_ends_the_lease),
		election_test(a_new_session_stands_with_a_new_name),
		election_test(a_create_without_an_answer_is_found_again),
		election_test(a_break_at_any_point_leaves_one_candidate),
		election_test(a_leader_that_was_stopped_writes_nothing),
		election_test(a_candidate_that_may_not_be_read_is_waited_for),
	};

	if (argc == 4 && strcmp(argv[1], "zealot") == 0)
		return zealot_main(argv[2], argv[3]);
	return cmocka_run_group_tests_name("election faults", tests, rig_election_setup,
					   rig_election_teardown);
}
