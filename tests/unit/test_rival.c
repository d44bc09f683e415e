/* A session that has our name: is it our own last session, or another host's? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/fleet/rival.h"

#define TIMEOUT (10 * USEC_PER_SEC)
#define OURS 0x11
#define FIRST 0x21
#define SECOND 0x22

static uint64_t now;

static bool look(struct rival *r, int64_t owner, int64_t czxid, int32_t version)
{
	struct rival_sight s = { .owner = owner, .czxid = czxid, .version = version };

	return rival_on_look(r, &s, now, TIMEOUT);
}

/* Checks at the right interval for this long; true as soon as it is another host's. */
static bool watch(struct rival *r, uint64_t howlong, uint64_t interval)
{
	for (uint64_t end = now + howlong; now < end;) {
		now += interval;
		if (look(r, FIRST, 100, 0))
			return true;
	}
	return false;
}

static int reset(void **state UNUSED)
{
	now = 1000 * USEC_PER_SEC;
	return 0;
}

static void a_dead_session_is_waited_for(void **state UNUSED)
{
	struct rival r = { 0 };

	rival_on_session(&r, OURS);
	assert_false(look(&r, FIRST, 100, 3));
	assert_false(watch(&r, rival_limit(TIMEOUT), USEC_PER_SEC));
	rival_on_gone(&r);
	assert_false(r.present || r.another);
	rival_on_ours(&r, 101);
	assert_false(r.another);
}

static void a_session_that_outlives_the_limit_is_another_host(void **state UNUSED)
{
	struct rival r = { 0 };

	assert_false(look(&r, FIRST, 100, 0));
	assert_false(watch(&r, rival_limit(TIMEOUT), USEC_PER_SEC));
	assert_true(watch(&r, USEC_PER_SEC, USEC_PER_SEC));
	assert_true(look(&r, FIRST, 100, 0)); /* and stays it … */
	rival_on_interruption(&r);
	assert_true(look(&r, FIRST, 100, 0));
	rival_on_gone(&r); /* … until it goes */
	assert_false(r.another);
}

static void the_limit_is_twice_the_timeout_and_three_ticks(void **state UNUSED)
{
	assert_true(rival_limit(TIMEOUT) == 2 * TIMEOUT);
	assert_true(rival_limit(2 * USEC_PER_SEC) == 6 * USEC_PER_SEC); /* ticks are two seconds */
	for (uint64_t t = USEC_PER_SEC; t <= 60 * USEC_PER_SEC; t += USEC_PER_SEC) {
		assert_true(rival_limit(t) >= 2 * t && rival_interval(t) <= t / 4);
		assert_true(rival_interval(t) <= 5 * USEC_PER_SEC);
	}
}

static void time_that_nobody_saw_does_not_count(void **state UNUSED)
{
	struct rival r = { 0 };

	assert_false(look(&r, FIRST, 100, 0));
	now += 3600 * USEC_PER_SEC; /* this host was asleep, or the server was */
	assert_false(look(&r, FIRST, 100, 0));
	assert_true(r.endured == 2 * rival_interval(TIMEOUT));
	for (unsigned i = 0; i < 10; i++) {
		rival_on_interruption(
			&r); /* a new server starts the timeouts of old sessions again */
		assert_false(watch(&r, rival_limit(TIMEOUT), USEC_PER_SEC));
	}
	assert_true(watch(&r, 2 * USEC_PER_SEC, USEC_PER_SEC));
}

static void a_session_that_writes_is_another_host(void **state UNUSED)
{
	struct rival r = { 0 };

	assert_false(look(&r, FIRST, 100, 7));
	assert_false(look(&r, FIRST, 100, 8)); /* may have been in progress when it died */
	assert_false(look(&r, FIRST, 100, 8));
	assert_true(look(&r, FIRST, 100, 9));
}

static void a_session_that_follows_another_is_another_host(void **state UNUSED)
{
	struct rival seen = { 0 }, missed = { 0 };

	assert_false(look(&seen, FIRST, 100, 0));
	rival_on_gone(&seen);
	assert_true(look(&seen, SECOND, 200, 0));
	assert_false(
		look(&missed, FIRST, 100, 0)); /* deleted and created again between two checks */
	assert_true(look(&missed, SECOND, 200, 0));
	missed = (struct rival){ 0 };
	assert_false(look(&missed, FIRST, 100, 0));
	assert_true(
		look(&missed, FIRST, 200, 0)); /* the same session, but it created a new znode */
}

static void a_session_that_follows_ours_is_another_host(void **state UNUSED)
{
	struct rival r = { 0 };

	rival_on_session(&r, OURS);
	rival_on_ours(&r, 100);
	rival_on_gone(&r);
	assert_true(look(&r, FIRST, 200, 0));
}

static void our_own_sessions_are_never_another_host(void **state UNUSED)
{
	struct rival r = { 0 };

	rival_on_session(&r, OURS);
	rival_on_ours(&r, 100);
	for (int64_t next = OURS + 1; next < OURS + 4; next++) {
		rival_on_session(&r, next);
		assert_false(look(&r, OURS, 100, 0));
		for (int i = 0; i < 20; i++) {
			now += TIMEOUT;
			assert_false(look(&r, OURS, 100, i)); /* however long it takes the server */
		}
	}
	rival_on_session(&r, OURS + 4); /* a session of ours from long before */
	assert_true(look(&r, OURS, 100, 20));
	assert_false(look(&r, OURS + 3, 300, 0));
}

static void an_absent_znode_at_first_proves_nothing(void **state UNUSED)
{
	struct rival r = { 0 };

	rival_on_gone(&r); /* a create of the dead session may still be in progress */
	assert_false(look(&r, FIRST, 100, 0));
}

static void a_znode_from_before_our_own_is_waited_for(void **state UNUSED)
{
	struct rival r = { 0 };

	rival_on_session(&r, OURS);
	rival_on_ours(&r, 500);
	rival_on_session(&r, OURS + 1);
	assert_false(look(&r, FIRST, 100,
			  0)); /* restored with the server's data; it may be an old one of ours */
	assert_true(watch(&r, 2 * rival_limit(TIMEOUT), USEC_PER_SEC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_dead_session_is_waited_for, reset),
		cmocka_unit_test_setup(a_session_that_outlives_the_limit_is_another_host, reset),
		cmocka_unit_test(the_limit_is_twice_the_timeout_and_three_ticks),
		cmocka_unit_test_setup(time_that_nobody_saw_does_not_count, reset),
		cmocka_unit_test(a_session_that_writes_is_another_host),
		cmocka_unit_test(a_session_that_follows_another_is_another_host),
		cmocka_unit_test(a_session_that_follows_ours_is_another_host),
		cmocka_unit_test_setup(our_own_sessions_are_never_another_host, reset),
		cmocka_unit_test(an_absent_znode_at_first_proves_nothing),
		cmocka_unit_test(a_znode_from_before_our_own_is_waited_for),
	};

	return cmocka_run_group_tests_name("rival", tests, NULL, NULL);
}
