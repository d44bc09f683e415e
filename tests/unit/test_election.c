/* The election's table, its order of names and its lease, each by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <zknginx/macros.h>

#include "core/fleet/election.h"

#define A "0123456789abcdef0123456789abcdef"
#define B "ffffffffffffffffffffffffffffffff"
#define C "00000000000000000000000000000000"

/* --- the table ------------------------------------------------------------------------------- */

/* A walk: the events in order, and the result of each. */
struct leg {
	enum election_event event;
	enum election_state state;
	enum election_command command;
};
#define LEG(e, s, c)                                                                               \
	{                                                                                          \
		ELECTION_EV_##e, ELECTION_##s, ELECTION_DO_##c                                     \
	}

static void walk(const struct leg *legs, size_t count)
{
	enum election_state state = ELECTION_OUT;

	for (size_t i = 0; i < count; i++) {
		struct election_step next = election_next(state, legs[i].event);

		if (next.command != legs[i].command || next.state != legs[i].state)
			fail_msg("%s, %s: %s, %s", election_state_name(state),
				 election_event_name(legs[i].event),
				 election_state_name(next.state),
				 election_command_name(next.command));
		state = next.state;
	}
}
#define WALK(...)                                                                                  \
	do {                                                                                       \
		const struct leg legs_[] = { __VA_ARGS__ };                                        \
		walk(legs_, ARRAY_SIZE(legs_));                                                    \
	} while (0)

#define TO_LOOKING LEG(CONNECTED, JOINING, CREATE), LEG(MADE, LOOKING, LIST)
#define TO_FOLLOWING TO_LOOKING, LEG(BEHIND, FOLLOWING, WATCH)
#define TO_LEADING TO_LOOKING, LEG(FIRST, LEADING, LEAD)

static void the_first_leads_and_the_next_moves_up(void **state UNUSED)
{
	WALK(TO_LEADING);
	WALK(TO_FOLLOWING, LEG(MOVED, LOOKING, LIST), LEG(BEHIND, FOLLOWING, WATCH),
	     LEG(MOVED, LOOKING, LIST), LEG(FIRST, LEADING, LEAD));
}

static void after_a_break_the_order_is_read_before_leading_again(void **state UNUSED)
{
	WALK(TO_LEADING, LEG(DISCONNECTED, SUSPENDED, NOTHING), LEG(CONNECTED, LOOKING, LIST),
	     LEG(FIRST, LEADING, LEAD));
	WALK(TO_LEADING, LEG(CONNECTED, LOOKING, LIST)); /* the connection was replaced */
	WALK(TO_LEADING, LEG(LAPSED, LOOKING, LIST));
	WALK(TO_LEADING, LEG(MOVED, LOOKING, LIST), LEG(NOT_LISTED, JOINING, CREATE));
}

static void a_create_without_an_answer_is_looked_for(void **state UNUSED)
{
	WALK(LEG(CONNECTED, JOINING, CREATE), LEG(DISCONNECTED, SUSPENDED, NOTHING),
	     LEG(CONNECTED, LOOKING, LIST), LEG(NOT_LISTED, JOINING, CREATE),
	     LEG(MADE, LOOKING, LIST));
	WALK(LEG(CONNECTED, JOINING, CREATE), LEG(CONNECTED, LOOKING, LIST));
}

static void after_a_refusal_it_rests_and_tries_again(void **state UNUSED)
{
	WALK(LEG(CONNECTED, JOINING, CREATE), LEG(FAILED, JOINING, REST),
	     LEG(CONNECTED, LOOKING, LIST), LEG(FAILED, LOOKING, REST),
	     LEG(CONNECTED, LOOKING, LIST));
	WALK(TO_FOLLOWING, LEG(FAILED, LOOKING, REST));
	WALK(TO_LEADING, LEG(FAILED, LOOKING, REST));
}

static bool is_unexpected(enum election_state s, enum election_event e)
{
	return election_next(s, e).command == ELECTION_DO_UNEXPECTED;
}

