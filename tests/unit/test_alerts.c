/* alerts: raised once, repeated, cleared; a flapping condition is one alert. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/alerts.h>
#include <zknginx/err.h>

#define S USEC_PER_SEC
#define MINUTE (60 * S)
#define HOUR (3600 * S)

static const struct alert_rules usual = {
	.raise_after = 10 * S,
	.clear_after = 30 * S,
	.repeat = HOUR,
};
static const struct alert_rules at_once = { .repeat = NEVER };

/* The events of the last update, "raised nginx-down/web1 flaps; …". */
static struct buf said;

static void tell(void *ctx UNUSED, const struct alert *a)
{
	buf_printf(&said, "%s%s %s", said.size ? "; " : "", alert_event_name(a->event), a->key);
	if (*a->subject)
		buf_printf(&said, "/%s", a->subject);
	if (a->flaps)
		buf_printf(&said, " x%u", a->flaps);
}

static const char *update(struct alerts *a, const struct alert_rules *rules,
			  const struct condition *held, size_t count, uint64_t now, uint64_t *next)
{
	uint64_t when;

	buf_clear(&said);
	when = alerts_update(a, rules, held, count, now, tell, NULL);
	if (next)
		*next = when;
	return buf_str(&said);
}

static const struct condition down = { "nginx-down", "", ALERT_CRITICAL, "nginx is down", 0 };

static const char *one(struct alerts *a, const struct alert_rules *rules, bool held, uint64_t now,
		       uint64_t *next)
{
	return update(a, rules, &down, held, now, next);
}

static void an_alert_is_raised_repeated_and_cleared(void **state UNUSED)
{
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	const struct alert *raised;
	uint64_t next;

	assert_string_equal(one(a, &usual, false, 5 * S, &next), "");
	assert_true(next == NEVER);
	assert_string_equal(one(a, &usual, true, 100 * S, &next), "");
	assert_int_equal(next, 110 * S);
	assert_int_equal(alerts_raised(a, &raised), 0);
	assert_string_equal(one(a, &usual, true, 110 * S - 1, NULL), "");
	assert_string_equal(one(a, &usual, true, 110 * S, &next), "raised nginx-down");
	assert_int_equal(next, 110 * S + HOUR);
	assert_int_equal(alerts_raised(a, &raised), 1);
	assert_string_equal(raised->message, "nginx is down");
	assert_int_equal(raised->since, 100 * S);
	assert_string_equal(one(a, &usual, true, 111 * S, NULL), "");
	assert_string_equal(one(a, &usual, true, 110 * S + HOUR, &next), "repeated nginx-down");
	assert_int_equal(next, 110 * S + 2 * HOUR);
	assert_string_equal(one(a, &usual, false, 200 * S + HOUR, &next), "");
	assert_int_equal(next, 230 * S + HOUR);
	assert_int_equal(alerts_raised(a, &raised), 1);
	assert_string_equal(one(a, &usual, false, 230 * S + HOUR, &next), "cleared nginx-down");
	assert_true(next == NEVER);
	assert_int_equal(alerts_raised(a, &raised), 0);
}

static void what_is_short_is_not_raised(void **state UNUSED)
{
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();

	/* five seconds every minute: cleared each time */
	for (uint64_t t = 0; t < HOUR; t += MINUTE) {
		assert_string_equal(one(a, &usual, true, t, NULL), "");
		assert_string_equal(one(a, &usual, true, t + 5 * S, NULL), "");
		assert_string_equal(one(a, &usual, false, t + 5 * S, NULL), "");
	}
	/* gaps shorter than clear_after do not count, so the time adds up */
	one(a, &usual, true, HOUR, NULL);
	one(a, &usual, false, HOUR + 6 * S, NULL);
	assert_string_equal(one(a, &usual, true, HOUR + 20 * S, NULL), "");
	assert_string_equal(one(a, &usual, true, HOUR + 24 * S, NULL), "raised nginx-down");
}

static void without_delays_all_is_told_at_once(void **state UNUSED)
{
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();

	assert_string_equal(one(a, &at_once, true, S, NULL), "raised nginx-down");
	assert_string_equal(one(a, &at_once, true, 10 * HOUR, NULL), "");
	assert_string_equal(one(a, &at_once, false, 10 * HOUR + S, NULL), "cleared nginx-down");
}

