/* The deployment table: the walks through it that matter, and what holds for all of them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include <zknginx/macros.h>

#include "core/deploy/reload.h"

/* A walk: the events in order, and the command of each. */
struct leg {
	enum reload_event event;
	enum reload_command command;
};
#define LEG(e, c)                                                                                  \
	{                                                                                          \
		RELOAD_EV_##e, RELOAD_CMD_##c                                                      \
	}

static void walk(const struct leg *legs, size_t count)
{
	enum reload_state state = RELOAD_IDLE;

	for (size_t i = 0; i < count; i++) {
		struct reload_step next = reload_step(state, legs[i].event);

		if (next.command != legs[i].command)
			fail_msg("%s + %s: %s, not %s", reload_state_name(state),
				 reload_event_name(legs[i].event),
				 reload_command_name(next.command),
				 reload_command_name(legs[i].command));
		state = next.state;
	}
	assert_int_equal(state, RELOAD_IDLE);
}
#define WALK(...)                                                                                  \
	do {                                                                                       \
		const struct leg legs_[] = { __VA_ARGS__ };                                        \
		walk(legs_, ARRAY_SIZE(legs_));                                                    \
	} while (0)

#define TO_PUBLISHED LEG(WANT, CHECK), LEG(CHECK_OK, PUBLISH), LEG(PUBLISHED, SIGNAL)
#define TO_VERIFYING TO_PUBLISHED, LEG(SIGNALLED, VERIFY)

static void a_good_generation_is_checked_published_and_verified(void **state UNUSED)
{
	WALK(TO_VERIFYING, LEG(ACCEPTED, SETTLE), LEG(SETTLED, FINISH));
}

static void what_is_current_is_kept(void **state UNUSED)
{
	WALK(LEG(CURRENT, KEEP));
	WALK(LEG(WANT, CHECK), LEG(CURRENT, KEEP));
}

static void what_nginx_was_given_before_is_only_published(void **state UNUSED)
{
	WALK(LEG(WANT, CHECK), LEG(CHECK_OK, PUBLISH), LEG(CURRENT, FINISH));
}

static void a_refusal_changes_nothing(void **state UNUSED)
{
	WALK(LEG(WANT, CHECK), LEG(CHECK_FAILED, DISCARD));
	WALK(LEG(WANT, CHECK), LEG(STAGE_FAILED, DISCARD));
	WALK(LEG(WANT, CHECK), LEG(CHECK_OK, PUBLISH), LEG(PUBLISH_FAILED, DISCARD));
	WALK(LEG(WANT, CHECK), LEG(CHECK_OK, PUBLISH), LEG(TIMED_OUT, DISCARD));
}

static void without_a_master_the_reload_is_deferred(void **state UNUSED)
{
	WALK(TO_PUBLISHED, LEG(MASTER_ABSENT, DEFER));
	WALK(TO_PUBLISHED, LEG(NOT_INCLUDED, NOT_INCLUDED));
	WALK(TO_VERIFYING, LEG(MASTER_ABSENT, DEFER));
	WALK(TO_VERIFYING, LEG(ACCEPTED, SETTLE), LEG(MASTER_ABSENT, DEFER));
}

static void without_a_result_nothing_is_reverted(void **state UNUSED)
{
	WALK(TO_VERIFYING, LEG(TIMED_OUT, UNKNOWN));
}

static void a_rejection_is_reverted_without_a_signal(void **state UNUSED)
{
	WALK(TO_VERIFYING, LEG(REJECTED, REVERT), LEG(REVERTED, GIVE_BACK));
	WALK(TO_VERIFYING, LEG(REJECTED, REVERT), LEG(REVERT_FAILED, GIVE_BACK));
}

static void dead_workers_are_recovered(void **state UNUSED)
{
	static const enum reload_event ends[] = { RELOAD_EV_ACCEPTED, RELOAD_EV_REJECTED,
						  RELOAD_EV_DIED, RELOAD_EV_TIMED_OUT,
						  RELOAD_EV_MASTER_ABSENT };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		WALK(TO_VERIFYING, LEG(DIED, REVERT), LEG(REVERTED_DIRTY, RECOVER),
		     { ends[i], RELOAD_CMD_GIVE_BACK });
		WALK(TO_VERIFYING, LEG(ACCEPTED, SETTLE), LEG(DIED, REVERT),
		     LEG(REVERTED_DIRTY, RECOVER), { ends[i], RELOAD_CMD_GIVE_BACK });
	}
}