#define EACH_CELL(s, e)                                                                            \
	for (enum election_state s = 0; s < ELECTION_STATE_N; s++)                                 \
		for (enum election_event e = 0; e < ELECTION_EVENT_N; e++)

static void an_unexpected_event_changes_nothing(void **state UNUSED)
{
	EACH_CELL(s, e)
	{
		if (is_unexpected(s, e))
			assert_int_equal(election_next(s, e).state, s);
	}
	/* Events of the connection, the session, the clock and the operator may come at any
	 * time. */
	for (enum election_state s = 0; s < ELECTION_STATE_N; s++) {
		assert_false(is_unexpected(s, ELECTION_EV_CONNECTED));
		assert_false(is_unexpected(s, ELECTION_EV_DISCONNECTED));
		assert_false(is_unexpected(s, ELECTION_EV_EXPIRED));
		assert_false(is_unexpected(s, ELECTION_EV_MOVED));
		assert_false(is_unexpected(s, ELECTION_EV_LAPSED));
		assert_false(is_unexpected(s, ELECTION_EV_RESIGN));
	}
	assert_true(is_unexpected(ELECTION_FOLLOWING, ELECTION_EV_FIRST));
	assert_true(is_unexpected(ELECTION_LEADING, ELECTION_EV_MADE));
}

static void only_the_first_of_the_list_leads(void **state UNUSED)
{
	EACH_CELL(s, e)
	{
		struct election_step next = election_next(s, e);

		if (next.state == ELECTION_LEADING && !is_unexpected(s, e)) {
			assert_int_equal(s, ELECTION_LOOKING);
			assert_int_equal(e, ELECTION_EV_FIRST);
		}
		assert_int_equal(next.command == ELECTION_DO_LEAD,
				 next.state == ELECTION_LEADING && s == ELECTION_LOOKING);
		if (e == ELECTION_EV_EXPIRED || e == ELECTION_EV_RESIGN)
			assert_int_equal(next.state, ELECTION_OUT);
		if (e == ELECTION_EV_RESIGN)
			assert_int_equal(next.command == ELECTION_DO_WITHDRAW, s != ELECTION_OUT);
		if (e == ELECTION_EV_DISCONNECTED && s != ELECTION_OUT)
			assert_int_equal(next.state, ELECTION_SUSPENDED);
		/* What was known before a new connection does not count any more. */
		if (e == ELECTION_EV_CONNECTED && s != ELECTION_OUT)
			assert_int_equal(next.command, ELECTION_DO_LIST);
		/* A candidate is only created when none is listed, or none can exist. */
		if (next.command == ELECTION_DO_CREATE)
			assert_true((s == ELECTION_OUT && e == ELECTION_EV_CONNECTED) ||
				    e == ELECTION_EV_NOT_LISTED);
	}
}

static void states_events_and_commands_have_names(void **state UNUSED)
{
	assert_string_equal(election_state_name(ELECTION_OUT), "out");
	assert_string_equal(election_state_name(ELECTION_SUSPENDED), "suspended");
	assert_string_equal(election_event_name(ELECTION_EV_NOT_LISTED), "not-listed");
	assert_string_equal(election_event_name(ELECTION_EV_RESIGN), "resign");
	assert_string_equal(election_command_name(ELECTION_DO_UNEXPECTED), "unexpected");
	assert_string_equal(election_command_name(ELECTION_DO_WITHDRAW), "withdraw");
}

/* --- names ----------------------------------------------------------------------------------- */

static void names_of_candidates_are_valid(void **state UNUSED)
{
	static const char *const good[] = { A "-0000000000",  A "-2147483647", C "-0000000017",
					    B "--2147483648", B "--000000001", B "--999999999" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (!election_name_is_valid(good[i]))
			fail_msg("%s", good[i]);
	}
}