static void time_never_goes_back(void **state UNUSED)
{
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();

	one(a, &usual, true, 100 * S, NULL);
	assert_string_equal(one(a, &usual, true, 50 * S, NULL), "");
	assert_string_equal(one(a, &usual, true, 109 * S, NULL), "");
	assert_string_equal(one(a, &usual, true, 110 * S, NULL), "raised nginx-down");
}

/* Toggles each second for ten minutes, then ends. Returns the number of events. */
static unsigned flap(const struct alert_rules *rules, const char **last)
{
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	unsigned events = 0;
	uint64_t t, next = NEVER;

	for (t = 0; t < 10 * MINUTE; t += S)
		events += *one(a, rules, t / S % 2 == 0, t, &next) ? 1 : 0;
	while (next != NEVER) {
		t = next;
		events += *one(a, rules, false, t, &next) ? 1 : 0;
	}
	*last = buf_str(&said);
	return events;
}

static void flapping_is_folded(void **state UNUSED)
{
	const struct alert_rules alert = { S, MINUTE, NEVER }, hasty = { 0, S, NEVER };
	const char *last;

	assert_int_equal(flap(&alert, &last), 2);
	assert_string_equal(last, "cleared nginx-down x298");
	assert_int_equal(flap(&usual, &last), 2); /* it never holds for 10 s at a time */
	assert_string_equal(last, "cleared nginx-down x289");
	assert_in_range(flap(&hasty, &last), 2, 4);
	assert_in_range(flap(&at_once, &last), 2, 4);
}

/* The worst flapping: raised again as soon as it was cleared. */
static void an_hour_has_a_bounded_number_of_events(void **state UNUSED)
{
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	const struct alert_rules rules = { 0, MINUTE, NEVER };
	unsigned events[12] = { 0 };
	uint64_t next, t = 0;

	while (t < 12 * HOUR) {
		assert_string_equal(one(a, &rules, true, t, NULL), "raised nginx-down");
		events[t / HOUR]++;
		one(a, &rules, false, t += S, &next);
		t = next;
		assert_string_equal(one(a, &rules, false, t, NULL), "cleared nginx-down");
		events[t / HOUR % ARRAY_SIZE(events)]++;
		assert_string_equal(one(a, &rules, false, t += S, NULL), "");
		t += S;
	}
	assert_in_range(events[0], 8, 14);
	for (size_t i = 1; i < ARRAY_SIZE(events); i++)
		assert_in_range(events[i], 1, 5);
}

static void after_a_quiet_hour_flapping_is_forgotten(void **state UNUSED)
{
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	const struct alert_rules rules = { 0, MINUTE, NEVER };
	uint64_t next, t = 100 * S;

	one(a, &rules, true, t, NULL);
	for (int i = 0; i < 4; i++) {
		one(a, &rules, false, t += S, NULL);
		one(a, &rules, true, t += S, NULL);
	}
	assert_string_equal(one(a, &rules, false, t += S, &next), "");
	assert_int_equal(next - t, 16 * MINUTE);
	assert_string_equal(one(a, &rules, false, next, NULL), "cleared nginx-down x4");
	t = next + 2 * HOUR;
	assert_string_equal(one(a, &rules, true, t, NULL), "raised nginx-down");
	one(a, &rules, false, t, &next);
	assert_int_equal(next - t, MINUTE);
}

static void the_worst_comes_first(void **state UNUSED)
{
	const struct condition held[] = {
		{ "z-late", "", ALERT_WARNING, "z", 0 },
		{ "member-missing", "web2", ALERT_CRITICAL, "m", 0 },
		{ "a-drift", "", ALERT_WARNING, "a", 0 },
		{ "member-missing", "web1", ALERT_CRITICAL, "m", 0 },
	};
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	const struct alert *raised;

	assert_string_equal(update(a, &at_once, held, 4, S, NULL),
			    "raised member-missing/web1; raised member-missing/web2; "
			    "raised a-drift; raised z-late");
	assert_int_equal(alerts_raised(a, &raised), 4);
	assert_string_equal(raised[1].subject, "web2");
	assert_string_equal(raised[2].key, "a-drift");
	/* each condition counts for itself */
	assert_string_equal(update(a, &at_once, held + 1, 1, 2 * S, NULL),
			    "cleared member-missing/web1; cleared a-drift; cleared z-late");
}