static void an_unexpected_event_changes_nothing(void **state UNUSED)
{
	for (int s = 0; s < RELOAD_STATE_N; s++) {
		for (int e = 0; e < RELOAD_EVENT_N; e++) {
			struct reload_step next =
				reload_step((enum reload_state)s, (enum reload_event)e);

			if (next.command == RELOAD_CMD_UNEXPECTED)
				assert_int_equal(next.state, s);
		}
	}
	assert_int_equal(reload_step(RELOAD_IDLE, RELOAD_EV_ACCEPTED).command,
			 RELOAD_CMD_UNEXPECTED);
	/* One deployment at a time. */
	for (int s = RELOAD_CHECKING; s < RELOAD_STATE_N; s++)
		assert_int_equal(reload_step((enum reload_state)s, RELOAD_EV_WANT).command,
				 RELOAD_CMD_UNEXPECTED);
}

/* Only what was checked and published is signalled; every end reports. */
static void only_what_was_checked_and_published_is_signalled(void **state UNUSED)
{
	static const bool reports[RELOAD_COMMAND_N] = {
		[RELOAD_CMD_DISCARD] = true,      [RELOAD_CMD_FINISH] = true,
		[RELOAD_CMD_KEEP] = true,         [RELOAD_CMD_DEFER] = true,
		[RELOAD_CMD_NOT_INCLUDED] = true, [RELOAD_CMD_UNKNOWN] = true,
		[RELOAD_CMD_GIVE_BACK] = true,
	};

	for (int s = 0; s < RELOAD_STATE_N; s++) {
		for (int e = 0; e < RELOAD_EVENT_N; e++) {
			struct reload_step next =
				reload_step((enum reload_state)s, (enum reload_event)e);

			if (next.command == RELOAD_CMD_UNEXPECTED)
				continue;
			assert_int_equal(next.state == RELOAD_IDLE, reports[next.command]);
			assert_int_not_equal(next.command, RELOAD_CMD_NONE);
			if (next.command == RELOAD_CMD_SIGNAL)
				assert_int_equal(e, RELOAD_EV_PUBLISHED);
			if (next.command == RELOAD_CMD_PUBLISH)
				assert_int_equal(e, RELOAD_EV_CHECK_OK);
			if (next.command == RELOAD_CMD_REVERT)
				assert_true(e == RELOAD_EV_REJECTED || e == RELOAD_EV_DIED);
		}
	}
}

static void states_events_and_commands_have_names(void **state UNUSED)
{
	assert_string_equal(reload_state_name(RELOAD_IDLE), "idle");
	assert_string_equal(reload_state_name(RELOAD_RECOVERING), "recovering");
	assert_string_equal(reload_event_name(RELOAD_EV_WANT), "want");
	assert_string_equal(reload_event_name(RELOAD_EV_REVERT_FAILED), "revert-failed");
	assert_string_equal(reload_command_name(RELOAD_CMD_UNEXPECTED), "unexpected");
	assert_string_equal(reload_command_name(RELOAD_CMD_GIVE_BACK), "give-back");
	for (int s = 0; s < RELOAD_STATE_N; s++) {
		for (int t = 0; t < s; t++)
			assert_string_not_equal(reload_state_name((enum reload_state)s),
						reload_state_name((enum reload_state)t));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_generation_is_checked_published_and_verified),
		cmocka_unit_test(what_is_current_is_kept),
		cmocka_unit_test(what_nginx_was_given_before_is_only_published),
		cmocka_unit_test(a_refusal_changes_nothing),
		cmocka_unit_test(without_a_master_the_reload_is_deferred),
		cmocka_unit_test(without_a_result_nothing_is_reverted),
		cmocka_unit_test(a_rejection_is_reverted_without_a_signal),
		cmocka_unit_test(dead_workers_are_recovered),
		cmocka_unit_test(an_unexpected_event_changes_nothing),
		cmocka_unit_test(only_what_was_checked_and_published_is_signalled),
		cmocka_unit_test(states_events_and_commands_have_names),
	};

	return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