static void hostile_names_are_no_candidates(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"-",
		A,
		A "-",
		A "0000000000",
		A "_0000000000",
		A "-000000000",
		A "-00000000000",
		A "-2147483648", /* the number after the largest one begins with a minus */
		A "-9999999999",
		A "--2147483649",
		A "--0000000001",
		A "--00000001",
		A "--000000000",
		A "---000000001",
		A "-+000000001",
		A "- 000000001",
		A "-000000001 ",
		A "-000000001\n",
		A "-0x00000001",
		A "-000000000a",
		A "-0000000000-0000000000",
		A "-99999999999999999999999999999999999999",
		A "a-0000000000",
		"A123456789abcdef0123456789abcdef-0000000000",
		"g123456789abcdef0123456789abcdef-0000000000",
		"0123456789abcdef0123456789abcde-0000000000",
		"-0000000000",
		"../" A "-0000000000",
		"$(id)",
		"%s%n%s",
		"_c_" A "-lock-0000000000",
		"\xff\xfe",
	};
	const char *own, *predecessor, *leader;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (election_name_is_valid(bad[i]))
			fail_msg("%s", bad[i]);
	}
	assert_int_equal(election_stand(bad, ARRAY_SIZE(bad), A, &own, &predecessor, &leader),
			 ELECTION_EV_NOT_LISTED);
	assert_null(own);
	assert_null(predecessor);
	assert_null(leader);
}

#define STAND(guid, ...)                                                                           \
	({                                                                                         \
		static const char *const names_[] = { __VA_ARGS__ };                               \
		election_stand(names_, ARRAY_SIZE(names_), guid, &own, &predecessor, &leader);     \
	})

static void the_order_is_by_number(void **state UNUSED)
{
	const char *own, *predecessor, *leader;

	assert_int_equal(STAND(A, A "-0000000003"), ELECTION_EV_FIRST);
	assert_string_equal(own, A "-0000000003");
	assert_string_equal(leader, A "-0000000003");
	assert_null(predecessor);
	/* by number, not by name; the nearest before ours, not the lowest */
	assert_int_equal(STAND(C, B "-0000000002", "readme", C "-0000000009", A "-0000000004",
			       A "-0000000010"),
			 ELECTION_EV_BEHIND);
	assert_string_equal(own, C "-0000000009");
	assert_string_equal(predecessor, A "-0000000004");
	assert_string_equal(leader, B "-0000000002");
	assert_int_equal(STAND(B, A "-0000000004", C "-0000000002"), ELECTION_EV_NOT_LISTED);
	assert_null(own);
	assert_null(predecessor);
	assert_string_equal(leader, C "-0000000002");
	assert_int_equal(election_stand(NULL, 0, A, &own, &predecessor, &leader),
			 ELECTION_EV_NOT_LISTED);
	assert_null(leader);
}

/* Two candidates of ours: the lower one counts, and is not after itself. */
static void of_two_candidates_of_ours_the_lower_counts(void **state UNUSED)
{
	const char *own, *predecessor, *leader;

	assert_int_equal(STAND(A, A "-0000000007", A "-0000000005", B "-0000000006"),
			 ELECTION_EV_FIRST);
	assert_string_equal(own, A "-0000000005");
	assert_int_equal(STAND(B, A "-0000000007", A "-0000000005", B "-0000000006"),
			 ELECTION_EV_BEHIND);
	assert_string_equal(predecessor, A "-0000000005");
}

static void a_guid_is_matched_whole(void **state UNUSED)
{
	const char *own, *predecessor, *leader;

	assert_int_equal(STAND("", A "-0000000001"), ELECTION_EV_NOT_LISTED);
	assert_int_equal(STAND("0", A "-0000000001"), ELECTION_EV_NOT_LISTED);
	assert_int_equal(STAND(A "-", A "-0000000001"), ELECTION_EV_NOT_LISTED);
}

static void the_order_survives_a_number_that_wraps(void **state UNUSED)
{
	const char *own, *predecessor, *leader;

	assert_int_equal(STAND(A, A "-2147483647", B "--2147483648"), ELECTION_EV_FIRST);
	assert_int_equal(STAND(B, A "-2147483647", B "--2147483648"), ELECTION_EV_BEHIND);
	assert_string_equal(predecessor, A "-2147483647");
	assert_int_equal(STAND(B, A "-2147483646", C "-2147483647", B "--2147483647"),
			 ELECTION_EV_BEHIND);
	assert_string_equal(predecessor, C "-2147483647");
	assert_string_equal(leader, A "-2147483646");
	assert_int_equal(STAND(A, A "--000000001", B "-0000000000"), ELECTION_EV_FIRST);
	assert_int_equal(STAND(B, A "--000000001", B "-0000000000"), ELECTION_EV_BEHIND);
}