static void what_becomes_critical_is_told_again(void **state UNUSED)
{
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	struct condition c = { "old", "", ALERT_WARNING, "one old worker", 0 };
	const struct alert *raised;

	assert_string_equal(update(a, &at_once, &c, 1, S, NULL), "raised old");
	c.severity = ALERT_CRITICAL;
	c.message = "many old workers";
	assert_string_equal(update(a, &at_once, &c, 1, 2 * S, NULL), "repeated old");
	assert_int_equal(alerts_raised(a, &raised), 1);
	assert_string_equal(raised->message, "many old workers");
	for (uint64_t t = 3; t < 20; t++) {
		c.severity = t % 2 ? ALERT_WARNING : ALERT_CRITICAL;
		assert_string_equal(update(a, &at_once, &c, 1, t * S, NULL), "");
	}
}

/* --- any history at all ---------------------------------------------------------------------- */

#define KEYS 5

/* What a reader of the events may rely on, checked from outside. */
struct reader {
	const struct alert_rules *rules;
	uint64_t now;
	struct {
		bool held, raised;
		uint64_t held_for, over_since, raised_at, told_at;
		unsigned returns;
	} keys[KEYS];
	unsigned events;
};

static void check_event(void *ctx, const struct alert *alert)
{
	struct reader *r = ctx;
	size_t i = (size_t)atoi(alert->key);

	r->events++;
	if (alert->event == ALERT_RAISED) {
		assert_false(r->keys[i].raised);
		assert_true(r->keys[i].held && r->keys[i].held_for >= r->rules->raise_after);
		assert_int_equal(alert->flaps, 0);
		r->keys[i].returns = 0;
	} else if (alert->event == ALERT_REPEATED) {
		assert_true(r->keys[i].raised && r->keys[i].held);
		assert_true(r->now - r->keys[i].told_at >= r->rules->repeat);
	} else {
		assert_true(r->keys[i].raised && !r->keys[i].held);
		assert_true(r->now - r->keys[i].over_since >= r->rules->clear_after);
		assert_int_equal(alert->flaps, r->keys[i].returns);
		r->keys[i].held_for = 0;
	}
	r->keys[i].raised = alert->event != ALERT_CLEARED;
	r->keys[i].told_at = r->now;
	assert_true(alert->since <= r->now);
}

static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void one_history(uint32_t seed)
{
	const struct alert_rules rules = { draw(&seed) % 20 * S, draw(&seed) % 60 * S,
					   (60 + draw(&seed) % 600) * S };
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	static const char *const names[KEYS] = { "0", "1", "2", "3", "4" };
	struct reader r = { .rules = &rules, .now = draw(&seed) * S };
	uint64_t next;

	for (int round = 0; round < 400; round++) {
		struct condition held[KEYS];
		uint64_t pause = draw(&seed) % 4 ? draw(&seed) % 5 * S : draw(&seed) % 300 * S;
		size_t count = 0;

		r.now += pause;
		for (size_t i = 0; i < KEYS; i++) {
			bool now_held = r.keys[i].held != (draw(&seed) % 4 == 0);

			r.keys[i].held_for += r.keys[i].held ? pause : 0;
			r.keys[i].returns += now_held && !r.keys[i].held;
			if (r.keys[i].held && !now_held)
				r.keys[i].over_since = r.now;
			r.keys[i].held = now_held;
			if (now_held)
				held[count++] =
					(struct condition){ names[i], "", ALERT_WARNING, "x", 0 };
		}
		next = alerts_update(a, &rules, held, count, r.now, check_event, &r);
		assert_true(next > r.now);
	}
	assert_true(r.events > 0);
}

static void any_history_reads_well(void **state UNUSED)
{
	for (uint32_t seed = 1; seed <= 300; seed++)
		one_history(seed);
}

static int forget(void **state UNUSED)
{
	buf_fini(&said);
	return 0;
}

