/* The state table of publishing an old revision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rollout/publishing.h"

/* Feeds the events; returns where they lead, with the last command. */
#define AFTER(...)                                                                                 \
	after((const enum publishing_event[]){ __VA_ARGS__ },                                      \
	      sizeof((const enum publishing_event[]){ __VA_ARGS__ }) /                             \
		      sizeof(enum publishing_event))

static struct publishing_step after(const enum publishing_event *events, size_t count)
{
	struct publishing_step s = { PUBLISHING_IDLE, PUBLISHING_DO_NOTHING };

	for (size_t i = 0; i < count; i++) {
		s = publishing_next(s.state, events[i]);
		if (s.command == PUBLISHING_DO_UNEXPECTED)
			fail_msg("%s in state %s", publishing_event_name(events[i]),
				 publishing_state_name(s.state));
	}
	return s;
}

#define EV(name) PUBLISHING_EV_##name

static void assert_step(struct publishing_step s, enum publishing_state state,
			enum publishing_command command)
{
	assert_string_equal(publishing_state_name(s.state), publishing_state_name(state));
	assert_string_equal(publishing_command_name(s.command), publishing_command_name(command));
}

static void a_revision_is_fetched_written_and_seen(void **state UNUSED)
{
	assert_step(AFTER(EV(ASKED)), PUBLISHING_FETCHING, PUBLISHING_DO_FETCH);
	assert_step(AFTER(EV(ASKED), EV(FETCHED)), PUBLISHING_WRITING, PUBLISHING_DO_WRITE);
	assert_step(AFTER(EV(ASKED), EV(FETCHED), EV(DONE)), PUBLISHING_WRITTEN,
		    PUBLISHING_DO_WATCH);
	assert_step(AFTER(EV(ASKED), EV(FETCHED), EV(DONE), EV(SEEN)), PUBLISHING_IDLE,
		    PUBLISHING_DO_FORGET);
}

/* However often: only time ends it. */
static void a_write_in_between_is_followed_by_another_attempt(void **state UNUSED)
{
	struct publishing_step s = AFTER(EV(ASKED), EV(FETCHED));

	for (int i = 0; i < 100; i++) {
		s = publishing_next(s.state, EV(WRITE_FAILED));
		assert_step(s, PUBLISHING_PAUSED, PUBLISHING_DO_PAUSE);
		s = publishing_next(s.state, EV(DUE));
		assert_step(s, PUBLISHING_FETCHING, PUBLISHING_DO_FETCH);
		s = publishing_next(s.state, EV(FETCHED));
	}
	assert_step(AFTER(EV(ASKED), EV(FETCHED), EV(WRITE_FAILED), EV(EXPIRED)), PUBLISHING_FAILED,
		    PUBLISHING_DO_GIVE_UP);
}

static void a_config_that_is_written_over_it_ends_it(void **state UNUSED)
{
	assert_step(AFTER(EV(ASKED), EV(FETCHED), EV(DONE), EV(DUE)), PUBLISHING_FAILED,
		    PUBLISHING_DO_GIVE_UP);
}

static void what_the_history_does_not_have_is_not_tried_again(void **state UNUSED)
{
	assert_step(AFTER(EV(ASKED), EV(FETCH_FAILED)), PUBLISHING_FAILED, PUBLISHING_DO_GIVE_UP);
	assert_int_equal(publishing_next(PUBLISHING_FAILED, EV(DUE)).command,
			 PUBLISHING_DO_UNEXPECTED);
}

static void a_second_request_begins_from_the_start(void **state UNUSED)
{
	static const enum publishing_state from[] = { PUBLISHING_PAUSED, PUBLISHING_WRITTEN,
						      PUBLISHING_FAILED };

	for (size_t i = 0; i < ARRAY_SIZE(from); i++)
		assert_step(publishing_next(from[i], EV(ASKED)), PUBLISHING_FETCHING,
			    PUBLISHING_DO_FETCH);
}

static void the_plan_ends_it_from_every_state(void **state UNUSED)
{
	for (int s = 0; s < PUBLISHING_STATE_N; s++) {
		assert_int_equal(publishing_next((enum publishing_state)s, EV(OVER)).state,
				 PUBLISHING_IDLE);
		assert_int_equal(publishing_next((enum publishing_state)s, EV(SEEN)).state,
				 PUBLISHING_IDLE);
	}
}

static void an_unexpected_event_changes_nothing(void **state UNUSED)
{
	for (int s = 0; s < PUBLISHING_STATE_N; s++) {
		for (int e = 0; e < PUBLISHING_EVENT_N; e++) {
			struct publishing_step n =
				publishing_next((enum publishing_state)s, (enum publishing_event)e);

			if (n.command == PUBLISHING_DO_UNEXPECTED)
				assert_int_equal(n.state, s);
		}
	}
}

static void the_pause_grows_to_a_second(void **state UNUSED)
{
	assert_int_equal(publishing_pause(1), 200 * USEC_PER_MSEC);
	assert_int_equal(publishing_pause(2), 400 * USEC_PER_MSEC);
	assert_int_equal(publishing_pause(3), 800 * USEC_PER_MSEC);
	assert_int_equal(publishing_pause(4), USEC_PER_SEC);
	assert_int_equal(publishing_pause(1000000), USEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revision_is_fetched_written_and_seen),
		cmocka_unit_test(a_write_in_between_is_followed_by_another_attempt),
		cmocka_unit_test(a_config_that_is_written_over_it_ends_it),
		cmocka_unit_test(what_the_history_does_not_have_is_not_tried_again),
		cmocka_unit_test(a_second_request_begins_from_the_start),
		cmocka_unit_test(the_plan_ends_it_from_every_state),
		cmocka_unit_test(an_unexpected_event_changes_nothing),
		cmocka_unit_test(the_pause_grows_to_a_second),
	};

	return cmocka_run_group_tests_name("publishing", tests, NULL, NULL);
}