/* Even of numbers that no server assigns together, two are never first. */
static void planted_numbers_make_no_second_leader(void **state UNUSED)
{
	static const char *const numbers[] = { "0000000000",  "0000000001",  "1000000000",
					       "1500000000",  "2147483647",  "-2147483648",
					       "-1300000000", "-1073741824", "-000000001" };
	static const char *const guids[] = { A, B, C };
	char names[3][64];
	const char *list[] = { names[0], names[1], names[2] }, *own, *predecessor, *leader;
	size_t n = ARRAY_SIZE(numbers);

	for (size_t i = 0; i < n * n * n; i++) {
		size_t pick[] = { i % n, i / n % n, i / n / n };
		unsigned first = 0;

		for (size_t k = 0; k < 3; k++) {
			strcpy(names[k], guids[k]);
			strcat(names[k], "-");
			strcat(names[k], numbers[pick[k]]);
		}
		for (size_t k = 0; k < 3; k++)
			first += election_stand(list, 3, guids[k], &own, &predecessor, &leader) ==
				 ELECTION_EV_FIRST;
		assert_true(first <= 1);
	}
}

/* --- the lease ------------------------------------------------------------------------------- */

static void the_lease_ends_before_the_session(void **state UNUSED)
{
	const uint64_t heard = 5000000, timeout = 9000000;

	assert_int_equal(election_lease_end(heard, timeout), 11000000);
	assert_true(election_may_act(heard, timeout, heard));
	assert_true(election_may_act(heard, timeout, 10999999));
	assert_false(election_may_act(heard, timeout, 11000000));
	assert_false(election_may_act(heard, timeout, NEVER));
	assert_false(
		election_may_act(heard, timeout, heard - 1)); /* a time before the last answer */
	assert_false(election_may_act(heard, 0, heard));
}

static void who_never_heard_the_server_never_acts(void **state UNUSED)
{
	assert_int_equal(election_lease_end(0, 9000000), 0);
	assert_false(election_may_act(0, 9000000, 0));
	assert_false(election_may_act(0, 9000000, 1));
	assert_false(election_may_act(0, NEVER, 1));
}

static void the_end_of_the_lease_does_not_overflow(void **state UNUSED)
{
	assert_int_equal(election_lease_end(NEVER - 5, 9000000), NEVER);
	assert_int_equal(election_lease_end(NEVER, NEVER), NEVER);
	assert_true(election_may_act(NEVER - 5, 9000000, NEVER - 1));
	assert_true(election_lease_end(1, NEVER) <= NEVER / 3 * 2 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_leads_and_the_next_moves_up),
		cmocka_unit_test(after_a_break_the_order_is_read_before_leading_again),
		cmocka_unit_test(a_create_without_an_answer_is_looked_for),
		cmocka_unit_test(after_a_refusal_it_rests_and_tries_again),
		cmocka_unit_test(an_unexpected_event_changes_nothing),
		cmocka_unit_test(only_the_first_of_the_list_leads),
		cmocka_unit_test(states_events_and_commands_have_names),
		cmocka_unit_test(names_of_candidates_are_valid),
		cmocka_unit_test(hostile_names_are_no_candidates),
		cmocka_unit_test(the_order_is_by_number),
		cmocka_unit_test(of_two_candidates_of_ours_the_lower_counts),
		cmocka_unit_test(a_guid_is_matched_whole),
		cmocka_unit_test(the_order_survives_a_number_that_wraps),
		cmocka_unit_test(planted_numbers_make_no_second_leader),
		cmocka_unit_test(the_lease_ends_before_the_session),
		cmocka_unit_test(who_never_heard_the_server_never_acts),
		cmocka_unit_test(the_end_of_the_lease_does_not_overflow),
	};

	return cmocka_run_group_tests_name("election", tests, NULL, NULL);
}