/* A condition that is unimportant for a while waits longer than the others. */
static void a_condition_has_a_patience_of_its_own(void **state UNUSED)
{
	struct condition lags = { "lag", "web1", ALERT_WARNING, "is behind", .after = 10 * MINUTE };
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	uint64_t next;

	assert_string_equal(update(a, &usual, &lags, 1, S, &next), "");
	assert_int_equal(next, S + 10 * MINUTE);
	assert_string_equal(update(a, &usual, &lags, 1, S + 9 * MINUTE, NULL), "");
	assert_string_equal(update(a, &usual, &lags, 1, next, NULL), "raised lag/web1");
	lags.subject = "web2";
	lags.after = 1; /* … or less */
	update(a, &usual, &lags, 1, HOUR, NULL);
	assert_string_equal(update(a, &usual, &lags, 1, HOUR + 1, NULL), "raised lag/web2");
}

/* A leader that resigns knows no more of the fleet, and so not that its conditions have ended. */
static void what_is_forgotten_is_not_cleared(void **state UNUSED)
{
	const struct condition held[] = {
		{ "fleet-lag", "web1", ALERT_WARNING, "is behind", 0 },
		{ "fleet-member-missing", "web2", ALERT_CRITICAL, "is down", 0 },
		{ "fleece", "", ALERT_WARNING, "is worn", 0 },
		{ "nginx-fleet-", "", ALERT_WARNING, "is odd", 0 },
	};
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	const struct alert *raised;

	update(a, &at_once, held, ARRAY_SIZE(held), S, NULL);
	alerts_forget(a, "fleet-");
	assert_int_equal(alerts_raised(a, &raised), 2);
	assert_string_equal(raised[0].key, "fleece");
	assert_string_equal(raised[1].key, "nginx-fleet-");
	assert_string_equal(update(a, &at_once, held + 2, 2, 2 * S, NULL), "");
	/* for the next leader it is new, and does not count as flapping */
	assert_string_equal(update(a, &at_once, held, ARRAY_SIZE(held), 3 * S, NULL),
			    "raised fleet-member-missing/web2; raised fleet-lag/web1");
	alerts_forget(a, "");
	assert_int_equal(alerts_raised(a, &raised), 0);
	assert_string_equal(update(a, &at_once, NULL, 0, 4 * S, NULL), "");
}

/* --- what many hosts share ------------------------------------------------------------------- */

static struct condition lag(struct arena *a, size_t host)
{
	return (struct condition){ "fleet-lag", arena_printf(a, "web%zu", host), ALERT_WARNING,
				   arena_printf(a, "web%zu lags", host), S };
}

static void few_hosts_are_told_one_by_one(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct condition held[5];

	for (size_t i = 0; i < 4; i++)
		held[i] = lag(a, i);
	held[4] = down;
	assert_int_equal(conditions_fold(a, held, 5, 4), 5);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(held[i].message, arena_printf(a, "web%zu lags", i));
	assert_string_equal(held[4].key, "nginx-down");
	assert_int_equal(conditions_fold(a, held, 0, 4), 0);
}

static void many_hosts_are_one_alert(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct condition held[1002];

	held[0] = down;
	for (size_t i = 1; i <= 1000; i++)
		held[i] = lag(a, i);
	held[500].severity = ALERT_CRITICAL;
	held[700].after = MINUTE;
	held[1001] = (struct condition){ "fleet-mode", "web1", ALERT_WARNING, "is odd", 0 };
	assert_int_equal(conditions_fold(a, held, 1002, 10), 3);
	assert_string_equal(held[0].message, "nginx is down");
	assert_string_equal(held[1].key, "fleet-lag");
	assert_string_equal(held[1].subject, "");
	assert_string_equal(held[1].message,
			    "1000 hosts: web1, web2, web3, …; the first: web1 lags");
	assert_int_equal(held[1].severity, ALERT_CRITICAL);
	assert_int_equal(held[1].after, MINUTE);
	assert_string_equal(held[2].subject, "web1");
}

static void all_names_are_told_where_they_are_few(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct condition held[] = { lag(a, 1), down, lag(a, 2) };

	assert_int_equal(conditions_fold(a, held, 3, 1), 2);
	assert_string_equal(held[0].message, "2 hosts: web1, web2; the first: web1 lags");
	assert_string_equal(held[1].key, "nginx-down");
}

/* --- settling ------------------------------------------------------------------------------- */

static void a_problem_settles_when_it_outlasts_the_next_run(void **state UNUSED)
{
	struct settling s = { .gap = S, .patience = 30 * S, .last_run = 100 * S, .now = 100 * S };

	/* found by the last run, and no run is pending */
	assert_false(settling_is_over(&s, 100 * S));
	assert_int_equal(settling_ends(&s, 100 * S), 101 * S);
	s.now = 101 * S;
	assert_true(settling_is_over(&s, 100 * S));
	/* there is a newer config: whether it has the problem is unknown */
	s.busy = true;
	assert_false(settling_is_over(&s, 100 * S));
	assert_int_equal(settling_ends(&s, 100 * S), 130 * S);
	s.last_run = s.now = 102 * S;
	assert_true(settling_is_over(&s, 100 * S));
	/* a run that came too soon proves nothing: two writes may be three */
	assert_false(settling_is_over(&s, 102 * S - 1));
	/* a problem that waits for long is in force for as long */
	s.last_run = 100 * S;
	s.now = 130 * S;
	assert_true(settling_is_over(&s, 100 * S));
	s = (struct settling){ .gap = NEVER, .patience = 30 * S, .now = 100 * S };
	assert_false(settling_is_over(&s, S));
	s.gap = 0;
	assert_true(settling_is_over(&s, 100 * S));
}

static void what_settles_raises_nothing(void **state UNUSED)
{
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	struct condition c = down;
	uint64_t next;

	c.after = NEVER;
	assert_string_equal(update(a, &at_once, &c, 1, 100 * S, &next), "");
	assert_true(next == NEVER);
	assert_string_equal(update(a, &at_once, &c, 1, 200 * S, NULL), "");
	c.after = 0;
	assert_string_equal(update(a, &at_once, &c, 1, 201 * S, NULL), "raised nginx-down");
	/* it keeps what is raised … */
	c.after = NEVER;
	assert_string_equal(update(a, &at_once, &c, 1, 202 * S, NULL), "");
	assert_string_equal(update(a, &at_once, NULL, 0, 203 * S, NULL), "cleared nginx-down");
	/* … and does not count as a return */
	assert_string_equal(one(a, &usual, true, 300 * S, NULL), "");
	assert_string_equal(one(a, &usual, true, 310 * S, NULL), "raised nginx-down");
	assert_string_equal(one(a, &usual, false, 320 * S, NULL), "");
	assert_string_equal(update(a, &usual, &c, 1, 330 * S, NULL), "");
	assert_string_equal(one(a, &usual, false, 331 * S, NULL), "");
	assert_string_equal(one(a, &usual, false, 350 * S, NULL), "cleared nginx-down");
}

static void what_settles_gathers_no_time(void **state UNUSED)
{
	CLEANUP(alerts_freep) struct alerts *a = alerts_new();
	struct condition c = down;

	c.after = NEVER;
	for (uint64_t t = 0; t < 100; t++)
		assert_string_equal(update(a, &usual, &c, t % 2, (100 + t) * S, NULL), "");
	assert_string_equal(one(a, &usual, true, 200 * S, NULL), "");
	assert_string_equal(one(a, &usual, true, 210 * S - 1, NULL), "");
	assert_string_equal(one(a, &usual, true, 210 * S, NULL), "raised nginx-down");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_problem_settles_when_it_outlasts_the_next_run),
		cmocka_unit_test(what_settles_raises_nothing),
		cmocka_unit_test(what_settles_gathers_no_time),
		cmocka_unit_test(an_alert_is_raised_repeated_and_cleared),
		cmocka_unit_test(what_is_short_is_not_raised),
		cmocka_unit_test(without_delays_all_is_told_at_once),
		cmocka_unit_test(time_never_goes_back),
		cmocka_unit_test(flapping_is_folded),
		cmocka_unit_test(an_hour_has_a_bounded_number_of_events),
		cmocka_unit_test(after_a_quiet_hour_flapping_is_forgotten),
		cmocka_unit_test(the_worst_comes_first),
		cmocka_unit_test(what_becomes_critical_is_told_again),
		cmocka_unit_test(any_history_reads_well),
		cmocka_unit_test(a_condition_has_a_patience_of_its_own),
		cmocka_unit_test(what_is_forgotten_is_not_cleared),
		cmocka_unit_test(few_hosts_are_told_one_by_one),
		cmocka_unit_test(many_hosts_are_one_alert),
		cmocka_unit_test(all_names_are_told_where_they_are_few),
	};

	return cmocka_run_group_tests_name("alerts", tests, NULL, forget);
}
